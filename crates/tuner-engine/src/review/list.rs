use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Evidence, FunctionVersion, Gap, ListedFunction, Missing, PublishedVersion, RegionReview, Why, Window,
};
use uuid::Uuid;

use super::documents::{BatchInBrief, Keys, Known, Listing};
use super::ports::{Listed, LogClass, LogGroup, Region};
use super::{ReviewContext, ReviewError, ReviewEvent, ReviewRequest, batches, gaps, metrics, scanning};
use crate::ports::{PortError, PortErrorKind};

/// Regions that are listed at a time.
const REGIONS_AT_ONCE: usize = 8;
/// Where functions log unless they are told otherwise.
const USUAL_GROUPS: &str = "/aws/lambda/";

/// Finds every function of the regions asked for, what CloudWatch counted, and what log groups there are; plans what is
/// scanned within the budget, and cuts everything into batches that [`look`](super::look) takes one by one.
///
/// A region or a service that can't be read is noted and does not stop the others.
///
/// # Errors
/// When no region could be read at all, and when batches can't be kept.
pub async fn list(
    ctx: &ReviewContext,
    request: &ReviewRequest,
    prices: &PriceTable,
    review_id: Uuid,
) -> Result<Listing, ReviewError> {
    ctx.check()?;
    let started_at = ctx.clock.now();
    let window = request.window(started_at);
    let names = request.region_names(ctx.account.home().as_deref(), prices)?;
    let mut found: Vec<Found> = stream::iter(&names)
        .map(|region| list_region(ctx, region, window))
        .buffered(REGIONS_AT_ONCE)
        .collect()
        .await;
    ctx.check()?;
    if let Some(error) = found.iter().find_map(|found| found.failure.clone())
        && found.iter().all(|found| found.failure.is_some())
    {
        return Err(ReviewError::NothingListed {
            regions: names.join(", "),
            error,
        });
    }
    let warnings = found.iter_mut().flat_map(|found| std::mem::take(&mut found.warnings));
    let warnings = together(warnings.collect());
    let regions: Vec<RegionReview> = found.iter().map(Found::review).collect();
    let plan = scanning::plan(&found, window, request.budget_usd, prices);
    let keys = Keys(review_id);
    let batches = batches::cut(found, &plan, window, request.role_arn.as_deref());
    stream::iter(&batches)
        .map(|batch| async move { ctx.keep(&keys.batch(batch.number), batch).await })
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let functions = batches.iter().flat_map(|batch| &batch.functions);
    let listing = Listing {
        review_id,
        request: request.clone(),
        started_at,
        window,
        account: functions
            .clone()
            .find_map(|known| known.function.name.account())
            .map(str::to_owned),
        regions,
        functions: functions.count() as u64,
        batches: batches
            .iter()
            .map(|batch| BatchInBrief {
                number: batch.number,
                region: batch.region.clone(),
                functions: batch.functions.len() as u32,
            })
            .collect(),
        scan: plan.scan,
        warnings,
    };
    ctx.keep(&keys.listing(), &listing).await?;
    Ok(listing)
}

/// What was found in a region.
pub(super) struct Found {
    pub(super) region: String,
    pub(super) functions: Vec<Known>,
    /// The log groups its functions log to, by name; absent where that could not be asked.
    pub(super) groups: BTreeMap<String, LogGroup>,
    /// Why not all of it could be read.
    problem: Option<String>,
    /// Why nothing of it could be read.
    failure: Option<PortError>,
    /// What the reader should know; the region is put before it.
    warnings: Vec<(String, String)>,
}

impl Found {
    fn review(&self) -> RegionReview {
        RegionReview {
            region: self.region.clone(),
            functions: self.functions.len() as u64,
            problem: self.problem.clone(),
        }
    }
}

