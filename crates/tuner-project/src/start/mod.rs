//! How a function is started on this machine: its packages or its build are made, and the command is given.
//!
//! Nothing is written into the project but what its own build writes. AWS's runtime clients are taken as packages; where their
//! compiled part cannot be had, a small part in plain Python or JavaScript stands in for it, and a note says so.

mod cache;
mod client;
mod node;
mod python;
mod rust;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use cache::Cache;

use crate::code::Code;
use crate::document::Function;
use crate::draft::{Build, LayerAt};
use crate::interpreters::{Missing, Tools};
use crate::readiness::{self, NotReady};
use crate::runtime::Family;

/// How a function is started.
#[derive(Debug, Clone)]
pub struct Start {
    /// Program and arguments.
    pub command: Vec<String>,
    /// The folder of its code.
    pub working_directory: PathBuf,
    /// `_HANDLER`.
    pub handler: String,
    /// What its runtime sets for the process.
    pub variables: BTreeMap<String, String>,
    /// What was used, for people.
    pub notes: Vec<String>,
}

/// Why a function could not be made ready to start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot run here.
    #[error("{message}")]
    NotReady {
        /// Why, in words.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// A program that makes something of it failed.
    #[error("`{program}` failed: {output}")]
    Failed {
        /// The program and its arguments.
        program: String,
        /// The end of what it wrote.
        output: String,
    },
    /// A file could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl From<NotReady> for StartError {
    fn from(not: NotReady) -> Self {
        Self::NotReady {
            message: not.message,
            hint: not.hint,
        }
    }
}

impl From<Missing> for StartError {
    fn from(missing: Missing) -> Self {
        NotReady::from(missing).into()
    }
}

impl StartError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}

/// Makes a function ready and says how it is started. `say` is told what takes its time.
///
/// # Errors
/// When something that it needs is missing or fails.
pub fn prepare(function: &Function, tools: &Tools, cache: &Cache, say: &dyn Fn(&str)) -> Result<Start, StartError> {
    let draft = &function.draft;
    readiness::check(draft, &function.root, tools)?;
    let handler = draft.handler.clone().unwrap_or_else(|| "bootstrap".to_owned());
    if let Build::Cargo { binary } = &draft.build {
        let folder = draft.code.path().unwrap_or(&function.root);
        return rust::start(folder, binary.as_deref(), handler, tools, say);
    }
    let family = readiness::family(draft);
    let folder = match &draft.code {
        Code::Folder(folder) => folder.clone(),
        Code::Zip(file) => cache.unpacked(file)?,
        Code::Inline { file, text } => {
            let usual = if matches!(family, Some(Family::Node(_))) {
                "index.js"
            } else {
                "index.py"
            };
            cache.inline(file.as_deref().unwrap_or(usual), text)?
        }
        Code::Elsewhere(place) => {
            return Err(StartError::NotReady {
                message: format!("its code is {place}"),
                hint: "download it and give it with --zip".to_owned(),
            });
        }
    };
    let mut start = match family {
        Some(Family::Python(minor)) => python::start(function, &folder, handler, minor, tools, cache, say)?,
        Some(Family::Node(major)) => node::start(function, &folder, handler, major, tools, cache, say)?,
        Some(Family::Ruby) => plain(vec!["aws_lambda_ric".to_owned(), handler.clone()], &folder, handler),
        _ => plain(
            vec![folder.join("bootstrap").to_string_lossy().into_owned()],
            &folder,
            handler,
        ),
    };
    if let Some(runtime) = function.runtime.as_deref().filter(|r| !r.starts_with("provided")) {
        start
            .variables
            .insert("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{runtime}"));
    }
    for layer in &draft.layers {
        if let LayerAt::Path(path) = layer {
            let folder = if path.is_file() {
                cache.unpacked(path)?
            } else {
                path.clone()
            };
            add_layer(&mut start.variables, &folder, family);
        }
    }
    Ok(start)
}

fn plain(command: Vec<String>, folder: &Path, handler: String) -> Start {
    Start {
        command,
        working_directory: folder.to_owned(),
        handler,
        variables: BTreeMap::new(),
        notes: Vec::new(),
    }
}

/// What Lambda finds below /opt is found in the folder of the layer; later layers go before earlier ones.
/// <https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html>
fn add_layer(variables: &mut BTreeMap<String, String>, layer: &Path, family: Option<Family>) {
    let mut before = |name: &str, folder: PathBuf| {
        if folder.is_dir() {
            let inherited = || {
                matches!(name, "PATH" | "LD_LIBRARY_PATH")
                    .then(|| std::env::var(name).ok())
                    .flatten()
            };
            let value = match variables
                .get(name)
                .cloned()
                .or_else(inherited)
                .filter(|v| !v.is_empty())
            {
                Some(rest) => format!("{}:{rest}", folder.display()),
                None => folder.display().to_string(),
            };
            variables.insert(name.to_owned(), value);
        }
    };
    before("PATH", layer.join("bin"));
    before("LD_LIBRARY_PATH", layer.join("lib"));
    match family {
        Some(Family::Python(_)) => {
            for version in std::fs::read_dir(layer.join("python/lib"))
                .into_iter()
                .flatten()
                .flatten()
            {
                before("PYTHONPATH", version.path().join("site-packages"));
            }
            // A layer whose content `sam build` would put into `python`.
            let content = if layer.join("python").is_dir() {
                layer.join("python")
            } else {
                layer.to_owned()
            };
            before("PYTHONPATH", content);
        }
        Some(Family::Node(major)) => {
            if let Some(major) = major {
                before("NODE_PATH", layer.join(format!("nodejs/node{major}/node_modules")));
            }
            before("NODE_PATH", layer.join("nodejs/node_modules"));
        }
        Some(Family::Ruby) => before("RUBYLIB", layer.join("ruby/lib")),
        _ => {}
    }
}

/// Runs a program that makes something, and gives what it wrote on standard output.
fn run(command: &mut Command) -> Result<String, StartError> {
    let mut program = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        program.push(' ');
        program.push_str(&argument.to_string_lossy());
    }
    let failed = |output: String| StartError::Failed {
        program: program.clone(),
        output,
    };
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|e| failed(e.to_string()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => {
            let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
            let lines: Vec<&str> = said.trim().lines().collect();
            Err(failed(lines[lines.len().saturating_sub(12)..].join("\n")))
        }
    }
}
