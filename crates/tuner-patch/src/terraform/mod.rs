//! Terraform and OpenTofu, with Terragrunt.

mod functions;
mod insert;
mod instances;
mod json;
mod module;
mod rules;
mod scope;
mod syntax;
mod terragrunt;
mod users;

use std::collections::BTreeMap;
use std::path::PathBuf;

use self::instances::{Instance, Property, World, is_known_source};
use self::module::{Files, Module};
use self::scope::{Own, Trail, Value};
use crate::model::{Candidate, Certainty, Found, Note, Splice, Target, Tool, Traced, Wanted};
use crate::name::{Known, Pattern};
use crate::span::Span;
use crate::tree::Tree;

/// All that was read of a tree's Terraform; candidates borrow from it.
pub(crate) struct Terraform {
    files: Files,
}

impl Terraform {
    pub(crate) fn read(tree: &Tree) -> Self {
        Self {
            files: Files::read(tree),
        }
    }

    /// Calls `with` with the functions that can be the one that is looked for, and those of other tools.
    pub(crate) fn candidates<R>(
        &self,
        tree: &Tree,
        target: &Target,
        others: Vec<Candidate<'_>>,
        with: impl FnOnce(Vec<Candidate<'_>>) -> R,
    ) -> R {
        // Functions of CloudFormation are made by no other tool.
        if target.logical_id.is_some() {
            return with(others);
        }
        let modules: BTreeMap<PathBuf, Module<'_>> = (self.files.modules().into_iter())
            .map(|module| (module.folder.clone(), module))
            .collect();
        let units = self.files.units();
        let world = World {
            tree,
            files: &self.files,
            modules: &modules,
            units: &units,
        };
        let instances = world.instances();
        let mut all = candidates(&world, &instances, target);
        all.extend(others);
        with(all)
    }
}

/// The names and literals of a file, in its order.
pub(crate) fn leaves(text: &str) -> Option<Vec<String>> {
    fn of(body: &syntax::Body, text: &str, leaves: &mut Vec<String>) {
        for attribute in &body.attributes {
            leaves.push(format!("{} =", attribute.name));
            attribute.value.walk(&mut |expr| match &expr.kind {
                syntax::Kind::Object(entries) => leaves.extend(entries.iter().map(|entry| match &entry.key {
                    syntax::Key::Word(word) => format!("{word}:"),
                    syntax::Key::Computed(_) => String::new(),
                })),
                syntax::Kind::Null
                | syntax::Kind::Bool(_)
                | syntax::Kind::Number(_)
                | syntax::Kind::Text(_)
                | syntax::Kind::Name(_) => {
                    leaves.push(text.get(expr.span.range()).unwrap_or_default().to_owned());
                }
                syntax::Kind::Traversal(_, steps) => leaves.push(format!("{}", steps.len())),
                _ => leaves.push(String::new()),
            });
        }
        for block in &body.blocks {
            leaves.push(format!("{} {}", block.kind, block.labels.join(" ")));
            of(&block.body, text, leaves);
        }
    }
    let mut leaves = Vec::new();
    of(&syntax::parse(text, 0).ok()?, text, &mut leaves);
    Some(leaves)
}

/// One function with the files of values that make it so.
struct Fitting<'i, 'a> {
    instance: &'i Instance<'a>,
    certainty: Certainty,
    known: Known,
}

fn candidates<'i>(world: &'i World<'i>, instances: &'i [Instance<'i>], target: &Target) -> Vec<Candidate<'i>> {
    let mut groups: BTreeMap<(Span, &str), Vec<Fitting<'i, 'i>>> = BTreeMap::new();
    for instance in instances {
        let pattern = name(world, instance);
        if let Some((certainty, known)) = Candidate::certainty(&pattern, &target.function) {
            let fitting = Fitting {
                instance,
                certainty,
                known,
            };
            groups
                .entry((instance.at, &instance.address))
                .or_default()
                .push(fitting);
        }
    }
    let mut candidates = Vec::new();
    for ((at, address), mut fitting) in groups {
        let best = fitting.iter().map(|one| one.certainty).max().unwrap_or(Certainty::Any);
        fitting.retain(|one| one.certainty == best);
        candidates.push(Candidate {
            tool: Tool::Terraform,
            address: address.to_owned(),
            at,
            certainty: best,
            trace: Box::new(move |wanted| trace_all(world, instances, &fitting, wanted)),
        });
    }
    candidates
}

fn name<'a>(world: &World<'a>, instance: &Instance<'a>) -> Pattern {
    let known = Known::new();
    let files = |module: &Module<'a>, path: &str| world.decoded(module, path);
    match instances::function_name(&instance.block) {
        Some(attribute) => world.reader(&known, &files).text(&attribute.value, &instance.scope),
        None => Pattern::hole("function_name"),
    }
}

const fn property(wanted: Wanted) -> Property {
    match wanted {
        Wanted::Memory(_) => Property::Memory,
        Wanted::Timeout(_) => Property::Timeout,
        Wanted::Arch(_) => Property::Architectures,
    }
}

const fn argument(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Memory(_) => "memory_size",
        Wanted::Timeout(_) => "timeout",
        Wanted::Arch(_) => "architectures",
    }
}

