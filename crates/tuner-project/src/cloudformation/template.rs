//! A template's functions, with SAM's Globals.

use std::path::{Path, PathBuf};

use super::intrinsics::{Eval, Scope, function};
use super::samconfig::SamConfig;
use crate::code::Code;
use crate::draft::{Build, Draft, LayerAt};
use crate::tree::tidy;
use crate::value::Value;

/// Where AWS's reference prices hold, and where the local Lambda says that it is.
const USUAL_REGION: &str = "us-east-1";
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>
const DEFAULT_MEMORY_MB: u32 = 128;
const DEFAULT_TIMEOUT_S: u32 = 3;

/// Whether a map stands for what a function gives.
pub(crate) fn is_intrinsic(value: &Value) -> bool {
    function(value).is_some()
}

/// A template that has been read.
pub(crate) struct Template<'a> {
    resources: Vec<(String, Value)>,
    globals: Value,
    scope: Scope<'a>,
    file: &'a Path,
}

impl<'a> Template<'a> {
    pub(crate) fn new(template: &'a Value, file: &'a Path, config: &'a SamConfig) -> Self {
        let region = config.region.as_deref().unwrap_or(USUAL_REGION);
        let scope = Scope::new(template, &config.overrides, region, config.stack_name.as_deref());
        let resources = template.get("Resources").map(Value::entries).unwrap_or_default();
        Self {
            resources: expand(resources, &scope),
            globals: template.at(&["Globals", "Function"]).cloned().unwrap_or_default(),
            scope,
            file,
        }
    }

    /// The functions, in the order of the template.
    pub(crate) fn drafts(&self) -> Vec<Draft> {
        let of_deployment = |resource: &Value| {
            let condition = resource.get("Condition").and_then(Value::text);
            condition.is_none_or(|name| self.scope.condition(name, 0) != Some(false))
        };
        self.resources
            .iter()
            .filter(|(_, resource)| of_deployment(resource))
            .filter_map(|(name, resource)| match resource.get("Type").and_then(Value::text)? {
                "AWS::Serverless::Function" => Some(self.draft(name, resource, true)),
                "AWS::Lambda::Function" => Some(self.draft(name, resource, false)),
                _ => None,
            })
            .collect()
    }

    /// A resource by its logical ID.
    pub(crate) fn resource(&self, name: &str) -> Option<&Value> {
        self.resources.iter().find(|(n, _)| n == name).map(|(_, r)| r)
    }

