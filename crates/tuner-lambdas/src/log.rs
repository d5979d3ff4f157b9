//! What the steps log: one JSON object a line, with the tuning's ID. Inputs and answers are logged nowhere: they hold payloads.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tuner_engine::review::{ReviewEvent, ReviewObserver};
use tuner_engine::{Event, Observer};
use uuid::Uuid;

/// From the level that Lambda's own setting (`ApplicationLogLevel`) says. (`EnvFilter` would bring regular expressions along.)
pub(crate) fn init() {
    let set = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default();
    let ours = level(&set);
    let targets = Targets::new()
        .with_default(LevelFilter::WARN.min(ours))
        .with_targets(["tuner_lambdas", "tuner_engine", "tuner_aws"].map(|target| (target, ours)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_ansi(false);
    tracing_subscriber::registry().with(targets).with(lines).init();
}

/// Lambda's levels are those of `tracing`, but for FATAL; one that nobody knows is the default.
fn level(set: &str) -> LevelFilter {
    match set {
        "" => LevelFilter::INFO,
        level if level.eq_ignore_ascii_case("fatal") => LevelFilter::ERROR,
        level => level.parse().unwrap_or(LevelFilter::INFO),
    }
}

/// Logs what happens during a step.
pub(crate) struct Log(pub(crate) Uuid);

impl Observer for Log {
    fn event(&self, event: Event<'_>) {
        let tuning_id = self.0;
        match event {
            Event::Initialized { function, .. } => tracing::info!(%tuning_id, function, "the function can be tuned"),
            Event::Published { size, version } => {
                tracing::info!(%tuning_id, memory_size_mb = size.mb(), version, "published");
            }
            Event::Skipped { size, reason } => {
                tracing::warn!(%tuning_id, memory_size_mb = size.mb(), reason, "skipped");
            }
            Event::Restored { memory_size_mb } => {
                tracing::info!(%tuning_id, memory_size_mb, "the configuration is back")
            }
            Event::Planned { size, invocations } => {
                tracing::info!(%tuning_id, memory_size_mb = size.mb(), invocations, "planned");
            }
            Event::Invoked { record } => tracing::debug!(
                %tuning_id,
                memory_size_mb = record.memory_size_mb,
                request_id = record.request_id,
                outcome = record.outcome.words(),
                duration_ms = record.duration_ms,
                billed_duration_ms = record.billed_duration_ms,
                "invoked"
            ),
            Event::GivenUp { size, reason } => {
                tracing::warn!(%tuning_id, memory_size_mb = size.mb(), reason, "given up");
            }
            Event::Deleted { version } => tracing::info!(%tuning_id, version, "deleted"),
            Event::Waiting { what } => tracing::info!(%tuning_id, what, "waiting"),
            Event::Warning { text } => tracing::warn!(%tuning_id, text, "warning"),
        }
    }
}

impl ReviewObserver for Log {
    fn event(&self, event: ReviewEvent<'_>) {
        let review_id = self.0;
        match event {
            ReviewEvent::Listed {
                region,
                functions,
                problem,
            } => tracing::info!(%review_id, region, functions, problem, "listed"),
            ReviewEvent::Looked { region, functions, .. } => tracing::info!(%review_id, region, functions, "looked at"),
            ReviewEvent::Waiting { what } => tracing::info!(%review_id, what, "waiting"),
            ReviewEvent::Warning { text } => tracing::warn!(%review_id, text, "warning"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_of_lambda_is_understood() {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "", "loud"].map(level);
        assert_eq!(
            levels,
            [
                LevelFilter::TRACE,
                LevelFilter::DEBUG,
                LevelFilter::INFO,
                LevelFilter::WARN,
                LevelFilter::ERROR,
                LevelFilter::ERROR,
                LevelFilter::INFO,
                LevelFilter::INFO,
            ]
        );
    }
}
