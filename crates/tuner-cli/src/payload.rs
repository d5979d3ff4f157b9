//! `--payload`: JSON on the command line, a file, or standard input. `--payload-s3`: an object.

use std::io::Read;
use std::path::Path;

use tuner_aws::Objects;
use tuner_core::{PayloadError, Payloads};
use tuner_engine::execution::S3Object;

use crate::error::CliError;

/// What was given for `--payload`.
pub(crate) struct Given {
    /// As typed, or as the file has it; `None` where nothing was given.
    pub(crate) text: Option<String>,
    /// The same, read.
    pub(crate) payloads: Payloads,
}

/// Reads what `--payload` names: `-` is standard input, `@FILE` or the name of a file that is there is a file, anything
/// else is JSON.
pub(crate) fn read(argument: Option<&str>) -> Result<Given, CliError> {
    let Some(argument) = argument else {
        return Ok(Given {
            text: None,
            payloads: Payloads::single("{}"),
        });
    };
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
                "give JSON ('{\"key\": 1}'; a string needs its quotes: '\"text\"'), a file, or - for standard input",
            ));
        }
    };
    let payloads = Payloads::parse(&text, &origin).map_err(error)?;
    Ok(Given {
        text: Some(text),
        payloads,
    })
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
