use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use walkdir::WalkDir;

use super::Problem;
use super::layers::{self, Plain};

const ZIP: &[u8] = b"PK\x03\x04";
/// Longer members of a tar archive are put into a temporary file, in bytes.
const SPOOLED: usize = 8 << 20;

/// Where log lines come from.
pub enum Input {
    /// A file, or a directory whose files are all read.
    Path(PathBuf),
    /// Anything that can be read, such as standard input.
    Reader {
        /// What to call it in messages.
        name: String,
        /// The bytes.
        reader: Box<dyn Read + Send>,
    },
}

impl Input {
    /// Standard input.
    pub fn stdin() -> Self {
        Self::Reader {
            name: "standard input".into(),
            reader: Box::new(io::stdin()),
        }
    }
}

impl<P: Into<PathBuf>> From<P> for Input {
    fn from(path: P) -> Self {
        Self::Path(path.into())
    }
}

/// One file or stream, not opened yet.
pub(crate) enum Source {
    File { path: PathBuf, bytes: u64 },
    Reader { name: String, reader: Box<dyn Read + Send> },
}

/// The files of all inputs: directories are walked in the order of names, so that the order of records is that of the
/// streams' numbered parts. Links to directories are not followed (they may go round in circles).
pub(crate) fn sources(inputs: Vec<Input>, problems: &mut Vec<Problem>) -> Vec<Source> {
    let mut sources = Vec::new();
    for input in inputs {
        match input {
            Input::Reader { name, reader } => sources.push(Source::Reader { name, reader }),
            Input::Path(path) => match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => walk(&path, &mut sources, problems),
                Ok(metadata) => sources.push(Source::File {
                    path,
                    bytes: metadata.len(),
                }),
                Err(source) => problems.push(open_problem(&path, source)),
            },
        }
    }
    once(sources)
}

/// A file that several inputs or links lead to is read once: its invocations were made once.
fn once(mut sources: Vec<Source>) -> Vec<Source> {
    let mut known = HashSet::new();
    sources.retain(|source| match source {
        Source::File { path, .. } => fs::canonicalize(path).map_or(true, |path| known.insert(path)),
        Source::Reader { .. } => true,
    });
    sources
}

fn walk(directory: &Path, sources: &mut Vec<Source>, problems: &mut Vec<Problem>) {
    for entry in WalkDir::new(directory).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(directory).to_owned();
                // Without an error of the system a link would lead round in a circle, and links are not followed.
                problems.extend(error.into_io_error().map(|source| open_problem(&path, source)));
                continue;
            }
        };
        if entry.file_type().is_dir() {
            continue;
        }
        // Through a link, to what it leads to: a file is read, anything else (sockets, pipes) is not waited for.
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() => sources.push(Source::File {
                path: entry.into_path(),
                bytes: metadata.len(),
            }),
            Ok(_) => {}
            Err(source) => problems.push(open_problem(entry.path(), source)),
        }
    }
}

fn open_problem(path: &Path, source: io::Error) -> Problem {
    Problem::Open {
        name: path.display().to_string(),
        source,
    }
}

impl Source {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Reader { name, .. } => name.clone(),
        }
    }

    /// Whether several threads do any good: for a plain file of several chunks, and for a stream, of which there is
    /// only one. Undoing compression is the work of one thread.
    pub(crate) fn is_divisible(&self, chunk_bytes: usize) -> bool {
        match self {
            Self::Reader { .. } => true,
            Self::File { path, bytes } => *bytes > 2 * chunk_bytes as u64 && !is_wrapped(path),
        }
    }

    /// Opens it and gives what is in it to `take`: the file itself, or the members of an archive one by one.
    pub(crate) fn open(self, take: &mut dyn FnMut(Entry<'_>)) -> Result<(), Problem> {
        let name = self.name();
        let (path, bytes, reader): (_, _, Box<dyn Read + Send>) = match self {
            Self::File { path, bytes } => match File::open(&path) {
                Ok(file) if starts_with(&path, ZIP) => return members(&path, file, take),
                Ok(file) => (Some(path), Some(bytes), Box::new(file)),
                Err(source) => return Err(Problem::Open { name, source }),
            },
            Self::Reader { reader, .. } => (None, None, reader),
        };
        let position = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            reader,
            position: position.clone(),
        };
        let plain = layers::plain(Box::new(counted)).and_then(|plain| {
            let (head, reader) = layers::peek(plain.reader)?;
            Ok((is_tar(&head), Plain { reader, ..plain }))
        });
        match plain {
            Ok((true, plain)) => tar_members(&path.unwrap_or_else(|| name.into()), plain.reader, take),
            Ok((false, plain)) => {
                take(Entry {
                    name,
                    path,
                    bytes,
                    position,
                    plain,
                });
                Ok(())
            }
            Err(source) => Err(Problem::Damaged {
                name,
                after_bytes: 0,
                source,
            }),
        }
    }
}

