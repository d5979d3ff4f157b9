//! Functions without a template in the other languages: programs named `bootstrap`, and sources that have to be built.

use std::path::Path;

use crate::code::{self, Code};
use crate::draft::{Build, Draft};
use crate::python_package::{folder_name, is_of_tests};
use crate::tree::Tree;
use crate::value::Value;

pub(crate) fn find(tree: &Tree) -> Vec<Draft> {
    tree.files
        .iter()
        .filter(|file| !is_of_tests(tree, file))
        .filter_map(|file| of_file(tree, file))
        .collect()
}

fn of_file(tree: &Tree, file: &Path) -> Option<Draft> {
    let folder = file.parent().unwrap_or(&tree.root);
    let name = file.file_name()?.to_string_lossy();
    let holds = |texts: &[&str]| code::read(file, 4 << 20).is_ok_and(|text| texts.iter().any(|t| text.contains(t)));
    let draft = |runtime: &str, handler: Option<&str>| {
        let mut draft = Draft::new(folder_name(folder), file, Code::Folder(folder.to_owned()), Build::Own);
        draft.runtime = Some(runtime.to_owned());
        draft.handler = handler.map(str::to_owned);
        Some(draft)
    };
    match &*name {
        "bootstrap" if is_executable(file) => draft("provided.al2023", Some("bootstrap")),
        "go.mod" if holds(&["github.com/aws/aws-lambda-go"]) => draft("provided.al2023", Some("bootstrap")),
        "pom.xml" | "build.gradle" | "build.gradle.kts"
            if holds(&["aws-lambda-java-core", "aws-lambda-java-events"]) =>
        {
            draft("java21", None)
        }
        "lambda_function.rb" if holds(&["def lambda_handler", "def self.lambda_handler"]) => {
            draft("ruby3.4", Some("lambda_function.lambda_handler"))
        }
        name if name.ends_with(".csproj") || name.ends_with(".fsproj") => {
            if !holds(&["Amazon.Lambda"]) {
                return None;
            }
            let mut draft = draft("dotnet8", None)?;
            // What `dotnet lambda deploy-function` takes.
            let settings =
                code::read(&folder.join("aws-lambda-tools-defaults.json"), 1 << 20).and_then(|t| Value::of_json(&t));
            if let Ok(settings) = settings {
                let text = |key| settings.get(key).and_then(Value::text).map(str::to_owned);
                draft.handler = text("function-handler");
                draft.runtime = text("function-runtime").or(draft.runtime);
                draft.memory_mb = settings.get("function-memory-size").and_then(Value::number);
                draft.timeout_s = settings.get("function-timeout").and_then(Value::number);
            }
            Some(draft)
        }
        _ => None,
    }
}

pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}
