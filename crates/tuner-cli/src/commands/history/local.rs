//! Past tunings in a directory: `tuner-out` with a folder for each, one such folder, or the store of a service that keeps
//! it on a file system.

use std::path::{Path, PathBuf};

use tuner_core::PastTuning;
use tuner_engine::steps::DOCUMENT;

use crate::commands::report;
use crate::error::CliError;

/// All tunings in `directory`, in no order. What is none is left out.
pub(super) fn tunings(directory: &Path) -> Result<Vec<PastTuning>, CliError> {
    let entries = std::fs::read_dir(directory)
        .map_err(|e| CliError::usage(format!("cannot read the directory `{}`", directory.display())).cause(e))?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.push(directory.to_owned());
    let documents = folders.iter().filter_map(|folder| document(folder));
    let index = std::fs::read_dir(directory.join("history")).into_iter().flatten();
    let index = index.filter_map(|entry| brief(&entry.ok()?.path()));
    Ok(documents.chain(index).collect())
}

fn document(folder: &Path) -> Option<PastTuning> {
    let file = folder.join(DOCUMENT);
    let text = std::fs::read_to_string(&file).ok()?;
    let tuning = report::parse(&text, &file.display().to_string()).ok()?;
    Some(PastTuning::of(&tuning, &folder.display().to_string()))
}

fn brief(file: &Path) -> Option<PastTuning> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