/// One log, decoded.
pub(crate) struct Entry<'r> {
    pub(crate) name: String,
    /// Where it is, or would be if its archive were unpacked.
    pub(crate) path: Option<PathBuf>,
    /// The bytes of its file.
    pub(crate) bytes: Option<u64>,
    /// How many of them were read.
    pub(crate) position: Arc<AtomicU64>,
    pub(crate) plain: Plain<'r>,
}

/// Says how much was read.
struct Counted<R> {
    reader: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The files of a ZIP archive, in the order of their names.
fn members(path: &Path, file: File, take: &mut dyn FnMut(Entry<'_>)) -> Result<(), Problem> {
    let damaged = |name: String, error: String| Problem::Damaged {
        name,
        after_bytes: 0,
        source: io::Error::other(error),
    };
    let mut archive =
        zip::ZipArchive::new(file).map_err(|error| damaged(path.display().to_string(), error.to_string()))?;
    let mut names: Vec<(String, usize)> = (0..archive.len())
        .filter_map(|index| Some((archive.name_for_index(index)?.ok()?.into_owned(), index)))
        .filter(|(name, _)| !name.ends_with('/'))
        .collect();
    names.sort();
    let mut problem = None;
    for (inner, index) in names {
        let path = path.join(&inner);
        let name = path.display().to_string();
        let mut read = || -> Result<(), String> {
            let member = archive.by_index(index).map_err(|error| error.to_string())?;
            let bytes = member.compressed_size();
            let position = Arc::new(AtomicU64::new(bytes));
            let plain = layers::plain(Box::new(member)).map_err(|error| error.to_string())?;
            take(Entry {
                name: name.clone(),
                path: Some(path.clone()),
                bytes: Some(bytes),
                position,
                plain,
            });
            Ok(())
        };
        if let Err(error) = read() {
            problem = problem.or(Some(damaged(name, error)));
        }
    }
    problem.map_or(Ok(()), Err)
}

/// The magic of POSIX and of GNU (<https://www.gnu.org/software/tar/manual/html_node/Standard.html>).
fn is_tar(head: &[u8]) -> bool {
    head.get(257..).is_some_and(|head| head.starts_with(b"ustar"))
}

/// The files of a tar archive, in its order.
fn tar_members<'r>(path: &Path, reader: impl Read + 'r, take: &mut dyn FnMut(Entry<'_>)) -> Result<(), Problem> {
    let damaged = |path: &Path, source| Problem::Damaged {
        name: path.display().to_string(),
        after_bytes: 0,
        source,
    };
    let mut archive = tar::Archive::new(reader);
    let mut problem = None;
    for member in archive.entries().map_err(|source| damaged(path, source))? {
        // Behind a damaged header nothing is found.
        let mut member = member.map_err(|source| damaged(path, source))?;
        if !member.header().entry_type().is_file() {
            continue;
        }
        let inner = member
            .path()
            .map(|inner| path.join(inner))
            .unwrap_or_else(|_| path.into());
        let bytes = member.size();
        let mut read = || {
            // What reads a log may do so on another thread, which a member cannot go to.
            let mut spool = tempfile::SpooledTempFile::new(SPOOLED);
            io::copy(&mut member, &mut spool)?;
            spool.rewind()?;
            layers::plain(Box::new(spool))
        };
        match read() {
            Ok(plain) => take(Entry {
                name: inner.display().to_string(),
                path: Some(inner),
                bytes: Some(bytes),
                position: Arc::new(AtomicU64::new(bytes)),
                plain,
            }),
            Err(source) => problem = problem.or(Some(damaged(&inner, source))),
        }
    }
    problem.map_or(Ok(()), Err)
}

fn is_wrapped(path: &Path) -> bool {
    let mut head = [0; layers::HEAD];
    let read = File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    head.starts_with(ZIP) || is_tar(&head[..read]) || layers::is_wrapped(&head[..read])
}

fn starts_with(path: &Path, magic: &[u8]) -> bool {
    let mut head = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head.starts_with(magic)
}
