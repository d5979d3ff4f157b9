//! `tuner local serve`.

use std::io::Write;

use super::local_lambda;
use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::examples::Example;
use crate::exit::Exit;
use crate::guarded;

/// Serves until interrupted.
pub(super) async fn serve(args: ServeArgs) -> Result<Exit, CliError> {
    let lambda = local_lambda::start(&args.local, args.port, local_lambda::REGION).await?;
    let mut names = Vec::new();
    for function in &args.functions {
        let example = function
            .strip_prefix("example:")
            .and_then(Example::named)
            .ok_or_else(|| {
                CliError::usage(format!("there is no example `{function}`"))
                    .hint(format!("use {}, or give a program after --", Example::names()))
            })?;
        let command = example.command().map_err(local_lambda::unexpected)?;
        local_lambda::register(&lambda, local_lambda::function(example.name(), command, &args.local))?;
        names.push(format!("{} ({})", example.name(), example.about()));
    }
    if !args.command.is_empty() {
        local_lambda::register(
            &lambda,
            local_lambda::function(&args.name, args.command.clone(), &args.local),
        )?;
        names.push(format!("{} ({})", args.name, args.command.join(" ")));
    }
    let endpoint = lambda.endpoint();
    // The endpoint is the data: a script reads the first line.
    writeln!(guarded::stdout(), "{endpoint}")?;
    let mut err = guarded::stderr();
    let confinement = local_lambda::confinement_words(&lambda.confinement_description());
    writeln!(err, "local Lambda in {}; {confinement}", local_lambda::REGION)?;
    for name in &names {
        writeln!(err, "  {name}")?;
    }
    writeln!(
        err,
        "Any credentials will do. Try:\n  \
         AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws --endpoint-url {endpoint} --region {} lambda list-functions\n\
         Stop with Ctrl-C.",
        local_lambda::REGION
    )?;
    interrupted().await;
    lambda.shutdown().await;
    Ok(Exit::Done)
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hang_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}
