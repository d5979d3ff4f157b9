use tuner_core::{Payloads, SizeProgress};
use uuid::Uuid;

use crate::context::Event;
use crate::difference::{differences, in_words};
use crate::marker::{self, Carried, Marker};
use crate::ports::FunctionConfiguration;
use crate::retry::retrying;
use crate::state::PayloadShares;
use crate::steps::alias::check_alias;
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
    if request.budget.cost.is_some() && rate.version_gb.is_none() {
        return Err(TuningError::Untunable {
            function,
            reason:
                "every version of it is charged for SnapStart's cache, 3 hours at least, and the price of that is not \
                     known here: a budget of money could not be kept; limit invocations or time instead"
                    .to_owned(),
        });
    }
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
    if !others.is_empty() {
        warnings.push(format!(
            "versions {} of other tunings are still there; if none is under way, `tuner restore --function {function}` deletes them",
            others.join(", ")
        ));
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
    for warning in &warnings {
        ctx.tell(Event::Warning { text: warning });
    }
    ctx.tell(Event::Initialized {
        function: &function,
        sizes: &request.memory_sizes,
    });
    Ok(TuningState {
        tuning_id,
        started_at: ctx.clock.now(),
        request: request.clone(),
        rate,
        payloads: PayloadShares::of(payloads),
        original: Original {
            present_memory_size_mb: request.has_present_size.then_some(asked.memory_size_mb),
            last_version: versions.iter().map(|v| v.version).max().unwrap_or(0),
            latest,
        },
        versions: std::collections::BTreeMap::new(),
        // Adaptive planning begins with none.
        progress: request
            .memory_sizes
            .iter()
            .filter(|_| !request.preset.is_adaptive())
            .map(|&size| (size, SizeProgress::default()))
            .collect(),
        broken_off,
        warnings,
    })
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
