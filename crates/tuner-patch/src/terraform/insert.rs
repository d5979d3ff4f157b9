//! New arguments in Terraform's files.

use super::module::{Files, Merged};
use super::scope::Own;
use super::syntax::{Attribute, Block, Expr, Key, Kind};
use crate::insert::{indent, into_map, line_after};
use crate::model::Splice;
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// A value of this function alone, where it has none yet.
pub(super) fn own(tree: &Tree, files: &Files, own: &Own<'_>, value: &str) -> Option<Splice> {
    match own {
        Own::Entry(object, key) => entry(tree, object, key, value),
        Own::Argument(block, name) => argument(tree, block, name, value),
        Own::Assignment(file, name) => assignment(tree, files, *file, name, value),
    }
}

/// An argument of a resource or call.
pub(super) fn into_block(tree: &Tree, block: &Merged<'_>, name: &str, value: &str) -> Option<Splice> {
    argument(tree, block.block, name, value)
}

fn is_json(tree: &Tree, file: FileId) -> bool {
    tree.name(file).ends_with(".json")
}

fn argument(tree: &Tree, block: &Block, name: &str, value: &str) -> Option<Splice> {
    if is_json(tree, block.span.file) {
        return in_data(tree, block.span, name, value);
    }
    let last = block.body.attributes.last()?;
    below(tree, last, name, value)
}

fn below(tree: &Tree, last: &Attribute, name: &str, value: &str) -> Option<Splice> {
    let text = tree.text(last.span.file)?;
    // A block of one line has room for one argument only.
    let rest = text[last.value.span.end..].lines().next().unwrap_or_default().trim();
    if !(rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")) {
        return None;
    }
    line_after(
        tree,
        Span {
            end: last.value.span.end,
            ..last.span
        },
        &aligned(text, last.span, name, value),
    )
}

/// `name = value`, the sign below the neighbour's.
fn aligned(text: &str, neighbour: Span, name: &str, value: &str) -> String {
    let line = text[neighbour.range()].lines().next().unwrap_or_default();
    let column = line.find('=').filter(|_| !line.contains('\t')).unwrap_or(0);
    let width = column.max(name.len() + 1) - 1;
    format!("{name:width$} = {value}")
}

fn assignment(tree: &Tree, files: &Files, file: FileId, name: &str, value: &str) -> Option<Splice> {
    if is_json(tree, file) {
        return in_data(tree, tree.data(file)?.first()?.span, name, value);
    }
    below(tree, files.bodies.get(&file)?.attributes.last()?, name, value)
}

fn entry(tree: &Tree, object: &Expr, key: &str, value: &str) -> Option<Splice> {
    let file = object.span.file;
    if !matches!(
        tree.name(file).rsplit('.').next(),
        Some("tf" | "tofu" | "hcl" | "tfvars")
    ) {
        return in_data(tree, object.span, key, value);
    }
    let text = tree.text(file)?;
    let Kind::Object(entries) = &object.kind else {
        return None;
    };
    let Some(last) = entries.last() else {
        let open = object.span.start + 1;
        return text[object.span.range()].starts_with('{').then(|| Splice {
            span: Span::new(file, open..open),
            text: format!(" {key} = {value} "),
        });
    };
    let end = last.value.span.end;
    let before = text[object.span.start..last.value.span.start].trim_end();
    let sign = if before.ends_with(':') { ':' } else { '=' };
    // The key stands before its sign, alone in its line or behind others.
    let word = before[..before.len() - 1].trim_end();
    let length = match &last.key {
        Key::Word(word_text) if word.ends_with(word_text.as_str()) => word_text.len(),
        Key::Word(word_text) => word_text.len() + 2,
        Key::Computed(_) => return None,
    };
    let start = object.span.start + word.len().checked_sub(length)?;
    if indent(text, start).is_some() {
        let line = if sign == '=' {
            aligned(text, Span::new(file, start..end), key, value)
        } else {
            format!("{key}: {value}")
        };
        let after_value = text[end..].trim_start_matches([' ', '\t']);
        if after_value.starts_with('}') {
            return None;
        }
        let comma = if after_value.starts_with(',') { "," } else { "" };
        return line_after(tree, Span::new(file, start..end), &format!("{line}{comma}"));
    }
    Some(Splice {
        span: Span::new(file, end..end),
        text: if sign == '=' {
            format!(", {key} = {value}")
        } else {
            format!(", {key}: {value}")
        },
    })
}

/// The same in JSON and YAML.
fn in_data(tree: &Tree, span: Span, key: &str, value: &str) -> Option<Splice> {
    let mut found = None;
    for document in tree.data(span.file)? {
        document.walk(&mut |node| {
            if node.span == span {
                found = Some(node.clone());
            }
        });
    }
    into_map(tree, &*found?, key, value)
}
