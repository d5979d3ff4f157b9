//! Functions and questions, by chance.

use std::fmt;

use tuner_core::planning::Preset;
use tuner_core::pricing::Rate;
use tuner_core::{Constraint, Objective, Statistic};

use crate::function::{Function, Truth};
use crate::law::{Law, Work};
use crate::noise::{Drift, Scatter};
use crate::random::Random;

/// What is special about a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Waits, and works on one thread.
    Plain,
    /// Payloads that take times far apart.
    Mixture,
    /// 1, 3 or 10 % of the calls are slow.
    Tail,
    /// The hour matters more than the size.
    Drift,
    /// Only waits.
    Flat,
    /// Works on one thread and does nothing else: up to one vCPU all sizes cost the same.
    Knee,
    /// A few quotas of the processor long.
    Stepped,
    /// Transfers.
    Network,
    /// Needs memory, and slows down when it is short of it.
    Starved,
    /// Several threads.
    Threads,
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::Plain,
        Self::Mixture,
        Self::Tail,
        Self::Drift,
        Self::Flat,
        Self::Knee,
        Self::Stepped,
        Self::Network,
        Self::Starved,
        Self::Threads,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::Mixture => "mixture",
            Self::Tail => "tail",
            Self::Drift => "drift",
            Self::Flat => "flat",
            Self::Knee => "knee",
            Self::Stepped => "stepped",
            Self::Network => "network",
            Self::Starved => "starved",
            Self::Threads => "threads",
        })
    }
}

/// A function, and what is asked about it.
#[derive(Debug, Clone)]
pub struct Case {
    pub number: u64,
    pub kind: Kind,
    pub function: Function,
    pub objective: Objective,
    pub preset: Preset,
    pub present_mb: Option<u32>,
    pub constraint: Option<Constraint>,
}

pub const OBJECTIVES: [Objective; 3] = [
    Objective::Cost,
    Objective::Speed,
    Objective::Balanced { cost_weight: 0.5 },
];

/// The sizes that may be chosen, in MB.
pub const RANGE_MB: (u32, u32) = (128, 10_240);

const PRESENT_MB: [u32; 8] = [128, 256, 512, 1024, 1536, 2048, 3008, 10_240];

impl Case {
    pub fn new(number: u64, rate: Rate) -> Self {
        let mut random = Random::seeded(&format!("case {number}"));
        let random = &mut random;
        let kind = Kind::ALL[number as usize % Kind::ALL.len()];
        let function = function(kind, random);
        let presets = [Preset::Frugal, Preset::Standard, Preset::Standard, Preset::Thorough];
        let (objective, preset) = (one_of(random, &OBJECTIVES), one_of(random, &presets));
        let present = one_of(random, &PRESENT_MB);
        // It works today, with a little to spare.
        let present_mb =
            Some(present).filter(|&mb| f64::from(mb) > 1.1 * function.law.need_mb && random.uniform() < 0.7);
        let truth = Truth::of(&function, rate, Random::seeded(&format!("truth {number}")));
        let constraint = constraint(&truth, random);
        Self {
            number,
            kind,
            objective,
            preset,
            present_mb,
            constraint,
            function,
        }
    }

    /// What chance decides in the tuning of it.
    pub fn random(&self) -> Random {
        Random::seeded(&format!("tuning {}", self.number))
    }
}

fn one_of<T: Copy>(random: &mut Random, all: &[T]) -> T {
    all[random.below(all.len())]
}

/// Between `from` and `to`, as likely in every doubling.
fn between(random: &mut Random, from: f64, to: f64) -> f64 {
    from * (to / from).powf(random.uniform())
}

