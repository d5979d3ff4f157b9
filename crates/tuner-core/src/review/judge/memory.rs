//! More memory than is used, or hardly enough.

use super::super::money::{allocated_gb_seconds, allocation};
use super::super::{Action, FindingKind, ListedFunction, Saving, SizeEvidence};
use super::bounds::Slowdown;
use super::words::{count, counted, ms, percent};
use super::{Case, Judged, init, provisioned, versions};
use crate::MemorySize;
use crate::floor::Present;
use crate::planning::RUNGS;
use crate::pricing::{Confidence, Money};

/// From this share of its memory on a function may run out of it: what was seen is a sample of what will come.
const AT_RISK: f64 = 0.9;
/// Out of memory is reported with this much to spare, in MB (seen in real reports: 126 of 128).
const FULL_WITHIN_MB: u32 = 2;
/// A heap that follows the size may fill so much of it.
const FULL_HEAP: f64 = 0.97;
/// Use that differs by no more than this is always the same, in MB.
const STEADY_MB: u32 = 8;
/// Growth below this is no leak, in MB.
const GROWS_MB: f64 = 16.0;
/// Up to this share of its memory a function has much of it to spare.
const TO_SPARE: f64 = 0.65;
/// Memory that a smaller size keeps above what was used at most: a fifth, as the planner of a tuning keeps.
const HEAD_ROOM: f64 = 1.2;
/// More is given after running out of it, since what would have been used is not known.
const HEAD_ROOM_AFTER_OUT_OF_MEMORY: f64 = 1.5;
/// Sizes are rounded up to a multiple of this, in MB.
const STEP_MB: u32 = 64;
/// A smaller size is worth measuring if it is at least this much smaller.
const WORTH_MEASURING: f64 = 0.8;
/// Sizes to measure are this much apart at least.
const APART: f64 = 1.25;

/// The smallest multiple of [`STEP_MB`] that `head_room` leaves above `used_mb`, within what Lambda allows.
fn with_head_room(used_mb: u32, head_room: f64) -> u32 {
    let needed = ((f64::from(used_mb) * head_room).ceil() as u32).min(MemorySize::MAX.mb());
    (needed.div_ceil(STEP_MB) * STEP_MB).max(MemorySize::MIN.mb())
}

/// The smallest size that keeps head-room above what was used at most, in MB.
pub(in crate::review) fn floor_mb(reports: &SizeEvidence) -> Option<u32> {
    Some(with_head_room(reports.max_memory_used_mb?, HEAD_ROOM))
}

/// Risk of running out of memory: at a size that serves, or that it did at one that was replaced since.
pub(super) fn underprovisioned(case: &Case<'_>) -> Option<Judged> {
    let worst = |a: &&SizeEvidence, b: &&SizeEvidence| {
        let order = a.out_of_memory.cmp(&b.out_of_memory);
        order.then(share(a).total_cmp(&share(b)))
    };
    let at_risk = |size: &&SizeEvidence| at_risk(case.function, size);
    let now = case.serving.now.iter().copied().filter(at_risk).max_by(worst);
    let before = || {
        case.serving
            .replaced
            .iter()
            .copied()
            .filter(|size| size.out_of_memory > 0)
    };
    match now {
        Some(size) => Some(runs_short(
            case,
            size,
            before().map(|size| ran_out(case, size)).collect(),
        )),
        None => before().next().map(|_| {
            let told: Vec<String> = before().map(|size| format!("{}.", ran_out(case, size))).collect();
            // It was mended, as far as can be seen.
            let confidence = match case.usual() {
                Some(_) => Confidence::Low,
                None => Confidence::Medium,
            };
            Judged::new(
                FindingKind::MemoryUnderprovisioned,
                confidence,
                told.join(" ") + &optimizer(case),
            )
        }),
    }
}

/// Whether a size may run out of memory. What a runtime takes to begin with is no sign of it, ...
fn at_risk(function: &ListedFunction, size: &SizeEvidence) -> bool {
    let near = share(size) >= AT_RISK && !is_baseline(size);
    let follows = near && heap_follows(function) && !grows_full(size);
    // ... nor is a heap that is as large as it may be: where memory is short, it is collected more often.
    size.out_of_memory > 0 || is_full(size) || grows_full(size) || near && (!follows || share(size) >= FULL_HEAP)
}

