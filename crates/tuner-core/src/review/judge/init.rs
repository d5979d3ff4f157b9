//! How much of what is billed is initialisation, and what would avoid it.

use super::super::money::{allocated_gb_seconds, allocation};
use super::super::{Action, FindingKind, SizeEvidence};
use super::words::{count, counted, ms, percent};
use super::{Case, Judged};
use crate::memory::gb_seconds;
use crate::pricing::{InvocationMix, Money, PriceQuote, SnapStartBilling, environments_for};

/// From this share of billed time on, initialisation is worth a look.
const MUCH: f64 = 0.2;
/// One cold start may be that of a deployment.
const COLD_STARTS: u64 = 2;

/// Much of what is billed is initialisation.
pub(super) fn judge(case: &Case<'_>) -> Option<Judged> {
    let reports = case
        .usual()
        .filter(|size| size.cold_starts >= COLD_STARTS && size.billed_duration_ms > 0)?;
    let share = share(reports);
    if share < MUCH {
        return None;
    }
    let init_ms = reports.init_sum_ms / reports.cold_starts as f64;
    let mut text = format!(
        "{} of what is billed is initialisation: {} of {} began cold ({}), with {} of init each.",
        percent(share),
        count(reports.cold_starts),
        counted(reports.invocations, "invocation"),
        percent(reports.cold_share()),
        ms(init_ms),
    );
    // By the month: logs without times have none.
    if let (Some(quote), Some(usage)) = (&case.priced.quote, case.usage.filter(|usage| usage.days > 0.0)) {
        let billed = case.priced.cost.map(|cost| cost.bill.duration * share);
        if let Some(billed) = billed.filter(|billed| billed.amount > 0.0) {
            text += &format!(" It costs {} a month.", billed.display());
        }
        text += &provisioned(case, quote, reports);
        text += &snapstart(case, quote, reports.memory_size_mb, usage.days, init_ms);
    }
    Some(Judged::new(FindingKind::InitHeavy, case.confidence(reports.cold_starts), text).advise(Action::Investigate))
}

/// The share of what is billed that is init. Before August 2025 init of zip packages on managed runtimes was free ("AWS
/// Lambda standardizes billing for INIT Phase"), and old logs are still read: it is billed if it is there.
pub(super) fn share(reports: &SizeEvidence) -> f64 {
    let billed = reports.invocations.saturating_sub(reports.unbilled_invocations) as f64;
    let beyond_duration = reports.billed_duration_ms as f64 - reports.duration.mean_ms * billed;
    if reports.init_sum_ms > 0.0 && beyond_duration >= reports.init_sum_ms / 2.0 {
        (reports.init_sum_ms / reports.billed_duration_ms.max(1) as f64).min(1.0)
    } else {
        0.0
    }
}

/// Environments kept ready: what one costs, from how many requests on it costs no more than on demand, and how many the
/// present rate takes.
fn provisioned(case: &Case<'_>, quote: &PriceQuote, reports: &SizeEvidence) -> String {
    const S_PER_DAY: f64 = 86_400.0;
    let hour = allocation(quote, allocated_gb_seconds(reports.memory_size_mb, 1, 1.0 / 24.0));
    let usage = case.usage.filter(|usage| usage.days > 0.0);
    let (Some(hour), Some(usage), true) = (hour, usage, case.function.provisioned.is_empty()) else {
        return String::new();
    };
    let mix = InvocationMix {
        duration_s: reports.duration.mean_ms / 1000.0,
        cold_share: reports.cold_share(),
        init_s: reports.init_sum_ms / reports.cold_starts.max(1) as f64 / 1000.0,
    };
    let one = format!(
        " An environment of provisioned concurrency costs {} an hour, {} a month",
        hour.display(),
        (hour * (24.0 * usage.days)).display()
    );
    let Some(even) = quote.provisioned_break_even(&mix) else {
        return format!("{one}, and is never cheaper than on demand.");
    };
    let rate = usage.invocations / (usage.days * S_PER_DAY);
    let needed = environments_for(rate, mix.duration_s);
    let gb = f64::from(reports.memory_size_mb) / 1024.0;
    let saved = quote.provisioned_saving_per_gb_hour(&mix, rate, needed).unwrap_or(0.0) * gb * 24.0 * usage.days;
    let mut text = format!(
        "{one}, and pays for itself from {} requests a second on ({} busy). There are {} on average",
        decimal(even.requests_per_s),
        percent(even.busy),
        decimal(rate),
    );
    let environments = counted(u64::from(needed), "environment");
    text += &match saved > 0.0 {
        true => format!(
            ", for which {environments} would be enough and save {} a month if they come evenly.",
            Money::new(saved, quote.currency).display()
        ),
        false => format!(
            ": kept all day, the {environments} that it takes would cost more than on demand. In hours with more requests \
             than that it pays: keep it then, with a scheduled action of Application Auto Scaling."
        ),
    };
    text
}

