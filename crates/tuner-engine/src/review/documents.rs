//! What a review keeps between its steps, and under which keys.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tuner_core::review::{Evidence, ListedFunction, RegionReview, Scan, Window};
use uuid::Uuid;

use super::ports::LogClass;
use super::{ReviewContext, ReviewError, ReviewRequest};

/// Where the documents of a review are: `reviews/{review_id}/...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys(pub Uuid);

impl Keys {
    /// The [`Listing`].
    pub fn listing(self) -> String {
        self.of("listing.json")
    }

    /// A [`Batch`].
    pub fn batch(self, number: u32) -> String {
        self.of(&format!("batches/{number:04}.json"))
    }

    /// What was found out of a batch so far.
    pub(super) fn looking(self, number: u32) -> String {
        self.of(&format!("looking/{number:04}.json"))
    }

    /// What was found out of a batch: its [`BatchEvidence`].
    pub fn evidence(self, number: u32) -> String {
        self.of(&format!("evidence/{number:04}.json"))
    }

    /// The [`MemoryReview`](tuner_core::review::MemoryReview) before anything was tuned.
    pub(super) fn ranked(self) -> String {
        self.of("ranked.json")
    }

    /// The [`MemoryReview`](tuner_core::review::MemoryReview).
    pub fn review(self) -> String {
        self.of("review.json")
    }

    /// Any object of this review.
    pub fn of(self, name: &str) -> String {
        format!("reviews/{}/{name}", self.0)
    }

    /// Its entry in the index of all reviews.
    pub fn history(self) -> String {
        format!("{HISTORY}{}.json", self.0)
    }
}

/// Below this the index of all reviews is; IDs order them by the time they began.
pub const HISTORY: &str = "review-history/";

/// What there is to look at. Small, whatever the number of functions: it travels between the steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// The review.
    pub review_id: Uuid,
    /// What was asked.
    pub request: ReviewRequest,
    /// When it began.
    pub started_at: Timestamp,
    /// The time looked back on.
    pub window: Window,
    /// The account, if any function said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Every region asked for.
    pub regions: Vec<RegionReview>,
    /// Functions found, in all of them.
    pub functions: u64,
    /// What is looked at at a time.
    pub batches: Vec<BatchInBrief>,
    /// What scanning logs is expected to take.
    pub scan: Scan,
    /// What the reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A batch, as far as it matters to who hands them out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchInBrief {
    /// Its number, from 1.
    pub number: u32,
    /// The region its functions are in.
    pub region: String,
    /// How many there are.
    pub functions: u32,
}

/// Functions of a region that are looked at together. All functions that log to the same group are in the same one, so that no
/// group is scanned twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Its number, from 1.
    pub number: u32,
    /// The region.
    pub region: String,
    /// The time looked back on.
    pub window: Window,
    /// The functions, with what is known of them.
    pub functions: Vec<Known>,
    /// How their log groups are read; none that need not or cannot be read.
    pub groups: BTreeMap<String, Reading>,
    /// Bytes that may be scanned for this batch.
    pub most_bytes: u64,
    /// Role as which the account is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

/// A function, and what is known of its invocations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// As it is configured.
    pub function: ListedFunction,
    /// What is known so far.
    pub evidence: Evidence,
}

/// How a log group is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The time that is read; it ends with that of the review.
    pub window: Window,
    /// Whether everything of that time is scanned, and paid for. Otherwise a sample of reports is read, which is free.
    pub scanned: bool,
    /// The group's class; a query is about groups of one class.
    #[serde(default)]
    pub class: LogClass,
}

/// What was found out of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchEvidence {
    /// Which.
    pub number: u32,
    /// Its functions.
    pub functions: Vec<Known>,
    /// Bytes that were scanned and are charged for.
    pub bytes_scanned: u64,
    /// Queries that were made.
    pub queries: u64,
    /// What the reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl ReviewContext {
    /// Keeps a document.
    pub(super) async fn keep<T: Serialize + Sync>(&self, key: &str, document: &T) -> Result<String, ReviewError> {
        // Maps have text keys and numbers are finite or null: serialising can't fail on data that was read.
        let bytes = serde_json::to_vec(document).map_err(|e| ReviewError::Report(format!("{key}: {e}")))?;
        Ok(self.store.put(key, &bytes).await?)
    }

    /// Reads a document that may be missing.
    pub(super) async fn kept<T: DeserializeOwned>(&self, keys: Keys, key: &str) -> Result<Option<T>, ReviewError> {
        let Some(bytes) = self.store.get(key).await? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| ReviewError::Broken {
                key: key.to_owned(),
                review_id: keys.0,
                problem: format!("cannot be read ({e})"),
            })
    }

    /// Reads a document that must be there.
    pub(super) async fn expected<T: DeserializeOwned>(&self, keys: Keys, key: &str) -> Result<T, ReviewError> {
        self.kept(keys, key).await?.ok_or_else(|| ReviewError::Broken {
            key: key.to_owned(),
            review_id: keys.0,
            problem: "is missing".to_owned(),
        })
    }
}
