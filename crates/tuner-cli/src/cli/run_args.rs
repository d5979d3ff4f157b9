use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tuner_core::planning::{Budget, Preset};
use tuner_core::{
    Apply, Architecture, Constraint, FunctionName, MemorySize, Objective, Question, Statistic, TuningOptions,
};
use tuner_engine::execution::S3Object;
use tuner_local::Network;
use tuner_local::confinement::{ConfinementChoice, CpuPeriod};

use super::{AwsArgs, ProjectArgs};
use crate::error::CliError;
use crate::states_arn::{ExecutionArn, StateMachineRef};

/// Arguments of `tuner run` and `tuner plan`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) target: Target,

    /// What the function is called in the report, in folders and in lists; its own name unless given, and for a program on this
    /// machine its handler or file
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// How sizes and numbers of invocations are chosen: frugal, standard or thorough, which measure where it matters, or
    /// grid, which makes --num invocations at every size of --memory. Standard, unless what is given describes a grid: a
    /// list of sizes, --num, --trim, --only-cold-starts or --dry-run
    #[arg(long, value_name = "PRESET", help_heading = "Measuring")]
    pub(crate) preset: Option<Preset>,
    /// Memory sizes in MB, separated by commas: those of the grid, or those that a preset may choose from; `all` is every
    /// size worth trying
    #[arg(
        long,
        alias = "memory-values",
        alias = "power-values",
        value_name = "MB,...",
        value_delimiter = ',',
        help_heading = "Measuring"
    )]
    pub(crate) memory: Vec<String>,
    /// Warm invocations at each size of a grid [default: 10]
    #[arg(long, alias = "num-invocations", value_name = "N", help_heading = "Measuring")]
    pub(crate) num: Option<u32>,
    /// Spend no more than this on invocations, in USD (or CNY in China)
    #[arg(long, value_name = "MONEY", value_parser = above_zero, help_heading = "Measuring")]
    pub(crate) budget: Option<f64>,
    /// Make no more invocations than this, cold starts included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Measuring")]
    pub(crate) max_invocations: Option<u32>,
    /// Measure no longer than this: 90s, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Measuring")]
    pub(crate) max_time: Option<u64>,
    /// What is sent: JSON, a file, - for standard input, or a list [{"payload": ..., "weight": 2}, ...]; or events, each as often
    /// as the others: a folder of .json files or an .ndjson file
    #[arg(long, value_name = "JSON|FILE|DIR|-", help_heading = "Measuring")]
    pub(crate) payload: Option<String>,
    /// An object with the payload, for one that is too large for the input of an execution (256 KB)
    #[arg(
        long,
        value_name = "s3://BUCKET/KEY",
        value_parser = s3_object,
        conflicts_with_all = ["payload", "local_run"],
        help_heading = "Measuring"
    )]
    pub(crate) payload_s3: Option<S3Object>,
    /// Measure cold starts, --num of them at each size, instead of warm invocations
    #[arg(long, help_heading = "Measuring")]
    pub(crate) only_cold_starts: bool,
    /// One invocation at each size, to see that everything works; nothing is decided
    #[arg(long, conflicts_with_all = ["apply", "apply_alias"], help_heading = "Measuring")]
    pub(crate) dry_run: bool,
    /// Make all invocations of a size at the same time (up to --max-concurrency)
    #[arg(long, alias = "parallel-invocation", help_heading = "Measuring")]
    pub(crate) parallel: bool,
    /// Invocations made at the same time over all sizes; 1 with --local, else 10
    #[arg(long, value_name = "N", help_heading = "Measuring")]
    pub(crate) max_concurrency: Option<u32>,
    /// Pause between invocations of a size, in ms
    #[arg(long, default_value_t = 0, value_name = "MS", help_heading = "Measuring")]
    pub(crate) pause_ms: u64,
    /// Error type of the function that counts as a sample, not as a failure; may be given several times
    #[arg(long = "allow-error", value_name = "TYPE", help_heading = "Measuring")]
    pub(crate) allow_errors: Vec<String>,
    /// Keep the function's messages out of records and reports: they may quote payloads
    #[arg(long, alias = "disable-payload-logs", help_heading = "Measuring")]
    pub(crate) hide_messages: bool,
    /// Function that is called with the payload before each invocation; what it answers is sent instead
    #[arg(
        long,
        alias = "pre-processor-arn",
        value_name = "NAME|ARN",
        conflicts_with = "local_run",
        help_heading = "Measuring"
    )]
    pub(crate) pre_processor: Option<FunctionName>,
    /// Function that is called with the answer after each invocation
    #[arg(
        long,
        alias = "post-processor-arn",
        value_name = "NAME|ARN",
        conflicts_with = "local_run",
        help_heading = "Measuring"
    )]
    pub(crate) post_processor: Option<FunctionName>,

    /// Exported logs of the function, which say how much memory and time it needs: no smaller size is tried. Without them the
    /// logs in CloudWatch are looked at, if they may be read
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Deciding")]
    pub(crate) from_logs: Vec<PathBuf>,
    /// Measure, recommend and apply sizes below what logs and earlier tunings show to be needed, too: invocations may run out
    /// of memory or time there
    #[arg(long, help_heading = "Deciding")]
    pub(crate) risk_failures_below_floor: bool,
    /// What is best: cost, speed, balanced or balanced:WEIGHT (0 is speed, 1 is cost) [default: cost]
    #[arg(long, alias = "strategy", value_name = "OBJECTIVE", help_heading = "Deciding")]
    pub(crate) objective: Option<Objective>,
    /// Only sizes whose mean duration is at most this, in ms
    #[arg(long, value_name = "MS", value_parser = above_zero, help_heading = "Deciding")]
    pub(crate) max_mean: Option<f64>,
    /// Only sizes whose median of the duration is at most this, in ms
    #[arg(long, value_name = "MS", value_parser = above_zero, help_heading = "Deciding")]
    pub(crate) max_p50: Option<f64>,
    /// Only sizes whose p95 of the duration is at most this, in ms
    #[arg(long, value_name = "MS", value_parser = above_zero, help_heading = "Deciding")]
    pub(crate) max_p95: Option<f64>,
    /// Only sizes whose p99 of the duration is at most this, in ms
    #[arg(long, value_name = "MS", value_parser = above_zero, help_heading = "Deciding")]
    pub(crate) max_p99: Option<f64>,
    /// Only sizes that cost at most this much more than the cheapest one, in %
    #[arg(long, value_name = "PERCENT", value_parser = above_zero, help_heading = "Deciding")]
    pub(crate) max_cost_above_cheapest: Option<f64>,
    /// Only sizes that cost at most this for a million invocations, in USD (or CNY in China)
    #[arg(long, value_name = "MONEY", value_parser = above_zero, help_heading = "Deciding")]
    pub(crate) max_cost_per_million: Option<f64>,
    /// Share of invocations that start cold in use, 0 to 1: how much of cost and duration is theirs
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", help_heading = "Deciding")]
    pub(crate) cold_share: f64,
    /// How much more memory than was used a size must have, as a share: at least 0.1
    #[arg(long, default_value_t = Question::DEFAULT_HEADROOM, value_name = "SHARE", help_heading = "Deciding")]
    pub(crate) headroom: f64,
    /// Share of durations left out at either end, 0 to 0.4; never applied to cost
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", help_heading = "Deciding")]
    pub(crate) trim: f64,
    /// Invocations a month, for the monthly figures
    #[arg(long, value_name = "N", value_parser = above_zero, help_heading = "Deciding")]
    pub(crate) monthly_invocations: Option<f64>,
    /// A price file instead of the table inside
    #[arg(long, value_name = "FILE", help_heading = "Deciding")]
    pub(crate) prices: Option<PathBuf>,

    /// Give the recommended size to the function
    #[arg(long, conflicts_with_all = ["apply_alias", "local_run"], help_heading = "Afterwards")]
    pub(crate) apply: bool,
    /// Give the recommended size to the function, publish it, and point this alias to it
    #[arg(long, value_name = "NAME", conflicts_with = "local_run", help_heading = "Afterwards")]
    pub(crate) apply_alias: Option<String>,
    /// With --apply-alias: put all of $LATEST behind the alias, though it is other code or has other settings than the version
    /// that the alias points to
    #[arg(long, requires = "apply_alias", help_heading = "Afterwards")]
    pub(crate) from_latest: bool,
    /// Do it without asking
    #[arg(short, long, help_heading = "Afterwards")]
    pub(crate) yes: bool,
    /// Directory for tuning.json, report.svg and report.html; a new one under tuner-out unless given
    #[arg(short, long, value_name = "DIR", help_heading = "Afterwards")]
    pub(crate) out: Option<PathBuf>,
    /// What is printed at the end
    #[arg(long, value_enum, default_value_t = RunFormat::Human, help_heading = "Afterwards")]
    pub(crate) format: RunFormat,

    #[command(flatten)]
    pub(crate) aws: AwsArgs,
    /// Role to assume for everything that touches the function, such as one in its account
    #[arg(long, value_name = "ARN", value_parser = role, conflicts_with = "local_run", help_heading = "AWS")]
    pub(crate) role_arn: Option<String>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) local: LocalArgs,

    /// With --local: program and arguments of the function; anything that speaks the Lambda Runtime API
    #[arg(
        last = true,
        value_name = "COMMAND",
        requires = "local_run",
        conflicts_with_all = ["function", "dir", "more", "list", "all", "zip"]
    )]
    pub(crate) command: Vec<String>,
}