    fn draft(&self, name: &str, resource: &Value, is_sam: bool) -> Draft {
        let own = match self.scope.shallow(resource.get("Properties").unwrap_or(&Value::Null)) {
            Eval::Known(properties) => properties,
            _ => Value::Null,
        };
        let properties = match is_sam {
            true => merged(&self.globals, &own),
            false => own,
        };
        let get = |key: &str| match properties.get(key).map(|value| self.scope.shallow(value)) {
            Some(Eval::Known(value)) => Ok(Some(value)),
            Some(Eval::Unknown(why)) => Err(why),
            Some(Eval::Absent) | None => Ok(None),
        };
        let code = self.code(resource, &get, is_sam);
        let method = resource.at(&["Metadata", "BuildMethod"]).and_then(Value::text);
        let build = match method {
            Some("rust-cargolambda") => Build::Cargo {
                binary: resource
                    .at(&["Metadata", "BuildProperties", "Binary"])
                    .and_then(Value::text)
                    .map(str::to_owned),
            },
            method if is_sam => Build::Sam(method.map(str::to_owned)),
            _ => Build::Own,
        };
        let mut draft = Draft::new(name, self.file, code, build);
        draft.is_image = matches!(get("PackageType"), Ok(Some(Value::Text(kind))) if kind == "Image")
            || matches!(get("ImageUri"), Ok(Some(_)) | Err(_))
            || matches!(get("Code"), Ok(Some(code)) if code.get("ImageUri").is_some());
        let mut text = |key: &str| match get(key).and_then(|v| v.map_or(Ok(None), |v| self.scope.text(&v))) {
            Ok(text) => text,
            Err(why) => {
                draft.notes.push(format!("{key} is not known here: it refers to {why}"));
                None
            }
        };
        let (runtime, handler) = (text("Runtime"), text("Handler"));
        draft.runtime = runtime;
        draft.handler = handler;
        let mut number =
            |key: &str, default: u32| match get(key).and_then(|v| v.map_or(Ok(None), |v| self.scope.text(&v))) {
                Ok(None) => Some(default),
                Ok(Some(text)) => Value::Text(text).number(),
                Err(why) => {
                    draft.notes.push(format!("{key} is not known here: it refers to {why}"));
                    None
                }
            };
        let (memory_mb, timeout_s) = (
            number("MemorySize", DEFAULT_MEMORY_MB),
            number("Timeout", DEFAULT_TIMEOUT_S),
        );
        draft.memory_mb = memory_mb;
        draft.timeout_s = timeout_s;
        if let Ok(Some(list)) = get("Architectures") {
            draft.architecture = list.list().first().and_then(|v| self.scope.text(v).ok().flatten());
        }
        self.variables(&mut draft, get("Environment"));
        if let Ok(Some(layers)) = get("Layers") {
            draft.layers = layers.list().iter().filter_map(|layer| self.layer(layer)).collect();
        }
        draft
    }

    fn variables(&self, draft: &mut Draft, environment: Result<Option<Value>, String>) {
        let variables = match environment {
            Ok(Some(environment)) => environment.get("Variables").map(|v| self.scope.shallow(v)),
            Ok(None) => None,
            Err(why) => Some(Eval::Unknown(why)),
        };
        match variables {
            Some(Eval::Known(variables)) => {
                for (name, value) in variables.entries() {
                    match self.scope.text(value) {
                        Ok(Some(value)) => draft.variable(name, Ok(value)),
                        Ok(None) => {}
                        Err(why) => draft.variable(name, Err(why)),
                    }
                }
            }
            Some(Eval::Unknown(why)) => {
                draft.notes.push(format!(
                    "which variables it has is not known here: they are {why}; give them with --env"
                ));
            }
            Some(Eval::Absent) | None => {}
        }
    }

    fn code(&self, resource: &Value, get: &dyn Fn(&str) -> Result<Option<Value>, String>, is_sam: bool) -> Code {
        // CDK and `sam build` say where an asset is before it is uploaded.
        if resource
            .at(&["Metadata", "aws:asset:property"])
            .and_then(Value::text)
            .is_none_or(|p| p.starts_with("Code"))
            && let Some(path) = resource.at(&["Metadata", "aws:asset:path"]).and_then(Value::text)
        {
            return self.local(path);
        }
        if let Ok(Some(text)) = get("InlineCode") {
            return self.inline(&text);
        }
        match get(if is_sam { "CodeUri" } else { "Code" }) {
            Err(why) => Code::Elsewhere(why),
            Ok(Some(Value::Text(path))) if path.contains("://") => Code::Elsewhere(path),
            Ok(Some(Value::Text(path))) => self.local(&path),
            Ok(Some(map)) => match map.get("ZipFile") {
                Some(text) => self.inline(text),
                None => {
                    let part = |keys: [&str; 2]| {
                        let value = keys.iter().find_map(|key| map.get(key))?;
                        self.scope.text(value).ok().flatten()
                    };
                    match (part(["S3Bucket", "Bucket"]), part(["S3Key", "Key"])) {
                        (Some(bucket), Some(key)) => Code::Elsewhere(format!("s3://{bucket}/{key}")),
                        (_, Some(key)) => Code::Elsewhere(format!("{key} in S3")),
                        _ => Code::Elsewhere("in S3".to_owned()),
                    }
                }
            },
            Ok(None) if is_sam => self.local("."),
            Ok(None) => Code::Elsewhere("nowhere: the template names no code".to_owned()),
        }
    }

