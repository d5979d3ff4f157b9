//! `--payload`: JSON on the command line, a file, or standard input.

use std::io::Read;
use std::path::Path;

use tuner_core::{PayloadError, Payloads};

use crate::error::CliError;

/// Reads what `--payload` names: `-` is standard input, `@FILE` or the name of a file that is there is a file, anything
/// else is JSON.
pub(crate) fn read(argument: Option<&str>) -> Result<Payloads, CliError> {
    let Some(argument) = argument else {
        return Ok(Payloads::single("{}"));
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
    Payloads::parse(&text, &origin).map_err(error)
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
