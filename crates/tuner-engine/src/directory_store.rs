use std::path::PathBuf;

use async_trait::async_trait;
use uuid::Uuid;

use crate::ports::{Store, StoreError};
use crate::replace_file::{PART, replace_file};

/// A store that is a directory. Keys are relative paths with `/`.
#[derive(Debug, Clone)]
pub struct DirectoryStore {
    root: PathBuf,
}

impl DirectoryStore {
    /// A store in `root`, which is created at once so that a bad path fails before anything is measured.
    ///
    /// # Errors
    /// When the directory can't be created or written to.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let error = |e: std::io::Error| StoreError {
            action: "write",
            location: root.display().to_string(),
            reason: e.to_string(),
        };
        std::fs::create_dir_all(&root).map_err(error)?;
        // By a name of its own: others may be doing the same in the same directory.
        let probe = root.join(format!(".tuner-probe-{}", Uuid::new_v4()));
        std::fs::write(&probe, b"")
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(error)?;
        Ok(Self { root })
    }

    /// The store in a directory inside this one, which is made when something is put there.
    #[must_use]
    pub fn within(&self, name: &str) -> Self {
        Self {
            root: self.root.join(name),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }
}

fn failed(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let location = path.display().to_string();
    move |e| StoreError {
        action,
        location,
        reason: e.to_string(),
    }
}

#[async_trait]
impl Store for DirectoryStore {
    async fn put(&self, key: &str, bytes: &[u8]) -> Result<String, StoreError> {
        let path = self.path(key);
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent)
                .await
                .map_err(failed("write", parent))?;
        }
        let (file, bytes) = (path.clone(), bytes.to_vec());
        tokio::task::spawn_blocking(move || replace_file(&file, &bytes))
            .await
            .unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)))
            .map_err(failed("write", &path))?;
        Ok(path.display().to_string())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(key);
        match tokio::fs::read(&path).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("read", &path)(e)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        // As a bucket does: keys further down are below the prefix too.
        let (folder, _) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let mut folders = vec![folder.to_owned()];
        let mut keys = Vec::new();
        while let Some(folder) = folders.pop() {
            let path = self.path(&folder);
            let mut entries = match tokio::fs::read_dir(&path).await {
                Ok(entries) => entries,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => return Err(failed("list", &path)(e)),
            };
            while let Some(entry) = entries.next_entry().await.map_err(failed("list", &path))? {
                let name = entry.file_name().to_string_lossy().into_owned();
                let key = if folder.is_empty() {
                    name
                } else {
                    format!("{folder}/{name}")
                };
                let may_be_below = key.starts_with(prefix) || prefix.starts_with(&format!("{key}/"));
                if entry.file_type().await.map_err(failed("list", &path))?.is_dir() {
                    folders.extend(may_be_below.then_some(key));
                } else if key.starts_with(prefix) && !key.ends_with(PART) {
                    keys.push(key);
                }
            }
        }
        keys.sort();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key);
        match tokio::fs::remove_file(&path).await {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed("delete", &path)(e)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeps_reads_and_lists() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::create(folder.path().join("a/b")).unwrap();
        store.put("records/2", b"two").await.unwrap();
        store.put("records/1", b"one").await.unwrap();
        assert_eq!(
            store.get("records/1").await.unwrap().as_deref(),
            Some(b"one".as_slice())
        );
        assert_eq!(store.get("records/9").await.unwrap(), None);
        assert_eq!(store.list("records/").await.unwrap(), ["records/1", "records/2"]);
        assert!(store.list("none/").await.unwrap().is_empty());
        store.put("pending/00128/a.json", b"a").await.unwrap();
        store.put("pending/00256/b.json", b"b").await.unwrap();
        let pending = ["pending/00128/a.json", "pending/00256/b.json"];
        assert_eq!(store.list("pending/").await.unwrap(), pending);
        assert_eq!(store.list("pending/00256/").await.unwrap(), pending[1..]);
        assert_eq!(store.list("pen").await.unwrap(), pending);
    }

    #[test]
    fn several_processes_may_open_the_same_directory_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| (0..200).for_each(|_| drop(DirectoryStore::create(folder.path()).unwrap())));
            }
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_path_that_cannot_be_is_named_at_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DirectoryStore::create(file.path().join("x")).unwrap_err();
        assert!(
            error.to_string().contains(&file.path().display().to_string()),
            "{error}"
        );
    }
}
