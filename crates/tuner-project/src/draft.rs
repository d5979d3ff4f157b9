//! A function as its project describes it, before it is known whether it can run here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::code::Code;

/// Who would build the code, where it is not there as it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Build {
    /// `sam build`, by the method of the function's metadata if one is named.
    Sam(Option<String>),
    /// Cargo builds this binary of the package in this folder; the tool does so itself.
    Cargo { binary: Option<String> },
    /// `serverless package`.
    Serverless,
    /// `cdk synth`.
    Cdk,
    /// Whatever fills what Terraform uploads.
    Terraform,
    /// The language's own build.
    Own,
}

/// A layer, before its place is shown relative to the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LayerAt {
    Path(PathBuf),
    Elsewhere(String),
}

/// A function as its project describes it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) name: String,
    /// What tells it from others of its name, as its project has it: a construct's path, a call of a module.
    pub(crate) qualified: Option<String>,
    /// The file that describes it.
    pub(crate) source: PathBuf,
    pub(crate) runtime: Option<String>,
    pub(crate) architecture: Option<String>,
    pub(crate) is_image: bool,
    pub(crate) handler: Option<String>,
    pub(crate) code: Code,
    pub(crate) memory_mb: Option<u32>,
    pub(crate) timeout_s: Option<u32>,
    pub(crate) env: BTreeMap<String, String>,
    /// Names of variables without a value here, and what they wait for.
    pub(crate) unresolved: BTreeMap<String, String>,
    pub(crate) layers: Vec<LayerAt>,
    pub(crate) build: Build,
    pub(crate) notes: Vec<String>,
}

impl Draft {
    pub(crate) fn new(name: impl Into<String>, source: &Path, code: Code, build: Build) -> Self {
        Self {
            name: name.into(),
            qualified: None,
            source: source.to_owned(),
            runtime: None,
            architecture: None,
            is_image: false,
            handler: None,
            code,
            memory_mb: None,
            timeout_s: None,
            env: BTreeMap::new(),
            unresolved: BTreeMap::new(),
            layers: Vec::new(),
            build,
            notes: Vec::new(),
        }
    }

    /// The folder of the file that describes it.
    pub(crate) fn folder(&self) -> &Path {
        self.source.parent().unwrap_or(Path::new("."))
    }

    /// Gives a variable its value, or says what it waits for.
    pub(crate) fn variable(&mut self, name: &str, value: Result<String, String>) {
        self.env.remove(name);
        self.unresolved.remove(name);
        match value {
            Ok(value) => drop(self.env.insert(name.to_owned(), value)),
            Err(why) => drop(self.unresolved.insert(name.to_owned(), why)),
        }
    }
}
