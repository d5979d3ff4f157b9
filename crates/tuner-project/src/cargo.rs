//! Rust functions: binaries of packages that depend on `lambda_runtime` or `lambda_http`, with what cargo-lambda's metadata
//! says of their deployment. Only the manifests are read: cargo could fetch a toolchain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::code::{self, Code};
use crate::draft::{Build, Draft};
use crate::tree::Tree;
use crate::value::Value;

/// What `cargo lambda deploy` gives a function that it creates.
/// <https://www.cargo-lambda.info/commands/deploy.html>
const DEFAULT_TIMEOUT_S: u32 = 30;
const RUNTIME: &str = "provided.al2023";

pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> Vec<Draft> {
    let mut manifests: BTreeMap<PathBuf, Value> = BTreeMap::new();
    for file in tree.files.iter().filter(|f| f.ends_with("Cargo.toml")) {
        match code::read(file, 1 << 20).and_then(|text| Value::of_toml(&text)) {
            Ok(manifest) => drop(manifests.insert(file.clone(), manifest)),
            Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(file))),
        }
    }
    let mut drafts = Vec::new();
    for (file, manifest) in &manifests {
        let workspace = workspace_of(file, &manifests);
        if manifest.get("package").is_some() && is_lambda(manifest, workspace) {
            drafts.extend(functions(file, manifest, workspace));
        }
    }
    drafts
}

/// Binaries of a package, for a template that says only where it is.
pub(crate) fn binaries_of(folder: &Path) -> Vec<String> {
    let manifest = code::read(&folder.join("Cargo.toml"), 1 << 20).and_then(|text| Value::of_toml(&text));
    manifest.map(|manifest| binaries(folder, &manifest)).unwrap_or_default()
}

/// The nearest manifest above (or this one) with a workspace.
fn workspace_of<'a>(file: &Path, manifests: &'a BTreeMap<PathBuf, Value>) -> Option<&'a Value> {
    let folders = file.parent()?.ancestors();
    folders
        .filter_map(|folder| manifests.get(&folder.join("Cargo.toml")))
        .find(|manifest| manifest.get("workspace").is_some())
}

fn is_lambda(manifest: &Value, workspace: Option<&Value>) -> bool {
    let is_client = |name: &str| matches!(name, "lambda_runtime" | "lambda_http");
    let in_table = |table: &Value| {
        table.entries().iter().any(|(name, dependency)| {
            let package = dependency.get("package").and_then(Value::text);
            let inherited = dependency.get("workspace").is_some_and(Value::is_true);
            let of_workspace = || workspace?.at(&["workspace", "dependencies", name, "package"])?.text();
            let renamed = package.or_else(|| inherited.then(of_workspace).flatten());
            is_client(renamed.unwrap_or(name))
        })
    };
    let targets = manifest.get("target").map(Value::entries).unwrap_or_default();
    let tables = targets.iter().filter_map(|(_, target)| target.get("dependencies"));
    manifest.get("dependencies").into_iter().chain(tables).any(in_table)
}

fn binaries(folder: &Path, manifest: &Value) -> Vec<String> {
    let package = manifest
        .at(&["package", "name"])
        .and_then(Value::text)
        .unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    let mut used: Vec<PathBuf> = Vec::new();
    for binary in manifest.get("bin").map(Value::list).unwrap_or_default() {
        let Some(name) = binary.get("name").and_then(Value::text) else {
            continue;
        };
        names.push(name.to_owned());
        used.extend(binary.get("path").and_then(Value::text).map(|path| folder.join(path)));
    }
    if manifest.at(&["package", "autobins"]).and_then(Value::text) != Some("false") {
        let main = folder.join("src/main.rs");
        if main.is_file() && !used.contains(&main) {
            names.push(package.to_owned());
        }
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("src/bin"))
            .into_iter()
            .flatten()
            .flatten()
            .take(1000)
            .map(|e| e.path())
            .collect();
        files.sort();
        for path in files {
            let file = if path.is_dir() {
                path.join("main.rs")
            } else {
                path.clone()
            };
            let is_source = file.extension().is_some_and(|e| e == "rs") && file.is_file();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if is_source && !used.contains(&file) {
                names.push(stem);
            }
        }
    }
    names.sort();
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}

