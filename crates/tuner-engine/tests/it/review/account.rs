//! An account that says what AWS would, page by page, with a query engine that knows the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tuner_core::FunctionName;
use tuner_core::pricing::PriceTable;
use tuner_core::review::{
    Alias, FunctionVersion, ListedFunction, MemoryReview, OptimizerFinding, ProvisionedConcurrency, PublishedVersion,
    Window,
};
use tuner_engine::ports::{PortError, PortErrorKind as Kind, Store};
use tuner_engine::review::ports::{
    Account, Details, Inventory, Listed, LogClass, LogGroup, LogGroups, LoggedLine, Metric, MetricSource, Optimizer,
    Page, QueryPage, QueryStatus, Region, ReportRow, Reports, SERIES_PER_CALL, Series,
};
use tuner_engine::review::{
    Concluded, Keys, Ranked, Registry, ReviewContext, ReviewError, ReviewRequest, conclude, driver,
};
use tuner_engine::{Backoff, Silent};
use tuner_logs::lines::{Report, Status, format};

use crate::simulated::{MemoryStore, VirtualClock, When};

pub const HOME: &str = "eu-west-1";
/// How long a call takes that has its turn.
const ANSWERS_AFTER: Duration = Duration::from_millis(80);
/// Scanned between two looks at a query, in bytes.
pub const BYTES_PER_POLL: u64 = 1_000_000_000;

/// What a function did at a memory size.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    pub memory_size_mb: u32,
    pub invocations: u64,
    pub duration_ms: f64,
    pub used_mb: u32,
}

#[derive(Debug, Clone)]
pub struct SimFunction {
    pub listed: ListedFunction,
    pub details: Details,
    pub provisioned: Vec<ProvisionedConcurrency>,
    /// The version that its reports are of.
    pub version: FunctionVersion,
    pub aliases: Vec<Alias>,
    /// ARNs of what Lambda reads for it.
    pub event_sources: Vec<String>,
    /// Whom its resource policies let call it, by qualifier; by "" without one.
    pub callers: BTreeMap<String, BTreeSet<String>>,
    pub uses: Vec<Use>,
    /// Of each use, the first ones to fail: by its handler, which only metrics count, for time, and for memory.
    pub errors: u64,
    pub timeouts: u64,
    pub out_of_memory: u64,
    pub throttles: u64,
    /// What every call about it alone is answered with.
    pub refused: Option<Kind>,
    pub optimizer: Option<OptimizerFinding>,
}

impl SimFunction {
    pub fn new(region: &str, name: &str, memory_size_mb: u32) -> Self {
        let arn: FunctionName = format!("arn:aws:lambda:{region}:123456789012:function:{name}")
            .parse()
            .unwrap();
        Self {
            listed: ListedFunction {
                memory_size_mb: Some(memory_size_mb),
                timeout_s: Some(30),
                log_group: Some(format!("/aws/lambda/{name}")),
                ..ListedFunction::named(arn)
            },
            details: Details::default(),
            provisioned: Vec::new(),
            version: FunctionVersion::Latest,
            aliases: Vec::new(),
            event_sources: Vec::new(),
            callers: BTreeMap::new(),
            uses: vec![Use {
                memory_size_mb,
                invocations: 1_000,
                duration_ms: 100.0,
                used_mb: 60,
            }],
            errors: 0,
            timeouts: 0,
            out_of_memory: 0,
            throttles: 0,
            refused: None,
            optimizer: None,
        }
    }

    pub fn uses(mut self, uses: &[Use]) -> Self {
        self.uses = uses.to_vec();
        self
    }

    /// Has published this version, of this size, which serves by the alias live.
    pub fn served_by(mut self, number: u64, memory_size_mb: u32) -> Self {
        self.version = FunctionVersion::Published(number);
        self.listed.versions = vec![PublishedVersion {
            version: self.version,
            memory_size_mb: Some(memory_size_mb),
            timeout_s: Some(3),
            snap_start: false,
            code_sha256: None,
        }];
        self.aliases = vec![Alias {
            name: "live".into(),
            version: self.version,
            weights: BTreeMap::new(),
        }];
        self
    }

    pub fn logs_to(mut self, group: &str) -> Self {
        self.listed.log_group = Some(group.to_owned());
        self
    }

