//! Records in the store: what was paid for is kept as it is measured, whatever becomes of the step that measured it.
//!
//! `records/00512/000010-000014.jsonl` holds the eleventh to fifteenth record of 512 MB, one JSON object a line: how far a
//! tuning is can be read from the keys alone.

use std::collections::HashSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use tuner_core::{InvocationRecord, MemorySize, SizeProgress};

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
    let mut lines = Vec::new();
    for record in records {
        // A record holds numbers and text only, which can't fail to serialise.
        let _ = serde_json::to_writer(&mut lines, record);
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
    let keys = store.list(&folder(size)).await?;
    let parts: Vec<Vec<InvocationRecord>> = stream::iter(keys)
        .map(|key| read_part(store, key))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut records = parts.concat();
    // A part that was written although the store said otherwise comes again with the next one.
    let mut seen = HashSet::new();
    records.retain(|record| record.request_id.is_empty() || seen.insert(record.request_id.clone()));
    Ok(records)
}

async fn read_part(store: &dyn Store, key: String) -> Result<Vec<InvocationRecord>, StoreError> {
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
    let read = stream::iter(sizes)
        .map(|size| async move { Ok::<_, StoreError>((size, read(store, size).await?)) })
        .buffered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    for (size, records) in read {
        if records.is_empty() && !state.progress.contains_key(&size) {
            continue;
        }
        let mut progress = SizeProgress {
            skipped: state.progress.get(&size).and_then(|p| p.skipped.clone()),
            ..SizeProgress::default()
        };
        for record in &records {
            progress.add(record);
        }
        state.progress.insert(size, progress);
    }
    Ok(())
}
