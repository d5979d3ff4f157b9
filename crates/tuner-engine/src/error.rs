use tuner_core::{FunctionName, MemorySize};
use uuid::Uuid;

use crate::difference::{Difference, in_words};
use crate::marker::Marker;
use crate::ports::{PortError, StoreError};

/// Why a tuning ended without a result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TuningError {
    /// Lambda refused a call, or could not be reached.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Records could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This kind of function can't be tuned.
    #[error("{function} can't be tuned: {reason}")]
    Untunable {
        /// Which.
        function: String,
        /// Why.
        reason: String,
    },
    /// Another tuning of this function is under way, or was broken off.
    #[error(
        "{function} carries the mark of tuning {tuning_id}, which set its memory size to {set_mb} MB (it was {original_mb} MB): another tuning is under way, or one was broken off"
    )]
    Marked {
        /// Which.
        function: String,
        /// By whom.
        tuning_id: Uuid,
        /// Memory size before that tuning, in MB.
        original_mb: u32,
        /// Memory size it set last, in MB.
        set_mb: u32,
    },
    /// Somebody changed the function in between.
    #[error("{function} was changed by somebody else during the tuning ({what}); their change was left as it is")]
    ForeignChange {
        /// Which.
        function: String,
        /// What was noticed.
        what: String,
    },
    /// The function's description and variables leave no room for the marker.
    #[error(
        "{function} has no room for the marker that protects it: its description has {description} characters and its variables fill the 4 KB they may have"
    )]
    NoRoomForMarker {
        /// Which.
        function: String,
        /// Length of its description.
        description: usize,
    },
    /// The function did not become ready.
    #[error("{function} is not ready after {waited_s} s: {reason}")]
    NotReady {
        /// Which.
        function: String,
        /// For how long it was waited.
        waited_s: u64,
        /// What it says of itself.
        reason: String,
    },
    /// No version could be published at any size.
    #[error("no memory size could be published; at {size}: {reason}")]
    NothingPublished {
        /// The first size.
        size: MemorySize,
        /// What was said.
        reason: String,
    },
    /// The recommendation could not be applied.
    #[error("the recommendation was not applied in full: {reason}")]
    CannotApply {
        /// Why.
        reason: String,
    },
    /// Applying to an alias would put more into production than a memory size.
    #[error(
        "$LATEST differs from version {version}, which alias {alias} points to, in more than its memory size: {}; all of \
         that would be put behind the alias",
        in_words(.differences)
    )]
    AliasDiffers {
        /// Which.
        alias: String,
        /// The version that it points to.
        version: String,
        /// In what.
        differences: Vec<Difference>,
    },
    /// An alias can't be pointed elsewhere without taking part of its traffic away.
    #[error("alias {alias} sends part of its traffic to another version; remove its weighted routing first")]
    AliasWeighted {
        /// Which.
        alias: String,
    },
    /// A view of the result could not be made.
    #[error("cannot render the report: {0}")]
    Report(String),
    /// A processor around the invocations failed.
    #[error("the {which} {function} failed: {reason}")]
    Processor {
        /// "pre-processor" or "post-processor".
        which: &'static str,
        /// Which function.
        function: String,
        /// What it said.
        reason: String,
    },
    /// The user, or whoever runs this process, asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl TuningError {
    /// [`Self::Marked`], as `mark` says.
    pub(crate) fn marked(function: &FunctionName, mark: &Marker) -> Self {
        Self::Marked {
            function: function.to_string(),
            tuning_id: mark.tuning_id,
            original_mb: mark.original_mb,
            set_mb: mark.set_mb,
        }
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        use crate::ports::PortErrorKind as Kind;
        match self {
            Self::Port(e) => match e.kind {
                Kind::NotFound => Some("check the name, the region (--region) and the account".into()),
                Kind::Denied => Some(format!(
                    "allow lambda:{} for these credentials, or refresh them",
                    e.operation
                )),
                Kind::NotSignedIn => Some(
                    "sign in (`aws sso login`, `aws configure`), choose a profile with --profile, a region with --region".into(),
                ),
                Kind::Throttled => Some("lower --max-concurrency, or try again when the account is less busy".into()),
                Kind::Unreachable | Kind::Network => {
                    Some("check the network, the region and AWS_ENDPOINT_URL, then try again".into())
                }
                Kind::MemoryQuota => Some("leave out the larger sizes, or ask AWS to raise the account's quota".into()),
                _ => None,
            },
            Self::Marked { function, .. } => Some(format!(
                "wait until that tuning ends; if it was broken off, put things back with `tuner restore --function {function}`"
            )),
            Self::ForeignChange { .. } => Some("run the tuning again when no deployment is under way".into()),
            Self::AliasDiffers { .. } => Some(
                "deploy to $LATEST what the alias runs, or say that all of $LATEST is meant, with --from-latest \
                 (\"applyFromLatest\": true in the input of the state machine)"
                    .into(),
            ),
            Self::NoRoomForMarker { .. } => Some("shorten the description to 190 characters or fewer".into()),
            Self::Store(_) => Some("choose another place with --out, or make room on the disk".into()),
            _ => None,
        }
    }
}
