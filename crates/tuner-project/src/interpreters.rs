//! Programs of this machine that run functions. A name on the PATH may be a shim that only says that there is no such
//! program: one counts as there when it answers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pep440_rs::{Version, VersionSpecifiers};

use crate::code;
use crate::value::Value;

/// An interpreter answers at once, or it is none.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Minor versions of Python 3 that Lambda's client for it has been made for, and some to come.
const PYTHONS: std::ops::RangeInclusive<u32> = 8..=16;

/// An interpreter that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// Its program.
    pub path: PathBuf,
    /// Major and minor version.
    pub version: (u32, u32),
}

/// Why there is no interpreter: what is missing, and what gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// The programs of this machine, as far as they were looked for.
#[derive(Debug, Default)]
pub struct Tools {
    /// The Python interpreter to take, whatever the project wants.
    pub python: Option<PathBuf>,
    /// The Node program to take, whatever the project wants.
    pub node: Option<PathBuf>,
    answers: Mutex<HashMap<PathBuf, Option<String>>>,
}

impl Tools {
    /// The programs that are named, or those that are found.
    pub fn new(python: Option<PathBuf>, node: Option<PathBuf>) -> Self {
        Self {
            python,
            node,
            answers: Mutex::default(),
        }
    }

    /// What `PROGRAM --version` says; `None` if it does not answer.
    pub(crate) fn version_of(&self, program: &Path) -> Option<String> {
        if let Ok(answers) = self.answers.lock()
            && let Some(answer) = answers.get(program)
        {
            return answer.clone();
        }
        let answer = ask(program);
        if let Ok(mut answers) = self.answers.lock() {
            answers.insert(program.to_owned(), answer.clone());
        }
        answer
    }

    /// A program of the PATH that answers.
    pub(crate) fn on_path(&self, name: &str) -> Option<PathBuf> {
        on_path(name)
            .into_iter()
            .find(|program| self.version_of(program).is_some())
    }

    /// The nearest Python that may run code of `folder`, which is below `root`.
    pub(crate) fn python(&self, wanted: Option<u32>, folder: &Path, root: &Path) -> Result<Interpreter, Missing> {
        let demand = requires_python(folder, root);
        let version = |path: &Path| self.version_of(path).as_deref().and_then(python_version);
        if let Some(python) = &self.python {
            return match version(python) {
                Some(version) => Ok(Interpreter {
                    path: python.clone(),
                    version,
                }),
                None => Err(Missing {
                    message: format!("{} does not answer as a Python 3", python.display()),
                    hint: "name another interpreter with --python".to_owned(),
                }),
            };
        }
        let allows = |minor: u32| demand.as_ref().is_none_or(|(specifiers, _)| allowed(specifiers, minor));
        let default = on_path("python3").into_iter().find(|p| !is_script(p));
        let mut candidates = pythons(folder, root);
        candidates.retain(|c| allows(c.minor));
        let aim = wanted.or_else(|| version(default.as_deref()?).map(|(_, minor)| minor));
        candidates.sort_by_key(|c| match aim {
            Some(aim) => (c.minor.abs_diff(aim), c.rank),
            None => (100 - c.minor, c.rank),
        });
        for candidate in candidates {
            // What the project's own environment is, its configuration says: a listing starts nothing of the project.
            let found = if candidate.is_of_project {
                Some((3, candidate.minor))
            } else {
                version(&candidate.path)
            };
            if let Some(version) = found.filter(|(_, minor)| allows(*minor)) {
                return Ok(Interpreter {
                    path: candidate.path,
                    version,
                });
            }
        }
        for name in ["python3", "python"] {
            for path in on_path(name) {
                if let Some(version) = version(&path).filter(|(_, minor)| allows(*minor)) {
                    return Ok(Interpreter { path, version });
                }
            }
        }
        let minor = wanted
            .filter(|w| allows(*w))
            .or_else(|| PYTHONS.rev().find(|m| allows(*m) && *m <= 14))
            .unwrap_or(13);
        let hint = format!(
            "install one, as with `uv python install 3.{minor}`, or name one with --python; nothing was changed"
        );
        Err(match demand {
            Some((specifiers, file)) => Missing {
                message: format!(
                    "there is no Python {specifiers} here, which {} demands (requires-python)",
                    crate::tree::relative(root, &file)
                ),
                hint,
            },
            None => Missing {
                message: match wanted {
                    Some(minor) => format!("there is no Python 3 here; its runtime is Python 3.{minor}"),
                    None => "there is no Python 3 here".to_owned(),
                },
                hint,
            },
        })
    }

