//! From rows of a query to what is known of each function.

use std::collections::BTreeMap;

use tuner_core::review::{Durations, SizeEvidence, VersionSeen};
use tuner_logs::lines::function_of_log_group;

use super::documents::Known;
use super::list::group_to_read;
use super::ports::ReportRow;

/// What the rows say of each of these functions, by place in `functions`. Rows of others are passed over.
pub(super) fn by_function(functions: &[Known], rows: &[ReportRow]) -> BTreeMap<usize, Vec<SizeEvidence>> {
    let mut rows_by_function: BTreeMap<usize, Vec<&ReportRow>> = BTreeMap::new();
    let places = Places::new(functions);
    for row in rows {
        if let Some(place) = places.of(&row.group, row.function.as_deref()) {
            rows_by_function.entry(place).or_default().push(row);
        }
    }
    rows_by_function
        .into_iter()
        .map(|(place, rows)| (place, sizes(&rows)))
        .collect()
}

/// Which function logs where.
pub(super) struct Places<'a> {
    by_group: BTreeMap<String, Vec<(&'a str, usize)>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(functions: &'a [Known]) -> Self {
        let mut by_group: BTreeMap<String, Vec<(&str, usize)>> = BTreeMap::new();
        for (place, known) in functions.iter().enumerate() {
            if let Some(group) = group_to_read(known) {
                by_group
                    .entry(group)
                    .or_default()
                    .push((known.function.name.name(), place));
            }
        }
        Self { by_group }
    }

    /// The function that logged to `group`, by the name that the log stream has. Streams have none where a function logs to a
    /// group of its own.
    pub(super) fn of(&self, group: &str, stream_function: Option<&str>) -> Option<usize> {
        let functions = self.by_group.get(group)?;
        let named = |name: &str| {
            functions
                .iter()
                .find(|(known, _)| *known == name)
                .map(|&(_, place)| place)
        };
        match stream_function {
            Some(name) => named(name),
            None => match functions[..] {
                [(_, only)] => Some(only),
                _ => function_of_log_group(group).and_then(named),
            },
        }
    }

    /// The functions that log to `group`.
    pub(super) fn in_group(&self, group: &str) -> impl Iterator<Item = usize> + '_ {
        let functions = self.by_group.get(group).map(Vec::as_slice).unwrap_or_default();
        functions.iter().map(|&(_, place)| place)
    }
}

/// The rows of one function by memory size, ascending.
pub(crate) fn sizes(rows: &[&ReportRow]) -> Vec<SizeEvidence> {
    let mut sizes: BTreeMap<u32, SizeEvidence> = BTreeMap::new();
    for row in rows {
        let Some(size) = row.memory_size_mb.and_then(|mb| of_row(row, mb)) else {
            continue;
        };
        match sizes.get_mut(&size.memory_size_mb) {
            Some(known) => add(known, size),
            None => {
                sizes.insert(size.memory_size_mb, size);
            }
        }
    }
    let mut sizes: Vec<SizeEvidence> = sizes.into_values().collect();
    for row in rows.iter().filter(|row| row.memory_size_mb.is_none()) {
        add_failures(&mut sizes, row);
    }
    sizes
}

/// `None` for what holds no duration, as of Managed Instances.
fn of_row(row: &ReportRow, memory_size_mb: u32) -> Option<SizeEvidence> {
    let max_ms = row.max_ms?;
    let mean_ms = row.mean_ms.unwrap_or(max_ms);
    Some(SizeEvidence {
        memory_size_mb,
        invocations: row.invocations,
        versions: (row.version.map(|version| VersionSeen {
            version,
            last_seen: row.last_seen,
        }))
        .into_iter()
        .collect(),
        first_seen: row.first_seen,
        last_seen: row.last_seen,
        duration: Durations {
            mean_ms,
            p50_ms: row.p50_ms.unwrap_or(mean_ms),
            p95_ms: row.p95_ms.unwrap_or(max_ms),
            p99_ms: row.p99_ms.unwrap_or(max_ms),
            max_ms,
        },
        billed_duration_ms: row.billed_duration_ms.round() as u64,
        unbilled_invocations: row.invocations.saturating_sub(row.billed_invocations),
        cold_starts: row.cold_starts,
        init_sum_ms: row.init_sum_ms,
        restored_starts: row.restored_starts,
        provisioned_invocations: 0,
        max_memory_used_mb: row.max_memory_used_mb.map(|mb| mb.ceil() as u32),
        p99_memory_used_mb: None,
        memory_growth_mb: None,
        timeouts: row.timeouts,
        out_of_memory: row.out_of_memory,
        errors: row.errors,
    })
}

/// Adds `more` of the same size. Percentiles of two sets do not add up: the higher one stands, which no finding regrets.
fn add(known: &mut SizeEvidence, more: SizeEvidence) {
    let (a, b) = (known.invocations as f64, more.invocations as f64);
    let durations = &mut known.duration;
    durations.mean_ms = (durations.mean_ms * a + more.duration.mean_ms * b) / (a + b).max(1.0);
    durations.p50_ms = durations.p50_ms.max(more.duration.p50_ms);
    durations.p95_ms = durations.p95_ms.max(more.duration.p95_ms);
    durations.p99_ms = durations.p99_ms.max(more.duration.p99_ms);
    durations.max_ms = durations.max_ms.max(more.duration.max_ms);
    known.invocations += more.invocations;
    known
        .versions
        .retain(|seen| more.versions.iter().all(|other| other.version != seen.version));
    known.versions.extend(more.versions);
    known.versions.sort_by_key(|seen| seen.last_seen);
    known.first_seen = known.first_seen.into_iter().chain(more.first_seen).min();
    known.last_seen = known.last_seen.max(more.last_seen);
    known.billed_duration_ms += more.billed_duration_ms;
    known.unbilled_invocations += more.unbilled_invocations;
    known.cold_starts += more.cold_starts;
    known.init_sum_ms += more.init_sum_ms;
    known.restored_starts += more.restored_starts;
    known.provisioned_invocations += more.provisioned_invocations;
    known.max_memory_used_mb = known.max_memory_used_mb.max(more.max_memory_used_mb);
    known.timeouts += more.timeouts;
    known.out_of_memory += more.out_of_memory;
    known.errors += more.errors;
}

/// Adds time-outs and crashes that stand in lines of their own, without a size: to the size that was in use when the last of
/// them was written. Where reports of the newer style say the same again, they are not counted twice.
fn add_failures(sizes: &mut [SizeEvidence], row: &ReportRow) {
    let was_in_use = |size: &&mut SizeEvidence| match (size.first_seen, row.last_seen, size.last_seen) {
        (Some(first), Some(at), Some(last)) => (first..=last).contains(&at),
        _ => false,
    };
    let in_use = sizes.iter_mut().find(was_in_use);
    // The line stands before its report, which may be the last one.
    let size = match in_use {
        Some(size) => Some(size),
        None => sizes.iter_mut().max_by_key(|size| size.last_seen),
    };
    if let Some(size) = size {
        size.timeouts = size.timeouts.max(row.timeouts);
        size.out_of_memory = size.out_of_memory.max(row.out_of_memory);
    }
}
