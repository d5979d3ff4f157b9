//! Every function of a folder, of whatever kind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::code::Code;
use crate::document::{Found, Function, Layer, PackageType};
use crate::draft::{Build, Draft, LayerAt};
use crate::interpreters::Tools;
use crate::runtime::Family;
use crate::tree::Tree;
use crate::{
    cargo, cdk, chalice, cloudformation, events, named, node_package, other_sources, python_package, readiness,
    serverless, terraform,
};

/// What is looked for, in words.
const LOOKED_FOR: &str = "template.yaml (SAM, CloudFormation), cdk.out, serverless.yml, *.tf, .chalice, Cargo.toml with lambda_runtime, \
                          handlers of Python and Node by their usual names, and programs named bootstrap";

/// How a folder is searched.
#[derive(Debug, Default)]
pub struct Options {
    /// The programs of this machine.
    pub tools: Tools,
}

impl Found {
    /// What was looked for, for who found nothing.
    pub const LOOKED_FOR: &str = LOOKED_FOR;

    /// The function of an ID, or of a name that only one has.
    ///
    /// # Errors
    /// The IDs that may be meant, none or several.
    pub fn named(&self, name: &str) -> Result<&Function, Vec<&str>> {
        if let Some(function) = self.functions.iter().find(|f| f.id == name) {
            return Ok(function);
        }
        let named: Vec<&Function> = self.functions.iter().filter(|f| f.name == name).collect();
        match named.as_slice() {
            [one] => Ok(one),
            several => Err(several.iter().map(|f| f.id.as_str()).collect()),
        }
    }
}

/// Finds the functions of a folder. Nothing of it is executed, and nothing is written.
///
/// # Errors
/// When it is no folder, or may not be read.
pub fn find(root: &Path, options: &Options) -> std::io::Result<Found> {
    // By its real name: relative ones and links would make two of one.
    let root = std::fs::canonicalize(root)?;
    std::fs::read_dir(&root)?;
    let mut tree = Tree::walk(&root);
    let mut notes = std::mem::take(&mut tree.notes);
    let mut drafts = cloudformation::find(&tree, &mut notes);
    let mut covered: Vec<PathBuf> = drafts.iter().map(|d| d.folder().to_owned()).collect();
    for find in [cdk::find, serverless::find, terraform::find, chalice::find] {
        let (found, folders) = find(&tree, &mut notes);
        drafts.extend(found);
        covered.extend(folders);
    }
    covered.extend(named::find(&tree, &mut notes));
    // What infrastructure code deploys is described there; its sources are not another function.
    let codes: Vec<PathBuf> = drafts
        .iter()
        .filter_map(|d| d.code.path().map(Path::to_owned))
        .collect();
    let is_covered = |draft: &Draft| {
        let place = draft.code.path().unwrap_or(draft.folder());
        covered
            .iter()
            .any(|folder| draft.folder().starts_with(folder) || place.starts_with(folder))
            || codes.iter().any(|code| place.starts_with(code))
    };
    let mut rust = cargo::find(&tree, &mut notes);
    rust.retain(|d| !is_covered(d));
    let rust_folders: Vec<PathBuf> = rust.iter().map(|d| d.folder().to_owned()).collect();
    let mut bare = python_package::find(&tree, &mut notes);
    bare.extend(node_package::find(&tree, &mut notes));
    bare.extend(other_sources::find(&tree));
    bare.retain(|d| !is_covered(d) && !rust_folders.iter().any(|folder| d.folder().starts_with(folder)));
    drafts.extend(rust);
    drafts.extend(bare);
    let functions = (drafts.iter())
        .map(|draft| function(draft, &drafts, &tree, &options.tools))
        .collect();
    let mut found = Found { functions, notes };
    found
        .functions
        .sort_by(|a, b| (&a.source, &a.name, &a.handler).cmp(&(&b.source, &b.name, &b.handler)));
    identify(&mut found.functions);
    Ok(found)
}

/// The function in a zip file.
///
/// # Errors
/// When it cannot be read.
pub fn of_zip(file: &Path, runtime: &str, handler: &str, options: &Options) -> std::io::Result<Function> {
    let file = std::fs::canonicalize(file)?;
    let root = file.parent().unwrap_or(Path::new("/")).to_owned();
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut draft = Draft::new(name, &file, Code::Zip(file.clone()), Build::Own);
    draft.runtime = Some(runtime.to_owned());
    draft.handler = Some(handler.to_owned());
    let tree = Tree {
        root,
        ..Tree::default()
    };
    let mut function = function(&draft, std::slice::from_ref(&draft), &tree, &options.tools);
    function.id.clone_from(&function.name);
    Ok(function)
}

