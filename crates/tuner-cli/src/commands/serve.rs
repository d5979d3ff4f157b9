//! `tuner local serve`.

use std::io::Write;

use tuner_local::LocalLambdaOptions;

use super::local_lambda;
use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::examples::{Example, Source};
use crate::exit::Exit;
use crate::guarded;

/// Serves until interrupted.
pub(super) async fn serve(args: ServeArgs) -> Result<Exit, CliError> {
    let callers = LocalLambdaOptions {
        port: args.port,
        access_key: args.access_key.clone(),
        allowed_hosts: args.allowed_hosts.clone(),
        ..LocalLambdaOptions::default()
    };
    let lambda = local_lambda::start(&args.local, local_lambda::REGION, callers).await?;
    let mut names = Vec::new();
    let mut sources = Vec::new();
    for function in &args.functions {
        let example = function
            .strip_prefix("example:")
            .and_then(Example::named)
            .ok_or_else(|| {
                CliError::usage(format!("there is no example `{function}`"))
                    .hint(format!("use {}, or give a program after --", Example::names()))
            })?;
        let command = example.command().map_err(local_lambda::unexpected)?;
        let mut spec = local_lambda::function(example.name(), command, &args.local);
        sources.extend(Source::of(&mut spec).await?);
        local_lambda::register(&lambda, spec)?;
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
    if let Some(words) = local_lambda::network_words(args.local.network.into()) {
        writeln!(err, "{words}")?;
    }
    for name in &names {
        writeln!(err, "  {name}")?;
    }
    writeln!(err, "{}", trust(&args))?;
    let (id, secret) = match &args.access_key {
        Some(key) => (key.id(), "..."),
        None => ("local", "local"),
    };
    writeln!(
        err,
        "Try:\n  \
         AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={secret} aws --endpoint-url {endpoint} --region {} lambda list-functions\n\
         Stop with Ctrl-C.",
        local_lambda::REGION
    )?;
    interrupted().await;
    lambda.shutdown().await;
    Ok(Exit::Done)
}

/// Whose requests are taken, and what they may do.
fn trust(args: &ServeArgs) -> String {
    let what = "may deploy programs here and run them as you";
    let who = match &args.access_key {
        None => format!(
            "Any credentials will do: every program on this machine, also of other users, {what}; --access-key shuts them out."
        ),
        Some(key) if key.secret().is_some() => {
            format!("Whoever signs with the access key {what}; nobody else is answered.")
        }
        Some(_) => format!("Whoever knows the access key ID {what}; nobody else is answered."),
    };
    let names = match args.allowed_hosts.is_empty() {
        true => String::new(),
        false => format!(" It may be called by {} as well.", args.allowed_hosts.join(", ")),
    };
    format!("It listens on loopback only, and refuses web pages and foreign host names.{names} {who}")
}

pub(super) async fn interrupted() {
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
