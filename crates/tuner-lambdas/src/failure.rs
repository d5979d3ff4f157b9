use lambda_runtime::Diagnostic;
use tuner_engine::TuningError;
use tuner_engine::ports::{PortErrorKind, StoreError};
use tuner_engine::review::ReviewError;
use tuner_report::{Reader, remedy};

/// What a handler comes to.
pub(crate) type Failed<T> = Result<T, Diagnostic>;

/// An error by the name that a state machine catches. The names are part of the contract and never change.
pub(crate) fn named(error_type: &str, message: impl std::fmt::Display) -> Diagnostic {
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: message.to_string(),
    }
}

/// A failed step.
pub(crate) fn of_step(error: &TuningError) -> Diagnostic {
    let name = match error {
        TuningError::Port(e) => port_name(e.kind),
        TuningError::Store(_) => "Tuner.Store",
        TuningError::Untunable { .. } | TuningError::BelowFloor { .. } | TuningError::NoRoomForMarker { .. } => {
            "Tuner.Untunable"
        }
        TuningError::Marked { .. } => "Tuner.Marked",
        TuningError::ForeignChange { .. } | TuningError::ChangedWhileChecked { .. } => "Tuner.ForeignChange",
        TuningError::Deleted { .. } => "Tuner.NotFound",
        TuningError::AliasDiffers { .. } | TuningError::AliasWeighted { .. } => "Tuner.Alias",
        TuningError::NotReady { .. } => "Tuner.NotReady",
        TuningError::NothingPublished { .. } => "Tuner.NothingPublished",
        TuningError::CannotApply { .. } => "Tuner.CannotApply",
        TuningError::Report(_) => "Tuner.Report",
        TuningError::Processor { .. } => "Tuner.Processor",
        TuningError::Interrupted => "Tuner.Interrupted",
    };
    with_advice(name, error, advice(error))
}

/// What somebody in the console can do about it: fields of the input, and parameters of the deployment.
fn advice(error: &TuningError) -> Option<String> {
    match error {
        TuningError::Processor { reason, .. } if reason.contains("AccessDenied") => Some(
            "lambda_resource (lambdaResource) of the deployment must cover the processor, and its own policy must allow \
             lambda:InvokeFunction where it is in another account"
                .to_owned(),
        ),
        // It says itself what it takes.
        TuningError::Store(_) => None,
        error => error.remedy().map(|what| remedy(&what, Reader::Console)),
    }
}

/// `error`, with what to do about it.
fn with_advice(name: &str, error: &impl std::fmt::Display, advice: Option<String>) -> Diagnostic {
    match advice {
        Some(advice) => named(name, format!("{error}; {advice}")),
        None => named(name, error),
    }
}

/// A failed step of a review.
pub(crate) fn of_review(error: &ReviewError) -> Diagnostic {
    let name = match error {
        ReviewError::Store(_) => "Tuner.Store",
        ReviewError::NothingListed { error, .. } => port_name(error.kind),
        ReviewError::NoRegion | ReviewError::Input(_) => "Tuner.Input",
        ReviewError::Broken { .. } => "Tuner.Broken",
        ReviewError::Report(_) => "Tuner.Report",
        ReviewError::Declined | ReviewError::Interrupted => "Tuner.Interrupted",
    };
    let advice = error.remedy().map(|what| remedy(&what, Reader::Console));
    with_advice(name, error, advice)
}

/// A call that failed.
pub(crate) const fn port_name(kind: PortErrorKind) -> &'static str {
    match kind {
        PortErrorKind::Throttled => "Tuner.Throttled",
        PortErrorKind::Conflict => "Tuner.Conflict",
        PortErrorKind::Service | PortErrorKind::Network | PortErrorKind::Unreachable => "Tuner.Service",
        PortErrorKind::Denied | PortErrorKind::NotSignedIn => "Tuner.Denied",
        PortErrorKind::NotFound => "Tuner.NotFound",
        _ => "Tuner.Refused",
    }
}

/// A store that could not be read or written.
pub(crate) fn of_store(error: &StoreError) -> Diagnostic {
    named("Tuner.Store", error)
}

#[cfg(test)]
mod tests {
    use tuner_engine::ports::PortError;

    use super::*;

    #[test]
    fn advice_is_for_the_person_in_the_console() {
        let kinds = [
            PortErrorKind::NotFound,
            PortErrorKind::Denied,
            PortErrorKind::NotSignedIn,
            PortErrorKind::Throttled,
            PortErrorKind::Network,
            PortErrorKind::MemoryQuota,
        ];
        for kind in kinds {
            for operation in ["GetFunction", "Invoke", "FilterLogEvents"] {
                let said = of_step(&PortError::new(kind, operation, "no").into()).error_message;
                assert!(!said.contains("--") && !said.contains("these credentials"), "{said}");
                let error = ReviewError::NothingListed {
                    regions: "eu-west-1".into(),
                    error: PortError::new(kind, operation, "no"),
                };
                let said = of_review(&error).error_message;
                assert!(!said.contains("--") && !said.contains("these credentials"), "{said}");
            }
        }
        let said = |operation, message| {
            let error = PortError::new(PortErrorKind::Denied, operation, message);
            of_step(&error.into()).error_message
        };
        let no_region = of_review(&ReviewError::NoRegion).error_message;
        assert_eq!(no_region, "there is no region to review; name one in regions");
        let below = TuningError::CannotApply {
            reason: "128 MB is below the floor of 256 MB".into(),
            remedy: Some(Box::new(tuner_core::Remedy::StayAboveFloor { floor_mb: 256 })),
        };
        let below = of_step(&below).error_message;
        assert!(
            below.contains("\"riskFailuresBelowFloor\": true") && !below.contains("--"),
            "{below}"
        );
        assert!(said("Invoke", "no").contains("lambda:InvokeFunction: lambda_resource"));
        assert!(said("FilterLogEvents", "no").contains("log_group_resource"));
        let assumed = said(
            "GetFunction",
            "AccessDenied: not authorized to perform: sts:AssumeRole on resource: arn:x",
        );
        assert!(
            assumed.contains("sts:AssumeRole on roleARN: assumable_role_arns"),
            "{assumed}"
        );
        assert!(!assumed.contains("lambda:GetFunction"), "{assumed}");
    }
}
