//! Whether a file has changes that are not committed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What git says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// As committed, ignored, or in no repository.
    Clean,
    Changed,
    /// It stands in a repository, and git cannot say.
    Unknown(String),
}

pub(crate) fn state(file: &Path) -> State {
    let Some((folder, name)) = file.parent().zip(file.file_name()) else {
        return State::Clean;
    };
    let run = Command::new("git")
        // What a repository's own settings would start is not started.
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.quotepath=false",
            "--literal-pathspecs",
            "--no-optional-locks",
        ])
        .arg("-C")
        .arg(folder)
        .args([
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--",
        ])
        .arg(name)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output();
    match run {
        Ok(output) if output.status.success() && output.stdout.is_empty() => State::Clean,
        Ok(output) if output.status.success() => State::Changed,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            if said.contains("not a git repository") {
                State::Clean
            } else {
                State::Unknown(said.lines().next().unwrap_or("git failed").to_owned())
            }
        }
        Err(_) if repository(folder).is_none() => State::Clean,
        Err(error) => State::Unknown(format!("git cannot be started: {error}")),
    }
}

fn repository(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .find(|above| above.join(".git").exists())
        .map(Path::to_path_buf)
}
