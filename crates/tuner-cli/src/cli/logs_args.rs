use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tuner_core::{Architecture, FunctionName};

/// Arguments of `tuner logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Files and directories, plain or gzip; - or nothing is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The function that logs are of where nothing else tells it
    #[arg(long, alias = "function-name", value_name = "NAME")]
    pub(crate) function: Option<FunctionName>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = LogsFormat::Human)]
    pub(crate) format: LogsFormat,
    /// Region whose prices hold
    #[arg(long, default_value = "us-east-1", value_parser = super::region)]
    pub(crate) region: String,
    /// Instruction set whose prices hold
    #[arg(long, default_value = "x86_64")]
    pub(crate) arch: Architecture,
    /// A price file instead of the table inside
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// Threads to read with; all processors unless given
    #[arg(long)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// End with code 3 if there is any of these: unreadable, a file that could not be read in full
    #[arg(long, value_enum, value_name = "WHAT,...", value_delimiter = ',')]
    pub(crate) fail_on: Vec<LogsGate>,
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogsGate {
    /// A file that could not be read in full
    Unreadable,
}

/// Form of what `tuner logs` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogsFormat {
    /// A table for people
    Human,
    /// The table as JSON
    Json,
    /// The table as CSV
    Csv,
    /// Every invocation, one JSON object a line
    Records,
}
