//! Follows a property of a function to where its value is written.

use std::rc::Rc;

use super::settings::{Deployment, Given};
use super::template::intrinsic;
use super::text::Context;
use crate::data::Node;
use crate::insert;
use crate::literal;
use crate::model::{Found, Note, Splice, Traced, Wanted};
use crate::span::Span;
use crate::tree::Tree;

/// Functions in functions.
const DEEPEST: usize = 20;

/// Follows what a parent stack gives to a parameter.
pub(super) type Parent<'p> = dyn Fn(&str, Wanted) -> Option<Traced> + 'p;

/// One function with all that is needed to follow its values.
pub(super) struct Tracer<'c> {
    pub(super) tree: &'c Tree,
    pub(super) context: Context<'c>,
    /// Other deployments that may be the one of this function.
    pub(super) others: &'c [Deployment],
    /// What a parent stack gives, where the template is nested: the value and the parent's own tracer.
    pub(super) parent: Option<&'c Parent<'c>>,
    /// Stacks that use the same template.
    pub(super) siblings: &'c [Note],
}

const fn key(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Memory(_) => "MemorySize",
        Wanted::Timeout(_) => "Timeout",
        Wanted::Arch(_) => "Architectures",
    }
}

impl Tracer<'_> {
    pub(super) fn trace(&self, wanted: Wanted) -> Traced {
        let mut traced = self.property(wanted);
        let Some(place) = traced.place() else {
            return traced;
        };
        let function = self.context.function;
        if place.file == self.context.template.file {
            if let Some(at) = function.loop_at.filter(|_| function.resource.span.holds(place)) {
                traced
                    .users
                    .push(Note::new(at, "a loop makes several functions of one value"));
            }
            traced.users.extend_from_slice(self.siblings);
        }
        if !traced.users.is_empty() {
            let own = function.properties().and_then(|properties| properties.get(key(wanted)));
            traced
                .users
                .push(Note::new(own.map_or(function.at, |got| got.key_span), "the function"));
        }
        traced
    }

    fn property(&self, wanted: Wanted) -> Traced {
        let function = self.context.function;
        let value = match wanted {
            Wanted::Arch(arch) => format!("[{}]", arch.word()),
            _ => wanted.text(),
        };
        let Some(properties) = function.properties() else {
            return Traced::unclear(function.at, "has no properties");
        };
        let own = || {
            let is_json = self.tree.name(function.at.file).ends_with(".json") || is_json(self.tree, function.at);
            let value = if is_json && matches!(wanted, Wanted::Arch(_)) {
                format!("[\"{}\"]", wanted.text())
            } else {
                value.clone()
            };
            insert::into_map(self.tree, &properties, key(wanted), &value)
                .filter(|_| function.loop_at.is_none() && self.siblings.is_empty())
        };
        if let Some(got) = properties.get(key(wanted)) {
            let traced = self.value(&got.node, got.key_span, wanted, 0);
            if matches!(traced.found, Found::Absent) {
                // `AWS::NoValue`: the property is there, and says that it is not.
                return Traced::unclear(got.key_span, "is left out by a condition");
            }
            let Some(place) = traced.place() else {
                return traced;
            };
            // An anchor may stand here as well as an alias.
            let users = literal::alias_users(
                &self.context.template.root,
                place,
                function.resource.span,
                &self.neighbours(),
            );
            let is_own = properties
                .map()
                .is_some_and(|map| map.entries.iter().any(|entry| entry.key == key(wanted)));
            return traced.users(users).own(own().filter(|_| !is_own));
        }
        if let Some(include) = properties.get("Fn::Transform") {
            return Traced::unclear(include.key_span, "properties come from another file");
        }
        let global = self.context.template.root.at(&["Globals", "Function", key(wanted)]);
        match global.filter(|_| function.is_sam) {
            Some(got) => {
                let mut traced = self.value(&got.node, got.key_span, wanted, 0);
                traced.own = own();
                for other in self
                    .context
                    .template
                    .functions
                    .iter()
                    .filter(|other| other.is_sam && other.at != function.at)
                {
                    let has_own = other
                        .properties()
                        .is_some_and(|properties| properties.get(key(wanted)).is_some());
                    if !has_own {
                        traced.users.push(Note::new(
                            other.at,
                            format!("{} takes the same value", other.logical_id),
                        ));
                    }
                }
                traced
            }
            None => Traced::new(Found::Absent).own(own()),
        }
    }

    fn neighbours(&self) -> Vec<(String, Span)> {
        let functions = self.context.template.functions.iter();
        functions
            .map(|other| (other.logical_id.clone(), other.resource.span))
            .collect()
    }

    /// A value that stands somewhere else than in a property.
    pub(super) fn value_of(&self, node: &Rc<Node>, site: Span, wanted: Wanted) -> Traced {
        self.value(node, site, wanted, 0)
    }

    fn value(&self, node: &Rc<Node>, site: Span, wanted: Wanted, depth: usize) -> Traced {
        let unclear = |why: &str| Traced::unclear(node.span, why).note(site, "the property");
        if depth > DEEPEST {
            return unclear("goes in circles");
        }
        let Some((name, argument)) = intrinsic(node) else {
            let item = match wanted {
                Wanted::Arch(_) => literal::only_item(node),
                _ => Some(node.resolved()),
            };
            let Some(item) = item else {
                return unclear("is not one value");
            };
            if intrinsic(&item).is_some() {
                return self.value(&item, site, wanted, depth + 1);
            }
            return literal::found(&item, wanted).map_or_else(|| unclear("is no literal"), Traced::new);
        };
        match (name.as_str(), argument.text(), argument.list()) {
            ("Ref", Some("AWS::NoValue"), _) => Traced::new(Found::Absent),
            ("Ref", Some(parameter), _) => self.parameter(parameter, node.span, site, wanted),
            ("Sub", Some(text), _) => match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                Some(parameter) if !parameter.contains(['$', '}', '.']) => {
                    self.parameter(parameter, node.span, site, wanted)
                }
                _ => unclear("is put together from several parts"),
            },
            ("FindInMap", _, Some(list)) => self.mapped(&argument, list, node, site, wanted),
            ("If", _, Some([condition, yes, no])) => {
                match condition.text().and_then(|name| self.context.condition(name)) {
                    Some(true) => self.value(yes, site, wanted, depth + 1),
                    // What is not named is every other stage as well, unless the condition is the other way round.
                    Some(false) if condition.text().is_some_and(|name| self.context.is_comparison(name)) => {
                        unclear("is that of every stack for which the condition does not hold")
                    }
                    Some(false) => self.value(no, site, wanted, depth + 1),
                    None => unclear("depends on a condition that the deployment decides"),
                }
            }
            _ => unclear("is computed by an expression"),
        }
    }

    fn parameter(&self, name: &str, at: Span, site: Span, wanted: Wanted) -> Traced {
        let root = &self.context.template.root;
        let Some(parameter) = root.at(&["Parameters", name]) else {
            return Traced::unclear(at, "refers to something that is no parameter").note(site, "the property");
        };
        let mut traced = self
            .given(name, &parameter.node, parameter.key_span, wanted)
            .unwrap_or_else(|| {
                let default = parameter.node.get("Default");
                match default {
                    Some(default) => match literal::found(&default.node, wanted) {
                        Some(found) => Traced::new(found),
                        None => Traced::unclear(default.key_span, "the default is no literal"),
                    },
                    None => Traced::unclear(parameter.key_span, "a parameter that the deployment gives")
                        .note(site, "the property"),
                }
            });
        traced.rules = rules(&parameter.node, wanted);
        traced.users.extend(references(root, name, site));
        traced
    }

    /// What overrides the default.
    fn given(&self, name: &str, parameter: &Rc<Node>, at: Span, wanted: Wanted) -> Option<Traced> {
        if let Some(parent) = self.parent
            && let Some(traced) = parent(name, wanted)
        {
            return Some(traced);
        }
        if let Some(given) = self.context.deployment.get(name) {
            return Some(of_given(given, wanted));
        }
        let others: Vec<&Given> = self.others.iter().filter_map(|other| other.get(name)).collect();
        if others.is_empty() {
            return None;
        }
        let mut notes: Vec<Note> = others
            .iter()
            .map(|given| Note::new(given.place, "what one deployment is given"))
            .collect();
        notes.push(Note::new(
            parameter.get("Default").map_or(at, |default| default.key_span),
            "the default",
        ));
        Some(Traced::new(Found::Unclear(notes)))
    }

    fn mapped(&self, argument: &Rc<Node>, list: &[Rc<Node>], node: &Rc<Node>, site: Span, wanted: Wanted) -> Traced {
        let root = &self.context.template.root;
        let mut notes = vec![Note::new(site, "chosen from a mapping")];
        if let Some((row, by_default)) = self.context.row(argument, 0) {
            let by_name = || {
                list.get(1)
                    .is_some_and(|key| self.is_in_names(&self.context.text(key).pattern))
            };
            match literal::found(&row, wanted) {
                Some(found) if !by_default || by_name() => {
                    return Traced::new(found).users(self.rows(list, node.span));
                }
                Some(_) => notes.push(Note::new(
                    row.span,
                    "the row of the parameter's default, which the deployment may override",
                )),
                None => notes.push(Note::new(row.span, "is no literal")),
            }
        } else if let Some([map, _, second, ..]) = argument.list() {
            let (map, second) = (self.context.text(map).pattern, self.context.text(second).pattern);
            let rows = map.known_text().and_then(|map| root.at(&["Mappings", map]));
            for row in rows
                .iter()
                .flat_map(|rows| rows.node.map())
                .flat_map(|map| &map.entries)
            {
                if let Some(value) = second.known_text().and_then(|key| row.value.get(key)) {
                    notes.push(Note::new(value.node.span, format!("the value of {}", row.key)));
                }
            }
        }
        Traced::new(Found::Unclear(notes))
    }

    /// Whether the stack's or the function's name holds the word between dashes: then the default is what was deployed.
    fn is_in_names(&self, key: &crate::name::Pattern) -> bool {
        let word = key.known_text().unwrap_or_default();
        let stack = self.context.stack.unwrap_or_default();
        !word.is_empty() && stack.split(['-', '_']).any(|part| part == word)
    }

    /// Other uses of the same map that may lead to the same row.
    fn rows(&self, list: &[Rc<Node>], mine: Span) -> Vec<Note> {
        let mut users = Vec::new();
        let map = list.first().and_then(|map| map.text());
        self.context.template.root.walk(&mut |node| {
            if let Some((name, argument)) = intrinsic(node)
                && name == "FindInMap"
                && node.span != mine
                && let Some([other, first, second, ..]) = argument.list()
                && other.text() == map
            {
                let elsewhere = |at: usize, other: &Rc<Node>| {
                    let (mine, other) = (
                        list.get(at).map(|key| self.context.text(key).pattern),
                        self.context.text(other).pattern,
                    );
                    mine.as_ref()
                        .and_then(|key| key.known_text())
                        .zip(other.known_text())
                        .is_some_and(|(a, b)| a != b)
                };
                if !elsewhere(1, first) && !elsewhere(2, second) {
                    users.push(Note::new(node.span, "takes the same value"));
                }
            }
        });
        users
    }
}

