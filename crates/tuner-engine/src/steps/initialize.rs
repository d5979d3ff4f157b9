use tuner_core::floor::Present;
use tuner_core::{ControlCalls, Floor, MemorySize, Payloads, Progress, Remedy, SizeProgress};
use uuid::Uuid;

use crate::context::Event;
use crate::difference::{differences, in_words};
use crate::marker::{self, Carried, Marker};
use crate::ports::{Concurrency, FunctionConfiguration};
use crate::retry::retrying;
use crate::state::PayloadShares;
use crate::steps::alias::check_alias;
use crate::steps::known::known;
use crate::steps::ready::until_ready;
use crate::{Context, Original, Prices, TuningError, TuningRequest, TuningState};

const LATEST: &str = "$LATEST";

/// Reads the function and refuses what can't be tuned. Changes nothing. `tuning_id` is a UUIDv7 of the driver's making.
///
/// Planning goes by `prices`, as far as they are known for the function; the document holds what it was judged by.
///
/// # Errors
/// When the function can't be read, can't be tuned, or carries the mark of another tuning.
pub async fn initialize(
    ctx: &Context,
    request: &TuningRequest,
    payloads: &Payloads,
    prices: Prices<'_>,
    tuning_id: Uuid,
) -> Result<TuningState, TuningError> {
    ctx.check()?;
    let mut warnings: Vec<String> = payloads.note().into_iter().collect();
    let mut asked = until_ready(ctx, &request.function).await?;
    let mut latest = if asked.version == LATEST {
        asked.clone()
    } else {
        until_ready(ctx, &asked.arn.unqualified()).await?
    };
    let function = latest.arn.to_string();
    if let Some(reason) = latest.untunable.as_ref().or(asked.untunable.as_ref()) {
        return Err(TuningError::Untunable {
            function,
            reason: reason.clone(),
        });
    }
    let mut broken_off = Vec::new();
    if let Some((mark, before)) = Marker::read(&latest.description, latest.variables.as_ref()) {
        if before.cut || !is_over(ctx, mark.tuning_id).await {
            return Err(TuningError::marked(&latest.arn, &mark));
        }
        broken_off.push(mark.tuning_id);
        // What it was before that tuning is what it will be again when ours publishes.
        latest = unmarked(latest, &mark, before);
        if asked.version == LATEST {
            asked = latest.clone();
        }
    }
    check_qualifier(&asked, &latest)?;
    check_alias(ctx, request, &latest).await?;
    let versions = retrying(ctx, || ctx.control.versions(&latest.arn)).await?;
    let rate = prices.rate(&latest);
    if request.options.budget.cost.is_some() && rate.version_gb.is_none() {
        return Err(TuningError::Untunable {
            function,
            reason:
                "every version of it is charged for SnapStart's cache, 3 hours at least, and the price of that is not \
                     known here: a budget of money could not be kept; limit invocations or time instead"
                    .to_owned(),
        });
    }
    // Not worth failing for: who may not read it finds out by being throttled.
    let concurrency = ctx.control.concurrency(&latest.arn).await.ok();
    let mut others = Vec::new();
    for version in &versions {
        let Some(owner) = marker::version_owner(&version.description) else {
            continue;
        };
        if broken_off.contains(&owner) {
            continue;
        } else if is_over(ctx, owner).await {
            broken_off.push(owner);
        } else {
            others.push(version.version.to_string());
        }
    }
    let mut remedies = Vec::new();
    if !others.is_empty() {
        warnings.push(format!(
            "versions {} of other tunings are still there",
            others.join(", ")
        ));
        remedies.push(Remedy::WaitOrRestore {
            function: latest.arn.clone(),
        });
    }
    if !broken_off.is_empty() {
        warnings.push(format!(
            "{} had left something on {function}, which goes with what this one makes",
            match broken_off.len() {
                1 => "a tuning that was broken off".to_owned(),
                n => format!("{n} tunings that were broken off"),
            }
        ));
    }
    if latest.reports_hidden {
        warnings.push(
            "the function's system log level hides the report of every successful invocation: raise it to INFO \
             (LoggingConfig.SystemLogLevel), else nothing can be measured"
                .to_owned(),
        );
    }
    if !latest.snap_start && asked.memory_size_mb != latest.memory_size_mb {
        warnings.push(format!(
            "{} has {} MB and $LATEST has {} MB; the former is taken as the present size",
            asked.version, asked.memory_size_mb, latest.memory_size_mb
        ));
    }
    let floor = floor(ctx, request, &asked, &latest).await;
    let (left_out, sizes): (Vec<MemorySize>, Vec<MemorySize>) =
        (request.options.memory_sizes.iter()).partition(|size| floor.forbids(size.mb()));
    if !left_out.is_empty() && sizes.is_empty() {
        return Err(TuningError::BelowFloor {
            function,
            reason: floor.reason(),
            floor_mb: floor.memory_size_mb.unwrap_or_default(),
        });
    }
    for size in &left_out {
        let reason = &floor.reason();
        ctx.tell(Event::Skipped { size: *size, reason });
    }
    for warning in &warnings {
        ctx.tell(Event::Warning { text: warning });
    }
    ctx.tell(Event::Initialized {
        function: &function,
        sizes: &sizes,
    });
    let progress = progress(request, &sizes, &left_out, &floor);
    Ok(TuningState {
        tuning_id,
        started_at: ctx.clock.now(),
        request: within(request, concurrency),
        rate,
        payloads: PayloadShares::of(payloads, tuning_id),
        original: Original {
            present_memory_size_mb: request.has_present_size.then_some(asked.memory_size_mb),
            last_version: versions.iter().map(|v| v.version).max().unwrap_or(0),
            latest,
        },
        versions: std::collections::BTreeMap::new(),
        progress,
        floor,
        broken_off,
        concurrency,
        throttled: 0,
        control_calls: ControlCalls::default(),
        warnings,
        remedies,
    })
}

