//! Simulated traffic of an alias: what two versions of a function would have done, where the truth is known.

#[allow(dead_code, reason = "the replay benchmark uses the rest")]
#[path = "../replay/random.rs"]
mod random;

pub(crate) use random::Random;
use tuner_core::StartKind;
use tuner_core::live::{Arm, Failure, FailureKind, Look, Observation, Present};

/// How durations scatter between invocations of one environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Log-normal, with this standard deviation of the logarithm.
    LogNormal(f64),
    /// Log-normal with 20 % of scatter; 2 of 100 are as much slower as a Pareto law of index 1.5 says, from twice on: no variance.
    Heavy,
    /// Payloads of three kinds (60, 30 and 10 of 100) that take 1, 5 and 40, each with 15 % of scatter.
    Payloads,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [
        Self::LogNormal(0.2936),
        Self::LogNormal(0.5545),
        Self::Heavy,
        Self::Payloads,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LogNormal(sigma) if sigma < 0.4 => "log-normal, CV 30 %",
            Self::LogNormal(_) => "log-normal, CV 60 %",
            Self::Heavy => "heavy (Pareto 1.5)",
            Self::Payloads => "payloads 1:5:40",
        }
    }

    fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::LogNormal(sigma) => random.noise(sigma),
            Self::Heavy => {
                let base = random.noise(0.2);
                match random.uniform() < 0.02 {
                    // A time-out of 30 s ends the longest.
                    true => (base * 2.0 * (1.0 - random.uniform()).powf(-1.0 / 1.5)).min(300.0),
                    false => base,
                }
            }
            Self::Payloads => {
                let size = match random.uniform() {
                    u if u < 0.6 => 1.0,
                    u if u < 0.9 => 5.0,
                    _ => 40.0,
                };
                size * random.noise(0.15)
            }
        }
    }
}

/// What the traffic is like and what is wrong with the candidate.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) kind: Kind,
    /// Day and night (40 % up and down, traffic and durations), and a level that wanders.
    pub(crate) drifts: bool,
    /// Standard deviation of environments.
    pub(crate) environments: f64,
    /// How much slower the first invocations of an environment are; it wears off within some 60.
    pub(crate) warm_up: f64,
    /// Invocations that an environment lives for, on average; infinite where each invocation is by itself, at one age.
    pub(crate) life: f64,
    /// What an init costs, in ms.
    pub(crate) init: f64,
    /// Invocations of both arms in a look.
    pub(crate) per_look: f64,
    /// Environments that the alias needs at full traffic.
    pub(crate) concurrency: f64,
    /// The candidate's share, and for how many looks; the last for ever.
    pub(crate) shares: &'static [(f64, u32)],
    /// Durations and cost of the candidate in units of the control's.
    pub(crate) effect: f64,
    /// Share of invocations that fail, of the control and of the candidate.
    pub(crate) errors: [f64; 2],
    /// Now and then, for some looks, this share of all invocations fails.
    pub(crate) outages: f64,
}

impl World {
    /// Everything that misleads, all at once.
    pub(crate) const fn all_at_once(kind: Kind, effect: f64) -> Self {
        Self {
            kind,
            drifts: true,
            environments: 0.05,
            warm_up: 0.3,
            life: 1_000.0,
            init: 300.0,
            per_look: 500.0,
            concurrency: 40.0,
            shares: &[(0.03, 20), (0.1, 20), (0.3, 20), (0.5, 0)],
            effect,
            errors: [0.0; 2],
            outages: 0.0,
        }
    }

    /// Independent invocations at a steady level, with looks close to each other.
    pub(crate) const fn independent(kind: Kind, effect: f64) -> Self {
        Self {
            drifts: false,
            environments: 0.0,
            warm_up: 0.0,
            life: f64::INFINITY,
            per_look: 100.0,
            shares: &[(0.1, 0)],
            ..Self::all_at_once(kind, effect)
        }
    }

    /// A share of 5 % that stays, with looks close to each other, as guards see it.
    pub(crate) const fn guarded(kind: Kind, effect: f64, errors: [f64; 2]) -> Self {
        Self {
            shares: &[(0.05, 0)],
            per_look: 100.0,
            errors,
            ..Self::all_at_once(kind, effect)
        }
    }
}

struct Environment {
    stream: u64,
    age: u32,
    factor: f64,
}

