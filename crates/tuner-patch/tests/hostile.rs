//! Files that are made to hurt: they end soon, and never in a panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use common::*;
use tuner_patch::Verdict;

const MAIN: &str = "resource \"aws_lambda_function\" \"a\" {\n  function_name = \"x-a\"\n  memory_size = 128\n}\n";

/// Beside a good file: it is found, and soon.
fn beside(name: &str, text: &str) {
    let folder = tree(&[("good/main.tf", MAIN), (name, text)]);
    let begin = Instant::now();
    let made = patch(folder.path(), named("x-a"), MEMORY);
    assert!(
        matches!(made.verdicts[0], Verdict::Change(..)),
        "{name}: {:?}",
        made.verdicts
    );
    // Seconds on a busy machine without optimisation; what goes wrong here takes hours or the stack.
    assert!(begin.elapsed() < Duration::from_secs(60), "{name}");
}

#[test]
fn deep_nesting() {
    let many = 20_000;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(many), close.repeat(many));
    beside("a.tf", &format!("locals {{\n  a = {}\n}}\n", deep("[", "]")));
    beside("b.tf", &format!("locals {{\n  a = {}1\n}}\n", "!".repeat(many)));
    beside("c.tf", &format!("locals {{\n  a = {}1\n}}\n", "a ? b : ".repeat(many)));
    beside("d.tf", &format!("locals {{\n  a = \"{}\"\n}}\n", deep("${\"", "\"}")));
    beside("e.tf", &deep("a {\n", "}\n"));
    beside("f.tf", &format!("locals {{\n  a = 1{}\n}}\n", " + 1".repeat(many)));
    beside(
        "a.yaml",
        &format!("Resources: {{AWS::Lambda::Function: {}}}", deep("[", "]")),
    );
    beside(
        "b.yaml",
        &format!(
            "# AWS::Lambda::Function\n{}",
            (0..2_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect::<String>()
        ),
    );
    beside("a.json", &format!("{{\"AWS::Lambda::Function\": {}}}", deep("[", "]")));
    beside("samconfig.toml", &format!("a = {}", deep("[", "]")));
    beside(
        "a.ts",
        &format!("import 'aws-cdk-lib';\nnew Function(this, 'a', {});", deep("[", "]")),
    );
    beside(
        "b.ts",
        &format!("import 'aws-cdk-lib';\nnew Function(this, 'a', {});", deep("f(", ")")),
    );
    beside(
        "a.py",
        &format!("import aws_cdk\nFunction(self, 'a', {})", deep("(", ")")),
    );
    beside(
        "serverless.yml",
        &format!(
            "service: x\nprovider: aws\nfunctions:\n  a:\n    handler: {}\n",
            deep("${", "}")
        ),
    );
}

#[test]
fn what_multiplies() {
    let mut yaml = "service: x\nprovider:\n  name: aws\na0: &a0 [1, 2]\n".to_owned();
    for i in 1..40 {
        yaml += &format!("a{i}: &a{i} [*a{0}, *a{0}, *a{0}]\n", i - 1);
    }
    yaml += "functions:\n  a:\n    handler: h\n    x: *a39\n    <<: *a39\n";
    beside("serverless.yml", &yaml);
    let target = named("x-prod-a");
    let folder = tree(&[("serverless.yml", &yaml)]);
    assert!(matches!(
        patch(folder.path(), target, MEMORY).verdicts[0],
        Verdict::Change(..) | Verdict::Ambiguous(..)
    ));
    let mut text = "locals {\n  l0 = \"x\"\n".to_owned();
    for i in 1..60 {
        text += &format!("  l{i} = \"${{local.l{0}}}${{local.l{0}}}\"\n", i - 1);
    }
    text += "}\nresource \"aws_lambda_function\" \"b\" {\n  function_name = local.l59\n  memory_size = local.l59\n}\n";
    beside("b/main.tf", &text);
    let modules = "module \"a\" {\n  source = \"./m\"\n  count = 1000\n}\nmodule \"b\" {\n  source = \"./m\"\n  count = 1000\n}\n";
    let inner = "module \"c\" {\n  source = \"../n\"\n  count = 1000\n}\n";
    let folder = tree(&[("main.tf", modules), ("m/main.tf", inner), ("n/main.tf", MAIN)]);
    assert!(matches!(
        patch(folder.path(), named("x-a"), MEMORY).verdicts[0],
        Verdict::Ambiguous(..)
    ));
}

