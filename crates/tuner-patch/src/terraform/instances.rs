//! Every function that a configuration makes: each call of a module, each entry of a `for_each`, each file of values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::module::{self, Files, Merged, Module};
use super::scope::{Giver, Reader, Scope, Thunk, Value};
use super::syntax::{Attribute, Block, Expr, Kind, Step};
use super::terragrunt;
use crate::name::{Known, Pattern};
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// Functions that are looked at; a tree with more is not one of configuration.
const MOST: usize = 50_000;
/// Modules within modules.
const DEEPEST: usize = 12;
/// Copies of one resource.
const MOST_COPIES: u32 = 1_000;

/// One function.
pub(super) struct Instance<'a> {
    pub(super) scope: Rc<Scope<'a>>,
    pub(super) block: Rc<Merged<'a>>,
    /// The outermost block that makes it: a call in a root module, or the resource itself.
    pub(super) at: Span,
    pub(super) address: String,
    /// There are others from the same block, and the tree does not say which.
    pub(super) many: bool,
    /// Copies that the tree does count.
    pub(super) copies: usize,
    /// Where the root module is, and the file of values that is named at deployment.
    pub(super) root: PathBuf,
    pub(super) values: Option<FileId>,
}

/// The whole of a tree's configuration.
pub(super) struct World<'a> {
    pub(super) tree: &'a Tree,
    pub(super) files: &'a Files,
    pub(super) modules: &'a BTreeMap<PathBuf, Module<'a>>,
    /// Terragrunt's files, for their locals.
    pub(super) units: &'a BTreeMap<FileId, Module<'a>>,
}

/// Where a module stands below its root.
struct Below {
    at: Option<Span>,
    address: String,
    many: bool,
    copies: usize,
    chain: Vec<PathBuf>,
    root: PathBuf,
    values: Option<FileId>,
}

