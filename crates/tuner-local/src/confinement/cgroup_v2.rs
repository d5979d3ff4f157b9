//! Cgroups of version 2: one directory for everything.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid};

use super::cgroup_v1::{entrance, remove, write};
use super::cpu_bandwidth::Bandwidth;
use super::hierarchy::{Hierarchies, Place};
use super::{names, processes};

const CONTROLLERS: [&str; 2] = ["cpu", "memory"];

/// The directory in which we may make our own, with the controllers handed down.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    dir: PathBuf,
}

/// The directory of one cell. Dropping removes it.
#[derive(Debug)]
pub(super) struct Group {
    dir: PathBuf,
}

impl Parent {
    /// Finds the nearest directory, from our own upwards, in which limits can be set.
    pub(super) fn find(hierarchies: &Hierarchies) -> Result<Self, String> {
        let place = hierarchies.v2().ok_or("no hierarchy of version 2 is mounted")?;
        Self::find_in(place)
    }

    fn find_in(place: &Place) -> Result<Self, String> {
        let mut nearest = None;
        for dir in place.upwards() {
            match Self::prepare(dir, dir == place.own) {
                Ok(parent) => return Ok(parent),
                Err(reason) => nearest = nearest.or(Some(format!("{}: {reason}", dir.display()))),
            }
        }
        let reason = nearest.unwrap_or_else(|| "no directory".to_owned());
        Err(format!(
            "{reason}; on a host with systemd start this in a cgroup of its own: systemd-run --user --scope -p \
             Delegate=yes -- COMMAND (as root without --user)"
        ))
    }

    /// Has `dir` hand the controllers down, and tries whether limits can be set below it.
    fn prepare(dir: &Path, is_own: bool) -> Result<Self, String> {
        let words = |file: &str| -> Vec<String> {
            let text = fs::read_to_string(dir.join(file)).unwrap_or_default();
            text.split_whitespace().map(str::to_owned).collect()
        };
        let available = words("cgroup.controllers");
        if let Some(missing) = CONTROLLERS.iter().find(|&&c| !available.iter().any(|a| a == c)) {
            return Err(format!("the `{missing}` controller is not handed down to it"));
        }
        let handed_down = words("cgroup.subtree_control");
        if CONTROLLERS.iter().any(|&c| !handed_down.iter().any(|h| h == c)) {
            if is_own {
                make_room(dir)?;
            }
            let enable = CONTROLLERS.map(|c| format!("+{c}")).join(" ");
            write(dir, "cgroup.subtree_control", enable).map_err(|e| {
                let hint = if e.kind() == io::ErrorKind::ResourceBusy {
                    " (other processes are in it)"
                } else {
                    ""
                };
                format!("cannot hand controllers down: {e}{hint}")
            })?;
        }
        let parent = Self { dir: dir.to_owned() };
        parent.try_out().map_err(|e| e.to_string())?;
        Ok(parent)
    }

    fn try_out(&self) -> io::Result<()> {
        let group = self.group(128)?;
        group.set_bandwidth(Bandwidth {
            quota_us: Some(1447),
            period_us: 20_000,
        })
    }

    /// Removes what killed runs left, with the processes in it.
    pub(super) fn sweep(&self) {
        for dir in names::left_over(&self.dir) {
            Group { dir }.kill();
        }
    }

    /// A new cell, without a CPU limit yet.
    pub(super) fn group(&self, memory_size_mb: u32) -> io::Result<Group> {
        let group = Group {
            dir: self.dir.join(names::new()),
        };
        fs::create_dir(&group.dir).map_err(|e| super::cgroup_v1::about(&group.dir, &e))?;
        write(&group.dir, "memory.max", u64::from(memory_size_mb) << 20)?;
        // Missing on a kernel without swap accounting; then swap is not limited.
        if let Err(e) = write(&group.dir, "memory.swap.max", 0) {
            tracing::debug!("swap is not limited: {e}");
        }
        Ok(group)
    }
}

/// A cgroup that hands controllers down must hold no process. If nobody but us is in it, we move into one below it.
fn make_room(dir: &Path) -> Result<(), String> {
    let present = processes::listed_in(&dir.join("cgroup.procs"));
    if present != [getpid()] {
        // Empty, or the root, which may hold processes; else handing down fails, and says so.
        return Ok(());
    }
    let leaf = dir.join("tuner-local");
    match fs::create_dir(&leaf) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            return Err(format!("cannot make {}: {e}", leaf.display()));
        }
        _ => {}
    }
    write(&leaf, "cgroup.procs", 0).map_err(|e| format!("cannot move into a cgroup below: {e}"))
}

impl Group {
    pub(super) fn entrances(&self) -> io::Result<Vec<File>> {
        entrance(&self.dir).map(|file| vec![file])
    }

    pub(super) fn set_bandwidth(&self, bandwidth: Bandwidth) -> io::Result<()> {
        let quota = bandwidth.quota_us.map_or_else(|| "max".to_owned(), |us| us.to_string());
        write(&self.dir, "cpu.max", format!("{quota} {}", bandwidth.period_us))
    }

    pub(super) fn processes(&self) -> Vec<Pid> {
        processes::listed_in(&self.dir.join("cgroup.procs"))
    }

    /// `None` on a kernel before 5.19.
    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        fs::read_to_string(self.dir.join("memory.peak"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    pub(super) fn is_out_of_memory(&self) -> bool {
        let events = fs::read_to_string(self.dir.join("memory.events")).unwrap_or_default();
        events
            .lines()
            .any(|line| line.strip_prefix("oom_kill ").is_some_and(|n| n.trim() != "0"))
    }

    pub(super) fn set_frozen(&self, frozen: bool) {
        if write(&self.dir, "cgroup.freeze", u8::from(frozen)).is_err() {
            let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
            processes::signal(&self.processes(), signal);
        }
    }

    /// Ends every process at once, whatever it is doing or has started.
    pub(super) fn kill(&self) {
        let unlimited = Bandwidth {
            quota_us: None,
            period_us: 20_000,
        };
        if let Err(e) = self.set_bandwidth(unlimited) {
            tracing::debug!("{e}");
        }
        // Since Linux 5.14; before that one by one.
        if write(&self.dir, "cgroup.kill", 1).is_err() {
            self.set_frozen(false);
            processes::signal(&self.processes(), Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}
