use tuner_core::Remedy;

use crate::execution::InputErrors;
use crate::ports::{PortError, StoreError};

/// Why a review ended without a document.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReviewError {
    /// What was found out could not be kept or read again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No region could be read.
    #[error("no function could be listed in {regions}: {error}")]
    NothingListed {
        /// The regions asked for.
        regions: String,
        /// What the first of them said.
        #[source]
        error: PortError,
    },
    /// There is no region to look at.
    #[error("there is no region to review")]
    NoRegion,
    /// The request is wrong.
    #[error(transparent)]
    Input(#[from] InputErrors),
    /// An object of this review is missing, or is not what this version writes.
    #[error("{key} of review {review_id} {problem}; begin the review again")]
    Broken {
        /// The object.
        key: String,
        /// The review.
        review_id: uuid::Uuid,
        /// What is the matter with it.
        problem: String,
    },
    /// A view of the result could not be made.
    #[error("cannot render the report: {0}")]
    Report(String),
    /// The user did not want to pay for it.
    #[error("the review was not carried out, since its cost was not agreed to")]
    Declined,
    /// The user, or whoever runs this process, asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl ReviewError {
    /// What the reader can do about it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NothingListed { error, .. } => error.remedy(),
            Self::NoRegion => Some(Remedy::NameRegions),
            _ => None,
        }
    }
}