async fn list_region(ctx: &ReviewContext, region: &str, window: Window) -> Found {
    let services = ctx.account.region(region).await;
    let (listed, result) = ctx
        .pages(|token| {
            let inventory = services.inventory.clone();
            async move { inventory.functions(token.as_deref()).await }
        })
        .await;
    let mut listed = with_versions(listed);
    for function in &mut listed {
        function.region.get_or_insert_with(|| region.to_owned());
    }
    let mut found = Found {
        region: region.to_owned(),
        functions: listed
            .into_iter()
            .map(|function| Known {
                function,
                evidence: Evidence::default(),
            })
            .collect(),
        groups: BTreeMap::new(),
        problem: None,
        failure: None,
        warnings: Vec::new(),
    };
    if let Err(error) = result {
        if found.functions.is_empty() {
            found.failure = Some(error.clone());
            found.problem = Some(match error.kind {
                PortErrorKind::Denied => format!(
                    "its functions may not be listed, or the region is not enabled for this account ({error}); allow lambda:ListFunctions, or leave the region out"
                ),
                _ => format!("its functions could not be listed ({error})"),
            });
        } else {
            found.problem = Some(format!("only a part of its functions could be listed ({error})"));
        }
    }
    ctx.observer.event(ReviewEvent::Listed {
        region,
        functions: found.functions.len(),
        problem: found.problem.as_deref(),
    });
    if !found.functions.is_empty() {
        count(ctx, &services, &mut found, window).await;
        find_groups(ctx, &services, &mut found).await;
        weigh_groups(ctx, &services, &mut found, window).await;
        find_event_sources(ctx, &services, &mut found).await;
        ask_optimizer(ctx, &services, &mut found).await;
    }
    found
}

/// Every function once, with its published versions.
fn with_versions(listed: Vec<Listed>) -> Vec<ListedFunction> {
    let mut functions = Vec::new();
    let mut versions: BTreeMap<String, BTreeMap<FunctionVersion, PublishedVersion>> = BTreeMap::new();
    // Lambda's pages may overlap while functions come and go.
    let mut seen = BTreeSet::new();
    for listed in listed {
        match listed {
            Listed::Function(function) => {
                if seen.insert(function.name.to_string()) {
                    functions.push(*function);
                }
            }
            Listed::Version(name, version) => {
                let known = versions.entry(name.to_string()).or_default();
                known.insert(version.version, version);
            }
        }
    }
    for function in &mut functions {
        let known = versions.remove(&function.name.to_string());
        function.versions = known.into_iter().flat_map(BTreeMap::into_values).collect();
    }
    functions
}

/// Asks CloudWatch what it counted.
async fn count(ctx: &ReviewContext, services: &Region, found: &mut Found, window: Window) {
    let functions: Vec<&ListedFunction> = found.functions.iter().map(|known| &known.function).collect();
    match metrics::of_functions(ctx, services.metrics.as_ref(), &functions, window).await {
        Ok(counted) => {
            // An answer without a figure looks like an account where nothing is called: their logs tell which it is.
            let is_silent = counted.iter().all(|counted| counted.metrics.invocations == 0);
            for (known, counted) in found.functions.iter_mut().zip(counted) {
                known.evidence.metrics = Some(counted.metrics);
                if is_silent {
                    known.evidence.gaps.push(gaps::silent_metrics());
                } else if counted.in_part {
                    known.evidence.gaps.push(gaps::metrics_in_part());
                }
            }
        }
        Err(error) => {
            for known in &mut found.functions {
                known.evidence.gaps.push(gaps::failed(
                    Missing::Metrics,
                    "CloudWatch's metrics",
                    "cloudwatch:GetMetricData",
                    &error,
                ));
            }
        }
    }
}

/// Finds the log groups its functions log to, and notes where there is none to read.
async fn find_groups(ctx: &ReviewContext, services: &Region, found: &mut Found) {
    let source = services.log_groups.as_ref();
    let wanted: BTreeSet<String> = found.functions.iter().filter_map(group_to_read).collect();
    let (usual, others): (Vec<&String>, Vec<&String>) =
        wanted.iter().partition(|group| group.starts_with(USUAL_GROUPS));
    // One by one where that takes fewer calls than walking through all there are, 50 a page.
    let prefixes: Vec<&str> = match usual.len() {
        0..=10 => wanted.iter().map(String::as_str).collect(),
        _ => std::iter::once(USUAL_GROUPS)
            .chain(others.into_iter().map(String::as_str))
            .collect(),
    };
    for prefix in prefixes {
        let (groups, result) = if prefix == USUAL_GROUPS {
            ctx.pages(|token| async move { source.log_groups(prefix, token.as_deref()).await })
                .await
        } else {
            // Names are in order: the group of just this name comes first.
            match ctx.retrying(|| source.log_groups(prefix, None)).await {
                Ok(page) => (page.items, Ok(())),
                Err(error) => (Vec::new(), Err(error)),
            }
        };
        let groups = groups.into_iter().filter(|group| wanted.contains(&group.name));
        found.groups.extend(groups.map(|group| (group.name.clone(), group)));
        if let Err(error) = result {
            found.warnings.push((
                format!(
                    "log groups could not be described, so that their reports are sampled and not counted ({error}); allow logs:DescribeLogGroups"
                ),
                found.region.clone(),
            ));
            return;
        }
    }
    for known in &mut found.functions {
        let Some(name) = group_to_read(known) else { continue };
        let gap = match found.groups.get(&name) {
            None => Gap::new(
                Missing::Logs,
                Why::NotFound,
                format!(
                    "the log group {name} does not exist; allow the function's role logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents"
                ),
            ),
            Some(group) if group.class == LogClass::Delivery => Gap::new(
                Missing::Logs,
                Why::Unreadable,
                format!(
                    "the log group {name} passes its events on and keeps none to read; review the files where they are delivered to"
                ),
            ),
            Some(_) => continue,
        };
        known.evidence.gaps.push(gap);
    }
    for known in found.functions.iter_mut().filter(|known| known.function.reports_hidden) {
        known.evidence.gaps.push(Gap::new(
            Missing::Logs,
            Why::Hidden,
            "its system log level WARN hides the report of every successful invocation; set it to INFO",
        ));
    }
}

