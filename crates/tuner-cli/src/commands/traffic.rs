//! `tuner local traffic`.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tuner_aws::AwsLambda;
use tuner_core::{FunctionName, Payloads};
use tuner_engine::ports::{InvokeReply, Invoker, PortError, PortErrorKind};
use tuner_local::traffic::Rhythm;
use tuner_logs::lines::{Event, parse_line};

use super::local_lambda;
use super::serve::interrupted;
use crate::cli::TrafficArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::payload;

/// An answer that has not come by then is lost: Lambda's longest time-out, and an init.
const LONGEST: Duration = Duration::from_secs(910);
/// Events of a corpus that are sent.
const MOST_EVENTS: u32 = 1_000;

/// What became of calls.
#[derive(Debug, Default)]
struct Tally {
    /// By the version that ran.
    versions: BTreeMap<String, OfVersion>,
    throttled: u64,
    /// There was no room for them: too many were under way.
    dropped: u64,
    /// No answer came, or none of Lambda's.
    lost: u64,
}

#[derive(Debug, Default)]
struct OfVersion {
    calls: u64,
    failed: u64,
}

/// Calls until the hours are over, or interrupted.
pub(super) async fn traffic(args: TrafficArgs) -> Result<Exit, CliError> {
    let (events, weights) = mix(&args)?;
    let rhythm = Rhythm {
        per_hour: args.per_hour,
        daily: args.daily / 100.0,
        speed: args.speed,
        weights,
    };
    let key = args.access_key.as_ref();
    let key = key.map_or(("local", "local"), |key| (key.id(), key.secret().unwrap_or_default()));
    let lambda = Arc::new(AwsLambda::local_with_key(&args.endpoint_url, local_lambda::REGION, key));
    let tally = Arc::new(Mutex::new(Tally::default()));
    // The first call says whether there is anybody to call.
    let first = lambda.invoke(&args.function, &events[0], LONGEST).await;
    if let Err(error) = &first
        && error.kind != PortErrorKind::Throttled
    {
        return Err(CliError::usage(format!("{} cannot be called", args.function))
            .cause(error.clone())
            .hint("start `tuner local serve --function example:hash`, and give its address with --endpoint-url"));
    }
    lock(&tally).add(first);
    let until = args
        .hours
        .map(|hours| Duration::from_secs_f64((hours * 3600.0 / args.speed).min(1e9)));
    let began = Instant::now();
    tokio::select! {
        () = send(&args.function, &lambda, &events, rhythm.arrivals(args.seed), until, args.concurrency, &tally, began) => {}
        () = interrupted() => {}
    }
    print(&lock(&tally), began.elapsed(), &args)?;
    Ok(Exit::Done)
}

#[expect(clippy::too_many_arguments, reason = "it is the loop of one command")]
async fn send(
    function: &FunctionName,
    lambda: &Arc<AwsLambda>,
    events: &[Vec<u8>],
    arrivals: tuner_local::traffic::Arrivals,
    until: Option<Duration>,
    concurrency: u32,
    tally: &Arc<Mutex<Tally>>,
    began: Instant,
) {
    let room = Arc::new(Semaphore::new(concurrency as usize));
    let mut calls = JoinSet::new();
    for arrival in arrivals.take_while(|arrival| until.is_none_or(|until| arrival.at < until)) {
        tokio::time::sleep_until(began + arrival.at).await;
        while calls.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            lock(tally).dropped += 1;
            continue;
        };
        let (function, lambda, tally) = (function.clone(), Arc::clone(lambda), Arc::clone(tally));
        let event = events[arrival.event].clone();
        calls.spawn(async move {
            let answer = lambda.invoke(&function, &event, LONGEST).await;
            lock(&tally).add(answer);
            drop(place);
        });
    }
    while calls.join_next().await.is_some() {}
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    fn add(&mut self, answer: Result<InvokeReply, PortError>) {
        match answer {
            Ok(reply) => {
                let version = executed_version(reply.log_tail.as_deref().unwrap_or_default());
                let of_version = self
                    .versions
                    .entry(version.unwrap_or_else(|| "?".to_owned()))
                    .or_default();
                of_version.calls += 1;
                of_version.failed += u64::from(reply.function_error.is_some());
            }
            Err(error) if error.kind == PortErrorKind::Throttled => self.throttled += 1,
            Err(_) => self.lost += 1,
        }
    }
}

