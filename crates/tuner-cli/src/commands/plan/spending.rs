//! What a tuning would cost and how long it would take.

use std::time::Duration;

use tuner_core::planning::RUNGS;
use tuner_core::pricing::{Currency, Money, PriceTable, Rate};
use tuner_core::{Architecture, SizeProgress, machinery};
use tuner_engine::TuningRequest;
use tuner_report::{Reader, remedy};

use super::{Known, Place, USUAL_SIZES, usual_calls};
use crate::commands::run::seconds;
use crate::units;

/// Versions that are published, when all goes well.
pub(super) fn versions(request: &TuningRequest) -> u64 {
    if request.options.preset.is_adaptive() {
        return match request.options.memory_sizes.len() as u64 {
            0 => USUAL_SIZES,
            sizes => sizes.min(USUAL_SIZES),
        };
    }
    let untouched = SizeProgress::default();
    let progress = request
        .options
        .memory_sizes
        .iter()
        .map(|&size| (size, untouched.clone()))
        .collect();
    let batches = request.options.fixed_planner().next(&progress);
    let versions = batches
        .iter()
        .map(|batch| request.options.versions_for(batch, &untouched));
    versions.map(u64::from).sum()
}

/// What is spent at most.
pub(super) struct Spends {
    /// Absent where it is not known.
    pub at_most: Option<Money>,
    pub words: String,
}

impl Spends {
    fn unknown(words: String) -> Self {
        Self { at_most: None, words }
    }
}

pub(super) fn spends(request: &TuningRequest, known: &Known, prices: &PriceTable) -> Spends {
    let now = match (&known.place, &known.now) {
        (Place::Local, _) => {
            return Spends {
                at_most: Some(Money::new(0.0, Currency::Usd)),
                words: "nothing: it runs on this machine".to_owned(),
            };
        }
        (_, Err(_)) => {
            let words = "an amount that is not known here: it depends on the function's timeout";
            return Spends::unknown(words.to_owned());
        }
        (_, Ok(now)) => now,
    };
    let quote = match prices.quote(&known.region, now.architecture) {
        Ok(quote) => quote,
        Err(unknown) => {
            let way = unknown.remedy().map(|way| remedy(&way, Reader::CommandLine));
            return Spends::unknown(format!("an unknown amount: {unknown}; {}", way.unwrap_or_default()));
        }
    };
    let Some(rate) = Rate::of(&quote, now.ephemeral_storage_mb) else {
        let words = format!("an unknown amount: not every price in {} is known", known.region);
        return Spends::unknown(words);
    };
    let rate = match now.snap_start {
        true => rate.with_snap_start(Some(&quote), now.runtime.as_deref()),
        false => rate,
    };
    let timeout_ms = u64::from(now.timeout_s) * 1000;
    let (sizes, calls) = worst_case(request);
    let invoked: f64 = sizes
        .iter()
        .map(|&mb| rate.cost(mb, timeout_ms as f64) * f64::from(calls))
        .sum();
    let versions = f64::from(most_versions_each(request));
    let published = sizes
        .iter()
        .map(|&mb| Some(rate.publishing(mb)? * versions))
        .sum::<Option<f64>>();
    // Nothing is begun that could exceed the budget.
    let bounded = |amount: f64| request.options.budget.cost.map_or(amount, |most| amount.min(most));
    let Some(published) = published else {
        return Spends::unknown(format!(
            "an unknown amount: every version is charged for SnapStart's cache, 3 hours at least, and what that costs {} is \
             not known; the invocations cost at most {}",
            match now.runtime {
                Some(_) => format!("in {}", known.region),
                None => "for a container image".to_owned(),
            },
            Money::new(bounded(invoked), quote.currency).display()
        ));
    };
    let worst = Money::new(bounded(invoked + published), quote.currency);
    let (amount, what) = match &known.place {
        Place::Service { region, .. } => match own(request, calls, timeout_ms, region, prices) {
            Some(own) => match worst.checked_add(own) {
                Ok(sum) => (sum, ", the service's own steps included"),
                Err(_) => (worst, ", without the service's own steps"),
            },
            None => (worst, ", without the service's own steps, whose price is not known"),
        },
        _ => (worst, ""),
    };
    let cache = match published > 0.0 {
        true => format!(
            " (up to {} of it for SnapStart's cache: each version is charged for 3 hours at least)",
            Money::new(bounded(published), quote.currency).display()
        ),
        false => String::new(),
    };
    let why = match (
        request.options.preset.is_adaptive(),
        request.options.dry_run,
        request.options.only_cold_starts,
    ) {
        (true, ..) if request.options.budget.cost.is_some_and(|most| amount.amount >= most) => "the budget",
        (true, ..) | (_, true, _) => "if every one ran into the timeout",
        (_, _, true) => "if every version gave one cold start only and every invocation ran into the timeout",
        _ => "if all had to be made twice and every one ran into the timeout",
    };
    Spends {
        at_most: Some(amount),
        words: format!("at most {} in {}{cache}{what}, {why}", amount.display(), known.region),
    }
}

