//! A tree of 5,000 files, and a file of 7,000 functions: both are to take less than a second.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tuner_patch::{Request, Target, Verdict, Wanted, patch};

const MAIN: &str = "resource \"aws_lambda_function\" \"a\" {\n  function_name = \"shop-a\"\n  memory_size   = 128\n}\n";

fn request() -> [Request; 1] {
    let target = Target {
        function: "shop-a".to_owned(),
        ..Target::default()
    };
    [Request {
        target,
        wanted: vec![Wanted::Memory(512)],
    }]
}

fn trees(c: &mut Criterion) {
    let many = tempfile::tempdir().unwrap();
    for i in 0..5_000 {
        let folder = many.path().join(format!("src/m{i}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("handler.py"), format!("# file {i}\nmemory_size = 512\n")).unwrap();
    }
    fs::write(many.path().join("main.tf"), MAIN).unwrap();
    let large = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for i in 0..7_000 {
        let _ = write!(
            text,
            "resource \"aws_lambda_function\" \"g{i}\" {{\n  function_name = \"shop-g{i}\"\n  memory_size   = 256\n}}\n\n"
        );
    }
    fs::write(large.path().join("main.tf"), text + MAIN).unwrap();
    let mut group = c.benchmark_group("patch");
    group.sample_size(10);
    for (name, folder) in [("5,000 files", &many), ("7,000 functions in a file", &large)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let made = patch(black_box(folder.path()), &request()).unwrap();
                assert!(matches!(made.verdicts[0], Verdict::Change(..)));
                made
            });
        });
    }
    group.finish();
}

criterion_group!(benches, trees);
criterion_main!(benches);
