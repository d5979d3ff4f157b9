//! cargo lambda: `package.metadata.lambda` of `Cargo.toml`.

use std::rc::Rc;

use super::{Layer, layered, root};
use crate::data::Node;
use crate::model::{Candidate, Certainty, Note, Target, Tool, Traced, Wanted};
use crate::span::Span;
use crate::tree::Tree;

pub(super) fn candidates<'a>(tree: &'a Tree, target: &Target, out: &mut Vec<Candidate<'a>>) {
    for (file, _) in tree.files() {
        if tree.name(file) != "Cargo.toml" {
            continue;
        }
        let Some(text) = tree.text(file) else { continue };
        if memchr::memmem::find(text.as_bytes(), b"lambda").is_none() {
            continue;
        }
        let Some(root) = root(tree, file) else { continue };
        let Some(metadata) = root.at(&["package", "metadata", "lambda"]) else {
            continue;
        };
        for (name, at) in binaries(&root, &metadata.node) {
            if name != target.function {
                continue;
            }
            let (root, metadata) = (root.clone(), metadata.node.clone());
            out.push(Candidate {
                tool: Tool::CargoLambda,
                address: name.clone(),
                at,
                certainty: Certainty::Sure,
                trace: Box::new(move |wanted| trace(tree, &root, &metadata, &name, at, wanted)),
            });
        }
    }
}

/// The functions of a package: its binaries, or the package itself.
fn binaries(root: &Rc<Node>, metadata: &Rc<Node>) -> Vec<(String, Span)> {
    let mut names: Vec<(String, Span)> = Vec::new();
    let declared = root
        .get("bin")
        .and_then(|got| got.node.list().map(<[_]>::to_vec))
        .unwrap_or_default();
    for bin in &declared {
        if let (Some(name), span) = (bin.text_at(&["name"]), bin.span) {
            names.push((name, span));
        }
    }
    for entry in metadata
        .get("bin")
        .iter()
        .flat_map(|got| got.node.map())
        .flat_map(|map| &map.entries)
    {
        if names.iter().all(|(name, _)| *name != entry.key) {
            names.push((entry.key.clone(), entry.key_span));
        }
    }
    if declared.is_empty()
        && let Some(name) = root.at(&["package", "name"])
        && let Some(text) = name.node.text()
        && names.iter().all(|(other, _)| other != text)
    {
        names.push((text.to_owned(), name.key_span));
    }
    names
}

fn trace(tree: &Tree, root: &Rc<Node>, metadata: &Rc<Node>, name: &str, at: Span, wanted: Wanted) -> Traced {
    let key = match wanted {
        Wanted::Memory(_) => "memory",
        Wanted::Timeout(_) => "timeout",
        Wanted::Arch(_) => return Traced::unclear(at, "cargo lambda chooses the architecture when it builds"),
    };
    let own = metadata.at(&["bin", name, "deploy"]).map(|got| got.node);
    let package = metadata.get("deploy").map(|got| got.node);
    let users: Vec<Note> = (binaries(root, metadata).into_iter())
        .filter(|(other, _)| other != name && metadata.at(&["bin", other, "deploy", key]).is_none())
        .map(|(other, span)| Note::new(span, format!("{other} takes the same value")))
        .collect();
    let alone = users.is_empty();
    let mut layers = Vec::new();
    layers.extend(own.clone().map(|map| Layer { map, users: Vec::new() }));
    layers.extend(package.clone().map(|map| Layer { map, users }));
    let into = own.or_else(|| package.filter(|_| alone));
    layered(tree, &layers, into.as_ref(), key, wanted)
}
