//! Whether more of the candidate's durations are above a limit than a twentieth.
//!
//! The limit is the control's p95 at equal age, times a factor; without regard to age a warm-up that both have takes a
//! harmless candidate back in 18 to 84 % of runs. Evidence is the likelihood of as many above it, if their share is 10, 20, 40
//! or 80 %, in units of that at 5 %.

use serde::{Deserialize, Serialize};

use super::BREAKS;
use crate::live::age::band;
use crate::live::look::{Arm, Look};
use crate::live::present::Present;

const EXPECTED: f64 = 0.05;
const SHARES: [f64; 4] = [0.1, 0.2, 0.4, 0.8];
/// From fewer durations of the control at an age its p95 is not known.
const FEWEST: u64 = 100;

/// Warm durations against the control's p95.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct P95Guard {
    pub(super) above: u64,
    pub(super) compared: u64,
    not_compared: u64,
}

impl P95Guard {
    /// Takes a look, which `control` has already.
    pub(super) fn add(&mut self, look: &Look, control: &Present, factor: f64) {
        let level = control.ln_duration_level();
        let ln_factor = if factor > 0.0 { factor.ln() } else { f64::NEG_INFINITY };
        let limits = control.relative.each_ref().map(|of_band| {
            let known = of_band.count >= FEWEST;
            known.then(|| of_band.ln_quantile(1.0 - EXPECTED)).flatten()
        });
        let warm = look.observations.iter().filter(|o| o.is_warm());
        for observation in warm.filter(|o| o.arm == Arm::Candidate) {
            match (level, limits[band(observation.age)]) {
                (Some(level), Some(limit)) => {
                    self.compared += 1;
                    self.above += u64::from(observation.ln_duration - level > limit + ln_factor);
                }
                _ => self.not_compared += 1,
            }
        }
    }

    /// Warm invocations of the candidate above the limit.
    pub const fn above(&self) -> u64 {
        self.above
    }

    /// Those that were compared.
    pub const fn compared(&self) -> u64 {
        self.compared
    }

    /// Those that were not: too little is known of the control at their age, or of its level.
    pub const fn not_compared(&self) -> u64 {
        self.not_compared
    }

    /// How much likelier what was seen is if more are above the limit: from 100 on the guard is broken.
    pub fn evidence(&self) -> f64 {
        let (above, below) = (self.above as f64, (self.compared - self.above) as f64);
        let ln = SHARES.map(|share| above * (share / EXPECTED).ln() + below * ((1.0 - share) / (1.0 - EXPECTED)).ln());
        let most = ln.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = ln.iter().map(|ln| (ln - most).exp()).sum();
        (most + (sum / SHARES.len() as f64).ln()).min(700.0).exp()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.evidence() >= BREAKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StartKind;
    use crate::live::Observation;

    #[test]
    fn evidence_grows_with_what_is_above_and_shrinks_with_what_is_not() {
        let of = |above, compared| P95Guard {
            above,
            compared,
            not_compared: 0,
        };
        assert_eq!(of(0, 0).evidence(), 1.0);
        assert!(of(5, 100).evidence() < 1.0);
        // Three in a row: a mean of 2^3, 4^3, 8^3 and 16^3 is 1,170.
        assert!((of(3, 3).evidence() - 1_170.0).abs() < 1e-6);
        assert!(of(3, 3).is_broken() && !of(20, 400).is_broken());
        assert!(of(u64::MAX, u64::MAX).evidence().is_finite());
    }

    #[test]
    fn each_age_has_the_limit_of_its_own() {
        let mut control = Present::default();
        let observed = |arm, age, ms| Observation::new(arm, 1, age, StartKind::Warm, ms, 1e-6).unwrap();
        let mut look = Look::default();
        for i in 0..100 {
            // The first invocations take twice as long.
            look.observations
                .push(observed(Arm::Control, 1, 200.0 + f64::from(i % 10)));
            look.observations
                .push(observed(Arm::Control, 500, 100.0 + f64::from(i % 10)));
        }
        control.fold(&look);
        let mut guard = P95Guard::default();
        look.observations = vec![
            observed(Arm::Candidate, 1, 230.0),
            observed(Arm::Candidate, 500, 230.0),
            observed(Arm::Candidate, 5, 230.0),
        ];
        guard.add(&look, &control, 1.25);
        assert_eq!((guard.above(), guard.compared(), guard.not_compared()), (1, 2, 1));
    }
}
