//! Where in the cgroup file systems this process is.

use std::path::{Path, PathBuf};

/// The cgroup directories of this process, as far as they are mounted where we can see them.
#[derive(Debug, Clone, Default)]
pub(super) struct Hierarchies {
    v1: Vec<(String, Place)>,
    v2: Option<Place>,
}

/// A directory of a cgroup file system, and the top of what is mounted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub own: PathBuf,
    pub top: PathBuf,
}

impl Place {
    /// The own directory and those above it, up to the top.
    pub(super) fn upwards(&self) -> impl Iterator<Item = &Path> {
        self.own.ancestors().take_while(|dir| dir.starts_with(&self.top))
    }
}

impl Hierarchies {
    pub(super) fn of_this_process() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"))
    }

    /// `mountinfo` says which part of which hierarchy is mounted where, `cgroup` where in each hierarchy we are. In a
    /// container the mounted part may begin at our own directory.
    pub(super) fn parse(mountinfo: &str, cgroup: &str) -> Self {
        let mut found = Self::default();
        for line in mountinfo.lines() {
            let Some((mount, file_system)) = line.split_once(" - ") else {
                continue;
            };
            let mut mount = mount.split(' ').skip(3);
            let (Some(root), Some(point)) = (mount.next(), mount.next()) else {
                continue;
            };
            let (root, point) = (PathBuf::from(unescaped(root)), PathBuf::from(unescaped(point)));
            let mut file_system = file_system.split(' ');
            match (file_system.next(), file_system.nth(1)) {
                (Some("cgroup2"), _) if found.v2.is_none() => {
                    found.v2 = own_path(cgroup, "").map(|path| place(&root, &point, path));
                }
                (Some("cgroup"), Some(options)) => {
                    for controller in options.split(',') {
                        if let Some(path) = own_path(cgroup, controller) {
                            found.v1.push((controller.to_owned(), place(&root, &point, path)));
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The place in the version 1 hierarchy of a controller.
    pub(super) fn v1(&self, controller: &str) -> Option<&Place> {
        self.v1
            .iter()
            .find(|(name, _)| name == controller)
            .map(|(_, place)| place)
    }

    /// The place in the version 2 hierarchy.
    pub(super) fn v2(&self) -> Option<&Place> {
        self.v2.as_ref()
    }
}

/// The path in the hierarchy of a controller; that of version 2 has no name.
fn own_path<'a>(cgroup: &'a str, controller: &str) -> Option<&'a str> {
    cgroup.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        controllers.split(',').any(|c| c == controller).then_some(path)
    })
}

fn place(root: &Path, point: &Path, path: &str) -> Place {
    // A path outside of what is mounted (`/../..` in another cgroup namespace) leaves the top.
    let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
    let is_plain = below.components().all(|c| matches!(c, std::path::Component::Normal(_)));
    let own = if is_plain { point.join(below) } else { point.to_owned() };
    Place {
        own: own.components().collect(),
        top: point.to_owned(),
    }
}

/// Blanks and the like are written in octal.
fn unescaped(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(own: &str, top: &str) -> Place {
        Place {
            own: own.into(),
            top: top.into(),
        }
    }

    #[test]
    fn controllers_of_version_1_may_share_a_mount() {
        let found = Hierarchies::parse(
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
             35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
             41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
            "4:memory:/jobs/1\n1:cpu,cpuacct:/\n0::/x",
        );
        assert_eq!(
            found.v1("cpu"),
            Some(&place("/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct"))
        );
        assert_eq!(
            found.v1("memory"),
            Some(&place("/sys/fs/cgroup/memory/jobs/1", "/sys/fs/cgroup/memory"))
        );
        assert_eq!(found.v1("pids"), None);
        assert_eq!(
            found.v2(),
            Some(&place("/sys/fs/cgroup/unified/x", "/sys/fs/cgroup/unified"))
        );
    }

    #[test]
    fn in_a_container_the_mount_may_begin_at_our_own_directory() {
        let mountinfo = "700 690 0:26 /docker/abc /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw";
        let found = Hierarchies::parse(mountinfo, "0::/docker/abc/inner");
        assert_eq!(found.v2(), Some(&place("/sys/fs/cgroup/inner", "/sys/fs/cgroup")));
        let found = Hierarchies::parse(mountinfo, "0::/../elsewhere");
        assert_eq!(found.v2(), Some(&place("/sys/fs/cgroup", "/sys/fs/cgroup")));
    }

    #[test]
    fn upwards_ends_at_the_top_of_the_mount() {
        let place = place("/cg/a/b", "/cg");
        let all: Vec<_> = place.upwards().map(|p| p.to_str().unwrap()).collect();
        assert_eq!(all, ["/cg/a/b", "/cg/a", "/cg"]);
    }

    #[test]
    fn nonsense_is_nothing() {
        let found = Hierarchies::parse("x\n1 - cgroup\n - cgroup2", "::\nfoo");
        assert!(found.v2().is_none() && found.v1("cpu").is_none());
    }
}
