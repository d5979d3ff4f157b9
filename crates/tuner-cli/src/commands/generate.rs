//! `tuner generate`: made at release time from the definitions themselves.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use super::write_file;
use crate::cli::{Cli, Generate, GenerateArgs};
use crate::error::CliError;
use crate::exit::Exit;

/// Writes what was asked for.
pub(super) fn generate(args: &GenerateArgs) -> Result<Exit, CliError> {
    match &args.what {
        Generate::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "tuner", &mut script);
            std::io::stdout().write_all(&script)?;
        }
        Generate::Man { out: None } => clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?,
        Generate::Man { out: Some(folder) } => {
            make_folder(folder)?;
            let mut command = Cli::command();
            command.build();
            man_pages(&command, "tuner", folder)?;
        }
        Generate::Schemas { out } => {
            let mut schema = serde_json::to_string_pretty(&tuner_report::tuning_schema())?;
            schema.push('\n');
            match out {
                None => std::io::stdout().write_all(schema.as_bytes())?,
                Some(folder) => {
                    make_folder(folder)?;
                    write_file(&folder.join("tuning.schema.json"), schema.as_bytes())?;
                    let review = serde_json::to_string_pretty(&tuner_report::review_schema())? + "\n";
                    write_file(&folder.join("review.schema.json"), review.as_bytes())?;
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn man_pages(command: &clap::Command, name: &str, folder: &Path) -> Result<(), CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().name(name.to_owned())).render(&mut page)?;
    write_file(&folder.join(format!("{name}.1")), &page)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        man_pages(sub, &format!("{name}-{}", sub.get_name()), folder)?;
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), CliError> {
    std::fs::create_dir_all(folder).map_err(|e| {
        CliError::usage(format!("cannot make the directory `{}`", folder.display()))
            .cause(e)
            .hint("choose another place with --out")
    })
}
