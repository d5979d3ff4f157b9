//! The Serverless Framework.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;

fn service(rest: &str) -> String {
    format!("service: shop\nprovider:\n  name: aws\n  stage: ${{opt:stage, 'dev'}}\n{rest}")
}

#[test]
fn a_list_of_files() {
    let main = service(
        "functions:\n  - ${file(a.yml)}\n  - ${file(b.yml):functions}\n  - c:\n      handler: c\n      memorySize: 128\n",
    );
    let files = [
        ("serverless.yml", main.as_str()),
        ("a.yml", "a:\n  handler: a\n  memorySize: 128\n"),
        ("b.yml", "functions:\n  b:\n    handler: b\n    memorySize: 128\n"),
    ];
    for name in ["a", "b", "c"] {
        assert_eq!(
            changed(&files, named(&format!("shop-prod-{name}")), MEMORY),
            ["-memorySize: 128", "+memorySize: 1536"]
        );
    }
}

#[test]
fn stages_of_version_four() {
    let main = service(
        "stages:\n  default:\n    params:\n      memory: 128\n  prod:\n    params:\n      memory: 256\nfunctions:\n  a:\n    handler: a\n    memorySize: ${param:memory}\n",
    );
    assert_eq!(
        changed(&[("serverless.yml", &main)], named("shop-prod-a"), MEMORY),
        ["-memory: 256", "+memory: 1536"]
    );
    assert_eq!(
        changed(&[("serverless.yml", &main)], named("shop-qa-a"), MEMORY),
        ["-memory: 128", "+memory: 1536"]
    );
}

#[test]
fn settings_of_a_stage_in_a_file() {
    let main = service(
        "custom:\n  settings: ${file(config/${sls:stage}.yml)}\nfunctions:\n  a:\n    handler: a\n    memorySize: ${self:custom.settings.memory.a}\n  b:\n    handler: b\n    memorySize: ${self:custom.settings.memory.b}\n",
    );
    let files = [
        ("serverless.yml", main.as_str()),
        ("config/dev.yml", "memory:\n  a: 128\n  b: 128\n"),
        ("config/prod.yml", "memory:\n  a: 256\n  b: 256\n"),
    ];
    assert_eq!(changed(&files, named("shop-prod-b"), MEMORY), ["-b: 256", "+b: 1536"]);
}

#[test]
fn a_value_that_two_functions_read() {
    let main = service(
        "custom:\n  memory: 256\nfunctions:\n  a:\n    handler: a\n    memorySize: ${self:custom.memory}\n  b:\n    handler: b\n    memorySize: ${self:custom.memory, 512}\n",
    );
    let named_places = places(&[("serverless.yml", &main)], named("shop-prod-a"), MEMORY);
    assert!(
        named_places.contains(&"serverless.yml:6".to_owned()) && named_places.contains(&"serverless.yml:13".to_owned()),
        "{named_places:?}"
    );
}

#[test]
fn defaults_of_the_provider() {
    let main = service(
        "  memorySize: ${self:custom.memory.${sls:stage}}\n  timeout: 10\ncustom:\n  memory:\n    dev: 128\n    prod: 256\nfunctions:\n  a:\n    handler: a\n",
    );
    assert_eq!(
        changed(&[("serverless.yml", &main)], named("shop-prod-a"), MEMORY),
        ["-prod: 256", "+prod: 1536"]
    );
    assert_eq!(
        changed(&[("serverless.yml", &main)], named("shop-prod-a"), ALL)
            .last()
            .map(String::as_str),
        Some("+architecture: arm64")
    );
}

#[test]
fn what_the_deployment_decides() {
    for value in [
        "${env:MEMORY}",
        "${opt:memory, 512}",
        "${ssm:/memory}",
        "${cf:stack.Memory}",
        "${self:custom.a}x",
    ] {
        let main = service(&format!(
            "custom:\n  a: 1\nfunctions:\n  a:\n    handler: a\n    memorySize: {value}\n"
        ));
        assert!(
            !places(&[("serverless.yml", &main)], named("shop-prod-a"), MEMORY).is_empty(),
            "{value}"
        );
    }
}

#[test]
fn circles_end() {
    let main = service(
        "custom:\n  a: ${self:custom.b}\n  b: ${self:custom.a}\nfunctions:\n  a:\n    handler: a\n    memorySize: ${self:custom.a}\n",
    );
    assert!(!places(&[("serverless.yml", &main)], named("shop-prod-a"), MEMORY).is_empty());
}

#[test]
fn by_tags_with_a_stack_of_its_own() {
    let main = "service: shop\nprovider:\n  name: aws\n  stackName: ${self:service}-stack-${sls:stage}\nfunctions:\n  do_it:\n    handler: a\n    memorySize: 128\n";
    let target = tagged("DoUnderscoreitLambdaFunction", "shop-stack-prod");
    assert_eq!(
        changed(&[("serverless.yml", main)], target, MEMORY)[1],
        "+memorySize: 1536"
    );
    assert!(is_absent(
        &[("serverless.yml", main)],
        tagged("DoUnderscoreitLambdaFunction", "other-prod")
    ));
}

#[test]
fn json_and_typescript_take_new_lines() {
    let json = "{\n  \"service\": \"shop\",\n  \"provider\": {\"name\": \"aws\"},\n  \"functions\": {\n    \"a\": {\n      \"handler\": \"a\",\n      \"events\": []\n    }\n  }\n}\n";
    assert_eq!(
        changed(&[("serverless.json", json)], named("shop-prod-a"), MEMORY),
        ["+\"memorySize\": 1536,"]
    );
    let code = "const config = {\n  service: 'shop',\n  provider: { name: 'aws' },\n  functions: {\n    a: {\n      handler: 'a',\n    },\n  },\n};\nmodule.exports = config;\n";
    assert_eq!(
        changed(&[("serverless.ts", code)], named("shop-prod-a"), MEMORY),
        ["+memorySize: 1536,"]
    );
}
