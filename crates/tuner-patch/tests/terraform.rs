//! Terraform, OpenTofu and Terragrunt.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;

const REST: &str = "  role = aws_iam_role.r.arn\n";

fn function(label: &str, lines: &str) -> String {
    format!("resource \"aws_lambda_function\" \"{label}\" {{\n{REST}{lines}}}\n")
}

#[test]
fn opentofu_reads_its_own_file_instead_of_the_twin() {
    let tf = function("a", "  function_name = \"x-a\"\n  memory_size = 128\n");
    let tofu = function("a", "  function_name = \"x-a\"\n  memory_size = 256\n");
    let lines = changed(&[("main.tf", &tf), ("main.tofu", &tofu)], named("x-a"), MEMORY);
    assert_eq!(lines, ["-memory_size = 256", "+memory_size = 1536"]);
}

#[test]
fn for_each_over_a_variable_of_a_values_file() {
    let main = function(
        "all",
        "  for_each = var.functions\n  function_name = \"x-${each.key}\"\n  memory_size = each.value.memory\n  timeout = each.value.timeout\n",
    );
    let values = "functions = {\n  a = {\n    memory  = 512\n    timeout = 10\n  }\n  b = {\n    memory  = 512\n    timeout = 10\n  }\n}\n";
    let variables =
        "variable \"functions\" {\n  type = map(object({ memory = optional(number, 128), timeout = number }))\n}\n";
    let files = [
        ("main.tf", main.as_str()),
        ("terraform.tfvars", values),
        ("variables.tf", variables),
    ];
    assert_eq!(
        changed(&files, named("x-b"), MEMORY),
        ["-memory  = 512", "+memory  = 1536"]
    );
}

#[test]
fn an_optional_attribute_is_added_to_its_entry() {
    let main = function(
        "all",
        "  for_each = var.functions\n  function_name = \"x-${each.key}\"\n  memory_size = each.value.memory\n",
    );
    let values = "functions = {\n  a = {\n    handler = \"a\"\n  }\n  b = { handler = \"b\" }\n}\n";
    let variables =
        "variable \"functions\" {\n  type = map(object({ memory = optional(number, 128), handler = string }))\n}\n";
    let files = [
        ("main.tf", main.as_str()),
        ("terraform.tfvars", values),
        ("variables.tf", variables),
    ];
    assert_eq!(changed(&files, named("x-a"), MEMORY), ["+memory  = 1536"]);
    assert_eq!(
        changed(&files, named("x-b"), MEMORY),
        ["-b = { handler = \"b\" }", "+b = { handler = \"b\", memory = 1536 }"]
    );
}

#[test]
fn a_list_of_objects_by_a_for_expression() {
    let main = function(
        "all",
        "  for_each = { for f in local.list : f.name => f }\n  function_name = \"x-${each.value.name}\"\n  memory_size = each.value.size\n",
    );
    let locals = "locals {\n  list = [\n    { name = \"a\", size = 128 },\n    { name = \"b\", size = 128 },\n  ]\n}\n";
    let lines = changed(&[("main.tf", &main), ("locals.tf", locals)], named("x-b"), MEMORY);
    assert_eq!(
        lines,
        ["-{ name = \"b\", size = 128 },", "+{ name = \"b\", size = 1536 },"]
    );
}

#[test]
fn merged_defaults_are_not_changed() {
    let main = function(
        "all",
        "  for_each = { for k, v in local.all : k => merge(local.defaults, v) }\n  function_name = \"x-${each.key}\"\n  memory_size = each.value.size\n",
    );
    let locals = "locals {\n  defaults = { size = 128 }\n  all = {\n    a = { handler = \"a\" }\n    b = { handler = \"b\", size = 256 }\n    c = { handler = \"c\" }\n  }\n}\n";
    let files = [("main.tf", main.as_str()), ("locals.tf", locals)];
    assert_eq!(
        changed(&files, named("x-b"), MEMORY)[1],
        "+b = { handler = \"b\", size = 1536 }"
    );
    assert_eq!(
        changed(&files, named("x-a"), MEMORY)[1],
        "+a = { handler = \"a\", size = 1536 }"
    );
}

