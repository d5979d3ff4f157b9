//! The functions of one module, with the values it is called with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hcl_edit::expr::Expression;

use super::expressions::{MOST_LEVELS, Names, constant, eval, key_text};
use super::{Block, Folders};
use crate::code::{self, Code};
use crate::draft::{Build, Draft, LayerAt};
use crate::tree::tidy;
use crate::value::Value;

/// Values of variables, or what they refer to.
pub(super) type Vars = BTreeMap<String, Result<Value, String>>;

/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function>
const DEFAULT_MEMORY_MB: u32 = 128;
const DEFAULT_TIMEOUT_S: u32 = 3;
/// Modules that call modules.
const MOST_CALLS: usize = 5;
const LAMBDA_MODULE: &str = "terraform-aws-modules/lambda/aws";

/// A module and what it is called with.
pub(super) struct Module<'a> {
    folder: &'a Path,
    root: &'a Path,
    folders: &'a Folders,
    vars: Vars,
    /// The calls that lead to it, if it is not the configuration itself.
    called_as: Option<String>,
}

impl<'a> Module<'a> {
    pub(super) const fn new(
        folder: &'a Path,
        root: &'a Path,
        folders: &'a Folders,
        vars: Vars,
        called_as: Option<String>,
    ) -> Self {
        Self {
            folder,
            root,
            folders,
            vars,
            called_as,
        }
    }

    /// The blocks of a kind, and the files that have them.
    fn blocks(&self, ident: &'a str) -> impl Iterator<Item = (&'a Path, &'a Block)> + use<'a> {
        let files = self.folders.get(self.folder).into_iter().flatten();
        files.flat_map(move |(file, top)| {
            top.blocks
                .iter()
                .filter(move |b| b.ident == ident)
                .map(move |b| (file.as_path(), b))
        })
    }

    pub(super) fn drafts(&self, calls: usize) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for (file, block) in self.blocks("resource") {
            if let [kind, label] = block.labels.as_slice()
                && kind == "aws_lambda_function"
                && self.is_made(block)
            {
                drafts.push(self.function(label, file, block));
            }
        }
        for (file, block) in self.blocks("module") {
            let Some(label) = block.labels.first().filter(|_| self.is_made(block)) else {
                continue;
            };
            let source = block.attribute("source").and_then(|e| constant(e).ok());
            let source = source.as_ref().and_then(Value::text).unwrap_or_default();
            if source.starts_with(LAMBDA_MODULE) || source.contains(&format!("/{LAMBDA_MODULE}")) {
                drafts.extend(self.of_lambda_module(label, file, block));
            } else if let Some(folder) = local_source(self.folder, block).filter(|_| calls < MOST_CALLS)
                && let Some((folder, _)) = self.folders.get_key_value(&folder)
            {
                let vars = block
                    .attributes
                    .iter()
                    .map(|(key, e)| (key.clone(), eval(e, self, 0)))
                    .collect();
                let name = self
                    .called_as
                    .as_ref()
                    .map_or_else(|| label.clone(), |outer| format!("{outer}.{label}"));
                drafts.extend(Module::new(folder, self.root, self.folders, vars, Some(name)).drafts(calls + 1));
            }
        }
        drafts
    }

    /// Whether there is at least one of it; where only a plan knows there may be.
    fn is_made(&self, block: &Block) -> bool {
        let count = block.attribute("count").map(|e| eval(e, self, 0));
        !matches!(count, Some(Ok(Value::Text(count))) if count == "0")
    }

