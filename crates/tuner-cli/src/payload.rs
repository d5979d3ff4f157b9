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
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|e| CliError::usage("cannot read the payload from standard input").cause(e))?;
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
    let bytes = std::fs::read(path).map_err(|e| {
        CliError::usage(format!("cannot read the payload file `{path}`"))
            .cause(e)
            .hint("check the path and that it may be read")
    })?;
    // Editors on Windows begin files with a byte order mark, which no JSON parser takes.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    String::from_utf8(bytes.to_vec())
        .map_err(|_| CliError::usage(format!("the payload file `{path}` is not UTF-8 text")))
}
