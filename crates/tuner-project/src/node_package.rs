//! Node functions without a template: packages whose main file exports `handler`.

use std::path::Path;

use crate::code::{self, Code};
use crate::draft::{Build, Draft};
use crate::javascript::Exports;
use crate::python_package::{folder_name, is_of_tests};
use crate::tree::Tree;
use crate::value::Value;

const FILES: [&str; 3] = ["index.mjs", "index.js", "index.cjs"];

pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|f| f.ends_with("package.json") && !is_of_tests(tree, f))
    {
        match code::read(file, 1 << 20).and_then(|text| Value::of_json(&text)) {
            Ok(package) => drafts.extend(of_package(file, &package)),
            Err(why) => notes.push(format!("cannot read {}: {why}", tree.relative(file))),
        }
    }
    // A file by itself is a function, too, where nothing else is there.
    for file in &tree.files {
        let folder = file.parent().unwrap_or(&tree.root);
        let is_index = FILES.iter().any(|name| file.ends_with(name));
        let has_package = folder
            .ancestors()
            .take_while(|f| f.starts_with(&tree.root))
            .any(|f| f.join("package.json").is_file());
        if is_index && !has_package && !is_of_tests(tree, file) && exports_handler(file) {
            drafts.push(draft(&folder_name(folder), file, folder, file));
        }
    }
    drafts
}

fn of_package(file: &Path, package: &Value) -> Option<Draft> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = package
        .get("name")
        .and_then(Value::text)
        .map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| folder_name(folder));
    let main = package
        .get("main")
        .and_then(Value::text)
        .filter(|main| code::is_inside(main));
    let named = main
        .into_iter()
        .flat_map(|main| [main.to_owned(), format!("{main}.js"), format!("{main}/index.js")]);
    let files: Vec<_> = named
        .chain(FILES.map(str::to_owned))
        .map(|name| folder.join(name))
        .collect();
    if let Some(found) = files.iter().find(|f| f.is_file() && exports_handler(f)) {
        return Some(draft(&name, file, folder, found));
    }
    // Not built: the source that it is built from.
    if files.iter().any(|f| f.is_file()) {
        return None;
    }
    let sources = [
        "index.ts",
        "src/index.ts",
        "handler.ts",
        "src/handler.ts",
        "index.mts",
        "src/index.mts",
        "app.ts",
        "src/app.ts",
    ];
    let source = sources
        .iter()
        .map(|name| folder.join(name))
        .find(|f| f.is_file() && exports_handler(f))?;
    Some(draft(
        &name,
        file,
        folder,
        main.map(|m| folder.join(m)).as_deref().unwrap_or(&source),
    ))
}

fn exports_handler(file: &Path) -> bool {
    code::read(file, 4 << 20).is_ok_and(|text| Exports::parse(&text).names.iter().any(|name| name == "handler"))
}

fn draft(name: &str, source: &Path, folder: &Path, file: &Path) -> Draft {
    let mut draft = Draft::new(name, source, Code::Folder(folder.to_owned()), Build::Own);
    let inside = file.strip_prefix(folder).unwrap_or(file).with_extension("");
    draft.handler = Some(format!("{}.handler", crate::tree::relative(Path::new(""), &inside)));
    draft.qualified = draft.handler.clone();
    draft
}