    /// Node, of the major version wanted where there are several.
    pub(crate) fn node(&self, wanted: Option<u32>, folder: &Path, root: &Path) -> Result<Interpreter, Missing> {
        let version = |path: &Path| self.version_of(path).as_deref().and_then(node_version);
        if let Some(node) = &self.node {
            return match version(node) {
                Some(version) => Ok(Interpreter {
                    path: node.clone(),
                    version,
                }),
                None => Err(Missing {
                    message: format!("{} does not answer as Node", node.display()),
                    hint: "name another program with --node".to_owned(),
                }),
            };
        }
        let pinned = [".nvmrc", ".node-version"].iter().find_map(|name| {
            let file = upwards(folder, root, name)?;
            code::read(&file, 1 << 10)
                .ok()?
                .trim()
                .trim_start_matches('v')
                .split('.')
                .next()?
                .parse::<u32>()
                .ok()
        });
        let mut installed: Vec<(u32, PathBuf)> = below_home(".nvm/versions/node", "NVM_DIR", "versions/node")
            .into_iter()
            .filter_map(|folder| {
                let name = folder.file_name()?.to_string_lossy().into_owned();
                Some((
                    name.strip_prefix('v')?.split('.').next()?.parse().ok()?,
                    folder.join("bin/node"),
                ))
            })
            .collect();
        installed.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
        let first = pinned.or(wanted);
        let exact = installed
            .iter()
            .filter(|(major, _)| Some(*major) == first)
            .map(|(_, path)| path.clone());
        let others = installed.iter().map(|(_, path)| path.clone());
        for path in exact.chain(on_path("node")).chain(others) {
            if let Some(version) = version(&path) {
                return Ok(Interpreter { path, version });
            }
        }
        let major = first.unwrap_or(22);
        Err(Missing {
            message: match wanted {
                Some(major) => format!("there is no Node here; its runtime is Node {major}"),
                None => "there is no Node here".to_owned(),
            },
            hint: format!("install it, as with `nvm install {major}`, or name it with --node; nothing was changed"),
        })
    }
}

/// Starts a program for its version, away from the project, whose files could steer a shim.
fn ask(program: &Path) -> Option<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let began = Instant::now();
    loop {
        match child.try_wait().ok()? {
            Some(_) => break,
            None if began.elapsed() > ANSWERS_WITHIN => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    let output = child.wait_with_output().ok()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let said = [text(&output.stdout), text(&output.stderr)]
        .into_iter()
        .find(|t| !t.is_empty());
    output.status.success().then_some(said).flatten()
}

fn python_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.strip_prefix("Python ")?.split('.');
    let version = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (version.0 == 3).then_some(version)
}

fn node_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Every file of this name on the PATH that may be executed.
pub(crate) fn on_path(name: &str) -> Vec<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    // A relative entry would be the project's.
    std::env::split_paths(&paths)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .filter(|file| crate::other_sources::is_executable(file))
        .collect()
}

fn is_script(program: &Path) -> bool {
    use std::io::Read;
    let mut start = [0; 2];
    std::fs::File::open(program)
        .and_then(|mut f| f.read_exact(&mut start))
        .is_ok()
        && &start == b"#!"
}

/// A Python whose version its name or configuration says.
struct Candidate {
    path: PathBuf,
    minor: u32,
    /// The project's own first, then those that are no shims.
    rank: u32,
    is_of_project: bool,
}

fn pythons(folder: &Path, root: &Path) -> Vec<Candidate> {
    let mut all = Vec::new();
    for name in [".venv", "venv"] {
        if let Some(environment) = upwards(folder, root, name)
            && let Some(minor) = minor_of_environment(&environment)
            && environment.join("bin/python").exists()
        {
            all.push(Candidate {
                path: environment.join("bin/python"),
                minor,
                rank: 0,
                is_of_project: true,
            });
        }
    }
    for minor in PYTHONS {
        for path in on_path(&format!("python3.{minor}")) {
            let rank = if is_script(&path) { 3 } else { 1 };
            all.push(Candidate {
                path,
                minor,
                rank,
                is_of_project: false,
            });
        }
    }
    let managed = below_home(".pyenv/versions", "PYENV_ROOT", "versions")
        .into_iter()
        .chain(below_home(".local/share/uv/python", "UV_PYTHON_INSTALL_DIR", ""));
    for installation in managed {
        let name = installation
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let version = name.strip_prefix("cpython-").unwrap_or(&name).strip_prefix("3.");
        let digits = version.and_then(|v| v.split(['.', '-', '+']).next());
        let path = installation.join("bin/python3");
        if let Some(minor) = digits.and_then(|d| d.parse().ok()).filter(|m| PYTHONS.contains(m))
            && path.exists()
        {
            all.push(Candidate {
                path,
                minor,
                rank: 2,
                is_of_project: false,
            });
        }
    }
    all
}

