//! Tools that keep a function's settings in a file of their own kind.

mod architect;
mod cargo_lambda;
mod chalice;
mod plain;
mod zappa;

use std::rc::Rc;

use crate::data::Node;
use crate::insert;
use crate::literal;
use crate::model::{Candidate, Found, Note, Target, Traced, Wanted};
use crate::tree::Tree;

/// All functions that can be the one that is looked for.
pub(crate) fn candidates<'a>(tree: &'a Tree, target: &Target) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    architect::candidates(tree, target, &mut candidates);
    // None of the others puts CloudFormation's tags on a function.
    if target.logical_id.is_none() {
        chalice::candidates(tree, target, &mut candidates);
        zappa::candidates(tree, target, &mut candidates);
        cargo_lambda::candidates(tree, target, &mut candidates);
        plain::candidates(tree, target, &mut candidates);
    }
    candidates
}

/// A mapping that may hold the value, and who else takes it from there.
struct Layer {
    map: Rc<Node>,
    users: Vec<Note>,
}

/// The first layer that has the key; a value of its own goes into `own`.
fn layered(tree: &Tree, layers: &[Layer], own: Option<&Rc<Node>>, key: &str, wanted: Wanted) -> Traced {
    let new = || {
        let own = own?;
        // The API's own word takes a list.
        let value = match key.to_ascii_lowercase().as_str() {
            "architectures" => format!("[\"{}\"]", wanted.text()),
            _ => wanted.text(),
        };
        own.get(key)
            .is_none()
            .then(|| insert::into_map(tree, own, key, &value))
            .flatten()
    };
    for layer in layers {
        let Some(got) = layer.map.get(key) else { continue };
        let node = match wanted {
            Wanted::Arch(_) => literal::only_item(&got.node),
            _ => Some(got.node.clone()),
        };
        let Some(found) = node.and_then(|node| literal::found(&node, wanted)) else {
            return Traced::unclear(got.key_span, "is no literal");
        };
        let mut users = layer.users.clone();
        if got.shared {
            users.push(Note::new(got.key_span, "others take the same value by an alias"));
        }
        return Traced::new(found).users(users).own(new());
    }
    Traced::new(Found::Absent).own(new())
}

/// The first document of a file of this name.
fn root(tree: &Tree, file: usize) -> Option<Rc<Node>> {
    tree.data(file)?.first().cloned()
}
