//! YAML into values. CloudFormation's short forms (`!Ref X`) become its long ones (`{"Ref": "X"}`); merge keys are merged.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::value::Value;

/// Values a document may have once its aliases are expanded: what has more is made to exhaust memory.
const MOST_VALUES: usize = 200_000;
/// Levels of a document: what has more is made to exhaust the stack.
const MOST_LEVELS: usize = 100;

/// Reads the first document of a text.
///
/// # Errors
/// What is wrong, with line and column.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| {
            let at = e.marker();
            format!("line {}, column {}: {}", at.line(), at.col() + 1, e.info())
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder
            .take(event)
            .map_err(|e| format!("line {}, column {}: {e}", span.start.line(), span.start.col() + 1))?;
    }
    Ok(builder.done)
}

/// A collection that has begun.
struct Open {
    value: Value,
    /// Of a map: the key whose value comes next.
    key: Option<String>,
    anchor: usize,
    tag: Option<String>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
    done: Value,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text, style, tag.as_deref());
                self.put(with_tag(value, intrinsic(tag.as_deref())), anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => self.begin(Value::List(Vec::new()), anchor, tag.as_deref()),
            Event::MappingStart(anchor, tag) => self.begin(Value::Map(Vec::new()), anchor, tag.as_deref()),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let size = size_of(&open.value);
                self.put(with_tag(open.value, open.tag), open.anchor, size)
            }
            Event::Alias(anchor) => {
                let Some((value, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err("an alias of something that has not ended yet".to_owned());
                };
                self.values += size;
                self.put(value, 0, size)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, value: Value, anchor: usize, tag: Option<&Tag>) -> Result<(), String> {
        if self.open.len() >= MOST_LEVELS {
            return Err(format!("more than {MOST_LEVELS} levels"));
        }
        self.open.push(Open {
            value,
            key: None,
            anchor,
            tag: intrinsic(tag),
        });
        Ok(())
    }

    fn put(&mut self, value: Value, anchor: usize, size: usize) -> Result<(), String> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(format!("more than {MOST_VALUES} values, aliases included"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.done = value;
            return Ok(());
        };
        match (&mut open.value, open.key.take()) {
            (Value::List(items), _) => items.push(value),
            (Value::Map(entries), Some(key)) if key == "<<" => merge(entries, value),
            (Value::Map(entries), Some(key)) => match entries.iter_mut().find(|(k, _)| *k == key) {
                Some((_, old)) => *old = value,
                None => entries.push((key, value)),
            },
            (Value::Map(_), None) => match value {
                Value::Text(key) => open.key = Some(key),
                Value::Null => open.key = Some("null".to_owned()),
                _ => return Err("a key that is no text".to_owned()),
            },
            _ => {}
        }
        Ok(())
    }
}

/// Merge keys fill in what is not there.
fn merge(entries: &mut Vec<(String, Value)>, value: Value) {
    let maps = match value {
        Value::List(maps) => maps,
        map => vec![map],
    };
    for map in maps {
        if let Value::Map(more) = map {
            for (key, value) in more {
                if !entries.iter().any(|(k, _)| *k == key) {
                    entries.push((key, value));
                }
            }
        }
    }
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Text(_) => 1,
        Value::List(items) => 1 + items.iter().map(size_of).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, v)| 1 + size_of(v)).sum::<usize>(),
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_null = style == ScalarStyle::Plain && tag.is_none() && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
    match is_null {
        true => Value::Null,
        false => Value::Text(text.into_owned()),
    }
}

/// CloudFormation's name of a function behind a short form.
fn intrinsic(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!")?;
    Some(match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

fn with_tag(value: Value, tag: Option<String>) -> Value {
    match (tag, value) {
        (None, value) => value,
        // `!GetAtt A.b` is `Fn::GetAtt: [A, b]`.
        (Some(name), Value::Text(text)) if name == "Fn::GetAtt" => {
            let parts = text.splitn(2, '.').map(Value::from).collect();
            Value::Map(vec![(name, Value::List(parts))])
        }
        (Some(name), value) => Value::Map(vec![(name, value)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        Value::of_json(text).unwrap()
    }

    #[test]
    fn short_forms_become_long_ones() {
        let yaml = "A: !Ref X\nB: !Sub 'a-${X}'\nC: !GetAtt T.Arn\nD: !Join ['-', [a, !Ref X]]\nE: !If [c, {a: 1}, !Ref 'AWS::NoValue']\n";
        let long = r#"{"A": {"Ref": "X"}, "B": {"Fn::Sub": "a-${X}"}, "C": {"Fn::GetAtt": ["T", "Arn"]},
            "D": {"Fn::Join": ["-", ["a", {"Ref": "X"}]]}, "E": {"Fn::If": ["c", {"a": "1"}, {"Ref": "AWS::NoValue"}]}}"#;
        assert_eq!(parse(yaml).unwrap(), json(long));
    }

    #[test]
    fn anchors_and_merge_keys() {
        let yaml = "base: &b {memory: 512, timeout: 6}\nf: {<<: *b, timeout: 9}\ng: {timeout: 9, <<: *b}\n";
        let value = parse(yaml).unwrap();
        for key in ["f", "g"] {
            assert_eq!(value.at(&[key, "memory"]).and_then(Value::number), Some(512));
            assert_eq!(value.at(&[key, "timeout"]).and_then(Value::number), Some(9));
        }
    }

    #[test]
    fn numbers_keep_their_looks() {
        let value = parse("a: 1.10\nb: 007\nc: true\nd:\ne: ''\n").unwrap();
        assert_eq!(
            value,
            json(r#"{"a": "1.10", "b": "007", "c": "true", "d": null, "e": ""}"#)
        );
    }

    #[test]
    fn what_is_made_to_exhaust_is_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..20 {
            bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", "));
        }
        assert!(parse(&bomb).unwrap_err().contains("values"));
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse("a: &a [*a]").is_err());
    }

    #[test]
    fn what_is_broken_is_named_with_its_place() {
        for text in ["a: [1, 2\nb: 3\n", "a: b: c\n", "a: 'x\n", "{{x}}: 1"] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("line "), "{text}: {error}");
        }
    }
}
