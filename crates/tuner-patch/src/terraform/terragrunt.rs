//! Terragrunt: folders that give inputs to a module.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::instances::World;
use super::scope::{Giver, Scope, Thunk};
use super::syntax::{Body, Expr, Kind};
use crate::span::{FileId, Span};

/// A folder that makes something of a module.
pub(super) struct Unit<'a> {
    pub(super) folder: PathBuf,
    pub(super) module: PathBuf,
    pub(super) inputs: BTreeMap<String, Thunk<'a>>,
    /// Its own object of inputs.
    pub(super) own: Option<&'a Expr>,
    pub(super) at: Span,
}

pub(super) fn read<'a>(world: &World<'a>) -> Vec<Unit<'a>> {
    let mut units = Vec::new();
    for (path, file) in &world.files.terragrunt {
        let folder = path.parent().unwrap_or(Path::new(""));
        let is_unit = path.file_name().is_some_and(|name| name == "terragrunt.hcl");
        let Some(body) = world.files.bodies.get(file).filter(|_| is_unit) else {
            continue;
        };
        let above = included(world, folder, body);
        let source = std::iter::once(body)
            .chain(above.iter().map(|(_, body)| *body))
            .find_map(source);
        let module = match source {
            Some(source) => world
                .tree
                .resolve(folder, source.trim_end_matches('/').replace("//", "/").as_str()),
            None => Some(folder.to_path_buf()),
        };
        let Some(module) = module.filter(|module| world.modules.contains_key(module)) else {
            continue;
        };
        let mut inputs = BTreeMap::new();
        // Later ones win: the folder's own values.
        for part in above.iter().rev().map(|(_, body)| *body).chain([body]) {
            give(world, part, &mut inputs);
        }
        let own = body
            .attribute("inputs")
            .map(|inputs| &inputs.value)
            .filter(|value| matches!(value.kind, Kind::Object(_)));
        units.push(Unit {
            folder: folder.to_path_buf(),
            module,
            inputs,
            own,
            at: own.map_or(Span::new(*file, 0..0), |own| own.span),
        });
    }
    units
}

fn source(body: &Body) -> Option<&str> {
    let source = &body.block("terraform")?.body.attribute("source")?.value;
    let text = source.text()?;
    (text.starts_with('.')).then_some(text)
}

/// The files that are put under this one: `include { path = find_in_parent_folders() }`.
fn included<'a>(world: &World<'a>, folder: &Path, body: &'a Body) -> Vec<(FileId, &'a Body)> {
    let mut found = Vec::new();
    for include in body.blocks.iter().filter(|block| block.kind == "include") {
        let Some(path) = include.body.attribute("path") else {
            continue;
        };
        let file = match &path.value.kind {
            Kind::Call(name, arguments) if name == "find_in_parent_folders" => {
                let named = arguments.first().and_then(Expr::text);
                folder.ancestors().skip(1).find_map(|above| {
                    let names: Vec<&str> = named.map_or_else(|| vec!["terragrunt.hcl", "root.hcl"], |name| vec![name]);
                    names.iter().find_map(|name| world.tree.find(&above.join(name)))
                })
            }
            _ => path.value.text().and_then(|text| world.tree.beside(folder, text)),
        };
        if let Some(file) = file
            && let Some(body) = world.files.bodies.get(&file)
        {
            found.push((file, body));
        }
    }
    found
}

fn give<'a>(world: &World<'a>, body: &'a Body, inputs: &mut BTreeMap<String, Thunk<'a>>) {
    let Some(attribute) = body.attribute("inputs") else {
        return;
    };
    let Kind::Object(entries) = &attribute.value.kind else {
        return;
    };
    // Locals of a file are read as those of a module of one file.
    let Some(module) = world.units.get(&attribute.span.file) else {
        return;
    };
    let scope = Rc::new(Scope {
        module,
        inputs: BTreeMap::new(),
        names: BTreeMap::new(),
        count: None,
        path: format!("{}:", attribute.span.file),
        giver: Giver::Nobody,
    });
    for entry in entries {
        if let super::syntax::Key::Word(word) = &entry.key {
            let thunk = Thunk {
                expr: &entry.value,
                scope: scope.clone(),
            };
            inputs.insert(word.clone(), thunk);
        }
    }
}