fn function(draft: &Draft, all: &[Draft], tree: &Tree, tools: &Tools) -> Function {
    let ready = readiness::check(draft, &tree.root, tools);
    let family = readiness::family(draft);
    let has_template = draft.memory_mb.is_some() || draft.timeout_s.is_some();
    let events = events::of(draft, all, tree);
    let mut notes = draft.notes.clone();
    let (reason, message, hint) = match ready {
        Ok(more) => {
            notes.extend(more);
            (None, None, None)
        }
        Err(not) => (Some(not.reason), Some(not.message), Some(not.hint)),
    };
    let missing: Vec<String> = draft
        .layers
        .iter()
        .filter_map(|layer| match layer {
            LayerAt::Elsewhere(what) => Some(what.clone()),
            LayerAt::Path(folder) if !folder.exists() => Some(tree.relative(folder)),
            LayerAt::Path(_) => None,
        })
        .collect();
    if !missing.is_empty() {
        notes.push(format!(
            "it runs without layers that are not here: {}",
            missing.join(", ")
        ));
    }
    if !draft.layers.is_empty() && missing.len() < draft.layers.len() {
        notes.push(
            "its layers are found by PATH, PYTHONPATH, NODE_PATH and LD_LIBRARY_PATH; nothing is in /opt".to_owned(),
        );
    }
    let runtime = draft.runtime.clone().or_else(|| {
        let folder = readiness::code_folder(draft, &tree.root);
        match family? {
            Family::Python(_) => tools
                .python(None, folder, &tree.root)
                .ok()
                .map(|p| format!("python3.{}", p.version.1)),
            Family::Node(_) => tools
                .node(None, folder, &tree.root)
                .ok()
                .map(|n| format!("nodejs{}.x", n.version.0)),
            _ => None,
        }
        .filter(|_| !draft.is_image)
    });
    let here = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    Function {
        id: String::new(),
        name: draft.name.clone(),
        source: tree.relative(&draft.source),
        runtime: runtime.filter(|_| !draft.is_image),
        architecture: draft
            .architecture
            .clone()
            .unwrap_or_else(|| if has_template { "x86_64" } else { here }.to_owned()),
        package_type: if draft.is_image {
            PackageType::Image
        } else {
            PackageType::Zip
        },
        handler: draft.handler.clone().filter(|_| !draft.is_image),
        code: draft
            .code
            .path()
            .filter(|_| !draft.is_image)
            .map(|path| tree.relative(path)),
        memory_mb: draft.memory_mb,
        timeout_s: draft.timeout_s,
        env: draft.env.clone(),
        env_unresolved: draft.unresolved.keys().cloned().collect(),
        unresolved_because: draft.unresolved.clone(),
        layers: (draft.layers.iter())
            .map(|layer| match layer {
                LayerAt::Path(path) => Layer::Path(tree.relative(path)),
                LayerAt::Elsewhere(what) => Layer::Arn(what.clone()),
            })
            .collect(),
        payload: events.one.as_deref().map(|path| tree.relative(path)),
        payloads: events.all.iter().map(|path| tree.relative(path)).collect(),
        runnable: reason.is_none(),
        reason,
        message,
        hint,
        notes,
        draft: draft.clone(),
        root: tree.root.clone(),
    }
}

/// Gives each function an ID: its name if that is its own, else what tells it from the others.
fn identify(functions: &mut [Function]) {
    let candidates: Vec<[String; 5]> = functions.iter().map(ids).collect();
    let mut counts: [BTreeMap<&str, u32>; 5] = Default::default();
    for of_one in &candidates {
        for (count, id) in counts.iter_mut().zip(of_one) {
            *count.entry(id).or_default() += 1;
        }
    }
    let mut taken = BTreeSet::new();
    for (function, of_one) in functions.iter_mut().zip(&candidates) {
        let own = of_one
            .iter()
            .zip(&counts)
            .find(|(id, count)| count.get(id.as_str()) == Some(&1));
        let base = own.map_or(&of_one[4], |(id, _)| id);
        let numbered = std::iter::once(base.clone()).chain((2_u64..).map(|n| format!("{base}#{n}")));
        for id in numbered {
            if taken.insert(id.clone()) {
                function.id = id;
                break;
            }
        }
    }
}

/// What a function may be called by, the shortest first.
fn ids(function: &Function) -> [String; 5] {
    let name = &function.name;
    let in_folder = match function.source.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.clone(),
    };
    let qualified = function.draft.qualified.clone().unwrap_or_else(|| in_folder.clone());
    let (of_source, last) = (
        format!("{}:{name}", function.source),
        format!("{}:{qualified}", function.source),
    );
    [name.clone(), in_folder, qualified, of_source, last]
}
