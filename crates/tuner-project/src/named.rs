//! Projects that are programs: named, with what to give instead, and never guessed at.

use std::path::{Path, PathBuf};

use crate::tree::Tree;

/// What is found by a file of this name: what it is, and what makes something that can be read of it.
const PROGRAMS: [(&str, &str, &str); 11] = [
    (
        "sst.config.ts",
        "an SST app",
        "run a function of it by its folder and `--handler`, or by `--zip`",
    ),
    (
        "sst.config.js",
        "an SST app",
        "run a function of it by its folder and `--handler`, or by `--zip`",
    ),
    (
        "serverless.ts",
        "a service of the Serverless Framework",
        "run `serverless package` and give the zip file of .serverless with `--zip`",
    ),
    (
        "serverless.js",
        "a service of the Serverless Framework",
        "run `serverless package` and give the zip file of .serverless with `--zip`",
    ),
    (
        "serverless.mjs",
        "a service of the Serverless Framework",
        "run `serverless package` and give the zip file of .serverless with `--zip`",
    ),
    (
        "serverless.cjs",
        "a service of the Serverless Framework",
        "run `serverless package` and give the zip file of .serverless with `--zip`",
    ),
    (
        "Pulumi.yaml",
        "a Pulumi program",
        "run a function of it by its folder and `--handler`, or by `--zip`",
    ),
    (
        "Pulumi.yml",
        "a Pulumi program",
        "run a function of it by its folder and `--handler`, or by `--zip`",
    ),
    (
        "cdktf.json",
        "a program of CDK for Terraform",
        "run a function of it by its folder and `--handler`, or by `--zip`",
    ),
    (
        "arc.json",
        "an Architect app",
        "run a function of it by its folder and `--handler`, or by `--zip`",
    ),
    (
        "app.arc",
        "an Architect app",
        "run a function of it by its folder and `--handler`, or by `--zip`",
    ),
];

/// Notes on them, and the folders that they stand for.
pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for file in &tree.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if let Some((_, what, hint)) = PROGRAMS.iter().find(|(known, ..)| *known == name) {
            notes.push(format!(
                "{} is {what}, a program whose functions are known when it runs: {hint}",
                tree.relative(file)
            ));
            folders.extend(file.parent().map(Path::to_owned));
        }
    }
    folders
}
