//! What was made once: in the tool's cache, by a hash of what it was made of.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::StartError;

/// Lambda's limit for an unpacked deployment package, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const UNZIPPED_LIMIT: u64 = 262_144_000;

/// A folder in which packages, clients and unpacked code are kept.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in this folder, which is made when something is kept.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder of a kind and of what it is made from. It is there as a whole or not at all: it is made beside and renamed.
    pub(super) fn folder(
        &self,
        kind: &str,
        made_from: &[&str],
        make: impl FnOnce(&Path) -> Result<(), StartError>,
    ) -> Result<PathBuf, StartError> {
        let mut hash = Sha256::new();
        for part in made_from {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        self.by_hash(kind, &hash.finalize(), make)
    }

    fn by_hash(
        &self,
        kind: &str,
        hash: &[u8],
        make: impl FnOnce(&Path) -> Result<(), StartError>,
    ) -> Result<PathBuf, StartError> {
        let name: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let parent = self.folder.join(kind);
        let folder = parent.join(name);
        if folder.is_dir() {
            return Ok(folder);
        }
        std::fs::create_dir_all(&parent).map_err(StartError::file(&parent))?;
        let made = tempfile::Builder::new()
            .prefix("making-")
            .tempdir_in(&parent)
            .map_err(StartError::file(&parent))?;
        make(made.path())?;
        let path = made.keep();
        if let Err(e) = std::fs::rename(&path, &folder) {
            let _ = std::fs::remove_dir_all(&path);
            // Somebody else has made the same meanwhile.
            if !folder.is_dir() {
                return Err(StartError::file(&folder)(e));
            }
        }
        Ok(folder)
    }

    /// A zip file, unpacked with its modes. Paths and links that lead out of it are refused.
    pub(super) fn unpacked(&self, file: &Path) -> Result<PathBuf, StartError> {
        let mut hash = Sha256::new();
        let mut reader = File::open(file).map_err(StartError::file(file))?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer).map_err(StartError::file(file))? {
                0 => break,
                n => hash.update(&buffer[..n]),
            }
        }
        self.by_hash("unpacked", &hash.finalize(), |folder| {
            let refused = |e: &dyn std::fmt::Display| StartError::File {
                path: file.to_owned(),
                source: std::io::Error::other(e.to_string()),
            };
            let reader = File::open(file).map_err(StartError::file(file))?;
            let mut archive = ZipArchive::new(reader).map_err(|e| refused(&e))?;
            let mut size = 0_u64;
            for i in 0..archive.len() {
                let entry = archive.by_index_raw(i).map_err(|e| refused(&e))?;
                size = size.saturating_add(entry.size());
                if entry.is_symlink() {
                    return Err(refused(&"it holds a link, which could lead out of it"));
                }
                if entry.enclosed_name().is_none() {
                    return Err(refused(&"it holds a path that leads out of it"));
                }
            }
            if size >= UNZIPPED_LIMIT {
                return Err(refused(&format_args!(
                    "unpacked it has {size} bytes; Lambda takes less than {UNZIPPED_LIMIT}"
                )));
            }
            archive.extract(folder).map_err(|e| refused(&e))?;
            let bootstrap = folder.join("bootstrap");
            if bootstrap.is_file() {
                use std::os::unix::fs::PermissionsExt;
                // Packages made on Windows, or by tools that drop modes, have no executable bit.
                let mode = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(&bootstrap, mode).map_err(StartError::file(&bootstrap))?;
            }
            Ok(())
        })
    }

    /// Code that is inside a template, as the file it stands for.
    pub(super) fn inline(&self, name: &str, text: &str) -> Result<PathBuf, StartError> {
        let name = Path::new(name).file_name().unwrap_or_default();
        self.folder("inline", &[&name.to_string_lossy(), text], |folder| {
            let file = folder.join(name);
            std::fs::write(&file, text).map_err(StartError::file(&file))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn package(folder: &Path, name: &str, add: impl Fn(&mut ZipWriter<File>)) -> PathBuf {
        let file = folder.join(name);
        let mut zip = ZipWriter::new(File::create(&file).unwrap());
        add(&mut zip);
        zip.finish().unwrap();
        file
    }

    #[test]
    fn what_leads_out_of_a_package_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"));
        let good = package(folder.path(), "good.zip", |zip| {
            zip.start_file("bootstrap", SimpleFileOptions::default()).unwrap();
            zip.write_all(b"#!/bin/sh\n").unwrap();
        });
        let unpacked = cache.unpacked(&good).unwrap();
        assert!(crate::other_sources::is_executable(&unpacked.join("bootstrap")));
        assert_eq!(cache.unpacked(&good).unwrap(), unpacked);
        for (name, add) in [
            (
                "up.zip",
                &(|zip: &mut ZipWriter<File>| zip.start_file("../out", SimpleFileOptions::default()).unwrap())
                    as &dyn Fn(&mut ZipWriter<File>),
            ),
            ("link.zip", &|zip| {
                zip.add_symlink("a", "/etc", SimpleFileOptions::default()).unwrap()
            }),
        ] {
            let file = package(folder.path(), name, add);
            assert!(cache.unpacked(&file).is_err(), "{name}");
        }
        std::fs::write(folder.path().join("none.zip"), "text").unwrap();
        assert!(cache.unpacked(&folder.path().join("none.zip")).is_err());
        assert!(!folder.path().join("out").exists());
    }
}
