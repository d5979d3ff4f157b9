//! Cgroups of version 1: one directory for `cpu`, one for `memory`, one for `pids` where that may be written.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::cpu_bandwidth::Bandwidth;
use super::hierarchy::Hierarchies;
use super::names::{self, Family};
use super::{MOST_PROCESSES, processes};

/// How many times the weight of an ordinary process a cell has, so that other work on this host disturbs durations less.
pub(super) const PRECEDENCE: u64 = 10;

/// The directories in which we may make our own.
#[derive(Debug, Clone)]
pub(super) struct Parents {
    cpu: PathBuf,
    memory: PathBuf,
    pids: Option<PathBuf>,
}

/// The directories of one cell. Dropping removes them.
#[derive(Debug)]
pub(super) struct Group {
    cpu: PathBuf,
    memory: PathBuf,
    pids: Option<PathBuf>,
}

impl Parents {
    /// Finds our own directories and tries whether limits can be set in them.
    pub(super) fn find(hierarchies: &Hierarchies) -> Result<Self, String> {
        let own = |controller: &str| {
            let place = hierarchies.v1(controller);
            place.map(|p| p.own.clone()).ok_or_else(|| {
                format!("no `{controller}` hierarchy of version 1 is mounted (a host with version 2 has none)")
            })
        };
        let mut parents = Self {
            cpu: own("cpu")?,
            memory: own("memory")?,
            pids: None,
        };
        parents.try_out().map_err(|e| {
            let (cpu, memory) = (parents.cpu.display(), parents.memory.display());
            format!("cannot make cgroups in {cpu} and {memory}: {e}; run as root, or have an administrator make both writable")
        })?;
        // Many hosts give it to nobody; then processes are limited by user.
        parents.pids = own("pids").ok();
        if let Err(e) = parents.try_out() {
            tracing::debug!("no limit of processes by cgroup: {e}");
            parents.pids = None;
        }
        Ok(parents)
    }

    pub(super) const fn limits_processes(&self) -> bool {
        self.pids.is_some()
    }

    fn try_out(&self) -> io::Result<()> {
        let group = self.group(&Family::new().member(), 128, 20_000)?;
        group.set_bandwidth(Bandwidth {
            quota_us: Some(1447),
            period_us: 20_000,
        })?;
        group.entrances().map(drop)
    }

    /// Removes what killed runs left, with the processes in it.
    pub(super) fn sweep(&self) {
        for group in self.groups(names::is_left_over) {
            group.kill();
        }
        for parent in [Some(&self.memory), self.pids.as_ref()].into_iter().flatten() {
            for dir in names::in_directory(parent, names::is_left_over) {
                remove(&dir);
            }
        }
    }

    /// Ends the processes of cells with such names, and leaves the rest to whoever made them.
    pub(super) fn end(&self, is_meant: impl Fn(&str) -> bool) {
        let groups: Vec<_> = self.groups(is_meant).map(ManuallyDrop::new).collect();
        for group in &groups {
            group.unlimit();
            processes::signal(&group.all_processes(), Signal::SIGKILL);
        }
    }

    fn groups(&self, is_meant: impl Fn(&str) -> bool) -> impl Iterator<Item = Group> {
        names::in_directory(&self.cpu, is_meant).into_iter().map(|cpu| {
            let name = cpu.file_name().unwrap_or_default();
            Group {
                memory: self.memory.join(name),
                pids: self.pids.as_ref().map(|pids| pids.join(name)),
                cpu,
            }
        })
    }

    /// A new cell, without a CPU limit yet.
    pub(super) fn group(&self, name: &str, memory_size_mb: u32, period_us: u64) -> io::Result<Group> {
        let group = Group {
            cpu: self.cpu.join(name),
            memory: self.memory.join(name),
            pids: self.pids.as_ref().map(|pids| pids.join(name)),
        };
        for dir in group.directories() {
            fs::create_dir(dir).map_err(|e| about(dir, &e))?;
        }
        if let Some(pids) = &group.pids {
            write(pids, "pids.max", MOST_PROCESSES)?;
        }
        write(&group.cpu, "cpu.cfs_period_us", period_us)?;
        write(&group.cpu, "cpu.shares", PRECEDENCE * 1024)?;
        let bytes = u64::from(memory_size_mb) << 20;
        write(&group.memory, "memory.limit_in_bytes", bytes)?;
        // Without swap accounting the file is missing; then swap is not limited.
        let swap = "memory.memsw.limit_in_bytes";
        if self.memory.join(swap).exists() {
            write(&group.memory, swap, bytes)?;
        }
        Ok(group)
    }
}

