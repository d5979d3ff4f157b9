//! Templates: their functions, and what intrinsic functions stand in them.

use std::rc::Rc;

use crate::data::{Kind, Node};
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// A template of one file.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) file: FileId,
    pub(super) root: Rc<Node>,
    pub(super) functions: Vec<Function>,
    pub(super) nested: Vec<Nested>,
}

/// A function of a template.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) logical_id: String,
    /// The key of the resource.
    pub(super) at: Span,
    pub(super) resource: Rc<Node>,
    /// SAM's own type, which takes from Globals.
    pub(super) is_sam: bool,
    /// What `Fn::ForEach` binds.
    pub(super) bound: Vec<(String, String)>,
    /// The loop, where it makes more than this one.
    pub(super) loop_at: Option<Span>,
}

/// Another template, used as a stack of its own.
#[derive(Debug, Clone)]
pub(super) struct Nested {
    pub(super) logical_id: String,
    pub(super) at: Span,
    pub(super) path: String,
    pub(super) parameters: Option<Rc<Node>>,
}

/// An intrinsic function with its argument.
pub(super) fn intrinsic(node: &Rc<Node>) -> Option<(String, Rc<Node>)> {
    let node = node.resolved();
    if let Some(tag) = &node.tag {
        let bare = Node {
            tag: None,
            ..(*node).clone()
        };
        return Some((tag.clone(), Rc::new(bare)));
    }
    match node.map()?.entries.as_slice() {
        [only] if only.key == "Ref" || only.key == "Condition" => Some((only.key.clone(), only.value.clone())),
        [only] => Some((only.key.strip_prefix("Fn::")?.to_owned(), only.value.clone())),
        _ => None,
    }
}

/// The templates of a tree.
pub(super) fn read(tree: &Tree) -> Vec<Template> {
    let mut templates = Vec::new();
    for (file, path) in tree.files() {
        let name = path.to_string_lossy().to_ascii_lowercase();
        if ![".yaml", ".yml", ".json", ".template"]
            .iter()
            .any(|end| name.ends_with(end))
            || name.ends_with(".tf.json")
        {
            continue;
        }
        let Some(text) = tree.text(file) else {
            continue;
        };
        let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
        let resources = [
            "AWS::Lambda::Function",
            "AWS::Serverless::Function",
            "AWS::CloudFormation::Stack",
            "AWS::Serverless::Application",
        ];
        // What `cdk synth` wrote is no source.
        if !resources.iter().any(|word| has(word)) || has("aws:cdk:path") || has("\"CDKMetadata\"") {
            continue;
        }
        for root in tree.data(file).unwrap_or_default() {
            // The Serverless Framework takes a template's sections below `resources`.
            let within = root
                .at(&["resources"])
                .map(|got| got.node)
                .filter(|node| node.get("Resources").is_some());
            let root = within.as_ref().unwrap_or(root);
            if let Some(resources) = root.get("Resources") {
                templates.push(template(file, root, &resources.node));
            }
        }
    }
    templates
}

fn template(file: FileId, root: &Rc<Node>, resources: &Rc<Node>) -> Template {
    let mut template = Template {
        file,
        root: root.clone(),
        functions: Vec::new(),
        nested: Vec::new(),
    };
    for entry in resources.map().into_iter().flat_map(|map| &map.entries) {
        if entry.key.starts_with("Fn::ForEach::") {
            looped(root, &entry.value.resolved(), &[], &mut template.functions);
        } else {
            resource(&entry.key, entry.key_span, &entry.value, &[], None, &mut template);
        }
    }
    template
}

fn resource(
    id: &str,
    at: Span,
    node: &Rc<Node>,
    bound: &[(String, String)],
    loop_at: Option<Span>,
    out: &mut Template,
) {
    let node = node.resolved();
    match node.text_at(&["Type"]).as_deref() {
        Some(kind @ ("AWS::Lambda::Function" | "AWS::Serverless::Function")) => out.functions.push(Function {
            logical_id: id.to_owned(),
            at,
            resource: node.clone(),
            is_sam: kind == "AWS::Serverless::Function",
            bound: bound.to_vec(),
            loop_at,
        }),
        Some("AWS::CloudFormation::Stack" | "AWS::Serverless::Application") => {
            let path = ["TemplateURL", "Location"]
                .iter()
                .find_map(|key| node.text_at(&["Properties", key]));
            out.nested.push(Nested {
                logical_id: id.to_owned(),
                at,
                path: path.unwrap_or_default(),
                parameters: node.at(&["Properties", "Parameters"]).map(|got| got.node),
            });
        }
        _ => {}
    }
}

/// `Fn::ForEach::X: [Name, [a, b], {'${Name}Function': {...}}]`
fn looped(root: &Rc<Node>, body: &Rc<Node>, outer: &[(String, String)], out: &mut Vec<Function>) {
    let Some([name, collection, block]) = body.list() else {
        return;
    };
    // Loops within loops within loops are not written by people.
    let (Some(name), true) = (name.text(), outer.len() < 3) else {
        return;
    };
    let items = items(root, collection);
    let several = items.len() != 1;
    for item in &items {
        let mut bound = outer.to_vec();
        bound.push((name.to_owned(), item.clone()));
        for entry in block.resolved().map().into_iter().flat_map(|map| &map.entries) {
            let key = fill(&entry.key, &bound);
            if key.starts_with("Fn::ForEach::") {
                looped(root, &entry.value.resolved(), &bound, out);
                continue;
            }
            let mut one = Template {
                file: body.span.file,
                root: root.clone(),
                functions: Vec::new(),
                nested: Vec::new(),
            };
            let loop_at = several.then_some(entry.key_span);
            resource(&key, entry.key_span, &entry.value, &bound, loop_at, &mut one);
            out.append(&mut one.functions);
        }
    }
}

/// The collection of a loop: a list, or a parameter's default.
fn items(root: &Rc<Node>, collection: &Rc<Node>) -> Vec<String> {
    const MOST: usize = 500;
    let collection = collection.resolved();
    if let Some(items) = collection.list() {
        return items
            .iter()
            .take(MOST)
            .filter_map(|item| item.resolved().text().map(str::to_owned))
            .collect();
    }
    let default = match intrinsic(&collection) {
        Some((name, of)) if name == "Ref" => of
            .text()
            .and_then(|name| root.text_at(&["Parameters", name, "Default"])),
        _ => None,
    };
    default
        .map(|list| list.split(',').take(MOST).map(|item| item.trim().to_owned()).collect())
        .unwrap_or_default()
}

fn fill(text: &str, bound: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in bound {
        text = text.replace(&format!("${{{name}}}"), value);
        let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        text = text.replace(&format!("&{{{name}}}"), &letters);
    }
    text
}

impl Function {
    pub(super) fn properties(&self) -> Option<Rc<Node>> {
        self.resource
            .at(&["Properties"])
            .map(|got| got.node)
            .filter(|node| matches!(node.kind, Kind::Map(_)))
    }
}