    fn invocations(&self) -> u64 {
        self.uses.iter().map(|u| u.invocations).sum()
    }

    fn group(&self) -> &str {
        self.listed.log_group.as_deref().unwrap()
    }

    /// Streams of a group of its own do not name it.
    fn stream_function(&self) -> Option<String> {
        let name = self.listed.name.name();
        (self.group() != format!("/aws/lambda/{name}")).then(|| name.to_owned())
    }
}

#[derive(Debug, Clone, Default)]
pub struct SimRegion {
    pub functions: Vec<SimFunction>,
    /// Groups that do not exist.
    pub missing_groups: BTreeSet<String>,
    /// Classes of those that are not of class Standard.
    pub classes: BTreeMap<String, LogClass>,
    /// Functions on a page of their list; 0 is 50, as Lambda has it.
    pub functions_per_page: usize,
    /// Rows on a page of a query's answer; 0 is 7.
    pub rows_per_page: usize,
    /// What each group holds, in bytes.
    pub stored_bytes: u64,
    /// How much more was written than is said to be stored.
    pub written_times: f64,
    /// How much more a scan reads than was said to be stored.
    pub scans_times: u64,
    /// Operations that are refused.
    pub refused: BTreeMap<&'static str, Kind>,
    /// What queries end with, if not with an answer.
    pub queries_end: Option<&'static str>,
    /// Queries run for ever.
    pub queries_stall: bool,
}

#[derive(Debug)]
struct Query {
    region: String,
    groups: Vec<String>,
    bytes: u64,
    scanned: u64,
    stopped: bool,
}

/// What an operation shares its rate with, and how many of those are answered in a second.
pub type Rate = fn(&'static str) -> (&'static str, f64);

#[derive(Default)]
pub struct Sim {
    pub regions: Mutex<BTreeMap<String, SimRegion>>,
    pub calls: Mutex<Vec<String>>,
    pub fault: Mutex<Option<(When, Kind)>>,
    /// Calls that are answered, and with nothing.
    pub empty: Mutex<Option<When>>,
    /// Calls that are answered after so long.
    pub slow: Mutex<Option<(When, Duration)>>,
    /// What shares a rate with an operation, and how many of those are answered in a second.
    pub rates: Mutex<Option<Rate>>,
    turns: Mutex<BTreeMap<&'static str, Instant>>,
    queries: Mutex<Vec<Query>>,
    pub stopped: Mutex<u32>,
}

impl Sim {
    pub fn of(regions: impl IntoIterator<Item = (&'static str, SimRegion)>) -> Arc<Self> {
        let regions = regions.into_iter().map(|(name, region)| (name.to_owned(), region));
        Arc::new(Self {
            regions: Mutex::new(regions.collect()),
            ..Self::default()
        })
    }

    /// Of one region with these functions.
    pub fn home(functions: Vec<SimFunction>) -> Arc<Self> {
        let region = SimRegion {
            functions,
            stored_bytes: 1_000_000,
            scans_times: 1,
            written_times: 1.0,
            ..SimRegion::default()
        };
        Self::of([(HOME, region)])
    }

    pub fn change(&self, change: impl FnOnce(&mut SimRegion)) {
        change(self.regions.lock().unwrap().get_mut(HOME).unwrap());
    }

    pub fn count(&self, operation: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| *call == operation).count()
    }

    pub fn scanned(&self) -> u64 {
        self.queries.lock().unwrap().iter().map(|query| query.scanned).sum()
    }