/// Which function, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// The function: name, partial or full ARN, with or without qualifier; with --local one of the folder, or example:NAME
    #[arg(long, alias = "function-name", value_name = "NAME|ARN")]
    pub(crate) function: Option<String>,
    /// Run the function on this machine, without an AWS account
    #[arg(long = "local", id = "local_run", conflicts_with = "direct")]
    pub(crate) local: bool,
    /// Tune the function in AWS from here, without the service
    #[arg(long)]
    pub(crate) direct: bool,
    /// The service's state machine; else TUNER_STATE_MACHINE, `state_machine` in tuner.toml, or the one with its tag
    #[arg(long, value_name = "ARN|NAME", conflicts_with_all = ["local_run", "direct"])]
    pub(crate) state_machine: Option<StateMachineRef>,
    /// Start the tuning, print the ARN of its execution, and leave it to itself
    #[arg(long, conflicts_with_all = ["local_run", "direct"])]
    pub(crate) no_wait: bool,
    /// Follow an execution that was started before, here or elsewhere, and show its result
    #[arg(
        long,
        value_name = "EXECUTION_ARN",
        conflicts_with_all = ["function", "local_run", "direct", "state_machine", "no_wait"]
    )]
    pub(crate) follow: Option<ExecutionArn>,
}

/// How functions run on this machine.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Local functions")]
pub(crate) struct LocalArgs {
    /// Environment variable of the function; NAME alone takes its value from this shell; may be given several times
    #[arg(long = "env", value_name = "NAME[=VALUE]", value_parser = variable)]
    pub(crate) env: Vec<(String, String)>,
    /// Timeout of the function, in seconds (1 to 900) [default: its project's, else 30]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=900))]
    pub(crate) timeout: Option<u32>,
    /// Instruction set whose prices hold; this machine's unless given
    #[arg(long)]
    pub(crate) arch: Option<Architecture>,
    /// Memory size the function has now, in MB, which the recommendation is compared with: 128 for one that is served, none
    /// for one that is tuned with --local unless given
    #[arg(long, value_name = "MB")]
    pub(crate) present_memory: Option<MemorySize>,
    /// Directory the function is started in
    #[arg(long, value_name = "DIR")]
    pub(crate) working_directory: Option<PathBuf>,
    /// Handler, as the function's runtime wants it (_HANDLER); that which COMMAND ends with unless given, else `bootstrap`
    #[arg(long)]
    pub(crate) handler: Option<String>,
    /// Bandwidth: the machine's own, or Lambda's by memory size, for what uses the variables HTTP_PROXY and HTTPS_PROXY
    #[arg(long, value_enum, default_value_t = NetworkArg::Host)]
    pub(crate) network: NetworkArg,
    /// How CPU and memory are limited
    #[arg(long, value_enum, default_value_t = ConfinementArg::Auto)]
    pub(crate) confinement: ConfinementArg,
    /// Period over which CPU time is counted: as Lambda does, or as short as possible for smooth curves
    #[arg(long, value_enum, default_value_t = PeriodArg::Lambda)]
    pub(crate) cpu_period: PeriodArg,
}

