//! Chalice: `.chalice/config.json` beside an `app.py` whose decorated functions are Lambda functions.

use std::path::{Path, PathBuf};

use crate::code::{self, Code};
use crate::draft::{Build, Draft};
use crate::python::{Kind, Module};
use crate::tree::Tree;
use crate::value::Value;

/// <https://aws.github.io/chalice/topics/configfile>: what Lambda and Chalice take where nothing is configured.
const DEFAULT_MEMORY_MB: u32 = 128;
const DEFAULT_TIMEOUT_S: u32 = 60;
const STAGE: &str = "dev";
/// Decorators of functions that are deployed by themselves.
const DECORATORS: [&str; 13] = [
    "lambda_function",
    "schedule",
    "authorizer",
    "on_s3_event",
    "on_sns_message",
    "on_sqs_message",
    "on_cw_event",
    "on_kinesis_record",
    "on_dynamodb_record",
    "on_ws_connect",
    "on_ws_message",
    "on_ws_disconnect",
    "middleware",
];

pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> (Vec<Draft>, Vec<PathBuf>) {
    let (mut drafts, mut folders) = (Vec::new(), Vec::new());
    for build in tree.builds.iter().filter(|b| b.ends_with(".chalice")) {
        let (file, folder) = (build.join("config.json"), build.parent().unwrap_or(Path::new(".")));
        if !file.is_file() {
            continue;
        }
        let config = match code::read(&file, 1 << 20).and_then(|text| Value::of_json(&text)) {
            Ok(config) => config,
            Err(why) => {
                notes.push(format!("cannot read {}: {why}", tree.relative(&file)));
                continue;
            }
        };
        match code::read(&folder.join("app.py"), 4 << 20) {
            Ok(app) => drafts.extend(functions(&app, &file, folder, &config)),
            Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(&folder.join("app.py")))),
        }
        folders.push(folder.to_owned());
    }
    (drafts, folders)
}

fn functions(app: &str, file: &Path, folder: &Path, config: &Value) -> Vec<Draft> {
    let module = Module::parse(app);
    let is_app = |kind: &Kind| matches!(kind, Kind::Assignment(value) if value.starts_with("Chalice(") || value.contains(".Chalice("));
    let Some(app) = module.bindings.iter().find(|b| is_app(&b.kind)).map(|b| b.name.clone()) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    let mut has_routes = false;
    for binding in &module.bindings {
        let used: Vec<(&str, &str)> = (binding.decorators.iter())
            .filter_map(|d| d.strip_prefix(app.as_str())?.strip_prefix('.'))
            .map(|d| d.split_once('(').unwrap_or((d, "")))
            .collect();
        has_routes |= used.iter().any(|(name, _)| *name == "route");
        let Some((decorator, arguments)) = used
            .iter()
            .find(|(name, _)| DECORATORS.contains(name) && *name != "middleware")
        else {
            continue;
        };
        let named = argument(arguments, "name");
        let name = named.unwrap_or_else(|| binding.name.clone());
        let mut draft = draft(&name, &format!("app.{}", binding.name), file, folder, config);
        draft.qualified = Some(format!("{decorator}.{name}"));
        drafts.push(draft);
    }
    if has_routes {
        drafts.insert(0, draft("api_handler", &format!("app.{app}"), file, folder, config));
    }
    drafts
}

/// A text argument of a decorator.
fn argument(arguments: &str, key: &str) -> Option<String> {
    let parts = crate::python::split_parameters(arguments.trim_end_matches(')'));
    parts.iter().find_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.trim() == key).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

fn draft(name: &str, handler: &str, file: &Path, folder: &Path, config: &Value) -> Draft {
    let mut draft = Draft::new(name, file, Code::Folder(folder.to_owned()), Build::Own);
    draft.handler = Some(handler.to_owned());
    let function = ["stages", STAGE, "lambda_functions", name];
    // The more particular goes before the more general.
    let levels: [&[&str]; 3] = [&function, &["stages", STAGE], &[]];
    let get = |key: &str| levels.iter().find_map(|level| config.at(level)?.get(key));
    draft.memory_mb = get("lambda_memory_size").map_or(Some(DEFAULT_MEMORY_MB), Value::number);
    draft.timeout_s = get("lambda_timeout").map_or(Some(DEFAULT_TIMEOUT_S), Value::number);
    draft.architecture = get("lambda_architecture").and_then(Value::text).map(str::to_owned);
    for level in levels.iter().rev() {
        let variables = config.at(level).and_then(|c| c.get("environment_variables"));
        for (name, value) in variables.map(Value::entries).unwrap_or_default() {
            if let Some(value) = value.text() {
                draft.variable(name, Ok(value.to_owned()));
            }
        }
    }
    for layer in get("layers").map(Value::list).unwrap_or_default() {
        draft
            .layers
            .extend(layer.text().map(|arn| crate::draft::LayerAt::Elsewhere(arn.to_owned())));
    }
    draft
}
