//! Functions of CloudFormation and SAM templates.

mod intrinsics;
mod samconfig;
mod template;

use std::path::{Path, PathBuf};

pub(crate) use intrinsics::{Eval, Scope};
pub(crate) use samconfig::SamConfig;
pub(crate) use template::{Template, is_intrinsic};

use crate::code;
use crate::draft::Draft;
use crate::tree::Tree;
use crate::value::Value;
use crate::yaml;

/// A template is at most 1 MB for CloudFormation; code inside it and what tools add may make it larger before that.
const MOST_BYTES: u64 = 8 << 20;
/// Texts one of which a template with functions holds.
const MARKS: [&str; 2] = ["AWS::Serverless::Function", "AWS::Lambda::Function"];

/// The functions of every template of the tree.
pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let templates: Vec<&PathBuf> = tree.files.iter().filter(|f| may_be_template(f)).collect();
    for file in &templates {
        match read(file) {
            Ok(Some(template)) => {
                let config = samconfig::of(file, tree, notes);
                let mut found = Template::new(&template, file, &config).drafts();
                if let Some(built) = built_beside(file, tree, &templates) {
                    take_built(&mut found, file, &built, &config, tree, notes);
                }
                drafts.extend(found);
            }
            Ok(None) => {}
            Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(file))),
        }
    }
    for folder in tree.builds.iter().filter(|b| b.ends_with(".aws-sam")) {
        // A build whose template is elsewhere.
        let built = built_template(folder);
        let is_known = drafts
            .iter()
            .any(|d| folder.parent().is_some_and(|at| d.folder().starts_with(at)));
        if let (Some(built), false) = (built, is_known) {
            match read(&built) {
                Ok(template) => {
                    let config = samconfig::of(&built, tree, notes);
                    drafts.extend(template.iter().flat_map(|t| Template::new(t, &built, &config).drafts()));
                }
                Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(&built))),
            }
        }
    }
    drop_packaged(&mut drafts);
    drafts
}

/// A file of a template, if it holds functions.
pub(crate) fn read(file: &Path) -> Result<Option<Value>, String> {
    let is_named_so = file
        .file_stem()
        .is_some_and(|stem| stem.to_string_lossy().to_ascii_lowercase().contains("template"));
    let text = match code::read(file, MOST_BYTES) {
        Ok(text) => text,
        // Data that nobody takes for a template is none of our business.
        Err(_) if !is_named_so => return Ok(None),
        Err(why) => return Err(why),
    };
    let holds_functions = MARKS.iter().any(|mark| text.contains(mark));
    if !holds_functions && !is_named_so {
        return Ok(None);
    }
    let parsed = if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        // Some write YAML into files named so.
        Value::of_json(&text).or_else(|why| yaml::parse(&text).map_err(|_| why))
    } else {
        yaml::parse(&text)
    };
    match parsed {
        Ok(template) if template.get("Resources").is_some() => Ok(holds_functions.then_some(template)),
        Ok(_) => Ok(None),
        Err(why) => Err(why),
    }
}

fn may_be_template(file: &Path) -> bool {
    let is_data = file.extension().is_some_and(|e| {
        ["yaml", "yml", "json", "template"]
            .iter()
            .any(|known| e.eq_ignore_ascii_case(known))
    });
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // Large files of packages and editors that are never templates.
    is_data
        && !matches!(
            &*name,
            "package-lock.json" | "package.json" | "tsconfig.json" | "pnpm-lock.yaml" | "composer.lock"
        )
        && !is_event(file)
}

fn is_event(file: &Path) -> bool {
    file.parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == "events")
}

fn built_template(folder: &Path) -> Option<PathBuf> {
    ["template.yaml", "template.yml", "template.json"]
        .iter()
        .map(|name| folder.join("build").join(name))
        .find(|file| file.is_file())
}

/// What `sam build` made of a template: beside it, or in a folder above that has no template itself.
fn built_beside(file: &Path, tree: &Tree, templates: &[&PathBuf]) -> Option<PathBuf> {
    let own = file.parent()?;
    own.ancestors()
        .take_while(|folder| folder.starts_with(&tree.root))
        .filter(|folder| {
            let named = |f: &&&PathBuf| f.file_stem().is_some_and(|s| s == "template") && f.parent() == Some(*folder);
            *folder == own || !templates.iter().any(|f| named(&f))
        })
        .find_map(|folder| built_template(&tree.build(folder, ".aws-sam")?))
}

/// Functions that were built run as they were built; those of the template that were not stay as they are.
fn take_built(
    found: &mut [Draft],
    file: &Path,
    built: &Path,
    config: &SamConfig,
    tree: &Tree,
    notes: &mut Vec<String>,
) {
    let template = match read(built) {
        Ok(Some(template)) => template,
        Ok(None) => return,
        Err(why) => return notes.push(format!("cannot read {}: {why}", tree.relative(built))),
    };
    for mut draft in Template::new(&template, built, config).drafts() {
        if let Some(original) = found.iter_mut().find(|d| d.name == draft.name) {
            draft.source = file.to_owned();
            draft.notes.push(format!(
                "it runs as `sam build` left it in {}; what was changed since is not in it",
                tree.relative(built.parent().unwrap_or(built))
            ));
            *original = draft;
        }
    }
}

/// `sam package` and `aws cloudformation package` write a second template whose code is in S3.
fn drop_packaged(drafts: &mut Vec<Draft>) {
    let local: Vec<(PathBuf, String)> = (drafts.iter().filter(|d| d.code.path().is_some()))
        .map(|d| (d.folder().to_owned(), d.name.clone()))
        .collect();
    drafts.retain(|d| {
        d.code.path().is_some()
            || d.is_image
            || !local
                .iter()
                .any(|(folder, name)| folder == d.folder() && *name == d.name)
    });
}