    fn draft(&self, label: &str, file: &Path, block: &Block, code: Code) -> Draft {
        let mut draft = Draft::new(label, file, code, Build::Terraform);
        draft.qualified = Some(match &self.called_as {
            Some(call) => format!("module.{call}.{label}"),
            None => label.to_owned(),
        });
        let mut notes = Vec::new();
        let mut text = |key: &str| match block.attribute(key).map(|e| eval(e, self, 0)) {
            Some(Ok(Value::Text(text))) => Some(Some(text)),
            Some(Ok(Value::Null)) | None => None,
            Some(Ok(_)) => Some(None),
            Some(Err(why)) => {
                notes.push(format!("{key} is not known here: it is {why}"));
                Some(None)
            }
        };
        draft.runtime = text("runtime").flatten();
        draft.handler = text("handler").flatten();
        let mut number = |key, default| match text(key) {
            None => Some(default),
            Some(text) => text.and_then(|text| Value::Text(text).number()),
        };
        let (memory_mb, timeout_s) = (
            number("memory_size", DEFAULT_MEMORY_MB),
            number("timeout", DEFAULT_TIMEOUT_S),
        );
        draft.memory_mb = memory_mb;
        draft.timeout_s = timeout_s;
        draft.notes = notes;
        if let Some(Ok(list)) = block.attribute("architectures").map(|e| eval(e, self, 0)) {
            draft.architecture = list.list().first().and_then(Value::text).map(str::to_owned);
        }
        match block.attribute("layers") {
            Some(Expression::Array(items)) => draft.layers.extend(items.iter().map(|item| self.layer(item))),
            Some(other) => draft.layers.push(self.layer(other)),
            None => {}
        }
        draft
    }

    fn layer(&self, expression: &Expression) -> LayerAt {
        match eval(expression, self, 0) {
            Ok(Value::Text(arn)) => LayerAt::Elsewhere(arn),
            Ok(_) => LayerAt::Elsewhere("layers that are not read here".to_owned()),
            Err(why) => LayerAt::Elsewhere(why),
        }
    }

    fn function(&self, label: &str, file: &Path, block: &Block) -> Draft {
        let is_image = block.attribute("image_uri").is_some_and(|e| !e.is_null())
            || block
                .attribute("package_type")
                .and_then(|e| eval(e, self, 0).ok())
                .is_some_and(|v| v.text() == Some("Image"));
        let code = match block.attribute("filename").filter(|e| !e.is_null()) {
            Some(filename) => match eval(filename, self, 0) {
                Ok(Value::Text(path)) => self.archived(&path).unwrap_or_else(|| Code::at(self.place(&path))),
                Ok(_) => Code::Elsewhere("nowhere: `filename` is no text".to_owned()),
                Err(why) => Code::Elsewhere(why),
            },
            None => {
                let part = |key| block.attribute(key).and_then(|e| eval(e, self, 0).ok());
                match (part("s3_bucket"), part("s3_key")) {
                    (Some(Value::Text(bucket)), Some(Value::Text(key))) => {
                        Code::Elsewhere(format!("s3://{bucket}/{key}"))
                    }
                    _ => Code::Elsewhere("in S3".to_owned()),
                }
            }
        };
        let mut draft = self.draft(label, file, block, code);
        draft.is_image = is_image;
        let dynamic = block
            .blocks
            .iter()
            .find(|b| b.ident == "dynamic" && b.labels.first().is_some_and(|l| l == "environment"));
        let environment = block.block("environment").or_else(|| dynamic?.block("content"));
        if let Some(variables) = environment.and_then(|e| e.attribute("variables")) {
            self.variables(&mut draft, variables);
        }
        draft
    }

    /// <https://registry.terraform.io/modules/terraform-aws-modules/lambda/aws>
    fn of_lambda_module(&self, label: &str, file: &Path, block: &Block) -> Option<Draft> {
        let is = |key: &str| block.attribute(key).and_then(|e| eval(e, self, 0).ok());
        if ["create", "create_function"]
            .iter()
            .any(|key| is(key).is_some_and(|v| v.text() == Some("false")))
            || is("create_layer").is_some_and(|v| v.is_true())
        {
            return None;
        }
        let source = block
            .attribute("local_existing_package")
            .or(block.attribute("source_path"));
        let code = match source.map(|e| eval(e, self, 0)) {
            Some(Ok(value)) => match source_path(&value) {
                Some(path) => self.file_or_folder(&path),
                None => Code::Elsewhere("made by commands that the module runs".to_owned()),
            },
            Some(Err(why)) => Code::Elsewhere(why),
            None => Code::Elsewhere("in S3".to_owned()),
        };
        let mut draft = self.draft(label, file, block, code);
        draft.is_image =
            is("package_type").is_some_and(|v| v.text() == Some("Image")) || block.attribute("image_uri").is_some();
        if let Some(variables) = block.attribute("environment_variables") {
            self.variables(&mut draft, variables);
        }
        Some(draft)
    }

