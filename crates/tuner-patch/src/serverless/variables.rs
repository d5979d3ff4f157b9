//! The Serverless Framework's variables: `${self:custom.x}`, `${param:x}`, `${file(x.yml):key}`.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use crate::data::{Kind, Node};
use crate::name::{Known, Part, Pattern};
use crate::span::Span;
use crate::tree::Tree;

/// Variables in variables.
const DEEPEST: usize = 24;
/// Variables that are followed for one answer.
const MOST_STEPS: usize = 20_000;

/// The hole that the stage is.
pub(super) const STAGE: &str = "stage";

/// Reads variables of one service.
pub(super) struct Variables<'v> {
    pub(super) tree: &'v Tree,
    pub(super) folder: &'v Path,
    pub(super) root: &'v Rc<Node>,
    pub(super) known: &'v Known,
    pub(super) steps: Cell<usize>,
    /// Variables that were gone through.
    pub(super) visited: RefCell<Vec<Span>>,
}

/// What a variable comes to.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Node(Rc<Node>),
    /// A word in the variable itself: `${opt:stage, 'dev'}`.
    Word(String),
    /// The deployment says it; the word of the hole.
    Open(String),
    /// Nothing is there.
    Missing,
}

impl Variables<'_> {
    /// The node behind a value, which may be a variable; none of which the deployment decides.
    pub(super) fn follow(&self, node: &Rc<Node>) -> Value {
        self.follow_within(node, 0)
    }

    fn follow_within(&self, node: &Rc<Node>, depth: usize) -> Value {
        let node = node.resolved();
        let Some(inner) = node.text().and_then(whole) else {
            return Value::Node(node);
        };
        self.visited.borrow_mut().push(node.span);
        self.variable(inner, depth + 1)
    }

    /// A text with variables in it.
    pub(super) fn text(&self, text: &str) -> Pattern {
        self.text_within(text, 0)
    }

    fn text_within(&self, text: &str, depth: usize) -> Pattern {
        let mut pattern = Pattern::default();
        let mut rest = text;
        while let Some((before, inner, after)) = first(rest) {
            pattern.push(Part::Text(before.to_owned()));
            pattern.append(&self.value_text(inner, depth + 1));
            rest = after;
        }
        pattern.push(Part::Text(rest.to_owned()));
        pattern.filled(self.known)
    }

    fn value_text(&self, inner: &str, depth: usize) -> Pattern {
        match self.variable(inner, depth) {
            Value::Node(node) => match node.text() {
                Some(text) => self.text_within(text, depth + 1),
                None => Pattern::hole(inner),
            },
            Value::Word(word) => Pattern::text(word),
            Value::Open(word) => Pattern::hole(word).filled(self.known),
            Value::Missing => Pattern::hole(inner),
        }
    }

    /// What stands between `${` and `}`: alternatives, the first that is there.
    fn variable(&self, inner: &str, depth: usize) -> Value {
        self.steps.set(self.steps.get() + 1);
        if depth > DEEPEST || self.steps.get() > MOST_STEPS {
            return Value::Open("goes in circles".to_owned());
        }
        let mut value = Value::Missing;
        for part in alternatives(inner) {
            value = self.source(part.trim(), depth);
            if !matches!(value, Value::Missing) {
                break;
            }
        }
        value
    }

    fn source(&self, part: &str, depth: usize) -> Value {
        if let Some(inner) = whole(part) {
            return self.variable(inner, depth + 1);
        }
        let quoted = |c: char| part.len() >= 2 && part.starts_with(c) && part.ends_with(c);
        if quoted('\'') || quoted('"') {
            return Value::Word(part[1..part.len() - 1].to_owned());
        }
        // Variables inside: `custom.memory.${sls:stage}`.
        let pattern = self.text_within(part, depth + 1);
        let Some(part) = pattern.known_text() else {
            return Value::Open(part.to_owned());
        };
        if let Some(path) = part.strip_prefix("file(") {
            return self.file(path, depth);
        }
        match part.split_once(':') {
            Some(("self", "provider.stage")) | Some(("sls" | "opt", "stage")) => self.stage(),
            Some(("self", path)) => self.at(self.root, path, depth),
            Some(("param", name)) => self.parameter(name, depth),
            Some((source, _)) if source.chars().all(|c| c.is_ascii_alphanumeric() || "()-_".contains(c)) => {
                Value::Open(part.to_owned())
            }
            _ if part.parse::<f64>().is_ok() || matches!(part, "true" | "false" | "null") => {
                Value::Word(part.to_owned())
            }
            _ => Value::Open(part.to_owned()),
        }
    }

    fn stage(&self) -> Value {
        self.known
            .get(STAGE)
            .map_or_else(|| Value::Open(STAGE.to_owned()), |stage| Value::Word(stage.clone()))
    }

    fn at(&self, root: &Rc<Node>, path: &str, depth: usize) -> Value {
        let mut node = root.resolved();
        if path.is_empty() {
            return Value::Node(node);
        }
        let parts: Vec<&str> = path.split('.').collect();
        let mut at = 0;
        while at < parts.len() {
            // A value on the way may be a variable itself.
            node = match self.follow_within(&node, depth + 1) {
                Value::Node(node) => node,
                other => return other,
            };
            // A key may hold dots.
            let found =
                (at + 1..=parts.len()).find_map(|end| node.get(&parts[at..end].join(".")).map(|got| (end, got)));
            let index = || {
                parts[at]
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| node.list()?.get(index).cloned())
            };
            match found {
                Some((end, got)) => {
                    node = got.node;
                    at = end;
                }
                None => match index() {
                    Some(item) => {
                        node = item.resolved();
                        at += 1;
                    }
                    None => return Value::Missing,
                },
            }
        }
        // `service` may be a map with a name.
        if path == "service"
            && let Some(name) = node.get("name")
        {
            node = name.node;
        }
        match node.kind {
            Kind::Null => Value::Missing,
            _ => self.follow_within(&node, depth + 1),
        }
    }

    /// A parameter of the stage before that of all stages; `stages` (version 4) before `params`.
    fn parameter(&self, name: &str, depth: usize) -> Value {
        let stage = match self.stage() {
            Value::Word(stage) => stage,
            _ => {
                let only_default = |sections: &[&str]| {
                    self.root
                        .at(sections)
                        .is_none_or(|got| got.node.map().is_some_and(|map| map.entries.len() == 1))
                };
                if !(only_default(&["params"]) && only_default(&["stages"])) {
                    return Value::Open(format!("param:{name}"));
                }
                "default".to_owned()
            }
        };
        let escaped = name.to_owned();
        for stage in [stage.as_str(), "default"] {
            for path in [
                format!("stages.{stage}.params.{escaped}"),
                format!("params.{stage}.{escaped}"),
            ] {
                let value = self.at(self.root, &path, depth);
                if !matches!(value, Value::Missing) {
                    return value;
                }
            }
        }
        Value::Missing
    }

    /// `file(path):key`, without the first word.
    fn file(&self, rest: &str, depth: usize) -> Value {
        let Some((path, after)) = rest.split_once(')') else {
            return Value::Missing;
        };
        let Some(file) = self.tree.beside(self.folder, path.trim().trim_start_matches("./")) else {
            return Value::Open(format!("file({path})"));
        };
        let name = self.tree.name(file);
        if [".ts", ".js", ".mjs", ".cjs"].iter().any(|end| name.ends_with(end)) {
            return Value::Open(format!("file({path})"));
        }
        let Some(root) = self.tree.data(file).and_then(<[_]>::first) else {
            return Value::Open(format!("file({path})"));
        };
        self.at(root, after.trim_start_matches([':', '.']), depth)
    }

    /// Variables anywhere in the service and the files it names that lead to the value at `place`, but those in `mine`.
    pub(super) fn readers(&self, roots: &[Rc<Node>], place: Span, mine: &[Span]) -> Vec<Span> {
        let mut readers = Vec::new();
        for root in roots {
            root.walk(&mut |node| {
                let Some(text) = node.text().filter(|text| text.contains("${")) else {
                    return;
                };
                if mine.contains(&node.span) {
                    return;
                }
                let mut rest = text;
                while let Some((_, inner, after)) = first(rest) {
                    let leads = match self.variable(inner, 0) {
                        Value::Node(found) => found.span.holds(place),
                        _ => false,
                    };
                    if leads {
                        readers.push(node.span);
                    }
                    rest = after;
                }
            });
        }
        readers
    }
}