/// The sizes typed.
fn memory_sizes(typed: &[String], preset: Preset) -> Result<Vec<MemorySize>, CliError> {
    let numbers = |list: &[u32]| list.iter().filter_map(|&mb| MemorySize::new(mb).ok()).collect();
    match typed {
        [] if preset.is_adaptive() => Ok(Vec::new()),
        [] => Ok(numbers(&TuningOptions::DEFAULT_SIZES)),
        [all] if all.eq_ignore_ascii_case("all") => Ok(numbers(&TuningOptions::ALL_SIZES)),
        sizes => sizes
            .iter()
            .map(|text| text.parse::<MemorySize>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| CliError::usage(e).hint("give sizes as in --memory 128,512,1024, or --memory all")),
    }
}

/// A time in ms.
pub(super) fn time(text: &str) -> Result<u64, String> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let each = match unit {
        "" | "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Err("use a number of seconds, or one with s, m or h, as in 10m".to_owned()),
    };
    match number.trim().parse::<f64>() {
        Ok(n) if n > 0.0 && n * each < 1e12 => Ok((n * each).max(1.0) as u64),
        _ => Err("use a number of seconds above 0, or one with s, m or h, as in 10m".to_owned()),
    }
}

impl RunArgs {
    /// What was typed, as the options of a tuning.
    pub(crate) fn options(&self) -> Result<TuningOptions, CliError> {
        // A limit that any account has room for.
        const MOST_AT_ONCE: u32 = 10;
        let usual = if self.target.local && !self.parallel {
            1
        } else {
            MOST_AT_ONCE
        };
        let max_concurrency = self.max_concurrency.unwrap_or(usual);
        let preset = self.preset();
        if let (Some(_), true) = (self.num, preset.is_adaptive()) {
            return Err(CliError::usage(format!(
                "--num goes with --preset grid only; {preset} chooses by itself"
            ))
            .hint("leave --num out, or limit it with --max-invocations"));
        }
        Ok(TuningOptions {
            name: self.name.clone(),
            preset,
            memory_sizes: memory_sizes(&self.memory, preset)?,
            invocations: self.invocations(),
            objective: self.objective.unwrap_or(Objective::Cost),
            constraints: self.constraints(),
            cold_share: self.cold_share,
            headroom: self.headroom,
            budget: Budget {
                invocations: self.max_invocations,
                cost: self.budget,
                time_ms: self.max_time,
            },
            concurrency: if self.parallel {
                self.invocations().min(max_concurrency)
            } else {
                1
            },
            max_concurrency,
            pause_ms: self.pause_ms,
            trim_share: self.trim,
            allowed_errors: self.allow_errors.clone(),
            keep_messages: !self.hide_messages,
            monthly_invocations: self.monthly_invocations,
            apply: match (&self.apply_alias, self.apply) {
                (Some(alias), _) => Apply::Alias {
                    name: alias.clone(),
                    from_latest: self.from_latest,
                },
                (None, true) => Apply::Latest,
                (None, false) => Apply::No,
            },
            only_cold_starts: self.only_cold_starts,
            dry_run: self.dry_run,
            pre_processor: self.pre_processor.clone(),
            post_processor: self.post_processor.clone(),
            risk_failures_below_floor: self.risk_failures_below_floor,
            role_arn: self.role_arn.clone(),
        })
    }

