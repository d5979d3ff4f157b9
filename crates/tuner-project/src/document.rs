//! What is found: the document that `--list --format json` prints.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::draft::Draft;

/// The functions of a folder.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Found {
    /// The functions, by source and name.
    pub functions: Vec<Function>,
    /// What could not be read, and what a reader should know.
    pub notes: Vec<String>,
}

/// How a function is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageType {
    /// A folder or a zip file.
    Zip,
    /// A container image.
    Image,
}

/// Why a function cannot run on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// Its code has to be built first.
    NeedsBuild,
    /// Its code has no such handler.
    HandlerNotFound,
    /// A program that it needs is missing.
    Toolchain,
    /// It is a container image.
    Image,
    /// Its code is elsewhere, such as in S3.
    CodeNotLocal,
}

/// A layer of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// A folder (or zip file) of the project, relative to the folder that was searched.
    Path(String),
    /// Not on this machine: its ARN, or what names it.
    Arn(String),
}

/// A function of the project.
#[derive(Debug, Clone, Serialize)]
pub struct Function {
    /// Unique in the document.
    pub id: String,
    /// What the project calls it.
    pub name: String,
    /// The file that says so, relative to the folder that was searched.
    pub source: String,
    /// As Lambda spells it; `None` for images and where nothing names one.
    pub runtime: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// How it is packed.
    pub package_type: PackageType,
    /// As the project spells it; where there is no template, as the runtime client takes it.
    pub handler: Option<String>,
    /// Folder or zip file of its code, relative to the folder that was searched; `None` where it is inside the template or
    /// not on this machine.
    pub code: Option<String>,
    /// The memory size a deployment would have, in MB; `None` where nothing says so.
    pub memory_mb: Option<u32>,
    /// The timeout a deployment would have, in seconds.
    pub timeout_s: Option<u32>,
    /// The variables whose values are known.
    pub env: BTreeMap<String, String>,
    /// Names of the variables whose values only a deployment knows.
    pub env_unresolved: Vec<String>,
    /// What the value of each of those refers to, in words.
    #[serde(skip)]
    pub unresolved_because: BTreeMap<String, String>,
    /// Its layers, in order.
    pub layers: Vec<Layer>,
    /// The event that is sent unless another one is named, relative to the folder that was searched.
    pub payload: Option<String>,
    /// Every event that fits.
    pub payloads: Vec<String>,
    /// Whether it can run on this machine.
    pub runnable: bool,
    /// Why not.
    pub reason: Option<Reason>,
    /// Why not, in words.
    pub message: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// What is special about how it runs here.
    pub notes: Vec<String>,
    /// What starting it needs.
    #[serde(skip)]
    pub(crate) draft: Draft,
    /// The folder that was searched.
    #[serde(skip)]
    pub(crate) root: PathBuf,
}
