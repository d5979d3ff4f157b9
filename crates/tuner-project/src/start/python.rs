//! Python functions: packages in the tool's cache, AWS's client, and the interpreter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::Cache;
use super::{Start, StartError, client, run};
use crate::code;
use crate::document::Function;
use crate::draft::Build;
use crate::interpreters::{Tools, on_path, upwards};
use crate::readiness::code_folder;
use crate::value::Value;

/// Files of code that are looked at for what Lambda's runtime brings.
const MOST_FILES: usize = 300;

/// An interpreter, by what it says of itself: a shim would be started each time.
struct Python {
    path: String,
    minor: u32,
    /// Tells builds of compiled packages apart.
    tag: String,
}

pub(super) fn start(
    function: &Function,
    folder: &Path,
    handler: String,
    wanted: Option<u32>,
    tools: &Tools,
    cache: &Cache,
    say: &dyn Fn(&str),
) -> Result<Start, StartError> {
    let project = code_folder(&function.draft, &function.root);
    let found = tools.python(wanted, project, &function.root)?;
    let python = look(&found.path)?;
    let has_own_environment = found.path.starts_with(&function.root);
    let installer = || Installer::find(tools, &python);
    let mut path: Vec<PathBuf> = Vec::new();
    let mut notes = vec![format!("Python 3.{} ({})", python.minor, python.path)];
    let packages = match has_own_environment {
        true => None,
        false => requirements(function, project, folder),
    };
    let client_folder = {
        let package = client::python(python.minor);
        cache.folder("python", &[package, &python.tag], |into| {
            say("installing Lambda's client for Python");
            installer()?.client(package, into)
        })?
    };
    if let Some(packages) = packages {
        let text = format!("{packages:?}");
        path.push(cache.folder("python", &[&text, &packages.text, &python.tag], |into| {
            say("installing the packages of the function");
            installer()?.packages(&packages, into)
        })?);
    }
    if is_compiled_part_there(&python, &client_folder) {
        notes.push("AWS's client awslambdaric".to_owned());
    } else {
        path.insert(0, cache.inline("runtime_client.py", client::PYTHON_PART)?);
        notes.push("AWS's client awslambdaric, its compiled part replaced by one in Python, which takes about 0.3 ms more for each invocation".to_owned());
    }
    path.push(client_folder);
    let joined: Vec<String> = path.iter().map(|p| p.display().to_string()).collect();
    let variables = BTreeMap::from([
        ("PYTHONPATH".to_owned(), joined.join(":")),
        // The project's folders stay as they are; on Lambda they may not be written to either.
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
    ]);
    let command = ["-m", "awslambdaric", &handler].map(str::to_owned);
    Ok(Start {
        command: std::iter::once(python.path).chain(command).collect(),
        working_directory: folder.to_owned(),
        handler,
        variables,
        notes,
    })
}

fn look(path: &Path) -> Result<Python, StartError> {
    const ASK: &str = "import sys, sysconfig; print(sys.executable); print(sys.version_info[1]); \
                       print(sys.version, sysconfig.get_platform(), sysconfig.get_config_var('SOABI'))";
    let said = run(Command::new(path).args(["-c", ASK]).current_dir("/"))?;
    let mut lines = said.lines();
    let mut next = || lines.next().unwrap_or_default().to_owned();
    let (path, minor) = (next(), next());
    Ok(Python {
        path,
        minor: minor.parse().unwrap_or_default(),
        tag: lines.collect(),
    })
}

fn is_compiled_part_there(python: &Python, client: &Path) -> bool {
    let import = Command::new(&python.path)
        .args(["-c", "import runtime_client; runtime_client.next"])
        .env("PYTHONPATH", client)
        .current_dir("/")
        .output();
    import.is_ok_and(|output| output.status.success())
}

/// What a function needs beside its code.
#[derive(Debug)]
struct Packages {
    /// Where relative lines of the requirements begin.
    folder: PathBuf,
    file: Option<PathBuf>,
    more: Vec<String>,
    text: String,
}

/// The requirements of a function that are not in its code already; boto3 where it is used, as Lambda's runtime brings it.
fn requirements(function: &Function, project: &Path, folder: &Path) -> Option<Packages> {
    let is_built = folder != project || project.components().any(|part| part.as_os_str() == ".aws-sam");
    let mut packages = Packages {
        folder: project.to_owned(),
        file: None,
        more: Vec::new(),
        text: String::new(),
    };
    if !is_built {
        let own = project.join("requirements.txt");
        let file = match own.is_file() {
            true => Some(own),
            false if function.draft.build == Build::Own => upwards(project, &function.root, "requirements.txt"),
            false => None,
        };
        if let Some(file) = file {
            let all = files_of(&file);
            packages.text = all;
            packages.folder = file.parent().unwrap_or(project).to_owned();
            packages.file = Some(file).filter(|_| has_lines(&packages.text));
        } else if let Some(pyproject) = upwards(project, &function.root, "pyproject.toml") {
            let text = code::read(&pyproject, 1 << 20).unwrap_or_default();
            let dependencies = Value::of_toml(&text)
                .unwrap_or_default()
                .at(&["project", "dependencies"])
                .cloned()
                .unwrap_or_default();
            packages
                .more
                .extend(dependencies.list().iter().filter_map(Value::text).map(str::to_owned));
        }
    }
    let known = format!("{} {}", packages.text, packages.more.join(" "));
    if !known.contains("boto3") && !folder.join("boto3").is_dir() && uses_boto3(folder) {
        packages.more.push("boto3".to_owned());
    }
    (packages.file.is_some() || !packages.more.is_empty()).then_some(packages)
}