/// Whether this much of the smallest size is what runtime and code take when nothing is handled: all invocations use about the
/// same, or nothing tells. Sizes below do not exist, and most functions that do little use so much of it.
fn is_baseline(size: &SizeEvidence) -> bool {
    let steady = match (size.p99_memory_used_mb, size.max_memory_used_mb) {
        (Some(p99), Some(most)) => most.saturating_sub(p99) <= STEADY_MB,
        _ => true,
    };
    size.memory_size_mb <= MemorySize::MIN.mb() && steady && !grows_full(size)
}

/// Runtimes whose heap is sized by the memory they find, and filled before it is collected: that much is used says little.
/// Sources: JVM ergonomics (heap as a share of memory), .NET `GCHeapHardLimit` (75 % of a container's memory), Node's
/// `--max-old-space-size` as Lambda's runtime sets it.
fn heap_follows(function: &ListedFunction) -> bool {
    let runtime = function.runtime.as_deref().unwrap_or_default();
    ["java", "dotnet", "nodejs"]
        .iter()
        .any(|name| runtime.starts_with(name))
}

/// Whether memory used grows so that as long a time again fills it.
fn grows_full(size: &SizeEvidence) -> bool {
    let used_mb = f64::from(size.max_memory_used_mb.unwrap_or(0));
    size.memory_growth_mb
        .is_some_and(|growth| growth >= GROWS_MB && used_mb + growth >= f64::from(size.memory_size_mb))
}

/// What a size that may run out of memory should be, in MB.
fn needed_mb(size: &SizeEvidence) -> u32 {
    let used_mb = size.max_memory_used_mb.unwrap_or(0);
    let ran_out = size.out_of_memory > 0;
    let head_room = if ran_out || is_full(size) {
        HEAD_ROOM_AFTER_OUT_OF_MEMORY
    } else {
        HEAD_ROOM
    };
    let used_mb = if ran_out {
        used_mb.max(size.memory_size_mb)
    } else {
        used_mb
    };
    with_head_room(used_mb, head_room)
}

fn share(size: &SizeEvidence) -> f64 {
    size.memory_share().unwrap_or(0.0)
}

/// Whether as good as all of its memory was used.
fn is_full(size: &SizeEvidence) -> bool {
    let used_mb = size.max_memory_used_mb.unwrap_or(0);
    used_mb > 0 && used_mb.saturating_add(FULL_WITHIN_MB) >= size.memory_size_mb
}

/// Out of memory at a size that was replaced.
fn ran_out(case: &Case<'_>, size: &SizeEvidence) -> String {
    format!(
        "{} of {} ran out of memory at {} MB, {}",
        count(size.out_of_memory),
        case.seen(size),
        size.memory_size_mb,
        case.since(size)
    )
}

