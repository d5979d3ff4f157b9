use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tuner_core::review::{FindingKind, GroupBy};
use tuner_core::{Architecture, FunctionName};

use super::AccountArgs;
use crate::states_arn::StateMachineRef;

/// Arguments of `tuner review`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReviewArgs {
    /// Exported logs: files and directories, plain or gzip, such as an export to S3 leaves. With them nothing is asked of AWS
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Looking")]
    pub(crate) from_logs: Vec<PathBuf>,
    /// Regions to look at, separated by commas; `all` is every one; the one of the credentials unless given
    #[arg(
        long,
        value_name = "REGION,...",
        value_delimiter = ',',
        value_parser = region_or_all,
        conflicts_with = "from_logs",
        help_heading = "Looking"
    )]
    pub(crate) regions: Vec<String>,
    /// What `aws lambda list-functions` printed, which tells present memory sizes, timeouts and architectures; `aws logs
    /// describe-export-tasks`, which tells what exports are of; the CSV that `aws compute-optimizer
    /// export-lambda-function-recommendations` wrote; the tuning.json of a tuning. May be given several times
    #[arg(long, value_name = "FILE", requires = "from_logs", help_heading = "Looking")]
    pub(crate) inventory: Vec<PathBuf>,
    /// The function that logs are of where nothing else tells it
    #[arg(
        long,
        alias = "function-name",
        value_name = "NAME",
        requires = "from_logs",
        help_heading = "Looking"
    )]
    pub(crate) function: Option<FunctionName>,
    /// Days to look back, 1 to 90 [default: 30]; with --from-logs the days that they are of, else those from the first
    /// report to the last
    #[arg(long, value_name = "DAYS", value_parser = super::run_args::above_zero, help_heading = "Looking")]
    pub(crate) days: Option<f64>,
    /// What scanning logs with CloudWatch Logs Insights may cost, in USD; at 0 none is scanned, and a sample read [default: 1]
    #[arg(
        long,
        value_name = "MONEY",
        value_parser = not_negative,
        conflicts_with = "from_logs",
        help_heading = "Looking"
    )]
    pub(crate) budget: Option<f64>,
    /// Role to assume for everything that is read and tuned
    #[arg(long, value_name = "ARN", conflicts_with = "from_logs", help_heading = "Looking")]
    pub(crate) role_arn: Option<String>,
    /// Where reviews are kept and the last one is found: the service's bucket, or a directory; else `store` in tuner.toml,
    /// else tuner-out
    #[arg(
        long,
        value_name = "s3://BUCKET|DIR",
        conflicts_with = "from_logs",
        help_heading = "Looking"
    )]
    pub(crate) store: Option<String>,
    /// The review to compare the logs with, `none` for none; the last one in the output directory or tuner-out unless given
    #[arg(long, value_name = "REVIEW.json", requires = "from_logs", help_heading = "Looking")]
    pub(crate) previous: Option<PathBuf>,
    /// Threads to read logs with; all processors unless given
    #[arg(long, requires = "from_logs", help_heading = "Looking")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Tune this many of the functions with the most at stake, of those for which a payload is registered
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        conflicts_with = "from_logs",
        help_heading = "Tuning"
    )]
    pub(crate) tune: u32,
    /// Functions that may be invoked, and with what: {"functions": {"NAME": {"payload": {}}}}. Beside it the tag
    /// tuner:payload registers a function; no other one is ever invoked
    #[arg(long, value_name = "FILE", requires = "tune", help_heading = "Tuning")]
    pub(crate) payloads: Option<PathBuf>,
    /// The service's state machine does the tunings; else the one that TUNER_STATE_MACHINE or `state_machine` in tuner.toml
    /// names; where none is named, they are done from here
    #[arg(long, value_name = "ARN|NAME", requires = "tune", help_heading = "Tuning")]
    pub(crate) state_machine: Option<StateMachineRef>,
    /// Do it without asking
    #[arg(short, long, help_heading = "Tuning")]
    pub(crate) yes: bool,

    /// Instruction set whose prices hold for logs of functions that no inventory lists; their region is --region, else
    /// us-east-1
    #[arg(long, default_value = "x86_64", requires = "from_logs", help_heading = "Pricing")]
    pub(crate) arch: Architecture,
    /// A price file instead of the table inside
    #[arg(long, value_name = "FILE", help_heading = "Pricing")]
    pub(crate) prices: Option<PathBuf>,

    /// Directory of the results; a new one in tuner-out unless given
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = ReviewFormat::Human, help_heading = "Output")]
    pub(crate) format: ReviewFormat,
    /// Show account IDs, which are masked otherwise
    #[arg(long, help_heading = "Output")]
    pub(crate) show_account_ids: bool,
    /// End with code 3 if there is any of these findings, such as memory_underprovisioned,timeout_risk; `unjudged`: a function
    /// that could not be judged in full, or a region that could not be read; `unreadable`: a file of --from-logs that could
    /// not be read in full
    #[arg(long, value_name = "FINDING,...", value_delimiter = ',', value_parser = gate, help_heading = "Output")]
    pub(crate) fail_on: Vec<ReviewGate>,

    /// What was decided about advice, in TOML: [[ignore]] what is not to be told until a day, [[accepted]] what is to be done,
    /// [[owner]] whose functions are; else `advice` in tuner.toml
    #[arg(long, value_name = "FILE", help_heading = "Owners and decisions")]
    pub(crate) advice: Option<PathBuf>,
    /// Totals, and a page in the output directory, for each owner, stack, or value of a tag: owner, stack, tag:KEY
    #[arg(long, value_name = "BY", help_heading = "Owners and decisions")]
    pub(crate) group_by: Option<GroupBy>,

    #[command(flatten)]
    pub(crate) account: AccountArgs,
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReviewGate {
    /// A finding.
    Finding(FindingKind),
    /// A file that could not be read in full.
    Unreadable,
    /// A function that could not be judged, or not in full, or a region that could not be read.
    Unjudged,
}