/// The request with no more invocations at the same time than half of what the account has: the rest is for others.
fn within(request: &TuningRequest, concurrency: Option<Concurrency>) -> TuningRequest {
    let mut request = request.clone();
    if let Some(concurrency) = concurrency {
        let most = concurrency.reserved.unwrap_or(concurrency.unreserved) / 2;
        request.options.max_concurrency = request.options.max_concurrency.min(most).max(1);
        request.options.concurrency = request.options.concurrency.min(request.options.max_concurrency);
    }
    request
}

/// The least memory that may be used, by what is known before anything is measured.
async fn floor(
    ctx: &Context,
    request: &TuningRequest,
    asked: &FunctionConfiguration,
    latest: &FunctionConfiguration,
) -> Floor {
    let known = known(ctx, request, latest).await;
    let present = Present {
        memory_size_mb: request.has_present_size.then_some(asked.memory_size_mb),
        timeout_s: Some(latest.timeout_s),
    };
    Floor::of(
        known,
        request.options.headroom,
        present,
        request.options.risk_failures_below_floor,
    )
}

/// Adaptive planning begins with no size, a grid with all of its own; those that are left out have a row that says why.
fn progress(request: &TuningRequest, sizes: &[MemorySize], left_out: &[MemorySize], floor: &Floor) -> Progress {
    let skipped = |_| SizeProgress {
        skipped: Some(floor.reason()),
        ..SizeProgress::default()
    };
    let of_grid = sizes.iter().filter(|_| !request.options.preset.is_adaptive());
    let wanted = of_grid.map(|&size| (size, SizeProgress::default()));
    wanted
        .chain(left_out.iter().map(|&size| (size, skipped(size))))
        .collect()
}

async fn is_over(ctx: &Context, tuning_id: Uuid) -> bool {
    match &ctx.tunings {
        Some(tunings) => tunings.is_over(tuning_id).await,
        None => false,
    }
}

/// `marked` as it was before the tuning that marked it.
fn unmarked(marked: FunctionConfiguration, mark: &Marker, before: Carried) -> FunctionConfiguration {
    FunctionConfiguration {
        memory_size_mb: mark.before(marked.memory_size_mb),
        description: before.description,
        variables: before.variables.or(marked.variables),
        ..marked
    }
}

/// Only `$LATEST` can be published at other sizes. A version or alias is accepted if its code and settings are the same.
fn check_qualifier(asked: &FunctionConfiguration, latest: &FunctionConfiguration) -> Result<(), TuningError> {
    if asked.same_settings(latest) {
        return Ok(());
    }
    Err(TuningError::Untunable {
        function: asked.arn.at(&asked.version).to_string(),
        reason: format!(
            "only $LATEST can be published at other memory sizes, and it differs from version {}: {}; tune the unqualified function, or deploy that version's first",
            asked.version,
            in_words(&differences(latest, asked)),
        ),
    })
}
