//! What the steps log: one JSON object a line, with the tuning's ID. Inputs and answers are logged nowhere: they hold payloads.

use tracing_subscriber::EnvFilter;
use tuner_engine::review::{ReviewEvent, ReviewObserver};
use tuner_engine::{Event, Observer};
use uuid::Uuid;

/// From the level that Lambda's own setting (`ApplicationLogLevel`) says.
pub(crate) fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(format!("warn,bootstrap={level},tuner_engine={level},tuner_aws={level}"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .with_ansi(false)
        .init();
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