fn of_given(given: &Given, wanted: Wanted) -> Traced {
    if !wanted.is_kind_of(&given.text) {
        return Traced::unclear(given.place, "is no literal");
    }
    Traced::new(if wanted.is(&given.text) {
        Found::Same(given.place)
    } else {
        Found::Other(Splice {
            span: given.place,
            text: wanted.text(),
        })
    })
}

/// Rules of the parameter that the new value breaks.
fn rules(parameter: &Rc<Node>, wanted: Wanted) -> Vec<Note> {
    let mut broken = Vec::new();
    if let Some(allowed) = parameter.get("AllowedValues") {
        let has = |item: &Rc<Node>| item.resolved().text().is_some_and(|text| wanted.is(text));
        if !allowed.node.list().unwrap_or_default().iter().any(has) {
            broken.push(Note::new(allowed.key_span, "does not allow the new value"));
        }
    }
    if let Wanted::Memory(value) | Wanted::Timeout(value) = wanted {
        let number = |got: &crate::data::Got| got.node.text().and_then(|text| text.parse::<f64>().ok());
        for (rule, is_least) in [("MinValue", true), ("MaxValue", false)] {
            if let Some(got) = parameter.get(rule)
                && let Some(limit) = number(&got)
                && if is_least {
                    f64::from(value) < limit
                } else {
                    f64::from(value) > limit
                }
            {
                broken.push(Note::new(got.key_span, "does not allow the new value"));
            }
        }
    }
    let digits = wanted.text().len();
    for (rule, is_least) in [("MinLength", true), ("MaxLength", false)] {
        if let Some(got) = parameter.get(rule)
            && let Some(limit) = got.node.text().and_then(|text| text.parse::<usize>().ok())
            && if is_least { digits < limit } else { digits > limit }
        {
            broken.push(Note::new(got.key_span, "does not allow the new value"));
        }
    }
    if let Some(got) = parameter.get("AllowedPattern") {
        let whole = got.node.text().map(|pattern| format!("^(?:{pattern})$"));
        let fits = whole
            .and_then(|pattern| regex_lite::Regex::new(&pattern).ok())
            .is_some_and(|regex| regex.is_match(&wanted.text()));
        if !fits {
            broken.push(Note::new(got.key_span, "does not allow the new value"));
        }
    }
    broken
}

