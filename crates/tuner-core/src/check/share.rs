//! Whether a share is within its limit, told from calls that hit or miss, and valid at every look.
//!
//! A percentile is such a share: p95 <= 800 ms says that at most 5 of 100 durations are above 800 ms. Evidence against "the
//! share is at most the limit", and against "it is at least the limit", is a likelihood ratio, averaged over shares on the
//! other side of the limit (a mixture martingale: Robbins, Annals of Mathematical Statistics 41, 1970). Ville's inequality
//! bounds how often it ever reaches 20, however often one looks.

use statrs::function::beta::{beta_reg, ln_beta};

use super::Shown;

/// Evidence from which something is shown: it is reached by chance in at most one of 20 checks, at whatever look.
const SHOWN: f64 = 20.0;
/// For a share below the limit there is a second way to be shown, without any miss; together they may err this much less.
const SHOWN_WITH_MISSES: f64 = 40.0;
/// The first guess of a share: a Beta distribution whose mean is the limit, cut off there. Its weight, in calls that would hit
/// or miss likewise: one miss.
const PRIOR_MISSES: f64 = 2.0;
/// How likely it is that a limit that is broken is so by much.
const BY_MUCH: f64 = 0.25;

/// Calls counted against a limit of the share of misses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareTest {
    /// At most this share of all calls may miss, from 0 to 1.
    limit: f64,
    calls: u64,
    misses: u64,
    /// Calls that missed or came close to it.
    close: u64,
}

impl ShareTest {
    /// A value above this share of its limit is close to it.
    pub const CLOSE: f64 = 0.9;

    /// Nothing was called yet; `limit` from 0 to 1.
    pub const fn new(limit: f64) -> Self {
        Self {
            limit,
            calls: 0,
            misses: 0,
            close: 0,
        }
    }

    /// The same of calls that were counted before. `close` are those that missed or nearly did.
    pub const fn of(limit: f64, calls: u64, misses: u64, close: u64) -> Self {
        Self {
            limit,
            calls,
            misses,
            close,
        }
    }

    /// Counts one call that hit or missed, and not nearly.
    pub const fn add(&mut self, missed: bool) {
        self.add_value(missed, missed);
    }

    /// Counts one call. One that hit `close` to a miss keeps the quick way shut: where calls come near the limit, some are
    /// probably above it.
    pub const fn add_value(&mut self, missed: bool, close: bool) {
        self.calls += 1;
        self.misses += missed as u64;
        self.close += (missed || close) as u64;
    }

    /// Calls so far.
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// Calls so far that missed.
    pub const fn misses(&self) -> u64 {
        self.misses
    }

    /// What the calls so far show.
    pub fn shown(&self) -> Shown {
        if self.limit >= 1.0 {
            return Shown::Kept;
        }
        if self.limit <= 0.0 {
            // One is too many, and no number of calls shows that there is none.
            return if self.misses > 0 { Shown::Broken } else { Shown::Open };
        }
        if self.calls == 0 {
            return Shown::Open;
        }
        let (below, above) = self.ln_evidence(self.limit);
        let never_missed = self.close == 0 && self.calls >= Self::fewest_without_a_miss(self.limit);
        if above >= SHOWN.ln() {
            Shown::Broken
        } else if never_missed || below >= SHOWN_WITH_MISSES.ln() {
            Shown::Kept
        } else {
            Shown::Open
        }
    }

    /// How many calls without any miss show that at most this share misses: 59 for 5 of 100, 299 for 1 of 100.
    pub fn fewest_without_a_miss(limit: f64) -> u64 {
        if limit <= 0.0 || limit.is_nan() {
            return u64::MAX;
        }
        if limit >= 1.0 {
            return 1;
        }
        (-SHOWN.ln() / (1.0 - limit).ln()).ceil() as u64
    }

    /// The shares of misses that the calls so far do not rule out, at every look at once.
    pub fn interval(&self) -> (f64, f64) {
        let is_ruled_out = |limit: f64, from_below: bool| {
            let (below, above) = self.ln_evidence(limit);
            let never = self.close == 0 && self.calls >= Self::fewest_without_a_miss(limit);
            match from_below {
                // The share is more than `limit`.
                true => above >= SHOWN.ln(),
                false => below >= SHOWN_WITH_MISSES.ln() || never,
            }
        };
        if self.calls == 0 {
            return (0.0, 1.0);
        }
        let seen = self.misses as f64 / self.calls as f64;
        let search = |mut near: f64, mut far: f64, from_below: bool| {
            for _ in 0..50 {
                let middle = f64::midpoint(near, far);
                match is_ruled_out(middle, from_below) {
                    true => far = middle,
                    false => near = middle,
                }
            }
            far
        };
        let low = if self.misses == 0 { 0.0 } else { search(seen, 0.0, true) };
        let high = if self.misses == self.calls {
            1.0
        } else {
            search(seen, 1.0, false)
        };
        (low, high)
    }

