/// The mean of `values`; not a number if there are none.
pub fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

/// The share of `values` that are true; `None` if there are no values.
pub fn share(values: impl Iterator<Item = bool>) -> Option<f64> {
    let (yes, n) = values.fold((0_u32, 0_u32), |(yes, n), value| (yes + u32::from(value), n + 1));
    (n > 0).then(|| f64::from(yes) / f64::from(n))
}

/// The same in %.
pub fn percent(share: Option<f64>) -> Option<f64> {
    share.map(|share| 100.0 * share)
}

/// The middle one of `values`; `None` if there are none.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| three(&mut values).0)
}

/// Median, 90th percentile and mean of `values`, which are not empty.
pub fn three(values: &mut [f64]) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |q: f64| {
        let position = q * (values.len() - 1) as f64;
        let below = position.floor() as usize;
        let next = values[(below + 1).min(values.len() - 1)];
        values[below] + (position - below as f64) * (next - values[below])
    };
    (at(0.5), at(0.9), mean(values.iter().copied()))
}
