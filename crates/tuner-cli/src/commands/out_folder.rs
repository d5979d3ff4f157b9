use std::path::{Path, PathBuf};

use tuner_engine::{DirectoryStore, TuningRequest};

use super::out_runs;
use super::project::lambda_name;
use crate::error::CliError;

/// Where results go that are not sent elsewhere.
pub(super) const OUT: &str = "tuner-out";

/// The document of a command that measured several functions.
pub(super) const INDEX: &str = "index.json";

/// The directory of a tuning's results. It is made at once, so that a bad path fails before anything is measured.
pub(super) struct OutFolder {
    pub(super) path: PathBuf,
    pub(super) store: DirectoryStore,
    is_new: bool,
    is_given: bool,
}

impl OutFolder {
    /// The one that was asked for, or a new one of this name.
    pub(super) fn create(given: Option<&Path>, name: &str) -> Result<Self, CliError> {
        let path = given.map_or_else(|| fresh(name), Path::to_owned);
        let is_new = !path.exists();
        let store = DirectoryStore::create(&path).map_err(|e| {
            CliError::usage(format!("cannot write to `{}`", path.display()))
                .cause(e.reason)
                .hint("choose another place with --out")
        })?;
        Ok(Self {
            path,
            store,
            is_new,
            is_given: given.is_some(),
        })
    }

    /// Lets `tuner history` know of results that are not where it looks by itself.
    pub(super) fn remember(&self) {
        if self.is_given {
            out_runs::remember(&self.path);
        }
    }

    /// Leaves no empty directory behind. One that holds anything stays: records that were paid for.
    pub(super) fn discard_if_empty(&self) {
        if self.is_new {
            let _ = std::fs::remove_dir(&self.path);
            if !self.is_given {
                let _ = std::fs::remove_dir(OUT);
            }
        }
    }
}

/// What a folder of a tuning is called: by the function, or by the name that was asked for as far as a folder can be called so.
pub(super) fn named(request: &TuningRequest) -> String {
    stamped(&match &request.options.name {
        Some(name) => lambda_name(name),
        None => request.function.name().to_owned(),
    })
}

/// `WHAT-20261121-093000`.
pub(super) fn stamped(what: &str) -> String {
    format!("{what}-{}", jiff::Zoned::now().strftime("%Y%m%d-%H%M%S"))
}

/// The folders of results below `directory`; those of a command that measured several functions are one level deeper.
pub(super) fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let mut all = entries(directory);
    let several: Vec<PathBuf> = all
        .iter()
        .filter(|folder| folder.join(INDEX).is_file())
        .cloned()
        .collect();
    all.extend(several.iter().flat_map(|folder| entries(folder)));
    all
}

fn fresh(name: &str) -> PathBuf {
    let base = Path::new(OUT).join(name);
    let others = (2..).map(|n| base.with_file_name(format!("{name}-{n}")));
    std::iter::once(base.clone())
        .chain(others)
        .find(|folder| !folder.exists())
        .unwrap_or(base)
}
