use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tuner_core::planning::Preset;
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, MemorySize, Payloads, Tuning};
use tuner_engine::driver::{self, Ended, Failure, Setting};
use tuner_engine::ports::{Clock, LogSource, Store, StoreError, Tunings};
use tuner_engine::review::ports::Reports;
use tuner_engine::steps::restore::{Restored, restore_function};
use tuner_engine::{Backoff, Context, Event, Observer, Prices, TuningError, TuningRequest, TuningState, steps};
use uuid::Uuid;

use super::{Function, Lambda, Law, usual};

/// Tokio's paused time: it goes on, at once, when everybody waits.
#[derive(Debug)]
pub struct VirtualClock(Instant);

impl Default for VirtualClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        begin + self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Keeps objects; fails when told to.
#[derive(Debug, Default)]
pub struct MemoryStore {
    pub objects: Mutex<BTreeMap<String, Vec<u8>>>,
    pub broken: Mutex<bool>,
    /// The key of every object that was written, each time.
    pub written: Mutex<Vec<String>>,
}

impl MemoryStore {
    pub fn writes(&self) -> Vec<String> {
        self.written.lock().unwrap().clone()
    }

    fn check(&self, action: &'static str) -> Result<(), StoreError> {
        if *self.broken.lock().unwrap() {
            return Err(StoreError {
                action,
                location: "memory".to_owned(),
                reason: "no space left on device".to_owned(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn put(&self, key: &str, bytes: &[u8]) -> Result<String, StoreError> {
        self.check("write")?;
        self.written.lock().unwrap().push(key.to_owned());
        self.objects.lock().unwrap().insert(key.to_owned(), bytes.to_vec());
        Ok(format!("memory:{key}"))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.check("read")?;
        Ok(self.objects.lock().unwrap().get(key).cloned())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let objects = self.objects.lock().unwrap();
        Ok(objects.keys().filter(|k| k.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.check("delete")?;
        self.objects.lock().unwrap().remove(key);
        Ok(())
    }
}

/// Writes down what happens.
#[derive(Debug, Default)]
pub struct Notes(pub Mutex<Vec<String>>);

impl Observer for Notes {
    fn event(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

/// A simulated Lambda and what else a tuning needs.
pub struct World {
    pub lambda: Arc<Lambda>,
    pub store: Arc<MemoryStore>,
    pub clock: Arc<VirtualClock>,
    pub notes: Arc<Notes>,
    pub cancel: CancellationToken,
    /// Whether the function's log can be read.
    pub log_is_there: bool,
    /// What its invocations in production reported, if that can be read.
    pub reports: Option<Arc<dyn Reports>>,
    /// Tunings that are known to be over.
    pub over: Arc<Over>,
    /// When the driver's time is up.
    pub hand_back_at: Option<Timestamp>,
}

/// Tunings that are known to be over, and documents of earlier ones.
#[derive(Debug, Default)]
pub struct Over(pub Mutex<Vec<Uuid>>, pub Mutex<Vec<Tuning>>);

#[async_trait]
impl Tunings for Over {
    async fn is_over(&self, tuning_id: Uuid) -> bool {
        self.0.lock().unwrap().contains(&tuning_id)
    }

    async fn of(&self, function: &FunctionName) -> Result<Vec<Tuning>, String> {
        let mut earlier = self.1.lock().unwrap().clone();
        earlier.retain(|tuning| tuning.function.name == *function);
        Ok(earlier)
    }
}

impl World {
    pub fn new(function: Function) -> Self {
        Self::with_law(function, Box::new(usual))
    }

    pub fn with_law(function: Function, law: Law) -> Self {
        let clock = Arc::new(VirtualClock::default());
        let cancel = CancellationToken::new();
        Self {
            lambda: Arc::new(Lambda::new(function, law, clock.clone(), cancel.clone())),
            store: Arc::default(),
            clock,
            notes: Arc::default(),
            cancel,
            log_is_there: false,
            reports: None,
            over: Arc::default(),
            hand_back_at: None,
        }
    }

    pub fn context(&self) -> Context {
        self.context_of(&self.store, &self.cancel)
    }

    /// That of a process with so many seconds.
    pub fn context_for(&self, seconds: i64) -> Context {
        let hand_back_at = self.clock.now().checked_add(SignedDuration::from_secs(seconds));
        Context {
            hand_back_at: Some(hand_back_at.unwrap()),
            ..self.context()
        }
    }

    fn context_of(&self, store: &Arc<MemoryStore>, cancel: &CancellationToken) -> Context {
        Context {
            control: self.lambda.clone(),
            processors: self.lambda.clone(),
            invoker: self.lambda.clone(),
            store: store.clone(),
            clock: self.clock.clone(),
            observer: self.notes.clone(),
            cancel: cancel.clone(),
            hand_back_at: self.hand_back_at,
            logs: self.log_is_there.then(|| self.lambda.clone() as Arc<dyn LogSource>),
            reports: self.reports.clone(),
            tunings: Some(self.over.clone()),
            backoff: Backoff::default(),
        }
    }

    /// A whole tuning. `None` if the process was ended in between.
    pub async fn tune(&self, request: &TuningRequest) -> Option<Result<Tuning, Failure>> {
        self.tune_with(request, &Payloads::single("{}")).await
    }

    pub async fn tune_with(&self, request: &TuningRequest, payloads: &Payloads) -> Option<Result<Tuning, Failure>> {
        let ctx = self.context();
        tokio::select! {
            biased;
            () = self.lambda.crashed.cancelled() => None,
            result = driver::run(&ctx, request, payloads, setting()) => Some(result.map(|ended| ended.tuning)),
        }
    }

    /// As [`tune`](Self::tune), with all that the driver says.
    pub async fn ended(&self, request: &TuningRequest) -> Result<Ended, Failure> {
        driver::run(&self.context(), request, &Payloads::single("{}"), setting()).await
    }

    /// A tuning beside others: its own store, its own way to be stopped.
    pub async fn tune_apart(&self, request: &TuningRequest) -> Result<Tuning, Failure> {
        let ctx = self.context_of(&Arc::default(), &CancellationToken::new());
        let ended = driver::run(&ctx, request, &Payloads::single("{}"), setting()).await;
        ended.map(|ended| ended.tuning)
    }

    /// `tuner restore --tuning` in a new process.
    pub async fn restore_tuning(&self, tuning_id: Uuid) -> Restored {
        let ctx = self.context_of(&Arc::default(), &CancellationToken::new());
        restore_function(&ctx, &"resize".parse().unwrap(), Some(tuning_id), 0).await
    }

    /// `tuner restore` in a new process.
    pub async fn restore(&self) -> Restored {
        let ctx = self.context_of(&Arc::default(), &CancellationToken::new());
        restore_function(&ctx, &"resize".parse().unwrap(), None, 0).await
    }
}

pub fn setting() -> Setting<'static> {
    Setting {
        prices: Prices::of(PriceTable::embedded()),
        environment: MeasuringEnvironment::Aws,
    }
}

/// A request for these sizes.
pub fn request(sizes: &[u32]) -> TuningRequest {
    TuningRequest::new("resize".parse().unwrap())
        .with(|o| {
            o.memory_sizes = sizes.iter().map(|&mb| MemorySize::new(mb).unwrap()).collect();
            o.invocations = 5;
        })
        .checked()
        .unwrap()
}

/// A request that leaves sizes, or which of `sizes`, and numbers of invocations to `preset`.
pub fn adaptive(preset: Preset, sizes: &[u32]) -> TuningRequest {
    TuningRequest::new("resize".parse().unwrap())
        .with(|o| {
            o.preset = preset;
            o.memory_sizes = sizes.iter().map(|&mb| MemorySize::new(mb).unwrap()).collect();
        })
        .checked()
        .unwrap()
}

/// The first step, with one payload and the prices inside.
pub async fn initialize(ctx: &Context, request: &TuningRequest) -> Result<TuningState, TuningError> {
    let prices = Prices::of(PriceTable::embedded());
    steps::initialize(ctx, request, &Payloads::single("{}"), prices, Uuid::now_v7()).await
}
