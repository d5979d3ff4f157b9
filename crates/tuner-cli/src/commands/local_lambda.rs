//! Starting a local Lambda.

use std::sync::Arc;
use std::time::Duration;

use tuner_aws::AwsLambda;
use tuner_core::{Architecture, MemorySize};
use tuner_local::confinement::ConfinementDescription;
use tuner_local::server::{FunctionSpec, LocalLambda, LocalLambdaOptions};
use tuner_local::{AccessKey, Network};

use crate::cli::{LocalArgs, NetworkArg};
use crate::error::CliError;
use crate::exit::Exit;

/// Region of local functions: where AWS's reference prices hold.
pub(super) const REGION: &str = "us-east-1";

/// Timeout of a function whose project names none, in seconds.
const USUAL_TIMEOUT_S: u32 = 30;

/// Starts one. `of_callers` are the options that say who may call.
pub(super) async fn start(
    args: &LocalArgs,
    region: &str,
    of_callers: LocalLambdaOptions,
) -> Result<LocalLambda, CliError> {
    let given = |name: &str| args.env.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    if args.network == NetworkArg::Lambda
        && let Some((name, _)) = given("HTTP_PROXY").or(given("HTTPS_PROXY"))
    {
        return Err(
            CliError::usage(format!("--network lambda needs the variable {name} for its own proxy"))
                .hint(format!("leave --env {name}=... or --network lambda out")),
        );
    }
    let options = LocalLambdaOptions {
        region: region.to_owned(),
        confinement: args.confinement.into(),
        cpu_period: args.cpu_period.into(),
        network: args.network.into(),
        ..of_callers
    };
    LocalLambda::start(options)
        .await
        .map_err(|e| CliError::usage("cannot start the local Lambda").cause(e))
}

/// Starts one that takes requests of this process alone, and nothing to deploy: other users of the machine reach its port too.
/// With it what speaks to it.
pub(super) async fn start_private(args: &LocalArgs, region: &str) -> Result<(LocalLambda, Arc<AwsLambda>), CliError> {
    let key = AccessKey::random();
    let callers = LocalLambdaOptions {
        access_key: Some(key.clone()),
        deployments: false,
        ..LocalLambdaOptions::default()
    };
    let local = start(args, region, callers).await?;
    let credentials = (key.id(), key.secret().unwrap_or_default());
    let lambda = AwsLambda::local_with_key(&local.endpoint(), region, credentials);
    Ok((local, Arc::new(lambda)))
}

/// A function as the arguments describe it.
pub(super) fn function(name: &str, command: Vec<String>, args: &LocalArgs) -> FunctionSpec {
    FunctionSpec {
        variables: args.env.iter().cloned().collect(),
        timeout: Duration::from_secs(args.timeout.unwrap_or(USUAL_TIMEOUT_S).into()),
        memory_size_mb: args.present_memory.unwrap_or(MemorySize::MIN).mb(),
        architecture: args.arch.unwrap_or_else(host_architecture),
        working_directory: args.working_directory.clone(),
        handler: (args.handler.clone())
            .or_else(|| handler_in(&command))
            .unwrap_or_else(|| "bootstrap".to_owned()),
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
                 `bootstrap`, `python3 -m awslambdaric app.handler` or `node node_modules/aws-lambda-ric/index.mjs app.handler` do",
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
        (false, false) => return "neither CPU nor memory is limited: sizes cannot be distinguished".to_owned(),
    };
    format!("{limited} by {}", confinement.kind)
}

/// How bandwidth is limited, for people.
pub(super) fn network_words(network: Network) -> Option<&'static str> {
    match network {
        Network::Host => None,
        Network::Lambda => Some(
            "bandwidth is limited as Lambda's by a proxy (625 Mbps up to 2,048 MB, from there up to 3,000 Mbps at 10,240 MB), \
             for what uses HTTP_PROXY or HTTPS_PROXY; the rest is not limited",
        ),
    }
}

