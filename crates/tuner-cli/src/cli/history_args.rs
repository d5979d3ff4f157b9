use clap::{Args, ValueEnum};
use tuner_core::FunctionName;

use super::AccountArgs;
use crate::states_arn::StateMachineRef;

/// Arguments of `tuner history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Only tunings of this function: name or ARN
    #[arg(long, alias = "function-name", value_name = "NAME|ARN")]
    pub(crate) function: Option<FunctionName>,
    /// How many at most
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// The service's state machine; else TUNER_STATE_MACHINE, `state_machine` in tuner.toml, or the one with its tag
    #[arg(long, value_name = "ARN|NAME", conflicts_with = "store")]
    pub(crate) state_machine: Option<StateMachineRef>,
    /// Where the tunings are: the service's bucket, or a directory such as tuner-out; else `store` in tuner.toml
    #[arg(long, value_name = "s3://BUCKET|DIR")]
    pub(crate) store: Option<String>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t = HistoryFormat::Human)]
    pub(crate) format: HistoryFormat,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
}

/// Form of what `tuner history` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryFormat {
    /// For people
    Human,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
    /// For a page
    Markdown,
}
