use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tuner_core::review::{ListedFunction, LogsBy, LogsRead, Metrics, Missing, SizeEvidence};
use uuid::Uuid;

use super::documents::{Batch, BatchEvidence, Keys, Known};
use super::gaps::NotCounted;
use super::list::group_to_read;
use super::ports::{Region, ReportRow};
use super::query::Queries;
use super::{ReviewContext, ReviewError, gaps, metrics, rows, sample};

/// Functions whose details are asked for at a time.
const DETAILS_AT_ONCE: usize = 8;

/// How a batch was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Its number.
    pub number: u32,
    /// Whether everything was found out that could be. Otherwise it is to be looked at again, which goes on from here.
    pub finished: bool,
    /// How many functions it has.
    pub functions: u32,
    /// Bytes that were scanned for it and are charged for.
    pub bytes_scanned: u64,
}

/// What was found out of a batch so far. It is kept whenever work was paid for, so that nothing is scanned twice.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Looking {
    /// The functions of the batch; the first `detailed` of them with their details.
    functions: Vec<Known>,
    detailed: usize,
    provisioned_counted: bool,
    pub(super) queries: Queries,
    /// What queries found.
    pub(super) rows: Vec<ReportRow>,
    /// Groups that are to be sampled, and why they are not scanned, if that is to be told.
    pub(super) to_sample: BTreeMap<String, Option<NotCounted>>,
    /// What the samples say, by function; from groups that are no longer in `to_sample`.
    sampled: BTreeMap<usize, (Vec<SizeEvidence>, LogsRead)>,
}

/// Looks at a batch of functions: tags and concurrency, and what their reports say. Looking again at one that is finished
/// changes nothing; at one that was interrupted, goes on.
///
/// What is denied or missing is a gap of the functions that it is about.
///
/// # Errors
/// When the batch is not there, what was found out can't be kept, or somebody asked to stop.
pub async fn look(ctx: &ReviewContext, review_id: Uuid, number: u32) -> Result<Looked, ReviewError> {
    let keys = Keys(review_id);
    let done = |evidence: &BatchEvidence| Looked {
        number,
        finished: true,
        functions: evidence.functions.len() as u32,
        bytes_scanned: evidence.bytes_scanned,
    };
    if let Some(evidence) = ctx.kept::<BatchEvidence>(keys, &keys.evidence(number)).await? {
        return Ok(done(&evidence));
    }
    let batch: Batch = ctx.expected(keys, &keys.batch(number)).await?;
    let services = ctx.account.region(&batch.region).await;
    let mut looking = match ctx.kept::<Looking>(keys, &keys.looking(number)).await? {
        Some(looking) => looking,
        None => Looking::new(&batch),
    };
    let finished = looking.go_on(ctx, &services, &batch, keys).await;
    if !matches!(finished, Ok(true)) {
        ctx.keep(&keys.looking(number), &looking).await?;
    }
    if !finished? {
        return Ok(Looked {
            number,
            finished: false,
            functions: batch.functions.len() as u32,
            bytes_scanned: looking.queries.bytes_scanned,
        });
    }
    let evidence = looking.evidence(&batch);
    ctx.keep(&keys.evidence(number), &evidence).await?;
    ctx.store.delete(&keys.looking(number)).await?;
    Ok(done(&evidence))
}

impl Looking {
    fn new(batch: &Batch) -> Self {
        let (scanned, sampled): (Vec<_>, Vec<_>) = batch.groups.iter().partition(|(_, reading)| reading.scanned);
        Self {
            functions: batch.functions.clone(),
            queries: Queries::over(&scanned),
            to_sample: sampled.into_iter().map(|(name, _)| (name.clone(), None)).collect(),
            ..Self::default()
        }
    }

    /// Goes on; `false` when it is time to hand back.
    async fn go_on(
        &mut self,
        ctx: &ReviewContext,
        services: &Region,
        batch: &Batch,
        keys: Keys,
    ) -> Result<bool, ReviewError> {
        while self.detailed < self.functions.len() {
            ctx.check()?;
            if ctx.is_late() {
                return Ok(false);
            }
            let until = (self.detailed + DETAILS_AT_ONCE).min(self.functions.len());
            let chunk = &mut self.functions[self.detailed..until];
            stream::iter(chunk)
                .for_each_concurrent(DETAILS_AT_ONCE, |known| detail(ctx, services, known))
                .await;
            // Details that were cut short by a wish to stop are asked for again.
            ctx.check()?;
            self.detailed = until;
        }
        if !self.provisioned_counted {
            self.count_provisioned(ctx, services, batch).await;
            ctx.check()?;
            self.provisioned_counted = true;
        }
        if !super::query::run(ctx, services.reports.as_ref(), batch, keys, self).await? {
            return Ok(false);
        }
        while let Some(group) = self.to_sample.keys().next().cloned() {
            ctx.check()?;
            if ctx.is_late() {
                return Ok(false);
            }
            let read = self.sample(ctx, services, batch, &group).await;
            ctx.check()?;
            if !read {
                return Ok(false);
            }
            self.to_sample.remove(&group);
        }
        let sizes = self.sizes();
        self.find_aliases(ctx, services, &sizes).await?;
        self.find_callers(ctx, services, &sizes).await?;
        Ok(true)
    }

