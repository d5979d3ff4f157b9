use tuner_core::analysis::{self, Terms};
use tuner_core::planning::{Preset, Stopped};
use tuner_core::pricing::PriceQuote;
use tuner_core::tuning::{
    FunctionUnderTest, MeasuringEnvironment, RequestRecord, SCHEMA_VERSION, SizeResult, SizeStatus,
};
use tuner_core::{Floor, InvocationRecord, MemorySize, Outcome, Question, Remedy, SnapStartUse, Tuning};

use crate::ports::StoreError;
use crate::steps::pending::Pending;
use crate::steps::plan::elapsed_ms;
use crate::steps::restore::Restored;
use crate::{Context, Prices, TuningError, TuningState, records};

/// The records of these sizes, with those of invocations that were begun and never seen to their end, such as where a budget
/// of time ran out meanwhile.
async fn paid_for(ctx: &Context, sizes: &[MemorySize]) -> Result<Vec<InvocationRecord>, StoreError> {
    let mut kept = records::read_sizes(&*ctx.store, sizes).await?;
    let mut pending = Pending::all(&*ctx.store).await?;
    let mut all = Vec::new();
    for size in sizes {
        let kept = kept.remove(size).unwrap_or_default();
        let mut left = pending.remove(size).unwrap_or_default();
        left.retain(|pending| kept.iter().all(|kept| kept.note != Some(pending.id)));
        all.extend(kept.into_iter().map(|kept| kept.record));
        for left in left {
            let record = left.without_report("its end was not waited for");
            all.extend(std::iter::repeat_n(record, left.at_once as usize));
        }
    }
    Ok(all)
}

/// Reads all records back and judges them: the [`Tuning`] document.
///
/// # Errors
/// When the records can't be read back.
pub async fn analyze(
    ctx: &Context,
    state: &TuningState,
    prices: Prices<'_>,
    environment: MeasuringEnvironment,
    restored: Restored,
) -> Result<Tuning, TuningError> {
    let sizes: Vec<MemorySize> = state.progress.keys().copied().collect();
    let records = paid_for(ctx, &sizes).await?;
    let latest = &state.original.latest;
    let mut remedies = state.remedies.clone();
    Remedy::add(&mut remedies, restored.remedies);
    let (price, price_unknown) = match prices.quote(latest) {
        Ok(quote) => (Some(quote), None),
        Err(unknown) => {
            Remedy::add(&mut remedies, unknown.remedy());
            (None, Some(unknown.to_string()))
        }
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
        trim_share: request.options.trim_share,
        only_cold_starts: request.options.only_cold_starts,
    };
    let findings = analysis::analyze(&sizes, &records, &state.skipped(), &terms);
    let finished_at = ctx.clock.now();
    let wall_ms = finished_at.duration_since(state.started_at).as_millis().max(0) as u64;
    let mut warnings = state.warnings.clone();
    warnings.extend(restored.notes);
    let mut exploration = analysis::exploration(&records, price.as_ref(), latest.ephemeral_storage_mb, wall_ms);
    exploration.control_calls = state.control_calls;
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
    warnings.extend(lost_in_words(&findings.sizes, &state.floor));
    if request.options.preset == Preset::Grid && !request.options.only_cold_starts && !request.options.dry_run {
        warnings.extend(short_in_words(&findings.sizes, request.options.invocations));
    }
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
        && request.options.max_concurrency > 1
    {
        warnings.push(format!(
            "up to {} invocations shared the {host_cpus} processors of this machine: durations are longer than on Lambda, most at the larger sizes",
            request.options.max_concurrency
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
            "sizes above {largest_distinct_memory_mb} MB cannot be distinguished on this machine: it has no more processors to give"
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
        request: RequestRecord::new(&request.options, state.payloads.withheld.clone()),
        exploration,
        machinery: None,
        price,
        price_unknown,
        floor: state.floor.clone(),
        sizes: findings.sizes,
        decision: findings.decision,
        warnings,
        leftovers: restored.leftovers,
        remedies,
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

/// Sizes that nothing is known of for no fault of the function: what was recommended was chosen without them.
/// Those below the floor were left out on purpose.
fn lost_in_words(sizes: &[SizeResult], floor: &Floor) -> Option<String> {
    let is_lost = |size: &&SizeResult| match &size.status {
        SizeStatus::Measured => false,
        SizeStatus::Failed { outcome } => matches!(outcome, Outcome::Throttled | Outcome::Unmeasured),
        SizeStatus::Skipped { .. } => !floor.forbids(size.memory_size_mb),
    };
    let lost: Vec<String> = sizes
        .iter()
        .filter(is_lost)
        .map(|size| size.memory_size_mb.to_string())
        .collect();
    let measured = sizes.iter().any(|size| size.status == SizeStatus::Measured);
    (measured && !lost.is_empty()).then(|| {
        format!(
            "{} of {} memory sizes could not be measured ({} MB): what is recommended was chosen without them",
            lost.len(),
            sizes.len(),
            lost.join(", "),
        )
    })
}

/// Sizes with fewer warm invocations than were asked for.
fn short_in_words(sizes: &[SizeResult], asked: u32) -> Option<String> {
    let warm = |size: &SizeResult| size.warm.as_ref().map_or(0, |warm| warm.billed_duration_ms.count);
    let short: Vec<String> = sizes
        .iter()
        .filter(|size| size.status == SizeStatus::Measured && (warm(size) as u64) < u64::from(asked))
        .map(|size| format!("{} of {asked} at {} MB", warm(size), size.memory_size_mb))
        .collect();
    (!short.is_empty()).then(|| {
        format!(
            "fewer invocations than asked for met a warm environment and were measured: {}",
            short.join(", ")
        )
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
