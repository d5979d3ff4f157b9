//! Whether a program comes up at all, before anything is measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sandbox::{InitFailure, Sandbox, StartsWith, exit_words};
use super::{Environment, EnvironmentSpec, StartError};
use crate::confinement::Confinement;

/// Most of what a program wrote that is worth showing, in bytes.
const OUTPUT_SHOWN: usize = 600;

/// Why a program can't be a function.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotAFunction {
    /// It could not be started.
    #[error(transparent)]
    NotStarted(#[from] StartError),
    /// It ran, but did not ask the Runtime API for an event.
    #[error("`{program}` did not ask the Lambda Runtime API for an event within {waited_s} s")]
    Silent {
        /// The program.
        program: String,
        /// How long it was waited.
        waited_s: u64,
    },
    /// It ended before it asked for an event.
    #[error("`{program}` ended before it asked the Lambda Runtime API for an event: {how}{}", said(.output))]
    Ended {
        /// The program.
        program: String,
        /// Exit status or signal.
        how: String,
        /// The end of what it wrote.
        output: String,
    },
    /// Its runtime said that it can't be initialized.
    #[error("`{program}` could not be initialized: {error}{}", said(.output))]
    InitError {
        /// The program.
        program: String,
        /// What the runtime said.
        error: String,
        /// The end of what it wrote.
        output: String,
    },
}

impl NotAFunction {
    /// Whether the program is no function at all, rather than one that fails to come up.
    pub const fn speaks_no_runtime_api(&self) -> bool {
        !matches!(self, Self::InitError { .. })
    }
}

fn said(output: &str) -> String {
    if output.is_empty() {
        String::new()
    } else {
        format!("; it wrote:\n{output}")
    }
}

impl Environment {
    /// Starts the program, waits until it asks for an event, and ends it again. Returns how long that took.
    ///
    /// # Errors
    /// When it does not come to ask for one.
    pub async fn rehearse(spec: &EnvironmentSpec, confinement: &Arc<Confinement>) -> Result<Duration, NotAFunction> {
        let program = spec.command.first().cloned().unwrap_or_default();
        let mut sandbox = Sandbox::start(spec, confinement, "rehearsal", StartsWith::CpuOfInit).await?;
        // A slow init is repeated inside the first invocation, under the function's own timeout.
        let patience = spec.init_timeout.max(spec.timeout);
        let result = sandbox.initialized(Instant::now() + patience).await;
        let output = tail(&sandbox.output.take());
        let took = sandbox.started.elapsed();
        let spoke = sandbox.ever_called();
        sandbox.stop().await;
        match result {
            Ok(_) => Ok(took),
            Err(InitFailure::Timeout) if spoke => Ok(took),
            Err(InitFailure::Timeout) => Err(NotAFunction::Silent {
                program,
                waited_s: patience.as_secs(),
            }),
            Err(InitFailure::Exited(status)) => Err(NotAFunction::Ended {
                program,
                how: exit_words(status),
                output,
            }),
            Err(InitFailure::Reported(error)) => Err(NotAFunction::InitError {
                program,
                error: String::from_utf8_lossy(&error.payload).into_owned(),
                output,
            }),
        }
    }
}

fn tail(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let text = text.trim();
    let start = text.len().saturating_sub(OUTPUT_SHOWN);
    let start = (start..text.len()).find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    text[start..].to_owned()
}