#[test]
fn many_variables_in_a_name() {
    let name: String = (0..60).map(|i| format!("${{var.v{i}}}")).collect();
    let text =
        format!("resource \"aws_lambda_function\" \"b\" {{\n  function_name = \"{name}\"\n  memory_size = 128\n}}\n");
    beside("b/main.tf", &text);
}

#[test]
fn links_and_rights() {
    let folder = tree(&[("a/main.tf", MAIN)]);
    symlink(".", folder.path().join("loop")).unwrap();
    symlink("b2", folder.path().join("b1")).unwrap();
    symlink("b1", folder.path().join("b2")).unwrap();
    symlink("gone.tf", folder.path().join("dangling.tf")).unwrap();
    symlink("/etc/passwd", folder.path().join("passwd.tf")).unwrap();
    fs::create_dir(folder.path().join("folder.tf")).unwrap();
    let made = patch(folder.path(), named("x-a"), MEMORY);
    made.write(true).unwrap();
    assert!(
        fs::read_to_string(folder.path().join("a/main.tf"))
            .unwrap()
            .contains("1536")
    );
    // The mode stays, also where nobody may write.
    let file = folder.path().join("a/main.tf");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).unwrap();
    let made = patch(folder.path(), named("x-a"), &[tuner_patch::Wanted::Memory(256)]);
    made.write(true).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o440);
    let left: Vec<_> = fs::read_dir(folder.path().join("a")).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_file_that_somebody_else_changed_is_not_written() {
    let folder = tree(&[("main.tf", MAIN)]);
    let made = patch(folder.path(), named("x-a"), MEMORY);
    fs::write(folder.path().join("main.tf"), "# new\n").unwrap();
    assert!(made.write(true).is_err());
    assert_eq!(fs::read_to_string(folder.path().join("main.tf")).unwrap(), "# new\n");
}

#[test]
fn what_git_ignores() {
    let copy = MAIN.replace("128", "512");
    let values = "variable \"m\" {}\n".to_owned() + &MAIN.replace("128", "var.m");
    let folder = tree(&[
        (".gitignore", "generated/\n*.tfvars\n"),
        ("main.tf", MAIN),
        ("generated/main.tf", &copy),
    ]);
    let made = patch(folder.path(), named("x-a"), MEMORY);
    assert!(matches!(made.verdicts[0], Verdict::Change(..)), "{:?}", made.verdicts);
    // A deployment reads these, ignored or not.
    let files = [
        (".gitignore", "*.tfvars\n"),
        ("main.tf", values.as_str()),
        ("terraform.tfvars", "m = 128\n"),
    ];
    assert_eq!(changed(&files, named("x-a"), MEMORY), ["-m = 128", "+m = 1536"]);
}

#[test]
fn forms_of_the_native_syntax() {
    let forms = [
        "locals {\n  a = <<-EOT\r\n  x ${var.y} %{ if true }z%{ endif }\r\n  EOT\n}\n",
        "locals { a = provider::aws::arn_parse(\"x\") }\n",
        "locals {\n  a = [for k, v in { a = 1 } : \"${k}\" if v > 0]\n  b = { for s in [1] : s => s... }\n}\n",
        "locals {\n  a = aws_x.y[*].id\n  b = aws_x.y.*.id\n  c = x.0.y\n}\n",
        "/* c */ # d\n// e\nresource \"a\" \"b\" {}\n",
        "moved {\n  from = a.b\n  to = a.c\n}\ncheck \"x\" {\n  assert {\n    condition = true\n    error_message = \"\"\n  }\n}\n",
        "locals {\n  a = {\n    \"k-1\" = 1, k2 : 2\n    (var.x) = 3\n  }\n  b = -1.5e3\n  c = \"\\u00e9 $${x} %%{y}\"\n}\n",
        "",
        "\n\n",
    ];
    for form in forms {
        let folder = tree(&[("main.tf", MAIN), ("other.tf", form)]);
        let made = patch(folder.path(), named("x-a"), MEMORY);
        assert!(made.unread.is_empty(), "{form}: {:?}", made.unread);
        assert!(matches!(made.verdicts[0], Verdict::Change(..)), "{form}");
    }
}
