//! A function whose truth is known.

use tuner_core::pricing::Rate;
use tuner_core::{InvocationRecord, Outcome, Payloads, StartKind};

use crate::law::{Law, Work};
use crate::noise::{Drift, Drifting, Scatter, pareto};
use crate::random::Random;

/// What it does, and what disturbs measuring it.
#[derive(Debug, Clone)]
pub struct Function {
    pub law: Law,
    /// By payload, with its share of the invocations.
    pub works: Vec<(f64, Work)>,
    pub scatter: Scatter,
    /// Execution environments differ by at most so much from their mean, as a share.
    pub environments: f64,
    pub drift: Drift,
    /// Share of slow calls, and what they take more on average, in ms.
    pub slow: (f64, f64),
    /// Share of calls that fail.
    pub failing: f64,
    pub init_ms: f64,
    /// In the largest use, in MB.
    pub used_mb: f64,
}

/// What chance decides of one invocation.
#[derive(Debug, Clone, Copy)]
struct Chance {
    payload: usize,
    noise: f64,
    phase: f64,
    slow_ms: f64,
}

impl Function {
    fn chance(&self, payload: usize, random: &mut Random) -> Chance {
        let slow = random.uniform() < self.slow.0;
        Chance {
            payload,
            noise: self.scatter.draw(random),
            phase: random.uniform(),
            slow_ms: if slow { self.slow.1 * pareto(random) } else { 0.0 },
        }
    }

    fn duration(&self, mb: u32, chance: &Chance) -> f64 {
        let work = &self.works[chance.payload].1;
        self.law.duration(work, mb, chance.noise, chance.phase) + chance.slow_ms
    }

    fn environment(&self, random: &mut Random) -> f64 {
        1.0 + self.environments * (2.0 * random.uniform() - 1.0)
    }

    /// Its payloads, numbered.
    pub fn payloads(&self) -> Result<Payloads, String> {
        if self.works.len() < 2 {
            return Ok(Payloads::single("null"));
        }
        let list: Vec<_> = self
            .works
            .iter()
            .enumerate()
            .map(|(number, (weight, _))| serde_json::json!({"payload": number, "weight": weight}))
            .collect();
        Payloads::parse(&serde_json::Value::from(list).to_string(), "truth").map_err(|e| e.to_string())
    }

    /// Whether it runs at `mb` at all.
    pub fn works_at(&self, mb: u32) -> bool {
        f64::from(mb) >= self.law.need_mb
    }
}

/// The function, being invoked.
pub struct Invoked<'a> {
    function: &'a Function,
    random: Random,
    drifting: Drifting,
    /// Factor of the environment that holds each size.
    environments: std::collections::BTreeMap<u32, f64>,
}

impl<'a> Invoked<'a> {
    pub fn new(function: &'a Function, mut random: Random) -> Self {
        Self {
            drifting: function.drift.begin(&mut random),
            function,
            random,
            environments: std::collections::BTreeMap::new(),
        }
    }

    pub fn invoke(&mut self, mb: u32, payload: u32, is_weighted: bool) -> InvocationRecord {
        /// Lambda replaces an environment now and then.
        const REPLACED: f64 = 0.01;
        let function = self.function;
        let replaced = self.random.uniform() < REPLACED;
        let cold = replaced || !self.environments.contains_key(&mb);
        if cold {
            let new = function.environment(&mut self.random);
            self.environments.insert(mb, new);
        }
        let drift = self.drifting.next(&mut self.random);
        let chance = function.chance(payload as usize, &mut self.random);
        let environment = self.environments.get(&mb).copied().unwrap_or(1.0);
        let ms = round(function.duration(mb, &chance) * drift * environment * if cold { 1.3 } else { 1.0 });
        let init_ms = cold.then(|| round(function.init_ms * function.scatter.draw(&mut self.random)));
        let fails = self.random.uniform() < function.failing;
        let used = function.used_mb * (0.97 + 0.03 * self.random.uniform());
        let outcome = match () {
            () if !function.works_at(mb) => Outcome::OutOfMemory,
            () if fails => Outcome::FunctionError,
            () => Outcome::Success,
        };
        InvocationRecord {
            start: Some(if cold { StartKind::Cold } else { StartKind::Warm }),
            duration_ms: Some(ms),
            billed_duration_ms: Some((ms + init_ms.unwrap_or(0.0)).ceil().max(1.0) as u64),
            init_duration_ms: init_ms,
            max_memory_used_mb: Some((used.ceil() as u32).min(mb)),
            payload_index: is_weighted.then_some(payload),
            ..InvocationRecord::bare(mb, outcome)
        }
    }
}

/// Log lines give hundredths of a millisecond.
fn round(ms: f64) -> f64 {
    (ms * 100.0).round() / 100.0
}

/// Draws from which figures without a formula are taken.
const DRAWS: usize = 4000;

/// What is true of a function.
pub struct Truth<'a> {
    pub function: &'a Function,
    pub rate: Rate,
    /// The same chances at every size: sizes differ by what they do alone.
    chances: Vec<(Chance, f64)>,
}

impl<'a> Truth<'a> {
    pub fn of(function: &'a Function, rate: Rate, mut random: Random) -> Self {
        let mut drifting = function.drift.begin(&mut random);
        let mut sent = 0.0;
        let mut payload = 0;
        let chances = (0..DRAWS)
            .map(|draw| {
                // Payloads in blocks of their shares.
                let at = (draw as f64 + 0.5) / DRAWS as f64;
                while payload + 1 < function.works.len() && at > sent + function.share(payload) {
                    sent += function.share(payload);
                    payload += 1;
                }
                let chance = function.chance(payload, &mut random);
                let factor = drifting.next(&mut random) * function.environment(&mut random);
                (chance, factor)
            })
            .collect();
        Self {
            function,
            rate,
            chances,
        }
    }

    /// The expected duration of a warm invocation, in ms.
    pub fn ms(&self, mb: u32) -> f64 {
        let function = self.function;
        let of = |(index, (_, work)): (usize, &(f64, Work))| {
            function.share(index) * function.law.duration(work, mb, 1.0, 0.5)
        };
        let formula: f64 = function.works.iter().enumerate().map(of).sum();
        let slow = function.slow.0 * function.slow.1;
        if !function.law.stepped {
            return formula + slow;
        }
        let drawn = self.chances.iter().map(|(chance, _)| {
            let without = Chance {
                slow_ms: 0.0,
                ..*chance
            };
            function.duration(mb, &without)
        });
        drawn.sum::<f64>() / self.chances.len() as f64 + slow
    }

    /// The expected cost of a warm invocation, rounded up to a whole millisecond.
    pub fn cost(&self, mb: u32) -> f64 {
        self.rate.cost(mb, self.ms(mb) + 0.5)
    }

    /// A percentile of the durations that production sees: all environments, all hours.
    pub fn quantile_ms(&self, mb: u32, q: f64) -> f64 {
        let mut all: Vec<f64> = self
            .chances
            .iter()
            .map(|(chance, factor)| self.function.duration(mb, chance) * factor)
            .collect();
        let at = ((q * all.len() as f64) as usize).min(all.len() - 1);
        *all.select_nth_unstable_by(at, f64::total_cmp).1
    }
}

impl Function {
    pub fn share(&self, payload: usize) -> f64 {
        let total: f64 = self.works.iter().map(|w| w.0).sum();
        self.works[payload].0 / total
    }
}