/// A size that serves is too small, or hardly enough. `before`: what happened at sizes that were replaced.
fn runs_short(case: &Case<'_>, reports: &SizeEvidence, before: Vec<String>) -> Judged {
    let (size_mb, seen) = (reports.memory_size_mb, case.seen(reports));
    let used_mb = reports.max_memory_used_mb.unwrap_or(0);
    let full = is_full(reports);
    let used = format!(
        "{used_mb} MB of {size_mb} MB ({}) were used at most",
        percent(share(reports))
    );
    let (confidence, mut text) = if reports.out_of_memory > 0 {
        let ran_out = format!("{} of {seen} ran out of memory", count(reports.out_of_memory));
        (Confidence::High, format!("{ran_out} at {size_mb} MB."))
    } else if full {
        (Confidence::High, format!("{used}: as good as all, in {seen}."))
    } else {
        // That it was used is a fact; how much more may come is what many invocations say.
        let confidence = match heap_follows(case.function) && !grows_full(reports) {
            true => Confidence::Low,
            false => case.confidence(reports.invocations).max(Confidence::Medium),
        };
        (confidence, format!("{used} in {seen}."))
    };
    if let Some(p99) = reports
        .p99_memory_used_mb
        .filter(|p99| p99.saturating_add(STEADY_MB) < used_mb)
    {
        text += &format!(" 99 of 100 used {p99} MB or less.");
    }
    if grows_full(reports)
        && let Some(growth) = reports.memory_growth_mb
    {
        text += &format!(
            " It grew by {growth:.0} MB in that time, as with a leak or more data: as much again is more than there is."
        );
    }
    if heap_follows(case.function) && reports.out_of_memory == 0 {
        text += " Its runtime lets the heap grow with the memory size, so that a larger one may be filled as well.";
    }
    let others = case.serving.now.iter().filter(|size| size.memory_size_mb != size_mb);
    for other in others.filter(|size| size.out_of_memory > 0) {
        text += &format!(
            " {} of {} did at {} MB.",
            count(other.out_of_memory),
            case.seen(other),
            other.memory_size_mb
        );
    }
    for past in before {
        text += &format!(" {}.", past.split(';').next().unwrap_or_default());
    }
    text += &case.whose(reports);
    let at_risk = (case.serving.now.iter().copied()).filter(|size| at_risk(case.function, size));
    let needed_mb = at_risk.map(needed_mb).max().unwrap_or(0);
    // What is configured and does not serve yet may be more.
    let memory_size_mb = needed_mb.max(case.function.memory_size_mb.unwrap_or(0));
    let action = if Some(memory_size_mb) > case.memory_size_mb && memory_size_mb > size_mb {
        Action::SetMemorySize { memory_size_mb }
    } else {
        Action::Investigate
    };
    Judged::new(FindingKind::MemoryUnderprovisioned, confidence, text + &optimizer(case)).advise(action)
}

/// Much of the memory is never used. That alone is no reason for less: less memory is less processor.
pub(super) fn overprovisioned(case: &Case<'_>) -> Option<Judged> {
    let reports = case.usual()?;
    let size_mb = reports.memory_size_mb;
    let (used_mb, share, floor_mb) = (reports.max_memory_used_mb?, reports.memory_share()?, floor_mb(reports)?);
    // At other sizes more may have been used, or failed.
    let known = case.evidence.floor(Present {
        memory_size_mb: Some(size_mb),
        timeout_s: case.timeout_s(reports),
    });
    let floor_mb = known.memory_size_mb.map_or(floor_mb, |known| known.max(floor_mb));
    // Out of memory is no time to take some away, even if the report of it shows little use.
    if share > TO_SPARE || reports.out_of_memory > 0 || MemorySize::new(size_mb).is_err() {
        return None;
    }
    let candidate_mb = in_time(case, reports, floor_mb);
    let too_slow = !worthwhile(candidate_mb, size_mb);
    // Where every smaller size might be too slow, that is said, and measuring tells.
    let candidate_mb = if too_slow { floor_mb } else { candidate_mb };
    if !worthwhile(candidate_mb, size_mb) {
        return None;
    }
    let slowdown = Slowdown::of(case, reports, candidate_mb);
    let (_, longest) = slowdown.factors(size_mb, candidate_mb);
    let mut text = format!(
        "{used_mb} MB of {size_mb} MB ({}) were used at most in {}; {candidate_mb} MB would leave {} to spare.",
        percent(share),
        counted(reports.invocations, "invocation"),
        percent(1.0 - f64::from(used_mb) / f64::from(candidate_mb)),
    );
    if heap_follows(case.function) {
        text += " Its runtime lets the heap grow with the memory size: with less it may use less.";
    }
    if candidate_mb > floor_mb
        && let Some(timeout_s) = case.timeout_s(reports)
    {
        text += &format!(" With less, at worst, the longest would pass the timeout of {timeout_s} s.");
    }
    if too_slow && let Some(timeout_s) = case.timeout_s(reports) {
        text += &format!(
            " At worst the longest would take {} there, beyond the timeout of {timeout_s} s.",
            ms(reports.duration.max_ms * longest)
        );
    }
    text += &case.whose(reports);
    text += &optimizer(case);
    Some(
        Judged::new(
            FindingKind::MemoryOverprovisioned,
            case.confidence(reports.invocations),
            text,
        )
        .saving(saving(case, reports, candidate_mb, slowdown))
        .advise(Action::Tune {
            memory_sizes_mb: sizes_to_measure(candidate_mb, size_mb),
        }),
    )
}

