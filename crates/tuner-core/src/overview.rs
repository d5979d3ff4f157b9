//! The `Overview` document: what one command that measured several functions came to, function by function.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the document's form, raised as that of the tuning is.
pub const OVERVIEW_SCHEMA_VERSION: u32 = 1;

/// The results of a command that measured several functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overview {
    /// Form of this document, see [`OVERVIEW_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the tool that measured.
    pub tool_version: String,
    /// What was done with each of the functions.
    pub command: OverviewCommand,
    /// When the command began.
    pub started_at: Timestamp,
    /// When the last of them was over.
    pub finished_at: Timestamp,
    /// Whether it was interrupted, so that functions may be missing.
    pub interrupted: bool,
    /// Exit code of the command: that of the function that ended worst.
    pub exit_code: u8,
    /// Every function that was asked for, in the order asked for.
    pub functions: Vec<OverviewRow>,
}

/// What is done with each of several functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverviewCommand {
    /// A memory size is looked for.
    Run,
    /// The size that is deployed is held against its limits.
    Check,
}

/// What came of one of several functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OverviewRow {
    /// Its name in `tuner.toml`, or in the folder of the project.
    pub name: String,
    /// The exit code that its part alone would have had.
    pub exit_code: u8,
    /// What the exit code 0 stands for where nothing was passed or recommended; none of all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<Unjudged>,
    /// What was found, in one line; none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// What a recommendation brings, in a sentence; none of a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// What takes from the finding, such as that there was nothing to compare with; a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why its part failed, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its page, as a path from the overview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Its document, as a path from the overview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// Why a part that ended with exit code 0 passed nothing and recommends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unjudged {
    /// It was measured, and there was no limit and nothing to compare with yet.
    NothingToCompare,
    /// No limit is shown to be kept; what cannot be told was let pass, as asked for.
    LetPass,
    /// A dry run only tries whether each size works.
    DryRun,
}
