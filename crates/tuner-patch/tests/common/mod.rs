//! Trees of code, and what is made of them.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tuner_patch::{Arch, Patch, Request, Target, Verdict, Wanted};

/// A folder with these files.
pub fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

pub fn named(function: &str) -> Target {
    Target {
        function: function.to_owned(),
        ..Target::default()
    }
}

pub fn tagged(logical_id: &str, stack: &str) -> Target {
    Target {
        function: format!("{stack}-{logical_id}-1Q7ZK2M4X9AB"),
        logical_id: Some(logical_id.to_owned()),
        stack: Some(stack.to_owned()),
        source: None,
    }
}

pub fn at(function: &str, source: &str) -> Target {
    Target {
        source: Some(source.to_owned()),
        ..named(function)
    }
}

pub const MEMORY: &[Wanted] = &[Wanted::Memory(1536)];
pub const ALL: &[Wanted] = &[Wanted::Memory(1536), Wanted::Timeout(45), Wanted::Arch(Arch::Arm64)];

pub fn patch(folder: &Path, target: Target, wanted: &[Wanted]) -> Patch {
    let request = Request {
        target,
        wanted: wanted.to_vec(),
    };
    tuner_patch::patch(folder, &[request]).unwrap()
}

/// The lines that the patch takes away and puts in, without spaces around them; written, and proven to change nothing twice.
pub fn changed(files: &[(&str, &str)], target: Target, wanted: &[Wanted]) -> Vec<String> {
    let folder = tree(files);
    let made = patch(folder.path(), target.clone(), wanted);
    assert!(matches!(made.verdicts[0], Verdict::Change(..)), "{:?}", made.verdicts);
    let diff = made.diff();
    made.write(true).unwrap();
    let again = patch(folder.path(), target, wanted);
    assert!(
        matches!(again.verdicts[0], Verdict::Already(..)),
        "{:?}",
        again.verdicts
    );
    let lines = diff
        .lines()
        .filter(|line| !line.starts_with("---") && !line.starts_with("+++"));
    let lines = lines.filter(|line| line.starts_with(['+', '-']));
    lines
        .map(|line| format!("{}{}", &line[..1], line[1..].trim()))
        .collect()
}

/// The places that are named, as `FILE:LINE`.
pub fn places(files: &[(&str, &str)], target: Target, wanted: &[Wanted]) -> Vec<String> {
    let folder = tree(files);
    let made = patch(folder.path(), target, wanted);
    match &made.verdicts[0] {
        Verdict::Ambiguous(_, places) => places
            .iter()
            .map(|place| format!("{}:{}", place.file.display(), place.line))
            .collect(),
        other => panic!("{other:?}\n{}", made.diff()),
    }
}

pub fn is_absent(files: &[(&str, &str)], target: Target) -> bool {
    let folder = tree(files);
    patch(folder.path(), target, MEMORY).verdicts[0] == Verdict::NotFound
}
