//! Starting a local Lambda.

use std::time::Duration;

use tuner_core::Architecture;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_local::confinement::ConfinementDescription;
use tuner_local::server::{FunctionSpec, LocalLambda, LocalLambdaOptions};

use crate::cli::LocalArgs;
use crate::error::CliError;
use crate::exit::Exit;

/// Region of local functions: where AWS's reference prices hold.
pub(super) const REGION: &str = "us-east-1";

/// Starts one. `of_callers` are the options that say who may call.
pub(super) async fn start(
    args: &LocalArgs,
    region: &str,
    of_callers: LocalLambdaOptions,
) -> Result<LocalLambda, CliError> {
    let options = LocalLambdaOptions {
        region: region.to_owned(),
        confinement: args.confinement.into(),
        cpu_period: args.cpu_period.into(),
        ..of_callers
    };
    LocalLambda::start(options)
        .await
        .map_err(|e| CliError::usage("cannot start the local Lambda").cause(e))
}

/// A function as the arguments describe it.
pub(super) fn function(name: &str, command: Vec<String>, args: &LocalArgs) -> FunctionSpec {
    FunctionSpec {
        variables: args.env.iter().cloned().collect(),
        timeout: Duration::from_secs(args.timeout.into()),
        memory_size_mb: args.present_memory.mb(),
        architecture: args.arch.unwrap_or_else(host_architecture),
        working_directory: args.working_directory.clone(),
        handler: args.handler.clone(),
        ..FunctionSpec::new(name, command)
    }
}

/// Registers a function, having looked that its program is there.
pub(super) fn register(lambda: &LocalLambda, spec: FunctionSpec) -> Result<(), CliError> {
    let program = spec.command.first().cloned().unwrap_or_default();
    find_program(&program, spec.working_directory.as_deref())?;
    lambda
        .create_function(spec)
        .map(drop)
        .map_err(|e| CliError::usage("cannot make the local function").cause(e))
}

/// Looks whether the program comes up, so that one that is no function is said at once and not at every memory size.
pub(super) async fn rehearse(lambda: &LocalLambda, spec: &FunctionSpec, memory_size_mb: u32) -> Result<(), CliError> {
    lambda.rehearse(spec, memory_size_mb).await.map(drop).map_err(|problem| {
        if problem.speaks_no_runtime_api() {
            CliError::usage(problem).hint(
                "COMMAND is started as a Lambda function: it must ask http://$AWS_LAMBDA_RUNTIME_API for events, as a Rust \
                 `bootstrap`, `python3 -m awslambdaric app.handler` or `npx aws-lambda-ric app.handler` do",
            )
        } else {
            CliError::new(Exit::FunctionFailed, problem).hint("mend the function's start; give it variables with --env")
        }
    })
}

fn find_program(program: &str, directory: Option<&std::path::Path>) -> Result<(), CliError> {
    if let Some(directory) = directory
        && !directory.is_dir()
    {
        return Err(
            CliError::usage(format!("there is no directory `{}`", directory.display()))
                .hint("check --working-directory"),
        );
    }
    let runs = |path: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt;
        path.metadata()
            .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    let path = std::path::Path::new(program);
    let found = if program.contains('/') {
        runs(&directory.map_or_else(|| path.to_owned(), |d| d.join(path)))
    } else {
        std::env::var_os("PATH").is_some_and(|paths| std::env::split_paths(&paths).any(|d| runs(&d.join(program))))
    };
    if found {
        return Ok(());
    }
    Err(
        CliError::usage(format!("there is no program `{program}` that can be started"))
            .hint("give the path of a program that may be executed (chmod +x), or its name if it is on PATH"),
    )
}

/// The instruction set of this machine.
fn host_architecture() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

/// How processes are limited, for people.
pub(super) fn confinement_words(confinement: &ConfinementDescription) -> String {
    let limited = match (confinement.cpu_limited, confinement.memory_limited) {
        (true, true) => "CPU and memory are limited",
        (true, false) => "CPU is limited, memory is not",
        (false, true) => "memory is limited, CPU is not",
        (false, false) => return "neither CPU nor memory is limited: sizes can't be told apart".to_owned(),
    };
    format!("{limited} by {}", confinement.kind)
}

/// How processes are limited, for the document.
pub(super) fn environment(confinement: &ConfinementDescription) -> MeasuringEnvironment {
    MeasuringEnvironment::Local {
        host_cpus: confinement.host_cpus,
        confinement: confinement.kind.to_string(),
        cpu_limited: confinement.cpu_limited,
        memory_limited: confinement.memory_limited,
        largest_distinct_memory_mb: confinement.largest_distinct_memory_mb,
    }
}

/// An error of a local Lambda that should never come.
pub(super) fn unexpected(error: impl std::fmt::Display) -> CliError {
    CliError::new(Exit::Unexpected, error)
}