#[test]
fn a_module_that_is_called_for_each_stage() {
    let module = format!(
        "variable \"name\" {{}}\nvariable \"memory\" {{ default = 256 }}\n{}",
        function(
            "this",
            "  function_name = \"x-${var.name}\"\n  memory_size = var.memory\n"
        )
    );
    let main = "module \"f\" {\n  for_each = { a = 512, b = 512 }\n  source = \"./modules/f\"\n  name = each.key\n  memory = each.value\n}\n";
    let lines = changed(
        &[("main.tf", main), ("modules/f/main.tf", &module)],
        named("x-b"),
        MEMORY,
    );
    assert_eq!(lines[1], "+for_each = { a = 512, b = 1536 }");
}

#[test]
fn modules_in_modules() {
    let inner = format!(
        "variable \"name\" {{}}\nvariable \"size\" {{}}\n{}",
        function("this", "  function_name = var.name\n  memory_size = var.size\n")
    );
    let outer = "variable \"stage\" {}\nvariable \"size\" { default = 128 }\nmodule \"inner\" {\n  source = \"../inner\"\n  name = \"x-${var.stage}\"\n  size = var.size\n}\n";
    let main = "module \"dev\" {\n  source = \"./outer\"\n  stage = \"dev\"\n  size = 512\n}\nmodule \"prod\" {\n  source = \"./outer\"\n  stage = \"prod\"\n  size = 512\n}\n";
    let files = [
        ("main.tf", main),
        ("outer/main.tf", outer),
        ("inner/main.tf", inner.as_str()),
    ];
    let folder = tree(&files);
    let made = patch(folder.path(), named("x-prod"), MEMORY);
    assert!(made.diff().contains("@@ -6,5"), "{}", made.diff());
}

#[test]
fn values_of_another_folder_for_each_stage() {
    let main = format!(
        "variable \"stage\" {{}}\nvariable \"memory\" {{ default = 128 }}\n{}",
        function(
            "a",
            "  function_name = \"x-${var.stage}\"\n  memory_size = var.memory\n"
        )
    );
    let files = [
        ("main.tf", main.as_str()),
        ("env/dev/terraform.tfvars", "stage = \"dev\"\nmemory = 256\n"),
        ("env/prod/terraform.tfvars", "stage = \"prod\"\nmemory = 512\n"),
    ];
    assert_eq!(
        changed(&files, named("x-prod"), MEMORY),
        ["-memory = 512", "+memory = 1536"]
    );
}

#[test]
fn a_default_that_other_stages_take_is_not_changed() {
    let main = format!(
        "variable \"stage\" {{}}\nvariable \"memory\" {{ default = 128 }}\n{}",
        function(
            "a",
            "  function_name = \"x-${var.stage}\"\n  memory_size = var.memory\n"
        )
    );
    let files = [
        ("main.tf", main.as_str()),
        ("dev.tfvars", "stage = \"dev\"\n"),
        ("prod.tfvars", "stage = \"prod\"\n"),
    ];
    assert_eq!(changed(&files, named("x-prod"), MEMORY), ["+memory = 1536"]);
}

#[test]
fn other_users_of_a_local() {
    let used = format!(
        "locals {{\n  memory = 128\n}}\n{}resource \"aws_cloudwatch_metric_alarm\" \"m\" {{\n  threshold = local.memory\n}}\n",
        function("a", "  function_name = \"x-a\"\n  memory_size = local.memory\n")
    );
    assert_eq!(
        places(&[("main.tf", &used)], named("x-a"), MEMORY),
        ["main.tf:2", "main.tf:7", "main.tf:10"]
    );
    let other_key = format!(
        "locals {{\n  sizes = {{ a = 128, b = 128 }}\n}}\n{}{}",
        function("a", "  function_name = \"x-a\"\n  memory_size = local.sizes.a\n"),
        function("b", "  function_name = \"x-b\"\n  memory_size = local.sizes[\"b\"]\n")
    );
    assert_eq!(
        changed(&[("main.tf", &other_key)], named("x-a"), MEMORY)[1],
        "+sizes = { a = 1536, b = 128 }"
    );
}

