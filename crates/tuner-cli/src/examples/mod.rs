//! Functions to try `tuner` on, inside its own binary. Each runs as a process of its own through the real Runtime API, as
//! any function does.

mod download;
mod work;

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};

pub(crate) use download::Source;

/// First argument that makes the binary a function.
const FUNCTION_ARGUMENT: &str = "example-function";

/// A function to try things on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Example {
    Hash,
    Parallel,
    Wait,
    Memory,
    Mixed,
    Flaky,
    SlowInit,
    Download,
}

impl Example {
    pub(crate) const ALL: [Self; 8] = [
        Self::Hash,
        Self::Parallel,
        Self::Wait,
        Self::Memory,
        Self::Mixed,
        Self::Flaky,
        Self::SlowInit,
        Self::Download,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Parallel => "parallel",
            Self::Wait => "wait",
            Self::Memory => "memory",
            Self::Mixed => "mixed",
            Self::Flaky => "flaky",
            Self::SlowInit => "slow-init",
            Self::Download => "download",
        }
    }

    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Hash => "CPU-bound, one thread; payload {\"blocks\": 1200}",
            Self::Parallel => "CPU-bound, several threads; payload {\"blocks\": 1200, \"threads\": 4}",
            Self::Wait => "waits as for a database; payload {\"ms\": 150}",
            Self::Memory => "needs 300 MB: out of memory below; payload {\"mb\": 300}",
            Self::Mixed => {
                "waits, then sorts with as much buffer as it has memory; payload {\"ms\": 60, \"blocks\": 250}"
            }
            Self::Flaky => "fails one time in ten; payload {\"failures_in_100\": 10}",
            Self::SlowInit => "takes long to come up and little to answer; payload {\"blocks\": 60}",
            Self::Download => "reads from a server of tuner's own on this machine, see --network; payload {\"mb\": 32}",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|example| example.name() == name)
    }

    /// The names, for messages.
    pub(crate) fn names() -> String {
        Self::ALL
            .map(|example| format!("example:{}", example.name()))
            .join(", ")
    }

    /// Program and arguments that run it.
    pub(crate) fn command(self) -> std::io::Result<Vec<String>> {
        let program = std::env::current_exe()?;
        Ok(vec![
            program.display().to_string(),
            FUNCTION_ARGUMENT.to_owned(),
            self.name().to_owned(),
        ])
    }

    async fn handle(self, payload: Value) -> Result<Value, Diagnostic> {
        let number = |key: &str, default: u64| payload.get(key).and_then(Value::as_u64).unwrap_or(default);
        match self {
            Self::Hash => Ok(json!({ "hash": work::hash(number("blocks", 1200)) })),
            Self::Parallel => {
                Ok(json!({ "hash": work::hash_in_threads(number("blocks", 1200), number("threads", 4).clamp(1, 64)) }))
            }
            Self::Wait => {
                work::wait(number("ms", 150)).await;
                Ok(json!({ "waited": true }))
            }
            Self::Memory => Ok(json!({ "touched_mb": work::touch(number("mb", 300)) })),
            Self::Mixed => {
                work::wait(number("ms", 60)).await;
                Ok(json!({ "passes": work::sort_in_passes(number("blocks", 250)) }))
            }
            Self::Flaky => {
                let hash = work::hash(120);
                if work::dice(100) < number("failures_in_100", 10) {
                    return Err(Diagnostic {
                        error_type: "DownstreamUnavailable".to_owned(),
                        error_message: "the service behind this function did not answer".to_owned(),
                    });
                }
                Ok(json!({ "hash": hash }))
            }
            Self::SlowInit => Ok(json!({ "hash": work::hash(number("blocks", 60)) })),
            Self::Download => match download::read(number("mb", 32)).await {
                Ok(bytes) => Ok(json!({ "bytes": bytes })),
                Err(e) => Err(Diagnostic {
                    error_type: "DownloadFailed".to_owned(),
                    error_message: e.to_string(),
                }),
            },
        }
    }
}

/// Serves the Runtime API if this process was started as an example.
pub(crate) fn run_if_asked() -> Option<ExitCode> {
    // Not args(), which panics on what is not UTF-8.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != FUNCTION_ARGUMENT {
        return None;
    }
    let example = Example::named(arguments.next()?.to_str()?)?;
    Some(serve(example))
}

fn serve(example: Example) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    runtime.block_on(async {
        if example == Example::SlowInit {
            // As a large framework would: reads, then computes.
            let blocks = std::env::var("INIT_BLOCKS").ok().and_then(|blocks| blocks.parse().ok());
            work::wait(800).await;
            work::hash(blocks.unwrap_or(2000));
        }
        let handler = |event: LambdaEvent<Value>| example.handle(event.payload);
        match lambda_runtime::run(service_fn(handler)).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }
    })
}
