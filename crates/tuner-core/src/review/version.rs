//! Versions of a function, and the aliases that lead traffic to them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which version of a function it is: a number, or `$LATEST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum FunctionVersion {
    /// The one that can be changed.
    Latest,
    /// A published one, which never changes.
    Published(u64),
}

/// A text that is no version: an alias, for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version; a version is a number or $LATEST")]
pub struct NoVersion(String);

impl FunctionVersion {
    /// Whether it is a published one.
    pub const fn is_published(self) -> bool {
        matches!(self, Self::Published(_))
    }
}

impl FromStr for FunctionVersion {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        match text {
            "$LATEST" => Ok(Self::Latest),
            digits if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .map(Self::Published)
                .map_err(|_| NoVersion(text.to_owned())),
            _ => Err(NoVersion(text.to_owned())),
        }
    }
}

impl TryFrom<String> for FunctionVersion {
    type Error = NoVersion;

    fn try_from(text: String) -> Result<Self, NoVersion> {
        text.parse()
    }
}

impl From<FunctionVersion> for String {
    fn from(version: FunctionVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for FunctionVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Published(number) => write!(f, "{number}"),
        }
    }
}

/// A version that reports are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionSeen {
    /// Which.
    pub version: FunctionVersion,
    /// Time of its last report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// A published version as Lambda's API lists it. What is absent was not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedVersion {
    /// Its number.
    pub version: FunctionVersion,
    /// In MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_size_mb: Option<u32>,
    /// Timeout, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// Whether it starts from a snapshot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snap_start: bool,
    /// Hash of its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
}

/// An alias, and where it leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alias {
    /// Its name.
    pub name: String,
    /// The version that it leads to.
    pub version: FunctionVersion,
    /// Other versions that it leads a share of the traffic to, 0 to 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<FunctionVersion, f64>,
}

impl Alias {
    /// Which share of its traffic `version` has, 0 to 1.
    pub fn share(&self, version: FunctionVersion) -> f64 {
        let others: f64 = self.weights.values().sum();
        let own = if version == self.version { 1.0 - others } else { 0.0 };
        (own + self.weights.get(&version).copied().unwrap_or(0.0)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_or_latest() {
        for (text, version) in [
            ("$LATEST", FunctionVersion::Latest),
            ("7", FunctionVersion::Published(7)),
            ("1204", FunctionVersion::Published(1204)),
        ] {
            assert_eq!(text.parse(), Ok(version));
            assert_eq!(version.to_string(), text);
        }
        for none in ["", "live", "-1", "+7", "7a", "99999999999999999999999"] {
            assert!(none.parse::<FunctionVersion>().is_err(), "{none}");
        }
    }

    #[test]
    fn an_alias_shares_its_traffic_out() {
        let alias = Alias {
            name: "live".into(),
            version: FunctionVersion::Published(7),
            weights: BTreeMap::from([(FunctionVersion::Published(8), 0.1)]),
        };
        assert!((alias.share(FunctionVersion::Published(7)) - 0.9).abs() < 1e-12);
        assert!((alias.share(FunctionVersion::Published(8)) - 0.1).abs() < 1e-12);
        assert!(alias.share(FunctionVersion::Latest).abs() < 1e-12);
        let text = serde_json::to_string(&alias).unwrap();
        assert_eq!(text, r#"{"name":"live","version":"7","weights":{"8":0.1}}"#);
        assert_eq!(serde_json::from_str::<Alias>(&text).unwrap(), alias);
    }
}
