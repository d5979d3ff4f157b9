use std::fmt;

use super::Money;
use crate::thousands;

/// An amount as people read it; from [`Money::display`] and [`Money::per_million`].
///
/// From one unit up: two decimals and thousands separators (`$1,234.50`). Below: three significant digits, without
/// trailing zeros, but never fewer than two decimals (`$0.20`, `$0.0163`, `$0.0000021`).
#[derive(Debug, Clone, Copy)]
pub struct MoneyDisplay {
    money: Money,
    per_million: bool,
}

/// Digits shown of an amount below one unit.
const SIGNIFICANT_DIGITS: i32 = 3;
/// AWS's prices have ten decimals; what a cent of a cent of a function costs needs a few more.
const MOST_DECIMALS: i32 = 15;

impl MoneyDisplay {
    pub(super) const fn new(money: Money) -> Self {
        Self {
            money,
            per_million: false,
        }
    }

    pub(super) const fn per_million(money: Money) -> Self {
        Self {
            money: Money::new(money.amount * 1e6, money.currency),
            per_million: true,
        }
    }
}

impl fmt::Display for MoneyDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = unsigned(self.money.amount.abs());
        let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        let sign = if self.money.amount < 0.0 && !is_zero { "-" } else { "" };
        let unit = if self.per_million { " per million" } else { "" };
        // `pad` honours a width, so that a table can align amounts.
        f.pad(&format!("{sign}{}{digits}{unit}", self.money.currency.symbol()))
    }
}

fn unsigned(amount: f64) -> String {
    let decimals = decimals(amount);
    let text = format!("{amount:.decimals$}");
    let Some((whole, fraction)) = text.split_once('.') else {
        return text;
    };
    let mut fraction = fraction.to_owned();
    while fraction.len() > 2 && fraction.ends_with('0') {
        fraction.pop();
    }
    format!("{}.{fraction}", thousands(whole))
}

fn decimals(amount: f64) -> usize {
    if !(amount > 0.0 && amount < 1.0) {
        return 2;
    }
    // 0.0163 has its first digit at the second decimal: log10 = -1.79, floor -2.
    let first = -amount.log10().floor() as i32;
    usize::try_from((first + SIGNIFICANT_DIGITS - 1).clamp(2, MOST_DECIMALS)).unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::super::Currency;
    use super::*;

    #[test]
    fn amounts_read_well() {
        for (amount, text) in [
            (0.0, "$0.00"),
            (0.000_002_1, "$0.0000021"),
            (0.000_016_666_7, "$0.0000167"),
            (0.2, "$0.20"),
            (0.199_999_999, "$0.20"),
            (0.016_25, "$0.0163"),
            (0.000_000_030_9, "$0.0000000309"),
            (0.999_99, "$1.00"),
            (1.0, "$1.00"),
            (18.733_37, "$18.73"),
            (999.999, "$1,000.00"),
            (115_000.2, "$115,000.20"),
            (1_234_567.891, "$1,234,567.89"),
            (-0.05, "-$0.05"),
            (-0.0, "$0.00"),
        ] {
            assert_eq!(Money::usd(amount).display().to_string(), text, "{amount}");
        }
        assert_eq!(Money::new(1.36, Currency::Cny).display().to_string(), "¥1.36");
        assert_eq!(Money::new(0.5, Currency::Eur).display().to_string(), "€0.50");
    }

    #[test]
    fn a_million_of_them() {
        assert_eq!(Money::usd(0.000_002_1).per_million().to_string(), "$2.10 per million");
        assert_eq!(Money::usd(0.000_000_2).per_million().to_string(), "$0.20 per million");
        assert_eq!(
            Money::new(0.000_001_36, Currency::Cny).per_million().to_string(),
            "¥1.36 per million"
        );
    }

    #[test]
    fn a_width_aligns() {
        assert_eq!(format!("{:>8}", Money::usd(0.2).display()), "   $0.20");
    }
}
