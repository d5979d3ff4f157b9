use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tuner_core::{ControlCalls, FunctionName};
use tuner_engine::ports::{
    AliasPointer, Clock, Concurrency, ConfigurationChange, FunctionConfiguration, FunctionControl, InvokeReply,
    Invoker, LogSource, PortError, PortErrorKind as Kind, VersionInfo,
};

use super::behaviour::{Answer, Call, Law, reply};
use super::fault::error;
use super::{Fault, Function, VirtualClock, When};

/// A call that was made, and how far it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub operation: &'static str,
    pub target: String,
    /// Whether it changed or ran something.
    pub effective: bool,
}

/// The service.
pub struct Lambda {
    inner: Mutex<Inner>,
    clock: Arc<VirtualClock>,
    /// Cancelled when a crash fault has struck: the process is to be dropped.
    pub crashed: CancellationToken,
    /// The tuning's own.
    pub cancel: CancellationToken,
}

type Effect = Box<dyn FnOnce(&mut Option<Function>) + Send>;

struct Inner {
    function: Option<Function>,
    law: Arc<Law>,
    faults: Vec<(When, Fault)>,
    calls: Vec<Made>,
    late: Vec<(u32, Effect)>,
    invoked: BTreeMap<u32, u32>,
    idle: BTreeMap<String, u32>,
    /// How many environments of a version still wait for another invocation; all do where it is absent.
    keeps_warm: Option<u32>,
    running: u32,
    most_running: u32,
    concurrency_limit: u32,
    account_hidden: bool,
    log: Vec<Logged>,
}

/// What an invocation wrote to the log, which can be read from `at` on.
struct Logged {
    at: Timestamp,
    request_id: String,
    lines: Vec<u8>,
}

impl Lambda {
    pub fn new(function: Function, law: Law, clock: Arc<VirtualClock>, cancel: CancellationToken) -> Self {
        Self {
            inner: Mutex::new(Inner {
                function: Some(function),
                law: Arc::new(law),
                faults: Vec::new(),
                calls: Vec::new(),
                late: Vec::new(),
                invoked: BTreeMap::new(),
                idle: BTreeMap::new(),
                keeps_warm: None,
                running: 0,
                most_running: 0,
                concurrency_limit: 1000,
                account_hidden: false,
                log: Vec::new(),
            }),
            clock,
            crashed: CancellationToken::new(),
            cancel,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn inject(&self, when: When, fault: Fault) {
        self.lock().faults.push((when, fault));
    }

    /// Ends all faults; effects that were on their way arrive.
    pub fn heal(&self) {
        let mut inner = self.lock();
        inner.faults.clear();
        inner.land(u32::MAX);
    }

    /// After so many invocations no environment waits for another one.
    pub fn keep_warm(&self, environments: u32) {
        self.lock().keeps_warm = Some(environments);
    }

    pub fn limit_concurrency(&self, limit: u32) {
        self.lock().concurrency_limit = limit;
    }

    /// Nobody may read how many executions the account has.
    pub fn hide_account(&self) {
        self.lock().account_hidden = true;
    }

    /// Looks at, or changes, the function from outside.
    pub fn with<T>(&self, look: impl FnOnce(&mut Function) -> T) -> T {
        look(self.lock().function.as_mut().expect("the function was deleted"))
    }

    pub fn exists(&self) -> bool {
        self.lock().function.is_some()
    }

    pub fn calls(&self) -> Vec<Made> {
        self.lock().calls.clone()
    }

    /// Invocations that ran, by memory size.
    pub fn invoked(&self) -> BTreeMap<u32, u32> {
        self.lock().invoked.clone()
    }

    pub fn most_running(&self) -> u32 {
        self.lock().most_running
    }

    /// One call, with whatever fault is due.
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        target: String,
        effect: impl FnOnce(&mut Option<Function>) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        // Others take their turn here.
        tokio::task::yield_now().await;
        let result = {
            let mut inner = self.lock();
            let call = inner.calls.len() as u32 + 1;
            inner.calls.push(Made {
                operation,
                target,
                effective: false,
            });
            inner.land(call);
            let due: Vec<Fault> = inner
                .faults
                .iter()
                .filter(|(when, _)| when.includes(call))
                .map(|(_, fault)| *fault)
                .collect();
            inner.perform(self, call, &due, operation, effect)
        };
        match result {
            Some(result) => result,
            None => {
                self.crashed.cancel();
                std::future::pending().await
            }
        }
    }
}

impl Inner {
    /// An environment has ended an invocation.
    fn wait_for_more(&mut self, version: &str) {
        if self.keeps_warm == Some(0) {
            return;
        }
        self.keeps_warm = self.keeps_warm.map(|left| left - 1);
        *self.idle.entry(version.to_owned()).or_default() += 1;
    }

    fn land(&mut self, call: u32) {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(at, _)| *at <= call);
        self.late = later;
        for (_, effect) in due {
            effect(&mut self.function);
        }
    }

