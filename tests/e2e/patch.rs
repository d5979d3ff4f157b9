//! `tuner patch`: over the corpus, with documents, and what it refuses.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Place, repository, tuner};

const MAIN: &str = "resource \"aws_lambda_function\" \"a\" {\n  function_name = \"shop-a\"\n  memory_size   = 128\n}\n";
const TEMPLATE: &str = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n      MemorySize: 128\n      Timeout: 3\n";

#[test]
fn the_corpus() {
    let python = std::env::var("TUNER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let run = Command::new(python)
        .arg(repository().join("tests/patch-cases/run.py"))
        .arg(tuner())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

/// The tuning of an example, as if it were a function in AWS.
fn tuning(function: &str, size: &Value) -> String {
    let text = fs::read_to_string(repository().join("reports/hash/tuning.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["function"]["name"] = json!(function);
    document["environment"] = json!({"kind": "aws"});
    document["decision"]["memory_size_mb"] = size.clone();
    document.to_string()
}

fn review(functions: &[Value]) -> String {
    json!({
        "schema_version": 1,
        "review_id": "019a0000-0000-7000-8000-000000000000",
        "tool_version": "0.1.0",
        "started_at": "2026-11-01T00:00:00Z",
        "finished_at": "2026-11-01T00:00:01Z",
        "regions": [],
        "functions": functions,
        "totals": {"functions": functions.len(), "without_cost": 0},
    })
    .to_string()
}

#[test]
fn a_tuning_is_written_into_the_code() {
    let place = Place::new();
    place.write("infra/main.tf", MAIN);
    place.write(
        "tuning.json",
        tuning("arn:aws:lambda:eu-west-1:123456789012:function:shop-a", &json!(1536)),
    );
    let call = ["patch", "tuning.json", "--path", "infra"];
    let done = place.tuner(&call).run().exits(0);
    assert!(
        done.stdout
            .contains("-  memory_size   = 128\n+  memory_size   = 1536\n"),
        "{}",
        done.stdout
    );
    assert_eq!(fs::read_to_string(place.path().join("infra/main.tf")).unwrap(), MAIN);
    // The diff is one that git applies.
    let applied = Command::new("git")
        .args(["apply", "--check", "-"])
        .current_dir(place.path().join("infra"))
        .stdin(std::process::Stdio::piped())
        .spawn();
    let mut applied = applied.unwrap();
    std::io::Write::write_all(&mut applied.stdin.take().unwrap(), done.stdout.as_bytes()).unwrap();
    assert!(applied.wait().unwrap().success());
    place.tuner(&call).args(&["--write"]).run().exits(0);
    assert!(
        fs::read_to_string(place.path().join("infra/main.tf"))
            .unwrap()
            .contains("= 1536\n")
    );
    let again = place.tuner(&call).args(&["--write"]).run().exits(0);
    assert!(
        again.stdout.is_empty() && again.stderr.contains("already so"),
        "{}{}",
        again.stdout,
        again.stderr
    );
}

#[test]
fn a_review_patches_or_names_each_function() {
    let place = Place::new();
    place.write("main.tf", MAIN);
    place.write("template.yaml", TEMPLATE);
    let function = |name: &str, tags: Value, advice: Value| json!({"function": {"name": name, "tags": tags}, "evidence": {}, "advice": advice});
    let size = json!({"about": "memory_overprovisioned", "action": "set_memory_size", "memory_size_mb": 512});
    let time = json!({"about": "timeout_risk", "action": "set_timeout", "timeout_s": 30});
    let tune = json!({"about": "cpu_bound", "action": "tune", "memory_sizes_mb": [128, 256]});
    let tags = json!({"aws:cloudformation:logical-id": "Fn", "aws:cloudformation:stack-name": "shop"});
    let functions = [
        function("shop-a", json!({}), json!([size])),
        function("shop-Fn-1Q7ZK2M4X9AB", tags, json!([size, time])),
        function("gone", json!({}), json!([size])),
        function("other", json!({}), json!([tune])),
    ];
    place.write("review.json", review(&functions));
    let done = place.tuner(&["patch", "review.json", "--write"]).run().exits(4);
    assert!(
        done.stderr.contains("gone") && !done.stderr.contains("other"),
        "{}",
        done.stderr
    );
    assert!(
        fs::read_to_string(place.path().join("main.tf"))
            .unwrap()
            .contains("= 512\n")
    );
    let template = fs::read_to_string(place.path().join("template.yaml")).unwrap();
    assert!(
        template.ends_with("      MemorySize: 512\n      Timeout: 30\n"),
        "{template}"
    );
    place
        .tuner(&["patch", "review.json", "--function", "gone"])
        .run()
        .refuses(2, &["gone"]);
    place
        .tuner(&["patch", "review.json", "--function", "other"])
        .run()
        .refuses(4, &["other", "advises no memory size"]);
}

#[test]
fn what_cannot_be_patched_is_said() {
    let place = Place::new();
    place.write("main.tf", MAIN);
    place.write("cut.json", &tuning("shop-a", &json!(512))[..900]);
    place.write("none.json", tuning("shop-a", &Value::Null));
    place.write("edited.json", tuning("shop-a", &json!(7)));
    place.write("later.json", r#"{"schema_version": 99}"#);
    place.write(
        "local.json",
        fs::read(repository().join("reports/hash/tuning.json")).unwrap(),
    );
    place.write("other.json", "[1, 2]");
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["cut.json"], 2, &["cut.json"]),
        (&["other.json"], 2, &["other.json"]),
        (&["later.json"], 2, &["later.json", "99"]),
        (&["none.json"], 4, &["none.json", "recommends no memory size"]),
        (&["edited.json"], 2, &["edited.json", "128 to 10240"]),
        (&["local.json"], 2, &["local.json", "--function"]),
        (&["gone.json"], 2, &["gone.json"]),
        (&["--function", "shop-a"], 2, &["--memory"]),
        (&["--memory", "512"], 2, &["--function"]),
        (&["--function", "shop-a", "--memory", "64"], 2, &["64", "128 to 10240"]),
        (&["--function", "shop-a", "--memory", "1 GB"], 2, &["1 GB"]),
        (&["--function", "shop-a", "--timeout", "901"], 2, &["901"]),
        (&["--function", "shop-a", "--arch", "riscv"], 2, &["riscv"]),
        (
            &["--function", "shop-a", "--memory", "512", "--path", "nowhere"],
            2,
            &["nowhere"],
        ),
        (&["--function", "shop-b", "--memory", "512"], 2, &["shop-b"]),
    ];
    for (arguments, exit, words) in cases {
        place.tuner(&["patch"]).args(arguments).run().refuses(*exit, words);
    }
    assert_eq!(fs::read_to_string(place.path().join("main.tf")).unwrap(), MAIN);
}

#[test]
fn what_is_not_committed_is_not_written_over() {
    let place = Place::new();
    place.write("main.tf", MAIN);
    let git = |arguments: &[&str]| {
        let mut run = Command::new("git");
        run.args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .current_dir(place.path());
        assert!(run.output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    let call = ["patch", "--function", "shop-a", "--memory", "512", "--write"];
    place
        .tuner(&call)
        .run()
        .refuses(5, &["main.tf", "not committed", "--allow-dirty"]);
    git(&["add", "-A"]);
    place.tuner(&call).run().refuses(5, &["main.tf"]);
    place.tuner(&call).args(&["--allow-dirty"]).run().exits(0);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "x"]);
    place
        .tuner(&["patch", "--function", "shop-a", "--memory", "256", "--write"])
        .run()
        .exits(0);
}
