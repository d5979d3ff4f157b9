use std::collections::{BTreeMap, BTreeSet};

use tuner_core::pricing::{PriceTable, Rate};
use tuner_core::{Architecture, InvocationRecord, Outcome, StartKind};

use crate::curves::{Durations, NOISE_OF_MEANS, Recorded, Warm, billed};
use crate::random::Random;

/// x86 in us-east-1, tier 1.
pub fn rate() -> Option<Rate> {
    let quote = PriceTable::embedded().quote("us-east-1", Architecture::X86_64).ok()?;
    Rate::of(&quote, 512)
}

/// From so many recorded invocations of a size on, they are drawn in the order recorded, from a random start. Fewer are drawn at
/// random: walking round them would hand fifty invocations the truth.
pub const ENOUGH_IN_ORDER: usize = 50;

/// A function that is invoked by drawing what was recorded of it, and the bill for that.
pub struct World<'a> {
    recorded: &'a Recorded,
    rate: Rate,
    random: Random,
    /// Where drawing in order is, by measured size.
    at: BTreeMap<u32, usize>,
    /// Sizes that were invoked, in MB.
    started: BTreeSet<u32>,
    /// Invocations made.
    pub invocations: u32,
    /// Their cost, in USD.
    pub cost_usd: f64,
    /// Cost of those that started cold, in USD, where cold starts were recorded.
    pub cold_cost_usd: f64,
    /// Of `cost_usd`, what was spent before the answer was only to be confirmed.
    pub explored_usd: Option<f64>,
}

impl<'a> World<'a> {
    pub const fn new(recorded: &'a Recorded, rate: Rate, random: Random) -> Self {
        Self {
            recorded,
            rate,
            random,
            at: BTreeMap::new(),
            started: BTreeSet::new(),
            invocations: 0,
            cost_usd: 0.0,
            cold_cost_usd: 0.0,
            explored_usd: None,
        }
    }

    /// From here on invocations only confirm the answer.
    pub const fn explored(&mut self) {
        self.explored_usd = Some(self.cost_usd);
    }

    /// The smallest and the largest size that may be asked for, in MB.
    pub fn range(&self) -> (u32, u32) {
        self.recorded.range()
    }

    /// Invokes at `mb`: the duration in the handler, in ms.
    pub fn invoke(&mut self, mb: u32) -> f64 {
        self.record(mb).duration_ms.unwrap_or_default()
    }

    /// Invokes at `mb`. The first invocation of a size starts cold, and is one of those that were recorded so, if any were.
    pub fn record(&mut self, mb: u32) -> InvocationRecord {
        let first = self.started.insert(mb);
        let cold = if first { self.cold(mb) } else { None };
        let mut record = cold.unwrap_or_else(|| self.warm(mb));
        record.start = Some(if first { StartKind::Cold } else { StartKind::Warm });
        let cost = self.rate.cost(mb, record.billed_duration_ms.unwrap_or_default() as f64);
        self.invocations += 1;
        self.cost_usd += cost;
        if record.init_duration_ms.is_some() {
            self.cold_cost_usd += cost;
        }
        record
    }

    /// What a log holds of an invocation at `mb` that somebody else made and paid for.
    pub fn logged(&mut self, mb: u32) -> InvocationRecord {
        self.warm(mb)
    }

    fn warm(&mut self, mb: u32) -> InvocationRecord {
        let (measured, factor) = self.recorded.nearest(mb);
        let size = &self.recorded.sizes[&measured];
        let Warm { ms, used_mb } = match &size.warm {
            Durations::Mean(mean) => Warm {
                ms: mean * self.random.noise(NOISE_OF_MEANS),
                used_mb: size.used_mb,
            },
            Durations::Each(few) if few.len() < ENOUGH_IN_ORDER => few[self.random.below(few.len())],
            Durations::Each(all) => {
                let random = &mut self.random;
                let at = self.at.entry(measured).or_insert_with(|| random.below(all.len()));
                let one = all[*at % all.len()];
                *at += 1;
                one
            }
        };
        let ms = ms * factor;
        InvocationRecord {
            start: Some(StartKind::Warm),
            duration_ms: Some(ms),
            billed_duration_ms: Some(billed(ms) as u64),
            max_memory_used_mb: used_mb,
            ..InvocationRecord::bare(mb, Outcome::Success)
        }
    }

    fn cold(&mut self, mb: u32) -> Option<InvocationRecord> {
        let (measured, handler, init) = self.recorded.nearest_cold(mb)?;
        let all = &self.recorded.colds[&measured];
        let one = all[self.random.below(all.len())];
        let (ms, init_ms) = (one.ms * handler, one.init_ms * init);
        Some(InvocationRecord {
            duration_ms: Some(ms),
            init_duration_ms: Some(init_ms),
            // Init is billed since August 2025.
            billed_duration_ms: Some(billed(ms + init_ms) as u64),
            max_memory_used_mb: self.recorded.used_mb(mb),
            ..InvocationRecord::bare(mb, Outcome::Success)
        })
    }

    pub const fn rate(&self) -> &Rate {
        &self.rate
    }
}