impl<'a> World<'a> {
    pub(super) fn decoded(&self, module: &Module<'a>, relative: &str) -> Option<&'a Expr> {
        let file = self.tree.beside(&module.folder, relative)?;
        self.files.decoded.get(&file)
    }

    pub(super) fn reader<'k>(
        &self,
        known: &'k Known,
        files: &'k dyn Fn(&Module<'a>, &str) -> Option<&'a Expr>,
    ) -> Reader<'a, 'k> {
        Reader {
            known,
            trail: std::cell::RefCell::default(),
            files,
        }
    }

    pub(super) fn instances(&self) -> Vec<Instance<'a>> {
        let called = self.called();
        let mut out = Vec::new();
        let live = terragrunt::read(self);
        for unit in &live {
            let Some(module) = self.modules.get(&unit.module) else {
                continue;
            };
            let scope = Scope {
                module,
                inputs: unit.inputs.clone(),
                names: BTreeMap::new(),
                count: None,
                path: format!("{}:", unit.folder.display()),
                giver: unit.own.map_or(Giver::Nobody, Giver::Object),
            };
            let below = Below {
                at: Some(unit.at),
                address: format!("{}:", unit.folder.display()),
                many: false,
                copies: 1,
                chain: vec![module.folder.clone()],
                root: unit.folder.clone(),
                values: None,
            };
            self.module(&Rc::new(scope), &below, &mut out);
        }
        for (folder, module) in self.modules {
            if called.contains(folder) || live.iter().any(|unit| unit.module == *folder) {
                continue;
            }
            let named = self.named_values(module);
            for values in std::iter::once(None).chain(named.into_iter().map(Some)) {
                let below = Below {
                    at: None,
                    address: String::new(),
                    many: false,
                    copies: 1,
                    chain: vec![folder.clone()],
                    root: folder.clone(),
                    values,
                };
                self.module(&self.root_scope(module, values), &below, &mut out);
            }
        }
        out
    }

    /// Folders that others call as modules.
    fn called(&self) -> BTreeSet<PathBuf> {
        let mut called = BTreeSet::new();
        for (folder, module) in self.modules {
            for call in module.calls.values() {
                if let Some(target) = self.local_source(folder, call) {
                    called.insert(target);
                }
            }
        }
        // A folder that only calls itself, or a ring of folders, is a root all the same.
        if called.len() == self.modules.len() {
            called.clear();
        }
        called
    }

    pub(super) fn local_source(&self, folder: &Path, call: &Merged<'_>) -> Option<PathBuf> {
        let source = call.attribute("source")?.value.text()?;
        if !source.starts_with("./") && !source.starts_with("../") {
            return None;
        }
        let path = self.tree.resolve(folder, source.trim_end_matches('/'))?;
        self.modules.contains_key(&path).then_some(path)
    }

    /// Files of values that are named at deployment.
    fn named_values(&self, module: &Module<'a>) -> Vec<FileId> {
        let mut named = Vec::new();
        for (path, file) in &self.files.values {
            let folder = path.parent().unwrap_or(Path::new(""));
            if folder == module.folder && module::is_read_by_itself(path) {
                continue;
            }
            let Some(body) = self.files.bodies.get(file) else {
                continue;
            };
            let own_folder = folder == module.folder;
            let elsewhere = !self.files.has_configuration(folder);
            let declared = body
                .attributes
                .iter()
                .any(|value| module.variables.contains_key(value.name.as_str()));
            // The root module that is nearest above takes it.
            let nearer = |other: &&PathBuf| {
                folder.starts_with(other) && other.starts_with(&module.folder) && **other != module.folder
            };
            let has_nearer = folder.starts_with(&module.folder) && self.modules.keys().any(|other| nearer(&other));
            let above = self.modules.keys().any(|other| folder.starts_with(other));
            let fits = folder.starts_with(&module.folder) || !above;
            if declared && (own_folder || (elsewhere && fits && !has_nearer)) && !named.contains(file) {
                named.push(*file);
            }
        }
        named
    }

    fn root_scope(&self, module: &'a Module<'a>, values: Option<FileId>) -> Rc<Scope<'a>> {
        let empty = Rc::new(Scope {
            module,
            inputs: BTreeMap::new(),
            names: BTreeMap::new(),
            count: None,
            path: String::new(),
            giver: Giver::Nobody,
        });
        let in_folder = |path: &Path| path.parent() == Some(module.folder.as_path());
        let mut read: Vec<&(PathBuf, FileId)> = (self.files.values.iter())
            .filter(|(path, _)| in_folder(path) && module::is_read_by_itself(path))
            .collect();
        read.sort_by_key(|(path, _)| module::order(path));
        let mut inputs = BTreeMap::new();
        for file in read.into_iter().map(|(_, file)| *file).chain(values) {
            for value in self
                .files
                .bodies
                .get(&file)
                .into_iter()
                .flat_map(|body| &body.attributes)
            {
                let thunk = Thunk {
                    expr: &value.value,
                    scope: empty.clone(),
                };
                inputs.insert(value.name.clone(), thunk);
            }
        }
        Rc::new(Scope {
            module,
            inputs,
            names: BTreeMap::new(),
            count: None,
            path: format!("{}:", module.folder.display()),
            giver: values.map_or(Giver::Nobody, Giver::Values),
        })
    }

    fn module(&self, scope: &Rc<Scope<'a>>, below: &Below, out: &mut Vec<Instance<'a>>) {
        let module = scope.module;
        for ((kind, name), resource) in &module.resources {
            if *kind == "aws_lambda_function" {
                self.copies(scope, resource, below, &format!("{kind}.{name}"), out);
            }
        }
        for (name, call) in &module.calls {
            let address = format!("module.{name}");
            match self.local_source(&module.folder, call) {
                Some(target) => self.call(scope, call, &target, below, &address, out),
                None if is_function_call(call) => self.copies(scope, call, below, &address, out),
                None => {}
            }
        }
    }

    fn call(
        &self,
        scope: &Rc<Scope<'a>>,
        call: &Merged<'a>,
        target: &Path,
        below: &Below,
        address: &str,
        out: &mut Vec<Instance<'a>>,
    ) {
        let Some(module) = self.modules.get(target) else {
            return;
        };
        if below.chain.len() >= DEEPEST || below.chain.iter().any(|folder| folder == target) {
            return;
        }
        let copies = self.spread(scope, call);
        for copy in &copies {
            if out.len() >= MOST {
                return;
            }
            let mut inputs = BTreeMap::new();
            for block in call.blocks() {
                for argument in &block.body.attributes {
                    let thunk = Thunk {
                        expr: &argument.value,
                        scope: copy.scope.clone(),
                    };
                    inputs.insert(argument.name.clone(), thunk);
                }
            }
            let inner = Scope {
                module,
                inputs,
                names: BTreeMap::new(),
                count: None,
                path: format!("{}{address}{}.", scope.path, copy.label),
                giver: Giver::Call(call.block),
            };
            let mut chain = below.chain.clone();
            chain.push(target.to_path_buf());
            let inner_below = Below {
                at: below.at.or(Some(module::header(call.block))),
                address: format!("{}{address}{}.", below.address, copy.label),
                many: below.many || copy.many,
                copies: below.copies * copies.len(),
                chain,
                root: below.root.clone(),
                values: below.values,
            };
            self.module(&Rc::new(inner), &inner_below, out);
        }
    }

    fn copies(
        &self,
        scope: &Rc<Scope<'a>>,
        block: &Merged<'a>,
        below: &Below,
        address: &str,
        out: &mut Vec<Instance<'a>>,
    ) {
        let copies = self.spread(scope, block);
        let shared = Rc::new(block.clone());
        for copy in &copies {
            if out.len() >= MOST {
                return;
            }
            out.push(Instance {
                scope: copy.scope.clone(),
                block: shared.clone(),
                at: below.at.unwrap_or_else(|| module::header(block.block)),
                address: format!("{}{address}{}", below.address, copy.label),
                many: below.many || copy.many,
                copies: below.copies * copies.len(),
                root: below.root.clone(),
                values: below.values,
            });
        }
    }

    /// The copies that `for_each` and `count` make of a block.
    fn spread(&self, scope: &Rc<Scope<'a>>, block: &Merged<'a>) -> Vec<Copy<'a>> {
        let known = Known::new();
        let files = |module: &Module<'a>, path: &str| self.decoded(module, path);
        let reader = self.reader(&known, &files);
        let single = |label: String, many: bool, each: Option<(Value<'a>, Value<'a>)>, count: Option<String>| {
            let mut names = scope.names.clone();
            if let Some(each) = each {
                names.insert("each".to_owned(), Value::Each(Rc::new(each)));
            }
            Copy {
                label,
                many,
                scope: Rc::new(Scope {
                    module: scope.module,
                    inputs: scope.inputs.clone(),
                    names,
                    count,
                    path: scope.path.clone(),
                    giver: scope.giver,
                }),
            }
        };
        if let Some(each) = block.attribute("for_each") {
            let items: Vec<(Value<'a>, Value<'a>)> = match reader.read(&each.value, scope) {
                Value::Object(entries, _) => (entries.into_iter())
                    .map(|(key, item)| (Value::Text(key, None), reader.item(&item)))
                    .collect(),
                Value::List(items) => (items.iter())
                    .map(|item| (reader.item(item), reader.item(item)))
                    .collect(),
                _ => {
                    let unknown = Value::Unknown(each.span, "is an entry of a collection that the tree does not give");
                    let key = Value::Text(
                        Pattern::hole(format!("{}each.key@{}", scope.path, each.span.start)),
                        None,
                    );
                    return vec![single("[each.key]".to_owned(), true, Some((key, unknown)), None)];
                }
            };
            let label = |key: &Value<'a>| match key {
                Value::Text(text, _) => text
                    .known_text()
                    .map_or("[each.key]".to_owned(), |text| format!("[\"{text}\"]")),
                _ => "[each.key]".to_owned(),
            };
            return items
                .into_iter()
                .map(|each| single(label(&each.0), false, Some(each), None))
                .collect();
        }
        if let Some(count) = block.attribute("count") {
            let number = match reader.read(&count.value, scope) {
                Value::Text(text, _) => text.known_text().and_then(|text| text.parse::<u32>().ok()),
                _ => is_switch(&count.value).then_some(1),
            };
            return match number {
                // One that is switched off here may be switched on elsewhere.
                Some(0 | 1) => vec![single("[0]".to_owned(), false, None, Some("0".to_owned()))],
                Some(number) => (0..number.min(MOST_COPIES))
                    .map(|i| single(format!("[{i}]"), false, None, Some(i.to_string())))
                    .collect(),
                None => vec![single("[count.index]".to_owned(), true, None, None)],
            };
        }
        vec![Copy {
            label: String::new(),
            many: false,
            scope: scope.clone(),
        }]
    }
}

