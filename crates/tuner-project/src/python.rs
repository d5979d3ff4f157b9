//! What a Python file defines at its top, by its text: nothing is imported.

/// A name that a module has once it is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Decorators above it, without `@`.
    pub(crate) decorators: Vec<String>,
}

/// How a name comes to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `def`, with its parameters as written.
    Function(Vec<String>),
    Class,
    /// The right side, as written.
    Assignment(String),
    Import,
}

/// What a module defines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Module {
    pub(crate) bindings: Vec<Binding>,
    /// Whether names may come to be in ways that its text does not show (`import *`, `globals()[...]`).
    pub(crate) is_open: bool,
}

impl Module {
    pub(crate) fn parse(source: &str) -> Self {
        let mut module = Self::default();
        // The indentation of the `def` or `class` whose body a line may belong to.
        let mut inside: Option<usize> = None;
        let mut decorators = Vec::new();
        for line in logical_lines(source) {
            let text = line.trim_start();
            let indent = line.len() - text.len();
            if inside.is_some_and(|outer| indent > outer) {
                continue;
            }
            inside = None;
            if let Some(decorator) = text.strip_prefix('@') {
                decorators.push(decorator.trim().to_owned());
                continue;
            }
            if text.starts_with("def ") || text.starts_with("async def ") || text.starts_with("class ") {
                inside = Some(indent);
            }
            module.statement(text, std::mem::take(&mut decorators));
        }
        module
    }

    pub(crate) fn binding(&self, name: &str) -> Option<&Binding> {
        self.bindings.iter().rev().find(|b| b.name == name)
    }

    /// Whether the module has this name, as far as its text can tell.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        self.is_open || self.binding(name).is_some()
    }

    fn bind(&mut self, name: &str, kind: Kind, decorators: Vec<String>) {
        self.bindings.push(Binding {
            name: name.to_owned(),
            kind,
            decorators,
        });
    }

    fn statement(&mut self, text: &str, decorators: Vec<String>) {
        if text.contains("globals()") || text.contains("exec(") || text.contains("setattr(") {
            self.is_open = true;
        }
        let definition = text.strip_prefix("async ").map_or(text, str::trim_start);
        if let Some(rest) = definition.strip_prefix("def ") {
            let name = leading_name(rest.trim_start());
            if name == "__getattr__" {
                self.is_open = true;
            }
            let parameters = parenthesised(rest)
                .map(|inner| split_parameters(&inner))
                .unwrap_or_default();
            self.bind(name, Kind::Function(parameters), decorators);
        } else if let Some(rest) = text.strip_prefix("class ") {
            self.bind(leading_name(rest.trim_start()), Kind::Class, decorators);
        } else if text.starts_with("from ") || text.starts_with("import ") {
            self.import(text);
        } else {
            self.assignment(text);
        }
    }

    fn import(&mut self, text: &str) {
        let names = match text.strip_prefix("import ") {
            Some(names) => names,
            None => text.split_once(" import ").map_or("", |(_, names)| names),
        };
        for part in names.trim().trim_matches(['(', ')']).split(',') {
            let part = part.trim().trim_matches(['(', ')']);
            if part == "*" {
                self.is_open = true;
            }
            let name = part.split_once(" as ").map_or(part, |(_, alias)| alias).trim();
            let name = leading_name(name);
            if !name.is_empty() {
                self.bind(name, Kind::Import, Vec::new());
            }
        }
    }

    /// `a = b = value`, `a: T = value`, `a, b = value`, also after `if x:` or `try:` in the same line.
    fn assignment(&mut self, text: &str) {
        let text = ["try:", "else:", "finally:"]
            .iter()
            .find_map(|word| text.strip_prefix(word))
            .unwrap_or(text)
            .trim();
        let mut rest = text;
        while let Some(at) = assignment_sign(rest) {
            let (targets, value) = (&rest[..at], &rest[at + 1..]);
            for target in targets.split(',') {
                let target = target
                    .split(':')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .trim_matches(['(', ')']);
                if !target.is_empty() && leading_name(target) == target {
                    self.bind(target, Kind::Assignment(value.trim().to_owned()), Vec::new());
                }
            }
            rest = value;
        }
    }
}

