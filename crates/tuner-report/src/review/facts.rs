//! What is told of one function beside its findings.

use tuner_core::Verdict;
use tuner_core::pricing::{Confidence, Money};
use tuner_core::review::{
    Beside, FindingKind, FunctionReview, LogsBy, Nearer, OptimizerFinding, SavingBasis, SizeEvidence, Tuned, serving,
};

use super::amounts::{basis, short_basis};
use super::decided;
use super::since::sizes;
use super::view::{Row, View, confidence_word};
use super::words::{counted, days_until};
use crate::numbers;
use crate::words::joined;

/// A part of what a function costs.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) money: Money,
    /// Of the whole.
    pub(crate) share: f64,
}

/// What a function's cost is made of, what is nothing left out; initialisation apart from the rest of what is billed.
pub(crate) fn cost_parts(row: &Row<'_>) -> Vec<Part> {
    let Some(monthly) = row.of.monthly else {
        return Vec::new();
    };
    let bill = monthly.bill;
    let init = row.present.map_or(0.0, |size| {
        // A cold start's init is billed in whole: the sum of billed durations holds it.
        let share = size.init_sum_ms / (size.billed_duration_ms.max(1)) as f64;
        if monthly.billed && share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        }
    });
    let total = bill.total.amount;
    [
        ("duration", bill.duration * (1.0 - init)),
        ("init", bill.duration * init),
        ("requests", bill.requests),
        ("ephemeral storage", bill.ephemeral_storage),
        ("provisioned concurrency", bill.provisioned_concurrency),
        ("SnapStart", bill.snapstart),
    ]
    .into_iter()
    .filter(|(_, money)| money.amount > 0.0 && total > 0.0)
    .map(|(name, money)| Part {
        name,
        money,
        share: money.amount / total,
    })
    .collect()
}

/// Name and text of what is known of a function, without what its findings say.
pub(crate) fn all(view: &View<'_>, row: &Row<'_>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    facts.extend(billed(view, row).map(|text| ("Billed", text)));
    facts.extend(month(view, row).map(|text| ("A month", text)));
    facts.extend(saving(view, row).map(|text| ("Saving", text)));
    facts.extend(arm64(view, row.of).map(|text| ("On arm64", text)));
    facts.extend(
        row.of
            .tuned
            .as_ref()
            .map(|tuned| ("Measured", tuned_words(row.of, tuned))),
    );
    facts.extend(
        row.of
            .evidence
            .compute_optimizer
            .as_ref()
            .map(|of| ("Compute Optimizer", optimizer(of))),
    );
    facts.extend(row.of.beside.map(|of| ("Whose estimate was nearer", beside(&of))));
    facts.extend(row.of.decided.iter().map(|(kind, of)| {
        let text = format!("{}: {}", kind.words(), decided::words(of, row.today));
        ("Decided", text)
    }));
    facts.extend(row.of.ignored.iter().map(|ignored| {
        let by = ignored.by.as_ref().map_or_else(String::new, |by| format!(" ({by})"));
        let text = format!(
            "{} until {}: {}{by}",
            ignored.finding.kind.words(),
            ignored.until,
            ignored.reason
        );
        ("Ignored", text)
    }));
    facts.extend(changes(view, row).map(|text| ("Since last time", text)));
    facts.extend(resized(row).map(|text| ("Before and after", text)));
    facts.extend(use_of(view, row).map(|text| ("Invocations", text)));
    facts.extend(traffic(row.of).map(|text| ("Traffic", text)));
    facts.extend(configuration(row.of).map(|text| ("Configuration", text)));
    let not_known = if row.cost.is_some() {
        "Not in the cost"
    } else {
        "Cost not known"
    };
    facts.extend(row.of.cost_unknown.clone().map(|why| (not_known, why)));
    facts.extend(row.of.function.unsupported.clone().map(|why| ("Unsupported", why)));
    facts.extend(row.of.evidence.gaps.iter().map(|gap| ("Not known", gap.text.clone())));
    facts
}