/// In place of regions: every one.
pub(crate) const ALL_REGIONS: &str = "all";

/// What `tuner review` prints at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReviewFormat {
    /// Sentence and table
    Human,
    /// The MemoryReview document
    Json,
    /// A page for a wiki or an issue
    Markdown,
    /// One row per function
    Csv,
}

fn region_or_all(text: &str) -> Result<String, String> {
    match text.trim() {
        ALL_REGIONS => Ok(ALL_REGIONS.to_owned()),
        region => super::region(region),
    }
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if f64::is_finite(number) && number >= 0.0 => Ok(number),
        _ => Err("use a number of 0 or more".to_owned()),
    }
}

/// A finding as documents spell it, or with dashes.
fn gate(text: &str) -> Result<ReviewGate, String> {
    let wanted = text.trim().replace('-', "_").to_ascii_lowercase();
    match &wanted[..] {
        "unreadable" => return Ok(ReviewGate::Unreadable),
        "unjudged" => return Ok(ReviewGate::Unjudged),
        _ => {}
    }
    FindingKind::named(text).map(ReviewGate::Finding).ok_or_else(|| {
        format!(
            "there is no such finding; use any of {}, unjudged, unreadable",
            FindingKind::ALL.map(FindingKind::spelling).join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_spelt_as_in_documents_or_with_dashes() {
        assert_eq!(gate("timeout_risk"), Ok(ReviewGate::Finding(FindingKind::TimeoutRisk)));
        assert_eq!(gate("unreadable"), Ok(ReviewGate::Unreadable));
        assert_eq!(gate("unjudged"), Ok(ReviewGate::Unjudged));
        assert_eq!(
            gate("Memory-Underprovisioned"),
            Ok(ReviewGate::Finding(FindingKind::MemoryUnderprovisioned))
        );
        assert!(gate("waste").unwrap_err().contains("memory_overprovisioned"));
    }
}
