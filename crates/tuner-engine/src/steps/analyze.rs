use tuner_core::analysis::{self, Terms};
use tuner_core::planning::Stopped;
use tuner_core::pricing::PriceQuote;
use tuner_core::tuning::{
    FunctionUnderTest, MeasuringEnvironment, RequestSummary, SCHEMA_VERSION, SizeResult, SizeStatus,
};
use tuner_core::{InvocationRecord, MemorySize, Question, SnapStartUse, Tuning};

use crate::steps::plan::elapsed_ms;
use crate::steps::restore::Restored;
use crate::{Context, Prices, TuningError, TuningState, records};

/// Reads all records back and judges them: the [`Tuning`] document.
///
/// # Errors
/// When the records can't be read back.
pub async fn analyze(
    ctx: &Context,
    state: &TuningState,
    prices: Prices<'_>,
    payloads: u32,
    environment: MeasuringEnvironment,
    restored: Restored,
) -> Result<Tuning, TuningError> {
    let mut records = Vec::new();
    let sizes: Vec<MemorySize> = state.progress.keys().copied().collect();
    for &size in &sizes {
        records.extend(records::read(&*ctx.store, size).await?);
    }
    let latest = &state.original.latest;
    let (price, price_unknown) = match prices.quote(latest) {
        Ok(quote) => (Some(quote), None),
        Err(unknown) => (None, Some(unknown.to_string())),
    };
    let request = &state.request;
    let question = Question {
        rate: prices.rate(latest),
        ..state.question()
    };
    let terms = Terms {
        price: price.as_ref(),
        ephemeral_storage_mb: latest.ephemeral_storage_mb,
        question: &question,
        trim_share: request.trim_share,
        only_cold_starts: request.only_cold_starts,
    };
    let findings = analysis::analyze(&sizes, &records, &state.skipped(), &terms);
    let finished_at = ctx.clock.now();
    let wall_ms = finished_at.duration_since(state.started_at).as_millis().max(0) as u64;
    let mut warnings = state.warnings.clone();
    warnings.extend(restored.notes);
    let mut exploration = analysis::exploration(&records, price.as_ref(), latest.ephemeral_storage_mb, wall_ms);
    if latest.snap_start && matches!(environment, MeasuringEnvironment::Aws) {
        let used = snap_start(state, &records, price.as_ref(), wall_ms);
        if used.cost.is_none() && used.versions > 0 {
            warnings.push(format!(
                "what SnapStart costs here is not known: its cache of the {} versions that were published is charged for, 3 \
                 hours each at least ({:.0} GB-seconds), and is in none of the costs",
                used.versions, used.cached_gb_seconds
            ));
        }
        exploration.snap_start = Some(used);
    }
    warnings.extend(failures_in_words(&findings.sizes));
    warnings.extend(stopped(ctx, state));
    for (size, reason) in state.skipped() {
        let was_measured = |s: &&SizeResult| s.memory_size_mb == size.mb() && s.status == SizeStatus::Measured;
        if findings.sizes.iter().any(|s| was_measured(&s)) {
            warnings.push(format!("measuring {size} ended early: {reason}"));
        }
    }
    if let MeasuringEnvironment::Local {
        host_cpus,
        cpu_limited: true,
        ..
    } = environment
        && request.max_concurrency > 1
    {
        warnings.push(format!(
            "up to {} invocations shared the {host_cpus} processors of this machine: durations are longer than on Lambda, most at the larger sizes",
            request.max_concurrency
        ));
    }
    if let MeasuringEnvironment::Local {
        largest_distinct_memory_mb,
        cpu_limited: true,
        ..
    } = environment
        && findings
            .sizes
            .iter()
            .any(|s| s.memory_size_mb > largest_distinct_memory_mb)
    {
        warnings.push(format!(
            "sizes above {largest_distinct_memory_mb} MB can't be told apart on this machine: it has no more processors to give"
        ));
    }
    Ok(Tuning {
        schema_version: SCHEMA_VERSION,
        tuning_id: state.tuning_id,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: state.started_at,
        finished_at,
        status: findings.status,
        function: FunctionUnderTest {
            name: latest.arn.clone(),
            region: prices.region(latest).map(str::to_owned),
            architecture: latest.architecture,
            runtime: latest.runtime.clone(),
            memory_size_mb: state.original.present_memory_size_mb,
            timeout_s: latest.timeout_s,
            ephemeral_storage_mb: latest.ephemeral_storage_mb,
            snap_start: latest.snap_start,
            code_sha256: latest.code_sha256.clone(),
        },
        environment,
        request: RequestSummary {
            objective: request.objective,
            constraints: request.constraints.clone(),
            cold_share: request.cold_share,
            budget: request.budget,
            memory_sizes_mb: request.memory_sizes.clone(),
            planner: match request.only_cold_starts {
                true => "cold starts".to_owned(),
                false => request.preset.to_string(),
            },
            invocations: (!request.preset.is_adaptive()).then_some(match request.dry_run {
                true => 0,
                false => request.invocations,
            }),
            payloads,
            concurrency: request.concurrency,
            trim_share: request.trim_share,
            monthly_invocations: request.monthly_invocations,
        },
        exploration,
        machinery: None,
        price,
        price_unknown,
        sizes: findings.sizes,
        decision: findings.decision,
        warnings,
        leftovers: restored.leftovers,
        applied: None,
        records,
    })
}

