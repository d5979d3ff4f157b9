//! From what was typed to a request.

use tuner_core::FunctionName;
use tuner_core::floor::Known;
use tuner_engine::TuningRequest;
use tuner_report::{Reader, remedy};

use super::{local_lambda, prior, project};
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
            let subject = Self::local(function, &args.command, args.local.handler.as_deref())?;
            // Two entries may have one program, and are two functions all the same.
            return Ok(match (subject, &args.project.entry) {
                (Self::Local { command, .. }, Some(entry)) => Self::Local {
                    name: project::lambda_name(entry),
                    command,
                },
                (subject, _) => subject,
            });
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

    pub(super) fn local(function: Option<&str>, command: &[String], handler: Option<&str>) -> Result<Self, CliError> {
        if !command.is_empty() {
            return Ok(Self::Local {
                name: project::lambda_name(&local_lambda::called(command, handler)),
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

/// A checked request for `function`.
pub(super) fn build(args: &RunArgs, function: FunctionName) -> Result<TuningRequest, CliError> {
    let options = args.options()?;
    // A program on this machine has no production.
    let known = prior::of_files(args, &function)?.or_else(|| args.target.local.then(Known::default));
    TuningRequest {
        options,
        known,
        // A program on this machine has a memory size only if somebody says so.
        has_present_size: !args.target.local || args.local.present_memory.is_some(),
        ..TuningRequest::new(function)
    }
    .checked()
    .map_err(|error| {
        let way = error.remedy().map(|way| remedy(&way, Reader::CommandLine));
        CliError::usage(error).maybe_hint(way)
    })
}
