//! The folder: which files are sources, and what stands in them.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::data::{self, Broken, Node};
use crate::span::{FileId, Span};

/// No source is larger; what is, is named and left out.
const LARGEST: u64 = 32 << 20;

/// Folders deeper than this are left out.
const DEEPEST: usize = 64;

/// Folders that tools write, never people.
const NEVER: [&str; 30] = [
    ".git",
    ".terraform",
    ".terragrunt-cache",
    ".terragrunt-stack",
    ".aws-sam",
    ".serverless",
    ".sst",
    ".amplify",
    ".pulumi",
    ".webpack",
    ".esbuild",
    ".build",
    ".gradle",
    ".venv",
    "venv",
    "site-packages",
    ".tox",
    ".mypy_cache",
    ".pytest_cache",
    "__pycache__",
    ".hg",
    ".svn",
    "node_modules",
    "bower_components",
    "vendor",
    "target",
    "dist",
    "__snapshots__",
    "#current-cloud-backend",
    ".next",
];

/// How the names of sources end.
const SOURCES: [&str; 23] = [
    ".tf",
    ".tofu",
    ".tf.json",
    ".tofu.json",
    ".tfvars",
    ".tfvars.json",
    ".hcl",
    ".yaml",
    ".yml",
    ".json",
    ".jsonc",
    ".toml",
    ".template",
    ".arc",
    ".sh",
    ".bash",
    ".ts",
    ".mts",
    ".js",
    ".mjs",
    ".cjs",
    ".py",
    ".java",
];

/// A source that is not read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Below the folder.
    pub file: PathBuf,
    /// The line where it stops making sense, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub why: String,
}

struct File {
    path: PathBuf,
    text: OnceCell<Option<Text>>,
    data: OnceCell<Option<Vec<Rc<Node>>>>,
}

/// A file's text without its byte order mark.
struct Text {
    text: String,
    mark: bool,
}

/// All sources below a folder, read when they are asked for.
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<File>,
    by_path: BTreeMap<PathBuf, FileId>,
    unread: RefCell<BTreeMap<PathBuf, Unread>>,
    /// Sources that only an ignore file leaves out.
    pub(crate) ignored: usize,
}