    fn call(&self, region: &str, operation: &'static str) -> Result<SimRegion, PortError> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(operation.to_owned());
            calls.len() as u32
        };
        if let Some((when, kind)) = *self.fault.lock().unwrap()
            && when.includes(number)
        {
            return Err(PortError::new(kind, operation, "injected"));
        }
        let regions = self.regions.lock().unwrap();
        let Some(region) = regions.get(region) else {
            return Err(PortError::new(Kind::Denied, operation, "UnrecognizedClientException"));
        };
        let is_empty = self.empty.lock().unwrap().is_some_and(|when| when.includes(number));
        match region.refused.get(operation) {
            Some(&kind) => Err(PortError::new(kind, operation, "refused")),
            None if is_empty => Ok(SimRegion {
                functions: Vec::new(),
                ..region.clone()
            }),
            None => Ok(region.clone()),
        }
    }

    /// Waits for a call that is slow, and for its turn where calls are answered at a rate.
    async fn wait(&self, operation: &'static str) {
        let next = self.calls.lock().unwrap().len() as u32 + 1;
        let slow = *self.slow.lock().unwrap();
        if let Some((_, long)) = slow.filter(|(when, _)| when.includes(next)) {
            tokio::time::sleep(long).await;
        }
        let Some(rates) = *self.rates.lock().unwrap() else {
            return;
        };
        let (service, a_second) = rates(operation);
        let turn = {
            let mut turns = self.turns.lock().unwrap();
            let now = Instant::now();
            let turn = turns.entry(service).or_insert(now);
            let mine = (*turn).max(now);
            *turn = mine + Duration::from_secs_f64(1.0 / a_second);
            mine
        };
        tokio::time::sleep_until(turn + ANSWERS_AFTER).await;
    }

    pub fn context(self: &Arc<Self>, store: &Arc<MemoryStore>) -> ReviewContext {
        ReviewContext {
            account: Arc::new(Handle {
                sim: self.clone(),
                region: HOME.to_owned(),
            }),
            store: store.clone(),
            clock: Arc::new(VirtualClock::default()),
            observer: Arc::new(Silent),
            cancel: CancellationToken::new(),
            backoff: Backoff {
                base: Duration::from_millis(100),
                max: Duration::from_secs(1),
                budget: Duration::from_secs(5),
            },
            hand_back_at: None,
        }
    }

    /// A whole review.
    pub async fn review(self: &Arc<Self>, request: &ReviewRequest) -> Result<(Ranked, MemoryReview), ReviewError> {
        let store = Arc::new(MemoryStore::default());
        self.review_in(request, &store, &Registry::default()).await
    }

    pub async fn review_in(
        self: &Arc<Self>,
        request: &ReviewRequest,
        store: &Arc<MemoryStore>,
        registry: &Registry,
    ) -> Result<(Ranked, MemoryReview), ReviewError> {
        let ctx = self.context(store);
        let ranked = driver::review(&ctx, request, (registry, None), PriceTable::embedded(), async |_| true).await?;
        let Concluded { review, .. } = conclude(&ctx, ranked.review_id, BTreeMap::new()).await?;
        Ok((ranked, review))
    }
}

pub async fn read<T: serde::de::DeserializeOwned>(store: &MemoryStore, key: &str) -> T {
    serde_json::from_slice(&store.get(key).await.unwrap().unwrap()).unwrap()
}

pub async fn kept_review(store: &MemoryStore, ranked: &Ranked) -> MemoryReview {
    read(store, &Keys(ranked.review_id).review()).await
}

#[derive(Clone)]
struct Handle {
    sim: Arc<Sim>,
    region: String,
}

#[async_trait]
impl Account for Handle {
    fn home(&self) -> Option<String> {
        Some(HOME.to_owned())
    }

    async fn region(&self, region: &str) -> Region {
        let handle = Arc::new(Self {
            sim: self.sim.clone(),
            region: region.to_owned(),
        });
        Region {
            inventory: handle.clone(),
            metrics: handle.clone(),
            log_groups: handle.clone(),
            reports: handle.clone(),
            optimizer: handle,
        }
    }
}

/// A page of `items` from the place that the token names.
fn page<T>(items: Vec<T>, token: Option<&str>, size: usize) -> Page<T> {
    let from: usize = token.map_or(0, |token| token.parse().unwrap());
    let next = (from + size < items.len()).then(|| (from + size).to_string());
    Page {
        items: items.into_iter().skip(from).take(size).collect(),
        next,
    }
}

impl Handle {
    fn function(&self, operation: &'static str, name: &FunctionName) -> Result<SimFunction, PortError> {
        let region = self.sim.call(&self.region, operation)?;
        if region.functions.is_empty() {
            return Ok(SimFunction::new(&self.region, name.name(), 128));
        }
        let found = region.functions.into_iter().find(|f| f.listed.name == *name);
        let function = found.ok_or_else(|| PortError::new(Kind::NotFound, operation, "no such function"))?;
        match function.refused {
            Some(kind) => Err(PortError::new(kind, operation, "refused")),
            None => Ok(function),
        }
    }
}