    /// `None` when the process ends with this call.
    fn perform<T: Send + 'static>(
        &mut self,
        lambda: &Lambda,
        call: u32,
        faults: &[Fault],
        operation: &'static str,
        effect: impl FnOnce(&mut Option<Function>) -> Result<T, PortError> + Send + 'static,
    ) -> Option<Result<T, PortError>> {
        for fault in faults {
            match fault {
                Fault::Foreign(foreign) => foreign.act(&mut self.function),
                Fault::CancelBefore => lambda.cancel.cancel(),
                Fault::CrashBefore => return None,
                Fault::Before(kind) => return Some(Err(error(*kind, operation))),
                Fault::Late { calls } => {
                    self.late.push((
                        call + calls,
                        Box::new(|function| {
                            let _ = effect(function);
                        }),
                    ));
                    return Some(Err(error(Kind::Network, operation)));
                }
                _ => {}
            }
        }
        let result = effect(&mut self.function);
        if let Some(made) = self.calls.last_mut() {
            made.effective = result.is_ok();
        }
        for fault in faults {
            match fault {
                Fault::CancelAfter => lambda.cancel.cancel(),
                Fault::CrashAfter => return None,
                Fault::After(kind) => return Some(Err(error(*kind, operation))),
                _ => {}
            }
        }
        Some(result)
    }
}

fn there(function: &mut Option<Function>) -> Result<&mut Function, PortError> {
    function
        .as_mut()
        .ok_or_else(|| PortError::new(Kind::NotFound, "GetFunction", "Function not found"))
}

#[async_trait]
impl FunctionControl for Lambda {
    fn calls(&self) -> ControlCalls {
        let calls = self.calls();
        let limited = calls
            .iter()
            .filter(|c| !matches!(c.operation, "Invoke" | "GetFunction"));
        ControlCalls {
            limited: limited.count() as u32,
            ..ControlCalls::default()
        }
    }

    async fn configuration(&self, function: &FunctionName) -> Result<FunctionConfiguration, PortError> {
        let name = function.clone();
        self.call("GetFunction", name.to_string(), move |f| there(f)?.read(&name))
            .await
    }

    async fn update(
        &self,
        function: &FunctionName,
        change: &ConfigurationChange,
        revision_id: &str,
    ) -> Result<(), PortError> {
        let (change, revision_id) = (change.clone(), revision_id.to_owned());
        self.call("UpdateFunctionConfiguration", function.to_string(), move |f| {
            there(f)?.update(&change, &revision_id).map(drop)
        })
        .await
    }

    async fn publish_version(
        &self,
        function: &FunctionName,
        description: &str,
        revision_id: &str,
    ) -> Result<VersionInfo, PortError> {
        let (description, revision_id) = (description.to_owned(), revision_id.to_owned());
        self.call("PublishVersion", function.to_string(), move |f| {
            there(f)?.publish(&description, &revision_id)
        })
        .await
    }

    async fn versions(&self, function: &FunctionName) -> Result<Vec<VersionInfo>, PortError> {
        self.call("ListVersionsByFunction", function.to_string(), |f| Ok(there(f)?.list()))
            .await
    }

    async fn delete_version(&self, function: &FunctionName, version: u64) -> Result<(), PortError> {
        self.call(
            "DeleteFunction",
            function.at(&version.to_string()).to_string(),
            move |f| there(f)?.delete(version),
        )
        .await
    }

    async fn alias(&self, function: &FunctionName, alias: &str) -> Result<Option<AliasPointer>, PortError> {
        let alias = alias.to_owned();
        self.call("GetAlias", function.to_string(), move |f| Ok(there(f)?.alias(&alias)))
            .await
    }

    async fn create_alias(&self, function: &FunctionName, alias: &str, version: u64) -> Result<(), PortError> {
        let alias = alias.to_owned();
        self.call("CreateAlias", function.to_string(), move |f| {
            there(f)?.create_alias(&alias, version)
        })
        .await
    }

    async fn update_alias(
        &self,
        function: &FunctionName,
        alias: &str,
        version: u64,
        revision_id: &str,
    ) -> Result<(), PortError> {
        let (alias, revision_id) = (alias.to_owned(), revision_id.to_owned());
        self.call("UpdateAlias", function.to_string(), move |f| {
            there(f)?.update_alias(&alias, version, &revision_id)
        })
        .await
    }

    async fn concurrency(&self, function: &FunctionName) -> Result<Concurrency, PortError> {
        let (unreserved, hidden) = {
            let inner = self.lock();
            (inner.concurrency_limit, inner.account_hidden)
        };
        self.call("GetAccountSettings", function.to_string(), move |_| {
            if hidden {
                return Err(PortError::new(Kind::Denied, "GetAccountSettings", "not allowed"));
            }
            Ok(Concurrency {
                unreserved,
                reserved: None,
            })
        })
        .await
    }

    async fn without_async_retries(&self, function: &FunctionName) -> Result<(), PortError> {
        self.call("PutFunctionEventInvokeConfig", function.to_string(), |_| Ok(()))
            .await
    }
}

/// An environment that is busy; gives its place back however the call ends.
struct Running<'a> {
    lambda: &'a Lambda,
    version: String,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut inner = self.lambda.lock();
        inner.running -= 1;
        inner.wait_for_more(&self.version);
    }
}

