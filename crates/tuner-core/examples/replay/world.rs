use std::collections::BTreeMap;

use tuner_core::pricing::{PriceTable, Rate};
use tuner_core::{Architecture, InvocationRecord, Outcome, StartKind};

use crate::curves::{Durations, NOISE_OF_MEANS, Recorded};
use crate::random::Random;

/// x86 in us-east-1, tier 1.
pub fn rate() -> Option<Rate> {
    let quote = PriceTable::embedded().quote("us-east-1", Architecture::X86_64).ok()?;
    Rate::of(&quote, 512)
}

/// A function that is invoked by drawing what was recorded of it, and the bill for that.
pub struct World<'a> {
    recorded: &'a Recorded,
    rate: Rate,
    random: Random,
    /// Where drawing is, by measured size: recorded order from a random start.
    at: BTreeMap<u32, usize>,
    /// Invocations made.
    pub invocations: u32,
    /// Their cost, in USD.
    pub cost_usd: f64,
}

impl<'a> World<'a> {
    pub fn new(recorded: &'a Recorded, rate: Rate, random: Random) -> Self {
        Self {
            recorded,
            rate,
            random,
            at: BTreeMap::new(),
            invocations: 0,
            cost_usd: 0.0,
        }
    }

    /// The smallest and the largest size that may be asked for, in MB.
    pub fn range(&self) -> (u32, u32) {
        self.recorded.range()
    }

    /// Invokes at `mb`: the duration in ms.
    pub fn invoke(&mut self, mb: u32) -> f64 {
        let (measured, factor) = self.recorded.nearest(mb);
        let ms = match &self.recorded.sizes[&measured] {
            Durations::Mean(mean) => mean * self.random.noise(NOISE_OF_MEANS),
            Durations::Each(all) => {
                let random = &mut self.random;
                let at = self.at.entry(measured).or_insert_with(|| random.below(all.len()));
                let ms = all[*at % all.len()];
                *at += 1;
                ms
            }
        };
        let ms = ms * factor;
        self.invocations += 1;
        self.cost_usd += self.rate.cost(mb, billed(ms));
        ms
    }

    /// The same as a record.
    pub fn record(&mut self, mb: u32, start: StartKind) -> InvocationRecord {
        let ms = self.invoke(mb);
        InvocationRecord {
            start: Some(start),
            duration_ms: Some(ms),
            billed_duration_ms: Some(billed(ms) as u64),
            ..InvocationRecord::bare(mb, Outcome::Success)
        }
    }

    pub const fn rate(&self) -> &Rate {
        &self.rate
    }
}

/// Rounded up to a whole millisecond.
pub fn billed(ms: f64) -> f64 {
    ms.ceil().max(1.0)
}