/// Traffic that goes on, look by look.
pub(crate) struct Stream<'a> {
    world: &'a World,
    random: Random,
    environments: [Vec<Environment>; 2],
    streams: u64,
    looks: u32,
    phase: f64,
    wandering: f64,
    outage: u32,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(world: &'a World, seed: &str) -> Self {
        let mut random = Random::seeded(seed);
        let phase = random.uniform();
        let wandering = 0.15 * random.normal();
        Self {
            world,
            random,
            environments: [Vec::new(), Vec::new()],
            streams: 0,
            looks: 0,
            phase,
            wandering,
            outage: 0,
        }
    }

    /// The control alone, for some 20,000 invocations. What it reads is also shown to `see`.
    pub(crate) fn history(&mut self, see: impl FnMut(&Look)) -> Present {
        self.history_of(20_000, see)
    }

    /// The same for as many as are wanted.
    pub(crate) fn history_of(&mut self, wanted: usize, mut see: impl FnMut(&Look)) -> Present {
        let mut present = Present::default();
        let mut read = 0;
        while read < wanted {
            let look = self.at_share(0.0, 500.0);
            read += look.observations.len();
            present.fold(&look);
            see(&look);
        }
        self.looks = 0;
        present
    }

    /// The next look.
    pub(crate) fn look(&mut self) -> Look {
        let mut left = self.looks;
        self.looks += 1;
        let of_now = self.world.shares.iter().find(|(_, looks)| {
            let is_now = *looks == 0 || left < *looks;
            left = left.saturating_sub(*looks);
            is_now
        });
        let share = of_now.map_or(0.5, |(share, _)| *share);
        self.at_share(share, self.world.per_look)
    }

    fn at_share(&mut self, share: f64, per_look: f64) -> Look {
        let world = self.world;
        let mut level = 100.0;
        let mut traffic = per_look;
        if world.drifts {
            // A look is a minute.
            self.phase += 1.0 / 1_440.0;
            let day = 1.0 + 0.4 * (2.0 * std::f64::consts::PI * self.phase).sin();
            self.wandering = 0.98 * self.wandering + 0.03 * self.random.normal();
            level *= day * self.wandering.exp();
            traffic *= day;
        }
        if world.outages > 0.0 {
            if self.outage > 0 {
                self.outage -= 1;
            } else if self.random.uniform() < 0.02 {
                self.outage = 5;
            }
        }
        self.scale(Arm::Control, (world.concurrency * (1.0 - share)).round().max(2.0));
        if share > 0.0 {
            self.scale(Arm::Candidate, (world.concurrency * share).round().max(2.0));
        }
        let mut look = Look::default();
        for _ in 0..traffic as usize {
            let arm = match self.random.uniform() < share {
                true => Arm::Candidate,
                false => Arm::Control,
            };
            self.invoke(arm, level, &mut look);
        }
        look
    }

    /// Environments come and go with the share: the youngest go first.
    fn scale(&mut self, arm: Arm, wanted: f64) {
        let wanted = wanted as usize;
        self.environments[arm as usize].truncate(wanted);
        while self.environments[arm as usize].len() < wanted {
            let environment = self.start();
            self.environments[arm as usize].push(environment);
        }
    }

    fn start(&mut self) -> Environment {
        self.streams += 1;
        Environment {
            stream: self.streams,
            age: 0,
            factor: self.random.noise(self.world.environments),
        }
    }

    fn invoke(&mut self, arm: Arm, level: f64, look: &mut Look) {
        let world = self.world;
        let place = self.random.below(self.environments[arm as usize].len());
        if self.random.uniform() < 1.0 / world.life {
            self.environments[arm as usize][place] = self.start();
        }
        let environment = &mut self.environments[arm as usize][place];
        let (mut stream, mut age) = (environment.stream, environment.age);
        environment.age += 1;
        if world.life.is_infinite() {
            (stream, age) = (self.random.below(1_000) as u64 * 2 + arm as u64, 1_000);
        }
        let failing = if self.outage > 0 {
            world.outages
        } else {
            world.errors[arm as usize]
        };
        if failing > 0.0 && self.random.uniform() < failing {
            look.failures.push(Failure {
                arm,
                stream,
                kind: FailureKind::FunctionError,
            });
            return;
        }
        let aged = 1.0 + world.warm_up * (-f64::from(age) / 60.0).exp();
        let effect = if arm == Arm::Candidate { world.effect } else { 1.0 };
        let factor = self.environments[arm as usize][place].factor;
        let ms = level * effect * factor * aged * world.kind.draw(&mut self.random);
        let start = if age == 0 { StartKind::Cold } else { StartKind::Warm };
        let init = if age == 0 { world.init * effect } else { 0.0 };
        if let Ok(observation) = Observation::new(arm, stream, age, start, ms, (ms + init) * 1e-8) {
            look.observations.push(observation);
        }
    }
}