fn worthwhile(candidate_mb: u32, present_mb: u32) -> bool {
    f64::from(candidate_mb) <= f64::from(present_mb) * WORTH_MEASURING
}

/// The smallest size from `floor_mb` on at which the longest invocation stays within the timeout, whatever happens.
fn in_time(case: &Case<'_>, reports: &SizeEvidence, floor_mb: u32) -> u32 {
    let Some(timeout_s) = case.timeout_s(reports) else {
        return floor_mb;
    };
    let timeout_ms = f64::from(timeout_s) * 1000.0;
    let keeps = |mb: u32| {
        let (_, most) = Slowdown::of(case, reports, mb).factors(reports.memory_size_mb, mb);
        reports.duration.max_ms * most <= timeout_ms
    };
    let sizes = (floor_mb..reports.memory_size_mb).step_by(STEP_MB as usize);
    sizes
        .into_iter()
        .find(|&mb| keeps(mb))
        .unwrap_or(reports.memory_size_mb)
}

/// What a month would cost less at `candidate_mb`, from the least to the most that durations may grow.
fn saving(case: &Case<'_>, reports: &SizeEvidence, candidate_mb: u32, slowdown: Slowdown) -> Option<Saving> {
    let present_mb = reports.memory_size_mb;
    let (bill, usage) = (case.priced.cost?.bill, case.usage?);
    let currency = bill.total.currency;
    let smaller = f64::from(candidate_mb) / f64::from(present_mb);
    let allocated = case.priced.allocation.map_or(0.0, |money| money.amount);
    // Unused environments are a saving of their own, which is not made twice.
    let kept = case.priced.quote.as_ref().and_then(|quote| {
        let kept = provisioned::kept(case).unwrap_or_else(|| case.function.provisioned_environments());
        allocation(quote, allocated_gb_seconds(present_mb, kept, usage.days))
    });
    // So are snapshots of versions that nothing leads to.
    let stale = versions::unused_cost(case).map_or(0.0, |money| money.amount);
    let by_size = kept.map_or(0.0, |money| money.amount) + (bill.snapstart.amount - stale).max(0.0);
    let by_duration = bill.duration.amount + bill.provisioned_concurrency.amount - allocated;
    let saved = |longer: f64| {
        let share = 1.0 - smaller * longer;
        // What scales all the way saves nothing, and not the last bit of a float either.
        let duration = if share.abs() < 1e-9 { 0.0 } else { by_duration * share };
        let storage = bill.ephemeral_storage.amount * (1.0 - longer);
        Money::new(duration + storage + by_size * (1.0 - smaller), currency)
    };
    let (least, most) = slowdown.factors(present_mb, candidate_mb);
    // Init had two vCPUs at any size in what was measured of it; at best it still has.
    let init = init::share(reports);
    Some(Saving {
        at_best: saved(init + (1.0 - init) * least),
        at_worst: saved(most),
        basis: slowdown.basis,
    })
}

/// From the smallest that may do to the present one, in steps that a tuning would take.
pub(super) fn sizes_to_measure(from_mb: u32, to_mb: u32) -> Vec<u32> {
    let mut sizes = vec![from_mb];
    for rung in RUNGS {
        let last = sizes.last().map_or(0.0, |&mb| f64::from(mb));
        if f64::from(rung) >= last * APART && f64::from(rung) * APART <= f64::from(to_mb) {
            sizes.push(rung);
        }
    }
    sizes.push(to_mb);
    sizes
}

fn optimizer(case: &Case<'_>) -> String {
    let Some(optimizer) = &case.evidence.compute_optimizer else {
        return String::new();
    };
    match (optimizer.reasons.first(), optimizer.memory_size_mb) {
        (Some(reason), Some(mb)) => format!(" Compute Optimizer says {reason} and names {mb} MB."),
        (Some(reason), None) => format!(" Compute Optimizer says {reason}."),
        (None, _) => format!(" Compute Optimizer says {}.", optimizer.finding),
    }
}