    /// The preset asked for, or the one that the other arguments mean.
    pub(crate) fn preset(&self) -> Preset {
        let is_list = self.memory.iter().any(|size| !size.eq_ignore_ascii_case("all"));
        let of_grid = is_list || self.num.is_some() || self.trim != 0.0 || self.only_cold_starts || self.dry_run;
        self.preset.unwrap_or(match of_grid {
            true => Preset::Grid,
            false => Preset::Standard,
        })
    }

    /// Warm invocations at each size of a grid.
    pub(crate) fn invocations(&self) -> u32 {
        const USUAL: u32 = 10;
        self.num.unwrap_or(USUAL)
    }

    /// What a size must keep to be chosen.
    pub(crate) fn constraints(&self) -> Vec<Constraint> {
        let duration = |statistic, limit: Option<f64>| limit.map(|max_ms| Constraint::Duration { statistic, max_ms });
        [
            duration(Statistic::Mean, self.max_mean),
            duration(Statistic::P50, self.max_p50),
            duration(Statistic::P95, self.max_p95),
            duration(Statistic::P99, self.max_p99),
            self.max_cost_above_cheapest
                .map(|max_pct| Constraint::CostAboveCheapest { max_pct }),
            self.max_cost_per_million.map(|max| Constraint::CostPerMillion { max }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

pub(super) fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if f64::is_finite(number) && number > 0.0 => Ok(number),
        _ => Err("use a number above 0".to_owned()),
    }
}

fn s3_object(text: &str) -> Result<S3Object, String> {
    text.parse().map_err(|reason| format!("{reason}; use s3://BUCKET/KEY"))
}

pub(super) fn role(text: &str) -> Result<String, String> {
    tuner_core::arn::check_role(text)
        .map(|()| text.to_owned())
        .map_err(|reason| format!("{reason}; use the ARN of a role, such as arn:aws:iam::123456789012:role/tuner"))
}

fn variable(text: &str) -> Result<(String, String), String> {
    let of_shell;
    let text = match text.contains('=') {
        true => text,
        false => match std::env::var(text) {
            Ok(value) => {
                of_shell = format!("{text}={value}");
                &of_shell
            }
            Err(_) => return Err("use NAME=VALUE, or the name of a variable of this shell".to_owned()),
        },
    };
    match text.split_once('=') {
        // As Lambda wants names: [a-zA-Z]([a-zA-Z0-9_])+.
        Some((name, value))
            if name.len() > 1
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
        {
            Ok((name.to_owned(), value.to_owned()))
        }
        Some(_) => Err("a name begins with a letter and has two or more letters, digits and _".to_owned()),
        None => Err("use NAME=VALUE".to_owned()),
    }
}

/// [`ConfinementChoice`] for the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfinementArg {
    /// The best that this machine allows
    Auto,
    /// A delegated cgroup of version 2
    CgroupV2,
    /// Writable cgroups of version 1
    CgroupV1,
    /// Stopping and continuing the process by signals
    DutyCycle,
    /// No limits
    None,
}

impl From<ConfinementArg> for ConfinementChoice {
    fn from(arg: ConfinementArg) -> Self {
        match arg {
            ConfinementArg::Auto => Self::Auto,
            ConfinementArg::CgroupV2 => Self::CgroupV2,
            ConfinementArg::CgroupV1 => Self::CgroupV1,
            ConfinementArg::DutyCycle => Self::DutyCycle,
            ConfinementArg::None => Self::None,
        }
    }
}

/// [`CpuPeriod`] for the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PeriodArg {
    /// 20 ms, as Lambda has
    Lambda,
    /// As short as the kernel allows
    Linear,
}

impl From<PeriodArg> for CpuPeriod {
    fn from(arg: PeriodArg) -> Self {
        match arg {
            PeriodArg::Lambda => Self::Lambda,
            PeriodArg::Linear => Self::Linear,
        }
    }
}

/// [`Network`] for the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NetworkArg {
    /// As fast as this machine's
    Host,
    /// 625 Mbps up to 2,048 MB, from there in proportion up to 3,000 Mbps at 10,240 MB
    Lambda,
}

impl From<NetworkArg> for Network {
    fn from(arg: NetworkArg) -> Self {
        match arg {
            NetworkArg::Host => Self::Host,
            NetworkArg::Lambda => Self::Lambda,
        }
    }
}

/// What `tuner run` prints at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// Sentence and table
    Human,
    /// The Tuning document
    Json,
    /// A comment for a pull request
    Markdown,
    /// One row per size
    Csv,
}
