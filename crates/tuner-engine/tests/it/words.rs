//! What core and engine say must suit every reader: flags are for those who know that there is a command line.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("tests") => {}
            true => sources(&path, found),
            false if path.file_name().is_some_and(|name| name == "tests.rs") => {}
            false => found.push(path),
        }
    }
}

/// A flag such as `--memory` in a line of code that is no comment. Commands of AWS's own are the same for everybody.
fn names_a_flag(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let is_flag = |(at, _): (usize, &str)| {
        let after = code[at + 2..].bytes().next();
        let before = code[..at].bytes().next_back();
        after.is_some_and(|b| b.is_ascii_lowercase()) && before != Some(b'-')
    };
    !code.contains("`aws ") && code.match_indices("--").any(is_flag)
}

#[test]
fn core_and_engine_name_no_flag() {
    assert!(names_a_flag("format!(\"give it with --memory\")") && names_a_flag("\"--memory\""));
    assert!(!names_a_flag("// --memory") && !names_a_flag("a -- b") && !names_a_flag("`aws x --y`"));
    let engine = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(&engine.join("src"), &mut found);
    sources(&engine.join("../tuner-core/src"), &mut found);
    assert!(found.len() > 100, "{found:?}");
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        // Tests stand at the end of a file.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines() {
            assert!(!names_a_flag(line), "{}: {line}", path.display());
            assert!(!line.contains("these credentials"), "{}: {line}", path.display());
        }
    }
}
