//! `tuner generate`: made at release time from the definitions themselves.

use std::io::Write;
use std::path::Path;

use super::plan::Plan;
use super::write_file;
use crate::cli::{Generate, GenerateArgs};
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;

/// Writes what was asked for.
pub(super) fn generate(args: &GenerateArgs) -> Result<Exit, CliError> {
    match &args.what {
        Generate::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut crate::cli::command(), "tuner", &mut script);
            std::io::stdout().write_all(&script)?;
        }
        Generate::Man { out: None } => clap_mangen::Man::new(crate::cli::command()).render(&mut std::io::stdout())?,
        Generate::Man { out: Some(folder) } => {
            make_folder(folder)?;
            let mut command = crate::cli::command();
            command.build();
            man_pages(&command, "tuner", folder)?;
        }
        Generate::Schemas { out } => schemas(out.as_deref())?,
    }
    Ok(Exit::Done)
}

/// The schemas of all documents and of `tuner.toml`: a file each, or one object that holds them by name.
fn schemas(folder: Option<&Path>) -> Result<(), CliError> {
    let schemas = [
        ("tuning", tuner_report::tuning_schema()),
        ("review", tuner_report::review_schema()),
        ("trend", tuner_report::trend_schema()),
        ("check", tuner_report::check_schema()),
        ("comparison", tuner_report::comparison_schema()),
        ("overview", tuner_report::overview_schema()),
        ("plan", schemars::schema_for!(Plan).to_value()),
        ("config", schemars::schema_for!(Config).to_value()),
        ("power-tuning.input", tuner_engine::execution::input_schema()?),
    ];
    let Some(folder) = folder else {
        let all: serde_json::Map<_, _> = schemas
            .map(|(name, schema)| (name.to_owned(), schema))
            .into_iter()
            .collect();
        let text = format!("{}\n", serde_json::to_string_pretty(&all)?);
        return Ok(std::io::stdout().write_all(text.as_bytes())?);
    };
    make_folder(folder)?;
    for (name, schema) in schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema)?);
        write_file(&folder.join(format!("{name}.schema.json")), text.as_bytes())?;
    }
    Ok(())
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
