use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tuner_core::check::{Condition, Limit, Metric, Undecided, limit_of};

use super::{AwsArgs, LocalArgs};
use crate::cli::run_args::{role, time};

/// Arguments of `tuner check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArgs {
    /// Functions of tuner.toml, with the limits that it gives them
    #[arg(value_name = "NAME", conflicts_with = "function")]
    pub(crate) names: Vec<String>,
    /// Every function of tuner.toml
    #[arg(long, conflicts_with_all = ["names", "function"])]
    pub(crate) all: bool,
    /// Of several functions those in AWS that are checked at the same time; those on this machine are checked one after the
    /// other
    #[arg(long, default_value_t = super::project_args::AT_ONCE, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) at_once: u32,
    /// Folder of the project that tuner.toml names; `function` is one of its functions then.
    #[arg(skip)]
    pub(crate) folder: Option<PathBuf>,
    /// Its name in tuner.toml, by which a program on this machine is called.
    #[arg(skip)]
    pub(crate) name: Option<String>,
    /// The function: name, partial or full ARN, with or without a version or alias; with --local example:NAME
    #[arg(long, alias = "function-name", value_name = "NAME|ARN")]
    pub(crate) function: Option<String>,
    /// Run the function on this machine, without an AWS account
    #[arg(long = "local", id = "local_run", conflicts_with = "direct")]
    pub(crate) local: bool,
    /// Invoke the function in AWS from here; so it is done unless --local or --from-logs is given
    #[arg(long)]
    pub(crate) direct: bool,
    /// Invoke nothing: judge what production did by exported logs
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["local_run", "direct"])]
    pub(crate) from_logs: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// What to be no worse than: `last` is the last check that broke no limit, or the last tuning, of the function on this
    /// machine; or a tuning.json or check.json. By 20 % for mean, p95 and cost, unless --fail-on says otherwise (p95>+10%)
    #[arg(long, value_name = "last|FILE", help_heading = "Limits")]
    pub(crate) baseline: Option<String>,
    /// What a limit is that is neither shown to be kept nor broken
    #[arg(long, value_enum, default_value_t = UndecidedArg::Fail, help_heading = "Limits")]
    pub(crate) undecided: UndecidedArg,

    /// What is sent: JSON, a file, - for standard input, or a list [{"payload": ..., "weight": 2}, ...]; or events, each as often
    /// as the others: a folder of .json files or an .ndjson file
    #[arg(
        long,
        value_name = "JSON|FILE|DIR|-",
        conflicts_with = "from_logs",
        help_heading = "Measuring"
    )]
    pub(crate) payload: Option<String>,
    /// Make no more invocations than this; as many as the limits need unless given, 100 at the least
    #[arg(long, alias = "num", value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Measuring")]
    pub(crate) max_invocations: Option<u32>,
    /// Measure no longer than this: 90s, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Measuring")]
    pub(crate) max_time: Option<u64>,
    /// Invocations made at the same time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Measuring")]
    pub(crate) max_concurrency: u32,
    /// Pause between invocations, in ms
    #[arg(long, default_value_t = 0, value_name = "MS", help_heading = "Measuring")]
    pub(crate) pause_ms: u64,
    /// Error type of the function that counts as a success; may be given several times
    #[arg(long = "allow-error", value_name = "TYPE", help_heading = "Measuring")]
    pub(crate) allow_errors: Vec<String>,
    /// Keep the function's messages out of the document: they may quote payloads
    #[arg(long, alias = "disable-payload-logs", help_heading = "Measuring")]
    pub(crate) hide_messages: bool,
    /// A price file instead of the table inside
    #[arg(long, value_name = "FILE", help_heading = "Measuring")]
    pub(crate) prices: Option<PathBuf>,

    /// Say what would be done and how many calls a verdict takes; invoke nothing
    #[arg(long, help_heading = "Afterwards")]
    pub(crate) dry_run: bool,
    /// Do it without asking
    #[arg(short, long, help_heading = "Afterwards")]
    pub(crate) yes: bool,
    /// Directory for check.json; a new one under tuner-out unless given
    #[arg(short, long, value_name = "DIR", help_heading = "Afterwards")]
    pub(crate) out: Option<PathBuf>,
    /// Write the verdicts as JUnit XML, too
    #[arg(long, value_name = "FILE", help_heading = "Afterwards")]
    pub(crate) junit: Option<PathBuf>,
    /// What is printed at the end
    #[arg(long, value_enum, default_value_t = CheckFormat::Human, help_heading = "Afterwards")]
    pub(crate) format: CheckFormat,

    #[command(flatten)]
    pub(crate) aws: AwsArgs,
    /// Role to assume for everything that touches the function, such as one in its account
    #[arg(long, value_name = "ARN", value_parser = role, conflicts_with = "local_run", help_heading = "AWS")]
    pub(crate) role_arn: Option<String>,
    #[command(flatten)]
    pub(crate) local_args: LocalArgs,

    /// With --local: program and arguments of the function; anything that speaks the Lambda Runtime API
    #[arg(
        last = true,
        value_name = "COMMAND",
        requires = "local_run",
        conflicts_with_all = ["function", "names", "all"]
    )]
    pub(crate) command: Vec<String>,
}