fn function(kind: Kind, random: &mut Random) -> Function {
    let scatter = match random.below(3) {
        0 => Scatter::Gamma(between(random, 0.02, 0.2)),
        1 => Scatter::Weibull(between(random, 8.0, 60.0)),
        _ => Scatter::Exponential(between(random, 0.02, 0.2)),
    };
    let work = Work {
        wait_ms: between(random, 2.0, 300.0),
        cpu_ms: between(random, 5.0, 1500.0),
        megabits: 0.0,
    };
    let mut function = Function {
        law: Law::PLAIN,
        works: vec![(1.0, work)],
        scatter,
        environments: between(random, 0.01, 0.08),
        drift: Drift {
            spread: between(random, 0.003, 0.03),
            memory: 0.9,
            wave: 0.0,
            length: 1.0,
        },
        slow: (0.0, 0.0),
        failing: 0.0,
        init_ms: between(random, 100.0, 3000.0),
        used_mb: 40.0 + 50.0 * random.uniform(),
    };
    match kind {
        Kind::Plain => {}
        Kind::Mixture => {
            let light = Work {
                wait_ms: work.wait_ms.min(60.0),
                cpu_ms: work.cpu_ms.min(80.0),
                ..work
            };
            let times = between(random, 4.0, 40.0);
            let heavy = match random.below(2) {
                // More of the same, or more waiting alone.
                0 => Work {
                    wait_ms: light.wait_ms * times,
                    cpu_ms: light.cpu_ms * times,
                    ..light
                },
                _ => Work {
                    wait_ms: (light.wait_ms + light.cpu_ms) * times,
                    ..light
                },
            };
            let weight = one_of(random, &[1.0, 2.0, 3.0, 9.0]);
            function.works = vec![(weight, light), (1.0, heavy)];
            if random.below(3) == 0 {
                let middle = Work {
                    wait_ms: light.wait_ms * 2.0,
                    cpu_ms: light.cpu_ms * 3.0,
                    ..light
                };
                function.works.push((2.0, middle));
            }
        }
        Kind::Tail => {
            let share = one_of(random, &[0.01, 0.03, 0.10]);
            function.slow = (share, (work.wait_ms + work.cpu_ms) * between(random, 2.0, 15.0));
        }
        Kind::Drift => {
            function.drift = Drift {
                spread: between(random, 0.03, 0.12),
                memory: 0.97,
                wave: between(random, 0.02, 0.12),
                length: between(random, 20.0, 200.0),
            };
        }
        Kind::Flat => {
            function.works = vec![(
                1.0,
                Work {
                    wait_ms: between(random, 15.0, 900.0),
                    cpu_ms: 0.0,
                    ..work
                },
            )];
        }
        Kind::Knee => function.works = vec![(1.0, Work { wait_ms: 0.0, ..work })],
        Kind::Stepped => {
            function.law.stepped = true;
            function.works = vec![(
                1.0,
                Work {
                    wait_ms: between(random, 1.0, 40.0),
                    cpu_ms: between(random, 4.0, 60.0),
                    ..work
                },
            )];
        }
        Kind::Network => {
            // Half of them are in a VPC.
            function.law.bandwidth_grows = random.below(2) == 0;
            function.works = vec![(
                1.0,
                Work {
                    wait_ms: between(random, 5.0, 60.0),
                    cpu_ms: between(random, 3.0, 60.0),
                    megabits: between(random, 20.0, 600.0),
                },
            )];
        }
        Kind::Starved => {
            function.law.need_mb = between(random, 130.0, 1500.0);
            function.law.pressure = between(random, 0.3, 4.0);
            function.used_mb = function.law.need_mb * (0.85 + 0.14 * random.uniform());
        }
        Kind::Threads => {
            function.law.threads = one_of(random, &[2.0, 3.0, 4.0, 6.0]);
            function.law.serial = between(random, 0.01, 0.2);
            function.works[0].1.cpu_ms = between(random, 100.0, 4000.0);
        }
    }
    function
}

/// In two of five cases a limit, which some size may keep, all, or none.
fn constraint(truth: &Truth<'_>, random: &mut Random) -> Option<Constraint> {
    let kind = random.below(10);
    let mb = one_of(random, &[256, 512, 1024, 1769, 3008, 10_240]);
    let times = between(random, 0.85, 1.4);
    let ms = |statistic, value: f64| Constraint::Duration {
        statistic,
        // As somebody would write it.
        max_ms: (value * times).ceil(),
    };
    match kind {
        0 => Some(ms(Statistic::P95, truth.quantile_ms(mb, 0.95))),
        1 => Some(ms(Statistic::Mean, truth.ms(mb))),
        2 => Some(Constraint::CostPerMillion {
            max: truth.cost(mb) * 1e6 * times,
        }),
        3 => Some(Constraint::CostAboveCheapest {
            max_pct: one_of(random, &[5.0, 10.0, 30.0]),
        }),
        _ => None,
    }
}
