use tuner_core::{FunctionName, MemorySize, Remedy};
use uuid::Uuid;

use crate::difference::{Difference, in_words};
use crate::marker::{self, Marker};
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
    /// Every size that was asked for is too small by what is known of the function.
    #[error("nothing to measure at {function}: every memory size that was asked for is {reason}")]
    BelowFloor {
        /// Which.
        function: String,
        /// "below the floor of 1,408 MB", and why that is.
        reason: String,
        /// The smallest size that may be used, in MB.
        floor_mb: u32,
    },
    /// Another tuning of this function is under way, or was broken off.
    #[error(
        "{function} carries the mark of tuning {tuning_id}, which set its memory size to {set_mb} MB (it was {original_mb} MB): another tuning is under way, or one was broken off"
    )]
    Marked {
        /// Which.
        function: Box<FunctionName>,
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
    /// Somebody changed the function while it was checked: what was measured is of two functions.
    #[error("{function} was changed while it was checked: {what}; check it again")]
    ChangedWhileChecked {
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
        /// What to do about it.
        remedy: Option<Box<Remedy>>,
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
    /// The function is not there any more.
    #[error("{function} was deleted while it was measured")]
    Deleted {
        /// Which.
        function: Box<FunctionName>,
    },
    /// The user, or whoever runs this process, asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl TuningError {
    /// [`Self::Marked`], as `mark` says.
    pub(crate) fn marked(function: &FunctionName, mark: &Marker) -> Self {
        Self::Marked {
            function: Box::new(function.clone()),
            tuning_id: mark.tuning_id,
            original_mb: mark.original_mb,
            set_mb: mark.set_mb,
        }
    }

    /// What the reader can do about it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Port(e) => e.remedy(),
            Self::BelowFloor { floor_mb, .. } => Some(Remedy::StayAboveFloor { floor_mb: *floor_mb }),
            Self::Marked { function, .. } => Some(Remedy::WaitOrRestore {
                function: FunctionName::clone(function),
            }),
            Self::ForeignChange { .. } => Some(Remedy::TuneAgain),
            Self::AliasDiffers { .. } => Some(Remedy::ConfirmLatest),
            Self::NoRoomForMarker { .. } => Some(Remedy::ShortenDescription {
                characters: marker::ROOM_BESIDE_MARK,
            }),
            Self::Store(_) => Some(Remedy::ChangeStore),
            Self::CannotApply { remedy, .. } => remedy.as_deref().cloned(),
            _ => None,
        }
    }
}