/// What a function must keep.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Mean duration at the most, in ms
    #[arg(long, value_name = "MS", value_parser = at_most(Metric::Mean))]
    pub(crate) max_mean: Option<Limit>,
    /// Median of the duration at the most, in ms
    #[arg(long, value_name = "MS", value_parser = at_most(Metric::P50))]
    pub(crate) max_p50: Option<Limit>,
    /// 95th percentile of the duration at the most, in ms
    #[arg(long, value_name = "MS", value_parser = at_most(Metric::P95))]
    pub(crate) max_p95: Option<Limit>,
    /// 99th percentile of the duration at the most, in ms
    #[arg(long, value_name = "MS", value_parser = at_most(Metric::P99))]
    pub(crate) max_p99: Option<Limit>,
    /// Cost of a million invocations at the most, in USD (or CNY in China)
    #[arg(long, value_name = "MONEY", value_parser = at_most(Metric::CostPerMillion))]
    pub(crate) max_cost_per_million: Option<Limit>,
    /// Invocations that succeed at the least, in %
    #[arg(long, value_name = "PERCENT", value_parser = at_most(Metric::Success))]
    pub(crate) min_success: Option<Limit>,
    /// Median time to come up, or to restore a snapshot, at the most, in ms
    #[arg(long, value_name = "MS", value_parser = at_most(Metric::Init))]
    pub(crate) max_init: Option<Limit>,
    /// Largest memory use at the most, in % of the memory size
    #[arg(long, value_name = "PERCENT", value_parser = at_most(Metric::MemoryUsed))]
    pub(crate) max_memory_used: Option<Limit>,
    /// Invocations that run into the time-out at the most, in %
    #[arg(long, value_name = "PERCENT", value_parser = at_most(Metric::Timeouts))]
    pub(crate) max_timeouts: Option<Limit>,
    /// Invocations that start cold at the most, in %; known with --from-logs only
    #[arg(long, value_name = "PERCENT", value_parser = at_most(Metric::ColdStarts))]
    pub(crate) max_cold_starts: Option<Limit>,
    /// A list of limits: guide is success >= 95 %, mean <= 2 s, p95 <= 5 s, cold starts <= 20 %. Limits given besides go before
    /// it
    #[arg(long = "limits", value_enum, value_name = "NAME")]
    pub(crate) list: Option<LimitList>,
    /// The same limits in short, what must not be: 'p95>800ms,success<95%,cost>3.5', or against --baseline: 'p95>+20%'
    #[arg(long, value_name = "CONDITION,...", value_delimiter = ',')]
    pub(crate) fail_on: Vec<Condition>,
    /// Those that tuner.toml gives the function; of a figure that is limited by a flag too, the flag's counts.
    #[arg(skip)]
    pub(crate) of_file: Vec<Condition>,
}

/// A list of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimitList {
    /// success >= 95 %, mean <= 2 s, p95 <= 5 s, cold starts <= 20 %
    Guide,
}

impl LimitArgs {
    /// The limits that need no baseline, those of flags before those of a list; of one figure the first counts.
    pub(crate) fn absolute(&self) -> Vec<Limit> {
        let flags = [
            self.min_success,
            self.max_mean,
            self.max_p50,
            self.max_p95,
            self.max_p99,
            self.max_cost_per_million,
            self.max_init,
            self.max_memory_used,
            self.max_timeouts,
            self.max_cold_starts,
        ];
        let typed = self.fail_on.iter().filter_map(|condition| condition.limit(None));
        let mut limits: Vec<Limit> = flags.into_iter().flatten().chain(typed).collect();
        let in_file = self.of_file.iter().filter_map(|condition| condition.limit(None));
        let listed = self.list.iter().flat_map(|LimitList::Guide| Limit::GUIDE);
        let listed: Vec<Limit> = in_file.chain(listed).collect();
        for limit in listed {
            if !limits.iter().any(|given| given.metric == limit.metric) {
                limits.push(limit);
            }
        }
        limits
    }

    /// The conditions that are relative to a baseline.
    pub(crate) fn relative(&self) -> impl Iterator<Item = &Condition> {
        let is_relative = |condition: &&Condition| condition.limit(None).is_none();
        let typed = self.fail_on.iter().filter(is_relative);
        let is_typed = move |metric| {
            self.fail_on
                .iter()
                .filter(is_relative)
                .any(|typed| typed.metric == metric)
        };
        let in_file = self.of_file.iter().filter(is_relative);
        typed.chain(in_file.filter(move |condition| !is_typed(condition.metric)))
    }
}

fn at_most(metric: Metric) -> impl Fn(&str) -> Result<Limit, String> + Clone + Send + Sync + 'static {
    move |text| limit_of(metric, text).map_err(|error| error.to_string())
}

/// [`Undecided`] for the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UndecidedArg {
    /// "Cannot tell": exit code 4
    Fail,
    /// As if it were kept
    Pass,
}

impl From<UndecidedArg> for Undecided {
    fn from(arg: UndecidedArg) -> Self {
        match arg {
            UndecidedArg::Fail => Self::CannotTell,
            UndecidedArg::Pass => Self::Pass,
        }
    }
}

/// What `tuner check` prints at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Sentence and table
    Human,
    /// The Check document
    Json,
    /// A comment for a pull request
    Markdown,
}
