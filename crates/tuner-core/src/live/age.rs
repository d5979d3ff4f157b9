//! The age of an execution environment: how many invocations it had before this one.
//!
//! Caches, pools and compilers make the first tens to hundreds of invocations slower, and a new version has none but young
//! environments. Two arms of equal code and size therefore compare as equal at equal age only.

/// Age classes for comparing: each is 1.4 times as wide as the one before, so that ageing within one is of no account.
pub(super) const CLASSES: usize = 67;
/// Age classes for percentiles, which need more values each: four times as wide.
pub(super) const BANDS: usize = 6;
/// From this age on an environment counts as settled.
pub(super) const SETTLED: u32 = 100;

/// The class of an age: limits are 1.4^k.
pub(super) fn class(age: u32) -> usize {
    const LN_STEP: f64 = 0.336_472_236_621_212_9;
    let k = (f64::from(age.max(1)).ln() / LN_STEP) as usize;
    k.min(CLASSES - 1)
}

/// The band of an age: limits are 4^k.
pub(super) fn band(age: u32) -> usize {
    (age.max(1).ilog2() as usize / 2).min(BANDS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_widen() {
        let classes = [0, 1, 2, 3, 4, 5, 100, 140].map(class);
        assert_eq!(classes, [0, 0, 2, 3, 4, 4, 13, 14]);
        assert!(class(u32::MAX) < CLASSES);
        assert_eq!([0, 3, 4, 15, 16, 1_024, u32::MAX].map(band), [0, 0, 1, 1, 2, 5, 5]);
    }
}
