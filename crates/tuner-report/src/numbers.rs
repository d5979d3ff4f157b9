//! How numbers read. Rounding happens here and nowhere else.

use tuner_core::Estimate;
use tuner_core::pricing::{Currency, Money};

/// Milliseconds, without the unit: three significant digits or more, thousands separated.
pub(crate) fn ms(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    decimal(value, decimals)
}

/// A whole number with thousands separators.
pub(crate) fn count(value: u64) -> String {
    tuner_core::thousands(&value.to_string())
}

/// `value` with this many decimals, a thousands separator and U+2212 as its minus.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let sign = if value < 0.0 && !is_zero { "\u{2212}" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", tuner_core::thousands(whole))
}

/// An amount of money, with U+2212 as its minus.
pub(crate) fn money(amount: f64, currency: Currency) -> String {
    Money::new(amount, currency)
        .display()
        .to_string()
        .replace('-', "\u{2212}")
}

/// GB-seconds: three significant digits or more.
pub(crate) fn gb_seconds(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.009_995 => 4,
        _ => 6,
    };
    decimal(value, decimals)
}

/// What a printed number says: the value a reader would compute with.
pub(crate) fn as_read(text: &str) -> f64 {
    let digits: String = text
        .chars()
        .filter_map(|c| match c {
            '0'..='9' | '.' => Some(c),
            '\u{2212}' | '-' => Some('-'),
            _ => None,
        })
        .collect();
    digits.parse().unwrap_or(f64::NAN)
}

/// The change from one printed number to another as a ratio: what a reader's own calculation gives. `None` from zero.
pub(crate) fn change(before: &str, after: &str) -> Option<f64> {
    let (before, after) = (as_read(before), as_read(after));
    let change = after / before - 1.0;
    (before > 0.0 && change.is_finite()).then_some(change)
}

/// A ratio as whole per cent without sign: `39 %`; one decimal below 1 %.
pub(crate) fn percent(ratio: f64) -> String {
    let percent = ratio.abs() * 100.0;
    if percent > 0.0 && percent < 0.95 {
        return format!("{} %", decimal(percent, 1));
    }
    format!("{} %", decimal(percent, 0))
}

/// A ratio as per cent with its sign: `+5 %`, `−39 %`.
pub(crate) fn signed_percent(ratio: f64) -> String {
    let text = percent(ratio);
    if as_read(&text) == 0.0 {
        return text;
    }
    format!("{}{text}", if ratio < 0.0 { "\u{2212}" } else { "+" })
}

/// A number as somebody would type it: no more decimals than it needs, thousands separated.
pub(crate) fn plain(value: f64) -> String {
    let is_whole = |d: i32| (value * 10_f64.powi(d) - (value * 10_f64.powi(d)).round()).abs() < 1e-6;
    let decimals = (0..6).find(|&d| is_whole(d)).unwrap_or(6);
    decimal(value, decimals as usize)
}

/// A probability as whole per cent, never as certainty.
pub(crate) fn probability(p: f64) -> String {
    match p * 100.0 {
        percent if percent < 1.0 => "less than 1 %".to_owned(),
        percent if percent > 99.0 => "more than 99 %".to_owned(),
        percent => format!("{} %", decimal(percent, 0)),
    }
}

/// What is known of the interval of a percentile: both bounds, the lower one, or that there are too few values for one.
pub(crate) fn bounds(estimate: Estimate, show: impl Fn(f64) -> String) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{}–{}", show(low), show(high)),
        (Some(low), None) => format!("≥ {}", show(low)),
        (None, Some(high)) => format!("≤ {}", show(high)),
        (None, None) => "n too small".to_owned(),
    }
}

/// The interval of an estimate as `low–high`, each bound shown by `show`; `None` if a bound is missing.
pub(crate) fn interval(estimate: Estimate, show: impl Fn(f64) -> String) -> Option<String> {
    Some(format!("{}–{}", show(estimate.low?), show(estimate.high?)))
}

/// A number of invocations: `3M`, `250k`, `1,200`.
pub(crate) fn short_count(n: f64) -> String {
    let scaled = |unit: f64, letter: &str| {
        let value = (n / unit * 100.0).round() / 100.0;
        let decimals = (0..2).find(|&d| (value * 10_f64.powi(d)).fract() == 0.0).unwrap_or(2);
        format!("{}{letter}", decimal(value, decimals as usize))
    };
    match n {
        n if n >= 1e6 => scaled(1e6, "M"),
        n if n >= 1e4 => scaled(1e3, "k"),
        n => decimal(n, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_three_digits_or_more() {
        for (value, text) in [
            (0.0, "0.00"),
            (0.123, "0.12"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (99.94, "99.9"),
            (99.96, "100"),
            (645.4, "645"),
            (12_345.6, "12,346"),
            (-3.2, "\u{2212}3.20"),
        ] {
            assert_eq!(ms(value), text, "{value}");
        }
    }

    #[test]
    fn counts_are_short() {
        assert_eq!(
            [3e6, 2.5e6, 1.25e7, 25_000.0, 1200.0].map(short_count),
            ["3M", "2.5M", "12.5M", "25k", "1,200"]
        );
    }

    #[test]
    fn a_printed_number_reads_back() {
        assert_eq!(as_read("$1,234.50"), 1234.5);
        assert_eq!(as_read("\u{2212}3.20"), -3.2);
        assert_eq!(as_read(&money(0.000_002_1, Currency::Usd)), 0.000_002_1);
    }

    #[test]
    fn a_number_has_the_decimals_it_was_typed_with() {
        assert_eq!(
            [0.0, 0.02, 2.5, 200.0, 20_000.0].map(plain),
            ["0", "0.02", "2.5", "200", "20,000"]
        );
    }

    #[test]
    fn nothing_is_certain() {
        assert_eq!(
            [0.0, 0.004, 0.12, 0.5, 0.997].map(probability),
            ["less than 1 %", "less than 1 %", "12 %", "50 %", "more than 99 %"]
        );
    }

    #[test]
    fn a_bound_that_is_missing_is_not_made_up() {
        let of = |low, high| bounds(Estimate { value: 20.0, low, high }, ms);
        assert_eq!(of(Some(10.0), Some(30.0)), "10.0–30.0");
        assert_eq!(of(Some(10.0), None), "≥ 10.0");
        assert_eq!(of(None, None), "n too small");
    }

    /// Edge case 66: the percentage is the one the reader gets from the two figures beside it.
    #[test]
    fn percentages_agree_with_the_figures_they_compare() {
        assert_eq!(percent(change("645", "396").unwrap()), "39 %");
        assert_eq!(signed_percent(change("$9.10", "$9.56").unwrap()), "+5 %");
        assert_eq!(signed_percent(change("100", "99.9").unwrap()), "\u{2212}0.1 %");
        assert_eq!(signed_percent(0.0), "0 %");
        assert_eq!(change("0.00", "1.00"), None);
    }
}
