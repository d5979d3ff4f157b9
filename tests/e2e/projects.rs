//! `tuner run --local DIR`: functions that are found in a folder, listed and tuned.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Place, measuring, repository, tuner};

/// The examples of the repository in a folder of the test's own, so that what is written beside them is seen.
fn examples() -> Place {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().flatten() {
            let target = to.join(entry.file_name());
            match entry.path().is_dir() {
                true => copy(&entry.path(), &target),
                false => drop(fs::copy(entry.path(), target).unwrap()),
            }
        }
    }
    let place = Place::new();
    copy(&repository().join("examples"), &place.path().join("examples"));
    place
}

fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path().is_dir() {
            true => names.extend(files(&entry.path())),
            false => names.push(entry.path().display().to_string()),
        }
    }
    names.sort();
    names
}

/// Where cargo finds itself and what it built before: the folder, and the home, are others each time.
fn cargo() -> Vec<(&'static str, String)> {
    let home = std::env::var("HOME").unwrap_or_default();
    let folder = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| format!("{home}/{usual}"));
    vec![
        ("CARGO_HOME", folder("CARGO_HOME", ".cargo")),
        ("RUSTUP_HOME", folder("RUSTUP_HOME", ".rustup")),
        (
            "CARGO_TARGET_DIR",
            repository().join("target/examples").display().to_string(),
        ),
    ]
}

/// The command of the examples' README, made short.
#[track_caller]
fn tuned(language: &str, name: &str) -> Value {
    let _alone = measuring();
    let place = examples();
    let folder = format!("examples/{language}");
    let before = files(&place.path().join(&folder));
    let short = ["--num", "5", "--memory", "1769", "--out", "out"];
    let cache = place.path().join("cache").display().to_string();
    let done = place
        .tuner(&["run", "--local", &folder])
        .args(&short)
        .env("XDG_CACHE_HOME", &cache)
        .envs(&cargo())
        .run()
        .exits(0);
    let tuning = done.tuning();
    let arn = tuning["function"]["name"].as_str().unwrap();
    assert!(arn.ends_with(&format!(":{name}")), "{arn}");
    assert_eq!(
        files(&place.path().join(&folder)),
        before,
        "something was written into the folder"
    );
    tuning
}

#[test]
fn the_python_example_is_tuned_as_its_readme_says() {
    let tuning = tuned("python", "Primes");
    assert!(
        tuning["sizes"][0]["outcomes"]["success"].as_u64() >= Some(6),
        "{tuning}"
    );
}

#[test]
fn the_node_example_is_tuned_as_its_readme_says() {
    tuned("node", "wordcount");
}

#[test]
fn the_rust_example_is_tuned_as_its_readme_says() {
    // However long that takes on this machine; the tuning then finds it built.
    let built = std::process::Command::new("cargo")
        .args(["build", "--release", "--locked"])
        .current_dir(repository().join("examples/rust"))
        .envs(cargo())
        .status()
        .unwrap();
    assert!(built.success());
    tuned("rust", "collatz");
}

#[test]
fn the_shell_example_is_tuned_as_its_readme_says() {
    tuned("shell", "shell");
}

