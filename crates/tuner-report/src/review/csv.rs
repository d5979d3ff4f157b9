use std::io::Write;

use tuner_core::pricing::Money;
use tuner_core::review::{Decided, FindingKind, MemoryReview};

use super::view::{Row, View, confidence_word};
use super::{actions, decided, facts};
use crate::csv::{number, rows, words};
use crate::{Options, ReportError, masking};

/// Writes one row per function, after a row of names with their units. Figures are not rounded. Form: RFC 4180. Text that
/// a spreadsheet would run as a formula begins with an apostrophe.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_csv(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(review, options)?;
    let view = View::new(&shown);
    let mut rows = rows(out);
    let names = COLUMNS.iter().map(|(name, _)| (*name).to_owned());
    // Without a window, what is called monthly is of the logs that were read.
    rows.write_record(names.chain(["amounts_are", "group"].map(str::to_owned)))?;
    let by = shown.groups.as_ref().map(|groups| &groups.by);
    let by = by.or(shown.of_group.as_ref().map(|of| &of.by));
    for row in &view.rows {
        let cells = COLUMNS.iter().map(|(_, cell)| cell(row));
        let group = by.and_then(|by| by.group_of(&row.of.function));
        rows.write_record(cells.chain([view.period().to_owned(), text(group)]))?;
    }
    Ok(rows.flush()?)
}