#[async_trait]
impl Inventory for Handle {
    async fn functions(&self, token: Option<&str>) -> Result<Page<Listed>, PortError> {
        self.sim.wait("ListFunctions").await;
        let region = self.sim.call(&self.region, "ListFunctions")?;
        let size = match region.functions_per_page {
            0 => 50,
            size => size,
        };
        let listed = region.functions.into_iter().flat_map(|f| {
            let name = f.listed.name.clone();
            let versions = f.listed.versions.clone().into_iter();
            let function = ListedFunction {
                versions: Vec::new(),
                ..f.listed
            };
            let versions = versions.map(move |version| Listed::Version(name.clone(), version));
            versions.chain([Listed::Function(Box::new(function))])
        });
        Ok(page(listed.collect(), token, size))
    }

    async fn aliases(&self, function: &FunctionName, token: Option<&str>) -> Result<Page<Alias>, PortError> {
        self.sim.wait("ListAliases").await;
        Ok(page(self.function("ListAliases", function)?.aliases, token, 1))
    }

    async fn event_sources(&self, token: Option<&str>) -> Result<Page<(FunctionName, String)>, PortError> {
        self.sim.wait("ListEventSourceMappings").await;
        let region = self.sim.call(&self.region, "ListEventSourceMappings")?;
        let mappings = region.functions.into_iter().flat_map(|f| {
            let name = f.listed.name.clone();
            f.event_sources.into_iter().map(move |source| (name.clone(), source))
        });
        Ok(page(mappings.collect(), token, 1))
    }

    async fn callers(&self, function: &FunctionName) -> Result<BTreeSet<String>, PortError> {
        self.sim.wait("GetPolicy").await;
        let found = self.function("GetPolicy", &function.unqualified())?;
        Ok(found
            .callers
            .get(function.qualifier().unwrap_or_default())
            .cloned()
            .unwrap_or_default())
    }

    async fn details(&self, function: &FunctionName) -> Result<Details, PortError> {
        self.sim.wait("GetFunction").await;
        Ok(self.function("GetFunction", function)?.details)
    }

    async fn provisioned(
        &self,
        function: &FunctionName,
        token: Option<&str>,
    ) -> Result<Page<ProvisionedConcurrency>, PortError> {
        self.sim.wait("ListProvisionedConcurrencyConfigs").await;
        let function = self.function("ListProvisionedConcurrencyConfigs", function)?;
        Ok(page(function.provisioned, token, 1))
    }
}

#[async_trait]
impl MetricSource for Handle {
    async fn sums(
        &self,
        series: &[Series],
        _window: Window,
        token: Option<&str>,
    ) -> Result<Page<(usize, f64)>, PortError> {
        self.sim.wait("GetMetricData").await;
        assert!(series.len() <= SERIES_PER_CALL);
        let region = self.sim.call(&self.region, "GetMetricData")?;
        let functions: BTreeMap<&str, &SimFunction> =
            region.functions.iter().map(|f| (f.listed.name.name(), f)).collect();
        let mut items = Vec::new();
        for (place, series) in series.iter().enumerate() {
            if series.metric == Metric::IncomingBytes {
                items.push((place, region.stored_bytes as f64 * region.written_times));
                continue;
            }
            let Some(function) = functions.get(series.function.as_str()) else {
                continue;
            };
            let n = function.invocations() as f64;
            let sum: f64 = function.uses.iter().map(|u| u.invocations as f64 * u.duration_ms).sum();
            let longest = function.uses.iter().map(|u| u.duration_ms).fold(0.0, f64::max);
            let figure = match (series.metric, &series.qualifier) {
                (Metric::Invocations, None) => n,
                (Metric::DurationSum, None) => sum,
                (Metric::DurationMax, None) => longest,
                (Metric::Errors, None) => (function.errors + function.timeouts + function.out_of_memory) as f64,
                (Metric::Throttles, None) => function.throttles as f64,
                (Metric::CpuTimeSum, None) => sum * 0.5,
                (Metric::CpuTimeCount, None) => n,
                (Metric::ProvisionedInvocations, Some(_)) => n / 2.0,
                (Metric::ProvisionedUtilizationMax, Some(_)) => 0.25,
                other => panic!("{other:?} is not to be asked for"),
            };
            if n > 0.0 && series.metric.is_sum() {
                // Two days.
                items.push((place, figure / 2.0));
                items.push((place, figure / 2.0));
            } else if n > 0.0 {
                items.push((place, figure / 3.0));
                items.push((place, figure));
            }
        }
        Ok(page(items, token, 150))
    }
}

