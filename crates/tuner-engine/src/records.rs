//! Records in the store: what was paid for is kept as it is measured, whatever becomes of the step that measured it.
//!
//! `records/00512/000010-000014.jsonl` holds the eleventh to fifteenth record of 512 MB, one JSON object a line: how far a
//! tuning is can be read from the keys alone.

use std::collections::{BTreeMap, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use tuner_core::{InvocationRecord, MemorySize, SizeProgress};

use uuid::Uuid;

use crate::TuningState;
use crate::ports::{Store, StoreError};

const FOLDER: &str = "records";
/// Objects read at the same time.
const AT_ONCE: usize = 16;

fn folder(size: MemorySize) -> String {
    format!("{FOLDER}/{:05}/", size.mb())
}

/// Writes records of one size, the first of which is number `first` (from 0) of that size.
///
/// # Errors
/// When the store can't be written.
pub async fn keep(
    store: &dyn Store,
    size: MemorySize,
    first: usize,
    records: &[InvocationRecord],
) -> Result<(), StoreError> {
    let Some(last) = (first + records.len()).checked_sub(1).filter(|_| !records.is_empty()) else {
        return Ok(());
    };
    let records = records.iter().map(|record| (record, None));
    put(store, size, (first, last), records).await
}

/// As [`keep`], each record with the note of its invocation ([`Pending`](crate::steps::Pending)), if there is one.
pub(crate) async fn keep_noted(
    store: &dyn Store,
    size: MemorySize,
    first: usize,
    records: &[Kept],
) -> Result<(), StoreError> {
    let Some(last) = (first + records.len()).checked_sub(1).filter(|_| !records.is_empty()) else {
        return Ok(());
    };
    let records = records.iter().map(|kept| (&kept.record, kept.note));
    put(store, size, (first, last), records).await
}

/// A record as the store holds it.
#[derive(Debug, Deserialize)]
pub(crate) struct Kept {
    #[serde(flatten)]
    pub(crate) record: InvocationRecord,
    /// Of the note of its invocation.
    #[serde(default)]
    pub(crate) note: Option<Uuid>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    record: &'a InvocationRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Uuid>,
}

async fn put<'a>(
    store: &dyn Store,
    size: MemorySize,
    (first, last): (usize, usize),
    records: impl Iterator<Item = (&'a InvocationRecord, Option<Uuid>)>,
) -> Result<(), StoreError> {
    let mut lines = Vec::new();
    for (record, note) in records {
        // A record holds numbers and text only, which can't fail to serialise.
        let _ = serde_json::to_writer(&mut lines, &Line { record, note });
        lines.push(b'\n');
    }
    let key = format!("{}{first:06}-{last:06}.jsonl", folder(size));
    store.put(&key, &lines).await.map(drop)
}

/// Reads the records of a size back, in the order they were made.
///
/// # Errors
/// When the store can't be read, or what it holds are no records.
pub async fn read(store: &dyn Store, size: MemorySize) -> Result<Vec<InvocationRecord>, StoreError> {
    let kept = read_noted(store, size).await?;
    Ok(kept.into_iter().map(|kept| kept.record).collect())
}

/// As [`read`], with the notes of the invocations.
pub(crate) async fn read_noted(store: &dyn Store, size: MemorySize) -> Result<Vec<Kept>, StoreError> {
    let mut all = read_sizes(store, &[size]).await?;
    Ok(all.remove(&size).unwrap_or_default())
}

/// The same of several sizes: they are listed together, since a listing costs more than reading ten objects.
pub(crate) async fn read_sizes(
    store: &dyn Store,
    sizes: &[MemorySize],
) -> Result<BTreeMap<MemorySize, Vec<Kept>>, StoreError> {
    let keys = match sizes {
        [] => Vec::new(),
        [size] => store.list(&folder(*size)).await?,
        _ => store.list(&format!("{FOLDER}/")).await?,
    };
    let of_sizes = keys.into_iter().filter_map(|key| {
        let size = size_of(&key, FOLDER).filter(|size| sizes.contains(size))?;
        Some((size, key))
    });
    let parts: Vec<(MemorySize, Vec<Kept>)> = stream::iter(of_sizes)
        .map(|(size, key)| async move { Ok::<_, StoreError>((size, read_part(store, key).await?)) })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut all = BTreeMap::<MemorySize, Vec<Kept>>::new();
    // A part that was written although the store said otherwise comes again with the next one.
    let mut seen = HashSet::new();
    let mut noted = HashSet::new();
    for (size, part) in parts {
        let is_new = |Kept { record, note }: &Kept| {
            (record.request_id.is_empty() || seen.insert(record.request_id.clone()))
                && note.is_none_or(|note| noted.insert(note))
        };
        all.entry(size).or_default().extend(part.into_iter().filter(is_new));
    }
    Ok(all)
}

/// The size in whose part of `folder` a key is.
pub(crate) fn size_of(key: &str, folder: &str) -> Option<MemorySize> {
    let (size, _) = key.strip_prefix(folder)?.strip_prefix('/')?.split_once('/')?;
    MemorySize::new(size.parse().ok()?).ok()
}

async fn read_part(store: &dyn Store, key: String) -> Result<Vec<Kept>, StoreError> {
    let damaged = |reason: String| StoreError {
        action: "read",
        location: key.clone(),
        reason,
    };
    let bytes = store
        .get(&key)
        .await?
        .ok_or_else(|| damaged("it is not there any more".to_owned()))?;
    bytes
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).map_err(|e| damaged(e.to_string())))
        .collect()
}

/// Sets the progress of these sizes to what their records in the store say: for a step that goes on where another, or an
/// attempt of its own that was cut off, has left. A size of which nothing is known stays unknown.
///
/// # Errors
/// When the store can't be read.
pub async fn progress(
    store: &dyn Store,
    state: &mut TuningState,
    sizes: impl IntoIterator<Item = MemorySize>,
) -> Result<(), StoreError> {
    let sizes: Vec<MemorySize> = sizes.into_iter().collect();
    let mut read = read_sizes(store, &sizes).await?;
    for size in sizes {
        let records = read.remove(&size).unwrap_or_default();
        if records.is_empty() && !state.progress.contains_key(&size) {
            continue;
        }
        let mut progress = SizeProgress {
            skipped: state.progress.get(&size).and_then(|p| p.skipped.clone()),
            ..SizeProgress::default()
        };
        for kept in &records {
            progress.add(&kept.record);
        }
        state.progress.insert(size, progress);
    }
    Ok(())
}
