//! Numbers as people read them.

/// A time: `850 µs`, `12.3 ms`, `1.24 s`, `3 min 20 s`.
pub(crate) fn duration(ms: f64) -> String {
    match ms {
        ms if ms < 1.0 => format!("{:.0} µs", ms * 1000.0),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms if ms < 59_995.0 => format!("{:.2} s", ms / 1000.0),
        ms => {
            let seconds = (ms / 1000.0).round() as u64;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

/// A count with thousands separators.
pub(crate) fn count(n: u64) -> String {
    tuner_core::thousands(&n.to_string())
}

/// `1 version`, `3 versions`.
pub(crate) fn plural(n: u64, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{} {one}s", count(n))
    }
}

/// Bytes, as they are charged for: `3.40 GB`, `12.5 MB`, `1 kB`.
pub(crate) fn bytes(n: u64) -> String {
    let n = n as f64;
    match n {
        n if n < 1e6 => format!("{:.0} kB", (n / 1e3).ceil()),
        n if n < 1e9 => format!("{:.1} MB", n / 1e6),
        n => format!("{:.2} GB", n / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_well() {
        assert_eq!(duration(0.85), "850 µs");
        assert_eq!(duration(12.34), "12.3 ms");
        assert_eq!(duration(1240.0), "1.24 s");
        assert_eq!(duration(200_000.0), "3 min 20 s");
        assert_eq!(
            (duration(59_999.0), duration(119_999.0)),
            ("1 min 0 s".into(), "2 min 0 s".into())
        );
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(
            (bytes(0), bytes(1), bytes(12_500_000)),
            ("0 kB".into(), "1 kB".into(), "12.5 MB".into())
        );
        assert_eq!(bytes(3_400_000_000), "3.40 GB");
        assert_eq!(
            (plural(1, "version"), plural(1200, "version")),
            ("1 version".into(), "1,200 versions".into())
        );
    }
}