fn new_value(wanted: Wanted) -> String {
    match wanted {
        Wanted::Arch(arch) => format!("[\"{}\"]", arch.word()),
        _ => wanted.text(),
    }
}

/// The literal that an instance takes, and what was gone through.
fn literal<'a>(
    world: &World<'a>,
    instance: &Instance<'a>,
    known: &Known,
    wanted: Wanted,
) -> (Option<Value<'a>>, Trail<'a>) {
    let Some(attribute) = instances::argument(&instance.block, property(wanted)) else {
        return (None, Trail::default());
    };
    let files = |module: &Module<'a>, path: &str| world.decoded(module, path);
    let reader = world.reader(known, &files);
    let mut value = reader.read(&attribute.value, &instance.scope);
    if matches!(wanted, Wanted::Arch(_))
        && let Value::List(items) = &value
    {
        value = match items.as_slice() {
            [item] => reader.item(item),
            _ => Value::Unknown(attribute.value.span, "is not one architecture"),
        };
    }
    (Some(value), reader.trail.into_inner())
}

/// The same for every file of values that fits; they must agree.
fn trace_all(world: &World<'_>, instances: &[Instance<'_>], fitting: &[Fitting<'_, '_>], wanted: Wanted) -> Traced {
    let mut all: Vec<Traced> = Vec::new();
    for one in fitting {
        let traced = trace(world, instances, one, wanted);
        // Without the file there is no value at all: then one of the files is named at deployment.
        let says_nothing =
            one.instance.values.is_none() && fitting.len() > 1 && matches!(traced.found, Found::Unclear(_));
        if !says_nothing && !all.contains(&traced) {
            all.push(traced);
        }
    }
    if all.len() == 1
        && let Some(only) = all.pop()
    {
        return only;
    }
    let mut notes = Vec::new();
    for traced in all {
        match traced.found {
            Found::Same(span) | Found::Other(Splice { span, .. }) => {
                notes.push(Note::new(span, "the value, if this file is the one of the deployment"));
            }
            Found::Unclear(more) => notes.extend(more),
            Found::Absent => {}
        }
    }
    notes.extend(fitting.first().map(|one| Note::new(one.instance.at, "the function")));
    notes.sort();
    notes.dedup_by_key(|note| note.span);
    Traced::new(Found::Unclear(notes))
}

