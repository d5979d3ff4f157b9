//! Names of cells, from which a later run can tell that their maker is gone. A cgroup has it as its name, a process in
//! its environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const PREFIX: &str = "tuner-local";

/// The environment variable that names the cell of a process, also when that has left its process group.
pub(super) const VARIABLE: &str = "TUNER_LOCAL_CELL";

/// A process: its ID may be used again, and another PID namespace has its own, so both are told with when it started
/// and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Maker {
    namespace: u64,
    pid: u32,
    started: u64,
}

impl Maker {
    fn this_process() -> Option<Self> {
        let pid = std::process::id();
        Some(Self {
            namespace: pid_namespace()?,
            pid,
            started: start_of(pid)?,
        })
    }

    /// Whether it is a process of our namespace that no longer runs.
    fn is_gone(&self) -> bool {
        pid_namespace() == Some(self.namespace) && start_of(self.pid) != Some(self.started)
    }
}

/// The beginning of the names of all cells that one confinement makes.
#[derive(Debug, Clone)]
pub(super) struct Family(String);

impl Family {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(match Maker::this_process() {
            Some(Maker {
                namespace,
                pid,
                started,
            }) => format!("{PREFIX}-{namespace}-{pid}-{started}-{number}."),
            // Without /proc there is no telling later; nothing is swept then.
            None => format!("{PREFIX}-{}-{number}.", std::process::id()),
        })
    }

    /// A name that no other cell has.
    pub(super) fn member(&self) -> String {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        format!("{}{}", self.0, NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        name.starts_with(&self.0)
    }
}

/// Whether a cell was made by a process that is gone.
pub(super) fn is_left_over(name: &str) -> bool {
    maker_of(name).is_some_and(|maker| maker.is_gone())
}

/// The cgroups in `parent` whose names are such.
pub(super) fn in_directory(parent: &Path, is_meant: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| is_meant(&entry.file_name().to_string_lossy()))
        .map(|e| e.path())
        .collect()
}

fn maker_of(name: &str) -> Option<Maker> {
    let mut numbers = name.strip_prefix(PREFIX)?.strip_prefix('-')?.split('-');
    let maker = Maker {
        namespace: numbers.next()?.parse().ok()?,
        pid: numbers.next()?.parse().ok()?,
        started: numbers.next()?.parse().ok()?,
    };
    numbers.next().map(|_| maker)
}

fn pid_namespace() -> Option<u64> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()
}

/// When a process started, in clock ticks since boot.
fn start_of(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program may hold anything, so fields are counted from its end.
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_maker() {
        let family = Family::new();
        let name = family.member();
        assert_ne!(name, family.member());
        assert_eq!(maker_of(&name), Maker::this_process());
        assert!(family.contains(&name) && !Family::new().contains(&name));
        assert_eq!(maker_of("user.slice"), None);
        assert_eq!(maker_of("tuner-local-1-2"), None);
    }

    #[test]
    fn only_what_a_process_of_ours_left_is_left_over() {
        let parent = tempfile::tempdir().unwrap();
        let Maker {
            namespace,
            pid,
            started,
        } = Maker::this_process().unwrap();
        let gone = format!("{PREFIX}-{namespace}-{pid}-{}-0", started + 1);
        let others = [
            Family::new().member(),
            format!("{PREFIX}-{}-{pid}-{}-0", namespace + 1, started + 1),
            "system.slice".to_owned(),
        ];
        for name in others.iter().chain([&gone]) {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        assert_eq!(in_directory(parent.path(), is_left_over), [parent.path().join(gone)]);
    }
}
