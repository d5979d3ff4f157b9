//! What `/proc` says of processes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    Table::read().of_group(group)
}

/// All processes of this host at one moment. To read it takes milliseconds, so that a thousand readers share one.
#[derive(Debug)]
pub(super) struct Table {
    read: Instant,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    pid: Pid,
    group: i32,
    user: u32,
    threads: u64,
}

impl Table {
    fn read() -> Self {
        let row = |pid: Pid| {
            let process = format!("/proc/{pid}");
            let user = fs::metadata(&process).ok()?.uid();
            let stat = fs::read_to_string(process + "/stat").ok()?;
            // The name of the program may hold anything, so fields are counted from its end.
            let mut fields = stat.rsplit_once(") ")?.1.split(' ');
            Some(Row {
                pid,
                group: fields.nth(2)?.parse().ok()?,
                user,
                threads: fields.nth(14)?.parse().ok()?,
            })
        };
        Self {
            read: Instant::now(),
            rows: all().filter_map(row).collect(),
        }
    }

    /// One that was read at this moment or later, by anybody. Those who wait for it meanwhile share the next one.
    pub(super) fn not_before(moment: Instant) -> Arc<Self> {
        static LAST: Mutex<Option<Arc<Table>>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(table) if table.read >= moment => Arc::clone(table),
            _ => Arc::clone(last.insert(Arc::new(Self::read()))),
        }
    }

    pub(super) fn of_group(&self, group: Pid) -> Vec<Pid> {
        let rows = self.rows.iter().filter(|row| row.group == group.as_raw());
        rows.map(|row| row.pid).collect()
    }

    /// How many threads the user of this process runs, all programs together: what `RLIMIT_NPROC` is compared with.
    pub(super) fn threads_of_user(&self) -> u64 {
        let user = nix::unistd::getuid().as_raw();
        self.rows
            .iter()
            .filter(|row| row.user == user)
            .map(|row| row.threads)
            .sum()
    }
}

/// Which processes have a variable in their environment, whatever group or parent they have by now. Those of other users
/// can't be looked into.
#[derive(Debug, Default)]
struct Marked {
    /// Those with such a value.
    pids: Vec<Pid>,
    /// Those that run a program and show no environment at all: the kernel shows none while one program takes another's
    /// place (`exec`). Few programs have none for good.
    blank: Vec<Pid>,
}

impl Marked {
    fn look(name: &str, is_meant: impl Fn(&str) -> bool) -> Self {
        let mut marked = Self::default();
        for pid in all() {
            let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
                continue;
            };
            let is_marked = environment.split(|&byte| byte == 0).any(|variable| {
                let value = variable
                    .strip_prefix(name.as_bytes())
                    .and_then(|v| v.strip_prefix(b"="));
                value.and_then(|v| str::from_utf8(v).ok()).is_some_and(&is_meant)
            });
            if is_marked {
                marked.pids.push(pid);
            } else if environment.is_empty() && fs::read_link(format!("/proc/{pid}/exe")).is_ok() {
                // Neither the kernel's own nor one that has ended: those have no program.
                marked.blank.push(pid);
            }
        }
        marked
    }
}

/// Ends the processes in whose environment the variable `name` has such a value, also those they start meanwhile, and those
/// that are just becoming another program.
pub(super) fn end_with_variable(name: &str, is_meant: impl Fn(&str) -> bool) {
    /// An `exec` takes less than a millisecond, more on a busy machine.
    const MEANWHILE: Duration = Duration::from_millis(5);
    for _ in 0..10 {
        let left = Marked::look(name, &is_meant);
        if left.pids.is_empty() && left.blank.is_empty() {
            return;
        }
        signal(&left.pids, Signal::SIGKILL);
        if left.pids.is_empty() {
            std::thread::sleep(MEANWHILE);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_this_process() {
        let table = Table::not_before(Instant::now());
        assert!(table.of_group(nix::unistd::getpgrp()).contains(&nix::unistd::getpid()));
        assert!(table.threads_of_user() >= 1);
        assert!(table.of_group(Pid::from_raw(i32::MAX)).is_empty());
    }

    #[test]
    fn a_recent_table_is_not_read_again() {
        let first = Table::not_before(Instant::now());
        assert!(Table::not_before(first.read).read >= first.read);
        assert!(Table::not_before(Instant::now()).read > first.read);
    }
}
