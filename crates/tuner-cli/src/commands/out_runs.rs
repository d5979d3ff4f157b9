//! Where the results of runs with `--out` went, so that `tuner history` finds them: a list in the user's state directory
//! (XDG base directory specification), a folder a line, as JSON.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::config::user_folder;

/// More lines than these are looked through for folders that are gone.
const MANY: usize = 1000;

fn file() -> Option<PathBuf> {
    Some(user_folder("XDG_STATE_HOME", ".local/state")?.join("tuner/out-folders.jsonl"))
}

/// The folders, in the order in which they were first used; some may be gone.
pub(super) fn folders() -> Vec<PathBuf> {
    file().map_or_else(Vec::new, |file| listed(&file))
}

/// Adds `folder`. A list that can't be written is no reason to fail: the results are where they were asked for.
pub(super) fn remember(folder: &Path) {
    let added = file().map(|file| add(&file, folder));
    if let Some(Err(error)) = added {
        tracing::debug!(%error, "`tuner history` will not know of {}", folder.display());
    }
}

fn listed(file: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    // A line of another form is of another version.
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn add(file: &Path, folder: &Path) -> std::io::Result<()> {
    let folder = folder.canonicalize()?;
    let mut folders = listed(file);
    if folders.contains(&folder) {
        return Ok(());
    }
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if folders.len() < MANY {
        // At the end and at once: another run may do the same now.
        let mut list = OpenOptions::new().create(true).append(true).open(file)?;
        return list.write_all(line(&folder)?.as_bytes());
    }
    folders.retain(|folder| folder.exists());
    folders.push(folder);
    let lines: Result<String, _> = folders.iter().map(|folder| line(folder)).collect();
    tuner_engine::replace_file(file, lines?.as_bytes())
}

fn line(folder: &Path) -> std::io::Result<String> {
    Ok(format!("{}\n", serde_json::to_string(folder)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_once_and_forgotten_when_it_is_gone_and_there_are_many() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/tuner/list");
        let [one, other] = ["one", "oth\ner"].map(|name| home.path().canonicalize().unwrap().join(name));
        for folder in [&one, &other, &one] {
            std::fs::create_dir_all(folder).unwrap();
            add(&file, folder).unwrap();
        }
        assert_eq!(listed(&file), [one.clone(), other.clone()]);
        let gone: String = (0..MANY)
            .map(|n| line(Path::new(&format!("/gone/{n}"))).unwrap())
            .collect();
        std::fs::write(&file, format!("{gone}{}no JSON\n", line(&one).unwrap())).unwrap();
        add(&file, &other).unwrap();
        assert_eq!(listed(&file), [one, other]);
        add(&file, &home.path().join("never was")).unwrap_err();
    }
}
