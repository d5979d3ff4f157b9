//! Scripts that set a function's values by the AWS CLI: at their next run they undo what was patched.

use crate::model::{Note, Wanted};
use crate::span::Span;
use crate::tree::Tree;

const COMMAND: &str = "update-function-configuration";

/// Commands that set one of these values for the function, or for one that is named by a variable.
pub(crate) fn undoing(tree: &Tree, function: &str, wanted: &[Wanted]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (file, path) in tree.files() {
        let name = path.to_string_lossy().to_ascii_lowercase();
        let is_script = [".sh", ".bash", ".yml", ".yaml", "makefile", "justfile", "package.json"]
            .iter()
            .any(|end| name.ends_with(end));
        let Some(text) = tree.text(file).filter(|_| is_script) else {
            continue;
        };
        for at in memchr::memmem::find_iter(text.as_bytes(), COMMAND.as_bytes()) {
            let command = command(&text[at..]);
            let sets = wanted.iter().any(|value| command.contains(flag(*value)));
            let named = command
                .split("--function-name")
                .nth(1)
                .map(|rest| rest.trim_start_matches(['=', ' ', '"', '\'']));
            let is_it = named.is_some_and(|rest| {
                let end = rest
                    .find(|c: char| c.is_whitespace() || "\"'".contains(c))
                    .unwrap_or(rest.len());
                rest[..end] == *function || rest.starts_with('$')
            });
            if sets && is_it {
                notes.push(Note::new(
                    Span::new(file, at..at + COMMAND.len()),
                    "sets it again when it runs",
                ));
            }
        }
    }
    notes
}

const fn flag(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Memory(_) => "--memory-size",
        Wanted::Timeout(_) => "--timeout",
        Wanted::Arch(_) => "--architectures",
    }
}

/// To the end of the command, which may go over several lines.
fn command(text: &str) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    &text[..end]
}
