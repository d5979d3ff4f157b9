use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tuner_core::logs::{function_of_log_group, function_of_log_stream};

use crate::Problem;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

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

/// An opened source, decompressed.
pub(crate) struct Opened {
    pub(crate) reader: Box<dyn Read + Send>,
    pub(crate) is_gzip: bool,
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
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(source) => return problems.push(open_problem(directory, source)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, sources, problems),
            // Through a link, to what it leads to: a file is read, anything else (sockets, pipes) is not waited for.
            Ok(_) => match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => sources.push(Source::File {
                    path,
                    bytes: metadata.len(),
                }),
                Ok(_) => {}
                Err(source) => problems.push(open_problem(&path, source)),
            },
            Err(source) => problems.push(open_problem(&path, source)),
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
    /// only one. Inflating is the work of one thread.
    pub(crate) fn is_divisible(&self, chunk_bytes: usize) -> bool {
        match self {
            Self::Reader { .. } => true,
            Self::File { path, bytes } => *bytes > 2 * chunk_bytes as u64 && !starts_with_magic(path),
        }
    }

    /// The function by the path, where that is laid out as an export to S3.
    pub(crate) fn function(&self) -> Option<String> {
        match self {
            Self::File { path, .. } => function_of_path(path),
            Self::Reader { .. } => None,
        }
    }

    pub(crate) fn open(self) -> Result<Opened, Problem> {
        let name = self.name();
        let mut reader: Box<dyn Read + Send> = match self {
            Self::File { path, .. } => match File::open(&path) {
                Ok(file) => Box::new(file),
                Err(source) => return Err(Problem::Open { name, source }),
            },
            Self::Reader { reader, .. } => reader,
        };
        let mut magic = Vec::with_capacity(2);
        if let Err(source) = reader.by_ref().take(2).read_to_end(&mut magic) {
            return Err(Problem::Read { name, source });
        }
        let is_gzip = magic == GZIP_MAGIC;
        let whole = io::Cursor::new(magic).chain(reader);
        // CloudWatch and `cat a.gz b.gz` both make files of several members.
        let reader: Box<dyn Read + Send> = if is_gzip {
            Box::new(MultiGzDecoder::new(whole))
        } else {
            Box::new(whole)
        };
        Ok(Opened { reader, is_gzip })
    }
}

fn starts_with_magic(path: &Path) -> bool {
    let mut magic = [0; 2];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut magic))
        .is_ok()
        && magic == GZIP_MAGIC
}

/// By the folder of a stream whose name holds the function, `2026-01-31-NAME[$LATEST]0123`, as those of shared log groups
/// do; else by the group, `.../aws/lambda/NAME/...`. Exports write slashes as dashes, so that also `aws-lambda-NAME` is
/// a group.
pub(crate) fn function_of_path(path: &Path) -> Option<String> {
    let text = path.to_str()?.replace('\\', "/");
    let streamed = || {
        text.split('/')
            .rev()
            .find_map(|part| function_of_log_stream(part.as_bytes()))
    };
    let dashed = || {
        let name = text.split('/').find_map(|part| part.strip_prefix("aws-lambda-"))?;
        (!name.is_empty() && !name.contains('.')).then_some(name)
    };
    streamed()
        .or_else(|| function_of_log_group(&text))
        .or_else(dashed)
        .map(|name| strip_extension(name).to_owned())
}

fn strip_extension(name: &str) -> &str {
    name.split_once('.').map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_export_names_the_function() {
        let name = |path: &str| function_of_path(Path::new(path));
        assert_eq!(
            name("/data/aws/lambda/pay/exportId/stream/000000.gz").as_deref(),
            Some("pay")
        );
        assert_eq!(name("aws/lambda/pay.log").as_deref(), Some("pay"));
        assert_eq!(name("exports/aws-lambda-pay/id/000000.gz").as_deref(), Some("pay"));
        assert_eq!(name("logs/today.log"), None);
    }

    #[test]
    fn the_stream_names_the_function_of_a_shared_group() {
        let name = |path: &str| function_of_path(Path::new(path));
        let task = "exportedlogs/0198c8a0-0000-4000-8000-000000000000";
        assert_eq!(
            name(&format!(
                "{task}/2026-10-01-pay[$LATEST]2f2faf726d06475489c93fe6f5a69d21/000000.gz"
            ))
            .as_deref(),
            Some("pay")
        );
        assert_eq!(
            name("aws/lambda/shared/2026-10-01-pay_2[7]2f2f/000000.gz").as_deref(),
            Some("pay_2")
        );
        // A function's own group has streams without a name.
        assert_eq!(name(&format!("{task}/2026-10-01-[$LATEST]2f2f/000000.gz")), None);
        assert_eq!(
            name("aws/lambda/pay/2026-10-01-[$LATEST]2f2f/000000.gz").as_deref(),
            Some("pay")
        );
        assert_eq!(name("2026-10-01-<b>[7]2f2f/000000.gz"), None);
    }
}
