//! What a local Lambda knows of itself: how far its own figures can be trusted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a local Lambda says of one invocation besides its REPORT; Lambda itself says none of it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LocalReading {
    /// How long the function could have run within its share and others had the processor, in ms: by so much its duration
    /// may be too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<f64>,
    /// Largest memory that its processes had resident (`VmHWM`), in MB: also files that it maps and others had loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_memory_mb: Option<u32>,
    /// Largest memory that its cgroup was charged with, in MB: also files that it only read or wrote, and none that others
    /// had loaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup_memory_mb: Option<u32>,
}

/// What else went on on the machine while a tuning measured.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct MachineUse {
    /// Load average over the last minute, when measuring ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_average: Option<f64>,
    /// Share of the machine's processor time that went to neither the function nor the tuner, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others_cpu_share: Option<f64>,
    /// Share of the machine's processor time that its hypervisor gave to other machines, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal_share: Option<f64>,
    /// Share of the time in which something waited for a processor (PSI `cpu`, some), from 0 to 1. It counts the function's
    /// own waits for its share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_pressure: Option<f64>,
    /// Share of the time in which something waited for memory (PSI `memory`, some), from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_pressure: Option<f64>,
    /// How long a limit on the tuner itself, such as that of a container, stopped everything, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_ms: Option<f64>,
}

/// By how much the durations of a tuning may be too long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disturbance {
    /// Invocations in the figures whose wait is known.
    pub known: u32,
    /// Their waits by their durations: the mean.
    pub mean_share: f64,
    /// The largest mean of any memory size.
    pub worst_share: f64,
    /// Invocations that were set aside, and made again as far as the planner asked for more.
    pub set_aside: u32,
}

impl Disturbance {
    /// Below this share others are not worth a word: the kernel itself takes as much.
    pub const NEGLIGIBLE: f64 = 0.02;

    /// What `records` say; `None` if none of them knows of waits.
    pub fn of(records: &[crate::InvocationRecord]) -> Option<Self> {
        let mut by_size: std::collections::BTreeMap<u32, (f64, u32)> = std::collections::BTreeMap::new();
        for record in records.iter().filter(|r| r.is_measured()) {
            if let Some(share) = record.waited_share() {
                let (sum, n) = by_size.entry(record.memory_size_mb).or_default();
                *sum += share;
                *n += 1;
            }
        }
        let set_aside = records.iter().filter(|r| r.set_aside).count() as u32;
        let (sum, known) = by_size.values().fold((0.0, 0), |(a, b), (sum, n)| (a + sum, b + n));
        if known == 0 && set_aside == 0 {
            return None;
        }
        Some(Self {
            known,
            mean_share: sum / f64::from(known.max(1)),
            worst_share: by_size.values().map(|(sum, n)| sum / f64::from(*n)).fold(0.0, f64::max),
            set_aside,
        })
    }

    /// Whether the reader must know of it.
    pub fn is_worth_a_word(&self) -> bool {
        self.set_aside > 0 || self.mean_share > Self::NEGLIGIBLE || self.worst_share > 2.0 * Self::NEGLIGIBLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InvocationRecord, Outcome};

    fn record(mb: u32, duration_ms: f64, waited_ms: Option<f64>) -> InvocationRecord {
        InvocationRecord {
            duration_ms: Some(duration_ms),
            billed_duration_ms: Some(duration_ms as u64),
            local: Some(LocalReading {
                waited_ms,
                ..LocalReading::default()
            }),
            ..InvocationRecord::bare(mb, Outcome::Success)
        }
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        assert_eq!(Disturbance::of(&[record(128, 100.0, None)]), None);
        assert_eq!(Disturbance::of(&[InvocationRecord::bare(128, Outcome::Success)]), None);
    }

    #[test]
    fn shares_are_means_and_the_worst_size_shows() {
        let records = [
            record(128, 100.0, Some(0.0)),
            record(128, 100.0, Some(2.0)),
            record(256, 50.0, Some(5.0)),
        ];
        let disturbance = Disturbance::of(&records).unwrap();
        assert_eq!(disturbance.known, 3);
        assert!((disturbance.mean_share - 0.04).abs() < 1e-9);
        assert!((disturbance.worst_share - 0.1).abs() < 1e-9);
        assert!(disturbance.is_worth_a_word());
        assert!(
            !Disturbance::of(&[record(128, 100.0, Some(0.5))])
                .unwrap()
                .is_worth_a_word()
        );
    }

    #[test]
    fn what_was_set_aside_is_counted_and_not_in_the_figures() {
        let aside = InvocationRecord {
            set_aside: true,
            ..record(128, 100.0, Some(60.0))
        };
        assert!(!aside.is_measured());
        let disturbance = Disturbance::of(&[aside, record(128, 100.0, Some(1.0))]).unwrap();
        assert_eq!((disturbance.known, disturbance.set_aside), (1, 1));
        assert!(disturbance.is_worth_a_word());
    }
}
