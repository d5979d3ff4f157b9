//! Figures as sentences have them.

use crate::thousands;

/// `12,345`
pub(super) fn count(n: u64) -> String {
    thousands(&n.to_string())
}

/// `1 time-out`, `3 time-outs`
pub(in crate::review) fn counted(n: u64, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {one}{s}", count(n))
}

/// `340 ms`, `1.25 s`
pub(in crate::review) fn ms(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 10_000.0 => format!("{:.2} s", ms / 1_000.0),
        ms => format!("{:.1} s", ms / 1_000.0),
    }
}

/// `7.5 %`, `62 %`
pub(in crate::review) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// With a capital letter, unless it begins with a name such as `logs:StartQuery`, and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_word = first.chars().all(char::is_alphabetic);
    let mut chars = text.chars();
    let mut sentence: String = match chars.next() {
        Some(letter) if is_word => letter.to_uppercase().chain(chars).collect(),
        _ => text.to_owned(),
    };
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_as_many_digits_as_are_read() {
        assert_eq!(counted(1, "time-out"), "1 time-out");
        assert_eq!(counted(12_345, "time-out"), "12,345 time-outs");
        assert_eq!(
            [ms(0.84), ms(340.2), ms(1_254.0), ms(61_300.0)],
            ["0.8 ms", "340 ms", "1.25 s", "61.3 s"]
        );
        assert_eq!(sentence("it was not called"), "It was not called.");
        assert_eq!(
            sentence("logs:StartQuery is not allowed."),
            "logs:StartQuery is not allowed."
        );
        assert_eq!([percent(0.0123), percent(0.622)], ["1.2 %", "62 %"]);
    }
}
