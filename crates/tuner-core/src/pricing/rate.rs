use serde::{Deserialize, Serialize};

use super::PriceQuote;
use crate::gb_seconds;

/// What an invocation costs as a function of memory size and billed duration: a [`PriceQuote`] for one function, small
/// enough to travel and to calculate with a million times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Of a GB-second of billed duration.
    pub gb_second: f64,
    /// Of a second of billed duration at any memory size: ephemeral storage above 512 MB.
    pub second: f64,
    /// Of an invocation.
    pub request: f64,
}

impl Rate {
    /// Counts GB-seconds, where no price is known.
    pub const GB_SECONDS: Self = Self {
        gb_second: 1.0,
        second: 0.0,
        request: 0.0,
    };

    /// The prices of `quote` for a function with this much ephemeral storage; `None` when one of them is not known.
    pub fn of(quote: &PriceQuote, ephemeral_storage_mb: u32) -> Option<Self> {
        const SECOND_MS: u64 = 1000;
        Some(Self {
            gb_second: quote.gb_second_price().amount,
            second: quote
                .ephemeral_storage_charge(ephemeral_storage_mb, SECOND_MS)
                .ok()?
                .amount,
            request: quote.request_charge().ok()?.amount,
        })
    }

    /// Cost of one invocation.
    pub fn cost(&self, memory_size_mb: u32, billed_ms: f64) -> f64 {
        self.request + self.gb_second * gb_seconds(memory_size_mb, billed_ms) + self.second * billed_ms / 1000.0
    }

    /// What invocations cost that take `ms` on average: rounding up to a millisecond adds half of one.
    pub fn expected(&self, memory_size_mb: u32, ms: f64) -> f64 {
        self.cost(memory_size_mb, ms + 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;
    use crate::pricing::PriceTable;

    #[test]
    fn it_says_what_the_quote_says() {
        let quote = PriceTable::embedded().quote("us-east-1", Architecture::X86_64).unwrap();
        for storage in [512, 4096] {
            let rate = Rate::of(&quote, storage).unwrap();
            let exact = quote.invocation(1769, 123, storage).unwrap().amount;
            assert!((rate.cost(1769, 123.0) / exact - 1.0).abs() < 1e-12);
        }
    }
}
