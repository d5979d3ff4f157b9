//! Data files (YAML, JSON, TOML) as one tree, every value with the bytes it stands in.

mod json;
mod toml;
mod yaml;

use std::ops::Range;
use std::rc::Rc;

pub(crate) use json::parse as parse_json;
pub(crate) use toml::parse as parse_toml;
pub(crate) use yaml::parse as parse_yaml;

use crate::span::{FileId, Span};

/// Aliases and merges that are followed before a document is taken for hostile.
const MOST_HOPS: usize = 32;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    /// `!Ref`, without the mark.
    pub(crate) tag: Option<String>,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Nothing was written.
    Null,
    /// A string, number or word.
    Scalar(Scalar),
    Map(Map),
    List(Vec<Rc<Node>>),
    /// `*name`: the same value as one that stands elsewhere.
    Alias(Rc<Node>),
    /// An expression of a programming language.
    #[cfg_attr(not(feature = "code"), expect(dead_code, reason = "made of programs only"))]
    Code,
}

/// A single value as text.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) quoted: bool,
    /// The bytes of the text alone, where they are the text; none for block scalars and escapes.
    pub(crate) bytes: Option<Range<usize>>,
}

/// Keys and values in the order of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Map {
    pub(crate) entries: Vec<Entry>,
    /// In braces.
    pub(crate) flow: bool,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Rc<Node>,
}

/// A value that was looked up.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) node: Rc<Node>,
    /// It came by an alias or a merge, so others have it too.
    pub(crate) shared: bool,
    pub(crate) key_span: Span,
}

impl Node {
    pub(crate) fn resolved(self: &Rc<Self>) -> Rc<Self> {
        let mut node = self.clone();
        for _ in 0..MOST_HOPS {
            match &node.kind {
                Kind::Alias(target) => node = target.clone(),
                _ => break,
            }
        }
        node
    }

    pub(crate) fn map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Rc<Self>]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value of `key`, own before merged (`<<`).
    pub(crate) fn get(self: &Rc<Self>, key: &str) -> Option<Got> {
        self.get_within(key, &mut { MOST_HOPS })
    }

    fn get_within(self: &Rc<Self>, key: &str, hops: &mut usize) -> Option<Got> {
        *hops = hops.checked_sub(1)?;
        let by_alias = matches!(self.kind, Kind::Alias(_));
        let node = self.resolved();
        let map = node.map()?;
        if let Some(entry) = map.entries.iter().rev().find(|entry| entry.key == key) {
            let shared = by_alias || matches!(entry.value.kind, Kind::Alias(_));
            return Some(Got {
                node: entry.value.resolved(),
                shared,
                key_span: entry.key_span,
            });
        }
        for merge in map.entries.iter().filter(|entry| entry.key == "<<") {
            let from = merge.value.resolved();
            let sources: Vec<Rc<Self>> = match from.list() {
                Some(items) => items.to_vec(),
                None => vec![from.clone()],
            };
            for source in sources {
                if let Some(got) = source.get_within(key, hops) {
                    return Some(Got { shared: true, ..got });
                }
            }
        }
        None
    }

    /// The value at a path of keys.
    pub(crate) fn at(self: &Rc<Self>, path: &[&str]) -> Option<Got> {
        let mut got = Got {
            node: self.resolved(),
            shared: false,
            key_span: self.span,
        };
        for key in path {
            let next = got.node.get(key)?;
            got = Got {
                shared: next.shared || got.shared,
                ..next
            };
        }
        Some(got)
    }

    /// Text at a path of keys.
    pub(crate) fn text_at(self: &Rc<Self>, path: &[&str]) -> Option<String> {
        self.at(path)?.node.text().map(str::to_owned)
    }

    /// Calls `visit` for every value that is written here; what an alias stands for is visited once, where it is written.
    pub(crate) fn walk(self: &Rc<Self>, visit: &mut impl FnMut(&Rc<Self>)) {
        visit(self);
        match &self.kind {
            Kind::Map(map) => map.entries.iter().for_each(|entry| entry.value.walk(visit)),
            Kind::List(items) => items.iter().for_each(|item| item.walk(visit)),
            _ => {}
        }
    }
}

/// Builds a scalar; its bytes are known where the file says it letter by letter.
fn scalar(text: &str, source: &str, range: &Range<usize>, quoted: bool) -> Scalar {
    let inner = if quoted && range.len() >= 2 {
        range.start + 1..range.end - 1
    } else {
        range.clone()
    };
    let bytes = (source.get(inner.clone()) == Some(text)).then_some(inner);
    Scalar {
        text: text.to_owned(),
        quoted,
        bytes,
    }
}

/// Why a file cannot be read as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) at: usize,
    pub(crate) why: String,
}

/// Reads the file in the format that its name says.
pub(crate) fn parse(name: &str, text: &str, file: FileId) -> Result<Vec<Rc<Node>>, Broken> {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".toml") {
        return parse_toml(text, file).map(|node| vec![node]);
    }
    let is_json = lower.ends_with(".json") || lower.ends_with(".jsonc");
    // CloudFormation's `.template` may be either.
    if is_json || text.trim_start().starts_with('{') && !(lower.ends_with("yml") || lower.ends_with("yaml")) {
        return parse_json(text, file).map(|node| vec![node]);
    }
    parse_yaml(text, file)
}
