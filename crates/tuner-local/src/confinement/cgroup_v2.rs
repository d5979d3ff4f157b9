//! Cgroups of version 2: one directory for everything.

use std::fs::{self, File};
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid};

use super::cgroup_v1::{PRECEDENCE, about, counts_oom_kill, entrance, remove, write};
use super::cpu_bandwidth::Bandwidth;
use super::hierarchy::{Hierarchies, Place};
use super::names::{self, Family};
use super::{MOST_PROCESSES, processes};

const CONTROLLERS: [&str; 2] = ["cpu", "memory"];
/// Taken where it is to be had.
const PIDS: &str = "pids";

/// The directory in which we may make our own, with the controllers handed down.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    dir: PathBuf,
    limits_processes: bool,
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
            let wanted = CONTROLLERS.into_iter().chain([PIDS]);
            let enable: Vec<_> = wanted
                .filter(|&c| available.iter().any(|a| a == c))
                .map(|c| format!("+{c}"))
                .collect();
            write(dir, "cgroup.subtree_control", enable.join(" ")).map_err(|e| {
                let hint = if e.kind() == io::ErrorKind::ResourceBusy {
                    " (other processes are in it)"
                } else {
                    ""
                };
                format!("cannot hand controllers down: {e}{hint}")
            })?;
        }
        let parent = Self {
            dir: dir.to_owned(),
            limits_processes: words("cgroup.subtree_control")
                .iter()
                .any(|c| c.trim_start_matches('+') == PIDS),
        };
        parent.try_out().map_err(|e| e.to_string())?;
        Ok(parent)
    }

    fn try_out(&self) -> io::Result<()> {
        let group = self.group(&Family::new().member(), 128)?;
        group.set_bandwidth(Bandwidth {
            quota_us: Some(1447),
            period_us: 20_000,
        })
    }

    pub(super) const fn limits_processes(&self) -> bool {
        self.limits_processes
    }

    /// Removes what killed runs left, with the processes in it.
    pub(super) fn sweep(&self) {
        for dir in names::in_directory(&self.dir, names::is_left_over) {
            Group { dir }.kill();
        }
    }

    /// Ends the processes of cells with such names, and leaves the rest to whoever made them.
    pub(super) fn end(&self, is_meant: impl Fn(&str) -> bool) {
        for dir in names::in_directory(&self.dir, is_meant) {
            ManuallyDrop::new(Group { dir }).kill();
        }
    }

    /// A new cell, without a CPU limit yet.
    pub(super) fn group(&self, name: &str, memory_size_mb: u32) -> io::Result<Group> {
        let group = Group {
            dir: self.dir.join(name),
        };
        fs::create_dir(&group.dir).map_err(|e| about(&group.dir, &e))?;
        if self.limits_processes {
            write(&group.dir, "pids.max", MOST_PROCESSES)?;
        }
        write(&group.dir, "cpu.weight", PRECEDENCE * 100)?;
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
        counts_oom_kill(&events)
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

#[cfg(test)]
mod tests {
    //! Over a directory tree laid out like the file system of cgroups: what is read and written is the same.

    use super::*;

    struct Tree {
        top: tempfile::TempDir,
    }

    impl Tree {
        /// `user/app/scope`, of which the first has the controllers.
        fn new() -> Self {
            let tree = Self {
                top: tempfile::tempdir().unwrap(),
            };
            fs::create_dir_all(tree.own()).unwrap();
            for (dir, available) in [
                ("", "cpu io memory"),
                ("user", "cpu memory pids"),
                ("user/app", "memory pids"),
            ] {
                tree.write(dir, "cgroup.controllers", available);
                tree.write(dir, "cgroup.subtree_control", "");
                tree.write(dir, "cgroup.procs", "");
            }
            tree.write("user/app/scope", "cgroup.controllers", "pids");
            tree.write("user/app/scope", "cgroup.procs", "1\n2\n");
            tree
        }

        fn own(&self) -> PathBuf {
            self.top.path().join("user/app/scope")
        }

        fn place(&self) -> Place {
            Place {
                own: self.own(),
                top: self.top.path().to_owned(),
            }
        }

        fn write(&self, dir: &str, file: &str, text: &str) {
            fs::write(self.top.path().join(dir).join(file), text).unwrap();
        }

        fn read(&self, path: &str) -> String {
            fs::read_to_string(self.top.path().join(path)).unwrap()
        }
    }

    fn read(group: &Group, file: &str) -> String {
        fs::read_to_string(group.dir.join(file)).unwrap()
    }

    #[test]
    fn the_nearest_directory_with_both_controllers_hands_them_down() {
        let tree = Tree::new();
        let parent = Parent::find_in(&tree.place()).unwrap();
        assert_eq!(parent.dir, tree.top.path().join("user"));
        assert_eq!(tree.read("user/cgroup.subtree_control"), "+cpu +memory +pids");
        assert_eq!(tree.read("cgroup.subtree_control"), "", "nothing is changed above it");
    }

    #[test]
    fn what_is_handed_down_already_is_left_alone() {
        let tree = Tree::new();
        tree.write("user", "cgroup.subtree_control", "cpu memory pids");
        Parent::find_in(&tree.place()).unwrap();
        assert_eq!(tree.read("user/cgroup.subtree_control"), "cpu memory pids");
    }

    #[test]
    fn alone_in_a_delegated_cgroup_we_move_below_it() {
        let tree = Tree::new();
        tree.write("user/app/scope", "cgroup.controllers", "cpu memory");
        tree.write("user/app/scope", "cgroup.procs", &getpid().to_string());
        let parent = Parent::find_in(&tree.place()).unwrap();
        assert_eq!(parent.dir, tree.own());
        assert_eq!(tree.read("user/app/scope/tuner-local/cgroup.procs"), "0");
        assert_eq!(tree.read("user/app/scope/cgroup.subtree_control"), "+cpu +memory");
    }

    #[test]
    fn without_the_controllers_the_way_out_is_named() {
        let tree = Tree::new();
        for dir in ["", "user"] {
            tree.write(dir, "cgroup.controllers", "memory");
        }
        let reason = Parent::find_in(&tree.place()).unwrap_err();
        assert!(
            reason.contains("user/app/scope: the `cpu` controller is not handed down to it"),
            "{reason}"
        );
        assert!(
            reason.contains("systemd-run --user --scope -p Delegate=yes"),
            "{reason}"
        );
    }

    #[test]
    fn limits_are_written_as_the_kernel_reads_them() {
        let tree = Tree::new();
        let group = Parent::find_in(&tree.place()).unwrap().group("cell", 256).unwrap();
        assert_eq!(read(&group, "memory.max"), "268435456");
        assert_eq!(read(&group, "memory.swap.max"), "0");
        assert_eq!(read(&group, "cpu.weight"), "1000");
        assert_eq!(read(&group, "pids.max"), "1024");
        group
            .set_bandwidth(Bandwidth {
                quota_us: Some(2894),
                period_us: 20_000,
            })
            .unwrap();
        assert_eq!(read(&group, "cpu.max"), "2894 20000");
        group
            .set_bandwidth(Bandwidth {
                quota_us: None,
                period_us: 1000,
            })
            .unwrap();
        assert_eq!(read(&group, "cpu.max"), "max 1000");
        group.set_frozen(true);
        assert_eq!(read(&group, "cgroup.freeze"), "1");
        group.kill();
        assert_eq!(read(&group, "cgroup.kill"), "1");
        assert_eq!(
            read(&group, "cpu.max"),
            "max 20000",
            "or it would die only in the next period"
        );
    }

    #[test]
    fn the_kernel_tells_peak_and_out_of_memory() {
        let tree = Tree::new();
        let group = Parent::find_in(&tree.place()).unwrap().group("cell", 256).unwrap();
        assert_eq!(group.peak_memory_bytes(), None, "a kernel before 5.19");
        fs::write(group.dir.join("memory.peak"), "104857600\n").unwrap();
        assert_eq!(group.peak_memory_bytes(), Some(104_857_600));
        let events = |n| format!("low 0\nhigh 0\nmax 7\noom 1\noom_kill {n}\noom_group_kill 0\n");
        fs::write(group.dir.join("memory.events"), events(0)).unwrap();
        assert!(!group.is_out_of_memory());
        fs::write(group.dir.join("memory.events"), events(1)).unwrap();
        assert!(group.is_out_of_memory());
    }
}
