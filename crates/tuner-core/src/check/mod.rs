//! Whether what is deployed keeps its limits: the gate of `tuner check`.
//!
//! * [`Limit`] and [`Metric`]: what must hold, and the words it is typed in.
//! * [`ShareTest`] and [`MeanTest`]: what calls show about a limit, valid at every look.
//! * [`Judge`]: invocations in, what they show of every limit out.
//! * [`Gate`]: the limits of one check, those that a baseline makes among them.
//! * [`Check`]: the document.

mod average;
mod baseline;
mod document;
mod figure;
mod gate;
mod judge;
mod limit;
mod share;

pub use average::MeanTest;
pub use baseline::{Baseline, BaselineOf};
pub use document::{CHECK_SCHEMA_VERSION, Check, CheckSource, CheckVerdict, LimitResult, LimitVerdict};
pub use figure::Figure;
pub use gate::Gate;
pub use judge::{Judge, Terms, Undecided, budget, fewest_calls};
pub use limit::{Bound, Condition, ConditionError, Limit, Metric, MetricUnit, limit_of};
pub use share::ShareTest;

/// What measurements show about a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It is kept.
    Kept,
    /// It is broken.
    Broken,
    /// Neither, so far.
    Open,
}
