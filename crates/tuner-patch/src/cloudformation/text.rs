//! What a template's expressions come to as text.

use std::rc::Rc;

use super::settings::Deployment;
use super::template::{Function, Template, intrinsic};
use crate::data::Node;
use crate::name::{Known, Part, Pattern};

/// What is known of one function's stack.
pub(super) struct Context<'c> {
    pub(super) template: &'c Template,
    pub(super) function: &'c Function,
    pub(super) deployment: &'c Deployment,
    /// Texts that the parent stack gives.
    pub(super) given: &'c [(String, Option<String>)],
    pub(super) stack: Option<&'c str>,
    pub(super) known: &'c Known,
}

/// Text, and whether a default was needed that the deployment may override.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) pattern: Pattern,
    pub(super) by_default: bool,
}

impl Text {
    fn sure(text: impl Into<String>) -> Self {
        Self {
            pattern: Pattern::text(text),
            by_default: false,
        }
    }

    fn hole(word: impl Into<String>) -> Self {
        Self {
            pattern: Pattern::hole(word),
            by_default: false,
        }
    }
}

/// Functions in functions.
const DEEPEST: usize = 40;

impl Context<'_> {
    pub(super) fn text(&self, node: &Rc<Node>) -> Text {
        self.text_within(node, 0)
    }

    fn text_within(&self, node: &Rc<Node>, depth: usize) -> Text {
        let unknown = || Text::hole(format!("{}@{}", node.span.start, node.span.file));
        if depth > DEEPEST {
            return unknown();
        }
        let Some((name, argument)) = intrinsic(node) else {
            return match node.resolved().text() {
                Some(text) if text.contains("{{resolve:") => unknown(),
                // Another tool fills it in.
                Some(text) if text.contains("${") => self.sub_text(text, None, depth).unwrap_or_else(unknown),
                Some(text) => Text::sure(text),
                None => unknown(),
            };
        };
        match name.as_str() {
            "Ref" => argument.text().map_or_else(unknown, |name| self.named(name)),
            "Sub" => self.sub(&argument, depth).unwrap_or_else(unknown),
            "Join" => {
                let Some([separator, list]) = argument.list() else {
                    return unknown();
                };
                let list = list.resolved();
                let Some((separator, items)) = separator.text().zip(list.list()) else {
                    return unknown();
                };
                let mut joined = Text::sure("");
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        joined.pattern.push(Part::Text(separator.to_owned()));
                    }
                    let text = self.text_within(item, depth + 1);
                    joined.pattern.append(&text.pattern);
                    joined.by_default |= text.by_default;
                }
                joined
            }
            "FindInMap" => {
                let row = self.row(&argument, depth + 1);
                match row.and_then(|(node, by_default)| node.text().map(|text| (text.to_owned(), by_default))) {
                    Some((text, by_default)) => Text {
                        by_default,
                        ..Text::sure(text)
                    },
                    None => unknown(),
                }
            }
            "If" => match argument.list() {
                Some([condition, yes, no]) => match condition.text().and_then(|name| self.condition(name)) {
                    Some(true) => self.text_within(yes, depth + 1),
                    Some(false) => self.text_within(no, depth + 1),
                    None => unknown(),
                },
                _ => unknown(),
            },
            _ => unknown(),
        }
    }

    /// A parameter, a pseudo parameter, or what a loop binds.
    pub(super) fn named(&self, name: &str) -> Text {
        if let Some((_, value)) = self.function.bound.iter().rev().find(|(bound, _)| bound == name) {
            return Text::sure(value.as_str());
        }
        if let ("AWS::StackName", Some(stack)) = (name, self.stack) {
            return Text::sure(stack);
        }
        if let Some(given) = self.deployment.get(name) {
            return Text::sure(given.text.as_str());
        }
        if let Some((_, given)) = self.given.iter().find(|(given, _)| given == name) {
            return given.as_ref().map_or_else(|| Text::hole(name), Text::sure);
        }
        if let Some(text) = self.known.get(name) {
            return Text::sure(text.as_str());
        }
        let parameter = self.template.root.at(&["Parameters", name]);
        let Some(parameter) = parameter.map(|got| got.node) else {
            return Text::hole(name);
        };
        let choices = parameter
            .at(&["AllowedValues"])
            .and_then(|got| got.node.list().map(<[_]>::len));
        match parameter.text_at(&["Default"]) {
            // Where several are allowed, the deployment chooses.
            Some(default) if choices.is_none_or(|choices| choices < 2) => Text {
                by_default: true,
                ..Text::sure(default)
            },
            _ => Text::hole(name),
        }
    }

    /// `!Sub text` and `!Sub [text, {names}]`
    fn sub(&self, argument: &Rc<Node>, depth: usize) -> Option<Text> {
        let (text, names) = match argument.list() {
            Some([text, names]) => (text.text()?, Some(names.resolved())),
            Some(_) => return None,
            None => (argument.text()?, None),
        };
        self.sub_text(text, names.as_ref(), depth)
    }

    fn sub_text(&self, text: &str, names: Option<&Rc<Node>>, depth: usize) -> Option<Text> {
        let mut whole = Text::sure("");
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            whole.pattern.push(Part::Text(rest[..start].to_owned()));
            let end = start + rest[start..].find('}')?;
            let name = &rest[start + 2..end];
            rest = &rest[end + 1..];
            if let Some(literal) = name.strip_prefix('!') {
                whole.pattern.push(Part::Text(format!("${{{literal}}}")));
                continue;
            }
            let own = names.and_then(|names| names.get(name));
            let part = match own {
                Some(got) => self.text_within(&got.node, depth + 1),
                None => self.named(name.trim()),
            };
            whole.pattern.append(&part.pattern);
            whole.by_default |= part.by_default;
        }
        whole.pattern.push(Part::Text(rest.to_owned()));
        Some(whole)
    }

    /// The value of `!FindInMap [map, key, key]`, and whether a default led there.
    pub(super) fn row(&self, argument: &Rc<Node>, depth: usize) -> Option<(Rc<Node>, bool)> {
        let [map, first, second, ..] = argument.list()? else {
            return None;
        };
        let texts = [map, first, second].map(|node| self.text_within(node, depth + 1));
        let by_default = texts.iter().any(|text| text.by_default);
        let [map, first, second] = texts.map(|text| text.pattern);
        let path = ["Mappings", map.known_text()?, first.known_text()?, second.known_text()?];
        Some((self.template.root.at(&path)?.node, by_default))
    }

    /// A condition, where it does not hang on what the deployment may override.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        self.truth(&self.template.root.at(&["Conditions", name])?.node, 0)
    }

    /// Whether a condition compares something with one value.
    pub(super) fn is_comparison(&self, name: &str) -> bool {
        let condition = self.template.root.at(&["Conditions", name]);
        condition
            .and_then(|got| intrinsic(&got.node))
            .is_some_and(|(kind, _)| kind == "Equals")
    }

    fn truth(&self, node: &Rc<Node>, depth: usize) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        let (name, argument) = intrinsic(node)?;
        let list = argument.list().unwrap_or_default();
        match (name.as_str(), list) {
            ("Equals", [a, b]) => {
                let (a, b) = (self.text_within(a, depth + 1), self.text_within(b, depth + 1));
                if a.by_default || b.by_default {
                    return None;
                }
                Some(a.pattern.known_text()? == b.pattern.known_text()?)
            }
            ("Not", [inner]) => self.truth(inner, depth + 1).map(|truth| !truth),
            ("And", all) if !all.is_empty() => {
                let all: Vec<Option<bool>> = all.iter().map(|one| self.truth(one, depth + 1)).collect();
                if all.contains(&Some(false)) {
                    Some(false)
                } else {
                    all.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
                }
            }
            ("Or", all) if !all.is_empty() => {
                let all: Vec<Option<bool>> = all.iter().map(|one| self.truth(one, depth + 1)).collect();
                if all.contains(&Some(true)) {
                    Some(true)
                } else {
                    all.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
                }
            }
            ("Condition", _) => {
                let name = argument.text()?;
                self.truth(&self.template.root.at(&["Conditions", name])?.node, depth + 1)
            }
            _ => None,
        }
    }
}
