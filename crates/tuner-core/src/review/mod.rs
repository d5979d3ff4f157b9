//! The memory review: what every function of an account wastes and risks, from what its logs and metrics say.
//!
//! In the order of a review:
//!
//! * [`ListedFunction`]: what Lambda says of a function.
//! * [`Evidence`]: what logs and metrics say of its invocations, per memory size.
//! * [`serving`]: at which of them traffic runs.
//! * [`scan`]: which logs are read for that, within a budget.
//! * [`Gathered`]: all of it, of which [`MemoryReview::new`] makes the document: what a month costs at the account's volume,
//!   what each function wastes and risks, what is different from the last review, and which comes first.
//! * [`Finding`], [`Advice`]: what the evidence means, and what to do about it.
//! * [`MemoryReview`]: the document. [`MemoryReview::worth_tuning`] says what to measure, and with
//!   [`MemoryReview::with_tuned`] what was measured takes the place of bounds. [`Changes`] are against the last review.
//! * [`AdviceFile`]: what people decided about its advice, and [`MemoryReview::with_advice_file`] what follows of that.
//! * [`ReviewTrend`]: what several reviews say together.
//! * [`GroupBy`]: whose functions they are; [`MemoryReview::grouped_by`] sums up, [`MemoryReview::of_group`] takes one out.

mod advice_file;
mod beside;
mod carried;
mod changes;
mod decided;
mod document;
mod evidence;
mod finding;
mod function;
mod gathered;
mod groups;
mod history;
mod judge;
mod money;
mod noise;
mod rank;
mod resized;
pub mod scan;
pub mod serving;
mod trend;
mod tuned;
mod unjudged;
mod usage;
mod version;

pub use advice_file::{Accept, AdviceFile, AdviceFileError, AdviceFileProblem, Ignore, OVERDUE_AFTER_DAYS, OwnerRule};
pub use beside::{Beside, Nearer};
pub use changes::{Changes, Followed};
pub use decided::{Accepted, AdviceFileUse, AdviceList, Decided, Expired, IgnoredFinding, Unused, UnusedEntry};
pub use document::{
    FunctionReview, MemoryReview, MonthlyCost, PreviousReview, REVIEW_SCHEMA_VERSION, RegionReview, RegisteredPayload,
    Scan, Totals, Tuned, WindowCost,
};
pub use evidence::{
    DAYS_PER_MONTH, Durations, Evidence, Gap, LogsBy, LogsRead, Metrics, Missing, OptimizerFinding, ProjectedDuration,
    SizeEvidence, Unreported, Why, Window,
};
pub use finding::{Action, Advice, Finding, FindingKind, Saving, SavingBasis};
pub use function::{ListedFunction, PackageType, ProvisionedConcurrency};
pub use gathered::{Fallback, Gathered};
pub use groups::{Group, GroupBy, Groups, OfGroup, UnknownGrouping};
pub use resized::{Resized, Worse};
pub use serving::Serving;
pub use trend::{
    ChangeCause, CostChange, FollowedAdvice, Mover, NoTrend, Realised, ReviewInBrief, ReviewTrend,
    TREND_SCHEMA_VERSION, TrendWarning,
};
pub use unjudged::{Judged, Unjudged};
pub use version::{Alias, FunctionVersion, NoVersion, PublishedVersion, VersionSeen};
