//! Programs that make functions: CDK, Pulumi, SST, Amplify, and services of the Serverless Framework in TypeScript.

mod cdk;
mod others;
mod parse;
mod syntax;
mod value;

use std::path::Path;
use std::rc::Rc;

use self::syntax::{Construction, Expr, Kind, Language, Unit};
use crate::data;
use crate::model::{Candidate, Note, Target};
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// No program written by people is longer.
const LONGEST: usize = 2 << 20;

/// All programs of a tree that may make functions.
pub(crate) struct Code {
    units: Vec<Unit>,
}

/// What was read, with the tree.
pub(crate) struct Program<'p> {
    pub(crate) tree: &'p Tree,
    units: &'p [Unit],
}

impl Code {
    pub(crate) fn read(tree: &Tree) -> Self {
        let mut units = Vec::new();
        let mut rest = Vec::new();
        for (file, path) in tree.files() {
            let Some(language) = language(tree, path) else {
                continue;
            };
            let Some(text) = tree.text(file).filter(|text| text.len() <= LONGEST) else {
                continue;
            };
            let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
            if tells_of_functions(language, &has) {
                units.extend(parse::parse(text, file, language));
            } else if has("new ") || has("const ") || has("Stack") {
                rest.push((file, language));
            }
        }
        // Apps and constants: only where there are functions.
        if !units.is_empty() {
            const MOST: usize = 500;
            for (file, language) in rest.into_iter().take(MOST) {
                if let Some(text) = tree.text(file) {
                    units.extend(parse::parse(text, file, language));
                }
            }
        }
        Self { units }
    }

    pub(crate) fn candidates<'a>(&'a self, tree: &'a Tree, target: &Target) -> Vec<Candidate<'a>> {
        let program = Rc::new(Program {
            tree,
            units: &self.units,
        });
        let mut candidates = cdk::candidates(&program, target);
        candidates.extend(others::candidates(&program, target));
        candidates
    }

    /// The object of a service that is written in TypeScript.
    pub(crate) fn service(&self, tree: &Tree, file: FileId) -> Option<Rc<data::Node>> {
        let unit = self.units.iter().find(|unit| unit.file == file)?;
        let is_service = |expr: &&Expr| match &expr.kind {
            Kind::Object(object) => object.get("service").is_some() && object.get("functions").is_some(),
            _ => false,
        };
        unit.objects.iter().find(is_service).map(|expr| node(tree, expr))
    }
}

/// Whether the file may make functions at all: most are never parsed.
fn tells_of_functions(language: Language, has: &dyn Fn(&str) -> bool) -> bool {
    let tools: &[&str] = match language {
        Language::TypeScript => &[
            "aws-cdk",
            "@pulumi/",
            "sst.aws.",
            "defineFunction",
            "sst/constructs",
            "provider",
        ],
        Language::Python => &["aws_cdk", "pulumi_aws", "pulumi"],
        Language::Java => &["software.amazon.awscdk", "awscdk", "com.pulumi"],
    };
    let is_function = has("Function") || has("functions");
    is_function && tools.iter().any(|tool| has(tool))
}

/// The tokens of a program, comments aside.
pub(crate) fn leaves(path: &Path, text: &str) -> Option<Vec<String>> {
    let language = match path.extension()?.to_str()? {
        "py" => Language::Python,
        "java" => Language::Java,
        _ => Language::TypeScript,
    };
    parse::tokens(text, language)
}

fn language(tree: &Tree, path: &Path) -> Option<Language> {
    let name = path.to_str()?;
    let end = name.rsplit('.').next()?;
    match end {
        "ts" | "mts" => Some(Language::TypeScript),
        "py" => Some(Language::Python),
        "java" => Some(Language::Java),
        "js" | "mjs" | "cjs" => {
            // What a compiler wrote stands beside what it was made of, or beside its declarations.
            let stem = &name[..name.len() - end.len() - 1];
            let twin = |end: &str| {
                let path = Path::new(&format!("{stem}{end}")).to_path_buf();
                tree.find(&path).is_some() || tree.root().join(&path).is_file()
            };
            (![".ts", ".mts", ".tsx", ".d.ts"].iter().any(|end| twin(end))).then_some(Language::TypeScript)
        }
        _ => None,
    }
}

/// An object of a program as data.
fn node(tree: &Tree, expr: &Expr) -> Rc<data::Node> {
    let kind = match &expr.kind {
        Kind::Text(_, Some(bytes)) => data::Kind::Scalar(data::Scalar {
            text: expr.text().unwrap_or_default().to_owned(),
            quoted: true,
            bytes: Some(bytes.clone()),
        }),
        Kind::Number => data::Kind::Scalar(data::Scalar {
            text: tree.slice(expr.span).to_owned(),
            quoted: false,
            bytes: Some(expr.span.range()),
        }),
        Kind::List(items) => data::Kind::List(items.iter().map(|item| node(tree, item)).collect()),
        Kind::Object(object) => data::Kind::Map(data::Map {
            entries: (object.properties.iter())
                .map(|property| data::Entry {
                    key: property.name.clone(),
                    key_span: property.span,
                    value: node(tree, &property.value),
                })
                .collect(),
            flow: true,
        }),
        _ => data::Kind::Code,
    };
    Rc::new(data::Node {
        span: expr.span,
        tag: None,
        kind,
    })
}