/// Versions of a size that are not exceeded.
fn most_versions_each(request: &TuningRequest) -> u32 {
    match request.options.only_cold_starts {
        // Each gives one cold start at least.
        true => request.options.invocations.max(1),
        false => 1,
    }
}

/// Publishing a version takes about this long: two changes of the configuration that must take effect, and the publishing.
const PUBLISHING: Duration = Duration::from_secs(4);

/// How long it takes. What an invocation takes is not known before it is measured.
pub(super) fn takes(request: &TuningRequest, known: &Known) -> String {
    let calls = usual_calls(request);
    let at_once = at_once(request);
    // As if each took a second: the reader knows better.
    let of_a_second = about(1000.0 * calls.div_ceil(at_once) as f64 + pauses_ms(request, calls, at_once));
    let mut words = format!("as long as its invocations: {of_a_second} if each took 1 s");
    if let Ok(now) = &known.now {
        let (sizes, each) = worst_case(request);
        let all = sizes.len() as u64 * u64::from(each);
        // No order of a list of jobs ends later (R. L. Graham, 1969): all of them side by side, then the longest queue.
        let rounds = all.div_ceil(at_once) + u64::from(each).div_ceil(u64::from(request.options.concurrency).max(1));
        let rounds = if at_once == 1 { all } else { rounds };
        let worst_ms = rounds as f64 * f64::from(now.timeout_s) * 1000.0 + pauses_ms(request, all, at_once);
        let worst_ms = request
            .options
            .budget
            .time_ms
            .map_or(worst_ms, |most| worst_ms.min(most as f64));
        words += &format!(
            ", at most {} if every one ran into the timeout of {}",
            about(worst_ms),
            seconds(now.timeout_s)
        );
    } else if let Some(most) = request.options.budget.time_ms {
        words += &format!(", at most {}", about(most as f64));
    }
    if !matches!(known.place, Place::Local) {
        let publishing = about(versions(request) as f64 * PUBLISHING.as_secs_f64() * 1000.0);
        let snapshots = match &known.now {
            Ok(now) if now.snap_start => ", and some minutes until their snapshots are made",
            _ => "",
        };
        words += &format!("; besides about {publishing} to publish the versions{snapshots}");
    }
    words
}

/// A time that is not known to the second.
fn about(ms: f64) -> String {
    match ms {
        ms if ms < 59_500.0 => format!("{:.0} s", ms / 1000.0),
        ms => units::duration(ms),
    }
}

/// Invocations made at the same time.
fn at_once(request: &TuningRequest) -> u64 {
    let concurrency = u64::from(request.options.concurrency).max(1);
    let sizes = match request.options.preset.is_adaptive() {
        // Sizes are measured by turns.
        true => 1,
        false => request.options.memory_sizes.len().max(1) as u64,
    };
    (sizes * concurrency)
        .min(u64::from(request.options.max_concurrency))
        .max(1)
}

fn pauses_ms(request: &TuningRequest, calls: u64, at_once: u64) -> f64 {
    (request.options.pause_ms * calls.div_ceil(at_once)) as f64
}

/// Sizes and invocations of each that are not exceeded.
fn worst_case(request: &TuningRequest) -> (Vec<u32>, u32) {
    let Some(effort) = request.options.preset.effort() else {
        let sizes = request.options.memory_sizes.iter().map(|size| size.mb()).collect();
        return (sizes, request.options.fixed_planner().most_calls());
    };
    let sizes: Vec<u32> = match request.options.memory_sizes.len() {
        0 => RUNGS.to_vec(),
        _ => request.options.memory_sizes.iter().map(|size| size.mb()).collect(),
    };
    // One that runs into its timeout ends its size.
    let each = match request.options.budget.invocations {
        Some(most) => most.div_ceil(sizes.len().max(1) as u32),
        None => effort.calls.div_ceil(sizes.len().max(1) as u32) + effort.opening,
    };
    (sizes, each)
}

/// What the service's own steps cost when every invocation runs into the timeout.
fn own(request: &TuningRequest, calls: u32, timeout_ms: u64, region: &str, prices: &PriceTable) -> Option<Money> {
    let plan = machinery::Plan {
        sizes: worst_case(request).0.len() as u32,
        invocations: calls.saturating_sub(1),
        concurrency: request.options.concurrency,
        max_concurrency: request.options.max_concurrency,
        pause_ms: request.options.pause_ms,
        duration_ms: timeout_ms as f64,
        // As infra/ deploys them, at the dearer of the two architectures.
        own_memory_mb: 512,
    };
    let place = machinery::Place {
        region,
        architecture: Architecture::X86_64,
    };
    machinery::Work::estimate(&plan).priced(prices, place).cost()
}