impl Group {
    fn directories(&self) -> impl Iterator<Item = &PathBuf> {
        [Some(&self.cpu), Some(&self.memory), self.pids.as_ref()]
            .into_iter()
            .flatten()
    }

    pub(super) fn entrances(&self) -> io::Result<Vec<File>> {
        self.directories().map(|dir| entrance(dir)).collect()
    }

    /// Sets the quota, which also begins a new period with all of it.
    pub(super) fn set_bandwidth(&self, bandwidth: Bandwidth) -> io::Result<()> {
        match bandwidth.quota_us {
            Some(quota_us) => write(&self.cpu, "cpu.cfs_quota_us", quota_us),
            None => write(&self.cpu, "cpu.cfs_quota_us", -1),
        }
    }

    pub(super) fn processes(&self) -> Vec<Pid> {
        processes::listed_in(&self.memory.join("cgroup.procs"))
    }

    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        fs::read_to_string(self.memory.join("memory.max_usage_in_bytes"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    pub(super) fn is_out_of_memory(&self) -> bool {
        let control = fs::read_to_string(self.memory.join("memory.oom_control")).unwrap_or_default();
        counts_oom_kill(&control)
    }

    pub(super) fn signal(&self, signal: Signal) {
        processes::signal(&self.processes(), signal);
    }

    /// Ends every process, also one that is started meanwhile.
    pub(super) fn kill(&self) {
        self.unlimit();
        for _ in 0..100 {
            let listed = self.all_processes();
            if listed.is_empty() {
                return;
            }
            processes::signal(&listed, Signal::SIGKILL);
            thread::sleep(Duration::from_micros(200));
        }
        tracing::warn!("processes in {} do not end", self.memory.display());
    }

    /// A process that has used up its quota would die only in the next period.
    fn unlimit(&self) {
        let unlimited = Bandwidth {
            quota_us: None,
            period_us: 0,
        };
        if let Err(e) = self.set_bandwidth(unlimited) {
            tracing::debug!("{e}");
        }
    }

    /// Also one that is on its way in.
    fn all_processes(&self) -> Vec<Pid> {
        self.directories()
            .flat_map(|dir| processes::listed_in(&dir.join("cgroup.procs")))
            .collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.directories().for_each(|dir| remove(dir));
    }
}

/// The file through which a process enters; `0` is whoever writes it.
pub(super) fn entrance(dir: &Path) -> io::Result<File> {
    let path = dir.join("cgroup.procs");
    OpenOptions::new().write(true).open(&path).map_err(|e| about(&path, &e))
}

/// Whether the kernel ended a process for want of memory; `memory.oom_control` and version 2's `memory.events` say it in
/// the same words.
pub(super) fn counts_oom_kill(text: &str) -> bool {
    text.lines()
        .any(|line| line.strip_prefix("oom_kill ").is_some_and(|n| n.trim() != "0"))
}

pub(super) fn write(dir: &Path, file: &str, value: impl ToString) -> io::Result<()> {
    let path = dir.join(file);
    fs::write(&path, value.to_string()).map_err(|e| about(&path, &e))
}

/// Removes a cgroup. The kernel refuses while a process in it is still on its way out.
pub(super) fn remove(dir: &Path) {
    for _ in 0..200 {
        match fs::remove_dir(dir) {
            Ok(()) => return,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return,
            Err(e) if e.kind() == io::ErrorKind::ResourceBusy => thread::sleep(Duration::from_micros(500)),
            Err(e) => return tracing::debug!("cannot remove {}: {e}", dir.display()),
        }
    }
    tracing::warn!(
        "the cgroup {} could not be removed; the next run will try again",
        dir.display()
    );
}

pub(super) fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
