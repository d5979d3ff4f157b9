//! How two versions of a function differ, beyond memory size and description.

use std::collections::BTreeMap;
use std::fmt;

use crate::marker::REST_VARIABLE;
use crate::ports::{FunctionConfiguration, Setting};

/// One thing in which `$LATEST` is not what another version is. Values of variables are never told: they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The code.
    Code,
    /// The time-out, in seconds.
    Timeout {
        /// Of `$LATEST`.
        latest_s: u32,
        /// Of the version.
        version_s: u32,
    },
    /// Variables that only one of them has, or that have another value.
    Variables {
        /// Only `$LATEST` has these.
        added: Vec<String>,
        /// Only the version has these.
        removed: Vec<String>,
        /// Both have these.
        changed: Vec<String>,
    },
    /// Whether the variables are the same can't be known: those of one can't be read.
    UnreadableVariables,
    /// Another setting.
    Setting(Setting),
}

/// Everything in which `latest` is not what `version` is.
pub fn differences(latest: &FunctionConfiguration, version: &FunctionConfiguration) -> Vec<Difference> {
    let mut found = Vec::new();
    if latest.code_sha256.is_none() || latest.code_sha256 != version.code_sha256 {
        found.push(Difference::Code);
    }
    if latest.timeout_s != version.timeout_s {
        found.push(Difference::Timeout {
            latest_s: latest.timeout_s,
            version_s: version.timeout_s,
        });
    }
    found.extend(variables(latest.variables.as_ref(), version.variables.as_ref()));
    let told = |setting: &Setting| matches!(setting, Setting::Timeout | Setting::Variables);
    let others = latest.settings.differing(&version.settings).into_iter();
    found.extend(others.filter(|setting| !told(setting)).map(Difference::Setting));
    found
}

fn variables(
    latest: Option<&BTreeMap<String, String>>,
    version: Option<&BTreeMap<String, String>>,
) -> Option<Difference> {
    let (Some(latest), Some(version)) = (latest, version) else {
        return Some(Difference::UnreadableVariables);
    };
    let names = |of: &BTreeMap<String, String>, wanted: &dyn Fn(&String, &String) -> bool| -> Vec<String> {
        of.iter()
            // A tuning that was broken off may have left it.
            .filter(|(name, value)| *name != REST_VARIABLE && wanted(name, value))
            .map(|(name, _)| name.clone())
            .collect()
    };
    let added = names(latest, &|name, _| !version.contains_key(name));
    let removed = names(version, &|name, _| !latest.contains_key(name));
    let changed = names(latest, &|name, value| {
        version.get(name).is_some_and(|other| other != value)
    });
    let none = added.is_empty() && removed.is_empty() && changed.is_empty();
    (!none).then_some(Difference::Variables {
        added,
        removed,
        changed,
    })
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => f.write_str("the code"),
            Self::Timeout { latest_s, version_s } => write!(f, "the time-out ({latest_s} s, not {version_s} s)"),
            Self::UnreadableVariables => {
                f.write_str("perhaps the environment variables, which can't be read with these permissions")
            }
            Self::Variables {
                added,
                removed,
                changed,
            } => {
                let part =
                    |names: &[String], what: &str| (!names.is_empty()).then(|| format!("{} ({what})", list(names)));
                let parts = [
                    part(changed, "another value"),
                    part(added, "only in $LATEST"),
                    part(removed, "not in $LATEST"),
                ];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                write!(f, "the environment variables {}", parts.join(", "))
            }
            Self::Setting(setting) => write!(f, "the {setting}"),
        }
    }
}

/// More names than these are counted.
const MOST_NAMES: usize = 10;

fn list(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Runtime => "runtime",
            Self::Handler => "handler",
            Self::Timeout => "time-out",
            Self::Variables => "environment variables",
            Self::Layers => "layers",
            Self::Role => "role",
            Self::Network => "VPC",
            Self::Architecture => "architecture",
            Self::EphemeralStorage => "size of /tmp",
            Self::FileSystems => "file systems",
            Self::DeadLetters => "dead-letter queue",
            Self::Key => "KMS key",
            Self::Tracing => "tracing",
            Self::PackageType => "package type",
            Self::Image => "image configuration",
            Self::Logging => "logging",
            Self::SnapStart => "SnapStart",
            Self::Durable => "durable execution",
            Self::Tenancy => "tenant isolation",
        })
    }
}

/// All of them in a sentence's place.
pub(crate) fn in_words(differences: &[Difference]) -> String {
    let words: Vec<String> = differences.iter().map(Difference::to_string).collect();
    words.join("; ")
}
