//! What else goes on on this machine while something is measured.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use tuner_core::MachineUse;

use crate::confinement::throttled_so_far;

/// Counters of the kernel at one moment; those it does not have are absent.
#[derive(Debug, Clone)]
pub struct MachineWatch {
    at: Instant,
    cpu: Option<CpuTicks>,
    own_cpu: Option<Duration>,
    cpu_pressure: Option<Duration>,
    memory_pressure: Option<Duration>,
    throttled: Option<Duration>,
}

impl MachineWatch {
    /// Begins to watch.
    pub fn start() -> Self {
        Self {
            at: Instant::now(),
            cpu: read("/proc/stat").and_then(|text| CpuTicks::parse(&text)),
            own_cpu: own_cpu(),
            cpu_pressure: read("/proc/pressure/cpu").and_then(|text| stalled(&text)),
            memory_pressure: read("/proc/pressure/memory").and_then(|text| stalled(&text)),
            throttled: throttled_so_far(),
        }
    }

    /// What went on since then. Functions that still run count as others: end them before.
    pub fn finish(&self) -> MachineUse {
        self.until(&Self::start(), read("/proc/loadavg").as_deref())
    }

    fn until(&self, now: &Self, load: Option<&str>) -> MachineUse {
        let time = now.at.saturating_duration_since(self.at);
        let share = |before: Option<Duration>, after: Option<Duration>| {
            let part = after?.checked_sub(before?)?;
            (!time.is_zero()).then(|| rounded(part.as_secs_f64() / time.as_secs_f64()))
        };
        let ticks = now.cpu.zip(self.cpu).map(|(after, before)| after.since(before));
        let ticks = ticks.filter(|ticks| ticks.total > 0);
        // Ticks are of the whole machine, seconds of its processors together.
        let capacity = ticks.map(|ticks| ticks.total as f64 / TICKS_PER_SECOND);
        let own = now
            .own_cpu
            .zip(self.own_cpu)
            .map(|(after, before)| after.saturating_sub(before));
        MachineUse {
            load_average: load.and_then(|text| text.split(' ').next()?.parse().ok()),
            others_cpu_share: ticks.zip(capacity).zip(own).map(|((ticks, capacity), own)| {
                rounded((ticks.busy as f64 / TICKS_PER_SECOND - own.as_secs_f64()).max(0.0) / capacity)
            }),
            steal_share: ticks.map(|ticks| rounded(ticks.steal as f64 / ticks.total as f64)),
            cpu_pressure: share(self.cpu_pressure, now.cpu_pressure),
            memory_pressure: share(self.memory_pressure, now.memory_pressure),
            throttled_ms: now
                .throttled
                .zip(self.throttled)
                .map(|(after, before)| after.saturating_sub(before).as_secs_f64() * 1000.0)
                .map(rounded),
        }
    }
}

/// `USER_HZ`, which is 100 on every platform of Linux that Rust's standard library has.
const TICKS_PER_SECOND: f64 = 100.0;

/// Four digits after the point.
fn rounded(x: f64) -> f64 {
    (x.clamp(0.0, 1e9) * 1e4).round() / 1e4
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The first line of `/proc/stat`, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CpuTicks {
    busy: u64,
    steal: u64,
    total: u64,
}

impl CpuTicks {
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let fields: Vec<u64> = line.split_whitespace().map_while(|field| field.parse().ok()).collect();
        let [user, nice, system, idle, iowait, irq, softirq, steal, ..] = fields[..] else {
            return None;
        };
        let busy = user + nice + system + irq + softirq;
        Some(Self {
            busy,
            steal,
            total: busy + idle + iowait + steal,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            busy: self.busy.saturating_sub(before.busy),
            steal: self.steal.saturating_sub(before.steal),
            total: self.total.saturating_sub(before.total),
        }
    }
}

/// `some` of a file of `/proc/pressure`: so long something waited, since the machine came up.
fn stalled(text: &str) -> Option<Duration> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let total = line.split(' ').find_map(|field| field.strip_prefix("total="))?;
    total.parse().ok().map(Duration::from_micros)
}

/// CPU time of this process, and of those it started that have ended.
fn own_cpu() -> Option<Duration> {
    let time = |value: TimeVal| Duration::from_micros((value.tv_sec() * 1_000_000 + value.tv_usec()).unsigned_abs());
    let of = |who| {
        let usage = getrusage(who).ok()?;
        Some(time(usage.user_time()) + time(usage.system_time()))
    };
    Some(of(UsageWho::RUSAGE_SELF)? + of(UsageWho::RUSAGE_CHILDREN)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(at: Instant, seconds: u64, busy: u64, own: u64, stalled: u64) -> MachineWatch {
        MachineWatch {
            at: at + Duration::from_secs(seconds),
            cpu: Some(CpuTicks {
                busy,
                steal: busy / 10,
                total: seconds * 200,
            }),
            own_cpu: Some(Duration::from_secs(own)),
            cpu_pressure: Some(Duration::from_secs(stalled)),
            memory_pressure: None,
            throttled: Some(Duration::from_millis(own)),
        }
    }

    #[test]
    fn what_is_not_our_own_is_others() {
        // Two processors for 10 s; 8 s busy, 3 of them our own.
        let start = Instant::now();
        let found = watch(start, 0, 0, 0, 0).until(&watch(start, 10, 800, 3, 5), Some("14.60 20.52 35.04 14/500 1"));
        assert_eq!(found.load_average, Some(14.6));
        assert_eq!(found.others_cpu_share, Some(0.25));
        assert_eq!(found.steal_share, Some(0.04));
        assert_eq!(found.cpu_pressure, Some(0.5));
        assert_eq!(
            found.memory_pressure, None,
            "what the kernel does not count is not known"
        );
        assert_eq!(found.throttled_ms, Some(3.0));
    }

    #[test]
    fn the_kernels_files_are_read() {
        let ticks = CpuTicks::parse("cpu  424490 0 75233 23885 796 0 224 696 0 0\ncpu0 1 2\n").unwrap();
        assert_eq!((ticks.busy, ticks.steal, ticks.total), (499_947, 696, 525_324));
        assert_eq!(CpuTicks::parse("intr 1\n"), None);
        assert_eq!(
            stalled("some avg10=100.00 avg60=99.90 avg300=99.65 total=2263126028\nfull avg10=0.00 total=0\n"),
            Some(Duration::from_micros(2_263_126_028))
        );
        assert!(own_cpu().is_some());
    }
}
