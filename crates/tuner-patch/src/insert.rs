//! Where a new line or entry goes, and how it looks beside its neighbours.

use crate::data::{self, Node};
use crate::model::Splice;
use crate::span::Span;
use crate::tree::Tree;

/// The line end that is used around `at`.
pub(crate) fn line_end(text: &str, at: usize) -> &'static str {
    let before = text[..at.min(text.len())].rfind('\n');
    let newline = before.or_else(|| text.find('\n'));
    match newline {
        Some(at) if at > 0 && text.as_bytes()[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

/// The end of the line that holds `at`, before its line end.
fn end_of_line(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |found| at + found);
    if end > at && text.as_bytes()[end - 1] == b'\r' {
        end - 1
    } else {
        end
    }
}

fn start_of_line(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |found| found + 1)
}

/// What stands before `at` in its line, where that is space only.
pub(crate) fn indent(text: &str, at: usize) -> Option<&str> {
    let before = &text[start_of_line(text, at)..at];
    before.chars().all(|c| c == ' ' || c == '\t').then_some(before)
}

/// A line of its own after the line that holds the end of `after`, as deep as the line on which `after` begins.
pub(crate) fn line_after(tree: &Tree, after: Span, line: &str) -> Option<Splice> {
    let text = tree.text(after.file)?;
    let indent = indent(text, after.start)?;
    let at = end_of_line(text, after.end);
    Some(Splice {
        span: Span::new(after.file, at..at),
        text: format!("{}{indent}{line}", line_end(text, at)),
    })
}

/// A line of its own before the line on which `before` begins.
pub(crate) fn line_before(tree: &Tree, before: Span, line: &str) -> Option<Splice> {
    let text = tree.text(before.file)?;
    let indent = indent(text, before.start)?;
    let at = start_of_line(text, before.start);
    Some(Splice {
        span: Span::new(before.file, at..at),
        text: format!("{indent}{line}{}", line_end(text, at)),
    })
}

fn put(file: usize, at: usize, text: String) -> Splice {
    Splice {
        span: Span::new(file, at..at),
        text,
    }
}

/// A new key in a mapping of a data file.
pub(crate) fn into_map(tree: &Tree, node: &Node, key: &str, value: &str) -> Option<Splice> {
    let map = node.map()?;
    let file = node.span.file;
    let text = tree.text(file)?;
    let is_json = tree.name(file).ends_with(".json") || (map.flow && text.trim_start().starts_with('{'));
    let entry = if is_json {
        format!("\"{key}\": {}", json_value(value))
    } else if tree.name(file).ends_with(".toml") {
        format!("{key} = {}", json_value(value))
    } else {
        format!("{key}: {value}")
    };
    let Some(last) = map.entries.last() else {
        let open = text.get(node.span.range())?;
        return open
            .starts_with('{')
            .then(|| put(file, node.span.start + 1, format!(" {entry} ")));
    };
    if map.flow {
        // Before the last one no other line needs a comma.
        if indent(text, last.key_span.start).is_some() {
            return line_before(tree, last.key_span, &format!("{entry},"));
        }
        return Some(put(file, last.value.span.end, format!(", {entry}")));
    }
    // Below the last value of one line: what follows a longer one is not always clear.
    let one_line = |entry: &&data::Entry| {
        let is_single = matches!(&entry.value.kind, data::Kind::Scalar(scalar) if scalar.bytes.is_some());
        let is_single = is_single || matches!(entry.value.kind, data::Kind::Alias(_));
        let span = entry.key_span.start..entry.value.span.end;
        is_single && !text.get(span).unwrap_or("\n").contains('\n') && indent(text, entry.key_span.start).is_some()
    };
    if let Some(neighbour) = map.entries.iter().rev().find(one_line) {
        let span = Span {
            end: neighbour.value.span.end,
            ..neighbour.key_span
        };
        return line_after(tree, span, &entry);
    }
    let first = map.entries.first()?.key_span;
    // The first key may stand behind a dash.
    let column = first.start - start_of_line(text, first.start);
    let spaces = " ".repeat(column);
    Some(put(
        file,
        first.start,
        format!("{entry}{}{spaces}", line_end(text, first.start)),
    ))
}

fn json_value(value: &str) -> String {
    if value.parse::<f64>().is_ok() || value.starts_with(['[', '{', '"']) {
        value.to_owned()
    } else {
        format!("\"{value}\"")
    }
}
