//! What is given to a stack's parameters: `samconfig.toml`, files of parameters.

use std::rc::Rc;

use super::template::Template;
use crate::data::{Kind, Node};
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// What one deployment of a template is given.
#[derive(Debug, Clone, Default)]
pub(super) struct Deployment {
    pub(super) stack: Option<String>,
    /// Words of its name; of a file of parameters, which says nothing of a stack, they are all that there is.
    pub(super) words: Vec<String>,
    pub(super) given: Vec<Given>,
}

/// A value that is given to a parameter.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) place: Span,
}

impl Deployment {
    /// Whether its name has a word of this stack's or function's.
    pub(super) fn is_named_in(&self, name: &str) -> bool {
        let mut parts = name.split(['-', '_']).map(str::to_lowercase);
        parts.any(|part| self.words.contains(&part))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Given> {
        self.given.iter().rev().find(|given| given.name == name)
    }
}

/// The words of a name, without those that every such file has.
fn words(name: &str) -> Vec<String> {
    const USUAL: [&str; 11] = [
        "params",
        "parameters",
        "parameter",
        "param",
        "config",
        "configuration",
        "template",
        "stack",
        "default",
        "deploy",
        "settings",
    ];
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_lowercase);
    words
        .filter(|word| !word.is_empty() && !USUAL.contains(&word.as_str()))
        .collect()
}

/// The environments of `samconfig` beside the template, and files of parameters.
pub(super) fn deployments(tree: &Tree, template: &Template) -> Vec<Deployment> {
    let folder = tree.folder(template.file);
    let mut all = Vec::new();
    for name in ["samconfig.toml", "samconfig.yaml", "samconfig.yml"] {
        if let Some(file) = tree.beside(folder, name)
            && let Some(root) = tree.data(file).and_then(<[_]>::first)
        {
            environments(tree, template, root, &mut all);
        }
    }
    for (file, path) in tree.files() {
        let is_near = path
            .parent()
            .is_some_and(|other| other.starts_with(folder) || folder.starts_with(other));
        if is_near && file != template.file && path.extension().is_some_and(|end| end == "json") {
            all.extend(parameter_file(tree, file));
        }
    }
    all
}

fn environments(tree: &Tree, template: &Template, root: &Rc<Node>, all: &mut Vec<Deployment>) {
    for environment in root.map().into_iter().flat_map(|map| &map.entries) {
        let value = |key: &str| {
            let of = |command: &str| environment.value.at(&[command, "parameters", key]);
            of("deploy").or_else(|| of("global")).map(|got| got.node)
        };
        let named = value("template_file").or_else(|| value("template"));
        let named = named
            .as_ref()
            .and_then(|node| node.text())
            .map(|name| name.trim_start_matches("./").to_owned());
        let is_own = match named {
            // The built template is made of this one.
            Some(name) => tree.name(template.file) == name || name.contains(".aws-sam"),
            None => matches!(
                tree.name(template.file),
                "template.yaml" | "template.yml" | "template.json"
            ),
        };
        if !is_own {
            continue;
        }
        let stack = value("stack_name").and_then(|node| node.text().map(str::to_owned));
        let mut given = Vec::new();
        if let Some(node) = value("parameter_overrides") {
            match &node.kind {
                Kind::List(items) => items.iter().for_each(|item| overrides(tree, item, &mut given)),
                _ => overrides(tree, &node, &mut given),
            }
        }
        all.push(Deployment {
            words: words(&environment.key),
            stack,
            given,
        });
    }
}

/// `K=V K="V"` and `ParameterKey=K,ParameterValue=V`, as it stands in the file.
fn overrides(tree: &Tree, node: &Rc<Node>, given: &mut Vec<Given>) {
    if let Some(map) = node.map() {
        for entry in &map.entries {
            if let Some(text) = entry.value.text() {
                given.push(Given {
                    name: entry.key.clone(),
                    text: text.to_owned(),
                    place: entry.value.span,
                });
            }
        }
        return;
    }
    let raw = tree.slice(node.span);
    let is_quote = |c: char| matches!(c, '"' | '\'' | '\\');
    let mut at = 0;
    while let Some(found) = raw[at..].find('=') {
        let sign = at + found;
        let name_start = raw[..sign]
            .rfind(|c: char| c.is_whitespace() || is_quote(c) || c == ',')
            .map_or(0, |before| before + 1);
        let quotes = raw[sign + 1..].len() - raw[sign + 1..].trim_start_matches(is_quote).len();
        let start = sign + 1 + quotes;
        let length = raw[start..]
            .find(|c: char| c.is_whitespace() || is_quote(c))
            .unwrap_or(raw.len() - start);
        let (name, value) = (&raw[name_start..sign], &raw[start..start + length]);
        if name == "ParameterKey" {
            // The value's own sign comes next.
            let (key, rest) = value.split_once(',').unwrap_or((value, ""));
            if let Some(text) = rest.strip_prefix("ParameterValue=") {
                let offset = start + length - text.len();
                given.push(at_raw(node.span, key, text, offset));
            }
        } else if name != "ParameterValue" {
            given.push(at_raw(node.span, name, value, start));
        }
        at = start + length;
    }
}

fn at_raw(span: Span, name: &str, text: &str, offset: usize) -> Given {
    let start = span.start + offset;
    Given {
        name: name.to_owned(),
        text: text.to_owned(),
        place: Span::new(span.file, start..start + text.len()),
    }
}

/// `[{"ParameterKey": K, "ParameterValue": V}]` or `{"Parameters": {K: V}}`.
fn parameter_file(tree: &Tree, file: FileId) -> Option<Deployment> {
    let text = tree.text(file)?;
    let is_list = text.contains("\"ParameterKey\"");
    let is_map = text.contains("\"Parameters\"") && !text.contains("\"Resources\"");
    if !is_list && !is_map {
        return None;
    }
    let root = tree.data(file)?.first()?.clone();
    let place = |node: &Rc<Node>| match &node.kind {
        Kind::Scalar(scalar) => scalar.bytes.clone().map(|bytes| Span::new(file, bytes)),
        _ => None,
    };
    let mut given = Vec::new();
    if is_list {
        let items = root
            .list()
            .map(<[_]>::to_vec)
            .or_else(|| root.get("Parameters")?.node.list().map(<[_]>::to_vec));
        for item in items? {
            let value = item.get("ParameterValue")?.node;
            given.push(Given {
                name: item.text_at(&["ParameterKey"])?,
                text: value.text()?.to_owned(),
                place: place(&value)?,
            });
        }
    } else {
        for entry in &root.get("Parameters")?.node.map()?.entries {
            given.push(Given {
                name: entry.key.clone(),
                text: entry.value.text()?.to_owned(),
                place: place(&entry.value)?,
            });
        }
    }
    Some(Deployment {
        words: words(
            tree.path(file)
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default(),
        ),
        stack: None,
        given,
    })
}