    fn place(&self, path: &str) -> PathBuf {
        // Relative paths are those of where Terraform is started.
        tidy(&self.root.join(path))
    }

    fn file_or_folder(&self, path: &str) -> Code {
        let place = self.place(path);
        let is_archive = place.extension().is_some_and(|e| e == "zip" || e == "jar");
        match place.is_file() && !is_archive {
            true => Code::Folder(place.parent().unwrap_or(self.root).to_owned()),
            false => Code::at(place),
        }
    }

    /// What an `archive_file` with this output packs.
    fn archived(&self, output: &str) -> Option<Code> {
        let archives = self.blocks("data").chain(self.blocks("resource"));
        let archive = archives.map(|(_, block)| block).find(|block| {
            let path = block.attribute("output_path").and_then(|e| eval(e, self, 0).ok());
            block.labels.first().is_some_and(|l| l == "archive_file")
                && path
                    .as_ref()
                    .and_then(Value::text)
                    .is_some_and(|p| self.place(p) == self.place(output))
        })?;
        for key in ["source_dir", "source_file"] {
            match archive.attribute(key).map(|e| eval(e, self, 0)) {
                Some(Ok(Value::Text(path))) => return Some(self.file_or_folder(&path)),
                Some(Err(why)) => return Some(Code::Elsewhere(why)),
                _ => {}
            }
        }
        let source = |block: &Block| {
            let text = |key| block.attribute(key).map(|e| eval(e, self, 0));
            (text("filename"), text("content"))
        };
        match archive.block("source").map(source).unwrap_or_else(|| {
            source(&Block {
                attributes: [("filename", "source_content_filename"), ("content", "source_content")]
                    .iter()
                    .filter_map(|(key, of)| Some(((*key).to_owned(), archive.attribute(of)?.clone())))
                    .collect(),
                ..Block::default()
            })
        }) {
            (Some(Ok(Value::Text(file))), Some(Ok(Value::Text(text)))) => Some(Code::Inline { file: Some(file), text }),
            (_, Some(Err(why))) => Some(Code::Elsewhere(why)),
            _ => None,
        }
    }

    /// Variables one by one, so that one that is unknown does not hide the others.
    fn variables(&self, draft: &mut Draft, expression: &Expression) {
        for part in self.parts(expression, 0) {
            match part {
                Ok((name, Ok(Value::Text(value)))) => draft.variable(&name, Ok(value)),
                Ok((_, Ok(Value::Null))) => {}
                Ok((name, Ok(_))) => draft.variable(&name, Err("a value that is no text".to_owned())),
                Ok((name, Err(why))) => draft.variable(&name, Err(why)),
                Err(why) => draft.notes.push(format!(
                    "some of its variables are not known here: they are {why}; give them with --env"
                )),
            }
        }
    }

    #[expect(
        clippy::type_complexity,
        reason = "a name and its value, each of which may be unknown"
    )]
    fn parts(&self, expression: &Expression, level: usize) -> Vec<Result<(String, Result<Value, String>), String>> {
        if level > MOST_LEVELS {
            return vec![Err("a circle of references".to_owned())];
        }
        match expression {
            Expression::Object(object) => (object.iter())
                .map(|(key, value)| Ok((key_text(key, self, level)?, eval(value.expr(), self, level))))
                .collect(),
            Expression::FuncCall(call) if call.name.name.as_str() == "merge" => call
                .args
                .iter()
                .flat_map(|argument| self.parts(argument, level + 1))
                .collect(),
            Expression::Parenthesis(inner) => self.parts(inner.inner(), level + 1),
            Expression::Conditional(c) => match eval(&c.cond_expr, self, level) {
                Ok(holds) if holds.is_true() => self.parts(&c.true_expr, level + 1),
                Ok(_) => self.parts(&c.false_expr, level + 1),
                Err(why) => vec![Err(why)],
            },
            Expression::Traversal(traversal) => {
                let is_local =
                    matches!(&traversal.expr, Expression::Variable(root) if root.value().as_str() == "local");
                let name = match traversal.operators.as_slice() {
                    [one] => match one.value() {
                        hcl_edit::expr::TraversalOperator::GetAttr(name) => Some(name.value().to_string()),
                        _ => None,
                    },
                    _ => None,
                };
                match name.filter(|_| is_local).and_then(|name| self.local(&name)) {
                    Some(local) => self.parts(local, level + 1),
                    None => self.whole(expression, level),
                }
            }
            other => self.whole(other, level),
        }
    }

    #[expect(
        clippy::type_complexity,
        reason = "a name and its value, each of which may be unknown"
    )]
    fn whole(&self, expression: &Expression, level: usize) -> Vec<Result<(String, Result<Value, String>), String>> {
        match eval(expression, self, level) {
            Ok(map) => map
                .entries()
                .iter()
                .map(|(key, value)| Ok((key.clone(), Ok(value.clone()))))
                .collect(),
            Err(why) => vec![Err(why)],
        }
    }

    fn local(&self, name: &str) -> Option<&'a Expression> {
        self.blocks("locals").find_map(|(_, block)| block.attribute(name))
    }
}

