//! The files of a folder that may say something of Lambda functions: a walk with bounds that leaves out what others wrote.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// Files and folders that are looked at; a project has fewer.
const MOST_ENTRIES: usize = 100_000;
/// Levels of folders.
const MOST_LEVELS: usize = 12;

/// The files of a project, in order.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<PathBuf>,
    /// Folders of builds that are looked at as such: `.aws-sam`, `cdk.out`, `.chalice`.
    pub(crate) builds: BTreeSet<PathBuf>,
    pub(crate) notes: Vec<String>,
}

impl Tree {
    pub(crate) fn walk(root: &Path) -> Self {
        let mut tree = Self {
            root: root.to_owned(),
            ..Self::default()
        };
        let mut builds = BTreeSet::new();
        let walk = WalkDir::new(root)
            .follow_links(false)
            .follow_root_links(true)
            .max_depth(MOST_LEVELS)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || enters(entry, &mut builds));
        for (number, entry) in walk.enumerate() {
            if number >= MOST_ENTRIES {
                tree.notes.push(format!(
                    "only the first {MOST_ENTRIES} files and folders were looked at; give the folder of the function"
                ));
                break;
            }
            match entry {
                // A link to a file is a file; one to a folder is left out.
                Ok(entry) if entry.file_type().is_file() => tree.files.push(entry.into_path()),
                Ok(entry) if entry.file_type().is_symlink() && entry.path().is_file() => {
                    tree.files.push(entry.into_path())
                }
                Ok(_) => {}
                Err(e) => {
                    let place = e.path().map(|p| tree.relative(p)).unwrap_or_default();
                    let cause = e.io_error().map(ToString::to_string).unwrap_or_default();
                    tree.notes.push(format!("cannot look into {place}: {cause}"));
                }
            }
        }
        tree.builds = builds;
        tree
    }

    /// A path as it is shown: relative to the folder that is searched, with `/`; `.` is that folder.
    pub(crate) fn relative(&self, path: &Path) -> String {
        relative(&self.root, path)
    }

    /// Whether a build of this name stands in a folder.
    pub(crate) fn build(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        let build = folder.join(name);
        self.builds.contains(&build).then_some(build)
    }
}

fn enters(entry: &DirEntry, builds: &mut BTreeSet<PathBuf>) -> bool {
    if !entry.file_type().is_dir() {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    if matches!(&*name, ".aws-sam" | "cdk.out" | ".chalice") {
        builds.insert(entry.path().to_owned());
        return false;
    }
    let is_others = name.starts_with('.')
        || matches!(
            &*name,
            "node_modules" | "target" | "__pycache__" | "site-packages" | "bower_components"
        );
    !is_others && !entry.path().join("pyvenv.cfg").exists()
}

pub(crate) fn relative(root: &Path, path: &Path) -> String {
    let path = tidy(path);
    let root = tidy(root);
    let mut ups = 0;
    let mut base = root.as_path();
    loop {
        if let Ok(rest) = path.strip_prefix(base) {
            let mut parts: Vec<String> = vec!["..".to_owned(); ups];
            parts.extend(rest.components().map(|c| c.as_os_str().to_string_lossy().into_owned()));
            return match parts.is_empty() {
                true => ".".to_owned(),
                false => parts.join("/"),
            };
        }
        match base.parent() {
            Some(parent) => base = parent,
            None => return path.to_string_lossy().into_owned(),
        }
        ups += 1;
    }
}

/// A path without `.` and without `x/..`, by its text alone.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            part => tidied.push(part),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_not_entered() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "a.py",
            "node_modules/x/template.yaml",
            "deep/node_modules/y.js",
            "venv/pyvenv.cfg",
            "venv/lib/app.py",
            ".git/config",
            "target/x",
            ".aws-sam/build/template.yaml",
            "svc/b.py",
        ] {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        // A link that leads back in a circle.
        std::os::unix::fs::symlink(folder.path(), folder.path().join("svc/loop")).unwrap();
        let tree = Tree::walk(folder.path());
        let files: Vec<_> = tree.files.iter().map(|f| tree.relative(f)).collect();
        assert_eq!(files, ["a.py", "svc/b.py"]);
        assert!(tree.build(folder.path(), ".aws-sam").is_some());
    }

    #[test]
    fn paths_are_shown_from_the_folder() {
        let root = Path::new("/p/q");
        for (path, shown) in [
            ("/p/q", "."),
            ("/p/q/./a/../b", "b"),
            ("/p/r", "../r"),
            ("/p/q/größe & maß/", "größe & maß"),
        ] {
            assert_eq!(relative(root, Path::new(path)), shown);
        }
    }
}