/// `0.31`, `0.0042`, `12`: two digits that say something.
fn decimal(x: f64) -> String {
    let digits = (1.0 - x.abs().max(1e-9).log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{x:.digits$}")
}

/// What SnapStart would cost, where the runtime has it.
fn snapstart(case: &Case<'_>, quote: &PriceQuote, memory_size_mb: u32, days: f64, init_ms: f64) -> String {
    let runtime = case
        .function
        .runtime
        .as_deref()
        .filter(|runtime| has_snapstart(runtime));
    let Some(billing) = runtime
        .filter(|_| !case.function.snap_start)
        .and_then(SnapStartBilling::of_runtime)
    else {
        return String::new();
    };
    // SnapStart excludes both (source: "Improving startup performance with Lambda SnapStart").
    if !case.function.provisioned.is_empty() || case.function.ephemeral_storage_mb.is_some_and(|mb| mb > 512) {
        return String::new();
    }
    match billing {
        SnapStartBilling::Free => {
            " SnapStart is free for this runtime, and replaces init by a shorter restore.".to_owned()
        }
        SnapStartBilling::Charged => {
            let cached_s = (days * 86_400.0) as u64;
            let cache = quote.snapstart_cache(billing, memory_size_mb, cached_s);
            let restore = quote.snapstart_restore(billing, memory_size_mb, 1);
            let (Ok(cache), Ok(restore)) = (cache, restore) else {
                return " What SnapStart costs here is not known.".to_owned();
            };
            // A restore that takes no time at all is still charged by size.
            let as_init_ms = restore.amount / (quote.gb_second_price().amount * gb_seconds(memory_size_mb, 1.0));
            let verdict = if as_init_ms < init_ms { "less" } else { "more" };
            format!(
                " SnapStart would charge {} a month to keep one version, and for each restore as much as {} of init, \
                 {verdict} than the init it replaces.",
                cache.display(),
                ms(as_init_ms)
            )
        }
    }
}

/// Java from 11, Python from 3.12, .NET from 8 on (source: "Improving startup performance with Lambda SnapStart").
fn has_snapstart(runtime: &str) -> bool {
    let from = |prefix: &str, least: u32| {
        let rest = runtime.strip_prefix(prefix)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(digits.parse::<u32>().ok()? >= least)
    };
    [from("java", 11), from("python3.", 12), from("dotnet", 8)]
        .into_iter()
        .flatten()
        .any(|has| has)
}

#[cfg(test)]
mod tests {
    use super::has_snapstart;

    #[test]
    fn runtimes_with_snapstart() {
        for runtime in ["java11", "java21", "python3.12", "python3.14", "dotnet8", "dotnet10"] {
            assert!(has_snapstart(runtime), "{runtime}");
        }
        for runtime in [
            "java8.al2",
            "python3.9",
            "dotnet6",
            "dotnetcore3.1",
            "nodejs22.x",
            "provided.al2023",
        ] {
            assert!(!has_snapstart(runtime), "{runtime}");
        }
    }
}