/// What SnapStart took: the versions are kept for no longer than the tuning lasts.
fn snap_start(
    state: &TuningState,
    records: &[InvocationRecord],
    price: Option<&PriceQuote>,
    wall_ms: u64,
) -> SnapStartUse {
    let versions = state
        .versions
        .iter()
        .flat_map(|(size, versions)| std::iter::repeat_n(size.mb(), versions.len()));
    let runtime = state.original.latest.runtime.as_deref();
    SnapStartUse::of(versions, wall_ms.div_ceil(1000), records, price, runtime)
}

/// Why measuring ended before the planner was content, if it did.
fn stopped(ctx: &Context, state: &TuningState) -> Option<String> {
    let planner = state.adaptive_planner(elapsed_ms(ctx, state))?;
    let stopped = planner.plan(&state.progress).err()?;
    let timeout_s = state.original.latest.timeout_s;
    let at_worst = |budget: &str| {
        format!("another invocation could exceed the budget of {budget} if it ran into its time-out of {timeout_s} s")
    };
    let why = match stopped {
        Stopped::Invocations => "the budget of invocations leaves no room for more".to_owned(),
        Stopped::Cost => at_worst("money"),
        Stopped::Time => at_worst("time"),
        Stopped::Failing => return Some("measuring ended early: the function fails at size after size".to_owned()),
    };
    Some(match state.progress.values().any(|size| size.outcomes.total() > 0) {
        true => format!("measuring ended early: {why}; a better size may have been missed"),
        false => {
            format!("measuring ended early: nothing was invoked, since {why}; raise the budget, or lower the time-out")
        }
    })
}

/// What went wrong at which sizes, in the function's own words: one sentence for each kind of failure.
fn failures_in_words(sizes: &[SizeResult]) -> Vec<String> {
    let mut by_line: Vec<(&str, Vec<String>)> = Vec::new();
    let mut sentences = Vec::new();
    for size in sizes {
        let Some(line) = size.first_failure.as_deref() else {
            continue;
        };
        let lost = size.outcomes.failures() + size.outcomes.unmeasured;
        if size.status == SizeStatus::Measured {
            sentences.push(format!(
                "{lost} of {} invocations at {} MB failed or could not be measured; they are left out of its figures ({line})",
                size.outcomes.total(),
                size.memory_size_mb,
            ));
        } else if let Some((_, mbs)) = by_line.iter_mut().find(|(known, _)| *known == line) {
            mbs.push(size.memory_size_mb.to_string());
        } else {
            by_line.push((line, vec![size.memory_size_mb.to_string()]));
        }
    }
    let failed = by_line
        .into_iter()
        .map(|(line, mbs)| format!("at {} MB: {line}", mbs.join(", ")));
    failed.chain(sentences).collect()
}
