//! The confinement of one process and everything it starts.

use std::fs::File;
use std::io;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// What holds one process: its limits, its freezer, and the means to end all of it.
pub(crate) struct Cell {
    group: Option<Pid>,
    memory_size_mb: u32,
}

impl Cell {
    pub(super) fn new(memory_size_mb: u32) -> Self {
        Self {
            group: None,
            memory_size_mb,
        }
    }

    /// Files into which the process must write `0` before it becomes the program.
    pub(crate) fn entrances(&self) -> io::Result<Vec<File>> {
        Ok(Vec::new())
    }

    /// The process is running; it leads the process group of its own ID.
    pub(crate) fn entered(&mut self, process: Pid) {
        self.group = Some(process);
    }

    /// CPU as in Lambda's init: not limited by the memory size.
    pub(crate) fn release_cpu(&self) {}

    /// CPU in proportion to the memory size, in a period that begins now.
    pub(crate) fn limit_cpu(&self) {}

    /// Stops every process between events, as Lambda freezes an idle environment.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets them go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// The most memory used so far, in MB, not above the memory size; `None` if it can't be known.
    pub(crate) fn peak_memory_mb(&self) -> Option<u32> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.group?)).ok()?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        u32::try_from(kib.div_ceil(1024))
            .ok()
            .map(|mb| mb.min(self.memory_size_mb))
    }

    /// Whether a process was killed for want of memory.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        false
    }

    /// Ends every process.
    pub(crate) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // A group that is gone needs no signal.
            let _ = killpg(group, signal);
        }
    }
}
