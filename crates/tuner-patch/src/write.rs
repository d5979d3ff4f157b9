//! Writing: whole files, each put in the place of the old one at once.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::git;

/// Why a patch was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file has changes that are not committed.
    #[error("`{}` has changes that are not committed", .0.display())]
    Uncommitted(PathBuf),
    /// It stands in a repository, and git cannot say whether it has changes.
    #[error("cannot tell whether `{}` has changes that are not committed: {why}", .file.display())]
    NotKnown {
        /// Below the folder.
        file: PathBuf,
        /// What git said.
        why: String,
    },
    /// Somebody else changed it meanwhile.
    #[error("`{}` was changed by another program meanwhile", .0.display())]
    Changed(PathBuf),
    /// The disk or its rights.
    #[error("cannot write `{}`: {why}", .file.display())]
    Io {
        /// Below the folder.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
        /// Files that were written before.
        written: Vec<PathBuf>,
    },
}

/// A file that is to be written.
pub(crate) struct Change {
    pub(crate) path: PathBuf,
    pub(crate) before: String,
    pub(crate) after: String,
}

pub(crate) fn write(root: &Path, changes: &[Change], allow_dirty: bool) -> Result<(), WriteError> {
    for change in changes {
        let path = root.join(&change.path);
        if !allow_dirty {
            match git::state(&path) {
                git::State::Clean => {}
                git::State::Changed => return Err(WriteError::Uncommitted(change.path.clone())),
                git::State::Unknown(why) => {
                    return Err(WriteError::NotKnown {
                        file: change.path.clone(),
                        why,
                    });
                }
            }
        }
        if fs::read(&path).ok().as_deref() != Some(change.before.as_bytes()) {
            return Err(WriteError::Changed(change.path.clone()));
        }
    }
    let mut written = Vec::new();
    for change in changes {
        if let Err(why) = replace(&root.join(&change.path), change.after.as_bytes()) {
            return Err(WriteError::Io {
                file: change.path.clone(),
                why,
                written,
            });
        }
        written.push(change.path.clone());
    }
    Ok(())
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mode = fs::metadata(path)?.permissions();
    let mut file = tempfile::Builder::new().prefix(".tuner-patch-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
