//! Terraform's JSON syntax, as the same blocks and attributes.

use std::rc::Rc;

use super::syntax::{Attribute, Block, Body, Entry, Expr, Key, Kind, parse_template};
use crate::data::{self, Node};

/// Blocks that are named by so many labels.
const LABELS: [(&str, usize); 7] = [
    ("resource", 2),
    ("data", 2),
    ("module", 1),
    ("variable", 1),
    ("output", 1),
    ("provider", 1),
    ("locals", 0),
];

/// A file of configuration.
pub(super) fn body(root: &Rc<Node>) -> Body {
    let mut body = Body::default();
    for part in spread(root) {
        for entry in part.map().into_iter().flat_map(|map| &map.entries) {
            let labels = LABELS
                .iter()
                .find(|(kind, _)| *kind == entry.key)
                .map_or(0, |(_, labels)| *labels);
            blocks(&entry.key, &entry.value, labels, &mut Vec::new(), &mut body.blocks);
        }
    }
    body
}

/// A file of values.
pub(super) fn values(root: &Rc<Node>) -> Body {
    attributes(root)
}

fn spread(node: &Rc<Node>) -> Vec<Rc<Node>> {
    match node.list() {
        Some(items) => items.to_vec(),
        None => vec![node.clone()],
    }
}

fn blocks(kind: &str, node: &Rc<Node>, labels: usize, named: &mut Vec<String>, out: &mut Vec<Block>) {
    for node in spread(node) {
        if named.len() == labels {
            out.push(Block {
                kind: kind.to_owned(),
                labels: named.clone(),
                span: node.span,
                body: attributes(&node),
            });
            continue;
        }
        for entry in node
            .map()
            .into_iter()
            .flat_map(|map| &map.entries)
            .filter(|entry| entry.key != "//")
        {
            named.push(entry.key.clone());
            blocks(kind, &entry.value, labels, named, out);
            named.pop();
        }
    }
}

fn attributes(node: &Rc<Node>) -> Body {
    let mut body = Body::default();
    for entry in node.map().into_iter().flat_map(|map| &map.entries) {
        // A block in a block reads like a value; these are the two that matter here.
        if matches!(entry.key.as_str(), "validation" | "lifecycle" | "environment") {
            blocks(&entry.key, &entry.value, 0, &mut Vec::new(), &mut body.blocks);
        } else {
            let span = crate::span::Span::new(entry.key_span.file, entry.key_span.start..entry.value.span.end);
            body.attributes.push(Attribute {
                name: entry.key.clone(),
                span,
                value: expr(&entry.value),
            });
        }
    }
    body
}

/// A value of the JSON syntax, or of a data file.
pub(super) fn expr(node: &Rc<Node>) -> Expr {
    let node = node.resolved();
    let kind = match &node.kind {
        data::Kind::Null | data::Kind::Alias(_) => Kind::Null,
        data::Kind::Code => Kind::Other(Vec::new()),
        data::Kind::List(items) => Kind::List(items.iter().map(expr).collect()),
        data::Kind::Map(map) => Kind::Object(
            map.entries
                .iter()
                .map(|entry| Entry {
                    key: Key::Word(entry.key.clone()),
                    value: expr(&entry.value),
                })
                .collect(),
        ),
        data::Kind::Scalar(scalar) if scalar.quoted => {
            let mut pieces = parse_template(&scalar.text, node.span);
            match pieces.pop() {
                // A string that is one expression is that expression.
                Some(super::syntax::Piece::Hole(hole)) if pieces.is_empty() => return hole,
                last => Kind::Text(pieces.into_iter().chain(last).collect()),
            }
        }
        data::Kind::Scalar(scalar) => match scalar.text.as_str() {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            text if text.parse::<f64>().is_ok() => Kind::Number(text.to_owned()),
            text => Kind::Text(vec![super::syntax::Piece::Text(text.to_owned())]),
        },
    };
    Expr { span: node.span, kind }
}
