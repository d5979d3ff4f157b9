//! When keeping an environment ready costs no more than starting it on demand.

use super::PriceQuote;

/// What an invocation takes, on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InvocationMix {
    /// Billed duration without initialisation, in seconds.
    pub duration_s: f64,
    /// The share that begins cold, 0 to 1.
    pub cold_share: f64,
    /// Initialisation of one that begins cold, in seconds.
    pub init_s: f64,
}

/// Provisioned concurrency beside the same invocations on demand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakEven {
    /// Requests a second from which one environment costs no more than they cost on demand.
    pub requests_per_s: f64,
    /// The share of its time that it is busy then, 0 to 1.
    pub busy: f64,
}

impl PriceQuote {
    /// From where on one provisioned environment pays for itself; `None` where a price is not known, or it never does: not
    /// even when it is busy all the time.
    ///
    /// On demand, `r` requests a second cost `p r (d + q i)` for each GB: since August 2025 init is billed ("AWS Lambda
    /// standardizes billing for INIT Phase"). Provisioned they cost `a + b r d`, for the environment that is kept and for what
    /// runs in it, and none begins cold.
    pub fn provisioned_break_even(&self, mix: &InvocationMix) -> Option<BreakEven> {
        let kept = self.provisioned_concurrency_gb_second?.price;
        let saved = self.saved_by_provisioned(mix)?;
        let requests_per_s = kept / saved;
        let busy = requests_per_s * mix.duration_s;
        (saved > 0.0 && busy <= 1.0).then_some(BreakEven { requests_per_s, busy })
    }

    /// What `environments` kept for an hour at `requests_per_s` cost less than on demand, for each GB of their memory; less
    /// than 0 if they cost more. `None` where a price is not known.
    pub fn provisioned_saving_per_gb_hour(
        &self,
        mix: &InvocationMix,
        requests_per_s: f64,
        environments: u32,
    ) -> Option<f64> {
        let kept = self.provisioned_concurrency_gb_second?.price * f64::from(environments);
        Some((self.saved_by_provisioned(mix)? * requests_per_s - kept) * 3600.0)
    }

    /// What a request costs less in an environment that is kept anyway, for each GB.
    fn saved_by_provisioned(&self, mix: &InvocationMix) -> Option<f64> {
        let on_demand = self.gb_second_price().amount * (mix.duration_s + mix.cold_share * mix.init_s);
        Some(on_demand - self.provisioned_duration_gb_second?.price * mix.duration_s)
    }
}

/// The fewest environments that are enough for `requests_per_s` that come at random, 99 times of 100: with `busy` of them busy
/// on average (Little's law), how many are busy follows Poisson's distribution.
pub fn environments_for(requests_per_s: f64, duration_s: f64) -> u32 {
    const ENOUGH: f64 = 0.99;
    /// Beyond, the distribution is as good as normal.
    const MANY: f64 = 100.0;
    let busy = (requests_per_s * duration_s).max(0.0);
    if busy > MANY {
        return (busy + 2.326 * busy.sqrt()).ceil().min(f64::from(u32::MAX)) as u32;
    }
    let (mut environments, mut chance) = (0, (-busy).exp());
    let mut within = chance;
    while within < ENOUGH {
        environments += 1;
        chance *= busy / f64::from(environments);
        within += chance;
    }
    environments.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;
    use crate::pricing::PriceTable;

    fn virginia() -> PriceQuote {
        PriceTable::embedded().quote("us-east-1", Architecture::X86_64).unwrap()
    }

    #[test]
    fn init_that_is_billed_makes_it_pay_early() {
        // p (d + q i) = 0.0000166667 x 0.87 = 0.0000145000; b d = 0.0000097222 x 0.12 = 0.0000011667;
        // a = 0.0000041667 over the difference of 0.0000133334 is 0.3125 a second, busy 3.75 % of the time.
        let mix = InvocationMix {
            duration_s: 0.12,
            cold_share: 0.3,
            init_s: 2.5,
        };
        let even = virginia().provisioned_break_even(&mix).unwrap();
        assert!((even.requests_per_s - 0.3125).abs() < 1e-4, "{even:?}");
        assert!((even.busy - 0.0375).abs() < 1e-4, "{even:?}");
        let saved = |rate| virginia().provisioned_saving_per_gb_hour(&mix, rate, 1).unwrap();
        assert!(saved(even.requests_per_s).abs() < 1e-9);
        assert!(saved(0.2) < 0.0 && saved(0.5) > 0.0);
    }

    #[test]
    fn without_cold_starts_it_pays_when_busy_three_fifths_of_the_time() {
        let mix = InvocationMix {
            duration_s: 0.1,
            cold_share: 0.0,
            init_s: 0.0,
        };
        let even = virginia().provisioned_break_even(&mix).unwrap();
        assert!((even.busy - 0.6).abs() < 1e-3, "{even:?}");
        let mut dear = virginia();
        dear.provisioned_concurrency_gb_second = dear.provisioned_concurrency_gb_second.map(|mut price| {
            price.price *= 3.0;
            price
        });
        assert_eq!(dear.provisioned_break_even(&mix), None);
        dear.provisioned_concurrency_gb_second = None;
        assert_eq!(dear.provisioned_break_even(&mix), None);
    }

    #[test]
    fn so_many_environments_are_enough() {
        // Poisson: P(N <= 1) at a mean of 0.1 is 0.995; at 1, P(N <= 4) is 0.9963 and P(N <= 3) is 0.981.
        assert_eq!(environments_for(1.0, 0.1), 1);
        assert_eq!(environments_for(10.0, 0.1), 4);
        assert_eq!(environments_for(0.0, 0.1), 1);
        assert_eq!(environments_for(1000.0, 1.0), 1074);
    }
}
