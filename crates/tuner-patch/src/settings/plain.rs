//! Files in which a mapping holds a function's name beside its values.

use std::rc::Rc;

use super::{Layer, layered, root};
use crate::data::Node;
use crate::model::{Candidate, Target, Tool, Wanted};
use crate::name::{Letters, Part, Pattern};
use crate::span::Span;
use crate::tree::Tree;

/// One function of such a file.
struct Found {
    tool: Tool,
    name: Pattern,
    address: String,
    at: Span,
    map: Rc<Node>,
    /// Memory, time-out, architecture.
    keys: [&'static str; 3],
}

pub(super) fn candidates<'a>(tree: &'a Tree, target: &Target, out: &mut Vec<Candidate<'a>>) {
    for (file, _) in tree.files() {
        let mut found = Vec::new();
        let name = tree.name(file).to_ascii_lowercase();
        let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        if name.starts_with("aws-lambda-tools-defaults") && name.ends_with(".json") {
            dotnet(tree, file, &mut found);
        } else if name.starts_with("function") && name.ends_with(".json") {
            lambroll(tree, file, &mut found);
        } else if is_yaml && (name.starts_with("pulumi.") || name.starts_with("main.")) {
            pulumi(tree, file, &mut found);
        }
        if is_yaml {
            ansible(tree, file, &mut found);
        }
        for Found {
            tool,
            name,
            address,
            at,
            map,
            keys,
        } in found
        {
            if let Some((certainty, _)) = Candidate::certainty(&name, &target.function) {
                out.push(Candidate {
                    tool,
                    address,
                    at,
                    certainty,
                    trace: Box::new(move |wanted| {
                        let key = match wanted {
                            Wanted::Memory(_) => keys[0],
                            Wanted::Timeout(_) => keys[1],
                            Wanted::Arch(_) => keys[2],
                        };
                        let layer = Layer {
                            map: map.clone(),
                            users: Vec::new(),
                        };
                        layered(tree, &[layer], Some(&map), key, wanted)
                    }),
                });
            }
        }
    }
}

fn contains(tree: &Tree, file: usize, word: &str) -> bool {
    tree.text(file)
        .is_some_and(|text| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// A name in which `open` and `close` stand around what the deployment fills in.
fn template(text: &str, open: &str, close: &str) -> Pattern {
    let mut pattern = Pattern::default();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let Some(end) = rest[start..].find(close) else { break };
        pattern.push(Part::Text(rest[..start].to_owned()));
        pattern.push(Part::Hole(rest[start..start + end].to_owned()));
        rest = &rest[start + end + close.len()..];
    }
    pattern.push(Part::Text(rest.to_owned()));
    pattern
}

fn dotnet(tree: &Tree, file: usize, found: &mut Vec<Found>) {
    let Some(map) = root(tree, file) else { return };
    let Some(name) = map.get("function-name") else { return };
    found.push(Found {
        tool: Tool::DotnetLambda,
        name: Pattern::text(name.node.text().unwrap_or_default()),
        address: name.node.text().unwrap_or_default().to_owned(),
        at: name.key_span,
        map,
        keys: ["function-memory-size", "function-timeout", "function-architecture"],
    });
}

fn lambroll(tree: &Tree, file: usize, found: &mut Vec<Found>) {
    if !contains(tree, file, "FunctionName") {
        return;
    }
    let Some(map) = root(tree, file) else { return };
    let Some(name) = map.get("FunctionName") else { return };
    let text = name.node.text().unwrap_or_default();
    found.push(Found {
        tool: Tool::Lambroll,
        name: template(text, "{{", "}}"),
        address: text.to_owned(),
        at: name.key_span,
        map,
        keys: ["MemorySize", "Timeout", "Architectures"],
    });
}

fn pulumi(tree: &Tree, file: usize, found: &mut Vec<Found>) {
    if !contains(tree, file, "aws:lambda") {
        return;
    }
    let Some(root) = root(tree, file) else { return };
    for entry in root
        .get("resources")
        .iter()
        .flat_map(|got| got.node.map())
        .flat_map(|map| &map.entries)
    {
        let kind = entry.value.text_at(&["type"]).unwrap_or_default();
        if !matches!(kind.as_str(), "aws:lambda:Function" | "aws:lambda/function:Function") {
            continue;
        }
        let Some(map) = entry.value.at(&["properties"]).map(|got| got.node) else {
            continue;
        };
        let name = match map.text_at(&["name"]) {
            Some(name) => template(&name, "${", "}"),
            None => {
                let mut pattern = Pattern::text(format!("{}-", entry.key));
                pattern.push(Part::Random(Letters::Hex, 7, 7));
                pattern
            }
        };
        found.push(Found {
            tool: Tool::Pulumi,
            name,
            address: entry.key.clone(),
            at: entry.key_span,
            map,
            keys: ["memorySize", "timeout", "architectures"],
        });
    }
}

fn ansible(tree: &Tree, file: usize, found: &mut Vec<Found>) {
    const MODULES: [&str; 3] = ["amazon.aws.lambda", "community.aws.lambda", "lambda"];
    if !(contains(tree, file, "lambda:") && contains(tree, file, "name:") && contains(tree, file, "handler:")) {
        return;
    }
    for document in tree.data(file).unwrap_or_default() {
        document.walk(&mut |node| {
            for entry in node.map().into_iter().flat_map(|map| &map.entries) {
                let map = entry.value.resolved();
                let is_task = MODULES.contains(&entry.key.as_str()) && map.get("handler").is_some();
                if let (true, Some(name)) = (is_task, map.text_at(&["name"])) {
                    found.push(Found {
                        tool: Tool::Ansible,
                        name: template(&name, "{{", "}}"),
                        address: name,
                        at: entry.key_span,
                        map,
                        keys: ["memory_size", "timeout", "architecture"],
                    });
                }
            }
        });
    }
}
