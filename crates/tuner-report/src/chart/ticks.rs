//! Where an axis has its marks.

/// Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, at most `most` of them; for a log axis, on which
/// nothing below or at zero has a place.
pub(super) fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let steps: [&[f64]; 4] = [
        &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
        &[1.0, 2.0, 3.0, 5.0],
        &[1.0, 2.0, 5.0],
        &[1.0],
    ];
    if !(low > 0.0 && high.is_finite()) {
        return Vec::new();
    }
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let all = |steps: &[f64]| -> Vec<f64> {
        decades
            .clone()
            .flat_map(|decade| steps.iter().map(move |&step| scaled(step, decade)))
            .filter(|tick| (low..=high).contains(tick))
            .collect()
    };
    let mut ticks = steps
        .iter()
        .map(|s| all(s))
        .find(|ticks| ticks.len() <= most)
        .unwrap_or_else(|| all(&[1.0]));
    // Less than one of those steps: an even scale is as good as a log one there.
    if ticks.len() < 2 {
        ticks = linear_ticks(low, high, most);
    }
    let every = ticks.len().div_ceil(most.max(1)).max(1);
    ticks.into_iter().step_by(every).collect()
}

/// Multiples of a round number from `low` to `high`, about `most` of them.
pub(super) fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let raw = (high - low) / most.max(1) as f64;
    // Below the normal numbers there are too few digits left to divide by; an infinite width cannot be divided.
    if !raw.is_normal() || raw < 0.0 {
        return vec![low];
    }
    let decade = raw.log10().floor() as i32;
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|step| scaled(step, decade))
        .find(|step| *step >= raw)
        .unwrap_or(raw);
    let first = (low / step).ceil();
    (0..=most as u32 + 1)
        .map(|i| without_dust((first + f64::from(i)) * step))
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

/// `step` times a power of ten: the number that this reads as, also where the power alone is none.
fn scaled(step: f64, decade: i32) -> f64 {
    format!("{step}e{decade}").parse().unwrap_or(f64::NAN)
}

/// Without the dust of binary fractions: 0.06 for 3 x 0.02. An axis has no use for more than 12 digits.
fn without_dust(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a document may say, and what calculating with that may come to.
    const EXTREMES: [f64; 12] = [
        -1.0,
        0.0,
        5e-324,
        1e-320,
        f64::MIN_POSITIVE,
        1e-300,
        1e-9,
        1.0,
        1e300,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ];

    fn assert_sound(low: f64, high: f64) {
        for most in [0, 1, 4, 7] {
            for ticks in [log_ticks(low, high, most), linear_ticks(low, high, most)] {
                assert!(ticks.len() <= most + 2, "{low} to {high}: {} ticks", ticks.len());
                let between = |tick: &f64| (low..=high).contains(tick);
                assert!(
                    ticks.iter().all(between) || ticks.len() == 1,
                    "{low} to {high}: {ticks:?}"
                );
                assert!(ticks.is_sorted(), "{low} to {high}: {ticks:?}");
            }
        }
    }

    #[test]
    fn whatever_the_edges_are_there_are_few_ticks_between_them() {
        for low in EXTREMES {
            for high in EXTREMES {
                assert_sound(low, high);
            }
        }
    }

    proptest! {
        #[test]
        fn ticks_lie_between_the_edges(one in any::<f64>(), other in any::<f64>(), width in 1e-16_f64..1e3) {
            let (one, other) = (one.abs(), other.abs());
            assert_sound(one.min(other), one.max(other));
            assert_sound(one, one * (1.0 + width));
        }

        #[test]
        fn an_axis_of_real_durations_has_ticks(low in 1e-3_f64..1e6, octaves in 1.0_f64..20.0) {
            let ticks = log_ticks(low, low * octaves.exp2(), 6);
            prop_assert!((2..=6).contains(&ticks.len()), "{low}, {octaves}: {ticks:?}");
        }
    }

    #[test]
    fn log_ticks_are_few_and_round() {
        assert_eq!(log_ticks(90.0, 2500.0, 5), [100.0, 200.0, 500.0, 1000.0, 2000.0]);
        assert_eq!(log_ticks(0.9, 20_000.0, 6), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(log_ticks(205.0, 209.0, 5), [205.0, 206.0, 207.0, 208.0, 209.0]);
    }

    #[test]
    fn linear_ticks_begin_at_zero() {
        assert_eq!(linear_ticks(0.0, 4.3, 4), [0.0, 2.0, 4.0]);
        assert_eq!(linear_ticks(0.0, 0.07, 4), [0.0, 0.02, 0.04, 0.06]);
        assert_eq!(linear_ticks(0.0, 0.0, 4), [0.0]);
    }
}