    /// Logarithms of the evidence that the share is below, and that it is above `limit`.
    fn ln_evidence(&self, limit: f64) -> (f64, f64) {
        let (misses, hits) = (self.misses as f64, (self.calls - self.misses) as f64);
        if limit <= 0.0 {
            return (f64::NEG_INFINITY, if self.misses > 0 { f64::INFINITY } else { 0.0 });
        }
        if limit >= 1.0 {
            return (if hits > 0.0 { f64::INFINITY } else { 0.0 }, f64::NEG_INFINITY);
        }
        let at_limit = misses * limit.ln() + hits * (1.0 - limit).ln();
        let by = |(prior_a, prior_b): (f64, f64)| {
            let (a, b) = (prior_a + misses, prior_b + hits);
            let ln_ratio = ln_beta(a, b) - ln_beta(prior_a, prior_b) - at_limit;
            let share_below = beta_reg(a, b, limit);
            let prior_below = beta_reg(prior_a, prior_b, limit);
            let below = ln_ratio + share_below.ln() - prior_below.ln();
            let above = ln_ratio + (1.0 - share_below).ln() - (1.0 - prior_below).ln();
            (below, above)
        };
        let (below, near) = by((PRIOR_MISSES, PRIOR_MISSES * (1.0 - limit) / limit));
        // Most that is broken is so by a little, and some is by much: a uniform guess tells that from few calls.
        let (_, far) = by((1.0, 1.0));
        let most = near.max(far);
        let above = match most.is_finite() {
            true => most + ((1.0 - BY_MUCH) * (near - most).exp() + BY_MUCH * (far - most).exp()).ln(),
            false => most,
        };
        (below, above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(limit: f64, calls: u64, misses: u64) -> Shown {
        ShareTest::of(limit, calls, misses, misses).shown()
    }

    #[test]
    fn the_fewest_calls_are_those_that_are_well_known() {
        let fewest = |limit| ShareTest::fewest_without_a_miss(limit);
        assert_eq!((fewest(0.5), fewest(0.05), fewest(0.01)), (5, 59, 299));
        assert_eq!(shown(0.05, 58, 0), Shown::Open);
        assert_eq!(shown(0.05, 59, 0), Shown::Kept);
        assert_eq!(shown(0.01, 298, 0), Shown::Open);
        assert_eq!(shown(0.01, 299, 0), Shown::Kept);
    }

    #[test]
    fn misses_need_more_calls_and_many_show_that_it_is_broken() {
        assert_eq!(shown(0.05, 59, 1), Shown::Open);
        assert_eq!(shown(0.05, 300, 3), Shown::Kept);
        assert_eq!(shown(0.05, 300, 15), Shown::Open);
        assert_eq!(shown(0.05, 10, 4), Shown::Broken);
        assert_eq!(shown(0.05, 300, 40), Shown::Broken);
        assert_eq!(shown(0.05, 1_000_000, 49_000), Shown::Kept);
        assert_eq!(shown(0.05, 1_000_000, 51_000), Shown::Broken);
    }

    #[test]
    fn limits_at_the_ends_are_facts() {
        assert_eq!(shown(0.0, 1_000_000, 0), Shown::Open);
        assert_eq!(shown(0.0, 10, 1), Shown::Broken);
        assert_eq!(shown(1.0, 1, 1), Shown::Kept);
        assert_eq!(shown(0.05, 0, 0), Shown::Open);
    }

    #[test]
    fn the_interval_holds_what_was_seen_and_agrees_with_the_verdict() {
        for (calls, misses) in [(1, 0), (1, 1), (10, 3), (59, 0), (300, 3), (300, 300), (100_000, 5_000)] {
            let test = ShareTest::of(0.05, calls, misses, misses);
            let (low, high) = test.interval();
            let seen = misses as f64 / calls as f64;
            assert!(low <= seen && seen <= high, "{calls} {misses}: {low} {high}");
            match test.shown() {
                Shown::Kept => assert!(high <= 0.0501, "{calls} {misses}: {high}"),
                Shown::Broken => assert!(low >= 0.0499, "{calls} {misses}: {low}"),
                Shown::Open => assert!(low <= 0.0501 && high >= 0.0499, "{calls} {misses}: {low} {high}"),
            }
        }
    }

    /// At the border itself, where it matters most: exact probabilities of ever being told so within 1,000 calls.
    #[test]
    fn at_the_border_it_errs_as_seldom_as_it_says() {
        for limit in [0.05, 0.5, 0.2] {
            let (mut kept, mut broken) = (0.0, 0.0);
            // Probability of each number of misses among those that are still open.
            let mut open = vec![1.0_f64];
            for calls in 1..=1_000_u64 {
                let mut next = vec![0.0; open.len() + 1];
                for (misses, p) in open.iter().enumerate() {
                    next[misses] += p * (1.0 - limit);
                    next[misses + 1] += p * limit;
                }
                for (misses, p) in next.iter_mut().enumerate() {
                    if *p < 1e-12 {
                        continue;
                    }
                    match shown(limit, calls, misses as u64) {
                        Shown::Open => continue,
                        Shown::Kept => kept += *p,
                        Shown::Broken => broken += *p,
                    }
                    *p = 0.0;
                }
                open = next;
            }
            assert!(kept < 0.065 && broken < 0.05, "{limit}: kept {kept}, broken {broken}");
        }
    }
}
