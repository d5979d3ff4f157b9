//! More memory than is used, or hardly enough.

use super::super::money::{allocated_gb_seconds, allocation};
use super::super::{Action, FindingKind, Saving, SizeEvidence};
use super::bounds::Slowdown;
use super::words::{count, counted, ms, percent};
use super::{Case, Judged, init, provisioned};
use crate::MemorySize;
use crate::planning::RUNGS;
use crate::pricing::{Confidence, Money};

/// From this share of its memory on a function may run out of it: what was seen is a sample of what will come.
const AT_RISK: f64 = 0.9;
/// Out of memory is reported with this much to spare, in MB (seen in real reports: 126 of 128).
const FULL_WITHIN_MB: u32 = 2;
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

/// Risk of running out of memory.
pub(super) fn underprovisioned(case: &Case<'_>) -> Option<Judged> {
    let reports = case.reports?;
    let size_mb = reports.memory_size_mb;
    let used_mb = reports.max_memory_used_mb.unwrap_or(0);
    let share = reports.memory_share().unwrap_or(0.0);
    let full = used_mb > 0 && used_mb.saturating_add(FULL_WITHIN_MB) >= size_mb;
    if reports.out_of_memory == 0 && !full && share < AT_RISK {
        return None;
    }
    let seen = match case.function.reports_hidden {
        false => counted(reports.invocations, "invocation"),
        true => counted(reports.invocations, "reported failure"),
    };
    let used = format!("{used_mb} MB of {size_mb} MB ({}) were used at most", percent(share));
    let (confidence, text) = if reports.out_of_memory > 0 {
        let ran_out = format!("{} of {seen} ran out of memory", count(reports.out_of_memory));
        (Confidence::High, format!("{ran_out} at {size_mb} MB."))
    } else if full {
        (Confidence::High, format!("{used}: as good as all, in {seen}."))
    } else {
        // That it was used is a fact; how much more may come is what many invocations say.
        (
            case.confidence(reports.invocations).max(Confidence::Medium),
            format!("{used} in {seen}."),
        )
    };
    let head_room = if reports.out_of_memory > 0 || full {
        HEAD_ROOM_AFTER_OUT_OF_MEMORY
    } else {
        HEAD_ROOM
    };
    let out_of_memory_mb = if reports.out_of_memory > 0 { size_mb } else { used_mb };
    let needed_mb = with_head_room(out_of_memory_mb.max(used_mb), head_room);
    let action = if needed_mb > size_mb {
        Action::SetMemorySize {
            memory_size_mb: needed_mb,
        }
    } else {
        Action::Investigate
    };
    Some(Judged::new(FindingKind::MemoryUnderprovisioned, confidence, text + &optimizer(case)).advise(action))
}

/// Much of the memory is never used. That alone is no reason for less: less memory is less processor.
pub(super) fn overprovisioned(case: &Case<'_>) -> Option<Judged> {
    let reports = case.usual()?;
    let size_mb = reports.memory_size_mb;
    let (used_mb, share, floor_mb) = (reports.max_memory_used_mb?, reports.memory_share()?, floor_mb(reports)?);
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
    if candidate_mb > floor_mb
        && let Some(timeout_s) = case.function.timeout_s
    {
        text += &format!(" With less, at worst, the longest would pass the timeout of {timeout_s} s.");
    }
    if too_slow && let Some(timeout_s) = case.function.timeout_s {
        text += &format!(
            " At worst the longest would take {} there, beyond the timeout of {timeout_s} s.",
            ms(reports.duration.max_ms * longest)
        );
    }
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
    let Some(timeout_s) = case.function.timeout_s else {
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
    let by_size = kept.map_or(0.0, |money| money.amount) + bill.snapstart.amount;
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
