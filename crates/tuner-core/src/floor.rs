//! How little memory a function can do with, as far as that is known before it is measured: by its logs, its earlier tunings
//! and reviews. A tuning's own events may need less memory and time than those in production do: below the floor nothing is
//! measured, recommended or applied, unless somebody accepts the risk.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::review::{Evidence, SizeEvidence};
use crate::tuning::{MeasuringEnvironment, SizeResult, SizeStatus};
use crate::{MemorySize, Outcome, Tuning, thousands};

/// Sizes are rounded up to a multiple of this, in MB.
const STEP_MB: u32 = 64;
/// A time-out lasts as long as the limit does; one that is longer by more than this share was raised since.
const RAISED: f64 = 1.1;
/// With so many times as many invocations without it, what one in as many did is not to be expected: the rule of three, for
/// 95 % confidence.
const RULE_OF_THREE: u64 = 3;

/// The smallest multiple of 64 MB that leaves `share` of `used_mb` to spare, within what Lambda allows.
pub fn with_headroom(used_mb: u32, share: f64) -> u32 {
    let needed = (f64::from(used_mb) * (1.0 + share)).ceil() as u32;
    stepped(needed.min(MemorySize::MAX.mb()))
}

fn stepped(mb: u32) -> u32 {
    let stepped = mb.div_ceil(STEP_MB) * STEP_MB;
    stepped.clamp(MemorySize::MIN.mb(), MemorySize::MAX.mb())
}

/// What is known of a function before it is measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What was seen of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What could not be found out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Bytes of logs that were scanned for it and are charged for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scanned_bytes: u64,
}

impl Known {
    /// Both together; what both say is there once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        add_new(&mut self.needs, other.needs);
        add_new(&mut self.unknown, other.unknown);
        self.scanned_bytes += other.scanned_bytes;
        self
    }
}

fn add_new<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

/// Something that was seen of a function, and says how little memory it can do with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Need {
    /// What was seen.
    #[serde(flatten)]
    pub seen: Sighting,
    /// Where.
    #[serde(default)]
    pub source: Source,
    /// When it was seen last, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Sighting {
    /// So much memory was used at most.
    MemoryUsed {
        /// In MB.
        max_memory_used_mb: u32,
        /// In so many invocations; 0 where that is not known.
        #[serde(default)]
        invocations: u64,
    },
    /// Invocations ran out of memory.
    OutOfMemory {
        /// At this size, in MB.
        memory_size_mb: u32,
        /// So many of them.
        failures: u64,
        /// Of so many.
        invocations: u64,
    },
    /// Invocations ran out of time.
    Timeout {
        /// At this size, in MB.
        memory_size_mb: u32,
        /// The time they had, in ms, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit_ms: Option<f64>,
        /// So many of them.
        failures: u64,
        /// Of so many.
        invocations: u64,
    },
}

/// Where something was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Source {
    /// Somebody says so.
    #[default]
    Given,
    /// In the function's logs: production.
    Logs,
    /// In an earlier tuning.
    Tuning {
        /// Which.
        tuning_id: Uuid,
        /// Whether it measured the code that the function has now; absent where that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        same_code: Option<bool>,
    },
    /// In the logs, by an earlier review.
    Review,
}

/// How a function is, as far as it matters to what is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Present {
    /// Its memory size, in MB.
    pub memory_size_mb: Option<u32>,
    /// Its time-out, in seconds.
    pub timeout_s: Option<u32>,
}

