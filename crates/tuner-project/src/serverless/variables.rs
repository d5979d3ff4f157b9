//! `${...}` of the Serverless Framework, as far as the project itself holds the values.
//! <https://www.serverless.com/framework/docs/guides/variables>

use std::path::Path;

use crate::code;
use crate::value::Value;
use crate::yaml;

/// References to references: more is a circle.
const MOST_LEVELS: usize = 30;

/// What variables of a service mean.
pub(super) struct Variables<'a> {
    service: &'a Value,
    folder: &'a Path,
}

impl<'a> Variables<'a> {
    pub(super) const fn new(service: &'a Value, folder: &'a Path) -> Self {
        Self { service, folder }
    }

    /// Follows a reference that stands for the whole of a value; what is inside stays as it is written.
    pub(super) fn shallow(&self, value: &Value) -> Result<Value, String> {
        self.whole(value, 0)
    }

    /// A value that must be text.
    pub(super) fn text(&self, value: &Value) -> Result<String, String> {
        match self.resolve(value)? {
            Value::Text(text) => Ok(text),
            _ => Err("a value that only a deployment has".to_owned()),
        }
    }

    /// A value with all references in it; CloudFormation's functions are left to a deployment.
    pub(super) fn resolve(&self, value: &Value) -> Result<Value, String> {
        let value = self.whole(value, 0)?;
        match &value {
            Value::Map(_) if crate::cloudformation::is_intrinsic(&value) => self.intrinsic(&value),
            _ => Ok(value),
        }
    }

    fn intrinsic(&self, value: &Value) -> Result<Value, String> {
        let nothing = std::collections::BTreeMap::new();
        let region = self.region().unwrap_or_default();
        // Resources of the service are made by the deployment; none is a parameter.
        let scope = crate::cloudformation::Scope::new(&Value::Null, &nothing, &region, None);
        match (scope.eval(value), region.is_empty()) {
            (crate::cloudformation::Eval::Known(value), false) => Ok(value),
            (crate::cloudformation::Eval::Unknown(why), _) => Err(why),
            _ => Err("a value that only a deployment has".to_owned()),
        }
    }

    fn whole(&self, value: &Value, level: usize) -> Result<Value, String> {
        match value {
            Value::Text(text) if text.contains("${") => self.expand(text, level),
            value => Ok(value.clone()),
        }
    }