/// The inner text of a string that is one variable.
pub(super) fn whole(text: &str) -> Option<&str> {
    let text = text.trim();
    let (before, inner, after) = first(text)?;
    (before.is_empty() && after.is_empty()).then_some(inner)
}

/// The first variable: what stands before it, in it, and after it.
fn first(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("${")?;
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        if text[at..].starts_with("${") {
            depth += 1;
            at += 2;
            continue;
        }
        if bytes[at] == b'}' {
            depth -= 1;
            if depth == 0 {
                return Some((&text[..start], &text[start + 2..at], &text[at + 1..]));
            }
        }
        at += text[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// Splits at commas that are in no variable, quotes or parentheses.
fn alternatives(inner: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    let mut quote: Option<char> = None;
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '{' | '(') => depth += 1,
            (None, '}' | ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::{alternatives, first, whole};

    #[test]
    fn variables_nest() {
        assert_eq!(whole("${self:custom.${sls:stage}}"), Some("self:custom.${sls:stage}"));
        assert_eq!(whole("${a}-${b}"), None);
        assert_eq!(first("x${a}y"), Some(("x", "a", "y")));
        assert_eq!(first("${a"), None);
        assert_eq!(
            alternatives("opt:stage, 'a,b', file(x,y)"),
            ["opt:stage", " 'a,b'", " file(x,y)"]
        );
    }
}
