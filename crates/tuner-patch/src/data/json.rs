//! JSON, also with comments and trailing commas.

use std::rc::Rc;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Broken, Entry, Kind, Map, Node, scalar};
use crate::span::{FileId, Span};

pub(crate) fn parse(text: &str, file: FileId) -> Result<Rc<Node>, Broken> {
    let options = ParseOptions {
        allow_missing_commas: false,
        allow_loose_object_property_names: false,
        allow_single_quoted_strings: false,
        ..ParseOptions::default()
    };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(parsed) => match parsed.value {
            Some(value) => Ok(node(&value, text, file)),
            None => Err(Broken {
                at: 0,
                why: "nothing is in it".to_owned(),
            }),
        },
        Err(error) => Err(Broken {
            at: error.range().start,
            why: error.kind().to_string(),
        }),
    }
}

fn node(value: &Value<'_>, text: &str, file: FileId) -> Rc<Node> {
    let range = value.range().start..value.range().end;
    let kind = match value {
        Value::NullKeyword(_) => Kind::Null,
        Value::StringLit(string) => Kind::Scalar(scalar(&string.value, text, &range, true)),
        Value::NumberLit(number) => Kind::Scalar(scalar(number.value, text, &range, false)),
        Value::BooleanLit(_) => Kind::Scalar(scalar(text.get(range.clone()).unwrap_or_default(), text, &range, false)),
        Value::Array(array) => Kind::List(array.elements.iter().map(|item| node(item, text, file)).collect()),
        Value::Object(object) => {
            let entries = object.properties.iter().map(|property| {
                let (ObjectPropName::String(_) | ObjectPropName::Word(_)) = &property.name;
                let name = property.name.range();
                Entry {
                    key: property.name.as_str().to_owned(),
                    key_span: Span::new(file, name.start..name.end),
                    value: node(&property.value, text, file),
                }
            });
            Kind::Map(Map {
                entries: entries.collect(),
                flow: true,
            })
        }
    };
    Rc::new(Node {
        span: Span::new(file, range),
        tag: None,
        kind,
    })
}