impl Tree {
    /// Lists the sources below `root`.
    pub(crate) fn open(root: &Path) -> std::io::Result<Self> {
        let root = root.canonicalize()?;
        let mut walk = Walk {
            root: root.clone(),
            files: BTreeSet::new(),
            links: Vec::new(),
            ignored: 0,
            unread: BTreeMap::new(),
        };
        let above = ignores_above(&root);
        fs::read_dir(&root)?;
        walk.folder(&root, &above, 0);
        let mut by_path = BTreeMap::new();
        let mut files = Vec::with_capacity(walk.files.len());
        for path in walk.files {
            by_path.insert(path.clone(), files.len());
            files.push(File {
                path,
                text: OnceCell::new(),
                data: OnceCell::new(),
            });
        }
        for (link, target) in walk.links {
            if let Some(file) = by_path.get(&target).copied() {
                by_path.insert(link, file);
            }
        }
        Ok(Self {
            root,
            files,
            by_path,
            unread: RefCell::new(walk.unread),
            ignored: walk.ignored,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The same tree with other texts in some files.
    pub(crate) fn with(&self, texts: &HashMap<FileId, String>) -> Self {
        let files = self.files.iter().enumerate().map(|(id, file)| match texts.get(&id) {
            Some(text) => File {
                path: file.path.clone(),
                text: OnceCell::from(Some(Text {
                    text: text.clone(),
                    mark: false,
                })),
                data: OnceCell::new(),
            },
            None => File {
                path: file.path.clone(),
                text: file.text.get().map_or_else(OnceCell::new, |text| {
                    OnceCell::from(text.as_ref().map(|text| Text {
                        text: text.text.clone(),
                        mark: text.mark,
                    }))
                }),
                data: file.data.clone(),
            },
        });
        Self {
            root: self.root.clone(),
            files: files.collect(),
            by_path: self.by_path.clone(),
            unread: RefCell::new(self.unread.borrow().clone()),
            ignored: self.ignored,
        }
    }

    /// Every source once, by its own path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (FileId, &Path)> {
        self.files
            .iter()
            .enumerate()
            .map(|(id, file)| (id, file.path.as_path()))
    }

    /// Every path, links to sources among them.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&Path, FileId)> {
        self.by_path.iter().map(|(path, id)| (path.as_path(), *id))
    }

    pub(crate) fn path(&self, file: FileId) -> &Path {
        &self.files[file].path
    }

    pub(crate) fn name(&self, file: FileId) -> &str {
        file_name(self.path(file))
    }

    pub(crate) fn folder(&self, file: FileId) -> &Path {
        self.path(file).parent().unwrap_or(Path::new(""))
    }

    pub(crate) fn find(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// A file named from another one's folder; none where it leads out of the tree.
    pub(crate) fn beside(&self, folder: &Path, relative: &str) -> Option<FileId> {
        let path = self.resolve(folder, relative)?;
        self.find(&path)
    }

    /// A path named from a folder, below the root; links to folders are followed.
    pub(crate) fn resolve(&self, folder: &Path, relative: &str) -> Option<PathBuf> {
        let mut path = folder.to_path_buf();
        for part in Path::new(relative).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    if !path.pop() {
                        return None;
                    }
                }
                Component::Normal(name) => path.push(name),
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        let known = self
            .by_path
            .range(path.clone()..)
            .next()
            .is_some_and(|(file, _)| file.starts_with(&path));
        if known {
            return Some(path);
        }
        let real = self.root.join(&path).canonicalize().ok()?;
        real.strip_prefix(&self.root).map(Path::to_path_buf).ok()
    }

    /// The text without a byte order mark; none where it cannot be read, which is then noted.
    pub(crate) fn text(&self, file: FileId) -> Option<&str> {
        let entry = &self.files[file];
        let text = entry.text.get_or_init(|| match read(&self.root.join(&entry.path)) {
            Ok(text) => Some(text),
            Err(why) => {
                self.note(file, None, &why);
                None
            }
        });
        text.as_ref().map(|text| text.text.as_str())
    }

    /// The bytes before the text.
    pub(crate) fn mark(&self, file: FileId) -> &'static str {
        match self.files[file].text.get() {
            Some(Some(text)) if text.mark => "\u{feff}",
            _ => "",
        }
    }

    /// The file as data; none where it is no data, which is then noted.
    pub(crate) fn data(&self, file: FileId) -> Option<&[Rc<Node>]> {
        let data = self.files[file].data.get_or_init(|| {
            let text = self.text(file)?;
            match data::parse(self.name(file), text, file) {
                Ok(documents) => Some(documents),
                Err(Broken { at, why }) => {
                    self.note(file, Some(self.line_of(file, at)), &why);
                    None
                }
            }
        });
        data.as_deref()
    }

    pub(crate) fn note(&self, file: FileId, line: Option<usize>, why: &str) {
        let path = self.path(file).to_path_buf();
        self.unread.borrow_mut().entry(path.clone()).or_insert(Unread {
            file: path,
            line,
            why: why.to_owned(),
        });
    }

    pub(crate) fn unread(&self) -> Vec<Unread> {
        self.unread.borrow().values().cloned().collect()
    }

    pub(crate) fn line_of(&self, file: FileId, at: usize) -> usize {
        let text = self.text(file).unwrap_or_default();
        let at = at.min(text.len());
        memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() + 1
    }

    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text(span.file)
            .and_then(|text| text.get(span.range()))
            .unwrap_or_default()
    }
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn read(path: &Path) -> Result<Text, String> {
    let length = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if length > LARGEST {
        return Err(format!("it is larger than {} MB", LARGEST >> 20));
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    let text = String::from_utf8(bytes).map_err(|e| format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => Text {
            text: rest.to_owned(),
            mark: true,
        },
        None => Text { text, mark: false },
    })
}