impl Need {
    /// The smallest size that may be used, in MB, with `headroom` above what was used; `None` where it says nothing any more.
    pub fn least_mb(&self, headroom: f64, present: Present) -> Option<u32> {
        match self.seen {
            Sighting::MemoryUsed { max_memory_used_mb, .. } => Some(with_headroom(max_memory_used_mb, headroom)),
            // What would have been used is not known, but that it is more.
            Sighting::OutOfMemory { memory_size_mb, .. } => Some(with_headroom(memory_size_mb, headroom)),
            Sighting::Timeout {
                memory_size_mb,
                limit_ms,
                ..
            } => {
                let now_ms = present.timeout_s.map(|s| f64::from(s) * 1000.0);
                if now_ms.zip(limit_ms).is_some_and(|(now, then)| now > then * RAISED) {
                    return None;
                }
                // In production a size is in use though calls time out now and then, by what others do; less memory can only
                // make that worse.
                let may_stay = !matches!(self.source, Source::Tuning { .. });
                match present.memory_size_mb == Some(memory_size_mb) && may_stay {
                    true => Some(memory_size_mb),
                    false => Some(stepped(memory_size_mb + 1)),
                }
            }
        }
    }

    /// What reports of invocations say, by memory size, those of `others` considered. What a smaller size has shown not to be so is left out: a runtime's
    /// heap grows with the memory it is given, and code changes.
    pub fn of_reports(sizes: &[SizeEvidence], others: &[SizeEvidence], source: Source) -> Vec<Self> {
        let is_contradicted = |seen_in: u64, is_refuting: &dyn Fn(&SizeEvidence) -> bool| {
            let without = sizes.iter().chain(others).filter(|size| is_refuting(size));
            let invocations: u64 = without.map(|size| size.invocations).sum();
            invocations > 0 && invocations >= seen_in.saturating_mul(RULE_OF_THREE)
        };
        let mut needs = Vec::new();
        let mut add = |seen, at| needs.push(Self { seen, source, at });
        for size in sizes {
            let (mb, invocations) = (size.memory_size_mb, size.invocations);
            if let Some(used_mb) = size.max_memory_used_mb.filter(|&used| used > 0)
                && !is_contradicted(invocations, &|s| {
                    s.memory_size_mb < used_mb && s.out_of_memory == 0 && s.timeouts == 0
                })
            {
                let seen = Sighting::MemoryUsed {
                    max_memory_used_mb: used_mb,
                    invocations,
                };
                add(seen, size.last_seen);
            }
            if size.out_of_memory > 0
                && !is_contradicted(invocations, &|s| s.memory_size_mb < mb && s.out_of_memory == 0)
            {
                let seen = Sighting::OutOfMemory {
                    memory_size_mb: mb,
                    failures: size.out_of_memory,
                    invocations,
                };
                add(seen, size.last_seen);
            }
            if size.timeouts > 0 && !is_contradicted(invocations, &|s| s.memory_size_mb < mb && s.timeouts == 0) {
                let seen = Sighting::Timeout {
                    memory_size_mb: mb,
                    limit_ms: Some(size.duration.max_ms),
                    failures: size.timeouts,
                    invocations,
                };
                add(seen, size.last_seen);
            }
        }
        needs
    }

