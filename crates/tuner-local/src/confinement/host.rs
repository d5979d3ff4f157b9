//! What this host has.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

use super::hierarchy::{Hierarchies, Place};

/// The processors that our processes may use: those of our affinity, or less if a cgroup limits us.
pub(super) fn usable_cpus(hierarchies: &Hierarchies) -> f64 {
    let own = allowed_cpus().len().max(1) as f64;
    let v2 = hierarchies.v2().map(|place| least(place, quota_v2));
    let v1 = hierarchies.v1("cpu").map(|place| least(place, quota_v1));
    [v1, v2].into_iter().flatten().fold(own, f64::min)
}

/// How long a quota on us or on what we are in, such as that of a container, has stopped its processes so far.
pub(super) fn throttled(hierarchies: &Hierarchies) -> Option<Duration> {
    let v2 = hierarchies.v2().map(|place| most(place, "throttled_usec ", 1000));
    let v1 = hierarchies.v1("cpu").map(|place| most(place, "throttled_time ", 1));
    [v1, v2].into_iter().flatten().flatten().max()
}

fn most(place: &Place, name: &str, ns: u64) -> Option<Duration> {
    let stopped = |dir: &Path| {
        let text = fs::read_to_string(dir.join("cpu.stat")).ok()?;
        let number = text.lines().find_map(|line| line.strip_prefix(name))?;
        number
            .trim()
            .parse::<u64>()
            .ok()
            .map(|n| Duration::from_nanos(n.saturating_mul(ns)))
    };
    place.upwards().filter_map(stopped).max()
}

/// The numbers of the processors of our affinity.
pub(super) fn allowed_cpus() -> Vec<usize> {
    match sched_getaffinity(Pid::from_raw(0)) {
        Ok(set) => (0..CpuSet::count())
            .filter(|&n| set.is_set(n).unwrap_or(false))
            .collect(),
        Err(_) => (0..std::thread::available_parallelism().map_or(1, usize::from)).collect(),
    }
}

fn least(place: &Place, quota: fn(&Path) -> Option<f64>) -> f64 {
    place.upwards().filter_map(quota).fold(f64::INFINITY, f64::min)
}

fn quota_v2(dir: &Path) -> Option<f64> {
    let text = fs::read_to_string(dir.join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    share(quota, period)
}

fn quota_v1(dir: &Path) -> Option<f64> {
    let read = |name| fs::read_to_string(dir.join(name)).ok();
    share(read("cpu.cfs_quota_us")?.trim(), read("cpu.cfs_period_us")?.trim())
}

fn share(quota_us: &str, period_us: &str) -> Option<f64> {
    // `max` and `-1` are no limit.
    let (quota_us, period_us): (u64, u64) = (quota_us.parse().ok()?, period_us.parse().ok()?);
    (period_us > 0).then(|| quota_us as f64 / period_us as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_on_the_way_up_counts() {
        let top = tempfile::tempdir().unwrap();
        let own = top.path().join("a/b");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("cpu.max"), "max 100000\n").unwrap();
        fs::write(top.path().join("a/cpu.max"), "150000 100000\n").unwrap();
        let place = Place {
            own: own.clone(),
            top: top.path().to_owned(),
        };
        assert_eq!(least(&place, quota_v2), 1.5);
        fs::write(own.join("cpu.cfs_quota_us"), "-1").unwrap();
        fs::write(own.join("cpu.cfs_period_us"), "100000").unwrap();
        assert_eq!(least(&place, quota_v1), f64::INFINITY);
    }
}