/// What was billed in the window, to compare with the bill.
fn billed(view: &View<'_>, row: &Row<'_>) -> Option<String> {
    let (billed, window) = (row.of.billed?, view.review.window?);
    let how = match billed.confidence {
        Confidence::High => "every billed duration was read",
        Confidence::Medium => "most billed durations were read, and stand for the others",
        Confidence::Low => "what was read stands for the rest, or nothing tells at which sizes it ran",
    };
    Some(format!(
        "{} in the {}, at the sizes that were in force ({how})",
        view.scale.amount(billed.bill.total),
        days_until(window)
    ))
}

/// What a month costs, and what that is counted from.
fn month(view: &View<'_>, row: &Row<'_>) -> Option<String> {
    let monthly = row.of.monthly?;
    let (days, confidence) = (monthly.seen_days?, monthly.confidence?);
    let from = monthly.since.map_or_else(String::new, |since| {
        format!(" since it was first called, on {}", since.strftime("%Y-%m-%d"))
    });
    let size = row
        .mb
        .map_or_else(String::new, |mb| format!(" at {} MB", numbers::count(mb.into())));
    Some(format!(
        "{}{size}, by its rate of use in the {} days{from} ({} confidence)",
        row.cost_words(view.scale)?,
        numbers::decimal(days, usize::from(days < 9.95)),
        confidence_word(confidence)
    ))
}

fn saving(view: &View<'_>, row: &Row<'_>) -> Option<String> {
    // What a bound is, is told once for all.
    let saving = row.saving.filter(|saving| saving.basis != SavingBasis::Bounds)?;
    Some(format!(
        "{} {}, {}",
        view.scale.saving(&saving),
        view.period(),
        basis(saving.basis)
    ))
}

fn arm64(view: &View<'_>, of: &FunctionReview) -> Option<String> {
    let saving = of.finding(FindingKind::Arm64Candidate)?.saving?;
    let most = view.scale.amount(saving.at_best);
    Some(format!(
        "{most} {} less if its duration stays, which is not known; in no sum",
        view.period()
    ))
}

/// What came of tuning it.
pub(crate) fn tuned_words(of: &FunctionReview, tuned: &Tuned) -> String {
    let mb = tuned.memory_size_mb.or_else(|| of.memory_size_mb());
    let size = mb.map_or_else(
        || "the present size".to_owned(),
        |mb| format!("{} MB", numbers::count(mb.into())),
    );
    let verdict = match tuned.verdict {
        Some(Verdict::Move | Verdict::Choose) => format!("use {size}"),
        Some(Verdict::Keep) => format!("keep {size}"),
        Some(Verdict::NoClearWinner) => format!("no clear winner, keep {size}"),
        Some(Verdict::CannotTell) => format!("cannot tell yet whether {size} keeps the limits"),
        Some(Verdict::ConstraintNotMet) => "none of the sizes tried keeps the limits".to_owned(),
        Some(Verdict::NotEnoughEvidence) => "not enough evidence to choose a size".to_owned(),
        Some(Verdict::AllFailed) => "it failed at every size".to_owned(),
        None => "it was not tuned".to_owned(),
    };
    let mut parts = vec![verdict];
    let mut change = |what: &str, estimate: Option<tuner_core::Estimate>| {
        parts.extend(estimate.map(|e| {
            let interval = numbers::interval(e, numbers::signed_percent)
                .map_or_else(String::new, |i| format!(" ({})", i.replace('–', " to ")));
            format!("{what} {}{interval}", numbers::signed_percent(e.value))
        }));
    };
    change("cost", tuned.cost_change);
    change("duration", tuned.duration_change);
    parts.extend(tuned.cost.map(|cost| format!("the tuning cost {}", cost.display())));
    parts.extend(tuned.problem.clone());
    parts.extend(tuned.report.as_ref().map(|at| format!("report at {at}")));
    parts.join("; ")
}

/// Compute Optimizer's words.
pub(crate) fn optimizer(of: &OptimizerFinding) -> String {
    let mut text = of.finding.clone();
    if !of.reasons.is_empty() {
        text.push_str(&format!(" ({})", of.reasons.join(", ")));
    }
    if let Some(mb) = of.memory_size_mb {
        text.push_str(&format!(", suggests {} MB", numbers::count(mb.into())));
    }
    if let Some(now) = of.current_memory_size_mb {
        text.push_str(&format!(" for {} MB", numbers::count(now.into())));
    }
    if let Some(expected) = of.projected.and_then(|p| p.expected_ms) {
        text.push_str(&format!(", expecting {} ms", numbers::ms(expected)));
    }
    text
}

