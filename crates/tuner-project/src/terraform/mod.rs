//! Terraform: `aws_lambda_function` with code of this project, and the module `terraform-aws-modules/lambda/aws`. Nothing is
//! asked of Terraform: what only a plan knows is said to be unknown.

mod expressions;
mod module;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

use self::module::{Module, Vars};
use crate::code;
use crate::draft::Draft;
use crate::tree::Tree;
use crate::value::Value;

const MOST_BYTES: u64 = 4 << 20;

/// A block: its labels, attributes, and blocks.
#[derive(Debug, Clone, Default)]
struct Block {
    ident: String,
    labels: Vec<String>,
    attributes: Vec<(String, Expression)>,
    blocks: Vec<Block>,
}

impl Block {
    fn attribute(&self, name: &str) -> Option<&Expression> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    fn block(&self, ident: &str) -> Option<&Self> {
        self.blocks.iter().find(|block| block.ident == ident)
    }

    fn of_body(ident: &str, labels: Vec<String>, body: &Body) -> Self {
        Self {
            ident: ident.to_owned(),
            labels,
            attributes: body
                .attributes()
                .map(|a| (a.key.to_string(), a.value.clone()))
                .collect(),
            blocks: (body.blocks())
                .map(|b| {
                    let labels = b.labels.iter().map(|l| l.as_str().to_owned()).collect();
                    Self::of_body(b.ident.as_str(), labels, &b.body)
                })
                .collect(),
        }
    }
}

/// What the files of a folder say.
type Folders = BTreeMap<PathBuf, Vec<(PathBuf, Block)>>;

pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> (Vec<Draft>, Vec<PathBuf>) {
    let mut folders = Folders::new();
    for file in &tree.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_json = name.ends_with(".tf.json");
        if !is_json && !name.ends_with(".tf") {
            continue;
        }
        let parsed = code::read(file, MOST_BYTES).and_then(|text| match is_json {
            true => of_json(&text),
            false => of_hcl(&text),
        });
        match parsed {
            Ok(block) => {
                let folder = file.parent().unwrap_or(Path::new(".")).to_owned();
                folders.entry(folder).or_default().push((file.clone(), block));
            }
            Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(file))),
        }
    }
    // A folder that another one calls as a module is no configuration of its own.
    let called: BTreeSet<PathBuf> = (folders.iter())
        .flat_map(|(folder, files)| {
            files
                .iter()
                .flat_map(move |(_, top)| module::local_sources(folder, top))
        })
        .collect();
    let (mut drafts, mut covered) = (Vec::new(), Vec::new());
    for folder in folders.keys().filter(|folder| !called.contains(*folder)) {
        let found = Module::new(folder, folder, &folders, tfvars(folder, tree, notes), None).drafts(0);
        if !found.is_empty() {
            covered.push(folder.clone());
        }
        drafts.extend(found);
    }
    (drafts, covered)
}

fn of_hcl(text: &str) -> Result<Block, String> {
    let body: Body = text
        .trim_start_matches('\u{feff}')
        .parse()
        .map_err(|e: hcl_edit::parser::Error| {
            format!(
                "line {}, column {}: {}",
                e.location().line(),
                e.location().column(),
                e.message()
            )
        })?;
    Ok(Block::of_body("", Vec::new(), &body))
}

/// The same in JSON: an object is a block by its labels, and an attribute.
/// <https://developer.hashicorp.com/terraform/language/syntax/json>
fn of_json(text: &str) -> Result<Block, String> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut top = Block::default();
    for (ident, value) in json.as_object().into_iter().flatten() {
        let labels = match ident.as_str() {
            "resource" | "data" => 2,
            "module" | "variable" | "output" | "provider" => 1,
            _ => 0,
        };
        labelled(ident, &mut Vec::new(), labels, value, &mut top.blocks);
    }
    Ok(top)
}

fn labelled(ident: &str, labels: &mut Vec<String>, left: usize, value: &serde_json::Value, into: &mut Vec<Block>) {
    if let Some(items) = value.as_array() {
        for item in items {
            labelled(ident, labels, left, item, into);
        }
        return;
    }
    let Some(map) = value.as_object() else { return };
    if left > 0 {
        for (label, value) in map {
            labels.push(label.clone());
            labelled(ident, labels, left - 1, value, into);
            labels.pop();
        }
        return;
    }
    let mut block = Block {
        ident: ident.to_owned(),
        labels: labels.clone(),
        ..Block::default()
    };
    for (key, value) in map {
        // JSON is an HCL expression, templates in its texts included.
        if let Ok(expression) = value.to_string().parse::<Expression>() {
            block.attributes.push((key.clone(), expression));
        }
        if value.is_object()
            || value
                .as_array()
                .is_some_and(|items| items.iter().all(serde_json::Value::is_object))
        {
            labelled(key, &mut Vec::new(), 0, value, &mut block.blocks);
        }
    }
    into.push(block);
}

/// `terraform.tfvars` and `*.auto.tfvars` of a folder, the later ones winning.
/// <https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence>
fn tfvars(folder: &Path, tree: &Tree, notes: &mut Vec<String>) -> Vars {
    let name_of = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut files: Vec<&PathBuf> = (tree.files.iter())
        .filter(|f| f.parent() == Some(folder))
        .filter(|f| {
            let name = name_of(f);
            let name = name.strip_suffix(".json").unwrap_or(&name);
            name == "terraform.tfvars" || name.ends_with(".auto.tfvars")
        })
        .collect();
    files.sort_by_key(|file| (name_of(file).contains(".auto."), name_of(file)));
    let mut vars = Vars::new();
    for file in files {
        let parsed =
            code::read(file, MOST_BYTES).and_then(|text| match file.extension().is_some_and(|e| e == "json") {
                true => Ok(Value::of_json(&text)?.entries().to_vec()),
                false => {
                    let block = of_hcl(&text)?;
                    let plain = |e: &Expression| expressions::constant(e).ok();
                    Ok(block
                        .attributes
                        .iter()
                        .filter_map(|(key, e)| Some((key.clone(), plain(e)?)))
                        .collect())
                }
            });
        match parsed {
            Ok(pairs) => vars.extend(pairs.into_iter().map(|(key, value)| (key, Ok(value)))),
            Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(file))),
        }
    }
    vars
}