#[test]
fn all_three_are_added_where_none_is() {
    let main = function("a", "  function_name = \"x-a\"\n");
    assert_eq!(
        changed(&[("main.tf", &main)], named("x-a"), ALL),
        [
            "+memory_size   = 1536",
            "+timeout       = 45",
            "+architectures = [\"arm64\"]"
        ]
    );
}

#[test]
fn json_values_and_json_absent() {
    let main = "{\n  \"variable\": {\"memory\": {\"default\": 128}},\n  \"resource\": {\n    \"aws_lambda_function\": {\n      \"a\": {\n        \"function_name\": \"x-a\",\n        \"memory_size\": \"${var.memory}\"\n      },\n      \"b\": {\n        \"function_name\": \"x-b\",\n        \"role\": \"r\"\n      }\n    }\n  }\n}\n";
    let files = [("main.tf.json", main), ("terraform.tfvars.json", "{\"memory\": 256}\n")];
    assert_eq!(
        changed(&files, named("x-a"), MEMORY),
        ["-{\"memory\": 256}", "+{\"memory\": 1536}"]
    );
    assert_eq!(changed(&files, named("x-b"), MEMORY), ["+\"memory_size\": 1536,"]);
}

#[test]
fn circles_end() {
    let main = format!(
        "locals {{\n  a = local.b\n  b = local.a\n}}\n{}",
        function("a", "  function_name = \"x-a\"\n  memory_size = local.a\n")
    );
    assert!(!places(&[("main.tf", &main)], named("x-a"), MEMORY).is_empty());
    let circle = "module \"a\" {\n  source = \"../b\"\n}\n";
    let other = "module \"b\" {\n  source = \"../a\"\n}\n";
    assert!(is_absent(&[("a/main.tf", circle), ("b/main.tf", other)], named("x-a")));
}

#[test]
fn terragrunt_with_parents_and_locals() {
    let module = format!(
        "variable \"name\" {{}}\nvariable \"memory\" {{ default = 256 }}\n{}",
        function("this", "  function_name = var.name\n  memory_size = var.memory\n")
    );
    let root = "inputs = {\n  memory = 128\n}\n";
    let prod = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\nterraform {\n  source = \"../../modules/f\"\n}\nlocals {\n  stage = \"prod\"\n}\ninputs = {\n  name = \"x-${local.stage}\"\n}\n";
    let dev = prod.replace("prod", "dev");
    let files = [
        ("modules/f/main.tf", module.as_str()),
        ("live/root.hcl", root),
        ("live/prod/terragrunt.hcl", prod),
        ("live/dev/terragrunt.hcl", &dev),
    ];
    // The parent's value is of both.
    let folder = tree(&files);
    let made = patch(folder.path(), named("x-prod"), MEMORY);
    assert!(!made.diff().contains("root.hcl"), "{}", made.diff());
}

#[test]
fn what_every_other_stage_takes_is_not_changed() {
    let main = function(
        "a",
        "  function_name = \"x-${terraform.workspace}\"\n  memory_size = terraform.workspace == \"prod\" ? 256 : 128\n",
    );
    let files = [("main.tf", main.as_str())];
    assert_eq!(places(&files, named("x-dev"), MEMORY), ["main.tf:4"]);
    assert!(changed(&files, named("x-prod"), MEMORY)[1].ends_with("? 1536 : 128"));
}

#[test]
fn rules_and_ignored_changes() {
    let main = format!(
        "variable \"m\" {{\n  default = 128\n  validation {{\n    condition = contains([128, 256], var.m)\n    error_message = \"no\"\n  }}\n}}\n{}",
        function("a", "  function_name = \"x-a\"\n  memory_size = var.m\n")
    );
    assert_eq!(
        places(&[("main.tf", &main)], named("x-a"), MEMORY),
        ["main.tf:2", "main.tf:4"]
    );
    let ignored = function(
        "a",
        "  function_name = \"x-a\"\n  memory_size = 128\n  lifecycle {\n    ignore_changes = [memory_size]\n  }\n",
    );
    assert_eq!(places(&[("main.tf", &ignored)], named("x-a"), MEMORY), ["main.tf:6"]);
}