impl Names for Module<'_> {
    fn look_up(&self, root: &str, path: &[String], level: usize) -> Result<(Value, usize), String> {
        let first = path.first().map(String::as_str).unwrap_or_default();
        match root {
            "var" => {
                let given = self.vars.get(first).cloned();
                let declared = self
                    .blocks("variable")
                    .find(|(_, b)| b.labels.first().is_some_and(|l| l == first));
                let default = declared.and_then(|(_, block)| block.attribute("default"));
                let value = match (given, default) {
                    (Some(value), _) => value?,
                    (None, Some(default)) => eval(default, self, level)?,
                    (None, None) => return Err(format!("the variable {first}, which has no default")),
                };
                Ok((value, 1))
            }
            "local" => match self.local(first) {
                Some(local) => Ok((eval(local, self, level)?, 1)),
                None => Err(format!("local.{first}, which is not there")),
            },
            "path" => {
                let folder = if first == "module" { self.folder } else { self.root };
                Ok((Value::Text(folder.to_string_lossy().into_owned()), 1))
            }
            "data" | "archive_file" => {
                let (kind, label, rest) = match root {
                    "data" => (first, path.get(1), 2),
                    kind => (kind, path.first(), 1),
                };
                let attribute = path.get(rest).map(String::as_str).unwrap_or_default();
                if kind == "archive_file" && attribute == "output_path" {
                    let archives = self.blocks("data").chain(self.blocks("resource"));
                    let found = archives
                        .map(|(_, b)| b)
                        .find(|b| b.labels.first().is_some_and(|l| l == kind) && b.labels.get(1) == label);
                    if let Some(output) = found.and_then(|b| b.attribute("output_path")) {
                        return Ok((eval(output, self, level)?, rest + 1));
                    }
                }
                Err(format!("what {kind} is found to be"))
            }
            "each" | "count" => Err(format!("`{root}.{first}`, which differs from one to the next")),
            "terraform" => Err("the workspace".to_owned()),
            "module" => Err(format!("an output of the module {first}")),
            kind => Err(format!("the resource {kind}.{first}")),
        }
    }

    fn file(&self, path: &str) -> Result<String, String> {
        code::read(&self.place(path), super::MOST_BYTES)
            .map_err(|why| format!("the file {path}, which cannot be read ({why})"))
    }
}

/// Folders that the modules of a file come from.
pub(super) fn local_sources(folder: &Path, top: &Block) -> Vec<PathBuf> {
    top.blocks
        .iter()
        .filter(|b| b.ident == "module")
        .filter_map(|block| local_source(folder, block))
        .collect()
}

fn local_source(folder: &Path, block: &Block) -> Option<PathBuf> {
    let source = constant(block.attribute("source")?).ok()?;
    let source = source.text()?;
    (source.starts_with("./") || source.starts_with("../")).then(|| tidy(&folder.join(source)))
}

/// A path, a list of one, or `{path = ...}`.
fn source_path(value: &Value) -> Option<String> {
    match value {
        Value::Text(path) => Some(path.clone()),
        Value::List(items) => items.iter().find_map(source_path),
        map => map.get("path")?.text().map(str::to_owned),
    }
}
