//! `tuner run NAME`, `tuner check NAME`: what `[function.NAME]` of `tuner.toml` says, where nothing else was typed.

use std::path::{Path, PathBuf};

use tuner_core::MemorySize;

use super::check::baseline::LAST;
use crate::cli::{CheckArgs, LocalArgs, RunArgs};
use crate::config::{Config, FunctionEntry};
use crate::error::CliError;

/// One of several functions, and its arguments or what is wrong with them.
pub(super) struct Named<A> {
    pub(super) name: String,
    pub(super) args: Result<A, CliError>,
}

/// The arguments with those of the function that is named, if one is.
pub(super) fn resolved(args: RunArgs) -> Result<RunArgs, CliError> {
    let Some(name) = args.project.dir.clone() else {
        return Ok(args);
    };
    let config = Config::load()?;
    let name = name.to_string_lossy();
    match config.function.get(name.as_ref()) {
        Some(entry) => filled(args, &name, entry),
        // The folder of a project.
        None if args.target.local => Ok(args),
        None => {
            Err(unknown(&config, &name).hint("for a function in AWS name it with --function, for a folder add --local"))
        }
    }
}

/// The same for each of several; none where one function is meant, or a folder.
pub(super) fn several_runs(args: &RunArgs) -> Result<Option<Vec<Named<RunArgs>>>, CliError> {
    let dir = args.project.dir.as_ref().map(|dir| dir.to_string_lossy().into_owned());
    let is_all = args.project.all && !args.target.local;
    if !is_all && args.project.more.is_empty() {
        return Ok(None);
    }
    let typed: Vec<String> = dir.into_iter().chain(args.project.more.iter().cloned()).collect();
    let one = RunArgs {
        project: crate::cli::ProjectArgs {
            dir: None,
            more: Vec::new(),
            all: false,
            ..args.project.clone()
        },
        ..args.clone()
    };
    several(typed, is_all, |name, entry| filled(one.clone(), name, entry)).map(Some)
}

/// The arguments of a check with those of the function that is named, if one is.
pub(super) fn resolved_check(mut args: CheckArgs) -> Result<CheckArgs, CliError> {
    match std::mem::take(&mut args.names).as_slice() {
        [name] => {
            let config = Config::load()?;
            match config.function.get(name) {
                Some(entry) => filled_check(args, name, entry),
                None => Err(unknown(&config, name).hint("name a function in AWS with --function")),
            }
        }
        _ => Ok(args),
    }
}

/// The same for each of several; none where one function is meant.
pub(super) fn several_checks(args: &CheckArgs) -> Result<Option<Vec<Named<CheckArgs>>>, CliError> {
    if !args.all && args.names.len() < 2 {
        return Ok(None);
    }
    let one = CheckArgs {
        names: Vec::new(),
        all: false,
        ..args.clone()
    };
    several(args.names.clone(), args.all, |name, entry| {
        filled_check(one.clone(), name, entry)
    })
    .map(Some)
}