#[async_trait]
impl LogGroups for Handle {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<Page<LogGroup>, PortError> {
        self.sim.wait("DescribeLogGroups").await;
        let region = self.sim.call(&self.region, "DescribeLogGroups")?;
        let names: BTreeSet<&str> = region.functions.iter().map(SimFunction::group).collect();
        let mut groups: Vec<LogGroup> = names
            .into_iter()
            .filter(|name| name.starts_with(prefix) && !region.missing_groups.contains(*name))
            .map(|name| LogGroup {
                name: name.to_owned(),
                stored_bytes: Some(region.stored_bytes),
                incoming_bytes: None,
                created: None,
                retention_days: None,
                class: region.classes.get(name).copied().unwrap_or_default(),
            })
            .collect();
        // Others that are nobody's business.
        groups.push(LogGroup {
            name: format!("{prefix}~of-a-function-long-gone"),
            ..groups.first().cloned().unwrap_or(LogGroup {
                name: String::new(),
                stored_bytes: Some(u64::MAX / 4),
                incoming_bytes: None,
                created: None,
                retention_days: None,
                class: LogClass::Standard,
            })
        });
        Ok(page(groups, token, 50))
    }
}

#[async_trait]
impl Reports for Handle {
    async fn start(&self, groups: &[String], window: Window) -> Result<String, PortError> {
        self.sim.wait("StartQuery").await;
        assert!((1..=50).contains(&groups.len()));
        assert!(window.from < window.until);
        let region = self.sim.call(&self.region, "StartQuery")?;
        let class = |group: &String| region.classes.get(group).copied().unwrap_or_default();
        assert!(
            groups.iter().all(|group| class(group) == class(&groups[0])),
            "one class a query"
        );
        if let Some(missing) = groups.iter().find(|group| region.missing_groups.contains(*group)) {
            let said = format!("Log group '{missing}' does not exist");
            return Err(PortError::new(Kind::NotFound, "StartQuery", said));
        }
        let refused = |f: &&SimFunction| groups.iter().any(|g| g == f.group()) && f.refused.is_some();
        if let Some(function) = region.functions.iter().find(refused) {
            return Err(PortError::new(function.refused.unwrap(), "StartQuery", "refused"));
        }
        let share = window.days() / 30.0;
        let bytes = region.stored_bytes as f64 * region.scans_times as f64 * groups.len() as f64 * share.min(1.0);
        let mut queries = self.sim.queries.lock().unwrap();
        queries.push(Query {
            region: self.region.clone(),
            groups: groups.to_vec(),
            bytes: bytes as u64,
            scanned: 0,
            stopped: false,
        });
        Ok(format!("{}", queries.len() - 1))
    }

    async fn poll(&self, query: &str, token: Option<&str>) -> Result<QueryPage, PortError> {
        self.sim.wait("GetQueryResults").await;
        let region = self.sim.call(&self.region, "GetQueryResults")?;
        let mut queries = self.sim.queries.lock().unwrap();
        let query = &mut queries[query.parse::<usize>().unwrap()];
        assert!(query.region == self.region && !query.stopped);
        let done = query.scanned >= query.bytes && query.scanned > 0 && !region.queries_stall;
        query.scanned = (query.scanned + BYTES_PER_POLL).min(query.bytes.max(1));
        let mut answer = QueryPage {
            status: QueryStatus::Running,
            rows: Vec::new(),
            bytes_scanned: query.scanned,
            next: None,
        };
        if done {
            answer.status = region
                .queries_end
                .map_or(QueryStatus::Complete, |how| QueryStatus::Ended(how.to_owned()));
        }
        if answer.status == QueryStatus::Complete {
            let rows = rows(&region, &query.groups);
            let per_page = match region.rows_per_page {
                0 => 7,
                n => n,
            };
            let found = page(rows, token, per_page);
            (answer.rows, answer.next) = (found.items, found.next);
        }
        Ok(answer)
    }

