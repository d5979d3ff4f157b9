//! Tools with files of their own.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;

#[test]
fn chalice_adds_to_the_function() {
    let text = "{\n  \"app_name\": \"shop\",\n  \"stages\": {\n    \"prod\": {\n      \"lambda_memory_size\": 128,\n      \"lambda_functions\": {\n        \"audit\": {\n          \"lambda_timeout\": 10\n        }\n      }\n    }\n  }\n}\n";
    assert_eq!(
        changed(&[(".chalice/config.json", text)], named("shop-prod-audit"), MEMORY),
        ["+\"lambda_memory_size\": 1536,"]
    );
    assert!(!places(&[(".chalice/config.json", text)], named("shop-prod-other"), MEMORY).is_empty());
}

#[test]
fn zappa_does_not_change_what_it_extends() {
    let text = "[dev]\nproject_name = \"shop\"\nmemory_size = 512\n\n[prod]\nextends = \"dev\"\n";
    assert_eq!(
        changed(&[("zappa_settings.toml", text)], named("shop-prod"), MEMORY),
        ["+memory_size = 1536"]
    );
}

#[test]
fn a_package_with_two_binaries() {
    let text = "[package]\nname = \"shop\"\n\n[[bin]]\nname = \"audit\"\n\n[[bin]]\nname = \"orders\"\n\n[package.metadata.lambda.deploy]\nmemory = 512\n\n[package.metadata.lambda.bin.orders.deploy]\nmemory = 256\n";
    assert_eq!(
        changed(&[("Cargo.toml", text)], named("orders"), MEMORY),
        ["-memory = 256", "+memory = 1536"]
    );
    assert_eq!(
        changed(&[("Cargo.toml", text)], named("audit"), MEMORY),
        ["-memory = 512", "+memory = 1536"]
    );
}

#[test]
fn lambroll_and_ansible() {
    let text = "{\n  \"FunctionName\": \"{{ must_env `STAGE` }}-audit\",\n  \"MemorySize\": 128,\n  \"Architectures\": [\"x86_64\"]\n}\n";
    assert_eq!(
        changed(&[("function.json", text)], named("prod-audit"), &ALL[2..]),
        ["-\"Architectures\": [\"x86_64\"]", "+\"Architectures\": [\"arm64\"]"]
    );
    let text = "{\n  \"FunctionName\": \"audit\",\n  \"Timeout\": 3\n}\n";
    assert_eq!(
        changed(&[("function.json", text)], named("audit"), &ALL[2..]),
        ["+\"Architectures\": [\"arm64\"],"]
    );
    let text = "- hosts: all\n  tasks:\n    - name: deploy\n      amazon.aws.lambda:\n        name: audit\n        handler: a.b\n        memory_size: 128\n";
    assert_eq!(
        changed(&[("play.yml", text)], named("audit"), MEMORY),
        ["-memory_size: 128", "+memory_size: 1536"]
    );
}
