//! What all calls of one server share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::confinement::Confinement;

use super::account::Account;
use super::error::{ApiError, ThrottleReason};
use super::faults::CallLog;
use super::logs::{LogStore, OPERATIONS};
use super::name::Place;
use super::options::LocalLambdaOptions;
use super::pool::Pool;

pub(super) struct Server {
    pub(super) options: LocalLambdaOptions,
    pub(super) confinement: Arc<Confinement>,
    pub(super) pool: Pool,
    pub(super) calls: CallLog,
    /// Becomes true once, when the server shuts down.
    pub(super) closing: watch::Sender<bool>,
    account: Mutex<Account>,
    logs: Mutex<LogStore>,
    /// Invocations and ending environments; none once the server has shut down.
    tasks: Mutex<Option<JoinSet<()>>>,
    /// When the control-plane calls of the last second came.
    recent: Mutex<VecDeque<Instant>>,
}

impl Server {
    pub(super) fn new(options: LocalLambdaOptions, confinement: Arc<Confinement>) -> Self {
        let place = Place {
            region: options.region.clone(),
            account_id: options.account_id.clone(),
        };
        let account = Account::new(
            place,
            options.concurrency_limit,
            options.memory_quota_mb,
            options.update_delay,
        );
        Self {
            pool: Pool::new(options.idle_timeout, options.max_idle_environments),
            options,
            confinement,
            calls: CallLog::default(),
            closing: watch::Sender::new(false),
            account: Mutex::new(account),
            logs: Mutex::new(LogStore::default()),
            tasks: Mutex::new(Some(JoinSet::new())),
            recent: Mutex::new(VecDeque::new()),
        }
    }

    /// The functions; held for moments only, never across an await.
    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What functions wrote; held for moments only, never across an await.
    pub(super) fn logs(&self) -> MutexGuard<'_, LogStore> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `task` beside the call that it came from, until it is done or the server shuts down.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        }
    }

    /// Ends the idle environments of snapshots that nothing runs any more.
    pub(super) fn end_retired(&self) {
        let retired = std::mem::take(&mut self.account().retired);
        for environment in retired.iter().flat_map(|snapshot| self.pool.discard(snapshot)) {
            self.spawn(environment.shutdown());
        }
    }

    /// Ends environments that have been idle for too long; never returns.
    pub(super) async fn reap(&self) {
        let pause = (self.options.idle_timeout / 4).clamp(Duration::from_millis(50), Duration::from_secs(15));
        loop {
            tokio::time::sleep(pause).await;
            for environment in self.pool.expired(Instant::now()) {
                self.spawn(environment.shutdown());
            }
        }
    }

    /// Counts a control-plane call, unless there were too many in the last second.
    pub(super) fn admit_control_call(&self, operation: &str) -> Result<(), ApiError> {
        // GetFunction, Invoke and other services have limits of their own, out of reach here.
        let Some(limit) = self.options.control_plane_limit else {
            return Ok(());
        };
        let is_of_logs = OPERATIONS.iter().any(|(_, name, _)| *name == operation);
        if is_of_logs || matches!(operation, "GetFunction" | "Invoke") {
            return Ok(());
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while recent
            .front()
            .is_some_and(|at| now.saturating_duration_since(*at) >= Duration::from_secs(1))
        {
            recent.pop_front();
        }
        if recent.len() >= limit {
            return Err(ApiError::throttled(ThrottleReason::CallerRateLimitExceeded));
        }
        recent.push_back(now);
        Ok(())
    }

    /// Stops calls and tasks where they are; dropping their environments ends the processes. Returns the idle ones.
    pub(super) fn close(&self) -> (Option<JoinSet<()>>, Vec<crate::environment::Environment>) {
        self.closing.send_replace(true);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tasks) = tasks.as_mut() {
            tasks.abort_all();
        }
        self.confinement.end_all();
        (tasks, self.pool.close())
    }
}