    /// What reports say of each function, by its place: a sample where one was read, else what queries found.
    fn sizes(&self) -> BTreeMap<usize, Vec<SizeEvidence>> {
        let mut sizes = rows::by_function(&self.functions, &self.rows);
        sizes.extend(self.sampled.iter().map(|(at, (sampled, _))| (*at, sampled.clone())));
        sizes
    }

    /// Asks which services may invoke the functions that ran out of time, for which advice depends on how long a caller waits.
    /// Nothing is said of others; where it is not told, the advice says what holds if one of them calls.
    async fn find_callers(
        &mut self,
        ctx: &ReviewContext,
        services: &Region,
        sizes: &BTreeMap<usize, Vec<SizeEvidence>>,
    ) -> Result<(), ReviewError> {
        for (at, known) in self.functions.iter_mut().enumerate() {
            let sizes = sizes.get(&at).map_or(&[][..], Vec::as_slice);
            if known.function.callers.is_some() || sizes.iter().all(|size| size.timeouts == 0) {
                continue;
            }
            let aliases = known.function.aliases.iter().flatten().map(|alias| alias.name.as_str());
            let mut callers = BTreeSet::new();
            let mut is_told = true;
            for qualifier in std::iter::once(None).chain(aliases.map(Some)) {
                let name = match qualifier {
                    Some(qualifier) => known.function.name.at(qualifier),
                    None => known.function.name.clone(),
                };
                let answer = ctx.retrying(|| services.inventory.callers(&name)).await;
                // Those cut short by a wish to stop are asked for again.
                ctx.check()?;
                is_told &= answer.is_ok();
                callers.extend(answer.unwrap_or_default());
            }
            known.function.callers = is_told.then_some(callers);
        }
        Ok(())
    }

    /// Asks which aliases lead where, of functions whose traffic runs at another size than `$LATEST`'s, or at several.
    async fn find_aliases(
        &mut self,
        ctx: &ReviewContext,
        services: &Region,
        sizes: &BTreeMap<usize, Vec<SizeEvidence>>,
    ) -> Result<(), ReviewError> {
        for (at, known) in self.functions.iter_mut().enumerate() {
            let sizes = sizes.get(&at).map_or(&[][..], Vec::as_slice);
            if known.function.aliases.is_some() || !are_of_versions(&known.function, sizes) {
                continue;
            }
            let name = known.function.name.clone();
            let inventory = services.inventory.as_ref();
            let name = &name;
            let (aliases, result) = ctx
                .pages(|token| async move { inventory.aliases(name, token.as_deref()).await })
                .await;
            // Those cut short by a wish to stop are asked for again.
            ctx.check()?;
            match result {
                Ok(()) => known.function.aliases = Some(aliases),
                Err(error) => known.evidence.gaps.push(gaps::failed(
                    Missing::Configuration,
                    "its aliases",
                    "lambda:ListAliases",
                    &error,
                )),
            }
        }
        Ok(())
    }

    async fn count_provisioned(&mut self, ctx: &ReviewContext, services: &Region, batch: &Batch) {
        let kept_ready: Vec<(&ListedFunction, &mut Metrics)> = self
            .functions
            .iter_mut()
            .filter(|known| !known.function.provisioned.is_empty())
            .filter_map(|known| Some((&known.function, known.evidence.metrics.as_mut()?)))
            .collect();
        if kept_ready.is_empty() {
            return;
        }
        let counted = metrics::of_provisioned(ctx, services.metrics.as_ref(), kept_ready, batch.window).await;
        if let Err(error) = counted {
            for known in self.functions.iter_mut().filter(|k| !k.function.provisioned.is_empty()) {
                known.evidence.gaps.push(gaps::failed(
                    Missing::ProvisionedConcurrency,
                    "how much of the provisioned concurrency is used",
                    "cloudwatch:GetMetricData",
                    &error,
                ));
            }
        }
    }

