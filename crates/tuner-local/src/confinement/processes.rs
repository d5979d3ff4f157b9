//! What `/proc` says of processes.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The most memory the process ever had resident, in bytes.
pub(super) fn peak_memory_bytes(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The processes listed in a `cgroup.procs`.
pub(super) fn listed_in(procs: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(procs).unwrap_or_default();
    // 0 stands for a process of a PID namespace we can't see.
    text.lines()
        .filter_map(|line| line.parse().ok())
        .filter(|&pid| pid > 0)
        .map(Pid::from_raw)
        .collect()
}

/// The processes of a process group.
pub(super) fn of_group(group: Pid) -> Vec<Pid> {
    let in_group = |pid: Pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let number: i32 = stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse().ok()?;
        (number == group.as_raw()).then_some(pid)
    };
    all().filter_map(in_group).collect()
}

/// The processes in whose environment the variable `name` has such a value, whatever group or parent they have by now.
/// Those of other users can't be looked into.
pub(super) fn with_variable(name: &str, is_meant: impl Fn(&str) -> bool) -> Vec<Pid> {
    let is_marked = |pid: &Pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| {
            let value = variable
                .strip_prefix(name.as_bytes())
                .and_then(|v| v.strip_prefix(b"="));
            value.and_then(|v| str::from_utf8(v).ok()).is_some_and(&is_meant)
        })
    };
    all().filter(is_marked).collect()
}

/// Ends the processes in whose environment the variable `name` has such a value, also those they start meanwhile.
pub(super) fn end_with_variable(name: &str, is_meant: impl Fn(&str) -> bool) {
    for _ in 0..10 {
        let left = with_variable(name, &is_meant);
        if left.is_empty() {
            return;
        }
        signal(&left, Signal::SIGKILL);
    }
}

/// How many threads the user of this process runs, all programs together: what `RLIMIT_NPROC` is compared with.
pub(super) fn threads_of_user() -> u64 {
    use std::os::unix::fs::MetadataExt as _;

    let user = nix::unistd::getuid().as_raw();
    let threads = |pid: Pid| {
        let process = format!("/proc/{pid}");
        (fs::metadata(&process).ok()?.uid() == user).then_some(())?;
        let stat = fs::read_to_string(process + "/stat").ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(17)?.parse::<u64>().ok()
    };
    all().filter_map(threads).sum()
}

/// Sends a signal; a process that is gone needs none.
pub(super) fn signal(pids: &[Pid], signal: Signal) {
    for &pid in pids {
        let _ = kill(pid, signal);
    }
}

fn all() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
}
