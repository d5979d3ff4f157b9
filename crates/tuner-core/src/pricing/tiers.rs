use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The price of a GB-second from a monthly volume on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceTier {
    /// The GB-seconds of the month after which this price holds, per organisation (accounts that are billed
    /// together), region and architecture; 0 for tier 1.
    pub from_gb_seconds: u64,
    /// Per GB-second, in the quote's currency.
    pub price: f64,
    /// Whether the price is derived instead of read from AWS.
    #[serde(default)]
    pub estimated: bool,
}

/// The prices of a GB-second by monthly volume. Never empty; begins at 0; volumes ascend; prices are above zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<PriceTier>", into = "Vec<PriceTier>")]
#[schemars(with = "Vec<PriceTier>")]
pub struct Tiers {
    first: PriceTier,
    rest: Vec<PriceTier>,
}

/// Tiers that leave a volume without a price, or give it two.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// There is none, or none for the first GB-second.
    #[error("price tiers must begin with one from 0 GB-seconds")]
    NoFirst,
    /// The volumes do not ascend.
    #[error("price tiers must ascend; the one from {0} GB-seconds does not")]
    NotAscending(u64),
    /// A price is not a number above zero.
    #[error("the price tier from {0} GB-seconds has no price above zero")]
    NoPrice(u64),
}

impl Tiers {
    /// Checks `tiers`.
    ///
    /// # Errors
    /// When they leave a volume without a price, or give it two.
    pub fn new(tiers: Vec<PriceTier>) -> Result<Self, TierError> {
        let mut tiers = tiers.into_iter();
        let first = tiers
            .next()
            .filter(|tier| tier.from_gb_seconds == 0)
            .ok_or(TierError::NoFirst)?;
        let checked = Self {
            first,
            rest: tiers.collect(),
        };
        for (tier, next) in checked.iter().zip(&checked.rest) {
            if next.from_gb_seconds <= tier.from_gb_seconds {
                return Err(TierError::NotAscending(next.from_gb_seconds));
            }
        }
        if let Some(tier) = checked
            .iter()
            .find(|tier| !(tier.price.is_finite() && tier.price > 0.0))
        {
            return Err(TierError::NoPrice(tier.from_gb_seconds));
        }
        Ok(checked)
    }

    /// Tier 1.
    pub const fn first(&self) -> &PriceTier {
        &self.first
    }

    /// All tiers, by ascending volume.
    pub fn iter(&self) -> impl Iterator<Item = &PriceTier> + Clone {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The tier that prices the next GB-second of a month in which `volume_gb_seconds` were used already.
    pub fn marginal(&self, volume_gb_seconds: u64) -> &PriceTier {
        self.rest
            .iter()
            .rev()
            .find(|tier| tier.from_gb_seconds <= volume_gb_seconds)
            .unwrap_or(&self.first)
    }

    /// What `gb_seconds` more cost in a month in which `volume_gb_seconds` were used already: each GB-second at the
    /// price of the tier it falls into.
    pub fn walk(&self, volume_gb_seconds: u64, gb_seconds: f64) -> f64 {
        let begin = volume_gb_seconds as f64;
        let end = begin + gb_seconds.max(0.0);
        let ends = self
            .rest
            .iter()
            .map(|tier| tier.from_gb_seconds as f64)
            .chain([f64::INFINITY]);
        self.iter()
            .zip(ends)
            .map(|(tier, tier_end)| {
                let inside = end.min(tier_end) - begin.max(tier.from_gb_seconds as f64);
                inside.max(0.0) * tier.price
            })
            .sum()
    }

    /// Whether any of the tiers that `gb_seconds` from `volume_gb_seconds` on fall into is estimated.
    pub(super) fn walk_is_estimated(&self, volume_gb_seconds: u64, gb_seconds: f64) -> bool {
        let end = volume_gb_seconds as f64 + gb_seconds.max(0.0);
        let first = self.marginal(volume_gb_seconds);
        first.estimated
            || self.iter().any(|tier| {
                tier.estimated && tier.from_gb_seconds > first.from_gb_seconds && (tier.from_gb_seconds as f64) < end
            })
    }
}

impl TryFrom<Vec<PriceTier>> for Tiers {
    type Error = TierError;

