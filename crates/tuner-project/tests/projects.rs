//! Small projects of each kind: what must be found in each is beside it, in `NAME.expect.json`.

#![allow(clippy::unwrap_used, reason = "a test, and its helpers")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tuner_project::{Options, find};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Files that are made in the copy: archives, and what must not be looked at.
fn make(root: &Path, what: &Value) {
    for (name, members) in what["zip"].as_object().into_iter().flatten() {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
        for (member, text) in members.as_object().unwrap() {
            zip.start_file(member, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(text.as_str().unwrap().as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }
    for (name, text) in what["files"].as_object().into_iter().flatten() {
        write(&root.join(name), text.as_str().unwrap());
    }
}

/// Every file with its text: a search may change none.
fn state(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(root)
        .into_iter()
        .flatten()
        .filter(|e| e.file_type().is_file());
    files
        .map(|e| (e.path().to_owned(), std::fs::read(e.path()).unwrap()))
        .collect()
}

fn alternatives(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// What differs between a function found and what is expected; `needs` are programs that this machine may lack.
fn misses(found: &Value, want: &Value) -> Vec<String> {
    let mut misses = Vec::new();
    for (key, value) in want.as_object().unwrap() {
        let got = &found[key];
        let is_same = match key.as_str() {
            "name" | "source" => alternatives(value).contains(&got.as_str().unwrap_or_default()),
            "needs" | "says" => true,
            "runnable" | "reason" if found["reason"] == "toolchain" && want.get("needs").is_some() => true,
            "env_unresolved" | "payloads" => {
                let sorted = |v: &Value| {
                    let mut names: Vec<String> = alternatives(v).into_iter().map(str::to_owned).collect();
                    names.sort();
                    names
                };
                sorted(got) == sorted(value)
            }
            "layers" => alternatives(value)
                .iter()
                .all(|path| got.as_array().unwrap().iter().any(|layer| layer["path"] == *path)),
            _ => got == value,
        };
        if !is_same {
            misses.push(format!("{}: {key}: {value} expected, {got} found", found["name"]));
        }
    }
    if found["runnable"] == false && (found["message"].is_null() || found["hint"].is_null()) {
        misses.push(format!("{} cannot run, and nothing says why", found["name"]));
    }
    misses
}

#[test]
fn each_project_is_found_as_it_is() {
    let mut wrong = Vec::new();
    let mut projects = 0;
    for entry in std::fs::read_dir(corpus()).unwrap().flatten() {
        let file = entry.file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".expect.json") else {
            continue;
        };
        projects += 1;
        let want: Value = serde_json::from_str(&std::fs::read_to_string(entry.path()).unwrap()).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join(name);
        copy(&corpus().join(name), &root);
        make(&root, &want["make"]);
        let before = state(&root);
        let found = find(&root, &Options::default()).unwrap();
        assert_eq!(state(&root), before, "{name}: searching changed something");
        let document = serde_json::to_value(&found).unwrap();
        let mut left: Vec<&Value> = document["functions"].as_array().unwrap().iter().collect();
        for expected in want["functions"].as_array().unwrap() {
            let is_it = |f: &&Value| {
                alternatives(&expected["name"]).contains(&f["name"].as_str().unwrap())
                    && alternatives(&expected["source"]).contains(&f["source"].as_str().unwrap())
            };
            match left.iter().position(is_it) {
                Some(at) => wrong.extend(
                    misses(left.remove(at), expected)
                        .iter()
                        .map(|miss| format!("{name}: {miss}")),
                ),
                None => wrong.push(format!("{name}: no {} of {}", expected["name"], expected["source"])),
            }
            let words = document.to_string();
            for pattern in alternatives(&expected["says"]) {
                if !words.contains(pattern) {
                    wrong.push(format!("{name}: nothing says {pattern}"));
                }
            }
        }
        wrong.extend(
            left.iter()
                .map(|f| format!("{name}: unexpected {} of {}", f["name"], f["source"])),
        );
        for text in alternatives(&want["never"]) {
            if document.to_string().contains(text) {
                wrong.push(format!("{name}: {text} is in the document"));
            }
        }
        let ids: std::collections::BTreeSet<_> = found.functions.iter().map(|f| &f.id).collect();
        assert_eq!(ids.len(), found.functions.len(), "{name}: two functions have one ID");
    }
    assert!(projects >= 14, "the corpus is not there");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
