//! From what was typed to a request.

use tuner_core::planning::{Budget, Preset};
use tuner_core::{FunctionName, MemorySize};
use tuner_engine::{Apply, TuningRequest};

use crate::cli::RunArgs;
use crate::error::CliError;
use crate::examples::Example;

/// What is to be tuned, and where.
pub(super) enum Subject {
    /// A program on this machine.
    Local {
        /// Name it is given.
        name: String,
        /// Program and arguments.
        command: Vec<String>,
    },
    /// A function in AWS, from here.
    Direct(FunctionName),
    /// A function in AWS, by the service.
    Service(FunctionName),
}

impl Subject {
    pub(super) fn of(args: &RunArgs) -> Result<Self, CliError> {
        let function = args.target.function.as_deref();
        if args.target.local {
            return Self::local(function, &args.command);
        }
        let Some(function) = function else {
            return Err(CliError::usage("no function to tune")
                .hint("name one with --function, or try `tuner run --local --function example:hash`"));
        };
        if function.starts_with("example:") {
            return Err(CliError::usage(format!("`{function}` runs on this machine only")).hint("add --local"));
        }
        let name: FunctionName = function.parse().map_err(CliError::usage)?;
        Ok(match args.target.direct {
            true => Self::Direct(name),
            false => Self::Service(name),
        })
    }

    fn local(function: Option<&str>, command: &[String]) -> Result<Self, CliError> {
        if let [program, ..] = command {
            let stem = std::path::Path::new(program)
                .file_stem()
                .map(|s| s.to_string_lossy())
                .unwrap_or_default();
            let name: String = stem
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' })
                .take(40)
                .collect();
            let name = if name.trim_matches('-').is_empty() {
                "function".to_owned()
            } else {
                name
            };
            return Ok(Self::Local {
                name,
                command: command.to_vec(),
            });
        }
        let Some(function) = function else {
            return Err(CliError::usage("no function to run on this machine").hint(format!(
                "give a program that speaks the Lambda Runtime API after --, or one of {} with --function",
                Example::names()
            )));
        };
        let example = function.strip_prefix("example:").and_then(Example::named);
        let Some(example) = example else {
            return Err(
                CliError::usage(format!("there is no local function `{function}`")).hint(format!(
                    "use one of {}, or give a program after --; for a function in AWS use --direct instead of --local",
                    Example::names()
                )),
            );
        };
        let command = example.command().map_err(|e| {
            CliError::new(crate::exit::Exit::Unexpected, "cannot find this program's own file").cause(e)
        })?;
        Ok(Self::Local {
            name: example.name().to_owned(),
            command,
        })
    }
}

/// The sizes typed.
pub(super) fn memory_sizes(typed: &[String], preset: Preset) -> Result<Vec<MemorySize>, CliError> {
    let numbers = |list: &[u32]| list.iter().filter_map(|&mb| MemorySize::new(mb).ok()).collect();
    match typed {
        [] if preset.is_adaptive() => Ok(Vec::new()),
        [] => Ok(numbers(&TuningRequest::DEFAULT_SIZES)),
        [all] if all.eq_ignore_ascii_case("all") => Ok(numbers(&TuningRequest::ALL_SIZES)),
        sizes => sizes
            .iter()
            .map(|text| text.parse::<MemorySize>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| CliError::usage(e).hint("give sizes as in --memory 128,512,1024, or --memory all")),
    }
}

/// A checked request for `function`.
pub(super) fn build(args: &RunArgs, function: FunctionName) -> Result<TuningRequest, CliError> {
    let apply = match (&args.apply_alias, args.apply) {
        (Some(alias), _) => Apply::Alias {
            name: alias.clone(),
            from_latest: args.from_latest,
        },
        (None, true) => Apply::Latest,
        (None, false) => Apply::No,
    };
    // A limit that any account has room for.
    const MOST_AT_ONCE: u32 = 10;
    let usual = if args.target.local && !args.parallel {
        1
    } else {
        MOST_AT_ONCE
    };
    let max_concurrency = args.max_concurrency.unwrap_or(usual);
    let preset = args.preset();
    if let (Some(_), true) = (args.num, preset.is_adaptive()) {
        return Err(CliError::usage(format!(
            "--num goes with --preset grid only; {preset} chooses by itself"
        ))
        .hint("leave --num out, or limit it with --max-invocations"));
    }
    let concurrency = if args.parallel {
        args.invocations().min(max_concurrency)
    } else {
        1
    };
    TuningRequest {
        preset,
        // A program on this machine has a memory size only if somebody says so.
        has_present_size: !args.target.local || args.local.present_memory.is_some(),
        memory_sizes: memory_sizes(&args.memory, preset)?,
        invocations: args.invocations(),
        objective: args.objective,
        constraints: args.constraints(),
        cold_share: args.cold_share,
        headroom: args.headroom,
        budget: Budget {
            invocations: args.max_invocations,
            cost: args.budget,
            time_ms: args.max_time,
        },
        concurrency,
        max_concurrency,
        pause_ms: args.pause_ms,
        trim_share: args.trim,
        allowed_errors: args.allow_errors.clone(),
        keep_messages: !args.hide_messages,
        monthly_invocations: args.monthly_invocations,
        apply,
        only_cold_starts: args.only_cold_starts,
        dry_run: args.dry_run,
        pre_processor: args.pre_processor.clone(),
        post_processor: args.post_processor.clone(),
        role_arn: args.role_arn.clone(),
        ..TuningRequest::new(function)
    }
    .checked()
    .map_err(CliError::usage)
}