#[test]
fn a_list_starts_nothing_and_names_what_is_there() {
    let place = examples();
    let done = place
        .tuner(&["run", "--local", "examples", "--list", "--format", "json"])
        .envs(&cargo())
        .run()
        .exits(0);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    let names: Vec<&str> = document["functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["wordcount", "Primes", "collatz", "shell"]);
    assert_eq!(place.names(), ["examples"]);
    place
        .tuner(&["run", "--local", "examples", "--list"])
        .envs(&cargo())
        .run()
        .exits(0)
        .prints(&["Primes", "primes.handler", "512 MB", "python/template.yaml"]);
}

#[test]
fn what_is_not_clear_is_asked_for() {
    let place = examples();
    place.write("empty/readme.txt", "nothing");
    place.write(
        "orders/template.yaml",
        "Resources:\n  Orders: {Type: AWS::DynamoDB::Table}\n  Create:\n    Type: AWS::Serverless::Function\n    \
         Properties: {CodeUri: ., Handler: app.handler, Runtime: python3.13, Environment: {Variables: {TABLE: !Ref Orders}}}\n",
    );
    place.write("orders/app.py", "def handler(event, context):\n    return event\n");
    let run = |arguments: &[&str]| place.tuner(&["run", "--local"]).args(arguments).envs(&cargo()).run();
    // Several functions, and nobody there to choose.
    run(&["examples"]).refuses(2, &["several functions", "Primes", "wordcount", "--function", "--all"]);
    run(&["examples", "--function", "Nothing"]).refuses(2, &["no function `Nothing`", "Primes"]);
    run(&["empty"]).refuses(2, &["no Lambda function", "template.yaml"]);
    run(&["nowhere"]).refuses(2, &["nowhere"]);
    run(&["orders", "--payload", "{}"]).refuses(2, &["TABLE", "the resource Orders", "--env TABLE=..."]);
    run(&["orders", "--env", "TABLE=t"]).refuses(2, &["no event", "--payload"]);
}

#[test]
fn all_of_a_folder_are_tuned_and_one_that_cannot_be_is_in_the_table() {
    let _alone = measuring();
    let place = examples();
    for other in ["node", "python", "rust"] {
        fs::remove_dir_all(place.path().join("examples").join(other)).unwrap();
    }
    place.write(
        "examples/orders/template.yaml",
        "Resources:\n  Create:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: ., Handler: app.handler, Runtime: \
         python3.13}\n",
    );
    place.write(
        "examples/orders/app.py",
        "def handler(event, context):\n    return event\n",
    );
    let call = [
        "run", "--local", "examples", "--all", "--num", "5", "--memory", "1769", "--out", "out",
    ];
    let done = place.tuner(&call).run().exits(2);
    done.prints(&[
        "of 2 functions, 1 failed, 1 has a recommendation",
        "there is no event for Create",
    ]);
    assert!(place.path().join("out/shell/report.html").is_file());
    let page = fs::read_to_string(place.path().join("out/index.md")).unwrap();
    assert!(page.contains("[shell](shell/report.html)"), "{page}");
}

/// `[function.NAME]` of `tuner.toml`, here and in a folder below.
#[test]
fn a_function_of_the_configuration_is_tuned_by_its_name() {
    let _alone = measuring();
    let place = Place::new();
    let program = tuner();
    place.write(
        "tuner.toml",
        format!(
            "[function.waiting]\ncommand = [{program:?}, \"example-function\", \"wait\"]\npayload = {{ ms = 5 }}\nmemory = [128, 256]\n\
             objective = \"speed\"\nmax_mean = 400\nowner = \"media\"\n\n[function.orders]\nfunction = \"orders-prod\"\n\
             source = \"main.tf#aws_lambda_function.b\"\n"
        ),
    );
    place.write("below/readme.txt", "nothing");
    let short = ["--num", "5", "--yes", "--out", "out"];
    let done = place
        .tuner(&["run", "waiting"])
        .args(&short)
        .within("below")
        .run()
        .exits(0);
    let tuning: Value =
        serde_json::from_str(&fs::read_to_string(place.path().join("below/out/tuning.json")).unwrap()).unwrap();
    assert_eq!(tuning["request"]["name"], "waiting", "{}", tuning["request"]);
    assert_eq!(tuning["sizes"].as_array().unwrap().len(), 2);
    assert!(done.stdout.contains("waiting"), "{}", done.stdout);
    let run = |arguments: &[&str]| place.tuner(&["run"]).args(arguments).run();
    run(&["resize"]).refuses(2, &["no function `resize`", "orders, waiting", "--function"]);
    run(&["waiting", "--function", "x"]).refuses(2, &["another one is given"]);
    run(&["orders", "--local"]).refuses(2, &["[function.orders]", "`folder`"]);
    // What is typed goes before: a limit that is no number is refused by its own name.
    run(&["waiting", "--max-p95", "soon"]).refuses(2, &["--max-p95"]);
    // Where the code is.
    let both = |label: &str| {
        format!(
            "resource \"aws_lambda_function\" \"{label}\" {{\n  function_name = var.name\n  memory_size = 128\n}}\n"
        )
    };
    place.write("main.tf", format!("variable \"name\" {{}}\n{}{}", both("a"), both("b")));
    let patch = ["patch", "--function", "orders-prod", "--memory", "512"];
    let diff = place.tuner(&patch).run().exits(0).stdout;
    assert!(diff.contains("@@") && diff.contains("+  memory_size = 512"), "{diff}");
    place.write("tuner.toml", "");
    place.tuner(&patch).run().exits(4);
}
