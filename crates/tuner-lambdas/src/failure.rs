use lambda_runtime::Diagnostic;
use tuner_engine::TuningError;
use tuner_engine::ports::{PortErrorKind, StoreError};
use tuner_engine::review::ReviewError;

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
        TuningError::Untunable { .. } | TuningError::NoRoomForMarker { .. } => "Tuner.Untunable",
        TuningError::Marked { .. } => "Tuner.Marked",
        TuningError::ForeignChange { .. } => "Tuner.ForeignChange",
        TuningError::AliasDiffers { .. } | TuningError::AliasWeighted { .. } => "Tuner.Alias",
        TuningError::NotReady { .. } => "Tuner.NotReady",
        TuningError::NothingPublished { .. } => "Tuner.NothingPublished",
        TuningError::CannotApply { .. } => "Tuner.CannotApply",
        TuningError::Report(_) => "Tuner.Report",
        TuningError::Processor { .. } => "Tuner.Processor",
        TuningError::Interrupted => "Tuner.Interrupted",
    };
    match error.hint().filter(|_| !matches!(error, TuningError::Store(_))) {
        Some(hint) => named(name, format!("{error}; {hint}")),
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
    named(name, error)
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