    fn expand(&self, text: &str, level: usize) -> Result<Value, String> {
        if level > MOST_LEVELS {
            return Err("a circle of references".to_owned());
        }
        let mut result = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            result.push_str(&rest[..start]);
            let Some(length) = closing(&rest[start..]) else { break };
            let inner = &rest[start + 2..start + length];
            let after = &rest[start + length + 1..];
            let value = self.reference(inner, level)?;
            if result.is_empty() && after.is_empty() {
                return Ok(value);
            }
            match value {
                Value::Text(text) => result.push_str(&text),
                Value::Null => {}
                _ => return Err(format!("`${{{inner}}}`, which is no text")),
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(Value::Text(result))
    }

    /// `source:address, fallback, ...`
    fn reference(&self, inner: &str, level: usize) -> Result<Value, String> {
        let inner = match self.expand_inner(inner, level)? {
            Value::Text(text) => text,
            _ => return Err(format!("`${{{inner}}}`")),
        };
        let mut problem = format!("`${{{inner}}}`");
        for alternative in split(&inner) {
            let alternative = alternative.trim();
            match self.one(alternative, level) {
                Ok(Some(value)) => return Ok(value),
                Ok(None) => {}
                Err(why) => {
                    // What only AWS knows may be there: what follows it is not what a deployment takes.
                    problem = why;
                    break;
                }
            }
        }
        Err(problem)
    }

    fn expand_inner(&self, inner: &str, level: usize) -> Result<Value, String> {
        match inner.contains("${") {
            true => self.expand(inner, level + 1),
            false => Ok(Value::from(inner)),
        }
    }

    /// One alternative: `None` where it has no value, an error where only something else knows.
    fn one(&self, text: &str, level: usize) -> Result<Option<Value>, String> {
        if let Some(literal) = text.strip_prefix(['\'', '"']) {
            return Ok(Some(Value::from(literal.trim_end_matches(['\'', '"']))));
        }
        if text.parse::<f64>().is_ok() || matches!(text, "true" | "false") {
            return Ok(Some(Value::from(text)));
        }
        if text == "null" {
            return Ok(Some(Value::Null));
        }
        if let Some(rest) = text.strip_prefix("file(") {
            return self.file(rest, level);
        }
        if text.starts_with("strToBool(") {
            let inner = text
                .trim_start_matches("strToBool(")
                .trim_end_matches(')')
                .trim_matches(['\'', '"']);
            return Ok(Some(Value::from(if matches!(inner, "true" | "1") {
                "true"
            } else {
                "false"
            })));
        }
        let (source, address) = text.split_once(':').unwrap_or((text, ""));
        match source {
            "self" => self.inside(self.service, address, level),
            // No option is given here.
            "opt" => Ok(None),
            "sls" if address == "stage" => self.stage(level).map(|stage| Some(Value::Text(stage))),
            "param" => self.parameter(address, level),
            "aws" if address == "region" => self
                .region()
                .map(|region| Some(Value::Text(region)))
                .ok_or_else(|| "the region".to_owned()),
            // The shell's value counts only where it is asked for.
            "env" => Ok(None),
            _ => Err(format!("`${{{text}}}`")),
        }
    }

    fn stage(&self, level: usize) -> Result<String, String> {
        match self.service.at(&["provider", "stage"]) {
            Some(stage) => match self.whole(stage, level + 1)? {
                Value::Text(stage) => Ok(stage),
                _ => Ok("dev".to_owned()),
            },
            None => Ok("dev".to_owned()),
        }
    }

    fn region(&self) -> Option<String> {
        match self.whole(self.service.at(&["provider", "region"])?, 1).ok()? {
            Value::Text(region) => Some(region),
            _ => None,
        }
    }

    /// Parameters of the stage, else the default ones: `params.STAGE`, `stages.STAGE.params`.
    fn parameter(&self, name: &str, level: usize) -> Result<Option<Value>, String> {
        let stage = self.stage(level)?;
        for of in [stage.as_str(), "default"] {
            let value = self
                .service
                .at(&["params", of, name])
                .or(self.service.at(&["stages", of, "params", name]));
            if let Some(value) = value {
                return self.whole(value, level + 1).map(Some);
            }
        }
        Ok(None)
    }

    fn inside(&self, value: &Value, address: &str, level: usize) -> Result<Option<Value>, String> {
        let mut value = value.clone();
        if !address.is_empty() {
            for key in address.split('.') {
                value = match &value {
                    Value::List(items) => match key.parse::<usize>().ok().and_then(|i| items.get(i)) {
                        Some(item) => item.clone(),
                        None => return Ok(None),
                    },
                    value => match value.get(key) {
                        Some(inner) => inner.clone(),
                        None => return Ok(None),
                    },
                };
                value = self.whole(&value, level + 1)?;
            }
        }
        Ok((value != Value::Null).then_some(value))
    }

    fn file(&self, rest: &str, level: usize) -> Result<Option<Value>, String> {
        let (path, after) = rest.split_once(')').unwrap_or((rest, ""));
        let path = path.trim();
        let extension = Path::new(path)
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        let parse: fn(&str) -> Result<Value, String> = match extension.as_str() {
            "yml" | "yaml" => yaml::parse,
            "json" => Value::of_json,
            "toml" => Value::of_toml,
            "txt" | "pem" => |text| Ok(Value::from(text)),
            _ => return Err(format!("what the program {path} gives")),
        };
        let file = self.folder.join(path);
        if !file.exists() {
            return Ok(None);
        }
        let value = code::read(&file, super::MOST_BYTES)
            .and_then(|text| parse(&text))
            .map_err(|why| format!("in the file {path}, which cannot be read ({why})"))?;
        self.inside(&value, after.trim_start_matches(':'), level)
    }
}

/// Where the `}` of a `${` is.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(i),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Alternatives, at commas outside of quotes and parentheses.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    let mut depth = 0_usize;
    for c in text.chars() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: &str = "
service: shop
custom:
  prefix: shop-${sls:stage}
  sizes: {dev: 640, prod: 1024}
  list: [a, b]
  me: ${self:custom.you}
  you: ${self:custom.me}
params: {default: {domain: example.org}, dev: {level: debug}}
provider: {name: aws, stage: \"${opt:stage, 'dev'}\", region: eu-central-1}
";

    fn eval(text: &str) -> Result<Value, String> {
        let service = yaml::parse(SERVICE).unwrap();
        Variables::new(&service, Path::new("/nowhere")).resolve(&Value::from(text))
    }

    #[test]
    fn what_the_project_holds_is_known() {
        for (text, value) in [
            ("plain", "plain"),
            ("${self:service}-${sls:stage}", "shop-dev"),
            ("${self:custom.prefix}", "shop-dev"),
            ("${self:custom.sizes.${sls:stage}}", "640"),
            ("${self:custom.list.1}", "b"),
            ("${opt:stage, 'x'}", "x"),
            ("${self:custom.nothing, self:service}", "shop"),
            ("${env:NOWHERE, 'fallback'}", "fallback"),
            ("${param:domain}-${param:level}", "example.org-debug"),
            ("${aws:region}", "eu-central-1"),
            ("${self:provider.stage}", "dev"),
            ("a${opt:none, ''}b", "ab"),
            ("${strToBool('true')}", "true"),
        ] {
            assert_eq!(eval(text), Ok(Value::from(value)), "{text}");
        }
    }

    #[test]
    fn what_others_hold_never_becomes_text() {
        for text in [
            "${ssm:/a}",
            "${ssm:/a, 'x'}",
            "x-${cf:stack.Output}",
            "${env:HOME}",
            "${s3:b/k}",
            "${aws:accountId}",
            "${self:nothing}",
            "${self:custom.me}",
            "${file(./x.js):f}",
            "${file(./none.yml):f}",
            "${opt:none}",
        ] {
            assert!(eval(text).is_err(), "{text}: {:?}", eval(text));
        }
    }

    #[test]
    fn broken_text_is_no_end() {
        for text in ["${", "${self:", "}${", "${${", "${self:custom.${}}", "${,}", "${'}"] {
            let _ = eval(text);
        }
    }
}
