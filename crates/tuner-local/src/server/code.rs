//! What a function runs: a command of this machine, or an uploaded deployment package.

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::ZipArchive;

use super::error::ApiError;

/// Lambda's limit for an unpacked deployment package, in bytes.
pub(super) const UNZIPPED_LIMIT: u64 = 262_144_000;

/// The code of a function. Versions share it, and an unpacked package is removed with the last of them.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) command: Vec<String>,
    pub(super) working_directory: Option<PathBuf>,
    /// What its runtime sets for the process.
    pub(super) runtime_variables: BTreeMap<String, String>,
    /// Base64 of a SHA-256, as in `CodeSha256`.
    pub(super) sha256: String,
    /// In bytes.
    pub(super) size: u64,
    _unpacked: Option<TempDir>,
}

impl Code {
    /// A program of this machine. Its `sha256` changes with the command line and with the file's size and time: reading
    /// a large program just to name it would cost more than it tells.
    pub(super) fn of_command(
        command: Vec<String>,
        working_directory: Option<PathBuf>,
        runtime_variables: BTreeMap<String, String>,
    ) -> Result<Self, ApiError> {
        if command.first().is_none_or(String::is_empty) {
            return Err(ApiError::invalid(
                "The command is empty; give a program that speaks the Runtime API.",
            ));
        }
        let mut hash = Sha256::new();
        for word in &command {
            hash.update(word.as_bytes());
            hash.update([0]);
        }
        let mut size = 0;
        if let Some(file) = command.first().and_then(|program| std::fs::metadata(program).ok()) {
            size = file.len();
            hash.update(size.to_le_bytes());
            if let Some(age) = file.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()) {
                hash.update(age.as_nanos().to_le_bytes());
            }
        }
        Ok(Self {
            command,
            working_directory,
            runtime_variables,
            sha256: STANDARD.encode(hash.finalize()),
            size,
            _unpacked: None,
        })
    }

    /// Unpacks a deployment package whose `bootstrap` is then run in its own folder, as `provided.*` runtimes do.
    pub(super) fn unpack(package: &[u8]) -> Result<Self, ApiError> {
        let unreadable = |cause: &dyn std::fmt::Display| {
            ApiError::invalid(format!(
                "Could not unzip uploaded file. Please check your file, then try to upload again. ({cause})"
            ))
        };
        let mut archive = ZipArchive::new(Cursor::new(package)).map_err(|e| unreadable(&e))?;
        let unpacked_size = (0..archive.len()).try_fold(0_u64, |sum, i| {
            archive
                .by_index_raw(i)
                .map(|file| sum.saturating_add(file.size()))
                .map_err(|e| unreadable(&e))
        })?;
        if unpacked_size >= UNZIPPED_LIMIT {
            return Err(ApiError::invalid(format!(
                "Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes"
            )));
        }
        let no_room = |e: io::Error| {
            ApiError::invalid(format!(
                "Could not store the deployment package in a temporary folder: {e}"
            ))
        };
        let folder = tempfile::Builder::new()
            .prefix("tuner-local-code-")
            .tempdir()
            .map_err(no_room)?;
        // Refuses paths that lead out of the folder.
        archive.extract(folder.path()).map_err(|e| unreadable(&e))?;
        let bootstrap = folder.path().join("bootstrap");
        if !bootstrap.is_file() {
            return Err(ApiError::invalid(
                "The deployment package has no file named bootstrap at its top; the local Lambda runs packages for \
                 provided.al2023 and provided.al2.",
            ));
        }
        make_executable(&bootstrap).map_err(no_room)?;
        Ok(Self {
            command: vec![bootstrap.to_string_lossy().into_owned()],
            working_directory: Some(folder.path().to_owned()),
            runtime_variables: BTreeMap::new(),
            sha256: STANDARD.encode(Sha256::digest(package)),
            size: package.len() as u64,
            _unpacked: Some(folder),
        })
    }
}

/// Packages made on Windows, or by tools that drop modes, have no executable bit.
fn make_executable(file: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = std::fs::metadata(file)?.permissions();
    permissions.set_mode(permissions.mode() | 0o500);
    std::fs::set_permissions(file, permissions)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn package(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).expect("file");
            zip.write_all(content.as_bytes()).expect("content");
        }
        zip.finish().expect("finish").into_inner()
    }

    #[test]
    fn a_package_lives_as_long_as_its_code() {
        let zip = package(&[("bootstrap", "#!/bin/sh\n"), ("lib/data.txt", "x")]);
        let code = Code::unpack(&zip).expect("unpacked");
        let program = PathBuf::from(&code.command[0]);
        assert_eq!(code.size, zip.len() as u64);
        assert!(program.with_file_name("lib").join("data.txt").is_file());
        assert!(std::process::Command::new(&program).status().expect("runs").success());
        drop(code);
        assert!(!program.exists());
    }

    #[test]
    fn bad_packages_are_refused_by_name() {
        for (bytes, says) in [
            (b"not a zip".to_vec(), "Could not unzip"),
            (package(&[("main.py", "")]), "no file named bootstrap"),
            (package(&[("../outside", ""), ("bootstrap", "")]), "Could not unzip"),
        ] {
            let error = Code::unpack(&bytes).expect_err("refused");
            assert!(error.message.contains(says), "{error}");
        }
    }

    #[test]
    fn another_command_is_another_code() {
        let sha = |words: &[&str]| {
            Code::of_command(words.iter().map(|w| (*w).to_owned()).collect(), None, BTreeMap::new())
                .expect("code")
                .sha256
        };
        assert_eq!(sha(&["/bin/sh", "-c"]), sha(&["/bin/sh", "-c"]));
        assert_ne!(sha(&["/bin/sh", "a b"]), sha(&["/bin/sh", "a", "b"]));
        assert!(Code::of_command(vec![], None, BTreeMap::new()).is_err());
    }
}
