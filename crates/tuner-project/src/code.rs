//! Where a function's code is, and what files it has.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;

/// Source files larger than this are not read: they are generated, and their handlers are taken on trust.
const MOST_SOURCE_BYTES: u64 = 4 << 20;

/// Where a function's code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Code {
    /// A folder, there or not.
    Folder(PathBuf),
    /// A zip or jar file, there or not.
    Zip(PathBuf),
    /// Text inside the template: the file of this name, else `index`.
    Inline { file: Option<String>, text: String },
    /// Elsewhere, in words.
    Elsewhere(String),
}

impl Code {
    /// A folder or a zip file, by what is there, else by its name.
    pub(crate) fn at(path: PathBuf) -> Self {
        let is_archive = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("zip") || e.eq_ignore_ascii_case("jar"));
        match path.is_file() || (is_archive && !path.is_dir()) {
            true => Self::Zip(path),
            false => Self::Folder(path),
        }
    }

    /// The place of it, if it is a file or folder.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Zip(path) => Some(path),
            Self::Inline { .. } | Self::Elsewhere(_) => None,
        }
    }

    /// Opened to be looked into.
    pub(crate) fn open(&self) -> Files<'_> {
        match self {
            Self::Folder(folder) => Files::Folder(folder),
            Self::Zip(path) => match File::open(path)
                .map_err(|e| e.to_string())
                .and_then(|file| ZipArchive::new(file).map_err(|e| e.to_string()))
            {
                Ok(archive) => Files::Zip(Box::new(archive)),
                Err(reason) => Files::Unreadable(reason),
            },
            Self::Inline { file, text } => Files::Inline(file.as_deref(), text),
            Self::Elsewhere(_) => Files::Unreadable("it is not on this machine".to_owned()),
        }
    }
}

/// The files of a function.
pub(crate) enum Files<'a> {
    Folder(&'a Path),
    Zip(Box<ZipArchive<File>>),
    Inline(Option<&'a str>, &'a str),
    Unreadable(String),
}

impl Files<'_> {
    /// Whether there is such a file. A path that leads out of the code is none.
    pub(crate) fn has(&self, file: &str) -> bool {
        if !is_inside(file) {
            return false;
        }
        match self {
            Self::Folder(folder) => folder.join(file).is_file(),
            Self::Zip(archive) => archive.index_for_name(file).is_some(),
            Self::Inline(Some(name), _) => *name == file,
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
            Self::Inline(None, _) => matches!(file, "index.py" | "index.js"),
            Self::Unreadable(_) => false,
        }
    }

    /// The text of a source file; `None` where it cannot be read or is too large.
    pub(crate) fn text(&mut self, file: &str) -> Option<String> {
        if !self.has(file) {
            return None;
        }
        let bytes = match self {
            Self::Folder(folder) => limited(File::open(folder.join(file)).ok()?)?,
            Self::Zip(archive) => limited(archive.by_name(file).ok()?)?,
            Self::Inline(_, text) => text.as_bytes().to_vec(),
            Self::Unreadable(_) => return None,
        };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Names of the files at the top.
    pub(crate) fn top(&self) -> Vec<String> {
        match self {
            Self::Folder(folder) => {
                let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
                let mut names: Vec<_> = entries
                    .take(10_000)
                    .filter(|e| e.path().is_file())
                    .map(|e| e.file_name().to_string_lossy().into_owned())
                    .collect();
                names.sort();
                names
            }
            Self::Zip(archive) => archive
                .file_names()
                .flatten()
                .filter(|name| !name.contains('/'))
                .map(std::borrow::Cow::into_owned)
                .collect(),
            Self::Inline(..) | Self::Unreadable(_) => Vec::new(),
        }
    }
}

fn limited(from: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_SOURCE_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MOST_SOURCE_BYTES).then_some(bytes)
}

/// Whether a relative path stays below where it begins.
pub(crate) fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Reads a file of a project that is text.
///
/// # Errors
/// Why it can't be read, in words.
pub(crate) fn read(path: &Path, most_bytes: u64) -> Result<String, String> {
    // Before it is opened: a pipe would be waited for.
    let kind = path.metadata().map_err(|e| e.to_string())?;
    if !kind.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut file = File::open(path).map_err(|e| e.to_string())?;
    if kind.len() > most_bytes {
        return Err(format!("it has more than {} MB", most_bytes >> 20));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|e| e.to_string())?;
    Ok(text)
}