/// The text of a requirements file and of the others beside it, which it may include.
fn files_of(file: &Path) -> String {
    let mut text = code::read(file, 1 << 20).unwrap_or_default();
    if text.lines().any(|line| line.trim_start().starts_with('-')) {
        let beside = std::fs::read_dir(file.parent().unwrap_or(Path::new(".")))
            .into_iter()
            .flatten()
            .flatten();
        let mut others: Vec<PathBuf> = beside
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "txt") && p != file)
            .collect();
        others.sort();
        text.extend(others.iter().filter_map(|other| code::read(other, 1 << 20).ok()));
    }
    text
}

fn has_lines(text: &str) -> bool {
    text.lines()
        .any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

fn uses_boto3(folder: &Path) -> bool {
    let files = walkdir::WalkDir::new(folder)
        .max_depth(4)
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0
                || !(name.starts_with('.') || matches!(&*name, "node_modules" | "venv" | "tests" | "test"))
        });
    let sources = files
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|e| e == "py"))
        .take(MOST_FILES);
    sources.into_iter().any(|e| {
        code::read(e.path(), 1 << 20).is_ok_and(|text| {
            text.contains("import boto3")
                || text.contains("from boto3")
                || text.contains("import botocore")
                || text.contains("from botocore")
        })
    })
}

/// What installs packages into a folder.
enum Installer {
    Uv {
        program: PathBuf,
        python: String,
        minor: u32,
    },
    /// Program and arguments of pip, whatever interpreter it is of.
    Pip { command: Vec<String>, minor: u32 },
}

impl Installer {
    fn find(tools: &Tools, python: &Python) -> Result<Self, StartError> {
        let minor = python.minor;
        if let Some(program) = tools.on_path("uv") {
            return Ok(Self::Uv {
                program,
                python: python.path.clone(),
                minor,
            });
        }
        let works = |command: &[String]| {
            let output = Command::new(&command[0])
                .args(&command[1..])
                .arg("--version")
                .current_dir("/")
                .output();
            output.is_ok_and(|o| o.status.success())
        };
        let own = vec![python.path.clone(), "-m".to_owned(), "pip".to_owned()];
        if works(&own) {
            return Ok(Self::Pip { command: own, minor });
        }
        // Any pip installs for another interpreter: no environment of its own has to be made, which takes longest.
        for name in ["pip3", "pip"] {
            for program in on_path(name) {
                let command = vec![
                    program.display().to_string(),
                    "--python".to_owned(),
                    python.path.clone(),
                ];
                if works(&command) {
                    return Ok(Self::Pip { command, minor });
                }
            }
        }
        Err(StartError::NotReady {
            message: format!("there is neither uv nor pip for {}", python.path),
            hint: "install uv (https://docs.astral.sh/uv) or pip; nothing was changed".to_owned(),
        })
    }

    fn command(&self, into: &Path) -> Command {
        match self {
            Self::Uv { program, python, .. } => {
                let mut command = Command::new(program);
                command
                    .args(["pip", "install", "--quiet", "--python", python, "--target"])
                    .arg(into);
                command
            }
            Self::Pip { command: words, .. } => {
                let mut command = Command::new(&words[0]);
                command
                    .args(&words[1..])
                    .args([
                        "install",
                        "--quiet",
                        "--disable-pip-version-check",
                        "--no-input",
                        "--target",
                    ])
                    .arg(into);
                command
            }
        }
    }

    fn packages(&self, packages: &Packages, into: &Path) -> Result<(), StartError> {
        let mut command = self.command(into);
        if let Some(file) = &packages.file {
            command.arg("-r").arg(file);
        }
        run(command.args(&packages.more).current_dir(&packages.folder)).map(drop)
    }

    /// The client as a wheel. Where there is none for this machine, the one for Linux: its Python files are the same.
    fn client(&self, package: &str, into: &Path) -> Result<(), StartError> {
        let only = match self {
            Self::Uv { .. } => ["--only-binary", "awslambdaric"],
            Self::Pip { .. } => ["--only-binary", "awslambdaric"],
        };
        if run(self.command(into).args(only).arg(package).current_dir("/")).is_ok() {
            return Ok(());
        }
        let mut command = self.command(into);
        match self {
            Self::Uv { minor, .. } => {
                let version = format!("3.{}", (*minor).clamp(8, 14));
                command.args([
                    "--only-binary",
                    ":all:",
                    "--python-platform",
                    "x86_64-manylinux2014",
                    "--python-version",
                    &version,
                ]);
            }
            Self::Pip { minor, .. } => {
                let version = format!("3.{}", (*minor).clamp(8, 14));
                command.args([
                    "--only-binary",
                    ":all:",
                    "--platform",
                    "manylinux2014_x86_64",
                    "--implementation",
                    "cp",
                    "--python-version",
                    &version,
                ]);
            }
        }
        run(command.arg(package).current_dir("/")).map(drop)
    }
}