/// Those that are typed, each once, or all of the file.
fn several<A>(
    typed: Vec<String>,
    is_all: bool,
    fill: impl Fn(&str, &FunctionEntry) -> Result<A, CliError>,
) -> Result<Vec<Named<A>>, CliError> {
    let config = Config::load()?;
    if is_all && !typed.is_empty() {
        return Err(
            CliError::usage("--all is every function of tuner.toml, and some are named besides")
                .hint("leave --all or the names out; for a folder add --local"),
        );
    }
    if is_all && config.function.is_empty() {
        return Err(CliError::usage("no tuner.toml here or above has a [function.NAME]")
            .hint("write one for each function, or add --local for the functions of this folder"));
    }
    let mut names: Vec<String> = Vec::new();
    for name in if is_all {
        config.function.keys().cloned().collect()
    } else {
        typed
    } {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // A name that is not there is a slip of the pen: nothing is begun.
    if let Some(name) = names.iter().find(|name| !config.function.contains_key(*name)) {
        return Err(unknown(&config, name));
    }
    let named = names.into_iter().filter_map(|name| {
        let args = fill(&name, config.function.get(&name)?);
        Some(Named { name, args })
    });
    Ok(named.collect())
}

fn unknown(config: &Config, name: &str) -> CliError {
    let names: Vec<&str> = config.function.keys().map(String::as_str).collect();
    let known = match names.is_empty() {
        true => "no tuner.toml here or above has a [function.NAME]".to_owned(),
        false => format!("there are {}", names.join(", ")),
    };
    CliError::usage(format!("tuner.toml has no function `{name}`: {known}"))
}

fn filled(mut args: RunArgs, name: &str, entry: &FunctionEntry) -> Result<RunArgs, CliError> {
    if args.target.function.is_some() || args.project.zip.is_some() || !args.command.is_empty() {
        return Err(CliError::usage(format!(
            "`{name}` of tuner.toml is a function, and another one is given"
        ))
        .hint("leave one of them out"));
    }
    let is_in_aws = args.target.direct || args.target.state_machine.is_some() || args.target.no_wait;
    args.target.local |= entry.has_program() && entry.function.is_none() && !is_in_aws;
    args.project.dir = None;
    args.project.entry = Some(name.to_owned());
    if args.target.local {
        locally(&mut args, name, entry)?;
    } else {
        args.target.function = Some(entry.function.clone().unwrap_or_else(|| name.to_owned()));
    }
    args.name.get_or_insert_with(|| name.to_owned());
    if args.payload.is_none() && args.payload_s3.is_none() {
        args.payload = entry.payload_argument();
    }
    if args.memory.is_empty() && args.preset.is_none() {
        args.memory = entry.memory.iter().map(u32::to_string).collect();
    }
    args.preset = args.preset.or(entry.preset);
    if args.objective.is_none() {
        // It was checked when the file was read.
        args.objective = entry.objective.as_deref().and_then(|objective| objective.parse().ok());
    }
    args.max_mean = args.max_mean.or(entry.max_mean);
    args.max_p50 = args.max_p50.or(entry.max_p50);
    args.max_p95 = args.max_p95.or(entry.max_p95);
    args.max_p99 = args.max_p99.or(entry.max_p99);
    args.max_cost_above_cheapest = args.max_cost_above_cheapest.or(entry.max_cost_above_cheapest);
    args.max_cost_per_million = args.max_cost_per_million.or(entry.max_cost_per_million);
    args.monthly_invocations = args.monthly_invocations.or(entry.monthly_invocations);
    args.max_invocations = args.max_invocations.or(entry.max_invocations);
    args.aws.account.region = args.aws.account.region.take().or_else(|| entry.region.clone());
    args.aws.account.profile = args.aws.account.profile.take().or_else(|| entry.profile.clone());
    Ok(args)
}

/// What runs on this machine, and how.
fn locally(args: &mut RunArgs, name: &str, entry: &FunctionEntry) -> Result<(), CliError> {
    if let Some(folder) = &entry.folder {
        args.project.dir = Some(entry.at(folder));
        args.target.function.clone_from(&entry.id);
    } else {
        args.command = command(name, entry, &mut args.local)?;
    }
    of_local(&mut args.local, entry);
    Ok(())
}

fn filled_check(mut args: CheckArgs, name: &str, entry: &FunctionEntry) -> Result<CheckArgs, CliError> {
    if args.function.is_some() || !args.command.is_empty() {
        return Err(CliError::usage(format!(
            "`{name}` of tuner.toml is a function, and another one is given"
        ))
        .hint("leave one of them out"));
    }
    let by_logs = !args.from_logs.is_empty();
    args.local |= entry.has_program() && entry.function.is_none() && !args.direct && !by_logs;
    if !args.local {
        args.function = Some(entry.function.clone().unwrap_or_else(|| name.to_owned()));
    } else if let Some(folder) = &entry.folder {
        args.folder = Some(entry.at(folder));
        args.function.clone_from(&entry.id);
    } else {
        args.command = command(name, entry, &mut args.local_args)?;
    }
    args.name = Some(name.to_owned());
    of_local(&mut args.local_args, entry);
    if args.payload.is_none() && !by_logs {
        args.payload = entry.payload_argument();
    }
    // They were checked when the file was read.
    let limits = entry.read_limits().map_err(CliError::usage)?;
    args.limits.of_file = limits.conditions;
    if limits.guide {
        args.limits.list.get_or_insert(crate::cli::LimitList::Guide);
    }
    if args.baseline.is_none() {
        args.baseline = entry.baseline.as_ref().map(|baseline| match baseline.as_str() {
            LAST => LAST.to_owned(),
            file => entry.at(Path::new(file)).display().to_string(),
        });
    }
    args.max_invocations = args.max_invocations.or(entry.max_invocations);
    args.aws.account.region = args.aws.account.region.take().or_else(|| entry.region.clone());
    args.aws.account.profile = args.aws.account.profile.take().or_else(|| entry.profile.clone());
    Ok(args)
}

/// The program of an entry and its arguments, and where it is started.
fn command(name: &str, entry: &FunctionEntry, local: &mut LocalArgs) -> Result<Vec<String>, CliError> {
    let Some((program, rest)) = entry.command.split_first() else {
        return Err(CliError::usage(format!(
            "[function.{name}] of tuner.toml says nothing that can run on this machine"
        ))
        .hint("give it a `folder` or a `command`, or leave --local out"));
    };
    // As a shell in the folder of tuner.toml would: a program without a folder is looked for on the PATH.
    let is_path = Path::new(program).components().count() > 1;
    let program = match is_path {
        true => entry.at(Path::new(program)).display().to_string(),
        false => program.clone(),
    };
    if entry.base != PathBuf::new() {
        local.working_directory.get_or_insert_with(|| entry.base.clone());
    }
    Ok(std::iter::once(program).chain(rest.iter().cloned()).collect())
}

fn of_local(local: &mut LocalArgs, entry: &FunctionEntry) {
    let typed: Vec<String> = local.env.iter().map(|(name, _)| name.clone()).collect();
    let of_entry = entry.env.iter().filter(|(name, _)| !typed.contains(name));
    local
        .env
        .extend(of_entry.map(|(name, value)| (name.clone(), value.clone())));
    local.timeout = local.timeout.or(entry.timeout);
    local.arch = local.arch.or(entry.arch);
    let present = entry.present_memory.and_then(|mb| MemorySize::new(mb).ok());
    local.present_memory = local.present_memory.or(present);
}
