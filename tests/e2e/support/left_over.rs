//! What a process may leave behind.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

/// Command lines of the processes that run in a directory. Functions are started where `tuner` was.
fn processes_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter(|p| fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(directory)))
        .filter_map(|p| fs::read_to_string(p.path().join("cmdline")).ok())
        // A zombie has none: it ended, and waits for a parent that is not ours.
        .filter(|line| !line.is_empty())
        .map(|line| line.replace('\0', " "))
        .collect()
}

/// Waits until no process runs in `directory`: the end of a killed one takes a moment.
#[track_caller]
pub(super) fn assert_no_processes_in(directory: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let left = processes_in(directory);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still running: {left:#?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Fails if there are cgroups that process `pid` made.
#[track_caller]
pub(crate) fn assert_no_cgroups_of(pid: u32) {
    let mut folders = vec![Path::new("/sys/fs/cgroup").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|t| t.is_dir()) {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            // tuner-local-NAMESPACE-PID-STARTED-NUMBER
            let of_pid = name.starts_with("tuner") && name.split('-').nth(3) == Some(&pid.to_string());
            assert!(!of_pid, "a cgroup is left: {}", entry.path().display());
            folders.push(entry.path());
        }
    }
}