/// Other places that read a parameter. What is only put out reads it too, but nothing changes by it.
fn references(root: &Rc<Node>, name: &str, site: Span) -> Vec<Note> {
    let mut users = Vec::new();
    let sub = [format!("${{{name}}}"), format!("${{{name}.")];
    for section in root.map().into_iter().flat_map(|map| &map.entries) {
        if matches!(
            section.key.as_str(),
            "Outputs" | "Parameters" | "Metadata" | "Description"
        ) {
            continue;
        }
        walk(&section.value, section.key_span, &mut |node, key| {
            let reads = match intrinsic(node) {
                Some((kind, argument)) => match kind.as_str() {
                    "Ref" => argument.text() == Some(name),
                    "Sub" => {
                        let text = argument.text().or_else(|| argument.list()?.first()?.text());
                        text.is_some_and(|text| sub.iter().any(|sub| text.contains(sub.as_str())))
                    }
                    _ => false,
                },
                None => false,
            };
            if reads && key != site {
                users.push(Note::new(key, "takes the same value"));
            }
        });
    }
    users
}

/// Visits each value with the key that it, or what it is a part of, stands under.
fn walk(node: &Rc<Node>, key: Span, visit: &mut impl FnMut(&Rc<Node>, Span)) {
    visit(node, key);
    if let Some(map) = node.map() {
        for entry in &map.entries {
            let is_function = entry.key == "Ref" || entry.key.starts_with("Fn::");
            walk(&entry.value, if is_function { key } else { entry.key_span }, visit);
        }
    }
    for item in node.list().unwrap_or_default() {
        walk(item, key, visit);
    }
}

fn is_json(tree: &Tree, at: Span) -> bool {
    tree.text(at.file)
        .is_some_and(|text| text.trim_start().starts_with('{'))
}

impl Traced {
    fn note(mut self, span: Span, what: &str) -> Self {
        if let Found::Unclear(notes) = &mut self.found
            && notes.iter().all(|note| note.span != span)
        {
            notes.push(Note::new(span, what));
        }
        self
    }
}

/// Parameters that a parent gives to a nested template, as text where it is plain.
pub(super) fn given_texts(parameters: Option<&Rc<Node>>) -> Vec<(String, Option<String>)> {
    let entries = parameters
        .and_then(|node| node.map())
        .map(|map| map.entries.as_slice())
        .unwrap_or_default();
    let text = |node: &Rc<Node>| {
        if intrinsic(node).is_some() {
            None
        } else {
            node.resolved().text().map(str::to_owned)
        }
    };
    entries
        .iter()
        .map(|entry| (entry.key.clone(), text(&entry.value)))
        .collect()
}
