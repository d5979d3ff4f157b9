//! YAML.

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};

use super::{Broken, Entry, Kind, Map, Node, Scalar, scalar};
use crate::span::{FileId, Span};

/// A collection that is not over yet.
struct Open {
    start: usize,
    anchor: usize,
    tag: Option<String>,
    flow: bool,
    is_map: bool,
    items: Vec<Rc<Node>>,
}

pub(crate) fn parse(text: &str, file: FileId) -> Result<Vec<Rc<Node>>, Broken> {
    let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut documents = Vec::new();
    for next in Parser::new_from_str_with_options(text, Options::default()) {
        let (event, span) = next.map_err(|error| Broken {
            at: error.marker().byte_offset().unwrap_or(0),
            why: error.info().to_string(),
        })?;
        let range = span.byte_range().unwrap_or(0..0);
        let done = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let node = Rc::new(Node {
                    span: Span::new(file, range.clone()),
                    tag: tag.map(|tag| tag.suffix().to_owned()),
                    kind: scalar_kind(&value, style, text, &range),
                });
                if anchor > 0 {
                    anchors.insert(anchor, node.clone());
                }
                Some(node)
            }
            Event::Alias(anchor) => Some(Rc::new(Node {
                span: Span::new(file, range),
                tag: None,
                // An anchor that holds itself is none yet.
                kind: anchors.get(&anchor).cloned().map_or(Kind::Null, Kind::Alias),
            })),
            Event::MappingStart(style, anchor, tag) | Event::SequenceStart(style, anchor, tag) => {
                open.push(Open {
                    start: range.start,
                    anchor,
                    tag: tag.map(|tag| tag.suffix().to_owned()),
                    flow: style == StructureStyle::Flow,
                    is_map: false,
                    items: Vec::new(),
                });
                None
            }
            Event::MappingEnd => open
                .pop()
                .map(|o| close(Open { is_map: true, ..o }, range.end, file, &mut anchors)),
            Event::SequenceEnd => open.pop().map(|o| close(o, range.end, file, &mut anchors)),
            Event::DocumentStart(..) => {
                anchors.clear();
                None
            }
            _ => None,
        };
        if let Some(node) = done {
            match open.last_mut() {
                Some(parent) => parent.items.push(node),
                None => documents.push(node),
            }
        }
    }
    Ok(documents)
}

fn scalar_kind(value: &str, style: ScalarStyle, text: &str, range: &std::ops::Range<usize>) -> Kind {
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    match style {
        ScalarStyle::Literal | ScalarStyle::Folded => Kind::Scalar(Scalar {
            text: value.to_owned(),
            quoted: true,
            bytes: None,
        }),
        _ if !quoted && matches!(value, "" | "~" | "null" | "Null" | "NULL") => Kind::Null,
        _ => Kind::Scalar(scalar(value, text, range, quoted)),
    }
}

fn close(open: Open, end: usize, file: FileId, anchors: &mut HashMap<usize, Rc<Node>>) -> Rc<Node> {
    let last = open.items.last().map(|item| item.span.end);
    // The end of a block collection is where the next token begins; the last value's end is what is meant.
    let end = if open.flow { end } else { last.unwrap_or(end) };
    let kind = if open.is_map {
        let entries = open.items.chunks(2).filter_map(|pair| {
            let [key, value] = pair else { return None };
            let key_node = key.resolved();
            Some(Entry {
                key: key_node.text().unwrap_or_default().to_owned(),
                key_span: key.span,
                value: value.clone(),
            })
        });
        Kind::Map(Map {
            entries: entries.collect(),
            flow: open.flow,
        })
    } else {
        Kind::List(open.items)
    };
    let node = Rc::new(Node {
        span: Span::new(file, open.start..end.max(open.start)),
        tag: open.tag,
        kind,
    });
    if open.anchor > 0 {
        anchors.insert(open.anchor, node.clone());
    }
    node
}
