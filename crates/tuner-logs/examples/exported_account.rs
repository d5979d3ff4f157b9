//! Writes the simulated account of `tuner-core` as exported logs: `exported_account FOLDER [FUNCTIONS] [MOST_CALLS]`.
//!
//! In FOLDER: `before/` and `now/`, the exports of two months; `functions.json`, what `aws lambda list-functions` would print;
//! `truth.json`, what a review that knew everything would find. `benches/review.py` reviews it and compares.

#[path = "../../tuner-core/examples/account/simulated/mod.rs"]
mod simulated;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use serde_json::json;
use simulated::{Account, Blind, Reported, SimulatedFunction};
use tuner_core::{Architecture, Outcome};
use tuner_logs::lines::{Report, Status, format};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or_else(|| io::Error::other("give a folder"))?);
    let functions = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let most_calls = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let account = Account::new(functions, most_calls, 1);
    for (month, account) in [("before", &account.month_before()), ("now", &account)] {
        let of = |function| export(&folder.join(month), function);
        account.functions.par_iter().try_for_each(of)?;
    }
    let listed: Vec<_> = account.functions.iter().map(printed).collect();
    fs::write(
        folder.join("functions.json"),
        json!({ "Functions": listed }).to_string(),
    )?;
    fs::write(
        folder.join("truth.json"),
        serde_json::to_string_pretty(&account.truth())?,
    )
}

/// Its log group, if that can be read at all: a stream for each memory size, as new code starts new environments.
fn export(folder: &Path, function: &SimulatedFunction) -> io::Result<()> {
    if matches!(function.blind, Blind::NoLogGroup | Blind::NoAccess | Blind::Failed) {
        return Ok(());
    }
    let group = folder
        .join("aws/lambda")
        .join(&function.name)
        .join("0198c8a0-61a7-4b68-b42e-de11b5f419e3");
    let mut streams: Vec<(u32, String)> = Vec::new();
    for (number, reported) in function.invocations().enumerate() {
        // At level WARN Lambda does not log the report of a successful invocation.
        if function.blind == Blind::ReportsHidden && reported.outcome == Outcome::Success {
            continue;
        }
        let stream = match streams.iter().position(|(size, _)| *size == reported.memory_size_mb) {
            Some(known) => known,
            None => {
                streams.push((reported.memory_size_mb, String::new()));
                streams.len() - 1
            }
        };
        event(&mut streams[stream].1, function, &reported, number).map_err(io::Error::other)?;
    }
    for (size, text) in streams {
        let stream = group.join(format!("2026-10-01-[$LATEST]{:032x}", function.seed ^ u64::from(size)));
        fs::create_dir_all(&stream)?;
        let mut file = GzEncoder::new(fs::File::create(stream.join("000000.gz"))?, Compression::fast());
        file.write_all(text.as_bytes())?;
        file.finish()?;
    }
    Ok(())
}

fn event(text: &mut String, function: &SimulatedFunction, reported: &Reported, number: usize) -> std::fmt::Result {
    let managed = function.blind == Blind::Unsupported;
    let report = Report {
        request_id: format!("{:08x}-61a7-4b68-b42e-{:012x}", function.seed as u32, number),
        duration_ms: (reported.duration_ms * 100.0).round() / 100.0,
        billed_duration_ms: (!managed).then_some(reported.billed_ms),
        memory_size_mb: (!managed).then_some(reported.memory_size_mb),
        max_memory_used_mb: (!managed).then_some(reported.max_memory_used_mb),
        init_duration_ms: reported.init_ms.map(|ms| (ms * 100.0).round() / 100.0),
        status: match reported.outcome {
            Outcome::Timeout => Some(Status::Timeout),
            Outcome::OutOfMemory => Some(Status::Error),
            _ => None,
        },
        error_type: (reported.outcome == Outcome::OutOfMemory).then(|| "Runtime.OutOfMemory".to_owned()),
        ..Report::default()
    };
    let time = reported.at;
    if managed || function.blind == Blind::ReportsHidden {
        return writeln!(text, "{time:.3} {}", format::report_json(&report, time));
    }
    let id = &report.request_id;
    writeln!(text, "{time:.3} START RequestId: {id} Version: $LATEST\n")?;
    if reported.outcome == Outcome::FunctionError {
        for event in runtime_error(function, id) {
            writeln!(text, "{time:.3} {event}\n")?;
        }
    }
    write!(
        text,
        "{time:.3} END RequestId: {id}\n\n{time:.3} {}\n",
        format::report_text(&report)
    )
}