    /// What an earlier tuning says of the function; `code_sha256` is that of its present code. One on somebody's machine is
    /// not about the function in AWS.
    pub fn of_tuning(tuning: &Tuning, code_sha256: Option<&str>) -> Vec<Self> {
        if matches!(tuning.environment, MeasuringEnvironment::Local { .. }) {
            return Vec::new();
        }
        let then = tuning.function.code_sha256.as_deref();
        let source = Source::Tuning {
            tuning_id: tuning.tuning_id,
            same_code: then.zip(code_sha256).map(|(then, now)| then == now),
        };
        let headroom = 1.0 + crate::Question::DEFAULT_HEADROOM;
        let measured = || tuning.sizes.iter().filter(|size| size.status == SizeStatus::Measured);
        fn used(size: &SizeResult) -> Option<(u32, u32, &SizeResult)> {
            Some((size.memory_size_mb, size.max_memory_used_mb?, size))
        }
        // The same events ran at every size: what is used at the smallest that has room for it is what they need.
        let roomy = measured()
            .filter_map(used)
            .find(|(mb, used, _)| f64::from(*used) * headroom <= f64::from(*mb));
        let needed = roomy.or_else(|| measured().filter_map(used).max_by_key(|(_, used, _)| *used));
        let failed = tuning.sizes.iter().filter_map(|size| {
            let (memory_size_mb, invocations) = (size.memory_size_mb, size.outcomes.total().into());
            match size.status {
                SizeStatus::Failed {
                    outcome: Outcome::OutOfMemory,
                } => Some(Sighting::OutOfMemory {
                    memory_size_mb,
                    failures: size.outcomes.out_of_memory.into(),
                    invocations,
                }),
                SizeStatus::Failed {
                    outcome: Outcome::Timeout,
                } => Some(Sighting::Timeout {
                    memory_size_mb,
                    limit_ms: Some(f64::from(tuning.function.timeout_s) * 1000.0),
                    failures: size.outcomes.timeout.into(),
                    invocations,
                }),
                _ => None,
            }
        });
        let used = needed.map(|(_, max_memory_used_mb, size)| Sighting::MemoryUsed {
            max_memory_used_mb,
            invocations: size.outcomes.total().into(),
        });
        used.into_iter()
            .chain(failed)
            .map(|seen| Self {
                seen,
                source,
                at: Some(tuning.finished_at),
            })
            .collect()
    }
}

impl Evidence {
    /// What logs say of the memory and time that the function needs: those of the window, and of earlier reviews.
    pub fn needs(&self) -> Vec<Need> {
        let mut needs = Need::of_reports(&self.sizes, &self.earlier, Source::Logs);
        needs.extend(Need::of_reports(&self.earlier, &self.sizes, Source::Review));
        needs
    }

    /// The floor that follows of it.
    pub fn floor(&self, present: Present) -> Floor {
        let known = Known {
            needs: self.needs(),
            ..Known::default()
        };
        Floor::of(known, crate::Question::DEFAULT_HEADROOM, present, false)
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: u64| thousands(&n.to_string());
        let mb = |n: u32| count(n.into());
        let of = |n: u64| match n {
            1 => "1 invocation".to_owned(),
            n => format!("{} invocations", count(n)),
        };
        match self.seen {
            Sighting::MemoryUsed {
                max_memory_used_mb,
                invocations: 0,
            } => write!(f, "{} MB are used at most", mb(max_memory_used_mb))?,
            Sighting::MemoryUsed {
                max_memory_used_mb,
                invocations,
            } => write!(
                f,
                "{} MB were used at most in {}",
                mb(max_memory_used_mb),
                of(invocations)
            )?,
            Sighting::OutOfMemory {
                memory_size_mb,
                failures,
                invocations,
            } => write!(
                f,
                "{} of {} ran out of memory at {} MB",
                count(failures),
                of(invocations),
                mb(memory_size_mb)
            )?,
            Sighting::Timeout {
                memory_size_mb,
                failures,
                invocations,
                ..
            } => write!(
                f,
                "{} of {} timed out at {} MB",
                count(failures),
                of(invocations),
                mb(memory_size_mb)
            )?,
        }
        let date = self.at.map(|at| at.strftime("%Y-%m-%d").to_string());
        let to = date.as_ref().map_or_else(String::new, |date| format!(" to {date}"));
        match self.source {
            Source::Given => write!(f, " (as was said)"),
            Source::Logs => write!(f, " (its logs{to})"),
            Source::Review => write!(f, " (its logs{to}, by an earlier review)"),
            Source::Tuning { same_code, .. } => {
                let on = date.map_or_else(String::new, |date| format!(" of {date}"));
                let code = match same_code {
                    Some(true) => ", the same code",
                    Some(false) => ", other code",
                    None => "",
                };
                write!(f, " (the tuning{on}{code})")
            }
        }
    }
}

