//! What can be typed. No input or output happens here.

mod check_args;
mod compare_args;
mod history_args;
mod logs_args;
mod patch_args;
mod project_args;
mod review_args;
mod run_args;
mod short_help;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tuner_core::FunctionName;
use tuner_core::review::GroupBy;
use tuner_local::AccessKey;
use tuner_report::Format;

pub(crate) use check_args::{CheckArgs, CheckFormat, LimitList, UndecidedArg};
pub(crate) use compare_args::CompareArgs;
pub(crate) use history_args::{HistoryArgs, HistoryFormat};
pub(crate) use logs_args::{LogsArgs, LogsFormat, LogsGate};
pub(crate) use patch_args::PatchArgs;
pub(crate) use project_args::ProjectArgs;
pub(crate) use review_args::{ALL_REGIONS, ReviewArgs, ReviewFormat, ReviewGate};
use run_args::above_zero;
pub(crate) use run_args::{LocalArgs, NetworkArg, RunArgs, RunFormat};
pub(crate) use short_help::command;

/// Finds, by measuring, the memory size at which an AWS Lambda function is cheapest, fastest or best balanced.
#[derive(Debug, Parser)]
#[command(name = "tuner", version, propagate_version = true, after_help = crate::exit::HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct GlobalArgs {
    /// Say less: no progress
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure a function at several memory sizes and recommend one
    Run(Box<RunArgs>),
    /// Say what `run` with the same arguments would call, publish and spend; touch nothing
    Plan(Box<RunArgs>),
    /// Say whether a function keeps its limits as it is deployed; change nothing
    Check(Box<CheckArgs>),
    /// Say what differs between two tunings or checks
    Compare(CompareArgs),
    /// Say what every function of an account wastes and risks
    Review(Box<ReviewArgs>),
    /// Summarise the REPORT lines of exported Lambda logs
    Logs(LogsArgs),
    /// Render a tuning.json, review.json or check.json again
    Report(ReportArgs),
    /// Write a recommended size into the infrastructure code that sets it, or print the diff
    Patch(Box<PatchArgs>),
    /// List past tunings, newest first
    History(HistoryArgs),
    /// Put back what a broken tuning left on a function
    Restore(RestoreArgs),
    /// Use the local Lambda for something else
    Local(LocalCommand),
    /// List the prices known, or read AWS's price list
    Prices(PricesArgs),
    /// Offer the other commands as tools to a client of the Model Context Protocol, on standard input and output
    #[cfg(feature = "mcp")]
    Mcp(McpArgs),
    /// Completions, man pages and schemas
    Generate(GenerateArgs),
}

/// What a client of the protocol may do besides reading.
#[cfg(feature = "mcp")]
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct McpArgs {
    /// Let the client tune, by the ID of a plan that was shown: functions are published and invoked then
    #[arg(long)]
    pub(crate) allow_tuning: bool,
    /// Let it give functions the size that a tuning found
    #[arg(long, requires = "allow_tuning")]
    pub(crate) allow_applying: bool,
}

/// How to reach AWS.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct AwsArgs {
    #[command(flatten)]
    pub(crate) account: AccountArgs,
    /// Another endpoint of Lambda than AWS's own, such as that of `tuner local serve`
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub(crate) endpoint_url: Option<String>,
}

/// Where in AWS, and as whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct AccountArgs {
    /// Region; as the environment, the function's ARN or tuner.toml says unless given
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub(crate) region: Option<String>,
    /// Profile of the AWS configuration files; `profile` in tuner.toml unless given
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

fn endpoint(text: &str) -> Result<String, String> {
    let host = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err("use a whole address such as http://127.0.0.1:9001".to_owned()),
    }
}

