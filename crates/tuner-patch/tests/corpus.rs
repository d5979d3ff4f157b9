//! The cases of `tests/patch-cases`: what is right stands in each `case.json`. The command is driven over them by `run.py`; here the
//! library is, and then over the same trees with bytes changed at random.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use tempfile::TempDir;
use tuner_patch::{Arch, Patch, Request, Target, Verdict, Wanted};

fn cases() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/patch-cases");
    let mut cases: Vec<(PathBuf, Value)> = (fs::read_dir(folder).unwrap().flatten())
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path().join("case.json")).ok()?;
            Some((entry.path(), serde_json::from_str(&text).unwrap()))
        })
        .collect();
    cases.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(cases.len() >= 80, "{}", cases.len());
    cases
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files.extend(self::files(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

/// The case's tree; what is grown, linked or committed is left to `run.py`.
fn lay_out(case: &Path) -> TempDir {
    let top = tempfile::tempdir().unwrap();
    let tree = case.join("tree");
    for file in files(&tree) {
        let below = file.strip_prefix(&tree).unwrap();
        let plain: PathBuf = below
            .components()
            .map(|part| part.as_os_str().to_str().unwrap().trim_start_matches('@').to_owned())
            .collect();
        let path = top.path().join(plain);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(&file, path).unwrap();
    }
    top
}

fn request(case: &Value) -> Request {
    let args: Vec<&str> = case["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| arg.as_str().unwrap())
        .collect();
    let of = |flag: &str| {
        args.iter()
            .position(|arg| *arg == flag)
            .map(|at| args[at + 1].to_owned())
    };
    let number = |flag: &str| of(flag).map(|text| text.parse::<u32>().unwrap());
    let mut wanted = Vec::new();
    wanted.extend(number("--memory").map(Wanted::Memory));
    wanted.extend(number("--timeout").map(Wanted::Timeout));
    wanted.extend(of("--arch").map(|arch| Wanted::Arch(if arch == "arm64" { Arch::Arm64 } else { Arch::X86_64 })));
    Request {
        target: Target {
            function: of("--function").unwrap(),
            logical_id: of("--logical-id"),
            stack: of("--stack"),
            source: of("--source"),
        },
        wanted,
    }
}

fn run(folder: &Path, request: &Request) -> Patch {
    tuner_patch::patch(folder, std::slice::from_ref(request)).unwrap()
}

#[test]
fn every_case_is_right() {
    for (folder, case) in cases() {
        let name = case["name"].as_str().unwrap();
        if !case["grow"].is_null() || !case["links"].is_null() {
            continue;
        }
        if cfg!(not(feature = "code"))
            && ["cdk-", "pulumi-", "sst", "amplify", "sls-typescript"]
                .iter()
                .any(|word| name.starts_with(word))
        {
            continue;
        }
        let top = lay_out(&folder);
        let request = request(&case);
        let patch = run(top.path(), &request);
        let verdict = &patch.verdicts[0];
        let right = match case["expect"].as_str().unwrap() {
            "patched" | "refused" => {
                matches!(verdict, Verdict::Change(..))
                    || (case["or_ambiguous"] == true && matches!(verdict, Verdict::Ambiguous(..)))
            }
            "ambiguous" => matches!(verdict, Verdict::Ambiguous(..)),
            "unchanged" => matches!(verdict, Verdict::Already(..)),
            _ => matches!(verdict, Verdict::NotFound),
        };
        assert!(right, "{name}: {verdict:?}");
        if let Verdict::Ambiguous(_, places) = verdict {
            let wanted = case["places"].as_array().map(Vec::as_slice).unwrap_or_default();
            let all_matter = case["or_ambiguous"] != true;
            let is_named = |place: &Value| {
                let lines = place["lines"][0].as_u64().unwrap()..=place["lines"][1].as_u64().unwrap();
                places.iter().any(|named| {
                    named.file == Path::new(place["file"].as_str().unwrap()) && lines.contains(&(named.line as u64))
                })
            };
            let named = wanted.iter().filter(|place| is_named(place)).count();
            assert!(
                if all_matter { named == wanted.len() } else { named > 0 },
                "{name}: {places:?}"
            );
        }
        if let Verdict::Change(..) = verdict {
            let diff = patch.diff();
            let is_way = |way: &Value| {
                let has = |edit: &Value| {
                    let line = |sign: &str, key: &str| format!("\n{sign}{}", edit[key].as_str().unwrap());
                    let diff = diff.replace('\u{feff}', "");
                    diff.contains(&line("-", "old")) && diff.contains(&line("+", "new"))
                };
                let edits = way["edits"].as_array().unwrap();
                let inserts = way["inserts"].as_array().map_or(0, Vec::len);
                let count = |sign: char| {
                    diff.lines()
                        .filter(|line| line.starts_with(sign) && !line.starts_with(&format!("{sign}{sign}{sign} ")))
                        .count()
                };
                edits.iter().all(has) && count('+') == edits.len() + inserts && count('-') == edits.len()
            };
            assert!(case["ways"].as_array().unwrap().iter().any(is_way), "{name}:\n{diff}");
        }
    }
}

/// A change at random: a byte, a piece left out, a piece twice.
fn broken(text: &[u8], kind: u8, at: usize, length: usize, byte: u8) -> Vec<u8> {
    let mut text = text.to_vec();
    if text.is_empty() {
        return vec![byte];
    }
    let at = at % text.len();
    let end = (at + length % 40).min(text.len());
    match kind % 4 {
        0 => text[at] = byte,
        1 => drop(text.drain(at..end)),
        2 => {
            let piece = text[at..end].to_vec();
            text.splice(at..at, piece);
        }
        _ => text.insert(at, byte),
    }
    text
}

/// Whatever stands in the files: no panic, and where something is changed, the wanted number is what came, once for each value.
#[test]
fn broken_files_never_panic_and_keep_their_other_bytes() {
    let cases: Vec<(TempDir, Request)> = (cases().into_iter())
        .filter(|(_, case)| case["grow"].is_null() && case["name"] != "odd-neighbours")
        .map(|(folder, case)| (lay_out(&folder), request(&case)))
        .collect();
    let count: u32 = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1500);
    let config = Config {
        cases: count,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let strategy = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<u8>(),
        any::<usize>(),
        any::<usize>(),
        any::<u8>(),
    );
    let check =
        |(which, file, kind, at, length, byte): (prop::sample::Index, prop::sample::Index, u8, usize, usize, u8)| {
            let (folder, request) = which.get(&cases);
            let all = files(folder.path());
            if all.is_empty() {
                return Ok(());
            }
            let file = file.get(&all);
            let old = fs::read(file).unwrap();
            fs::write(file, broken(&old, kind, at, length, byte)).unwrap();
            let before: BTreeMap<PathBuf, Vec<u8>> =
                all.iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect();
            let patch = run(folder.path(), request);
            let mut result = Ok(());
            if matches!(patch.verdicts[0], Verdict::Change(..)) {
                patch.write(true).unwrap();
                for (file, before) in &before {
                    let after = fs::read(file).unwrap();
                    let (start, before_end, after_end) = window(before, &after);
                    // The three values of a request stand near each other in no tree: each file's change is a few lines.
                    if before_end - start > 400 || after_end - start > 400 {
                        result = Err(TestCaseError::fail(format!(
                            "{}: {start}..{before_end}",
                            file.display()
                        )));
                    }
                }
                if !matches!(run(folder.path(), request).verdicts[0], Verdict::Already(..)) {
                    result = Err(TestCaseError::fail("a second time changes something"));
                }
                for (file, before) in &before {
                    fs::write(file, before).unwrap();
                }
            }
            fs::write(file, &old).unwrap();
            result
        };
    runner.run(&strategy, check).unwrap();
}

/// Where two texts differ: the same start, the same end.
fn window(before: &[u8], after: &[u8]) -> (usize, usize, usize) {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let same = before[start..]
        .iter()
        .rev()
        .zip(after[start..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (start, before.len() - same, after.len() - same)
}
