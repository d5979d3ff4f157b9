//! One file for each subcommand.

mod check;
mod compare;
mod generate;
mod history;
mod local_lambda;
mod logs;
#[cfg(feature = "mcp")]
mod mcp;
mod named;
mod out_folder;
mod out_runs;
mod patch;
mod plan;
mod prices;
mod prior;
mod project;
mod report;
mod request;
mod restore;
mod results;
mod review;
mod run;
mod serve;
mod service;
mod several;
mod traffic;
mod trend;
mod unread;

use std::path::Path;

use tuner_core::pricing::PriceTable;

use crate::cli::{Cli, Command, LocalSubcommand};
use crate::error::CliError;
use crate::exit::Exit;

/// Runs what was typed.
pub(crate) fn run(cli: Cli) -> Result<Exit, CliError> {
    match cli.command {
        Command::Run(args) => with_runtime(run::run(*args, cli.global)),
        Command::Plan(args) => with_runtime(plan::plan(*args)),
        Command::Check(args) => with_runtime(check::check(*args, cli.global)),
        Command::Compare(args) => with_runtime(compare::compare(args)),
        Command::Review(args) if args.from_logs.is_empty() => with_runtime(review::of_account(*args, cli.global)),
        Command::Review(args) => review::of_logs(&args),
        Command::Logs(args) => logs::logs(args),
        Command::Report(args) => report::report(&args),
        Command::Patch(args) => patch::patch(&args),
        Command::History(args) => with_runtime(history::history(args)),
        Command::Restore(args) => with_runtime(restore::restore(args, cli.global)),
        Command::Local(local) => match local.command {
            LocalSubcommand::Serve(args) => with_runtime(serve::serve(args)),
            LocalSubcommand::Traffic(args) => with_runtime(traffic::traffic(args)),
        },
        Command::Prices(args) => prices::prices(args),
        #[cfg(feature = "mcp")]
        Command::Mcp(args) => mcp::mcp(args),
        Command::Generate(args) => generate::generate(&args),
    }
}

fn with_runtime(work: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::new(Exit::Unexpected, "cannot start the runtime").cause(e))?
        .block_on(work)
}

/// The table inside, or the user's own.
fn price_table(file: Option<&Path>) -> Result<PriceTable, CliError> {
    let Some(file) = file else {
        return Ok(PriceTable::embedded().clone());
    };
    let text = read_text(file, "price file")?;
    PriceTable::from_json(&text).map_err(|e| {
        CliError::usage(format!("`{}` is no price file", file.display()))
            .cause(e)
            .hint("`tuner prices refresh` writes one from AWS's price list")
    })
}

fn read_text(file: &Path, what: &str) -> Result<String, CliError> {
    std::fs::read_to_string(file)
        .map_err(|e| CliError::usage(format!("cannot read the {what} `{}`", file.display())).cause(e))
}

/// The text of a document that is named, `-` being standard input.
fn read_document(file: &Path) -> Result<String, CliError> {
    if file.as_os_str() != "-" {
        return read_text(file, "document");
    }
    std::io::read_to_string(std::io::stdin())
        .map_err(|e| CliError::usage("cannot read the document from standard input").cause(e))
}

fn write_file(file: &Path, bytes: &[u8]) -> Result<(), CliError> {
    write_file_by(file, |out| out.write_all(bytes))
}

/// The same, piece by piece.
fn write_file_by(
    file: &Path,
    write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), CliError> {
    tuner_engine::replace_file_by(file, write).map_err(|e| {
        // A full disk is nobody's typing mistake.
        let exit = if e.kind() == std::io::ErrorKind::StorageFull {
            Exit::Unexpected
        } else {
            Exit::Usage
        };
        CliError::new(exit, format!("cannot write `{}`", file.display()))
            .cause(e)
            .hint("choose another place with --out, or make room on the disk")
    })
}