fn host_name(text: &str) -> Result<String, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    match text.is_empty() || !text.chars().all(is_name) || (text.contains(':') && !text.starts_with('[')) {
        true => Err("use a name without a port, such as host.docker.internal".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn region(text: &str) -> Result<String, String> {
    if tuner_core::is_region(text) {
        Ok(text.to_owned())
    } else {
        Err("this is no region; use one such as eu-west-1".to_owned())
    }
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The document that a tuning, a review or a check wrote, or - for standard input. Several reviews, or directories with some
    /// (as tuner-out), are shown together: the trend of cost, waste and risks, what following advice has saved, and what moved the
    /// cost
    #[arg(value_name = "DOCUMENT.json", required = true)]
    pub(crate) documents: Vec<PathBuf>,
    /// Form of the report
    #[arg(long, default_value = "terminal", value_parser = format_parser())]
    pub(crate) format: Format,
    /// Where to write it; standard output unless given. With --group-by, a directory that is there takes the report, the table
    /// and the pages of the groups
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Of a review: what was decided about its advice, as `tuner review --advice` takes it, in place of what was known then
    #[arg(long, value_name = "FILE")]
    pub(crate) advice: Option<PathBuf>,
    /// Of a review: totals for each owner, stack, or value of a tag: owner, stack, tag:KEY
    #[arg(long, value_name = "BY")]
    pub(crate) group_by: Option<GroupBy>,
    /// Of reviews: the functions of this group of --group-by alone; an empty one for those of nobody
    #[arg(long, value_name = "NAME", requires = "group_by")]
    pub(crate) group: Option<String>,
    /// Show account IDs, which are masked otherwise
    #[arg(long)]
    pub(crate) show_account_ids: bool,
}

fn format_parser() -> impl clap::builder::TypedValueParser<Value = Format> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(Format::ALL.map(Format::as_str)).try_map(|text| text.parse::<Format>())
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The function: name, partial or full ARN
    #[arg(long, alias = "function-name", value_name = "NAME|ARN")]
    pub(crate) function: FunctionName,
    /// Only what this tuning left
    #[arg(long, value_name = "ID")]
    pub(crate) tuning: Option<uuid::Uuid>,
    /// Do it without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) aws: AwsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LocalCommand {
    #[command(subcommand)]
    pub(crate) command: LocalSubcommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalSubcommand {
    /// Offer the local Lambda's HTTP API to the AWS CLI, SDKs and others
    Serve(ServeArgs),
    /// Call a function of a local Lambda as users would: with a rate, a daily cycle and a mix of events, a day in minutes
    Traffic(TrafficArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 9001)]
    pub(crate) port: u16,
    /// A function to begin with; may be given several times
    #[arg(long = "function", value_name = "example:NAME")]
    pub(crate) functions: Vec<String>,
    /// Take only requests signed with this access key; anybody's unless given. With an ID alone, knowing it is enough.
    /// Other users of this machine can read the arguments of programs, but not the environment
    #[arg(
        long,
        value_name = "ID[:SECRET]",
        env = "TUNER_LOCAL_ACCESS_KEY",
        hide_env_values = true,
        help_heading = "Callers"
    )]
    pub(crate) access_key: Option<AccessKey>,
    /// Another name than those of loopback that requests may be sent to, such as host.docker.internal; may be given several
    /// times
    #[arg(long = "allow-host", value_name = "NAME", value_parser = host_name, help_heading = "Callers")]
    pub(crate) allowed_hosts: Vec<String>,
    /// Name of the function that COMMAND is
    #[arg(long, default_value = "function")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) local: LocalArgs,
    /// Program and arguments of a function; anything that speaks the Lambda Runtime API
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TrafficArgs {
    /// Function, with its alias or version: NAME:ALIAS
    #[arg(long, alias = "function-name", value_name = "NAME[:ALIAS]")]
    pub(crate) function: FunctionName,
    /// Where `tuner local serve` listens
    #[arg(long, value_name = "URL", value_parser = endpoint, default_value = "http://127.0.0.1:9001")]
    pub(crate) endpoint_url: String,
    /// Access key of that local Lambda, if it takes one only
    #[arg(
        long,
        value_name = "ID[:SECRET]",
        env = "TUNER_LOCAL_ACCESS_KEY",
        hide_env_values = true
    )]
    pub(crate) access_key: Option<AccessKey>,
    /// Calls in an hour, on average
    #[arg(long, value_name = "N", default_value_t = 3600.0, value_parser = above_zero)]
    pub(crate) per_hour: f64,
    /// By how many % traffic is higher by day and lower by night
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    pub(crate) daily: f64,
    /// Hours that pass in one: 480 makes a day three minutes
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = above_zero)]
    pub(crate) speed: f64,
    /// Hours of traffic; until interrupted unless given
    #[arg(long, value_name = "N", value_parser = above_zero)]
    pub(crate) hours: Option<f64>,
    /// What is sent: JSON, a file, - for standard input, or a list [{"payload": ..., "weight": 2}, ...]; or events, each as often
    /// as the others: a folder of .json files or an .ndjson file
    #[arg(long, value_name = "JSON|FILE|DIR|-")]
    pub(crate) payload: Option<String>,
    /// So many % of calls send --failing-payload instead
    #[arg(long, value_name = "PERCENT", value_parser = percent, requires = "failing_payload")]
    pub(crate) failing: Option<f64>,
    /// What makes the function fail, JSON
    #[arg(long, value_name = "JSON", requires = "failing")]
    pub(crate) failing_payload: Option<String>,
    /// Calls that may be under way at once; what comes meanwhile is dropped, and counted
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) concurrency: u32,
    /// The same number makes the same traffic
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// A share in %.
fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("use a number from 0 to 100".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct PricesArgs {
    #[command(subcommand)]
    pub(crate) command: Option<PricesSubcommand>,
    /// Only this region, with every figure that is used
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
    /// A price file instead of the table inside
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) prices: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PricesSubcommand {
    /// Read AWS's bulk price list (downloaded by you) into a price file for --prices
    Refresh {
        /// Files as AWS publishes them, one for each region or one for all
        #[arg(required = true, value_name = "PRICE-LIST.json")]
        lists: Vec<PathBuf>,
        /// Where to write the price file
        #[arg(short, long, value_name = "FILE", default_value = "tuner-prices.json")]
        out: PathBuf,
    },
}

/// Form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Human,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    pub(crate) what: Generate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// Completions for a shell, on standard output
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Man pages
    Man {
        /// Directory to write them to; the first page goes to standard output unless given
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// JSON Schemas of tuning.json, review.json, check.json, comparisons, overviews and tuner.toml
    Schemas {
        /// Directory for a file each; without it one object on standard output
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