fn trace(world: &World<'_>, instances: &[Instance<'_>], one: &Fitting<'_, '_>, wanted: Wanted) -> Traced {
    let instance = one.instance;
    let block = &instance.block;
    let several = instance.many || instance.copies > 1;
    let attribute = instances::argument(block, property(wanted));
    if let Some(ignored) = ignored(block, argument(wanted)) {
        return Traced::unclear(ignored, "Terraform is told to ignore changes of it");
    }
    let (value, trail) = literal(world, instance, &one.known, wanted);
    let Some((value, attribute)) = value.zip(attribute) else {
        let source = block.attribute("source").and_then(|source| source.value.text());
        // The module decides what nothing means, and what its arguments are.
        let is_known = source.is_none_or(is_known_source);
        let own = insert::into_block(world.tree, block, argument(wanted), &new_value(wanted))
            .filter(|_| is_known && !several);
        let traced = Traced::new(Found::Absent).own(own);
        if several {
            return Traced::unclear(
                users::header(block.block),
                "makes several functions, and has no value of its own for one of them",
            );
        }
        return traced;
    };
    let site = attribute.span;
    let own_text = own_text(&trail, wanted);
    let own = trail
        .own
        .as_ref()
        .and_then(|own| insert::own(world.tree, world.files, own, &own_text));
    let place = match &value {
        Value::Text(pattern, Some(span)) if pattern.known_text().is_some_and(|text| wanted.is_kind_of(text)) => *span,
        Value::Null(Some(span)) if !matches!(wanted, Wanted::Arch(_)) => *span,
        Value::Absent => return Traced::new(Found::Absent).own(own),
        Value::Null(_) => return Traced::unclear(site, "is null"),
        Value::Text(..) => return unclear(site, attribute.value.span, "is known at deployment only"),
        Value::Unknown(span, why) => return unclear(site, *span, why),
        _ => return unclear(site, attribute.value.span, "is not one value"),
    };
    let text = world.tree.slice(place);
    let bare = text.trim_matches(['"', '\'']);
    let same = wanted.is(bare);
    let splice = Splice {
        span: place,
        text: match text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            Some(quote) => format!("{quote}{}{quote}", wanted.text()),
            None => wanted.text(),
        },
    };
    let mut traced = Traced::new(if same { Found::Same(place) } else { Found::Other(splice) }).own(own);
    if same {
        return traced;
    }
    traced.rules = rules::broken(world, &trail, place, wanted);
    traced.users = users::of(world, &trail, place);
    let others = other_instances(world, instances, one, wanted, place, traced.own.is_some());
    traced.users.extend(others);
    if several && !trail.by_each && traced.users.is_empty() {
        traced.users.push(Note::new(
            users::header(block.block),
            "makes several functions of one value",
        ));
    }
    if !traced.users.is_empty() {
        traced.users.push(Note::new(site, "the function's own use of it"));
    }
    traced.users.sort();
    traced.users.dedup_by_key(|note| note.span);
    traced
}

/// A variable may hold the list of architectures, or one of them.
fn own_text(trail: &Trail<'_>, wanted: Wanted) -> String {
    match (&trail.own, wanted) {
        (Some(Own::Entry(..) | Own::Argument(..) | Own::Assignment(..)), Wanted::Arch(_)) => new_value(wanted),
        _ => wanted.text(),
    }
}

/// Where `ignore_changes` names the argument, or all of them.
fn ignored(block: &module::Merged<'_>, argument: &str) -> Option<Span> {
    let lifecycles = block
        .blocks()
        .flat_map(|block| &block.body.blocks)
        .filter(|block| block.kind == "lifecycle");
    let ignored = lifecycles.filter_map(|lifecycle| lifecycle.body.attribute("ignore_changes"));
    let names = |expr: &syntax::Expr| {
        matches!(&expr.kind, syntax::Kind::Name(name) if name == argument || name == "all")
            || expr.text() == Some(argument)
    };
    let mut ignored = ignored.filter(|attribute| match &attribute.value.kind {
        syntax::Kind::List(items) => items.iter().any(names),
        _ => names(&attribute.value),
    });
    ignored.next().map(|attribute| attribute.span)
}

fn unclear(site: Span, place: Span, why: &str) -> Traced {
    let mut notes = vec![Note::new(site, format!("the value {why}"))];
    if !site.holds(place) {
        notes.push(Note::new(place, format!("this {why}")));
    }
    Traced::new(Found::Unclear(notes))
}

/// Other functions that take the literal at `place`.
fn other_instances(
    world: &World<'_>,
    instances: &[Instance<'_>],
    one: &Fitting<'_, '_>,
    wanted: Wanted,
    place: Span,
    has_own: bool,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mine = one.instance;
    for other in instances {
        let is_itself = other.address == mine.address && other.root == mine.root && other.values == mine.values;
        if is_itself {
            continue;
        }
        // The same definition with another file of values is another function only if its name is another.
        // A link to a file is the file once more.
        let same_definition = other.address == mine.address && (other.root == mine.root || other.at == mine.at);
        let same_root = other.root == mine.root;
        let is_same = (same_root && other.values.is_none()) || name(world, other) == name(world, mine);
        // Another stage of the definition counts where this one can have a value of its own.
        if same_definition && (is_same || !has_own) {
            continue;
        }
        let nothing = Known::new();
        let known = if same_definition { &nothing } else { &one.known };
        let (value, _) = literal(world, other, known, wanted);
        if let Some(Value::Text(_, Some(span)) | Value::Null(Some(span))) = value
            && span == place
        {
            notes.push(Note::new(other.at, format!("{} takes the same value", other.address)));
        }
    }
    notes.sort();
    notes.dedup_by_key(|note| note.span);
    notes
}