/// The handler that a runtime client is given as its last argument, as in `python3 -m awslambdaric app.handler`. Some
/// clients read it there, others only in `_HANDLER`.
fn handler_in(command: &[String]) -> Option<String> {
    let [_program, .., last] = command else {
        return None;
    };
    /// Ends of the names of programs, not of functions in them.
    const FILES: [&str; 10] = ["py", "js", "mjs", "cjs", "ts", "rb", "sh", "jar", "dll", "toml"];
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-./:$".contains(c);
    let (module, function) = last.rsplit_once('.')?;
    let is_handler = last.chars().all(is_word)
        && !last.starts_with(['-', '.'])
        && !module.is_empty()
        && function.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !function.contains('/')
        && !FILES.contains(&function)
        && !std::path::Path::new(last).exists();
    is_handler.then(|| last.clone())
}

/// What a program is called: by its handler, else by its file; a runtime's own name says nothing of the function.
pub(super) fn called(command: &[String], handler: Option<&str>) -> String {
    let stem = |word: &String| {
        std::path::Path::new(word)
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
    };
    let handler = handler.map(str::to_owned).or_else(|| handler_in(command));
    let program = command.first().and_then(stem).unwrap_or_default();
    // `bootstrap` is what every such program is called.
    match handler.filter(|handler| handler != "bootstrap") {
        Some(handler) => handler,
        None => match is_interpreter(&program) {
            true => command[1..]
                .iter()
                .filter(|word| !word.starts_with('-'))
                .find_map(stem)
                .unwrap_or(program),
            false => program,
        },
    }
}

fn is_interpreter(program: &str) -> bool {
    let name = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(
        name,
        "python" | "node" | "ruby" | "java" | "dotnet" | "sh" | "bash" | "env" | "npx" | "bun" | "deno"
    )
}

/// What slows down the start of a function without being part of it.
pub(super) fn slow_start(command: &[String]) -> Option<String> {
    let program = std::path::Path::new(command.first()?).file_stem()?.to_str()?;
    matches!(program, "npx" | "npm" | "yarn" | "pnpm").then(|| {
        format!(
            "`{program}` starts before the function does, each time, and counts as its init; start the client's file instead: \
             node node_modules/aws-lambda-ric/index.mjs app.handler"
        )
    })
}

/// An error of a local Lambda that should never come.
pub(super) fn unexpected(error: impl std::fmt::Display) -> CliError {
    CliError::new(Exit::Unexpected, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(command: &str) -> Option<String> {
        handler_in(&command.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_handler_is_what_a_runtime_client_is_given() {
        for command in [
            "python3 -m awslambdaric app.handler",
            "node node_modules/aws-lambda-ric/index.mjs app.handler",
            "npx aws-lambda-ric app.handler",
        ] {
            assert_eq!(handler(command).as_deref(), Some("app.handler"), "{command}");
        }
        assert_eq!(
            handler("node index.mjs src/app.default").as_deref(),
            Some("src/app.default")
        );
    }

    #[test]
    fn other_arguments_are_no_handlers() {
        for command in [
            "./bootstrap",
            "app.handler",
            "./bootstrap --level",
            "./bootstrap --rate=1.5",
            "./bootstrap 1.5",
            "./bootstrap Cargo.toml",
            "./bootstrap ../data",
            "./bootstrap https://example.org/x?y",
        ] {
            assert_eq!(handler(command), None, "{command}");
        }
    }

    #[test]
    fn a_program_is_called_by_its_handler_or_file() {
        for (command, name) in [
            ("python3 -m awslambdaric app.handler", "app.handler"),
            ("/usr/bin/python3.13 main.py", "main"),
            (
                "node node_modules/aws-lambda-ric/index.mjs src/app.handler",
                "src/app.handler",
            ),
            ("./target/release/thumbnails", "thumbnails"),
            ("sh bootstrap.sh", "bootstrap"),
            ("node", "node"),
        ] {
            let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(called(&command, None), name);
        }
        assert_eq!(called(&["x".to_owned()], Some("a.b")), "a.b");
    }

    #[test]
    fn package_runners_are_warned_of() {
        let words = |program: &str| slow_start(&[program.to_owned(), "aws-lambda-ric".to_owned()]);
        assert!(words("/usr/bin/npx").unwrap().contains("index.mjs"));
        assert_eq!(words("node"), None);
    }
}
