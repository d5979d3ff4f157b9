//! The Serverless Framework, versions 3 and 4, and its forks.

mod variables;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::variables::{STAGE, Value, Variables};
use crate::data::{Kind, Node};
use crate::insert;
use crate::literal;
use crate::model::{Candidate, Certainty, Found, Note, Target, Tool, Traced, Wanted};
use crate::name::{Known, Part, Pattern};
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// All services of a tree.
pub(crate) struct Serverless {
    services: Vec<Service>,
}

struct Service {
    file: FileId,
    folder: PathBuf,
    root: Rc<Node>,
    functions: Vec<Function>,
}

#[derive(Clone)]
struct Function {
    key: String,
    at: Span,
    /// The value is an alias, or comes from several functions.
    by_alias: bool,
    node: Rc<Node>,
}

impl Serverless {
    pub(crate) fn read(tree: &Tree, code: impl Fn(FileId) -> Option<Rc<Node>>) -> Self {
        let mut services = Vec::new();
        for (file, path) in tree.files() {
            let name = tree.name(file);
            let lower = name.to_ascii_lowercase();
            let is_code = [".ts", ".mts", ".js", ".mjs", ".cjs"]
                .iter()
                .any(|end| lower.ends_with(end));
            let is_data = [".yml", ".yaml", ".json", ".toml"]
                .iter()
                .any(|end| lower.ends_with(end));
            let is_named = lower.starts_with("serverless");
            if !(is_data || is_code && is_named) {
                continue;
            }
            let Some(text) = tree.text(file) else { continue };
            let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
            if !(has("service") && has("provider") && has("functions")) {
                continue;
            }
            let root = if is_code {
                code(file)
            } else {
                tree.data(file).and_then(|documents| documents.first().cloned())
            };
            let Some(root) = root else { continue };
            let is_aws = root
                .text_at(&["provider", "name"])
                .or_else(|| root.text_at(&["provider"]));
            let is_service =
                root.get("service").is_some() && root.get("functions").is_some() && root.get("provider").is_some();
            if !is_service || is_aws.is_some_and(|name| name != "aws" && !name.starts_with("${")) {
                continue;
            }
            let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
            let mut service = Service {
                file,
                folder,
                root,
                functions: Vec::new(),
            };
            service.functions = functions(tree, &service);
            services.push(service);
        }
        Self { services }
    }

    pub(crate) fn candidates<'a>(&'a self, tree: &'a Tree, target: &Target) -> Vec<Candidate<'a>> {
        let mut candidates = Vec::new();
        for service in &self.services {
            for function in &service.functions {
                let Some((certainty, known)) = fits(tree, service, function, target) else {
                    continue;
                };
                candidates.push(Candidate {
                    tool: Tool::Serverless,
                    address: function.key.clone(),
                    at: function.at,
                    certainty,
                    trace: Box::new(move |wanted| {
                        let tracer = Tracer {
                            tree,
                            service,
                            function,
                            variables: variables(tree, service, &known),
                        };
                        tracer.trace(wanted)
                    }),
                });
            }
        }
        candidates
    }
}

fn variables<'v>(tree: &'v Tree, service: &'v Service, known: &'v Known) -> Variables<'v> {
    Variables {
        tree,
        folder: &service.folder,
        root: &service.root,
        known,
        steps: Cell::new(0),
        visited: RefCell::default(),
    }
}

/// The functions of a service: a map, files of them, or a list of both.
fn functions(tree: &Tree, service: &Service) -> Vec<Function> {
    let known = Known::new();
    let variables = variables(tree, service, &known);
    let Some(all) = service.root.get("functions") else {
        return Vec::new();
    };
    let parts = match all.node.list() {
        Some(items) => items.to_vec(),
        None => vec![all.node],
    };
    let mut found = Vec::new();
    for part in parts {
        let Value::Node(part) = variables.follow(&part) else {
            continue;
        };
        for entry in part.map().into_iter().flat_map(|map| &map.entries) {
            let by_alias = matches!(entry.value.kind, Kind::Alias(_));
            if let Value::Node(node) = variables.follow(&entry.value)
                && node.map().is_some()
            {
                found.push(Function {
                    key: entry.key.clone(),
                    at: entry.key_span,
                    by_alias,
                    node,
                });
            }
        }
    }
    found
}

/// Whether it can be the function, and what the name says of the stage.
fn fits(tree: &Tree, service: &Service, function: &Function, target: &Target) -> Option<(Certainty, Known)> {
    let known = Known::new();
    let variables = variables(tree, service, &known);
    let service_name = || {
        let node = service.root.get("service").map(|got| got.node);
        let text = node
            .as_ref()
            .and_then(|node| node.text().map(str::to_owned).or_else(|| node.text_at(&["name"])));
        text.map_or_else(|| Pattern::hole("service"), |text| variables.text(&text))
    };
    let of_stage = || {
        let mut pattern = service_name();
        pattern.push(Part::Text("-".to_owned()));
        pattern.push(Part::Hole(STAGE.to_owned()));
        pattern
    };
    let name = match function.node.text_at(&["name"]) {
        Some(name) => variables.text(&name),
        None => {
            let mut pattern = of_stage();
            pattern.push(Part::Text(format!("-{}", function.key)));
            pattern
        }
    };
    let Some(logical_id) = &target.logical_id else {
        return Candidate::certainty(&name, &target.function);
    };
    if *logical_id != self::logical_id(&function.key) {
        return None;
    }
    let mut known = name.fits(&target.function).map(|fit| fit.known).unwrap_or_default();
    if let Some(stack) = &target.stack {
        let pattern = match service.root.text_at(&["provider", "stackName"]) {
            Some(name) => variables.text(&name),
            None => of_stage(),
        };
        let fit = pattern.fits(stack)?;
        known.extend(fit.known);
    }
    Some((Certainty::Sure, known))
}

