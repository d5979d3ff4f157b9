//! `tuner run NAME`: what `[function.NAME]` of `tuner.toml` says, where nothing else was typed.

use std::path::{Path, PathBuf};

use tuner_core::MemorySize;

use crate::cli::RunArgs;
use crate::config::{Config, FunctionEntry};
use crate::error::CliError;

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
            let names: Vec<&str> = config.function.keys().map(String::as_str).collect();
            let known = match names.is_empty() {
                true => "no tuner.toml here or above has a [function.NAME]".to_owned(),
                false => format!("there are {}", names.join(", ")),
            };
            Err(CliError::usage(format!("tuner.toml has no function `{name}`: {known}"))
                .hint("for a function in AWS name it with --function, for a folder add --local"))
        }
    }
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
    } else if let Some((program, rest)) = entry.command.split_first() {
        // As a shell in the folder of tuner.toml would: a program without a folder is looked for on the PATH.
        let is_path = Path::new(program).components().count() > 1;
        let program = match is_path {
            true => entry.at(Path::new(program)).display().to_string(),
            false => program.clone(),
        };
        args.command = std::iter::once(program).chain(rest.iter().cloned()).collect();
        if entry.base != PathBuf::new() {
            args.local.working_directory.get_or_insert_with(|| entry.base.clone());
        }
    } else {
        return Err(CliError::usage(format!(
            "[function.{name}] of tuner.toml says nothing that can run on this machine"
        ))
        .hint("give it a `folder` or a `command`, or leave --local out"));
    }
    let typed: Vec<String> = args.local.env.iter().map(|(name, _)| name.clone()).collect();
    let of_entry = entry.env.iter().filter(|(name, _)| !typed.contains(name));
    args.local
        .env
        .extend(of_entry.map(|(name, value)| (name.clone(), value.clone())));
    args.local.timeout = args.local.timeout.or(entry.timeout);
    args.local.arch = args.local.arch.or(entry.arch);
    let present = entry.present_memory.and_then(|mb| MemorySize::new(mb).ok());
    args.local.present_memory = args.local.present_memory.or(present);
    Ok(())
}