struct Copy<'a> {
    label: String,
    many: bool,
    scope: Rc<Scope<'a>>,
}

/// `count = condition ? 1 : 0`
fn is_switch(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Paren(inner) => is_switch(inner),
        Kind::Conditional(parts) => parts[1..]
            .iter()
            .all(|part| matches!(&part.kind, Kind::Number(n) if n == "0" || n == "1")),
        _ => false,
    }
}

/// A module of elsewhere that makes one function of that name.
fn is_function_call(call: &Merged<'_>) -> bool {
    let source = call
        .attribute("source")
        .and_then(|source| source.value.text())
        .unwrap_or_default();
    let is_part = source
        .trim_start_matches("git::https://")
        .trim_start_matches("https://")
        .contains("//");
    let only_layer = ["create_layer", "create_function"]
        .iter()
        .zip([true, false])
        .any(|(name, value)| {
            let attribute = call.attribute(name);
            attribute.is_some_and(|attribute| matches!(attribute.value.kind, Kind::Bool(is) if is == value))
        });
    let has_size = argument(call, Property::Memory).is_some();
    function_name(call).is_some() && (has_size || !is_part) && !only_layer
}

/// The name of the function that a resource or a call makes.
pub(super) fn function_name<'a>(block: &Merged<'a>) -> Option<&'a Attribute> {
    let source = block
        .attribute("source")
        .and_then(|source| source.value.text())
        .unwrap_or_default();
    let named = ["function_name", "lambda_function_name", "lambda_name"]
        .iter()
        .find_map(|name| block.attribute(name));
    named.or_else(|| block.attribute("name").filter(|_| source.contains("lambda")))
}