/// What a cell says of a function.
type Cell = fn(&Row<'_>) -> String;

/// Names of columns, with what is in them.
const COLUMNS: [(&str, Cell); 70] = [
    ("rank", |row| row.rank.to_string()),
    ("function", |row| words(row.name())),
    ("arn", |row| words(&row.of.function.name.to_string())),
    ("region", |row| text(row.of.function.region.as_deref())),
    ("owner", |row| text(row.of.function.owner())),
    ("stack", |row| text(row.of.function.stack())),
    ("memory_size_mb", |row| whole(row.mb)),
    ("architecture", |row| whole(row.of.function.architecture)),
    ("runtime", |row| text(row.of.function.runtime.as_deref())),
    ("timeout_s", |row| whole(row.of.function.timeout_s)),
    ("ephemeral_storage_mb", |row| {
        whole(row.of.function.ephemeral_storage_mb)
    }),
    ("snap_start", |row| row.of.function.snap_start.to_string()),
    ("reserved_concurrency", |row| {
        whole(row.of.function.reserved_concurrency)
    }),
    ("provisioned_environments", |row| {
        row.of.function.provisioned_environments().to_string()
    }),
    ("last_modified", |row| whole(row.of.function.last_modified)),
    ("log_group", |row| text(row.of.function.log_group.as_deref())),
    ("max_memory_used_mb", |row| {
        whole(row.present.and_then(|size| size.max_memory_used_mb))
    }),
    ("memory_used_share", |row| number(row.share)),
    ("reports", |row| whole(row.present.map(|size| size.invocations))),
    ("reports_at_all_sizes", |row| row.of.evidence.reports().to_string()),
    ("mean_duration_ms", |row| {
        number(row.present.map(|size| size.duration.mean_ms))
    }),
    ("p50_duration_ms", |row| {
        number(row.present.map(|size| size.duration.p50_ms))
    }),
    ("p95_duration_ms", |row| {
        number(row.present.map(|size| size.duration.p95_ms))
    }),
    ("p99_duration_ms", |row| {
        number(row.present.map(|size| size.duration.p99_ms))
    }),
    ("max_duration_ms", |row| {
        number(row.present.map(|size| size.duration.max_ms))
    }),
    ("mean_billed_duration_ms", |row| {
        number(row.present.and_then(|size| size.mean_billed_ms()))
    }),
    ("cold_starts", |row| whole(row.present.map(|size| size.cold_starts))),
    ("init_sum_ms", |row| number(row.present.map(|size| size.init_sum_ms))),
    ("restored_starts", |row| {
        whole(row.present.map(|size| size.restored_starts))
    }),
    ("timeouts", |row| whole(row.present.map(|size| size.timeouts))),
    ("out_of_memory", |row| whole(row.present.map(|size| size.out_of_memory))),
    ("metric_invocations", |row| {
        whole(row.of.evidence.metrics.map(|m| m.invocations))
    }),
    ("metric_errors", |row| whole(row.of.evidence.metrics.map(|m| m.errors))),
    ("metric_throttles", |row| {
        whole(row.of.evidence.metrics.map(|m| m.throttles))
    }),
    ("monthly_invocations", |row| {
        number(row.of.monthly.map(|m| m.invocations))
    }),
    ("monthly_gb_seconds", |row| number(row.of.monthly.map(|m| m.gb_seconds))),
    ("monthly_cost", |row| money(row.cost)),
    // Where not all of its logs could be read, the cost before is the least.
    ("monthly_cost_at_most", |row| {
        money(row.of.monthly.and_then(|monthly| monthly.at_most))
    }),
    ("monthly_cost_since", |row| whole(row.of.monthly.and_then(|m| m.since))),
    ("monthly_cost_confidence", |row| {
        let confidence = row.of.monthly.and_then(|m| m.confidence);
        confidence.map_or_else(String::new, |c| confidence_word(c).to_owned())
    }),
    ("billed_in_window_cost", |row| {
        money(row.of.billed.map(|b| b.bill.total))
    }),
    ("billed_in_window_gb_seconds", |row| {
        number(row.of.billed.map(|b| b.gb_seconds))
    }),
    ("monthly_duration_cost", |row| {
        money(row.of.monthly.map(|m| m.bill.duration))
    }),
    ("monthly_request_cost", |row| {
        money(row.of.monthly.map(|m| m.bill.requests))
    }),
    ("monthly_provisioned_concurrency_cost", |row| {
        money(row.of.monthly.map(|m| m.bill.provisioned_concurrency))
    }),
    ("currency", |row| {
        row.cost
            .or(row.saving.map(|s| s.at_best))
            .map_or_else(String::new, |m| m.currency.code().to_owned())
    }),
    ("cost_unknown", |row| text(row.of.cost_unknown.as_deref())),
    ("saving_at_worst", |row| money(row.saving.map(|s| s.at_worst))),
    ("saving_at_best", |row| money(row.saving.map(|s| s.at_best))),
    ("saving_basis", |row| facts::saving_basis(row).to_owned()),
    ("arm64_saving_at_best", |row| {
        money(
            row.of
                .finding(FindingKind::Arm64Candidate)
                .and_then(|f| f.saving)
                .map(|s| s.at_best),
        )
    }),
    ("findings", |row| kinds(row.of.findings.iter().map(|f| f.kind))),
    ("confidence", |row| {
        row.confidence()
            .map_or_else(String::new, |c| confidence_word(c).to_owned())
    }),
    ("evidence", |row| {
        words(
            &row.of
                .findings
                .iter()
                .map(|f| f.text.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        )
    }),
    ("advice", |row| {
        words(
            &actions::all(row.of)
                .into_iter()
                .map(|a| match a.note {
                    Some(note) => format!("{} ({})", a.words, note.trim_end_matches('.')),
                    None => a.words,
                })
                .collect::<Vec<_>>()
                .join("; "),
        )
    }),
    ("command", |row| {
        words(
            &actions::all(row.of)
                .into_iter()
                .filter_map(|a| a.command)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }),
    ("compute_optimizer", |row| {
        words(
            &row.of
                .evidence
                .compute_optimizer
                .as_ref()
                .map_or_else(String::new, facts::optimizer),
        )
    }),
    ("tuned", |row| {
        words(
            &row.of
                .tuned
                .as_ref()
                .map_or_else(String::new, |tuned| facts::tuned_words(row.of, tuned)),
        )
    }),
    ("previous_memory_size_mb", |row| {
        whole(row.of.changes.as_ref().and_then(|c| c.memory_size_mb))
    }),
    ("previous_monthly_cost", |row| {
        money(row.of.changes.as_ref().and_then(|c| c.monthly))
    }),
    ("advice_followed", |row| {
        whole(row.of.changes.as_ref().and_then(|c| c.advice).map(|a| a.followed))
    }),
    ("really_saved", |row| {
        money(row.of.changes.as_ref().and_then(|c| c.advice).and_then(|a| a.saved))
    }),
    ("gaps", |row| {
        words(
            &row.of
                .evidence
                .gaps
                .iter()
                .map(|gap| gap.text.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        )
    }),
    ("new_findings", |row| kinds(row.of.new_findings().map(|f| f.kind))),
    ("expired_findings", |row| {
        kinds(of_decided(row, |decided| decided.expired.is_some()))
    }),
    ("accepted_findings", |row| {
        kinds(of_decided(row, |decided| decided.accepted.is_some()))
    }),
    ("overdue_findings", |row| {
        kinds(of_decided(row, |decided| {
            decided.accepted.as_ref().is_some_and(|a| a.overdue)
        }))
    }),
    ("decided", |row| {
        let texts: Vec<String> = row
            .of
            .decided
            .values()
            .map(|of| decided::words(of, row.today))
            .collect();
        words(&texts.join("; "))
    }),
    ("ignored_findings", |row| {
        kinds(row.of.ignored.iter().map(|i| i.finding.kind))
    }),
    ("ignored_because", |row| {
        let texts = row
            .of
            .ignored
            .iter()
            .map(|i| format!("until {}: {}", i.until, i.reason));
        words(&texts.collect::<Vec<_>>().join("; "))
    }),
];

fn of_decided<'a>(row: &Row<'a>, is: fn(&Decided) -> bool) -> impl Iterator<Item = FindingKind> + use<'a> {
    row.of
        .decided
        .iter()
        .filter(move |(_, decided)| is(decided))
        .map(|(&kind, _)| kind)
}

fn kinds(of: impl Iterator<Item = FindingKind>) -> String {
    of.map(FindingKind::spelling).collect::<Vec<_>>().join(" ")
}

fn text(of: Option<&str>) -> String {
    of.map_or_else(String::new, words)
}

fn whole(of: Option<impl ToString>) -> String {
    of.map_or_else(String::new, |value| value.to_string())
}

fn money(of: Option<Money>) -> String {
    number(of.map(|money| money.amount))
}
