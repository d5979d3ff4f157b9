//! TOML.

use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Broken, Entry, Kind, Map, Node, scalar};
use crate::span::{FileId, Span};

pub(crate) fn parse(text: &str, file: FileId) -> Result<Rc<Node>, Broken> {
    match DeTable::parse(text) {
        Ok(table) => Ok(Rc::new(Node {
            span: Span::new(file, 0..text.len()),
            tag: None,
            kind: Kind::Map(map(table.get_ref(), text, file)),
        })),
        Err(error) => Err(Broken {
            at: error.span().map_or(0, |span| span.start),
            why: error.message().to_owned(),
        }),
    }
}

fn map(table: &DeTable<'_>, text: &str, file: FileId) -> Map {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: Span::new(file, key.span()),
            value: node(value, text, file),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Map { entries, flow: false }
}

fn node(value: &Spanned<DeValue<'_>>, text: &str, file: FileId) -> Rc<Node> {
    let range = value.span();
    let raw = text.get(range.clone()).unwrap_or_default();
    let kind = match value.get_ref() {
        DeValue::String(string) => Kind::Scalar(scalar(string, text, &range, true)),
        DeValue::Array(items) => Kind::List(items.iter().map(|item| node(item, text, file)).collect()),
        DeValue::Table(table) => Kind::Map(Map {
            flow: raw.starts_with('{'),
            ..map(table, text, file)
        }),
        _ => Kind::Scalar(scalar(raw, text, &range, false)),
    };
    Rc::new(Node {
        span: Span::new(file, range),
        tag: None,
        kind,
    })
}