#[async_trait]
impl Invoker for Lambda {
    async fn invoke(
        &self,
        function: &FunctionName,
        payload: &[u8],
        longest: Duration,
    ) -> Result<InvokeReply, PortError> {
        let name = function.clone();
        let configuration = self.call("Invoke", name.to_string(), move |f| {
            there(f)?
                .resolve(&name)
                .cloned()
                .ok_or_else(|| PortError::new(Kind::NotFound, "Invoke", "Function not found"))
        });
        // The gate is asked first: a call that is refused runs nothing.
        {
            let inner = self.lock();
            if inner.running >= inner.concurrency_limit {
                return Err(PortError::new(Kind::Throttled, "Invoke", "Rate Exceeded."));
            }
        }
        let gate = {
            let mut inner = self.lock();
            inner.running += 1;
            inner.most_running = inner.most_running.max(inner.running);
            Gate(self)
        };
        let result = configuration.await;
        // What ran counts, whether the answer arrives or not.
        let ran = self.lock().calls.last().cloned();
        let version = match &result {
            Ok(c) => c.version.clone(),
            Err(_) => match ran {
                Some(made) if made.effective => function.qualifier().unwrap_or_default().to_owned(),
                _ => return Err(result.unwrap_err()),
            },
        };
        let (law, call) = self.arrive(function, &version, payload);
        std::mem::forget(gate);
        let _running = Running { lambda: self, version };
        let configuration = result?;
        let request_id = format!("{}-{}", call.memory_size_mb, call.earlier);
        let answer = law(&call);
        let (reply, ms) = reply(&call, &answer, &request_id, configuration.timeout_s);
        self.note(&call, &answer, &request_id, configuration.timeout_s, ms);
        let takes = Duration::from_secs_f64(ms / 1000.0);
        self.clock.sleep(takes.min(longest)).await;
        if takes > longest {
            return Err(PortError::new(Kind::Network, "Invoke", "no answer in time"));
        }
        Ok(reply)
    }

    async fn invoke_async(&self, function: &FunctionName, payload: &[u8]) -> Result<String, PortError> {
        let name = function.clone();
        let configuration = self
            .call("InvokeAsync", name.to_string(), move |f| {
                there(f)?
                    .resolve(&name)
                    .cloned()
                    .ok_or_else(|| PortError::new(Kind::NotFound, "Invoke", "Function not found"))
            })
            .await?;
        let (law, call) = self.arrive(function, &configuration.version, payload);
        let request_id = format!("{}-{}", call.memory_size_mb, call.earlier);
        let answer = law(&call);
        let (_, ms) = reply(&call, &answer, &request_id, configuration.timeout_s);
        self.note(&call, &answer, &request_id, configuration.timeout_s, ms);
        self.lock().wait_for_more(&configuration.version);
        Ok(request_id)
    }
}

#[async_trait]
impl LogSource for Lambda {
    async fn lines(&self, log_group: &str, request_id: &str, since: Timestamp) -> Result<Vec<u8>, PortError> {
        let now = self.clock.now();
        self.call("FilterLogEvents", log_group.to_owned(), |_| Ok(())).await?;
        assert_eq!(log_group, "/aws/lambda/resize");
        let inner = self.lock();
        let seen = inner
            .log
            .iter()
            .filter(|l| l.request_id == request_id && l.at <= now && l.at >= since);
        Ok(seen.flat_map(|l| l.lines.clone()).collect())
    }
}

impl Lambda {
    /// An invocation meets an environment.
    fn arrive(&self, function: &FunctionName, version: &str, payload: &[u8]) -> (Arc<Law>, Call) {
        let mut inner = self.lock();
        let memory_size_mb = inner
            .function
            .as_ref()
            .and_then(|f| f.resolve(function))
            .map(|c| c.memory_size_mb)
            .unwrap_or_default();
        let idle = inner.idle.entry(version.to_owned()).or_default();
        let cold = *idle == 0;
        *idle = idle.saturating_sub(1);
        let earlier = inner.invoked.entry(memory_size_mb).or_default();
        *earlier += 1;
        let earlier = *earlier - 1;
        let call = Call {
            memory_size_mb,
            earlier,
            cold,
            payload: String::from_utf8_lossy(payload).into_owned(),
        };
        (inner.law.clone(), call)
    }

    /// The log holds the REPORT in any case, seconds after the invocation has ended.
    fn note(&self, call: &Call, answer: &Answer, request_id: &str, timeout_s: u32, ms: f64) {
        let logged = match answer {
            Answer::Unreported => Answer::Done(5.0),
            answer => answer.clone(),
        };
        let (reply, _) = reply(call, &logged, request_id, timeout_s);
        let delay = SignedDuration::from_millis(ms as i64 + 2500);
        let at = self.clock.now().checked_add(delay).unwrap();
        self.lock().log.push(Logged {
            at,
            request_id: request_id.to_owned(),
            lines: reply.log_tail.unwrap_or_default(),
        });
    }
}

/// A place below the concurrency limit.
struct Gate<'a>(&'a Lambda);

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
    }
}