    fn inline(&self, text: &Value) -> Code {
        match self.scope.text(text) {
            Ok(Some(text)) => Code::Inline { file: None, text },
            Ok(None) => Code::Elsewhere("nowhere: the template names no code".to_owned()),
            Err(why) => Code::Elsewhere(format!("inside the template, with {why}")),
        }
    }

    fn local(&self, path: &str) -> Code {
        Code::at(self.place(path))
    }

    fn place(&self, path: &str) -> PathBuf {
        tidy(&self.file.parent().unwrap_or(Path::new(".")).join(path))
    }

    fn layer(&self, layer: &Value) -> Option<LayerAt> {
        let layer = match self.scope.shallow(layer) {
            Eval::Known(value) => value,
            Eval::Absent => return None,
            Eval::Unknown(why) => {
                let named = function(layer)
                    .filter(|(name, _)| *name == "Ref")
                    .and_then(|(_, name)| name.text());
                let resource = named.and_then(|name| self.resource(name));
                let at_asset = resource
                    .and_then(|r| r.at(&["Metadata", "aws:asset:path"]))
                    .and_then(Value::text);
                let content = resource.and_then(|r| {
                    let properties = r.get("Properties")?;
                    properties.get("ContentUri").or(properties.get("Content"))?.text()
                });
                return Some(match at_asset.or(content) {
                    Some(path) if !path.contains("://") => LayerAt::Path(self.place(path)),
                    _ => LayerAt::Elsewhere(why),
                });
            }
        };
        Some(LayerAt::Elsewhere(layer.text()?.to_owned()))
    }
}

/// Globals below a function's own properties: maps merge, lists add up, anything else is replaced.
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>
fn merged(global: &Value, own: &Value) -> Value {
    match (global, own) {
        (Value::Map(global), Value::Map(_)) if !is_intrinsic(own) => {
            let mut result = own.clone();
            for (key, value) in global {
                let value = match own.get(key) {
                    Some(own) => merged(value, own),
                    None => value.clone(),
                };
                result.set(key, value);
            }
            result
        }
        (Value::List(global), Value::List(own)) => Value::List(global.iter().chain(own).cloned().collect()),
        (global, Value::Null) => global.clone(),
        (_, own) => own.clone(),
    }
}

/// Resources with `Fn::ForEach::NAME: [variable, [values], {template}]` written out.
fn expand(resources: &[(String, Value)], scope: &Scope<'_>) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (name, value) in resources {
        let parts = match name.starts_with("Fn::ForEach") {
            true => value.list(),
            false => &[],
        };
        let [Value::Text(variable), values, pattern] = parts else {
            all.push((name.clone(), value.clone()));
            continue;
        };
        if let Eval::Known(values) = scope.eval(values) {
            for value in values.list().iter().filter_map(Value::text).take(100) {
                if let Value::Map(entries) = replaced(pattern, variable, value) {
                    all.extend(entries);
                }
            }
        }
    }
    all
}

fn replaced(pattern: &Value, variable: &str, by: &str) -> Value {
    let text = |text: &str| {
        text.replace(&format!("${{{variable}}}"), by)
            .replace(&format!("&{{{variable}}}"), by)
    };
    match pattern {
        Value::Null => Value::Null,
        Value::Text(old) => Value::Text(text(old)),
        Value::List(items) => Value::List(items.iter().map(|v| replaced(v, variable, by)).collect()),
        Value::Map(entries) => match entries.as_slice() {
            [(name, Value::Text(of))] if name == "Ref" && of == variable => Value::from(by),
            entries => Value::Map(
                entries
                    .iter()
                    .map(|(k, v)| (text(k), replaced(v, variable, by)))
                    .collect(),
            ),
        },
    }
}
