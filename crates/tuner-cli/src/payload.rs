//! `--payload`: JSON on the command line, a file, standard input, or a corpus of events. `--payload-s3`: an object.

use std::io::Read;
use std::path::{Path, PathBuf};

use tuner_aws::Objects;
use tuner_core::{PayloadError, Payloads, WrittenEvent};
use tuner_engine::execution::S3Object;

use crate::error::CliError;

/// What was given for `--payload`.
pub(crate) struct Given {
    /// As typed, or as the file has it; `None` where nothing was given.
    pub(crate) text: Option<String>,
    /// The same, read.
    pub(crate) payloads: Payloads,
}

/// Of a corpus so many events are sent: with each of them a size takes a call, and 100 calls are the most that the presets
/// make, at about five sizes.
pub(crate) const MOST_EVENTS: u32 = 20;

/// The same of a check, which invokes one size, 59 times and more.
pub(crate) const MOST_EVENTS_CHECKED: u32 = 50;

/// Reads what `--payload` names: `-` is standard input, `@FILE` or the name of a file that is there is a file, anything
/// else is JSON. A folder or a file of JSON lines is a corpus, of which `most_events` are taken.
pub(crate) fn read(argument: Option<&str>, most_events: u32) -> Result<Given, CliError> {
    let Some(argument) = argument else {
        return Ok(Given {
            text: None,
            payloads: Payloads::single("{}"),
        });
    };
    let path = Path::new(argument.strip_prefix('@').unwrap_or(argument));
    if let Some(events) = corpus(path)? {
        let payloads = Payloads::corpus(&events, &path.display().to_string(), most_events as usize).map_err(error)?;
        return Ok(Given {
            text: Some(payloads.to_list()),
            payloads,
        });
    }
    let (text, origin) = match argument {
        "-" => {
            let text = read_text(std::io::stdin().lock(), "standard input")?;
            (text, "standard input".to_owned())
        }
        path if path.starts_with('@') => (read_file(&path[1..])?, path[1..].to_owned()),
        inline if serde_json::from_str::<serde::de::IgnoredAny>(inline).is_ok() => {
            (inline.to_owned(), "--payload".to_owned())
        }
        path if Path::new(path).exists() => (read_file(path)?, path.to_owned()),
        inline if inline.trim_start().starts_with(['{', '[', '"']) => (inline.to_owned(), "--payload".to_owned()),
        neither => {
            return Err(CliError::usage(format!(
                "the payload `{neither}` is neither JSON nor a file that is there"
            ))
            .hint(
                "give JSON ('{\"key\": 1}'; a string needs its quotes: '\"text\"'), a file, a folder of .json files, or - for \
                 standard input",
            ));
        }
    };
    let payloads = Payloads::parse(&text, &origin).map_err(error)?;
    Ok(Given {
        text: Some(text),
        payloads,
    })
}

/// The events of a folder, a `.json` file each, by name; or of a file of JSON lines (`.ndjson`, `.jsonl`); `None` for
/// anything else.
fn corpus(path: &Path) -> Result<Option<Vec<WrittenEvent>>, CliError> {
    let has_extension = |path: &Path, of: &[&str]| {
        path.extension()
            .is_some_and(|found| of.iter().any(|extension| found.eq_ignore_ascii_case(extension)))
    };
    if path.is_dir() {
        let unreadable = |e: std::io::Error| {
            CliError::usage(format!("cannot read the folder of payloads `{}`", path.display())).cause(e)
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.is_file() && has_extension(&file, &["json"]) {
                files.push(file);
            }
        }
        files.sort();
        let event = |file: PathBuf| {
            let origin = file.display().to_string();
            let text = read_file(&origin)?;
            Ok(WrittenEvent { origin, text })
        };
        return files.into_iter().map(event).collect::<Result<_, _>>().map(Some);
    }
    if !path.is_file() || !has_extension(path, &["ndjson", "jsonl"]) {
        return Ok(None);
    }
    let name = path.display().to_string();
    let text = read_file(&name)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let event = |(at, line): (usize, &str)| WrittenEvent {
        origin: format!("line {} of {name}", at + 1),
        text: line.to_owned(),
    };
    Ok(Some(lines.map(event).collect()))
}

pub(crate) fn error(error: PayloadError) -> CliError {
    CliError::usage(error)
}

fn read_file(path: &str) -> Result<String, CliError> {
    let file = std::fs::File::open(path).map_err(|e| {
        CliError::usage(format!("cannot read the payload file `{path}`"))
            .cause(e)
            .hint("check the path and that it may be read")
    })?;
    read_text(file, &format!("the payload file `{path}`"))
}

/// Reads the object that `--payload-s3` names, as the state machine would.
pub(crate) async fn from_s3(object: &S3Object, objects: &Objects) -> Result<Payloads, CliError> {
    let location = format!("s3://{}/{}", object.bucket, object.key);
    let unreadable = |cause: &dyn std::fmt::Display| CliError::usage("cannot read the payload").cause(cause);
    let bytes = objects
        .read(&location, MOST_BYTES as usize)
        .await
        .map_err(|e| unreadable(&e))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable(&format_args!("{location} is not UTF-8 text")))?;
    Payloads::parse(&text, &location).map_err(error)
}

/// More than a weighted list of ten of the largest payloads; a device file never ends.
const MOST_BYTES: u64 = 64 << 20;

fn read_text(from: impl Read, origin: &str) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| CliError::usage(format!("cannot read the payload from {origin}")).cause(e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(
            CliError::usage(format!("{origin} has more than 64 MB")).hint("an invocation takes at most 6291456 bytes")
        );
    }
    // Editors on Windows begin files with a byte order mark, which no JSON parser takes.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).to_vec();
    String::from_utf8(bytes).map_err(|_| CliError::usage(format!("{origin} is not UTF-8 text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(argument: &Path, most: u32) -> Result<Vec<String>, String> {
        let given = read(argument.to_str(), most).map_err(|e| e.to_string())?;
        let bodies = given.payloads.entries().iter();
        Ok(bodies.map(|e| String::from_utf8(e.body.clone()).unwrap()).collect())
    }

    #[test]
    fn events_are_files_of_a_folder_or_lines_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        assert!(sent(folder.path(), 20).unwrap_err().contains("has no event"));
        place("b.json", "{\"b\": 2}");
        place("a.json", "\u{feff}{\"a\":\n1}\n");
        place("notes.txt", "no event");
        assert_eq!(sent(folder.path(), 20).unwrap(), ["{\"a\":\n1}", "{\"b\": 2}"]);
        let lines = place("events.ndjson", "{\"n\":1}\r\n\n{\"n\":2}\n{\"n\":3}\n");
        assert_eq!(sent(&lines, 2).unwrap(), ["{\"n\":1}", "{\"n\":3}"]);
        let broken = place("broken.jsonl", "1\n{\n");
        let error = sent(&broken, 20).unwrap_err();
        assert!(error.contains("line 2 of ") && error.contains("not JSON"), "{error}");
    }
}
