//! Past tunings in a directory: `tuner-out` with a folder for each, one such folder, or the store of a service that keeps
//! it on a file system.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tuner_core::PastTuning;
use tuner_engine::steps::DOCUMENT;

use crate::commands::{out_folder, report};
use crate::error::CliError;

/// All tunings in `directory`, in no order. What is there and can't be read is said by `note`.
pub(super) fn tunings(directory: &Path, note: impl Fn(String)) -> Result<Vec<PastTuning>, CliError> {
    std::fs::read_dir(directory)
        .map_err(|e| CliError::usage(format!("cannot read the directory `{}`", directory.display())).cause(e))?;
    let mut folders = out_folder::below(directory);
    folders.push(directory.to_owned());
    let mut found = in_folders(&folders, &note);
    let index = std::fs::read_dir(directory.join("history"))
        .into_iter()
        .flatten()
        .flatten();
    let briefs = index.map(|entry| entry.path()).filter(|file| is_json(file));
    found.extend(briefs.filter_map(|file| read(&file, &note, brief)));
    Ok(found)
}

/// The tunings whose documents are in these folders; a folder without one, or that is gone, has none.
pub(super) fn in_folders(folders: &[PathBuf], note: &impl Fn(String)) -> Vec<PastTuning> {
    let document = |folder: &PathBuf| {
        read(&folder.join(DOCUMENT), note, |text, name| {
            let tuning = report::parse(text, name).map_err(|e| e.in_a_line())?;
            Ok(PastTuning::of(&tuning, &folder.display().to_string()))
        })
    };
    folders.iter().filter_map(document).collect()
}

fn is_json(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "json")
}

fn read(
    file: &Path,
    note: &impl Fn(String),
    parse: impl Fn(&str, &str) -> Result<PastTuning, String>,
) -> Option<PastTuning> {
    let name = file.display().to_string();
    let read = match std::fs::read_to_string(file) {
        Ok(text) => parse(&text, &name),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return None,
        Err(e) => Err(e.to_string()),
    };
    read.map_err(|reason| note(not_listed(&name, &reason))).ok()
}

/// What an index holds of a tuning.
pub(super) fn brief(text: &str, _name: &str) -> Result<PastTuning, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

pub(super) fn not_listed(name: &str, reason: &str) -> String {
    // The reason may begin with the name.
    match reason.starts_with(&format!("`{name}` ")) {
        true => format!("not listed: {reason}"),
        false => format!("not listed: `{name}`: {reason}"),
    }
}
