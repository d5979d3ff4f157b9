//! An interval that holds at every look at once: Robbins' normal mixture.
//!
//! Robbins, Ann. Math. Stat. 41 (1970); as a test it is the mSPRT of Johari et al. (2015), and for averages that are only nearly
//! normal an asymptotic confidence sequence (Waudby-Smith et al., arXiv 2103.06476). Information is one over the variance of
//! the estimate. It is asymptotic: that it holds where it is used is simulated (`examples/live`) and kept in the tests.

/// Scale of effects for which the sequence is narrowest, as a logarithm of a ratio: about 10 %.
pub const TAU: f64 = 0.1;

/// Half the width of the interval at this information, if it may ever miss the truth with probability `alpha`; infinite without
/// information.
pub fn half_width(information: f64, alpha: f64) -> f64 {
    if information.is_nan() || information <= 0.0 {
        return f64::INFINITY;
    }
    // Beyond that no more can be told than now; and its square stays finite.
    let information = information.min(1e100);
    let evidence = (information * TAU * TAU).ln_1p() - 2.0 * alpha.ln();
    ((information + 1.0 / (TAU * TAU)) * evidence.max(0.0)).sqrt() / information
}

/// The least information at which half the width is no more than `half`; infinite for none.
pub fn information_for(half: f64, alpha: f64) -> f64 {
    if half.is_nan() || half <= 0.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (1e-9_f64, 1e18_f64);
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        match half_width(middle, alpha) <= half {
            true => high = middle,
            false => low = middle,
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: I = 12,100: sqrt(12,200 ln(122 / 0.0025)) / 12,100 = 0.03.
    #[test]
    fn widths_are_those_of_the_formula() {
        assert!((half_width(12_100.0, 0.05) - 0.03).abs() < 2e-5);
        for (half, information) in [
            (0.03, 12_100.0),
            (0.05, 3_980.0),
            (0.1, 922.0),
            (0.2, 254.0),
            (0.5, 66.0),
        ] {
            let found = information_for(half, 0.05);
            assert!((found / information - 1.0).abs() < 0.01, "{half}: {found}");
        }
    }

    #[test]
    fn it_is_whole_at_the_ends() {
        assert_eq!(half_width(0.0, 0.05), f64::INFINITY);
        assert_eq!(half_width(f64::NAN, 0.05), f64::INFINITY);
        assert!(half_width(f64::INFINITY, 0.05) >= 0.0);
        assert_eq!(information_for(0.0, 0.05), f64::INFINITY);
        assert!(half_width(1e-300, 0.05) > 1e6);
    }
}