fn functions(file: &Path, manifest: &Value, workspace: Option<&Value>) -> Vec<Draft> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let own = code::read(&folder.join("CargoLambda.toml"), 1 << 20).and_then(|text| Value::of_toml(&text));
    // From the general to the particular.
    let layers: Vec<&Value> = [
        workspace.and_then(|w| w.at(&["workspace", "metadata", "lambda"])),
        manifest.at(&["package", "metadata", "lambda"]),
        own.as_ref().ok(),
    ]
    .into_iter()
    .flatten()
    .collect();
    binaries(folder, manifest)
        .into_iter()
        .map(|name| function(&name, file, &layers))
        .collect()
}

fn function(name: &str, file: &Path, layers: &[&Value]) -> Draft {
    let folder = file.parent().unwrap_or(Path::new("."));
    let build = Build::Cargo {
        binary: Some(name.to_owned()),
    };
    let mut draft = Draft::new(name, file, Code::Folder(folder.to_owned()), build);
    draft.handler = Some("bootstrap".to_owned());
    draft.runtime = Some(RUNTIME.to_owned());
    draft.timeout_s = Some(DEFAULT_TIMEOUT_S);
    let of_binary = layers.iter().filter_map(|layer| layer.at(&["bin", name]));
    for layer in layers.iter().copied().chain(of_binary) {
        let deploy = layer.get("deploy").unwrap_or(&Value::Null);
        let number = |keys: [&str; 2]| keys.iter().find_map(|key| deploy.get(key)).and_then(Value::number);
        draft.memory_mb = number(["memory", "memory_size"]).or(draft.memory_mb);
        draft.timeout_s = number(["timeout", "timeout"]).or(draft.timeout_s);
        if let Some(runtime) = deploy.get("runtime").and_then(Value::text) {
            draft.runtime = Some(runtime.to_owned());
        }
        if layer.at(&["build", "arm64"]).is_some_and(Value::is_true)
            || layer
                .at(&["build", "target"])
                .and_then(Value::text)
                .is_some_and(|t| t.starts_with("aarch64"))
        {
            draft.architecture = Some("arm64".to_owned());
        }
        for table in [layer.get("env"), deploy.get("env")].into_iter().flatten() {
            for (name, value) in table.entries() {
                if let Some(value) = value.text() {
                    draft.variable(name, Ok(value.to_owned()));
                }
            }
        }
        for arn in deploy.get("layers").map(Value::list).unwrap_or_default() {
            draft
                .layers
                .extend(arn.text().map(|arn| crate::draft::LayerAt::Elsewhere(arn.to_owned())));
        }
    }
    draft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_may_be_renamed_inherited_or_of_one_target() {
        let workspace =
            Value::of_toml("[workspace.dependencies]\nlr = { package = \"lambda_runtime\", version = \"1\" }").unwrap();
        for (text, is) in [
            ("[dependencies]\nlambda_http = \"1\"", true),
            (
                "[dependencies]\nrt = { package = \"lambda_runtime\", version = \"1\" }",
                true,
            ),
            ("[dependencies]\nlr.workspace = true", true),
            ("[target.'cfg(unix)'.dependencies]\nlambda_runtime = \"1\"", true),
            (
                "[dependencies]\nlambda_runtime = { package = \"other\", version = \"1\" }",
                false,
            ),
            ("[dev-dependencies]\nlambda_runtime = \"1\"", false),
        ] {
            assert_eq!(
                is_lambda(&Value::of_toml(text).unwrap(), Some(&workspace)),
                is,
                "{text}"
            );
        }
    }
}
