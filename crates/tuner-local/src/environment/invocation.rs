//! The way of one event through an environment: init if it is new, handling, and the log that tells of both.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use nix::sys::signal::Signal;
use tuner_core::LocalReading;
use uuid::Uuid;

use super::failure::{Cause, Failure};
use super::log_lines::{InitPhase, LogLines};
use super::runtime_api::{Delivery, headers};
use super::sandbox::{End, InitFailure, Sandbox, StartsWith};
use super::{Answer, Environment, EnvironmentSpec, Event, StartError};

/// What handling came to, before it is written down.
struct Outcome {
    duration: Duration,
    result: Result<Bytes, Failure>,
    reusable: bool,
    /// How long others had the processor, if that is known.
    waited: Option<Duration>,
}

pub(super) async fn run(environment: &mut Environment, event: &Event) -> Answer {
    let spec = environment.spec.clone();
    let mut log = LogLines::new(&spec);

    let (init, must_repeat_init) = match std::mem::take(&mut environment.is_new) {
        true => first_init(environment, &mut log).await,
        // A process may end while it is idle: Lambda starts it again inside the next invocation.
        false => (None, environment.sandbox.has_ended()),
    };
    log.output(&environment.sandbox.output.take());
    log.start(&event.request_id);
    let outcome = if must_repeat_init {
        repeat_init_and_handle(environment, event, &mut log).await
    } else {
        handle(&mut environment.sandbox, &spec, event, spec.timeout).await
    };
    conclude(environment, event, log, init, outcome).await
}

/// Awaits the init that began when the environment was made. Returns its duration if it was a success, or that it has
/// to be repeated.
async fn first_init(environment: &mut Environment, log: &mut LogLines<'_>) -> (Option<Duration>, bool) {
    let sandbox = &mut environment.sandbox;
    log.init_start();
    let deadline = sandbox.started + environment.spec.init_timeout;
    match sandbox.initialized(deadline).await {
        Ok(ready) => (Some(ready - sandbox.started), false),
        Err(failure) => {
            let cause = match failure {
                InitFailure::Timeout => Cause::Timeout,
                InitFailure::Reported(error) => Cause::Process(error.error_type),
                InitFailure::Exited(exit) => Failure::exited("", exit, sandbox.cell.is_out_of_memory()).cause,
            };
            let duration = match cause {
                Cause::Timeout => environment.spec.init_timeout,
                _ => sandbox.started.elapsed(),
            };
            log.output(&sandbox.output.take());
            log.init_report(duration, InitPhase::Init, &cause);
            (None, true)
        }
    }
}

/// Lambda's "suppressed init": once more from the start, within the time and the CPU of the invocation.
async fn repeat_init_and_handle(environment: &mut Environment, event: &Event, log: &mut LogLines<'_>) -> Outcome {
    let spec = &environment.spec;
    environment.sandbox.stop().await;
    let began = Instant::now();
    let failed = |duration, failure| Outcome {
        duration,
        result: Err(failure),
        reusable: false,
        waited: None,
    };
    let (confinement, stream) = (&environment.confinement, &environment.log_stream);
    match Sandbox::start(spec, confinement, stream, StartsWith::CpuOfInvocation).await {
        Ok(sandbox) => environment.sandbox = sandbox,
        Err(e) => return failed(began.elapsed(), Failure::not_started(&event.request_id, &e.to_string())),
    }
    let sandbox = &mut environment.sandbox;
    // Where a process is limited by signals, that begins once it is there.
    sandbox.cell.limit_cpu();
    let Err(failure) = sandbox.initialized(began + spec.timeout).await else {
        let left = spec.timeout.saturating_sub(began.elapsed());
        let mut outcome = handle(sandbox, spec, event, left).await;
        outcome.duration = match &outcome.result {
            Err(failure) if failure.cause == Cause::Timeout => spec.timeout,
            _ => began.elapsed(),
        };
        return outcome;
    };
    let (duration, failure) = match failure {
        InitFailure::Timeout => {
            let silent = spec
                .command
                .first()
                .filter(|_| !sandbox.ever_called())
                .map(String::as_str);
            (
                spec.timeout,
                Failure::timed_out(&event.request_id, spec.timeout, silent),
            )
        }
        InitFailure::Reported(error) => (began.elapsed(), Failure::init_error(error)),
        InitFailure::Exited(exit) => {
            let out_of_memory = sandbox.cell.is_out_of_memory();
            (began.elapsed(), Failure::exited(&event.request_id, exit, out_of_memory))
        }
    };
    log.output(&sandbox.output.take());
    log.init_report(duration, InitPhase::Invoke, &failure.cause);
    failed(duration, failure)
}