/// One of the three values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Memory,
    Timeout,
    Architectures,
}

/// The argument that holds a value; modules of elsewhere have words of their own.
pub(super) fn argument<'a>(block: &Merged<'a>, property: Property) -> Option<&'a Attribute> {
    let names: &[&str] = match property {
        Property::Memory => &[
            "memory_size",
            "memory",
            "memory_mb",
            "memory_size_mb",
            "memory_in_mb",
            "lambda_memory_size",
            "lambda_memory",
        ],
        Property::Timeout => &["timeout", "timeout_seconds", "timeout_in_seconds", "lambda_timeout"],
        Property::Architectures => &["architectures", "architecture", "lambda_architectures"],
    };
    let is_call = block.attribute("source").is_some();
    names
        .iter()
        .take(if is_call { names.len() } else { 1 })
        .find_map(|name| block.attribute(name))
}

/// Modules whose arguments are those of the resource.
pub(super) fn is_known_source(source: &str) -> bool {
    source.contains("terraform-aws-modules/lambda/aws") || source.contains("terraform-aws-modules/terraform-aws-lambda")
}

/// Whether an expression of the block takes `each.value` whole, or this key of it.
pub(super) fn takes_each(block: &Block, key: &str, but: &[Span]) -> bool {
    let mut takes = false;
    module::walk(&block.body, &mut |expr| {
        if let Kind::Traversal(root, steps) = &expr.kind
            && matches!(&root.kind, Kind::Name(name) if name == "each")
            && matches!(steps.first(), Some(Step::Key(first)) if first == "value")
            && !but.contains(&expr.span)
        {
            takes |= match steps.get(1) {
                Some(Step::Key(second)) => second == key,
                _ => true,
            };
        }
    });
    takes
}
