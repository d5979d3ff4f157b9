//! Who else takes a value.

use super::instances::{World, takes_each};
use super::module::{self, Module};
use super::scope::Trail;
use super::syntax::{Block, Body, Expr, Key, Kind, Step};
use crate::model::Note;
use crate::span::Span;

/// References that read the literal at `place`, apart from those on the way from the function to it.
pub(super) fn of(world: &World<'_>, trail: &Trail<'_>, place: Span) -> Vec<Note> {
    let mut users = Vec::new();
    for (folder, kind, name) in &trail.hops {
        let Some(module) = world.modules.get(folder) else {
            continue;
        };
        let path = path_to(world, module, kind, name, place);
        for block in &module.blocks {
            if matches!(block.kind.as_str(), "variable" | "output") {
                continue;
            }
            let search = Search {
                kind,
                name,
                path: path.as_deref(),
                visited: &trail.visited,
                block,
            };
            search.body(&block.body, &mut users);
        }
    }
    users.sort();
    users.dedup();
    users
}

/// The keys that lead from a variable's or local's value to the literal.
fn path_to(world: &World<'_>, module: &Module<'_>, kind: &str, name: &str, place: Span) -> Option<Vec<String>> {
    let mut roots: Vec<&Expr> = Vec::new();
    if kind == "local" {
        roots.extend(module.locals.get(name).map(|local| &local.value));
        roots.extend(world.files.decoded.get(&place.file));
    } else {
        roots.extend(module.default_of(name));
        for (_, file) in &world.files.values {
            let value = world.files.bodies.get(file).and_then(|body| body.attribute(name));
            roots.extend(value.map(|value| &value.value));
        }
    }
    roots
        .into_iter()
        .find(|root| root.span.holds(place))
        .and_then(|root| descend(root, place))
}

fn descend(expr: &Expr, place: Span) -> Option<Vec<String>> {
    if expr.span == place {
        return Some(Vec::new());
    }
    match &expr.kind {
        Kind::Paren(inner) => descend(inner, place),
        Kind::Object(entries) => {
            let entry = entries.iter().find(|entry| entry.value.span.holds(place))?;
            let Key::Word(word) = &entry.key else {
                return None;
            };
            let mut path = vec![word.clone()];
            path.extend(descend(&entry.value, place)?);
            Some(path)
        }
        _ => None,
    }
}

struct Search<'s> {
    kind: &'s str,
    name: &'s str,
    path: Option<&'s [String]>,
    visited: &'s [Span],
    block: &'s Block,
}

impl Search<'_> {
    fn body(&self, body: &Body, users: &mut Vec<Note>) {
        for attribute in &body.attributes {
            let mut quiet: Vec<Span> = Vec::new();
            attribute.value.walk(&mut |expr| self.quiet(expr, &mut quiet));
            attribute.value.walk(&mut |expr| {
                let Some(steps) = self.reads(expr) else { return };
                let skip = self.visited.contains(&expr.span) || quiet.contains(&expr.span) || self.elsewhere(steps);
                if skip {
                    return;
                }
                let is_each =
                    attribute.name == "for_each" && matches!(self.block.kind.as_str(), "resource" | "module" | "data");
                let key = self.path.and_then(<[String]>::last);
                if is_each && !key.is_some_and(|key| takes_each(self.block, key, self.visited)) {
                    return;
                }
                users.push(Note::new(
                    expr.span,
                    format!("{} takes the same value", describe(self.block)),
                ));
            });
        }
        for block in &body.blocks {
            self.body(&block.body, users);
        }
    }

    /// The steps behind `var.x` or `local.x`.
    fn reads<'e>(&self, expr: &'e Expr) -> Option<&'e [Step]> {
        let Kind::Traversal(root, steps) = &expr.kind else {
            return None;
        };
        let is_root = matches!(&root.kind, Kind::Name(name) if name == self.kind);
        let is_name = matches!(steps.first(), Some(Step::Key(key)) if key == self.name);
        (is_root && is_name).then(|| &steps[1..])
    }

    /// The reference leads to another key.
    fn elsewhere(&self, steps: &[Step]) -> bool {
        let Some(path) = self.path else { return false };
        steps
            .iter()
            .zip(path)
            .any(|(step, key)| matches!(step, Step::Key(word) if word != key))
    }

    /// References of which only the keys, or another field, are taken.
    fn quiet(&self, expr: &Expr, quiet: &mut Vec<Span>) {
        match &expr.kind {
            Kind::Call(name, arguments) if matches!(name.as_str(), "keys" | "length" | "contains" | "can") => {
                quiet.extend(arguments.iter().map(|argument| argument.span));
            }
            Kind::For(each) => {
                let Some(key) = self.path.and_then(<[String]>::last) else {
                    return;
                };
                let mut takes = false;
                let mut look = |expr: &Expr| match &expr.kind {
                    Kind::Traversal(root, steps) if matches!(&root.kind, Kind::Name(name) if *name == each.value_name) =>
                    {
                        takes |= match steps.first() {
                            Some(Step::Key(first)) => first == key,
                            _ => true,
                        };
                    }
                    _ => {}
                };
                each.value.walk(&mut look);
                each.key.iter().for_each(|key| key.walk(&mut look));
                let mut bare = 0;
                let mut rooted = 0;
                each.value.walk(&mut |expr| match &expr.kind {
                    Kind::Name(name) if *name == each.value_name => bare += 1,
                    Kind::Traversal(root, _) if matches!(&root.kind, Kind::Name(name) if *name == each.value_name) => {
                        rooted += 1
                    }
                    _ => {}
                });
                if !takes && bare == rooted {
                    quiet.push(each.collection.span);
                }
            }
            _ => {}
        }
    }
}

fn describe(block: &Block) -> String {
    match block.kind.as_str() {
        "resource" => block.labels.join("."),
        "data" => format!("data.{}", block.labels.join(".")),
        "module" => format!("module.{}", block.labels.join(".")),
        kind => kind.to_owned(),
    }
}

/// The header of a block, for a note.
pub(super) fn header(block: &Block) -> Span {
    module::header(block)
}
