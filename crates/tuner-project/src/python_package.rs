//! Python functions without a template: files by their usual names with a handler at their top.

use std::path::{Path, PathBuf};

use crate::code::{self, Code};
use crate::draft::{Build, Draft};
use crate::python::{Kind, Module, split_parameters};
use crate::tree::Tree;
use crate::value::Value;

const FILES: [&str; 4] = ["lambda_function.py", "app.py", "main.py", "handler.py"];
/// Folders of tests and examples of use, whose handlers are no functions of the project.
const NOT_OF_THE_PROJECT: [&str; 5] = ["tests", "test", "__tests__", "docs", "site-packages"];

pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for file in &tree.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if !FILES.contains(&&*name) || is_of_tests(tree, file) {
            continue;
        }
        let text = match code::read(file, 4 << 20) {
            Ok(text) => text,
            Err(why) => {
                notes.push(format!("cannot read {}: {why}", tree.relative(file)));
                continue;
            }
        };
        if let Some(handler) = handler_of(&Module::parse(&text)) {
            drafts.push(draft(tree, file, handler));
        }
    }
    drafts
}

pub(crate) fn is_of_tests(tree: &Tree, file: &Path) -> bool {
    let within = file.parent().and_then(|folder| folder.strip_prefix(&tree.root).ok());
    within.is_some_and(|folders| {
        folders
            .components()
            .any(|part| NOT_OF_THE_PROJECT.iter().any(|n| part.as_os_str() == *n))
    })
}

/// The handler at the top of a module: `lambda_handler`, or `handler` or `main` that takes an event and a context.
fn handler_of(module: &Module) -> Option<&'static str> {
    let takes_two = |parameters: &[String]| {
        parameters.len() == 2 && parameters.iter().all(|p| !p.starts_with('*') && !p.contains('='))
    };
    let is_handler = |name: &str, by_name: bool| {
        module.binding(name).is_some_and(|binding| match &binding.kind {
            Kind::Function(parameters) => by_name || takes_two(parameters),
            Kind::Assignment(value) => {
                let lambda = value.strip_prefix("lambda ").and_then(|rest| rest.split(':').next());
                by_name || lambda.is_some_and(|p| takes_two(&split_parameters(p))) || is_adapter(value)
            }
            Kind::Class | Kind::Import => false,
        })
    };
    if is_handler("lambda_handler", true) {
        return Some("lambda_handler");
    }
    ["handler", "main"].into_iter().find(|name| is_handler(name, false))
}

/// What makes a handler of a web application.
fn is_adapter(value: &str) -> bool {
    let call = value.split('(').next().unwrap_or_default();
    matches!(
        call.rsplit('.').next().unwrap_or_default(),
        "Mangum" | "make_lambda_handler" | "SlackRequestHandler"
    )
}

fn draft(tree: &Tree, file: &Path, handler: &str) -> Draft {
    let folder = file.parent().unwrap_or(&tree.root);
    let project = folder
        .ancestors()
        .take_while(|f| f.starts_with(&tree.root))
        .map(|f| f.join("pyproject.toml"))
        .find(|f| f.is_file());
    // The package that the file is in begins below the first folder that is none.
    let mut base = folder;
    let mut module = vec![file.file_stem().unwrap_or_default().to_string_lossy().into_owned()];
    while base.join("__init__.py").is_file() && base != tree.root {
        module.insert(0, base.file_name().unwrap_or_default().to_string_lossy().into_owned());
        base = base.parent().unwrap_or(&tree.root);
    }
    let in_src = folder
        .ancestors()
        .take_while(|f| f.starts_with(&tree.root))
        .find(|f| f.file_name().is_some_and(|n| n == "src"));
    if let Some(src) = in_src.filter(|_| project.is_some()) {
        // A source layout: packages without `__init__.py` count, too.
        base = src;
        let inside = file.strip_prefix(src).unwrap_or(file).with_extension("");
        module = inside
            .components()
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
    }
    let source = project.clone().unwrap_or_else(|| file.to_owned());
    let named = project.as_deref().and_then(project_name);
    let name = named.unwrap_or_else(|| folder_name(project.as_deref().and_then(Path::parent).unwrap_or(folder)));
    let mut draft = Draft::new(name, &source, Code::Folder(base.to_owned()), Build::Own);
    draft.handler = Some(format!("{}.{handler}", module.join(".")));
    draft.qualified = draft.handler.clone();
    draft
}

fn project_name(file: &Path) -> Option<String> {
    let project = Value::of_toml(&code::read(file, 1 << 20).ok()?).ok()?;
    let name = project
        .at(&["project", "name"])
        .or(project.at(&["tool", "poetry", "name"]))?;
    name.text().map(str::to_owned)
}

/// The name of a folder, also of `.`.
pub(crate) fn folder_name(folder: &Path) -> String {
    let whole: PathBuf = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    whole
        .file_name()
        .map_or_else(|| "function".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_no_handler() {
        for (source, handler) in [
            ("def lambda_handler(event, context): pass", Some("lambda_handler")),
            ("def handler(event, context): pass", Some("handler")),
            ("async def main(event, _): pass", Some("main")),
            ("handler = Mangum(app)", Some("handler")),
            ("handler = lambda e, c: 1", Some("handler")),
            ("lambda_handler = wrap(f)", Some("lambda_handler")),
            ("def main(): pass", None),
            ("def main(argv, out=None): pass", None),
            ("def handler(request): pass", None),
            ("handler = logging.StreamHandler()", None),
            ("def main(*args, **more): pass", None),
            ("from logging import handler", None),
        ] {
            assert_eq!(handler_of(&Module::parse(source)), handler, "{source}");
        }
    }
}
