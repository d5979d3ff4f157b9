//! Folders of Terraform files: what each declares, after the override files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::json;
use super::syntax::{self, Attribute, Block, Body, Expr, Kind, Piece};
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// A block with what override files put over it.
#[derive(Debug, Clone)]
pub(super) struct Merged<'a> {
    pub(super) block: &'a Block,
    /// The last ones win.
    over: Vec<&'a Block>,
}

impl<'a> Merged<'a> {
    pub(super) fn attribute(&self, name: &str) -> Option<&'a Attribute> {
        let over = self.over.iter().rev().find_map(|block| block.body.attribute(name));
        over.or_else(|| self.block.body.attribute(name))
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = &'a Block> + '_ {
        std::iter::once(self.block).chain(self.over.iter().copied())
    }
}

/// What a folder declares.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    pub(super) folder: PathBuf,
    pub(super) variables: BTreeMap<&'a str, Merged<'a>>,
    pub(super) locals: BTreeMap<&'a str, &'a Attribute>,
    pub(super) resources: BTreeMap<(&'a str, &'a str), Merged<'a>>,
    pub(super) calls: BTreeMap<&'a str, Merged<'a>>,
    /// Every block, for what refers to what.
    pub(super) blocks: Vec<&'a Block>,
}

/// All files of Terraform's kinds, read.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) bodies: BTreeMap<FileId, Body>,
    /// Folder, name and file of all that declares something, links among them.
    configuration: BTreeMap<PathBuf, Vec<(String, FileId)>>,
    /// The same of files of values.
    pub(super) values: Vec<(PathBuf, FileId)>,
    pub(super) terragrunt: Vec<(PathBuf, FileId)>,
    /// Data files that `yamldecode` and `jsondecode` may name.
    pub(super) decoded: BTreeMap<FileId, Expr>,
}

impl Files {
    /// Reads them; nothing where there is no configuration at all.
    pub(super) fn read(tree: &Tree) -> Self {
        let mut files = Self::default();
        for (path, id) in tree.paths() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
            let is_values = name.ends_with(".tfvars") || name.ends_with(".tfvars.json");
            let is_configuration = [".tf", ".tf.json", ".tofu", ".tofu.json"]
                .iter()
                .any(|end| name.ends_with(end));
            if is_values {
                files.values.push((path.to_path_buf(), id));
            } else if is_configuration {
                files
                    .configuration
                    .entry(folder)
                    .or_default()
                    .push((name.to_owned(), id));
            } else if name.ends_with(".hcl") && name != "terragrunt.stack.hcl" {
                files.terragrunt.push((path.to_path_buf(), id));
            } else {
                continue;
            }
            if !files.bodies.contains_key(&id)
                && let Some(body) = read(tree, id, is_values)
            {
                files.bodies.insert(id, body);
            }
        }
        for in_folder in files.configuration.values_mut() {
            // OpenTofu reads `x.tofu` instead of `x.tf`.
            let names: BTreeSet<String> = in_folder.iter().map(|(name, _)| name.clone()).collect();
            in_folder.retain(|(name, _)| {
                let twin = name.strip_suffix(".tf").map(|stem| format!("{stem}.tofu"));
                let twin = twin.or_else(|| name.strip_suffix(".tf.json").map(|stem| format!("{stem}.tofu.json")));
                twin.is_none_or(|twin| !names.contains(&twin))
            });
        }
        files.decode(tree);
        files
    }

    /// Reads the data files that are decoded somewhere.
    fn decode(&mut self, tree: &Tree) {
        let mut names = BTreeSet::new();
        for body in self.bodies.values() {
            walk(body, &mut |expr| {
                if let Kind::Call(name, arguments) = &expr.kind
                    && matches!(name.as_str(), "file" | "templatefile")
                    && let Some(Kind::Text(pieces)) = arguments.first().map(|path| &path.kind)
                    && let Some(Piece::Text(end)) = pieces.last()
                {
                    names.insert(end.rsplit('/').next().unwrap_or(end).to_owned());
                }
            });
        }
        for (file, path) in tree.files() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_data = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
            if is_data
                && names.contains(name)
                && let Some(root) = tree.data(file).and_then(<[_]>::first)
            {
                self.decoded.insert(file, json::expr(root));
            }
        }
    }

    pub(super) fn has_configuration(&self, folder: &Path) -> bool {
        self.configuration.contains_key(folder)
    }

    pub(super) fn modules(&self) -> Vec<Module<'_>> {
        self.configuration
            .iter()
            .map(|(folder, files)| self.module(folder, files))
            .collect()
    }

    pub(super) fn units(&self) -> BTreeMap<FileId, Module<'_>> {
        let unit = |(path, file): &(PathBuf, FileId)| {
            let folder = path.parent().unwrap_or(Path::new(""));
            (*file, self.module(folder, &[("terragrunt.hcl".to_owned(), *file)]))
        };
        self.terragrunt.iter().map(unit).collect()
    }

    fn module(&self, folder: &Path, files: &[(String, FileId)]) -> Module<'_> {
        let mut module = Module {
            folder: folder.to_path_buf(),
            ..Module::default()
        };
        let (over, plain): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| is_override(name));
        for (is_over, (_, id)) in plain
            .into_iter()
            .map(|f| (false, f))
            .chain(over.into_iter().map(|f| (true, f)))
        {
            for block in self.bodies.get(id).into_iter().flat_map(|body| &body.blocks) {
                module.blocks.push(block);
                module.add(block, is_over);
            }
        }
        module
    }
}

