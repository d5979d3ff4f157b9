//! The Serverless Framework's `serverless.yml`.

mod variables;

use std::path::{Path, PathBuf};

use self::variables::Variables;
use crate::code::{self, Code};
use crate::draft::{Build, Draft, LayerAt};
use crate::tree::{Tree, tidy};
use crate::value::Value;
use crate::yaml;

/// <https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml>
const DEFAULT_MEMORY_MB: u32 = 1024;
const DEFAULT_TIMEOUT_S: u32 = 6;
const MOST_BYTES: u64 = 4 << 20;

pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> (Vec<Draft>, Vec<PathBuf>) {
    let (mut drafts, mut folders) = (Vec::new(), Vec::new());
    for file in &tree.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if !matches!(&*name, "serverless.yml" | "serverless.yaml" | "serverless.json") {
            continue;
        }
        let folder = file.parent().unwrap_or(Path::new("."));
        match code::read(file, MOST_BYTES).and_then(|text| yaml::parse(&text)) {
            Ok(service) => {
                drafts.extend(functions(&service, file, tree, notes));
                folders.push(folder.to_owned());
            }
            Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(file))),
        }
    }
    (drafts, folders)
}

fn functions(service: &Value, file: &Path, tree: &Tree, notes: &mut Vec<String>) -> Vec<Draft> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let variables = Variables::new(service, folder);
    let provider = match variables.shallow(service.get("provider").unwrap_or(&Value::Null)) {
        // `provider: aws`
        Ok(Value::Text(name)) => Value::Map(vec![("name".to_owned(), Value::Text(name))]),
        Ok(provider) => provider,
        Err(why) => {
            notes.push(format!(
                "{}: the provider is not known here: it is {why}",
                tree.relative(file)
            ));
            Value::Null
        }
    };
    let cloud = provider.get("name").and_then(|v| variables.text(v).ok());
    if cloud.is_some_and(|name| name != "aws") {
        return Vec::new();
    }
    let mut sets = Vec::new();
    match variables.shallow(service.get("functions").unwrap_or(&Value::Null)) {
        Ok(Value::List(items)) => sets.extend(items),
        Ok(map) => sets.push(map),
        Err(why) => notes.push(format!(
            "{}: the functions are not known here: they are {why}",
            tree.relative(file)
        )),
    }
    let mut drafts = Vec::new();
    for set in &sets {
        match variables.shallow(set) {
            Ok(set) => {
                for (name, function) in set.entries() {
                    match variables.shallow(function) {
                        Ok(function) => drafts.push(draft(name, &function, &provider, service, file, &variables)),
                        Err(why) => notes.push(format!(
                            "{}: {name} is not known here: it is {why}",
                            tree.relative(file)
                        )),
                    }
                }
            }
            Err(why) => notes.push(format!(
                "{}: functions are not known here: they are {why}",
                tree.relative(file)
            )),
        }
    }
    drafts
}

fn draft(
    name: &str,
    function: &Value,
    provider: &Value,
    service: &Value,
    file: &Path,
    variables: &Variables<'_>,
) -> Draft {
    let folder = file.parent().unwrap_or(Path::new("."));
    let package = |of: &Value| of.at(&["package", "artifact"]).and_then(|v| variables.text(v).ok());
    let individually = function
        .at(&["package", "individually"])
        .or(service.at(&["package", "individually"]))
        .is_some_and(Value::is_true);
    let artifact = package(function).or_else(|| (!individually).then(|| package(service)).flatten());
    let code = match artifact {
        Some(path) if path.contains("://") => Code::Elsewhere(path),
        Some(path) => Code::at(tidy(&folder.join(path))),
        None => Code::Folder(folder.to_owned()),
    };
    let mut draft = Draft::new(name, file, code, Build::Serverless);
    draft.is_image = function.get("image").is_some();
    let setting = |key: &str| function.get(key).or(provider.get(key));
    let mut notes = Vec::new();
    let mut text = |key: &str, of: Option<&Value>| match of.map(|value| variables.text(value)) {
        Some(Ok(text)) => Some(text),
        Some(Err(why)) => {
            notes.push(format!("{key} is not known here: it is {why}"));
            None
        }
        None => None,
    };
    draft.handler = text("handler", function.get("handler"));
    draft.runtime = text("runtime", setting("runtime"));
    draft.architecture = text("architecture", setting("architecture"));
    let mut number = |key: &str, default: u32| match setting(key) {
        Some(value) => text(key, Some(value)).and_then(|text| Value::Text(text).number()),
        None => Some(default),
    };
    let (memory_mb, timeout_s) = (
        number("memorySize", DEFAULT_MEMORY_MB),
        number("timeout", DEFAULT_TIMEOUT_S),
    );
    draft.memory_mb = memory_mb;
    draft.timeout_s = timeout_s;
    draft.notes = notes;
    for of in [provider, function] {
        match of.get("environment").map(|v| variables.shallow(v)) {
            Some(Ok(environment)) => {
                for (name, value) in environment.entries() {
                    match variables.resolve(value) {
                        Ok(Value::Text(value)) => draft.variable(name, Ok(value)),
                        Ok(Value::Null) => {}
                        Ok(_) => draft.variable(name, Err("a value that only a deployment has".to_owned())),
                        Err(why) => draft.variable(name, Err(why)),
                    }
                }
            }
            Some(Err(why)) => draft
                .notes
                .push(format!("which variables it has is not known here: they are {why}")),
            None => {}
        }
    }
    let layers = function
        .get("layers")
        .or(provider.get("layers"))
        .map(Value::list)
        .unwrap_or_default();
    draft.layers = layers
        .iter()
        .filter_map(|layer| self::layer(layer, service, folder, variables))
        .collect();
    draft
}

/// An ARN, or a `Ref` to a layer of the service: `{Ref: ToolsLambdaLayer}` is `layers.tools`.
fn layer(layer: &Value, service: &Value, folder: &Path, variables: &Variables<'_>) -> Option<LayerAt> {
    if let Some(name) = layer.get("Ref").and_then(Value::text) {
        let key = name.strip_suffix("LambdaLayer")?;
        let own = service.get("layers").map(Value::entries).unwrap_or_default();
        let found = own.iter().find(|(k, _)| k.eq_ignore_ascii_case(key));
        let path = found.and_then(|(_, of)| variables.text(of.get("path")?).ok());
        return Some(path.map_or_else(
            || LayerAt::Elsewhere(name.to_owned()),
            |path| LayerAt::Path(tidy(&folder.join(path))),
        ));
    }
    Some(match variables.resolve(layer) {
        Ok(Value::Text(arn)) => LayerAt::Elsewhere(arn),
        Ok(_) => LayerAt::Elsewhere("a layer of another stack".to_owned()),
        Err(why) => LayerAt::Elsewhere(why),
    })
}