/// `list-orders` is `ListDashordersLambdaFunction`.
fn logical_id(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let rest = letters.as_str();
    let id = format!("{first}{rest}").replace('-', "Dash").replace('_', "Underscore");
    format!("{id}LambdaFunction")
}

struct Tracer<'t> {
    tree: &'t Tree,
    service: &'t Service,
    function: &'t Function,
    variables: Variables<'t>,
}

const fn key(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Memory(_) => "memorySize",
        Wanted::Timeout(_) => "timeout",
        Wanted::Arch(_) => "architecture",
    }
}

impl Tracer<'_> {
    fn trace(&self, wanted: Wanted) -> Traced {
        let own = || {
            let value = match wanted {
                Wanted::Arch(arch) if self.is_code(self.function.node.span.file) => format!("'{}'", arch.word()),
                _ => wanted.text(),
            };
            insert::into_map(self.tree, &self.function.node, key(wanted), &value).filter(|_| !self.function.by_alias)
        };
        let mut traced = match self.function.node.get(key(wanted)) {
            Some(got) => {
                let is_own = self
                    .function
                    .node
                    .map()
                    .is_some_and(|map| map.entries.iter().any(|entry| entry.key == key(wanted)));
                self.value(&got.node, got.key_span, wanted)
                    .own(own().filter(|_| !is_own))
            }
            None => match self.service.root.at(&["provider", key(wanted)]) {
                Some(got) => {
                    let mut traced = self.value(&got.node, got.key_span, wanted).own(own());
                    for other in self
                        .service
                        .functions
                        .iter()
                        .filter(|other| other.at != self.function.at)
                    {
                        if other.node.get(key(wanted)).is_none() {
                            traced
                                .users
                                .push(Note::new(other.at, format!("{} takes the same value", other.key)));
                        }
                    }
                    traced
                }
                None => return Traced::new(Found::Absent).own(own()),
            },
        };
        if let Some(place) = traced.place() {
            let mine = self.function.node.span;
            let others: Vec<(String, Span)> = (self.service.functions.iter())
                .filter(|other| other.at != self.function.at)
                .map(|other| (other.key.clone(), other.node.span))
                .collect();
            for root in self.roots(place.file) {
                traced.users.extend(literal::alias_users(&root, place, mine, &others));
            }
            if !traced.users.is_empty() {
                traced.users.push(Note::new(self.function.at, "the function"));
            }
        }
        traced
    }

    fn is_code(&self, file: FileId) -> bool {
        let name = self.tree.name(file);
        [".ts", ".mts", ".js", ".mjs", ".cjs"]
            .iter()
            .any(|end| name.ends_with(end))
    }

    /// The service and the file of the value, whose variables are looked through.
    fn roots(&self, file: FileId) -> Vec<Rc<Node>> {
        let mut roots = vec![self.service.root.clone()];
        let mut files = vec![self.service.file];
        let included = (self.service.functions.iter())
            .map(|function| function.node.span.file)
            .chain([file]);
        for file in included {
            if !files.contains(&file) {
                files.push(file);
                roots.extend(self.tree.data(file).into_iter().flatten().cloned());
            }
        }
        roots
    }

    fn value(&self, node: &Rc<Node>, site: Span, wanted: Wanted) -> Traced {
        let unclear = |span: Span, why: &str| {
            let mut notes = vec![Note::new(site, "the property")];
            if span != site {
                notes.push(Note::new(span, why));
            }
            Traced::new(Found::Unclear(notes))
        };
        if let Some(found) = literal::found(node, wanted) {
            return Traced::new(found);
        }
        let Some(text) = node.text().filter(|text| text.contains("${")) else {
            return unclear(node.span, "is no literal");
        };
        if variables::whole(text).is_none() {
            return unclear(node.span, "is put together from several parts");
        }
        match self.variables.follow(node) {
            Value::Node(found) => match literal::found(&found, wanted) {
                Some(literal) => {
                    let roots = self.roots(found.span.file);
                    // What was gone through on the way is no other user.
                    let mine = self.variables.visited.take();
                    let readers = self.variables.readers(&roots, found.span, &mine);
                    let users = readers.into_iter().map(|span| Note::new(span, "takes the same value"));
                    Traced::new(literal).users(users.collect())
                }
                None => unclear(found.span, "is no literal"),
            },
            Value::Word(word) if wanted.is(&word) => Traced::new(Found::Same(node.span)),
            Value::Word(_) => unclear(node.span, "the value is the last choice of a variable"),
            Value::Open(_) => self.choices(text, site, node.span, wanted),
            Value::Missing => unclear(node.span, "leads to nothing"),
        }
    }

    /// What the deployment chooses from, by its places.
    fn choices(&self, text: &str, site: Span, at: Span, wanted: Wanted) -> Traced {
        let mut notes = vec![Note::new(site, "the deployment decides this variable")];
        // Of `self:custom.memory.${sls:stage}`, the values below `custom.memory`.
        let inner = variables::whole(text).unwrap_or_default();
        let path = inner
            .strip_prefix("self:")
            .and_then(|rest| rest.split("${").next())
            .map(|path| path.trim_end_matches('.'));
        if let Some(path) = path {
            let parts: Vec<&str> = path.split('.').collect();
            if let Some(got) = self.service.root.at(&parts) {
                for entry in got.node.map().into_iter().flat_map(|map| &map.entries) {
                    if literal::found(&entry.value, wanted).is_some() {
                        notes.push(Note::new(entry.key_span, format!("the value of {}", entry.key)));
                    }
                }
            }
        }
        if at != site {
            notes.push(Note::new(at, "the variable"));
        }
        Traced::new(Found::Unclear(notes))
    }
}