impl<'a> Module<'a> {
    fn add(&mut self, block: &'a Block, is_over: bool) {
        let labels: Vec<&str> = block.labels.iter().map(String::as_str).collect();
        match (block.kind.as_str(), labels.as_slice()) {
            ("locals", []) => self
                .locals
                .extend(block.body.attributes.iter().map(|local| (local.name.as_str(), local))),
            ("variable", [name]) => put(&mut self.variables, *name, block, is_over),
            ("module", [name]) => put(&mut self.calls, *name, block, is_over),
            ("resource", [kind, name]) => put(&mut self.resources, (*kind, *name), block, is_over),
            _ => {}
        }
    }

    /// A variable's default.
    pub(super) fn default_of(&self, variable: &str) -> Option<&'a Expr> {
        Some(&self.variables.get(variable)?.attribute("default")?.value)
    }
}

fn put<'a, K: Ord>(map: &mut BTreeMap<K, Merged<'a>>, key: K, block: &'a Block, is_over: bool) {
    match map.get_mut(&key) {
        Some(merged) if is_over => merged.over.push(block),
        // A second declaration is an error of Terraform's; the first is kept.
        Some(_) => {}
        None => {
            map.insert(
                key,
                Merged {
                    block,
                    over: Vec::new(),
                },
            );
        }
    }
}

fn is_override(name: &str) -> bool {
    let stem = ["tf", "tf.json", "tofu", "tofu.json"]
        .iter()
        .find_map(|end| name.strip_suffix(&format!(".{end}")));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

fn read(tree: &Tree, file: FileId, is_values: bool) -> Option<Body> {
    if tree.name(file).ends_with(".json") {
        let root = tree.data(file)?.first()?;
        return Some(if is_values {
            json::values(root)
        } else {
            json::body(root)
        });
    }
    let text = tree.text(file)?;
    match syntax::parse(text, file) {
        Ok(body) => Some(body),
        Err((at, why)) => {
            tree.note(
                file,
                Some(tree.line_of(file, at)),
                why.lines().next().unwrap_or("it does not parse"),
            );
            None
        }
    }
}

/// Calls `visit` for every expression of a body.
pub(super) fn walk<'a>(body: &'a Body, visit: &mut impl FnMut(&'a Expr)) {
    for attribute in &body.attributes {
        attribute.value.walk(visit);
    }
    for block in &body.blocks {
        walk(&block.body, visit);
    }
}

/// Whether Terraform reads the file of values without being told to.
pub(super) fn is_read_by_itself(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    matches!(name, "terraform.tfvars" | "terraform.tfvars.json")
        || name.ends_with(".auto.tfvars")
        || name.ends_with(".auto.tfvars.json")
}

/// The order in which Terraform reads files of values; the last one wins.
pub(super) fn order(path: &Path) -> (u8, String) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let rank = match name {
        "terraform.tfvars" => 0,
        "terraform.tfvars.json" => 1,
        _ => 2,
    };
    (rank, name.to_owned())
}

/// The first line of a block.
pub(super) fn header(block: &Block) -> Span {
    Span {
        end: block.span.start,
        ..block.span
    }
}
