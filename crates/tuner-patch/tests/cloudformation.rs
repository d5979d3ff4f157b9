//! CloudFormation and SAM.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;

const HEAD: &str = "Transform: AWS::Serverless-2016-10-31\n";

fn sam(before: &str, functions: &[(&str, &str)]) -> String {
    let mut text = format!("{HEAD}{before}Resources:\n");
    for (name, lines) in functions {
        text +=
            &format!("  {name}:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: a.b\n{lines}");
    }
    text
}

#[test]
fn long_forms_of_functions() {
    let text = sam(
        "Parameters:\n  Size:\n    Type: Number\n    Default: 512\n",
        &[("Fn", "      MemorySize:\n        Ref: Size\n")],
    );
    assert_eq!(
        changed(&[("t.yaml", &text)], tagged("Fn", "s"), MEMORY),
        ["-Default: 512", "+Default: 1536"]
    );
    let text = sam(
        "Mappings:\n  Sizes:\n    prod:\n      Fn: 512\n    dev:\n      Fn: 128\n",
        &[(
            "Fn",
            "      MemorySize:\n        Fn::FindInMap:\n          - Sizes\n          - prod\n          - Fn\n",
        )],
    );
    assert_eq!(
        changed(&[("t.yaml", &text)], tagged("Fn", "s"), MEMORY),
        ["-Fn: 512", "+Fn: 1536"]
    );
}

#[test]
fn json_templates_take_new_lines() {
    let text = "{\n  \"Resources\": {\n    \"Fn\": {\n      \"Type\": \"AWS::Lambda::Function\",\n      \"Properties\": {\n        \"Handler\": \"a\",\n        \"Runtime\": \"x\"\n      }\n    }\n  }\n}\n";
    assert_eq!(
        changed(&[("t.json", text)], tagged("Fn", "s"), ALL),
        [
            "+\"MemorySize\": 1536,",
            "+\"Timeout\": 45,",
            "+\"Architectures\": [\"arm64\"],"
        ]
    );
}

#[test]
fn a_parameter_that_something_else_reads() {
    let text = sam(
        "Parameters:\n  Size:\n    Type: Number\n    Default: 512\n",
        &[(
            "Fn",
            "      MemorySize: !Ref Size\n      Environment:\n        Variables:\n          SIZE: !Sub '${Size}'\n",
        )],
    );
    let named = places(&[("t.yaml", &text)], tagged("Fn", "s"), MEMORY);
    assert!(
        named.contains(&"t.yaml:5".to_owned()) && named.contains(&"t.yaml:14".to_owned()),
        "{named:?}"
    );
}

#[test]
fn rules_of_parameters() {
    for rule in [
        "MaxValue: 1024",
        "MinValue: 2048",
        "AllowedPattern: '^[0-9]{3}$'",
        "AllowedValues: ['128', '256']",
    ] {
        let text = sam(
            &format!("Parameters:\n  Size:\n    Type: Number\n    {rule}\n    Default: 512\n"),
            &[("Fn", "      MemorySize: !Ref Size\n")],
        );
        let named = places(&[("t.yaml", &text)], tagged("Fn", "s"), MEMORY);
        assert!(named.contains(&"t.yaml:5".to_owned()), "{rule}: {named:?}");
    }
    let text = sam(
        "Parameters:\n  Size:\n    Type: String\n    AllowedPattern: '[0-9]+'\n    Default: 512\n",
        &[("Fn", "      MemorySize: !Ref Size\n")],
    );
    assert_eq!(
        changed(&[("t.yaml", &text)], tagged("Fn", "s"), MEMORY)[1],
        "+Default: 1536"
    );
}

#[test]
fn settings_of_another_stack_are_not_this_one() {
    let text = sam(
        "Parameters:\n  Size:\n    Type: Number\n    Default: 512\n",
        &[("Fn", "      MemorySize: !Ref Size\n")],
    );
    let settings = "version = 0.1\n[dev.deploy.parameters]\nstack_name = \"s-dev\"\nparameter_overrides = [\"Size=128\", \"X=1\"]\n[prod.deploy.parameters]\nstack_name = \"s-prod\"\nparameter_overrides = [\"Size=256\", \"X=1\"]\n";
    let files = [("template.yaml", text.as_str()), ("samconfig.toml", settings)];
    assert_eq!(
        changed(&files, tagged("Fn", "s-prod"), MEMORY)[1],
        "+parameter_overrides = [\"Size=1536\", \"X=1\"]"
    );
    assert_eq!(
        changed(&files, tagged("Fn", "s-dev"), MEMORY)[0],
        "-parameter_overrides = [\"Size=128\", \"X=1\"]"
    );
}

