//! Notes of invocations that are paid for before their record is in the store: whoever goes on after a step was cut off
//! knows of every one that was begun.
//!
//! A note is written before the call and goes after its record was stored, which names it: what is cut off in between is
//! neither lost nor counted twice.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tuner_core::{InvocationRecord, MemorySize, Outcome};
use uuid::Uuid;

use crate::Context;
use crate::ports::{Store, StoreError};

/// An invocation that was begun, or was about to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) id: Uuid,
    /// By which its REPORT is found; unknown until Lambda took an asynchronous call, and for a call that is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<String>,
    pub(super) begun_at: Timestamp,
    pub(super) payload_index: u32,
    pub(super) version: u64,
    pub(super) memory_size: MemorySize,
    /// How many there may be of it at the same time: more than one where those that are waited for share a note, which then stays
    /// as long as one follows another, while each record is stored as it is made.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(super) at_once: u32,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_one(number: &u32) -> bool {
    *number == 1
}

const FOLDER: &str = "pending";

fn folder(size: MemorySize) -> String {
    format!("{FOLDER}/{:05}/", size.mb())
}

impl Pending {
    /// Notes an invocation that is about to be begun, or that so many at a time are.
    ///
    /// # Errors
    /// When the store can't be written: then it must not be begun.
    pub(super) async fn note(
        ctx: &Context,
        memory_size: MemorySize,
        version: u64,
        payload_index: u32,
        at_once: u32,
    ) -> Result<Self, StoreError> {
        let pending = Self {
            id: Uuid::now_v7(),
            request_id: None,
            begun_at: ctx.clock.now(),
            payload_index,
            version,
            memory_size,
            at_once,
        };
        pending.put(&*ctx.store).await?;
        Ok(pending)
    }

    /// Notes by which ID it is found.
    pub(super) async fn found_by(&mut self, ctx: &Context, request_id: String) {
        self.request_id = Some(request_id);
        if let Err(error) = self.put(&*ctx.store).await {
            // It runs, and this process still knows of it.
            tracing::warn!(%error, self.request_id, "the ID of an invocation that is under way could not be noted");
        }
    }

    /// Those of all sizes whose record is not in the store yet, in the order they were begun.
    pub(super) async fn all(store: &dyn Store) -> Result<BTreeMap<MemorySize, Vec<Self>>, StoreError> {
        let mut all = BTreeMap::<MemorySize, Vec<Self>>::new();
        for key in store.list(&format!("{FOLDER}/")).await? {
            let Some(bytes) = store.get(&key).await? else {
                continue;
            };
            let pending: Self = serde_json::from_slice(&bytes).map_err(|e| StoreError {
                action: "read",
                location: key,
                reason: e.to_string(),
            })?;
            all.entry(pending.memory_size).or_default().push(pending);
        }
        Ok(all)
    }

    async fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        // Text and numbers can't fail to serialise.
        let note = serde_json::to_vec(self).unwrap_or_default();
        store.put(&Self::key(self.memory_size, self.id), &note).await.map(drop)
    }

    /// Its record is in the store, or it was certainly not made.
    pub(super) async fn forget(store: &dyn Store, size: MemorySize, id: Uuid) -> Result<(), StoreError> {
        store.delete(&Self::key(size, id)).await
    }

    fn key(size: MemorySize, id: Uuid) -> String {
        format!("{}{id}.json", folder(size))
    }

    /// What is known of it when nothing more will be.
    pub(super) fn without_report(&self, why: &str) -> InvocationRecord {
        InvocationRecord {
            request_id: self.request_id.clone().unwrap_or_default(),
            error_type: Some(why.to_owned()),
            ..InvocationRecord::bare(self.memory_size.mb(), Outcome::Unmeasured)
        }
    }
}