    fn try_from(tiers: Vec<PriceTier>) -> Result<Self, TierError> {
        Self::new(tiers)
    }
}

impl From<Tiers> for Vec<PriceTier> {
    fn from(tiers: Tiers) -> Self {
        tiers.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tier(from_gb_seconds: u64, price: f64) -> PriceTier {
        PriceTier {
            from_gb_seconds,
            price,
            estimated: false,
        }
    }

    /// us-east-1, x86_64.
    fn virginia() -> Tiers {
        Tiers::new(vec![
            tier(0, 0.000_016_666_7),
            tier(6_000_000_000, 0.000_015),
            tier(15_000_000_000, 0.000_013_333_4),
        ])
        .unwrap()
    }

    #[test]
    fn tiers_without_a_gap() {
        assert_eq!(Tiers::new(vec![]), Err(TierError::NoFirst));
        assert_eq!(Tiers::new(vec![tier(1, 1.0)]), Err(TierError::NoFirst));
        assert_eq!(
            Tiers::new(vec![tier(0, 1.0), tier(0, 0.5)]),
            Err(TierError::NotAscending(0))
        );
        assert_eq!(
            Tiers::new(vec![tier(0, 1.0), tier(9, 0.5), tier(8, 0.4)]),
            Err(TierError::NotAscending(8))
        );
        assert_eq!(Tiers::new(vec![tier(0, 0.0)]), Err(TierError::NoPrice(0)));
        assert_eq!(
            Tiers::new(vec![tier(0, 1.0), tier(9, f64::NAN)]),
            Err(TierError::NoPrice(9))
        );
    }

    #[test]
    fn the_next_gb_second_after_a_boundary_is_cheaper() {
        let tiers = virginia();
        assert_eq!(tiers.marginal(0).price, 0.000_016_666_7);
        assert_eq!(tiers.marginal(5_999_999_999).price, 0.000_016_666_7);
        assert_eq!(tiers.marginal(6_000_000_000).price, 0.000_015);
        assert_eq!(tiers.marginal(15_000_000_000).price, 0.000_013_333_4);
        assert_eq!(tiers.marginal(u64::MAX).price, 0.000_013_333_4);
    }

    #[test]
    fn seven_billion_gb_seconds_cross_into_tier_two() {
        // 6e9 x 0.0000166667 = 100,000.20 and 1e9 x 0.000015 = 15,000.
        assert!((virginia().walk(0, 7e9) - 115_000.20).abs() < 1e-6);
        // Having used 14e9: 1e9 x 0.000015 = 15,000 and 1e9 x 0.0000133334 = 13,333.40.
        assert!((virginia().walk(14_000_000_000, 2e9) - 28_333.40).abs() < 1e-6);
        // All three: 100,000.20 + 9e9 x 0.000015 = 135,000 + 5e9 x 0.0000133334 = 66,667.
        assert!((virginia().walk(0, 20e9) - 301_667.20).abs() < 1e-6);
        assert_eq!(virginia().walk(5, -3.0), 0.0);
    }

    proptest! {
        #[test]
        fn a_walk_is_the_sum_of_its_parts(volume in 0u64..20_000_000_000, first in 0u64..20_000_000_000, second in 0f64..2e10) {
            let tiers = virginia();
            let whole = tiers.walk(volume, first as f64 + second);
            let parts = tiers.walk(volume, first as f64) + tiers.walk(volume + first, second);
            prop_assert!((whole - parts).abs() <= 1e-9 * whole.max(1.0), "{whole} != {parts}");
        }

        #[test]
        fn a_walk_is_the_integral_of_the_marginal_price(volume in 0u64..20_000_000_000, amount in 1u64..20_000_000_000) {
            let tiers = virginia();
            // Summed in steps small enough that only the steps holding a boundary can differ.
            let steps = 1_000;
            let step = amount as f64 / f64::from(steps);
            let sum: f64 = (0..steps)
                .map(|index| tiers.marginal(volume + (step * (f64::from(index) + 0.5)) as u64).price * step)
                .sum();
            let most_off = 2.0 * step * (0.000_016_666_7 - 0.000_013_333_4);
            prop_assert!((tiers.walk(volume, amount as f64) - sum).abs() <= most_off + 1e-6);
        }

        #[test]
        fn more_costs_more_and_never_above_tier_one(volume in 0u64..20_000_000_000, amount in 0f64..2e10, more in 0f64..1e9) {
            let tiers = virginia();
            let cost = tiers.walk(volume, amount);
            prop_assert!(tiers.walk(volume, amount + more) >= cost);
            prop_assert!(cost <= amount * tiers.first().price * (1.0 + 1e-12));
        }
    }
}