    async fn stop(&self, query: &str) -> Result<(), PortError> {
        self.sim.wait("StopQuery").await;
        self.sim.call(&self.region, "StopQuery")?;
        *self.sim.stopped.lock().unwrap() += 1;
        self.sim.queries.lock().unwrap()[query.parse::<usize>().unwrap()].stopped = true;
        Ok(())
    }

    async fn lines(
        &self,
        group: &str,
        json: bool,
        window: Window,
        token: Option<&str>,
    ) -> Result<Page<LoggedLine>, PortError> {
        self.sim.wait("FilterLogEvents").await;
        let region = self.sim.call(&self.region, "FilterLogEvents")?;
        let mut lines = Vec::new();
        for function in region
            .functions
            .iter()
            .filter(|f| f.group() == group && f.listed.json_logs == json)
        {
            if let Some(kind) = function.refused {
                return Err(PortError::new(kind, "FilterLogEvents", "refused"));
            }
            for (at, report) in logged(function) {
                if at < window.from || at > window.until {
                    continue;
                }
                let name = function.stream_function().unwrap_or_default();
                lines.push(LoggedLine {
                    at: Some(at),
                    stream: format!("2025/12/30/{name}[{}]0123abcd", function.version),
                    message: match json {
                        true => format::report_json(&report, at),
                        false => format::report_text(&report),
                    },
                });
            }
        }
        Ok(page(lines, token, 100))
    }
}

/// Its reports, evenly over the 20 hours before the review, at most 200 a size.
fn logged(function: &SimFunction) -> Vec<(Timestamp, Report)> {
    let end: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut reports = Vec::new();
    for used in &function.uses {
        for n in 0..used.invocations.min(200) {
            let at = end - SignedDuration::from_secs(60 + 360 * n as i64);
            let report = Report {
                request_id: format!("r-{n}"),
                duration_ms: used.duration_ms,
                billed_duration_ms: Some(used.duration_ms.ceil() as u64),
                memory_size_mb: Some(used.memory_size_mb),
                max_memory_used_mb: Some(used.used_mb),
                status: match n {
                    n if n < function.timeouts => Some(Status::Timeout),
                    n if n < function.timeouts + function.out_of_memory => Some(Status::Error),
                    _ => None,
                },
                error_type: (n >= function.timeouts && n < function.timeouts + function.out_of_memory)
                    .then(|| "Runtime.OutOfMemory".to_owned()),
                ..Report::default()
            };
            reports.push((at, report));
        }
    }
    reports
}

fn rows(region: &SimRegion, groups: &[String]) -> Vec<ReportRow> {
    let mut rows = Vec::new();
    for function in region
        .functions
        .iter()
        .filter(|f| groups.iter().any(|group| group == f.group()))
    {
        for used in function.uses.iter().filter(|u| u.invocations > 0) {
            rows.push(ReportRow {
                group: function.group().to_owned(),
                function: function.stream_function(),
                memory_size_mb: Some(used.memory_size_mb),
                version: Some(function.version),
                invocations: used.invocations,
                first_seen: Some("2025-12-10T00:00:00Z".parse().unwrap()),
                last_seen: Some("2025-12-31T23:00:00Z".parse().unwrap()),
                mean_ms: Some(used.duration_ms),
                p50_ms: Some(used.duration_ms),
                p95_ms: Some(used.duration_ms),
                p99_ms: Some(used.duration_ms),
                max_ms: Some(used.duration_ms),
                billed_duration_ms: used.duration_ms.ceil() * used.invocations as f64,
                billed_invocations: used.invocations,
                max_memory_used_mb: Some(f64::from(used.used_mb)),
                timeouts: function.timeouts,
                out_of_memory: function.out_of_memory,
                ..ReportRow::default()
            });
        }
    }
    rows
}

#[async_trait]
impl Optimizer for Handle {
    async fn findings(&self, token: Option<&str>) -> Result<Page<(FunctionName, OptimizerFinding)>, PortError> {
        self.sim.wait("GetLambdaFunctionRecommendations").await;
        let region = self.sim.call(&self.region, "GetLambdaFunctionRecommendations")?;
        let known = region
            .functions
            .into_iter()
            .filter_map(|f| Some((f.listed.name, f.optimizer?)));
        Ok(page(known.collect(), token, 10))
    }
}
