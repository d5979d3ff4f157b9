use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::Call;
use super::tuner;

/// A directory of a test's own to run `tuner` in; what is printed goes elsewhere.
pub(crate) struct Place {
    work: TempDir,
    prints: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            work: TempDir::with_prefix("tuner-e2e-").unwrap(),
            prints: TempDir::with_prefix("tuner-e2e-").unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.work.path()
    }

    /// A call of `tuner` with these arguments, started here.
    pub(crate) fn tuner(&self, arguments: &[&str]) -> Call {
        Call::new(tuner(), self.path(), self.prints.path(), arguments)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A shell script that can be started.
    pub(crate) fn script(&self, name: &str, lines: &str) -> String {
        let path = self.write(name, format!("#!/bin/sh\n{lines}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        format!("./{name}")
    }

    /// Names of what lies here, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}