/// Hands the event to an initialized process. `time` is what is left of the function's timeout.
async fn handle(sandbox: &mut Sandbox, spec: &EnvironmentSpec, event: &Event, time: Duration) -> Outcome {
    let delivery = delivery(event, time);
    let waits = sandbox.cell.waits();
    sandbox.cell.thaw();
    sandbox.cell.limit_cpu();
    let handed_out = Instant::now();
    let end = sandbox.handle(delivery, handed_out + time).await;
    let ended = Instant::now();
    let waited = sandbox.cell.waited_since(&waits);

    let request_id = &event.request_id;
    let (handled, mut duration_ends, failure) = match end {
        End::Done(handled) if sandbox.cell.has_slipped_through() => (
            handled,
            ended,
            Some(Failure::exited(
                request_id,
                ExitStatus::from_raw(Signal::SIGKILL as i32),
                true,
            )),
        ),
        End::Done(handled) => (handled, ended, None),
        End::Exited(exit, handled) => (
            handled,
            ended,
            Some(Failure::exited(request_id, exit, sandbox.cell.is_out_of_memory())),
        ),
        End::Timeout(handled) => (handled, ended, Some(Failure::timed_out(request_id, spec.timeout, None))),
    };
    duration_ends = handled.finished.unwrap_or(duration_ends);
    let duration = match &failure {
        Some(f) if f.cause == Cause::Timeout => spec.timeout,
        _ => duration_ends.saturating_duration_since(handled.started.unwrap_or(handed_out)),
    };
    let reusable = failure.is_none();
    let result = match (handled.response, failure) {
        // An answer that came before the end is void: Lambda reports the failure of the invocation.
        (_, Some(failure)) => Err(failure),
        (Some(verdict), None) => Failure::of_response(verdict, request_id),
        (None, None) => Err(Failure::not_started(request_id, "no response")),
    };
    Outcome {
        duration,
        result,
        reusable,
        waited,
    }
}

/// The event and its headers.
fn delivery(event: &Event, time: Duration) -> Delivery {
    let deadline_ms = Timestamp::now()
        .as_millisecond()
        .saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let trace = Uuid::now_v7().simple().to_string();
    let trace = format!("Root=1-{}-{};Sampled=0", &trace[..8], &trace[8..]);
    Delivery {
        request_id: event.request_id.clone(),
        headers: headers([
            ("content-type", Some("application/json".to_owned())),
            ("lambda-runtime-aws-request-id", Some(event.request_id.clone())),
            ("lambda-runtime-deadline-ms", Some(deadline_ms.to_string())),
            (
                "lambda-runtime-invoked-function-arn",
                Some(event.invoked_function_arn.clone()),
            ),
            ("lambda-runtime-trace-id", Some(trace)),
            ("lambda-runtime-client-context", event.client_context.clone()),
        ]),
        payload: event.payload.clone(),
    }
}

/// Ends or freezes the process, and writes the rest of the log.
async fn conclude(
    environment: &mut Environment,
    event: &Event,
    mut log: LogLines<'_>,
    init: Option<Duration>,
    outcome: Outcome,
) -> Answer {
    let spec = &environment.spec;
    let sandbox = &mut environment.sandbox;
    let peak = sandbox.cell.peak_memory();
    if outcome.reusable {
        sandbox.cell.freeze();
    } else {
        sandbox.stop().await;
    }
    let out_of_memory = match &outcome.result {
        Err(failure) => failure.cause == Cause::Process("Runtime.OutOfMemory".to_owned()),
        Ok(_) => false,
    };
    let used_mb = if out_of_memory {
        spec.memory_size_mb
    } else {
        peak.used_mb.unwrap_or_default()
    };
    environment.max_memory_used_mb = environment.max_memory_used_mb.max(used_mb);

    log.output(&sandbox.output.take());
    let used_mb = environment.max_memory_used_mb;
    let (payload, function_error) = finish(&mut log, event, outcome.duration, init, used_mb, outcome.result);
    Answer {
        payload,
        function_error,
        log: log.into_bytes(),
        log_stream: environment.log_stream.clone(),
        reusable: outcome.reusable,
        reading: LocalReading {
            // Not more exact than a duration.
            waited_ms: outcome
                .waited
                .map(|waited| (waited.as_secs_f64() * 1e5).round() / 100.0),
            resident_memory_mb: peak.resident_mb,
            cgroup_memory_mb: peak.cgroup_mb,
        },
    }
}

/// Writes the last lines of the log. Returns what the caller is answered: the payload, and the kind of error if it failed.
fn finish(
    log: &mut LogLines<'_>,
    event: &Event,
    duration: Duration,
    init: Option<Duration>,
    used_mb: u32,
    result: Result<Bytes, Failure>,
) -> (Bytes, Option<String>) {
    let id = &event.request_id;
    let failure = match result {
        Ok(payload) => {
            log.report(id, duration, init, used_mb, None);
            return (payload, None);
        }
        Err(failure) => failure,
    };
    match (&failure.cause, &failure.process_error) {
        (Cause::Timeout, _) => log.timed_out(id),
        (Cause::Process(error_type), Some(error)) => log.runtime_error(id, error, error_type),
        _ => {}
    }
    if let Some(hint) = &failure.hint {
        log.hint(hint);
    }
    log.report(id, duration, init, used_mb, Some(&failure.cause));
    (failure.payload, Some("Unhandled".to_owned()))
}

/// The answer of Lambda when the program can't be started at all: there is no environment, and the log is all made here.
pub(super) fn not_started(spec: &EnvironmentSpec, event: &Event, error: &StartError, took: Duration) -> Answer {
    let mut log = LogLines::new(spec);
    log.start(&event.request_id);
    let failure = Failure::not_started(&event.request_id, &error.to_string());
    let (payload, function_error) = finish(&mut log, event, took, None, 0, Err(failure));
    Answer {
        payload,
        function_error,
        log: log.into_bytes(),
        log_stream: super::new_log_stream(spec),
        reusable: false,
        reading: LocalReading::default(),
    }
}