/// The version of a virtual environment, by its `pyvenv.cfg`.
pub(crate) fn minor_of_environment(environment: &Path) -> Option<u32> {
    let text = code::read(&environment.join("pyvenv.cfg"), 1 << 16).ok()?;
    let value = |key: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        })
    };
    let version = value("version").or_else(|| value("version_info"))?;
    version.strip_prefix("3.")?.split('.').next()?.parse().ok()
}

/// Folders of a manager of versions, in the folder that its variable names or the home folder.
fn below_home(usual: &str, variable: &str, below: &str) -> Vec<PathBuf> {
    let named = std::env::var_os(variable).map(|folder| PathBuf::from(folder).join(below));
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(usual));
    let Some(folder) = named.or(home).filter(|folder| folder.is_absolute()) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    folders.sort();
    folders
}

/// A file or folder of this name in a folder or the nearest above it, up to the root of the project.
pub(crate) fn upwards(folder: &Path, root: &Path, name: &str) -> Option<PathBuf> {
    let mut above = folder
        .ancestors()
        .take_while(|f| f.starts_with(root))
        .map(|f| f.join(name))
        .filter(|f| f.exists());
    above
        .next()
        .or_else(|| Some(root.join(name)).filter(|f| f.exists() && !folder.starts_with(root)))
}

/// What `pyproject.toml` demands, and the file.
fn requires_python(folder: &Path, root: &Path) -> Option<(VersionSpecifiers, PathBuf)> {
    let file = upwards(folder, root, "pyproject.toml")?;
    let project = Value::of_toml(&code::read(&file, 1 << 20).ok()?).ok()?;
    let own = project
        .at(&["project", "requires-python"])
        .and_then(Value::text)
        .map(str::to_owned);
    let poetry = project
        .at(&["tool", "poetry", "dependencies", "python"])
        .and_then(Value::text)
        .map(|text| {
            // Poetry's caret: the same major version.
            text.strip_prefix('^')
                .map_or_else(|| text.to_owned(), |version| format!(">={version},<4"))
        });
    let specifiers = VersionSpecifiers::from_str(&own.or(poetry)?).ok()?;
    Some((specifiers, file))
}

/// Whether some patch version of Python 3.MINOR is allowed.
fn allowed(specifiers: &VersionSpecifiers, minor: u32) -> bool {
    (0..30).any(|patch| specifiers.contains(&Version::new([3, u64::from(minor), patch])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_that_only_complains_is_no_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let shim = |name: &str, text: &str| {
            use std::os::unix::fs::PermissionsExt;
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            file
        };
        let tools = Tools::default();
        assert_eq!(
            tools.version_of(&shim("dead", "#!/bin/sh\necho Python 3.13.0\nexit 127\n")),
            None
        );
        assert_eq!(tools.version_of(&shim("none", "#!/no/such/program\n")), None);
        let alive = shim("alive", "#!/bin/sh\necho Python 3.13.0\n");
        assert_eq!(
            tools.version_of(&alive).as_deref().and_then(python_version),
            Some((3, 13))
        );
    }

    #[test]
    fn what_a_project_demands_is_kept() {
        for (text, minors) in [
            (">=3.10", vec![10, 11, 14]),
            ("==3.12.*", vec![12]),
            (">=3.11.4,<3.13", vec![11, 12]),
            ("~=3.11", vec![11, 14]),
        ] {
            let specifiers = VersionSpecifiers::from_str(text).unwrap();
            for minor in [8, 9, 10, 11, 12, 14] {
                let wanted = minors.contains(&minor) || (text == ">=3.10" || text == "~=3.11") && minor == 12;
                assert_eq!(allowed(&specifiers, minor), wanted, "{text} 3.{minor}");
            }
        }
    }

    #[test]
    fn a_demand_that_nothing_meets_names_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("pyproject.toml"),
            "[project]\nname = \"x\"\nrequires-python = \">=3.99\"\n",
        )
        .unwrap();
        let missing = Tools::default()
            .python(Some(11), folder.path(), folder.path())
            .unwrap_err();
        assert!(
            missing.message.contains(">=3.99") && missing.message.contains("pyproject.toml"),
            "{missing:?}"
        );
    }
}
