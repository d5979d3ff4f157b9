//! Node functions: AWS's client, and what stands in for its compiled part.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::Cache;
use super::{Start, StartError, client, run};
use crate::code;
use crate::document::Function;
use crate::interpreters::{Tools, upwards};
use crate::readiness::code_folder;
use crate::value::Value;

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
    let found = tools.node(wanted, project, &function.root)?;
    // A shim would be started each time.
    let node = run(Command::new(&found.path)
        .args(["-p", "process.execPath"])
        .current_dir("/"))?;
    let mut notes = vec![format!("Node {} ({node})", found.version.0)];
    let mut command = vec![node];
    match compiled_client(project, &function.root) {
        Some(client) => {
            notes.push("AWS's client aws-lambda-ric of the project".to_owned());
            command.push(client.display().to_string());
        }
        None => {
            let client = fetched_client(tools, cache, say)?;
            let part = cache
                .inline("rapid_client.cjs", client::NODE_PART)?
                .join("rapid_client.cjs");
            command.extend([
                "--require".to_owned(),
                part.display().to_string(),
                client.display().to_string(),
            ]);
            notes.push(
                "AWS's client aws-lambda-ric, its compiled part replaced by one in JavaScript, which takes about 1.3 ms more for each \
                 invocation; `npm install aws-lambda-ric` in the project builds the compiled one"
                    .to_owned(),
            );
        }
    }
    command.push(handler.clone());
    let working_directory = match dependencies_missing(folder, &function.root) {
        true => with_packages(folder, tools, cache, say)?,
        false => folder.to_owned(),
    };
    Ok(Start {
        command,
        working_directory,
        handler,
        variables: BTreeMap::new(),
        notes,
    })
}

/// The client that the project has installed, built.
fn compiled_client(folder: &Path, root: &Path) -> Option<PathBuf> {
    let package = upwards(folder, root, "node_modules/aws-lambda-ric")?;
    let built = [
        "rapid-client.node",
        "build/Release/rapid-client.node",
        "dist/rapid-client.node",
    ];
    if !built.iter().any(|file| package.join(file).is_file()) {
        return None;
    }
    ["index.mjs", "bin/index.mjs"]
        .iter()
        .map(|file| package.join(file))
        .find(|file| file.is_file())
}

/// The client as npm packs it, without its build: it depends on nothing else.
fn fetched_client(tools: &Tools, cache: &Cache, say: &dyn Fn(&str)) -> Result<PathBuf, StartError> {
    let folder = cache.folder("node", &[client::NODE_PACKAGE], |into| {
        say("fetching Lambda's client for Node");
        let npm = tools.on_path("npm").ok_or_else(|| StartError::NotReady {
            message: "there is no npm here, which fetches Lambda's client for Node".to_owned(),
            hint: "install npm, or aws-lambda-ric in the project; nothing was changed".to_owned(),
        })?;
        run(Command::new(npm)
            .args(["pack", "--silent", client::NODE_PACKAGE])
            .current_dir(into))?;
        let packed = std::fs::read_dir(into)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path());
        let packed = packed
            .into_iter()
            .find(|p| p.extension().is_some_and(|e| e == "tgz"))
            .unwrap_or_default();
        let file = std::fs::File::open(&packed).map_err(StartError::file(&packed))?;
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
        // The one file that is needed; the rest is the source of its compiled part.
        let entries = archive.entries().map_err(StartError::file(&packed))?;
        for entry in entries {
            let mut entry = entry.map_err(StartError::file(&packed))?;
            let name = entry.path().map_err(StartError::file(&packed))?.into_owned();
            for wanted in ["index.mjs", "package.json", "LICENSE", "NOTICE"] {
                if name == Path::new("package").join(wanted) {
                    let target = into.join(wanted);
                    entry.unpack(&target).map_err(StartError::file(&target))?;
                }
            }
        }
        std::fs::remove_file(&packed).map_err(StartError::file(&packed))
    })?;
    let client = folder.join("index.mjs");
    match client.is_file() {
        true => Ok(client),
        false => Err(StartError::NotReady {
            message: format!("{} has no index.mjs", client::NODE_PACKAGE),
            hint: format!("remove {} and try again", folder.display()),
        }),
    }
}

/// Whether the package names dependencies that nobody has installed.
fn dependencies_missing(folder: &Path, root: &Path) -> bool {
    let Some(package) = code::read(&folder.join("package.json"), 1 << 20)
        .ok()
        .and_then(|t| Value::of_json(&t).ok())
    else {
        return false;
    };
    let has = package.get("dependencies").is_some_and(|d| !d.entries().is_empty());
    has && upwards(folder, root, "node_modules").is_none()
}

/// A copy of the code with its packages beside it: nothing is written into the project.
fn with_packages(folder: &Path, tools: &Tools, cache: &Cache, say: &dyn Fn(&str)) -> Result<PathBuf, StartError> {
    const MOST_BYTES: u64 = 64 << 20;
    let mut files = Vec::new();
    let mut size = 0;
    let mut state = String::new();
    let walk = walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0 || !(name.starts_with('.') || name == "node_modules")
        });
    for entry in walk.flatten().filter(|e| e.file_type().is_file()) {
        let meta = entry.metadata().map_err(|e| StartError::file(entry.path())(e.into()))?;
        size += meta.len();
        state += &format!("{} {} {:?}\n", entry.path().display(), meta.len(), meta.modified().ok());
        files.push(entry.into_path());
    }
    if size > MOST_BYTES {
        return Err(StartError::NotReady {
            message: format!(
                "the packages of {} are not installed",
                folder.join("package.json").display()
            ),
            hint: "run `npm install` there, and this again".to_owned(),
        });
    }
    cache.folder("node", &[&state], |into| {
        say("installing the packages of the function");
        for file in &files {
            let target = into.join(file.strip_prefix(folder).unwrap_or(file));
            let parent = target.parent().unwrap_or(into);
            std::fs::create_dir_all(parent).map_err(StartError::file(parent))?;
            std::fs::copy(file, &target).map_err(StartError::file(&target))?;
        }
        let npm = tools.on_path("npm").ok_or_else(|| StartError::NotReady {
            message: "there is no npm here, which installs the packages of the function".to_owned(),
            hint: "install npm; nothing was changed".to_owned(),
        })?;
        let how = if into.join("package-lock.json").is_file() {
            "ci"
        } else {
            "install"
        };
        run(Command::new(npm)
            .args([how, "--omit=dev", "--no-audit", "--no-fund", "--silent"])
            .current_dir(into))
        .map(drop)
    })
}
