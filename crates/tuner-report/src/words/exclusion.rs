//! Why a size was not considered, in words that go behind "512 MB was not considered:".

use tuner_core::{Constraint, ExclusionReason};

pub(crate) fn exclusion(memory_size_mb: u32, reason: &ExclusionReason) -> String {
    match reason {
        ExclusionReason::AboveLimit {
            constraint: Constraint::Duration { statistic, .. },
            value,
            limit,
        } => format!("{statistic} of {value:.1} ms is above the limit of {limit} ms"),
        ExclusionReason::AboveLimit {
            constraint: Constraint::CostAboveCheapest { max_pct },
            value,
            limit,
        } => format!(
            "it costs {:.1} % more than the cheapest size, above the limit of {max_pct} %",
            (value / limit * (1.0 + max_pct / 100.0) - 1.0) * 100.0
        ),
        ExclusionReason::AboveLimit {
            constraint: Constraint::CostPerMillion { .. },
            value,
            limit,
        } => format!("a million invocations cost {value:.2}, above the limit of {limit}"),
        ExclusionReason::BelowFloor { floor_mb } => {
            format!("below {floor_mb} MB, the least by what was known before")
        }
        ExclusionReason::TooLittleHeadroom { used_mb, headroom } => format!(
            "{used_mb} of {memory_size_mb} MB were used: less than {:.0} % to spare",
            headroom * 100.0
        ),
        ExclusionReason::NotFasterThanOneVcpu {
            one_vcpu_mb,
            least_gain,
        } => format!(
            "above one vCPU ({one_vcpu_mb} MB) and not {:.0} % faster than a smaller size",
            least_gain * 100.0
        ),
        ExclusionReason::TooFewInvocations { least } => {
            format!("with fewer than {least} measured invocations it can't be chosen")
        }
        ExclusionReason::PayloadsMissing { measured, of } => {
            format!("only {measured} of the {of} payloads were measured there, so its mean is that of another mix")
        }
        ExclusionReason::InWords { text } => text.clone(),
        // One that is added to the core is to be worded here.
        _ => "for a reason that this version has no words for".to_owned(),
    }
}
