//! Where an axis has its marks.

/// Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, at most `most` of them; for a log axis.
pub(super) fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let steps: [&[f64]; 4] = [
        &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
        &[1.0, 2.0, 3.0, 5.0],
        &[1.0, 2.0, 5.0],
        &[1.0],
    ];
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let all = |steps: &[f64]| -> Vec<f64> {
        decades
            .clone()
            .flat_map(|decade| {
                steps
                    .iter()
                    .map(move |step| round_to(step * 10_f64.powi(decade), decade))
            })
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
    if !(raw > 0.0 && raw.is_finite()) {
        return vec![low];
    }
    let decade = raw.log10().floor() as i32;
    let unit = 10_f64.powi(decade);
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|s| s * unit)
        .find(|s| *s >= raw)
        .unwrap_or(10.0 * unit);
    let first = (low / step).ceil() as i64;
    (first..)
        .map(|i| round_to(i as f64 * step, decade - 1))
        .take_while(|tick| *tick <= high)
        .collect()
}

/// Without the dust of binary fractions below the power of ten `decade`.
fn round_to(value: f64, decade: i32) -> f64 {
    let unit = 10_f64.powi(2 - decade);
    (value * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

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
