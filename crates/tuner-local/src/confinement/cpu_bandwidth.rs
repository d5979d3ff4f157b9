//! How much CPU a memory size gets: memory / 1769 of a vCPU, as a quota in each period.

use super::CpuPeriod;
use tuner_core::vcpus;

/// Lambda's init runs with about two vCPUs whatever the memory size.
const INIT_VCPUS: f64 = 2.0;

/// `quota` microseconds of CPU time in every `period` microseconds; no quota is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bandwidth {
    pub quota_us: Option<u64>,
    pub period_us: u64,
}

/// From which memory sizes are turned into bandwidths.
#[derive(Debug, Clone, Copy)]
pub(super) struct BandwidthRule {
    pub period: CpuPeriod,
    pub host_cpus: f64,
}

impl BandwidthRule {
    /// While an event is handled.
    pub(super) fn for_events(self, memory_size_mb: u32) -> Bandwidth {
        let share = vcpus(memory_size_mb);
        let period_us = match self.period {
            CpuPeriod::Lambda => 20_000,
            // The kernel allows no quota below 1 ms; the smallest quota is the most linear.
            CpuPeriod::Linear if share <= 1.0 => (1000.0 / share).ceil() as u64,
            CpuPeriod::Linear => 2000,
        };
        self.quota(share, period_us)
    }

    /// During init. The period is that of the events: only the quota changes between the two.
    pub(super) fn for_init(self, memory_size_mb: u32) -> Bandwidth {
        let share = vcpus(memory_size_mb).max(INIT_VCPUS);
        self.quota(share, self.for_events(memory_size_mb).period_us)
    }

    fn quota(self, share: f64, period_us: u64) -> Bandwidth {
        // A quota above what the host has changes nothing, and cgroup v1 refuses one above its parent's.
        let quota_us = (share < self.host_cpus).then(|| ((share * period_us as f64).round() as u64).max(1000));
        Bandwidth { quota_us, period_us }
    }
}

/// How many processors a function sees on Lambda. Source: public measurements of `/proc/cpuinfo` by memory size.
pub(super) const fn visible_cpus(memory_size_mb: u32) -> usize {
    match memory_size_mb {
        0..=3008 => 2,
        3009..=5307 => 3,
        5308..=7076 => 4,
        7077..=8845 => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(period: CpuPeriod, memory_size_mb: u32) -> (Option<u64>, u64) {
        let bandwidth = BandwidthRule { period, host_cpus: 4.0 }.for_events(memory_size_mb);
        (bandwidth.quota_us, bandwidth.period_us)
    }

    #[test]
    fn lambda_counts_over_twenty_milliseconds() {
        // 128 / 1769 of 20 ms: the 1.44 ms measured on Lambda.
        assert_eq!(events(CpuPeriod::Lambda, 128), (Some(1447), 20_000));
        assert_eq!(events(CpuPeriod::Lambda, 1769), (Some(20_000), 20_000));
        assert_eq!(events(CpuPeriod::Lambda, 3538), (Some(40_000), 20_000));
    }

    #[test]
    fn the_linear_setting_has_the_smallest_quota() {
        assert_eq!(events(CpuPeriod::Linear, 128), (Some(1000), 13_821));
        assert_eq!(events(CpuPeriod::Linear, 1769), (Some(1000), 1000));
        assert_eq!(events(CpuPeriod::Linear, 3538), (Some(4000), 2000));
        for memory_size_mb in 128..=7000 {
            let (quota_us, period_us) = events(CpuPeriod::Linear, memory_size_mb);
            assert!(
                quota_us.unwrap() >= 1000 && period_us >= 1000,
                "the kernel refuses less"
            );
            let share = quota_us.unwrap() as f64 / period_us as f64;
            assert!(
                (share / vcpus(memory_size_mb) - 1.0).abs() < 0.001,
                "{memory_size_mb} MB gets {share}"
            );
        }
    }

    #[test]
    fn more_than_the_host_has_is_no_limit() {
        let rule = BandwidthRule {
            period: CpuPeriod::Lambda,
            host_cpus: 2.0,
        };
        assert_eq!(rule.for_events(3539).quota_us, None);
        assert_eq!(rule.for_init(128).quota_us, None);
        let wide = BandwidthRule {
            host_cpus: 16.0,
            ..rule
        };
        assert_eq!(wide.for_init(128).quota_us, Some(40_000));
        assert_eq!(wide.for_init(10_240).quota_us, wide.for_events(10_240).quota_us);
    }
}