/// The events that Lambda's runtimes write of an exception that a handler throws. A container image has one of them in it, which
/// writes to standard output, so that each line is an event; a custom runtime is Go's or Rust's here, and Rust's writes none of
/// an error that is returned (`lambda_runtime`, `api_response.rs`).
fn runtime_error(function: &SimulatedFunction, id: &str) -> Vec<String> {
    // The same in both months.
    let chosen = function.seed >> 20;
    const IN_IMAGES: [&str; 5] = ["python", "nodejs", "java", "dotnet", "ruby"];
    let (runtime, lines_apart) = match &function.runtime {
        Some(runtime) => (
            runtime.trim_end_matches(|c: char| c.is_ascii_digit() || ".x".contains(c)),
            false,
        ),
        None => (IN_IMAGES[(chosen % 5) as usize], true),
    };
    let event = match runtime {
        // In a container image a carriage return keeps it one event.
        "python" => "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 7, in handler"
            .replace('\n', if lines_apart { "\r" } else { "\n" }),
        "nodejs" => format!(
            "2026-10-01T00:00:00.000Z\t{id}\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\",\"errorMessage\":\"x is not a function\",\"stack\":[\"TypeError: x is not a function\"]}}"
        ),
        "java" => "null: java.lang.NullPointerException\njava.lang.NullPointerException\n\tat example.App.handleRequest(App.java:12)".to_owned(),
        "dotnet" => format!(
            "2026-10-01T00:00:00.000Z\t{id}\tfail\tSystem.NullReferenceException: Object reference not set to an instance of an object.\n   at Example.Function.Handler(Input input) in /src/Function.cs:line 12"
        ),
        "ruby" => "Error raised from handler method\n{\n  \"errorMessage\": \"no id\",\n  \"errorType\": \"Function<KeyError>\",\n  \"stackTrace\": [\n    \"/var/task/app.rb:7\"\n  ]\n}".to_owned(),
        _ if chosen.is_multiple_of(2) => "2026/10/01 00:00:00 {\"errorMessage\":\"no id\",\"errorType\":\"errorString\"}".to_owned(),
        _ => return Vec::new(),
    };
    match lines_apart {
        true => event.lines().map(str::to_owned).collect(),
        false => vec![event],
    }
}

/// As `aws lambda list-functions` prints it, which says nothing of provisioned concurrency.
fn printed(function: &SimulatedFunction) -> serde_json::Value {
    let listed = function.listed();
    let mut printed = json!({
        "FunctionName": function.name,
        "FunctionArn": listed.name.to_string(),
        "MemorySize": function.memory_size_mb,
        "Timeout": function.timeout_s,
        "Architectures": [listed.architecture.unwrap_or(Architecture::X86_64).as_str()],
        "PackageType": if function.runtime.is_some() { "Zip" } else { "Image" },
        "EphemeralStorage": { "Size": 512 },
        "LoggingConfig": {
            "LogFormat": if listed.json_logs { "JSON" } else { "Text" },
            "LogGroup": listed.log_group,
        },
    });
    if let Some(runtime) = &function.runtime {
        printed["Runtime"] = json!(runtime);
    }
    if listed.reports_hidden {
        printed["LoggingConfig"]["SystemLogLevel"] = json!("WARN");
    }
    if function.blind == Blind::Unsupported {
        printed["CapacityProviderConfig"] = json!({ "LambdaManagedInstancesCapacityProviderConfig": {} });
    }
    printed
}