/// Asks CloudWatch how much was written to the groups. Where it does not tell, what they hold has to do.
async fn weigh_groups(ctx: &ReviewContext, services: &Region, found: &mut Found, window: Window) {
    let names: Vec<String> = found.groups.keys().cloned().collect();
    if names.is_empty()
        || found
            .functions
            .iter()
            .all(|known| known.evidence.gap(Missing::Metrics).is_some())
    {
        return;
    }
    match metrics::of_groups(ctx, services.metrics.as_ref(), &names, window).await {
        Ok(bytes) => {
            for (name, bytes) in names.iter().zip(bytes) {
                if let Some(group) = found.groups.get_mut(name) {
                    group.incoming_bytes = bytes;
                }
            }
        }
        Err(error) => found.warnings.push((
            format!(
                "what was written to log groups could not be read, so that the cost of scanning them is a guess from what \
                 they hold ({error})"
            ),
            found.region.clone(),
        )),
    }
}

/// The log group where reports of a function are to be found; `None` where there are none, or none worth reading.
pub(super) fn group_to_read(known: &Known) -> Option<String> {
    let function = &known.function;
    let counted = known
        .evidence
        .metrics
        .filter(|_| known.evidence.gap(Missing::Metrics).is_none());
    let never_invoked = counted.is_some_and(|metrics| metrics.invocations == 0);
    if function.unsupported.is_some() || function.reports_hidden || never_invoked {
        return None;
    }
    let usual = || format!("{USUAL_GROUPS}{}", function.name.name());
    Some(function.log_group.clone().unwrap_or_else(usual))
}

/// Asks what Lambda reads for each function. Where that is not known, advice says what holds if there is a queue.
async fn find_event_sources(ctx: &ReviewContext, services: &Region, found: &mut Found) {
    let inventory = services.inventory.as_ref();
    let (mappings, result) = ctx
        .pages(|token| async move { inventory.event_sources(token.as_deref()).await })
        .await;
    if result.is_err() {
        return;
    }
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, source) in mappings {
        sources.entry(name.name().to_owned()).or_default().push(source);
    }
    for known in &mut found.functions {
        let of_it = sources.remove(known.function.name.name());
        known.function.event_sources = Some(of_it.unwrap_or_default());
    }
}

/// Asks Compute Optimizer, which many accounts have not enabled: that is said once.
async fn ask_optimizer(ctx: &ReviewContext, services: &Region, found: &mut Found) {
    let source = services.optimizer.as_ref();
    let (findings, result) = ctx
        .pages(|token| async move { source.findings(token.as_deref()).await })
        .await;
    let mut findings: BTreeMap<String, _> = findings
        .into_iter()
        .map(|(name, finding)| (name.name().to_owned(), finding))
        .collect();
    for known in &mut found.functions {
        known.evidence.compute_optimizer = findings.remove(known.function.name.name());
    }
    if let Err(error) = result {
        found.warnings.push((
            format!("Compute Optimizer's findings are missing ({error})"),
            found.region.clone(),
        ));
    }
}

/// The same warning of several regions is one.
fn together(warnings: Vec<(String, String)>) -> Vec<String> {
    let mut regions_by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (text, region) in warnings {
        regions_by_text.entry(text).or_default().push(region);
    }
    regions_by_text
        .into_iter()
        .map(|(text, regions)| format!("{}: {text}", regions.join(", ")))
        .collect()
}