/// The floor of a tuning, and what it rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// The smallest size that may be used, in MB; absent where nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// What it rests on, what asks for most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// What could not be found out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Bytes of logs that were scanned for it and are charged for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scanned_bytes: u64,
    /// Whether somebody accepted the risk of going below it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub risk_accepted: bool,
}

impl Floor {
    /// So many of what is known are kept, those that ask for most.
    const MOST_NEEDS: usize = 8;

    /// What follows of what is known, with `headroom` above what was used.
    pub fn of(known: Known, headroom: f64, present: Present, risk_accepted: bool) -> Self {
        let mut needs: Vec<(u32, Need)> = (known.needs.into_iter())
            .filter_map(|need| Some((need.least_mb(headroom, present)?, need)))
            .collect();
        needs.sort_by_key(|(mb, _)| std::cmp::Reverse(*mb));
        let mut distinct: Vec<(u32, Need)> = Vec::new();
        for need in needs {
            if !distinct.contains(&need) {
                distinct.push(need);
            }
        }
        let mut needs = distinct;
        needs.truncate(Self::MOST_NEEDS);
        Self {
            memory_size_mb: needs.first().map(|(mb, _)| *mb),
            needs: needs.into_iter().map(|(_, need)| need).collect(),
            unknown: known.unknown,
            scanned_bytes: known.scanned_bytes,
            risk_accepted,
        }
    }

    /// The size below which nothing may be used, in MB; `None` where nothing is known or the risk is accepted.
    pub fn binding_mb(&self) -> Option<u32> {
        self.memory_size_mb
            .filter(|&mb| !self.risk_accepted && mb > MemorySize::MIN.mb())
    }

    /// Whether `mb` may not be used.
    pub fn forbids(&self, mb: u32) -> bool {
        self.binding_mb().is_some_and(|floor| mb < floor)
    }

    /// Why a size below it is left out.
    pub fn reason(&self) -> String {
        let floor = self.memory_size_mb.unwrap_or(MemorySize::MIN.mb());
        let floor = thousands(&floor.to_string());
        match self.needs.first() {
            Some(need) => format!("below the floor of {floor} MB: {need}"),
            None => format!("below the floor of {floor} MB"),
        }
    }

    /// Whether nothing is known, and nothing was to be.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::Durations;

    const NOW: Present = Present {
        memory_size_mb: Some(2048),
        timeout_s: Some(10),
    };

    #[test]
    fn what_two_say_is_known_once() {
        let used = |max_memory_used_mb| Need {
            seen: Sighting::MemoryUsed {
                max_memory_used_mb,
                invocations: 9,
            },
            source: Source::Logs,
            at: None,
        };
        let known = |needs: &[u32]| Known {
            needs: needs.iter().copied().map(used).collect(),
            unknown: vec!["its logs".to_owned()],
            scanned_bytes: 1,
        };
        let both = known(&[100, 200]).and(known(&[200, 300]));
        assert_eq!(both.needs, [100, 200, 300].map(used));
        assert_eq!((both.unknown.len(), both.scanned_bytes), (1, 2));
    }

    fn reports(memory_size_mb: u32, invocations: u64, used_mb: u32) -> SizeEvidence {
        SizeEvidence {
            memory_size_mb,
            invocations,
            versions: Vec::new(),
            first_seen: None,
            last_seen: Some("2026-11-27T12:00:00Z".parse().unwrap()),
            duration: Durations {
                mean_ms: 100.0,
                p50_ms: 100.0,
                p95_ms: 200.0,
                p99_ms: 300.0,
                max_ms: 10_000.0,
            },
            billed_duration_ms: 100 * invocations,
            unbilled_invocations: 0,
            cold_starts: 0,
            init_sum_ms: 0.0,
            restored_starts: 0,
            provisioned_invocations: 0,
            max_memory_used_mb: Some(used_mb),
            p99_memory_used_mb: None,
            memory_growth_mb: None,
            timeouts: 0,
            out_of_memory: 0,
            errors: 0,
        }
    }