/// The first `=` that assigns, outside of brackets and strings.
fn assignment_sign(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_i32;
    let mut quote = None;
    for (i, &b) in bytes.iter().enumerate() {
        match (quote, b) {
            (Some(q), _) if q == b => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(b),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth -= 1,
            (None, b'=') if depth == 0 => {
                let before = i.checked_sub(1).map(|i| bytes[i]);
                let is_other =
                    before.is_some_and(|b| b"=!<>+-*/%&|^:@~".contains(&b)) || bytes.get(i + 1) == Some(&b'=');
                if !is_other {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

fn leading_name(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    &text[..end]
}

/// What is in the first pair of parentheses.
fn parenthesised(text: &str) -> Option<String> {
    let start = text.find('(')?;
    let mut depth = 0;
    for (i, c) in text[start..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(text[start + 1..start + i].to_owned());
        }
    }
    None
}

/// Parameters at the top level of a list of them.
pub(crate) fn split_parameters(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
        .iter()
        .map(|p| p.trim().to_owned())
        .filter(|p| !p.is_empty())
        .collect()
}

/// Statements in a line each: continued lines joined, comments and the insides of long strings left out.
fn logical_lines(source: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut depth = 0_usize;
    let chars: Vec<char> = source.trim_start_matches('\u{feff}').chars().collect();
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            '#' => {
                while i < chars.len() && chars[i] != '\n' {
                    i += 1;
                }
                continue;
            }
            quote @ ('"' | '\'') => {
                let is_long = chars.get(i + 1) == Some(&quote) && chars.get(i + 2) == Some(&quote);
                line.push(quote);
                i += if is_long { 3 } else { 1 };
                while i < chars.len() {
                    if chars[i] == '\\' {
                        if !is_long {
                            line.extend(&chars[i..(i + 2).min(chars.len())]);
                        }
                        i += 2;
                        continue;
                    }
                    let ends = chars[i] == quote
                        && (!is_long || (chars.get(i + 1) == Some(&quote) && chars.get(i + 2) == Some(&quote)));
                    if ends || (!is_long && chars[i] == '\n') {
                        break;
                    }
                    if !is_long {
                        line.push(chars[i]);
                    }
                    i += 1;
                }
                line.push(quote);
                if chars.get(i) == Some(&quote) {
                    i += if is_long { 3 } else { 1 };
                }
                continue;
            }
            '(' | '[' | '{' => {
                depth += 1;
                line.push(chars[i]);
            }
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                line.push(chars[i]);
            }
            '\\' if matches!(chars.get(i + 1), Some('\n')) => i += 1,
            '\r' => {}
            '\n' if depth > 0 => line.push(' '),
            '\n' => {
                if !line.trim().is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.clear();
            }
            '\t' => line.push_str("        "),
            c => line.push(c),
        }
        i += 1;
    }
    if !line.trim().is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        Module::parse(source).bindings.into_iter().map(|b| b.name).collect()
    }

    #[test]
    fn what_is_at_the_top_is_seen_and_nothing_else() {
        let source = r#"
"""def in_a_string(a, b): pass"""
import os, json as j
from x import (
    a,
    b as c,  # d
)
# def in_a_comment(event, context): pass
def handler(
    event,
    context={"a": (1, 2)},
):
    def inner(event, context): pass
    hidden = 1
class Thing:
    def method(self, x): pass
if True:
    def conditional(event, context): return 1
try: fast = 1
except: pass
first = second = f(x=1)
typed: int = 3
x == 4
y["k"] = 5
"#;
        assert_eq!(
            names(source),
            [
                "os",
                "j",
                "a",
                "c",
                "handler",
                "Thing",
                "conditional",
                "fast",
                "first",
                "second",
                "typed"
            ]
        );
        let module = Module::parse(source);
        let Some(Kind::Function(parameters)) = module.binding("handler").map(|b| b.kind.clone()) else {
            panic!("no function")
        };
        assert_eq!(parameters.len(), 2);
        assert!(!module.may_have("inner") && !module.may_have("method"));
    }

    #[test]
    fn a_module_may_be_open() {
        for source in [
            "from x import *",
            "globals()['handler'] = f",
            "def __getattr__(name): pass",
        ] {
            assert!(Module::parse(source).may_have("anything"), "{source}");
        }
    }

    #[test]
    fn decorators_belong_to_what_follows() {
        let module =
            Module::parse("@app.lambda_function(name='x')\n@other\ndef f(event, context): pass\ndef g(): pass\n");
        assert_eq!(
            module.bindings[0].decorators,
            ["app.lambda_function(name='x')", "other"]
        );
        assert!(module.bindings[1].decorators.is_empty());
    }

    #[test]
    fn broken_text_is_no_end() {
        for source in [
            "def (",
            "'",
            "\"\"\"",
            "\\",
            "def f(((",
            "@",
            "= = =",
            "class",
            "a = 'x\nb = 2",
        ] {
            let _ = Module::parse(source);
        }
        assert_eq!(names("a = 'x\nb = 2"), ["a", "b"]);
    }
}