#[test]
fn stacks_are_told_apart_by_samconfig() {
    let text = sam("", &[("Fn", "      MemorySize: 512\n")]);
    let settings = |stack: &str| format!("version = 0.1\n[default.deploy.parameters]\nstack_name = \"{stack}\"\n");
    let (a, b) = (settings("s-a"), settings("s-b"));
    let files = [
        ("a/template.yaml", text.as_str()),
        ("a/samconfig.toml", &a),
        ("b/template.yaml", &text),
        ("b/samconfig.toml", &b),
    ];
    let folder = tree(&files);
    let made = patch(folder.path(), tagged("Fn", "s-b"), MEMORY);
    assert_eq!(made.files().count(), 1);
    assert!(made.diff().contains("a/b/template.yaml"), "{}", made.diff());
}

#[test]
fn a_nested_stack_takes_its_parents_value() {
    let child = sam(
        "Parameters:\n  Size:\n    Type: Number\n    Default: 128\n",
        &[("Fn", "      MemorySize: !Ref Size\n")],
    );
    let parent = "Resources:\n  One:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n      Parameters:\n        Size: 512\n  Two:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n      Parameters:\n        Size: '256'\n";
    let files = [("child.yaml", child.as_str()), ("root.yaml", parent)];
    let lines = changed(&files, tagged("Fn", "s-Two-1Q7ZK2M4X9AB"), MEMORY);
    assert_eq!(lines, ["-Size: '256'", "+Size: '1536'"]);
    let literal = sam("", &[("Fn", "      MemorySize: 128\n")]);
    let files = [("child.yaml", literal.as_str()), ("root.yaml", parent)];
    assert!(!places(&files, tagged("Fn", "s-Two-1Q7ZK2M4X9AB"), MEMORY).is_empty());
}

#[test]
fn globals_behind_a_parameter() {
    let text = sam(
        "Parameters:\n  Size:\n    Type: Number\n    Default: 512\nGlobals:\n  Function:\n    MemorySize: !Ref Size\n",
        &[("A", ""), ("B", "")],
    );
    assert_eq!(
        changed(&[("t.yaml", &text)], tagged("A", "s"), MEMORY),
        ["+MemorySize: 1536"]
    );
}

#[test]
fn names_with_parameters() {
    let text = sam(
        "Parameters:\n  Stage:\n    Type: String\n    AllowedValues: [dev, prod]\n    Default: dev\nMappings:\n  Sizes:\n    dev: {Fn: 128}\n    prod: {Fn: 256}\n",
        &[(
            "Fn",
            "      FunctionName: !Sub 'x-${Stage}-fn'\n      MemorySize: !FindInMap [Sizes, !Ref Stage, Fn]\n",
        )],
    );
    assert_eq!(
        changed(&[("t.yaml", &text)], named("x-prod-fn"), MEMORY),
        ["-prod: {Fn: 256}", "+prod: {Fn: 1536}"]
    );
}

#[test]
fn anchors_are_shared() {
    let text = "Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties: &p\n      Handler: a\n      MemorySize: 128\n  B:\n    Type: AWS::Lambda::Function\n    Properties:\n      <<: *p\n      Handler: b\n";
    assert_eq!(
        changed(&[("t.yaml", text)], tagged("B", "s"), MEMORY),
        ["+MemorySize: 1536"]
    );
    assert!(!places(&[("t.yaml", text)], tagged("A", "s"), MEMORY).is_empty());
}

#[test]
fn synthesized_templates_are_no_sources() {
    let text = "{\"Resources\": {\"Fn\": {\"Type\": \"AWS::Lambda::Function\", \"Properties\": {\"MemorySize\": 128}, \"Metadata\": {\"aws:cdk:path\": \"S/Fn/Resource\"}}}}";
    assert!(is_absent(&[("out/S.template.json", text)], tagged("Fn", "S")));
}

#[test]
fn lists_of_two_and_empty_values() {
    let text = sam(
        "",
        &[(
            "Fn",
            "      Architectures:\n        - x86_64\n      Timeout: 3\n      MemorySize: '128'\n",
        )],
    );
    assert_eq!(changed(&[("t.yaml", &text)], tagged("Fn", "s"), ALL).len(), 6);
    let text = sam("", &[("Fn", "      MemorySize:\n")]);
    assert!(!places(&[("t.yaml", &text)], tagged("Fn", "s"), MEMORY).is_empty());
}

#[test]
fn files_of_parameters() {
    let text = sam(
        "Parameters:\n  Size: {Type: Number, Default: 64}\n",
        &[("Fn", "      MemorySize: !Ref Size\n")],
    );
    let file = "[{\"ParameterKey\": \"Size\", \"ParameterValue\": \"256\"}]\n";
    let files = [
        ("template.yaml", text.as_str()),
        ("params/dev.json", file),
        ("params/prod.json", file),
    ];
    let folder = tree(&files);
    let made = patch(folder.path(), tagged("Fn", "s-prod"), MEMORY);
    assert!(made.diff().contains("b/params/prod.json"), "{:?}", made.verdicts);
    assert_eq!(
        places(&files, tagged("Fn", "s-qa"), MEMORY),
        ["params/dev.json:1", "params/prod.json:1", "template.yaml:3"]
    );
    assert_eq!(
        places(&files[..2], tagged("Fn", "s-prod"), MEMORY),
        ["params/dev.json:1", "template.yaml:3"]
    );
}
