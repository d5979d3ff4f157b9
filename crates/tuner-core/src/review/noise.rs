//! How far a mean may be off by chance.

use super::SizeEvidence;

/// So many standard errors are beyond noise, with thousands of functions compared at a time.
pub(super) const BEYOND_NOISE: f64 = 3.5;
/// Standard deviations from the median to the 95th and 99th percentile, if values were normal.
const TO_P95: f64 = 1.645;
const TO_P99: f64 = 2.326;

/// Standard deviation of the duration, in ms. Only percentiles are kept; the widest reading of them counts.
fn deviation_ms(size: &SizeEvidence) -> f64 {
    let d = &size.duration;
    ((d.p95_ms - d.p50_ms) / TO_P95)
        .max((d.p99_ms - d.p50_ms) / TO_P99)
        .max(0.0)
}

/// Standard error of the mean duration, as a share of it.
pub(super) fn duration_error(size: &SizeEvidence) -> f64 {
    deviation_ms(size) / (size.invocations as f64).sqrt() / size.duration.mean_ms.max(f64::MIN_POSITIVE)
}

/// Standard error of the mean billed duration, as a share of it: how many began cold is chance, too.
pub(super) fn billed_error(size: &SizeEvidence) -> f64 {
    let cold = size.cold_share();
    let init_ms = size.init_sum_ms / size.cold_starts.max(1) as f64;
    let init_variance = init_ms.powi(2) * cold * (1.0 - cold);
    let deviation = (deviation_ms(size).powi(2) + init_variance).sqrt();
    deviation / (size.invocations as f64).sqrt() / size.mean_billed_ms().unwrap_or(0.0).max(f64::MIN_POSITIVE)
}