    fn floor(sizes: &[SizeEvidence], present: Present) -> Floor {
        let known = Known {
            needs: Need::of_reports(sizes, &[], Source::Logs),
            ..Known::default()
        };
        Floor::of(known, 0.2, present, false)
    }

    #[test]
    fn memory_used_has_head_room() {
        let floor = floor(&[reports(2048, 2_000, 1150)], NOW);
        assert_eq!(floor.memory_size_mb, Some(1408));
        assert!(floor.forbids(1407) && !floor.forbids(1408));
        assert_eq!(
            floor.reason(),
            "below the floor of 1,408 MB: 1,150 MB were used at most in 2,000 invocations (its logs to 2026-11-27)"
        );
        assert_eq!(with_headroom(20_000, 0.2), 10_240);
        assert_eq!(with_headroom(3, 0.2), 128);
    }

    #[test]
    fn the_risk_can_be_accepted_and_what_is_known_stays() {
        let known = Known {
            needs: Need::of_reports(&[reports(2048, 2_000, 1150)], &[], Source::Logs),
            ..Known::default()
        };
        let floor = Floor::of(known, 0.2, NOW, true);
        assert_eq!((floor.memory_size_mb, floor.binding_mb()), (Some(1408), None));
    }

    #[test]
    fn a_size_that_ran_out_of_memory_is_too_small() {
        let mut small = reports(512, 500, 300);
        small.out_of_memory = 42;
        let sizes = [small, reports(1024, 1_000, 400)];
        assert_eq!(floor(&sizes, NOW).memory_size_mb, Some(640));
        // Of the size itself too, and though it is in use.
        let present = Present {
            memory_size_mb: Some(512),
            ..NOW
        };
        assert_eq!(floor(&sizes, present).memory_size_mb, Some(640));
    }

    #[test]
    fn a_size_that_timed_out_is_left_and_the_present_one_is_not_undercut() {
        let mut small = reports(512, 500, 50);
        small.timeouts = 3;
        let sizes = [small, reports(1024, 1_000, 50)];
        assert_eq!(floor(&sizes, NOW).memory_size_mb, Some(576));
        let at_512 = |timeout_s| Present {
            memory_size_mb: Some(512),
            timeout_s: Some(timeout_s),
        };
        assert_eq!(floor(&sizes, at_512(10)).memory_size_mb, Some(512));
        // With three times the time it may do.
        assert_eq!(floor(&sizes, at_512(30)).memory_size_mb, Some(128));
    }

    #[test]
    fn what_a_smaller_size_refutes_does_not_count() {
        // A heap that grows with the memory: at 512 MB nine times as many calls did with less.
        let sizes = [reports(512, 9_000, 300), reports(3008, 1_000, 1_900)];
        assert_eq!(floor(&sizes, NOW).memory_size_mb, Some(384));
        // Too few to tell: the one in a thousand may be still to come.
        let sizes = [reports(512, 2_000, 300), reports(3008, 1_000, 1_900)];
        assert_eq!(floor(&sizes, NOW).memory_size_mb, Some(2304));
        // And where the small one failed, it is no proof.
        let mut small = reports(512, 9_000, 300);
        small.out_of_memory = 1;
        let sizes = [small, reports(3008, 1_000, 1_900)];
        assert_eq!(floor(&sizes, NOW).memory_size_mb, Some(2304));
    }

    #[test]
    fn what_somebody_says_is_read() {
        let known: Known =
            serde_json::from_str(r#"{"needs": [{"kind": "memory_used", "max_memory_used_mb": 700}]}"#).unwrap();
        let floor = Floor::of(known, 0.2, NOW, false);
        assert_eq!(floor.memory_size_mb, Some(896));
        assert_eq!(floor.needs[0].to_string(), "700 MB are used at most (as was said)");
        assert!(serde_json::from_str::<Known>(r#"{"need": []}"#).is_err());
    }
}
