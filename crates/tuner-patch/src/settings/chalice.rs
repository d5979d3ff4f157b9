//! Chalice: `.chalice/config.json`.

use std::rc::Rc;

use super::{Layer, layered, root};
use crate::data::Node;
use crate::model::{Candidate, Certainty, Found, Note, Target, Tool, Traced, Wanted};
use crate::span::Span;
use crate::tree::Tree;

/// The function that serves the API; its name has no part of its own.
const API: &str = "api_handler";

pub(super) fn candidates<'a>(tree: &'a Tree, target: &Target, out: &mut Vec<Candidate<'a>>) {
    for (file, path) in tree.files() {
        if !path.ends_with(".chalice/config.json") {
            continue;
        }
        let Some(root) = root(tree, file) else { continue };
        let Some(app) = root.text_at(&["app_name"]) else {
            continue;
        };
        let stages = root.get("stages");
        for stage in stages
            .iter()
            .flat_map(|got| got.node.map())
            .flat_map(|map| &map.entries)
        {
            let start = format!("{app}-{}", stage.key);
            let function = match target.function.strip_prefix(&start) {
                Some("") => API.to_owned(),
                Some(rest) => match rest.strip_prefix('-') {
                    Some(function) if !function.is_empty() => function.to_owned(),
                    _ => continue,
                },
                None => continue,
            };
            let (root, stage, at) = (root.clone(), stage.value.clone(), stage.key_span);
            let address = format!("{start}:{function}");
            let folder = path
                .parent()
                .and_then(|folder| folder.parent())
                .unwrap_or(std::path::Path::new(""));
            let several = tree
                .find(&folder.join("app.py"))
                .and_then(|file| tree.text(file))
                .is_none_or(makes_several);
            out.push(Candidate {
                tool: Tool::Chalice,
                address,
                at,
                certainty: Certainty::Sure,
                trace: Box::new(move |wanted| trace(tree, &root, &stage, at, &function, several, wanted)),
            });
        }
    }
}

/// Whether an app makes functions beside that of its API.
fn makes_several(app: &str) -> bool {
    ["lambda_function(", "@app.schedule", "@app.on_", "authorizer("]
        .iter()
        .any(|word| app.contains(word))
}

fn trace(
    tree: &Tree,
    root: &Rc<Node>,
    stage: &Rc<Node>,
    at: Span,
    function: &str,
    several: bool,
    wanted: Wanted,
) -> Traced {
    let key = match wanted {
        Wanted::Memory(_) => "lambda_memory_size",
        Wanted::Timeout(_) => "lambda_timeout",
        Wanted::Arch(_) => return Traced::unclear(at, "Chalice does not choose the architecture"),
    };
    let own = stage.at(&["lambda_functions", function]).map(|got| got.node);
    let has_functions = stage.get("lambda_functions").is_some() || root.get("lambda_functions").is_some();
    let alone = function == API && !several && !has_functions;
    let of_stage = if alone {
        Vec::new()
    } else {
        vec![Note::new(at, "all functions of the stage take it")]
    };
    let others: Vec<Note> = (root.get("stages").iter())
        .flat_map(|got| got.node.map())
        .flat_map(|map| &map.entries)
        .filter(|other| other.key_span != at)
        .map(|other| Note::new(other.key_span, "this stage takes the same value"))
        .collect();
    let mut of_all = of_stage.clone();
    of_all.extend(others.iter().cloned());
    let mut layers = Vec::new();
    layers.extend(own.clone().map(|map| Layer { map, users: Vec::new() }));
    layers.push(Layer {
        map: stage.resolved(),
        users: of_stage,
    });
    layers.extend(root.at(&["lambda_functions", function]).map(|got| Layer {
        map: got.node,
        users: others,
    }));
    layers.push(Layer {
        map: root.clone(),
        users: of_all,
    });
    // Without other functions the stage's own value is the function's.
    let own = own.or_else(|| alone.then(|| stage.resolved()));
    let traced = layered(tree, &layers, own.as_ref(), key, wanted);
    if matches!(traced.found, Found::Absent) && traced.own.is_none() {
        return Traced::unclear(at, "has no entry of this function");
    }
    traced
}
