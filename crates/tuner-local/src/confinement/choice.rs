//! What can be asked for, what was found, and how it is told.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which means of confinement to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfinementChoice {
    /// The best that this host allows.
    #[default]
    Auto,
    /// A delegated cgroup of version 2.
    CgroupV2,
    /// Writable `cpu` and `memory` cgroups of version 1.
    CgroupV1,
    /// Stopping and continuing the process by signals.
    DutyCycle,
    /// No limits.
    None,
}

/// How long the period is over which the CPU quota is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuPeriod {
    /// 20 ms, as Lambda has: true to Lambda also in that work shorter than a few periods runs faster than proportional.
    #[default]
    Lambda,
    /// A quota of 1 ms and the period to match: the smoothest curve, on an otherwise idle host. After each of its many
    /// short stops a process has to wait for whatever else runs, and it has no slack to make up for that.
    Linear,
}

/// Which means of confinement is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfinementKind {
    /// A delegated cgroup of version 2.
    CgroupV2,
    /// Writable cgroups of version 1.
    CgroupV1,
    /// Stopping and continuing the process by signals, and looking at its memory every few milliseconds.
    DutyCycle,
    /// No limits.
    None,
}

/// What confines the processes, and what that can't do. For the output and the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfinementDescription {
    /// The means.
    pub kind: ConfinementKind,
    /// Whether CPU follows the memory size.
    pub cpu_limited: bool,
    /// Whether a process that uses more than the memory size is ended.
    pub memory_limited: bool,
    /// Over which period the CPU quota is counted.
    pub period: CpuPeriod,
    /// The processors that processes may use here, by affinity and by limits on us: 1.5 is one and a half.
    pub host_cpus: f64,
    /// Above this memory size, in MB, a function gets no more CPU here: sizes beyond can't be told apart.
    pub largest_distinct_memory_mb: u32,
    /// Sentences for the reader.
    pub notes: Vec<String>,
}

impl ConfinementDescription {
    pub(super) fn new(kind: ConfinementKind, period: CpuPeriod, host_cpus: f64, why: Vec<String>) -> Self {
        let largest_distinct_memory_mb = (host_cpus * 1769.0).floor() as u32;
        let limited = kind != ConfinementKind::None;
        let mut notes = why;
        match kind {
            ConfinementKind::CgroupV2 | ConfinementKind::CgroupV1 => {}
            ConfinementKind::DutyCycle => notes.push(
                "CPU is limited by stopping and continuing the process, which also delays its timers and I/O; memory is \
                 looked at every 20 ms"
                    .to_owned(),
            ),
            ConfinementKind::None => {
                notes.push("nothing is limited: every memory size gets the same CPU, and none runs out of memory".to_owned());
            }
        }
        if limited && period == CpuPeriod::Linear {
            notes.push(
                "the linear CPU period needs an otherwise idle machine: other work makes durations longer".to_owned(),
            );
        }
        Self {
            kind,
            cpu_limited: limited,
            memory_limited: limited,
            period,
            host_cpus,
            largest_distinct_memory_mb,
            notes,
        }
    }
}

/// The means that was asked for is not possible on this host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} is not possible here: {reason}")]
pub struct ConfinementError {
    /// What was asked for.
    pub kind: ConfinementKind,
    /// What is missing, and the way out.
    pub reason: String,
}

impl fmt::Display for ConfinementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CgroupV2 => "cgroup v2",
            Self::CgroupV1 => "cgroup v1",
            Self::DutyCycle => "duty cycle",
            Self::None => "none",
        })
    }
}

impl FromStr for ConfinementChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "auto" => Self::Auto,
            "cgroup-v2" => Self::CgroupV2,
            "cgroup-v1" => Self::CgroupV1,
            "duty-cycle" => Self::DutyCycle,
            "none" => Self::None,
            _ => {
                return Err(format!(
                    "unknown confinement `{text}`; use auto, cgroup-v2, cgroup-v1, duty-cycle or none"
                ));
            }
        })
    }
}

impl FromStr for CpuPeriod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "lambda" => Ok(Self::Lambda),
            "linear" => Ok(Self::Linear),
            _ => Err(format!("unknown CPU period `{text}`; use lambda or linear")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_is_told_what_can_not_be_told_apart() {
        let two = ConfinementDescription::new(ConfinementKind::CgroupV1, CpuPeriod::Lambda, 2.0, Vec::new());
        assert_eq!(two.largest_distinct_memory_mb, 3538);
        assert_eq!(two.notes, Vec::<String>::new());
        let eight = ConfinementDescription::new(ConfinementKind::CgroupV2, CpuPeriod::Lambda, 8.0, Vec::new());
        assert_eq!(eight.notes, Vec::<String>::new());
        let none = ConfinementDescription::new(ConfinementKind::None, CpuPeriod::Lambda, 8.0, Vec::new());
        assert!(!none.cpu_limited && !none.memory_limited);
        assert!(none.notes[0].contains("nothing is limited"));
    }

    #[test]
    fn it_is_serialised_by_the_names_that_can_be_asked_for() {
        let description = ConfinementDescription::new(ConfinementKind::DutyCycle, CpuPeriod::Linear, 2.0, Vec::new());
        let json = serde_json::to_value(&description).unwrap();
        assert_eq!(json["kind"], "duty-cycle");
        assert_eq!(json["period"], "linear");
        for name in ["auto", "cgroup-v2", "cgroup-v1", "duty-cycle", "none"] {
            assert_eq!(
                serde_json::to_value(name.parse::<ConfinementChoice>().unwrap()).unwrap(),
                name
            );
        }
    }
}