    /// Reads a sample of the reports in `group`; `false` when there was no time for it.
    async fn sample(&mut self, ctx: &ReviewContext, services: &Region, batch: &Batch, group: &str) -> bool {
        let Some(reading) = batch.groups.get(group) else {
            return true;
        };
        let places = rows::Places::new(&self.functions);
        let members: Vec<usize> = places.in_group(group).collect();
        let formats: BTreeSet<bool> = members
            .iter()
            .map(|&at| self.functions[at].function.json_logs)
            .collect();
        let source = services.reports.as_ref();
        let read = sample::read(ctx, source, group, &formats, reading.window, members.len(), |stream| {
            places.of(group, stream)
        })
        .await;
        let not_counted = self.to_sample.get(group).cloned().flatten();
        let why = not_counted.as_ref().map(|not_counted| not_counted.why.as_str());
        match read {
            Ok(None) => return false,
            Ok(Some(read)) => {
                let logs = LogsRead {
                    source: LogsBy::FilterLogEvents,
                    window: Some(reading.window),
                    complete: read.complete,
                    unread_share: None,
                };
                for (at, sampled) in read.functions {
                    self.sampled.insert(at, (sampled.sizes(), logs.clone()));
                }
                for at in members {
                    let gap = match self.sampled.contains_key(&at) {
                        true => not_counted
                            .as_ref()
                            .filter(|_| !read.complete)
                            .map(|why| gaps::sampled(group, why)),
                        false => Some(gaps::nothing_read(group, read.complete, why)),
                    };
                    self.functions[at].evidence.gaps.extend(gap);
                }
            }
            Err(error) => {
                let gap = gaps::logs_unreadable(group, why, &error);
                for at in members {
                    self.functions[at].evidence.gaps.push(gap.clone());
                }
            }
        }
        true
    }

    /// What it all says.
    fn evidence(self, batch: &Batch) -> BatchEvidence {
        let mut functions = self.functions;
        let mut found = rows::by_function(&functions, &self.rows);
        let read = &self.queries.read;
        let mut sampled = self.sampled;
        for (at, known) in functions.iter_mut().enumerate() {
            let Some(group) = group_to_read(known) else {
                gaps::settle_silence(&mut known.evidence);
                continue;
            };
            if let Some((sizes, logs)) = sampled.remove(&at) {
                known.evidence.sizes = sizes;
                known.evidence.logs = Some(logs);
            } else if read.contains(&group) {
                known.evidence.sizes = found.remove(&at).unwrap_or_default();
                known.evidence.logs = batch.groups.get(&group).map(|reading| LogsRead {
                    source: LogsBy::Insights,
                    window: Some(self.queries.shorter.get(&group).copied().unwrap_or(reading.window)),
                    complete: !self.queries.cut_off.contains(&group),
                    unread_share: None,
                });
                if known.evidence.sizes.is_empty() {
                    known.evidence.gaps.push(gaps::nothing_read(&group, true, None));
                }
            }
            gaps::settle_silence(&mut known.evidence);
        }
        BatchEvidence {
            number: batch.number,
            functions,
            bytes_scanned: self.queries.bytes_scanned,
            queries: self.queries.made,
            warnings: self.queries.warnings,
        }
    }

    /// Notes why the reports of these groups can't be read.
    pub(super) fn note(&mut self, groups: &[String], gap: &tuner_core::review::Gap) {
        for known in &mut self.functions {
            if group_to_read(known).is_some_and(|group| groups.contains(&group)) {
                known.evidence.gaps.push(gap.clone());
            }
        }
    }
}

/// Whether published versions serve, and their size is not simply that of `$LATEST`.
fn are_of_versions(function: &ListedFunction, sizes: &[SizeEvidence]) -> bool {
    let is_published = |size: &SizeEvidence| size.versions.iter().any(|seen| seen.version.is_published());
    let is_latests = |size: &SizeEvidence| Some(size.memory_size_mb) == function.memory_size_mb;
    sizes.iter().any(is_published) && (sizes.len() > 1 || !sizes.iter().all(is_latests))
}

/// Asks for what a list of functions does not say of one.
async fn detail(ctx: &ReviewContext, services: &Region, known: &mut Known) {
    let inventory = services.inventory.as_ref();
    let name = known.function.name.clone();
    match ctx.retrying(|| inventory.details(&name)).await {
        Ok(details) => {
            known.function.tags = details.tags;
            known.function.reserved_concurrency = details.reserved_concurrency;
            if let Some(problem) = details.tags_problem {
                known.evidence.gaps.push(gaps::tags(&problem));
            }
        }
        Err(error) => {
            let gap = gaps::failed(
                Missing::Configuration,
                "its tags and reserved concurrency",
                "lambda:GetFunction",
                &error,
            );
            known.evidence.gaps.push(gap);
        }
    }
    // Edge replicas and Managed Instances have none, and nothing is kept ready of `$LATEST`: what has no version has none.
    // Source: "Configuring provisioned concurrency for a function".
    if known.function.unsupported.is_some() || known.function.versions.is_empty() {
        return;
    }
    let (provisioned, result) = ctx
        .pages(|token| {
            let name = name.clone();
            async move { inventory.provisioned(&name, token.as_deref()).await }
        })
        .await;
    known.function.provisioned = provisioned;
    if let Err(error) = result {
        known.evidence.gaps.push(gaps::failed(
            Missing::ProvisionedConcurrency,
            "its provisioned concurrency",
            "lambda:ListProvisionedConcurrencyConfigs",
            &error,
        ));
    }
}