impl Program<'_> {
    pub(crate) fn constructions(&self) -> impl Iterator<Item = (&Unit, &Construction)> {
        self.units
            .iter()
            .flat_map(|unit| unit.constructions.iter().map(move |construction| (unit, construction)))
    }

    /// What a name stands for, where it is given one value once.
    pub(crate) fn bound<'s>(&'s self, path: &str, unit: &'s Unit) -> Option<(&'s Unit, &'s Expr)> {
        let path = path.trim_start_matches("this.").trim_start_matches("self.");
        let mut parts = path.split('.');
        let root = parts.next()?;
        let of = |unit: &'s Unit| {
            let mut found = unit.bindings.iter().filter(|binding| binding.name == root);
            match (found.next(), found.next()) {
                (Some(only), None) => Some((unit, &only.value)),
                _ => None,
            }
        };
        let has_own = unit.bindings.iter().any(|binding| binding.name == root);
        let (unit, mut value) = if has_own {
            of(unit)?
        } else {
            let mut others = self
                .units
                .iter()
                .filter(|other| other.file != unit.file && unit.imports.contains(root))
                .filter_map(of);
            let only = others.next()?;
            if others.next().is_some() {
                return None;
            }
            only
        };
        for part in parts {
            let Kind::Object(object) = &value.kind else {
                return None;
            };
            value = &object.get(part)?.value;
        }
        Some((unit, value))
    }

    /// Other uses of a name, in its file and where it is imported.
    pub(crate) fn uses(&self, path: &str, unit: &Unit, mine: Span) -> Vec<Note> {
        let path = path.trim_start_matches("this.").trim_start_matches("self.");
        let root = path.split('.').next().unwrap_or(path);
        let reads = |name: &str| {
            let name = name.trim_start_matches("this.").trim_start_matches("self.");
            let is_below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
            name == path || is_below(name, path) || is_below(path, name)
        };
        let mut uses = Vec::new();
        for other in self.units {
            if other.file != unit.file && !other.imports.contains(root) {
                continue;
            }
            let is_declared = |span: &Span| {
                other
                    .bindings
                    .iter()
                    .any(|binding| binding.name == root && binding.span.start == span.start)
            };
            for (name, span) in other
                .names
                .iter()
                .filter(|(name, span)| reads(name) && *span != mine && !is_declared(span))
            {
                uses.push(Note::new(*span, format!("uses {name}")));
            }
        }
        uses
    }

    /// Files of settings that a call reads: `tryGetContext('memory')`, `config.requireNumber('memory')`.
    pub(crate) fn settings(&self, expr: &Expr) -> Vec<Note> {
        let mut notes = Vec::new();
        self.settings_within(expr, 0, &mut notes);
        notes
    }

    fn settings_within(&self, expr: &Expr, depth: usize, notes: &mut Vec<Note>) {
        let Kind::Call(call) = &expr.kind else { return };
        if depth > 8 {
            return;
        }
        if let Some(key) = call.arguments.first().and_then(Expr::text) {
            for (file, _) in self.tree.files() {
                let name = self.tree.name(file);
                let is_cdk = matches!(name, "cdk.json" | "cdk.context.json")
                    && matches!(call.name(), "tryGetContext" | "try_get_context" | "getContext");
                let is_pulumi = name.starts_with("Pulumi.")
                    && ["get", "require"].iter().any(|start| call.name().starts_with(start));
                let section = match (is_cdk, is_pulumi) {
                    (true, _) => "context",
                    (_, true) => "config",
                    _ => continue,
                };
                let root = self.tree.data(file).and_then(|documents| documents.first().cloned());
                let settings = root.and_then(|root| root.get(section));
                for entry in settings
                    .iter()
                    .flat_map(|got| got.node.map())
                    .flat_map(|map| &map.entries)
                {
                    if entry.key == key || entry.key.rsplit(':').next() == Some(key) {
                        notes.push(Note::new(entry.key_span, "the setting"));
                    }
                }
            }
        }
        for argument in &call.arguments {
            self.settings_within(argument, depth + 1, notes);
        }
    }

    /// The language of a construct's own arguments: `this`, `self`, or a variable that holds a scope.
    pub(crate) fn is_scope(expr: &Expr) -> bool {
        matches!(&expr.kind, Kind::Path(_))
    }
}
