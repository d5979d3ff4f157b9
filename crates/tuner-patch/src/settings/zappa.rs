//! Zappa: `zappa_settings`.

use std::rc::Rc;

use super::{Layer, layered, root};
use crate::data::{Entry, Node};
use crate::model::{Candidate, Certainty, Note, Target, Tool, Traced, Wanted};
use crate::span::Span;
use crate::tree::Tree;

/// Stages that extend each other.
const MOST: usize = 10;

pub(super) fn candidates<'a>(tree: &'a Tree, target: &Target, out: &mut Vec<Candidate<'a>>) {
    for (file, _) in tree.files() {
        let name = tree.name(file);
        if !matches!(
            name,
            "zappa_settings.json" | "zappa_settings.toml" | "zappa_settings.yaml" | "zappa_settings.yml"
        ) {
            continue;
        }
        let Some(root) = root(tree, file) else { continue };
        for stage in root.map().into_iter().flat_map(|map| &map.entries) {
            let project = (chain(&root, &stage.key).iter()).find_map(|map| map.text_at(&["project_name"]));
            let folder = || {
                tree.folder(file)
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default()
                    .to_owned()
            };
            let project = project.unwrap_or_else(folder);
            if slug(&format!("{project}-{}", stage.key)) != target.function {
                continue;
            }
            let (root, key, at) = (root.clone(), stage.key.clone(), stage.key_span);
            out.push(Candidate {
                tool: Tool::Zappa,
                address: stage.key.clone(),
                at,
                certainty: Certainty::Sure,
                trace: Box::new(move |wanted| trace(tree, &root, &key, at, wanted)),
            });
        }
    }
}

/// A stage and those that it extends.
fn chain(root: &Rc<Node>, stage: &str) -> Vec<Rc<Node>> {
    let mut chain: Vec<Rc<Node>> = Vec::new();
    let mut name = stage.to_owned();
    while let Some(got) = root.get(&name) {
        if chain.len() >= MOST || chain.iter().any(|other| other.span == got.node.span) {
            break;
        }
        chain.push(got.node.clone());
        match got.node.text_at(&["extends"]) {
            Some(next) => name = next,
            None => break,
        }
    }
    chain
}

fn trace(tree: &Tree, root: &Rc<Node>, stage: &str, at: Span, wanted: Wanted) -> Traced {
    let key = match wanted {
        Wanted::Memory(_) => "memory_size",
        Wanted::Timeout(_) => "timeout_seconds",
        Wanted::Arch(_) => "architecture",
    };
    let chain = chain(root, stage);
    let takes = |entry: &Entry, map: &Rc<Node>| {
        let others = self::chain(root, &entry.key);
        let first = others.iter().find(|other| other.get(key).is_some());
        entry.key != stage && first.is_some_and(|first| first.span == map.span)
    };
    let layers: Vec<Layer> = (chain.iter())
        .map(|map| Layer {
            map: map.clone(),
            users: (root.map().into_iter().flat_map(|map| &map.entries))
                .filter(|entry| takes(entry, map))
                .map(|entry| Note::new(entry.key_span, format!("{} takes the same value", entry.key)))
                .collect(),
        })
        .collect();
    let mut traced = layered(tree, &layers, chain.first(), key, wanted);
    if !traced.users.is_empty() {
        traced.users.push(Note::new(at, "the stage"));
    }
    traced
}

/// As Zappa writes names: small letters, digits and dashes.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}