/// Both estimates beside what was measured.
pub(crate) fn beside(of: &Beside) -> String {
    let change = |factor: f64| numbers::signed_percent(factor - 1.0);
    let nearer = match of.nearer() {
        Nearer::Theirs => "Compute Optimizer was nearer",
        Nearer::Ours => "this review was nearer",
        Nearer::Neither => "both were as near",
    };
    format!(
        "at {} MB the duration was measured to be {}; Compute Optimizer expected {}, this review {} to {}: {nearer}",
        numbers::count(of.memory_size_mb.into()),
        change(of.measured),
        change(of.theirs),
        change(of.ours_at_least),
        change(of.ours_at_most),
    )
}

/// Whether Compute Optimizer says of the memory what we say; `None` where it says nothing.
pub(crate) fn agrees(of: &FunctionReview) -> Option<bool> {
    let theirs = of.evidence.compute_optimizer.as_ref()?;
    let says = |word: &str| theirs.reasons.iter().any(|reason| reason == word);
    if theirs.finding == "Unavailable" || says("InsufficientData") || says("Inconclusive") {
        return None;
    }
    // To ignore a finding is no other opinion about the memory.
    let has =
        |kind: FindingKind| of.finding(kind).is_some() || of.ignored.iter().any(|ignored| ignored.finding.kind == kind);
    Some(
        says("MemoryOverprovisioned") == has(FindingKind::MemoryOverprovisioned)
            && says("MemoryUnderprovisioned") == has(FindingKind::MemoryUnderprovisioned),
    )
}

/// What changing the memory size did.
fn resized(row: &Row<'_>) -> Option<String> {
    let resized = row.of.changes.as_ref()?.resized.as_ref()?;
    let (before, after) = (resized.before.memory_size_mb, resized.after.memory_size_mb);
    Some(format!("{}: {}", sizes(Some(before), Some(after)), resized.words()))
}

