//! `samconfig.toml`: the values that a project deploys its template with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::tree::Tree;
use crate::value::Value;
use crate::{code, yaml};

const NAMES: [&str; 3] = ["samconfig.toml", "samconfig.yaml", "samconfig.yml"];
/// Commands whose settings say how a deployment is, the later ones winning.
const COMMANDS: [&str; 3] = ["global", "build", "deploy"];

/// What `samconfig.toml` says of a template.
#[derive(Debug, Clone, Default)]
pub(crate) struct SamConfig {
    pub(crate) overrides: BTreeMap<String, String>,
    pub(crate) stack_name: Option<String>,
    pub(crate) region: Option<String>,
}

/// What belongs to a template: the file beside it, or one above it that names it.
pub(super) fn of(template: &Path, tree: &Tree, notes: &mut Vec<String>) -> SamConfig {
    let own = template.parent().unwrap_or(Path::new("."));
    let Some(file) = own
        .ancestors()
        .take_while(|folder| folder.starts_with(&tree.root))
        .find_map(|folder| NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file()))
    else {
        return SamConfig::default();
    };
    let parsed = code::read(&file, 1 << 20).and_then(|text| match file.extension().is_some_and(|e| e == "toml") {
        true => Value::of_toml(&text),
        false => yaml::parse(&text),
    });
    let config = match parsed {
        Ok(config) => config,
        Err(why) => {
            let note = format!("cannot read {}: {why}", tree.relative(&file));
            if !notes.contains(&note) {
                notes.push(note);
            }
            return SamConfig::default();
        }
    };
    if file.parent() != Some(own) && !names(&config, &file, template) {
        return SamConfig::default();
    }
    let mut result = SamConfig::default();
    for command in COMMANDS {
        let Some(parameters) = config.at(&["default", command, "parameters"]) else {
            continue;
        };
        result
            .overrides
            .extend(overrides(parameters.get("parameter_overrides").unwrap_or(&Value::Null)));
        let text = |key| parameters.get(key).and_then(Value::text).map(str::to_owned);
        result.stack_name = text("stack_name").or(result.stack_name);
        result.region = text("region").or(result.region);
    }
    result
}

/// Whether a configuration names this template as its own.
fn names(config: &Value, file: &Path, template: &Path) -> bool {
    let folder = file.parent().unwrap_or(Path::new("."));
    let commands = config.get("default").map(Value::entries).unwrap_or_default();
    commands
        .iter()
        .filter_map(|(_, command)| {
            command
                .at(&["parameters", "template_file"])
                .or(command.at(&["parameters", "template"]))
        })
        .filter_map(Value::text)
        .any(|path| crate::tree::tidy(&folder.join(PathBuf::from(path))) == crate::tree::tidy(template))
}

fn overrides(value: &Value) -> BTreeMap<String, String> {
    match value {
        Value::Text(text) => parameters(&words(text)),
        Value::List(items) => {
            let mut all = BTreeMap::new();
            for item in items {
                match item {
                    Value::Text(text) => all.extend(parameters(&words(text))),
                    map => all.extend(overrides(map)),
                }
            }
            all
        }
        Value::Map(entries) => entries
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.text()?.to_owned())))
            .collect(),
        Value::Null => BTreeMap::new(),
    }
}

/// `A=1` and `ParameterKey=A,ParameterValue=1`.
fn parameters(words: &[String]) -> BTreeMap<String, String> {
    words
        .iter()
        .filter_map(|word| {
            if let Some(rest) = word.strip_prefix("ParameterKey=") {
                let (key, value) = rest.split_once(",ParameterValue=")?;
                return Some((key.to_owned(), value.to_owned()));
            }
            let (key, value) = word.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Words as a shell takes them apart, without expanding anything.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_read_in_every_form() {
        for (value, pairs) in [
            (
                Value::from(r#"Memory=1024 Stage="prod" Title='a b' Empty="#),
                vec![("Memory", "1024"), ("Stage", "prod"), ("Title", "a b"), ("Empty", "")],
            ),
            (
                Value::from(r#"ParameterKey=A,ParameterValue="x y" B=\"q\""#),
                vec![("A", "x y"), ("B", "\"q\"")],
            ),
            (
                Value::List(vec!["A=1".into(), "B=x=y".into()]),
                vec![("A", "1"), ("B", "x=y")],
            ),
            (Value::Map(vec![("A".to_owned(), "1".into())]), vec![("A", "1")]),
        ] {
            let wanted: BTreeMap<String, String> =
                pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            assert_eq!(overrides(&value), wanted);
        }
    }
}
