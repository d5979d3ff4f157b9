//! How amounts of money read in a review. Sums of a month are told apart by dollars, not by fractions of a cent.

use tuner_core::pricing::Money;
use tuner_core::review::{Saving, SavingBasis};

use crate::numbers;

/// From here on cents are noise.
const WHOLE_FROM: f64 = 99.995;
/// Below this it is less than a cent, and is said to be.
const CENT: f64 = 0.005;

/// How small an amount is still told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Amounts of a month.
    Month,
    /// Amounts of some logs, which may be few: three digits of anything.
    Logs,
}

impl Scale {
    /// `$412`, `$3.80`, `<$0.01`.
    pub(crate) fn amount(self, money: Money) -> String {
        let symbol = money.currency.symbol();
        match money.amount.abs() {
            x if x >= WHOLE_FROM => {
                let sign = if money.amount < 0.0 { "\u{2212}" } else { "" };
                format!("{sign}{symbol}{}", numbers::decimal(x, 0))
            }
            x if self == Self::Month && x < CENT => match money.amount {
                y if y > 0.0 => format!("<{symbol}0.01"),
                _ => format!("{symbol}0.00"),
            },
            x if self == Self::Month => {
                numbers::money((x * 100.0).round() / 100.0 * money.amount.signum(), money.currency)
            }
            _ => numbers::money(money.amount, money.currency),
        }
    }

    /// From the least to the most: `$38–$120`, `up to $4.10`, `−$2.00 to $14.00`; one figure where both read the same.
    pub(crate) fn range(self, least: Money, most: Money) -> String {
        let (mut low, high) = (self.amount(least), self.amount(most));
        // Beside dollars, cents are noise.
        if most.amount.abs() >= WHOLE_FROM && (1.0..WHOLE_FROM).contains(&least.amount.abs()) {
            let sign = if least.amount < 0.0 { "\u{2212}" } else { "" };
            let whole = numbers::decimal(least.amount.abs(), 0);
            low = format!("{sign}{}{whole}", least.currency.symbol());
        }
        let is_nothing = |money: Money| money.amount.abs() < if self == Self::Month { CENT } else { f64::MIN_POSITIVE };
        if low == high {
            return low;
        }
        if is_nothing(least) && most.amount > 0.0 {
            // "Up to less than a cent" would be more than a function costs that costs no cent.
            return match high.starts_with('<') {
                true => high,
                false => format!("up to {high}"),
            };
        }
        if least.amount < 0.0 || most.amount < 0.0 {
            return format!("{low} to {high}");
        }
        format!("{low}–{high}")
    }

    /// A saving, measured or as a range.
    pub(crate) fn saving(self, saving: &Saving) -> String {
        self.range(saving.at_worst, saving.at_best)
    }
}

/// What a saving rests on, as the end of a sentence.
pub(crate) const fn basis(of: SavingBasis) -> &'static str {
    match of {
        SavingBasis::Bounds => "the less if the duration grows as much as the memory shrinks, the more if it stays",
        SavingBasis::ComputeOptimizer => "by Compute Optimizer's projection of the duration",
        SavingBasis::SeenAtBothSizes => "by invocations seen at both sizes",
        SavingBasis::Price => "by price alone",
        SavingBasis::Measured => "measured",
    }
}

/// The same in a word or two.
pub(crate) const fn short_basis(of: SavingBasis) -> &'static str {
    match of {
        SavingBasis::Bounds => "bounded",
        SavingBasis::ComputeOptimizer => "projected",
        SavingBasis::SeenAtBothSizes => "seen at both sizes",
        SavingBasis::Price => "by price",
        SavingBasis::Measured => "measured",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tuner_core::pricing::Currency;

    #[test]
    fn amounts_of_a_month_have_no_more_digits_than_matter() {
        for (amount, text) in [
            (0.0, "$0.00"),
            (0.000_012, "<$0.01"),
            (-0.000_012, "$0.00"),
            (0.0163, "$0.02"),
            (3.8, "$3.80"),
            (99.99, "$99.99"),
            (99.999, "$100"),
            (1234.6, "$1,235"),
            (-38.0, "\u{2212}$38.00"),
            (-412.0, "\u{2212}$412"),
        ] {
            assert_eq!(Scale::Month.amount(Money::usd(amount)), text, "{amount}");
        }
        assert_eq!(Scale::Month.amount(Money::new(12.0, Currency::Cny)), "¥12.00");
        assert_eq!(Scale::Logs.amount(Money::usd(0.000_012_34)), "$0.0000123");
    }

    #[test]
    fn ranges_read_well() {
        for (least, most, text) in [
            (38.2, 120.0, "$38–$120"),
            (-38.2, 120.0, "\u{2212}$38 to $120"),
            (0.4, 120.0, "$0.40–$120"),
            (0.0, 4.1, "up to $4.10"),
            (0.001, 4.1, "up to $4.10"),
            (-0.001, 4.1, "up to $4.10"),
            (-2.0, 14.0, "\u{2212}$2.00 to $14.00"),
            (7.0, 7.001, "$7.00"),
            (0.0, 0.001, "<$0.01"),
            (-5.0, -1.0, "\u{2212}$5.00 to \u{2212}$1.00"),
        ] {
            assert_eq!(Scale::Month.range(Money::usd(least), Money::usd(most)), text);
        }
        assert_eq!(Scale::Logs.range(Money::usd(0.0), Money::usd(0.002)), "up to $0.002");
    }
}
