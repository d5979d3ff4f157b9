use std::path::PathBuf;

use clap::Args;
use tuner_core::check::Condition;

use super::CheckFormat;
use super::check_args::UndecidedArg;

/// Arguments of `tuner compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// What was before: a tuning.json or check.json, or `last`, the one before HEAD on this machine
    #[arg(value_name = "BASE")]
    pub(crate) base: PathBuf,
    /// What is now: a tuning.json or check.json, or - for standard input
    #[arg(value_name = "HEAD")]
    pub(crate) head: PathBuf,
    /// End with code 3 if one of these is shown, with 4 if it cannot be told: 'p95>+20%,cost>+10%,mean>800ms'
    #[arg(long, value_name = "CONDITION,...", value_delimiter = ',')]
    pub(crate) fail_on: Vec<Condition>,
    /// What a condition is that is neither shown to be met nor not
    #[arg(long, value_enum, default_value_t = UndecidedArg::Fail)]
    pub(crate) undecided: UndecidedArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(crate) format: CheckFormat,
    /// Where to write it; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Show account IDs, which are masked otherwise
    #[arg(long)]
    pub(crate) show_account_ids: bool,
}
