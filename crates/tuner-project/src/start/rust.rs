//! Rust functions: built with cargo for this machine.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Start, StartError, plain};
use crate::interpreters::Tools;

pub(super) fn start(
    folder: &Path,
    binary: Option<&str>,
    handler: String,
    tools: &Tools,
    say: &dyn Fn(&str),
) -> Result<Start, StartError> {
    let Some(cargo) = tools.on_path("cargo") else {
        return Err(StartError::NotReady {
            message: "there is no cargo here, which builds it".to_owned(),
            hint: "install Rust from https://rustup.rs; nothing was changed".to_owned(),
        });
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--message-format", "json-render-diagnostics"]);
    let words = match binary {
        Some(binary) => {
            command.args(["--bin", binary]);
            format!("cargo build --release --bin {binary}")
        }
        None => {
            command.arg("--bins");
            "cargo build --release --bins".to_owned()
        }
    };
    say(&format!("`{words}` in {}", folder.display()));
    let failed = |output: String| StartError::Failed {
        program: words.clone(),
        output,
    };
    // Its progress is shown as it is made.
    let output = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        return Err(failed("see above".to_owned()));
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let name = message.pointer("/target/name")?.as_str()?;
        let is_it = binary.is_none_or(|binary| binary == name);
        message.get("executable")?.as_str().filter(|_| is_it).map(str::to_owned)
    });
    match built {
        Some(program) => Ok(plain(vec![program], folder, handler)),
        None => Err(failed("it made no program of that name".to_owned())),
    }
}