struct Walk {
    root: PathBuf,
    files: BTreeSet<PathBuf>,
    links: Vec<(PathBuf, PathBuf)>,
    ignored: usize,
    unread: BTreeMap<PathBuf, Unread>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, above: &[Rc<Gitignore>], depth: usize) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) if depth < DEEPEST => entries,
            Ok(_) => return self.skip(folder, "folders are nested too deeply"),
            Err(error) => return self.skip(folder, &error.to_string()),
        };
        let mut ignores = above.to_vec();
        let own = folder.join(".gitignore");
        if own.is_file() {
            // A pattern that makes no sense is left out, as git does.
            ignores.push(Rc::new(Gitignore::new(own).0));
        }
        let mut folders = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            let (Ok(kind), Some(name)) = (entry.file_type(), path.file_name().and_then(|name| name.to_str())) else {
                continue;
            };
            if kind.is_dir() {
                let never = NEVER.contains(&name) || name.starts_with("cdk.out") || name.ends_with(".snapshot");
                if !never && !is_ignored(&ignores, &path, true) {
                    folders.push(path);
                }
            } else if is_source(name) {
                self.source(&path, kind.is_symlink(), &ignores);
            }
        }
        folders.sort();
        for path in folders {
            self.folder(&path, &ignores, depth + 1);
        }
    }

    fn source(&mut self, path: &Path, is_link: bool, ignores: &[Rc<Gitignore>]) {
        let Ok(below) = path.strip_prefix(&self.root).map(Path::to_path_buf) else {
            return;
        };
        if is_ignored(ignores, path, false) && !is_value_file(file_name(path)) {
            self.ignored += 1;
        } else if is_link {
            let real = path.canonicalize().ok();
            let target = real.as_deref().and_then(|real| real.strip_prefix(&self.root).ok());
            if let Some(target) = target {
                self.links.push((below, target.to_path_buf()));
            }
        } else {
            self.files.insert(below);
        }
    }

    fn skip(&mut self, folder: &Path, why: &str) {
        let file = folder.strip_prefix(&self.root).unwrap_or(folder).to_path_buf();
        self.unread.insert(
            file.clone(),
            Unread {
                file,
                line: None,
                why: why.to_owned(),
            },
        );
    }
}

fn is_source(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let generated = lower.starts_with("terraform.tfstate")
        || lower == "plan.json"
        || lower == ".terraform.lock.hcl"
        || lower.contains("packaged")
        || lower.ends_with(".d.ts")
        || lower.ends_with(".min.js")
        || matches!(
            lower.as_str(),
            "package-lock.json" | "pnpm-lock.yaml" | "pnpm-lock.yml" | "tsconfig.json" | "composer.lock"
        );
    !generated
        && (SOURCES.iter().any(|end| lower.ends_with(end))
            || matches!(lower.as_str(), ".arc" | "makefile" | "justfile"))
}

/// Values that a deployment reads although they are kept out of git: they decide which place counts.
fn is_value_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [".tfvars", ".tfvars.json", "_override.tf", "_override.tf.json"]
        .iter()
        .any(|end| lower.ends_with(end))
        || matches!(lower.as_str(), "override.tf" | "override.tf.json" | "samconfig.toml")
}

fn is_ignored(ignores: &[Rc<Gitignore>], path: &Path, is_dir: bool) -> bool {
    for ignore in ignores.iter().rev() {
        let matched = ignore.matched(path, is_dir);
        if !matched.is_none() {
            return matched.is_ignore();
        }
    }
    false
}

/// What the repository around the folder ignores.
fn ignores_above(root: &Path) -> Vec<Rc<Gitignore>> {
    let Some(top) = root.ancestors().find(|folder| folder.join(".git").exists()) else {
        return Vec::new();
    };
    let mut ignores = Vec::new();
    let mut exclude = GitignoreBuilder::new(top);
    if exclude.add(top.join(".git/info/exclude")).is_none()
        && let Ok(exclude) = exclude.build()
    {
        ignores.push(Rc::new(exclude));
    }
    let mut between: Vec<&Path> = root
        .ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(top))
        .collect();
    between.reverse();
    for folder in between {
        let file = folder.join(".gitignore");
        if file.is_file() {
            ignores.push(Rc::new(Gitignore::new(file).0));
        }
    }
    ignores
}
