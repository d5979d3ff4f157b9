//! One execution environment: a process behind the Runtime API.
//!
//! It behaves as Lambda's does wherever an invocation can tell or a REPORT shows: init has all the CPU and 10 s, a
//! failed init is repeated inside the invocation, a time-out ends the process, an idle environment is frozen.

mod failure;
mod invocation;
mod log_capture;
mod log_lines;
mod process;
mod rehearsal;
mod runtime_api;
mod runtime_routes;
mod sandbox;
mod spec;
#[cfg(test)]
mod tests;
mod variables;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::confinement::Confinement;
pub use rehearsal::NotAFunction;
use sandbox::{Sandbox, StartsWith};
pub use spec::{Answer, EnvironmentSpec, Event, LogFormat, StartError};

/// A process behind its own Runtime API server, confined in CPU and memory.
pub struct Environment {
    spec: EnvironmentSpec,
    confinement: Arc<Confinement>,
    log_stream: String,
    sandbox: Sandbox,
    /// Whether the first event, which reports the init, is still to come.
    is_new: bool,
    /// Over all invocations so far, as in REPORT.
    max_memory_used_mb: u32,
}

impl Environment {
    /// Starts the process. Init begins here and is awaited by the first [`Environment::handle`], so that its time is
    /// reported with the first event, as Lambda does.
    ///
    /// # Errors
    /// When the program can't be started at all (not found, not executable). The message names it.
    pub async fn start(spec: EnvironmentSpec, confinement: Arc<Confinement>) -> Result<Self, StartError> {
        let log_stream = new_log_stream(&spec);
        let sandbox = Sandbox::start(&spec, &confinement, &log_stream, StartsWith::CpuOfInit).await?;
        Ok(Self {
            spec,
            confinement,
            log_stream,
            sandbox,
            is_new: true,
            max_memory_used_mb: 0,
        })
    }

    /// What Lambda answers to an event whose program can't be started at all, after `took` of trying.
    pub fn not_started(spec: &EnvironmentSpec, event: &Event, error: &StartError, took: Duration) -> Answer {
        invocation::not_started(spec, event, error, took)
    }

    /// Hands the event to the process and waits until it is done with it, its end, or the timeout.
    ///
    /// The duration ends when the process asks for the next event, as in Lambda's `platform.runtimeDone`, so that work
    /// after the response is counted. An answer that is not [`reusable`](Answer::reusable) ends the process.
    /// Dropping the future before it is done leaves an event without an answer in the process: drop the environment too.
    pub async fn handle(&mut self, event: Event) -> Answer {
        invocation::run(self, &event).await
    }

    /// The process ID of the function, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.sandbox.process_id()
    }

    /// Ends the process group and removes its cgroups. Dropping does the same, without waiting.
    pub async fn shutdown(mut self) {
        self.sandbox.stop().await;
    }
}

/// Where a new environment writes its log: the day (of UTC) on which it was made, its version, and what only it has. In a log
/// group that the function names itself, which it may share with others, its name goes before.
/// Source: "Configuring CloudWatch log groups" in the Lambda developer guide.
fn new_log_stream(spec: &EnvironmentSpec) -> String {
    let date = jiff::Timestamp::now().strftime("%Y/%m/%d");
    let (version, id) = (&spec.version, Uuid::new_v4().simple());
    match spec.log_group.strip_prefix("/aws/lambda/") == Some(spec.function_name.as_str()) {
        true => format!("{date}/[{version}]{id}"),
        false => format!("{date}/{}[{version}][{id}]", spec.function_name),
    }
}