/// Which version ran, as the START line says; a longer log than the tail's 4 KB has lost it.
fn executed_version(tail: &[u8]) -> Option<String> {
    tail.split(|&byte| byte == b'\n')
        .find_map(|line| match parse_line(line) {
            Some(Event::Start(start)) => start.version,
            _ => None,
        })
}

/// The events and their weights, those that fail among them.
fn mix(args: &TrafficArgs) -> Result<(Vec<Vec<u8>>, Vec<f64>), CliError> {
    let given = payload::read(args.payload.as_deref(), MOST_EVENTS)?.payloads;
    let mut events: Vec<Vec<u8>> = given.entries().iter().map(|entry| entry.body.clone()).collect();
    let all: f64 = given.entries().iter().map(|entry| entry.weight).sum();
    let mut weights: Vec<f64> = given.entries().iter().map(|entry| entry.weight / all).collect();
    if let (Some(failing), Some(event)) = (args.failing, &args.failing_payload) {
        let event = Payloads::parse(event, "--failing-payload").map_err(payload::error)?;
        weights.iter_mut().for_each(|weight| *weight *= 1.0 - failing / 100.0);
        events.push(event.body(0).to_vec());
        weights.push(failing / 100.0);
    }
    Ok((events, weights))
}

fn print(tally: &Tally, took: Duration, args: &TrafficArgs) -> Result<(), CliError> {
    let mut out = guarded::stdout();
    // The last answers may come after the last hour.
    let hours = (took.as_secs_f64() * args.speed / 3600.0).min(args.hours.unwrap_or(f64::INFINITY));
    writeln!(out, "{hours:.1} h of traffic in {:.0} s", took.as_secs_f64())?;
    writeln!(out, "{:>10} {:>8} {:>8}", "version", "calls", "failed")?;
    for (version, of) in &tally.versions {
        writeln!(out, "{version:>10} {:>8} {:>8}", of.calls, of.failed)?;
    }
    for (count, what) in [
        (tally.throttled, "throttled"),
        (tally.dropped, "dropped: too many were under way; see --concurrency"),
        (tally.lost, "without an answer"),
    ] {
        if count > 0 {
            writeln!(out, "{count} {what}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_keep_their_shares_beside_those_that_fail() {
        use clap::Parser;
        let weights = |more: &[&str]| {
            let words = ["tuner", "local", "traffic", "--function", "f"].iter().chain(more);
            match crate::cli::Cli::try_parse_from(words).unwrap().command {
                crate::cli::Command::Local(crate::cli::LocalCommand {
                    command: crate::cli::LocalSubcommand::Traffic(args),
                }) => mix(&args).unwrap().1,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(weights(&[]), [1.0]);
        assert_eq!(weights(&["--failing", "10", "--failing-payload", "1"]), [0.9, 0.1]);
        let list = r#"[{"payload": {}, "weight": 3}, {"payload": {"n": 1}, "weight": 1}]"#;
        assert_eq!(weights(&["--payload", list]), [0.75, 0.25]);
    }

    #[test]
    fn the_version_is_in_the_start_line_of_both_forms() {
        let text = b"INIT_START x\nSTART RequestId: r Version: 9\nhello\n";
        assert_eq!(executed_version(text).as_deref(), Some("9"));
        let json = br#"{"time":"t","type":"platform.start","record":{"requestId":"r","version":"$LATEST"}}"#;
        assert_eq!(executed_version(json).as_deref(), Some("$LATEST"));
        assert_eq!(executed_version(b"REPORT RequestId: r\n"), None);
    }
}