fn changes(view: &View<'_>, row: &Row<'_>) -> Option<String> {
    let changes = row.of.changes.as_ref()?;
    if changes.is_new {
        return Some("new".to_owned());
    }
    let mut parts = Vec::new();
    if changes.memory_size_mb.is_some() && changes.memory_size_mb != row.mb {
        parts.push(sizes(changes.memory_size_mb, row.mb));
    }
    if let (Some(before), Some(now)) = (changes.monthly, row.cost) {
        let (before, now) = (view.scale.amount(before), view.scale.amount(now));
        if before != now {
            parts.push(format!("{before} → {now} {}", view.period()));
        }
    }
    let mut change = |what: &str, change: Option<f64>| {
        parts.extend(change.map(|ratio| format!("{what} {}", numbers::signed_percent(ratio))));
    };
    change("duration", changes.duration_change);
    change("cost of an invocation", changes.cost_change);
    let kinds = |kinds: &[FindingKind]| kinds.iter().map(|kind| kind.words()).collect::<Vec<_>>().join(", ");
    let is_told = |kind: &FindingKind| row.of.ignored.iter().all(|ignored| ignored.finding.kind != *kind);
    let appeared: Vec<FindingKind> = changes.appeared.iter().copied().filter(is_told).collect();
    if !appeared.is_empty() {
        parts.push(format!("newly found: {}", kinds(&appeared)));
    }
    if !changes.resolved.is_empty() {
        parts.push(format!("no more: {}", kinds(&changes.resolved)));
    }
    if let Some(advice) = changes.advice {
        let what = advice.advised_mb.map_or_else(
            || "measuring it".to_owned(),
            |mb| format!("{} MB", numbers::count(mb.into())),
        );
        parts.push(match (advice.followed, advice.saved) {
            (false, _) => format!("{what} was advised and not done"),
            (true, None) => format!("{what} was advised and done, too little seen since"),
            (true, Some(saved)) => format!("{what} was advised and done, really saves {}", view.scale.amount(saved)),
        });
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn use_of(view: &View<'_>, row: &Row<'_>) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(monthly) = row.of.monthly.filter(|monthly| monthly.invocations > 0.0) {
        let of = if monthly.billed {
            ""
        } else {
            ", billed durations not known: those of CloudWatch's metrics are taken"
        };
        parts.push(format!(
            "{} {}{of}",
            numbers::short_count(monthly.invocations.round()),
            view.period()
        ));
    }
    if let Some(metrics) = row.of.evidence.metrics {
        let mut counts = vec![format!("{} counted", numbers::count(metrics.invocations))];
        if metrics.errors > 0 {
            counts.push(counted(metrics.errors, "error", "errors"));
        }
        if metrics.throttles > 0 {
            counts.push(counted(metrics.throttles, "throttle", "throttles"));
        }
        parts.push(counts.join(", "));
    }
    let reports = row.of.evidence.reports();
    if reports > 0 {
        let sizes: Vec<String> = row
            .of
            .evidence
            .sizes
            .iter()
            .map(|size| {
                format!(
                    "{} at {} MB",
                    numbers::count(size.invocations),
                    numbers::count(size.memory_size_mb.into())
                )
            })
            .collect();
        let reports = match &row.of.evidence.logs {
            Some(logs) if !logs.complete && logs.source == LogsBy::Files => "reports that could be read",
            Some(logs) if !logs.complete => "sampled reports",
            _ => "reports",
        };
        parts.push(format!("{reports}: {}", sizes.join(", ")));
    }
    if let Some(size) = row.present {
        for (n, one, many) in [
            (size.out_of_memory, "ran out of memory", "ran out of memory"),
            (size.timeouts, "timed out", "timed out"),
            (size.cold_starts, "cold start", "cold starts"),
        ] {
            if n > 0 {
                parts.push(counted(n, one, many));
            }
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// At which sizes traffic runs, where that is not simply the configured one.
fn traffic(of: &FunctionReview) -> Option<String> {
    let serving = of.serving();
    let size = |size: &SizeEvidence| {
        let mb = numbers::count(size.memory_size_mb.into());
        format!("{mb} MB{}", serving::place(&of.function, size))
    };
    let configured = of.function.memory_size_mb;
    let is_plain = serving.replaced.is_empty() && serving.now.iter().all(|now| Some(now.memory_size_mb) == configured);
    if serving.now.is_empty() && serving.replaced.is_empty()
        || is_plain
        || configured.is_none() && serving.now.len() < 2
    {
        return None;
    }
    let mut parts: Vec<String> = match &serving.now[..] {
        [] => vec!["nothing was seen since its size was changed".to_owned()],
        now => vec![format!(
            "runs at {}",
            joined(&now.iter().map(|now| size(now)).collect::<Vec<_>>())
        )],
    };
    parts.extend(configured.map(|mb| format!("$LATEST is {} MB", numbers::count(mb.into()))));
    parts.extend(serving.replaced.iter().map(|before| match before.last_seen {
        Some(at) => format!("ran at {} until {}", size(before), at.strftime("%Y-%m-%d")),
        None => format!("ran at {} before", size(before)),
    }));
    Some(parts.join("; "))
}

fn configuration(of: &FunctionReview) -> Option<String> {
    let f = &of.function;
    let mut parts = Vec::new();
    parts.extend(f.architecture.map(|a| a.to_string()));
    parts.extend(f.runtime.clone());
    if f.package == Some(tuner_core::review::PackageType::Image) {
        parts.push("image".to_owned());
    }
    parts.extend(f.timeout_s.map(|s| format!("timeout {s} s")));
    parts.extend(
        f.ephemeral_storage_mb
            .filter(|mb| *mb > 512)
            .map(|mb| format!("/tmp {} MB", numbers::count(mb.into()))),
    );
    if f.snap_start {
        parts.push("SnapStart".to_owned());
    }
    parts.extend(f.reserved_concurrency.map(|n| format!("reserved concurrency {n}")));
    parts.extend(
        f.provisioned
            .iter()
            .map(|p| format!("provisioned {} for {}", p.environments, p.qualifier)),
    );
    parts.extend(f.last_modified.map(|at| format!("changed {}", at.strftime("%Y-%m-%d"))));
    parts.extend(f.stack().map(|stack| format!("stack {stack}")));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// "bounded", for the head of a column; empty without a saving.
pub(crate) fn saving_basis(row: &Row<'_>) -> &'static str {
    row.saving.map_or("", |saving| short_basis(saving.basis))
}
