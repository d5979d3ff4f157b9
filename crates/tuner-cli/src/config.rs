//! What need not be typed each time: `tuner.toml` in the working directory or the nearest above it that has one, then
//! `tuner/config.toml` in the user's configuration directory. A key of the first goes before that of the second; flags and
//! environment variables go before both.

mod function_entry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use tuner_core::FunctionName;

use crate::error::CliError;
pub(crate) use function_entry::FunctionEntry;

const PROJECT_FILE: &str = "tuner.toml";
const USER_FILE: &str = "tuner/config.toml";

/// What the configuration files say.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// ARN or name of the state machine.
    pub(crate) state_machine: Option<String>,
    /// Where past tunings are: `s3://BUCKET` or a directory.
    pub(crate) store: Option<String>,
    /// What was decided about the advice of reviews, as `--advice` of `tuner review`; relative to this file.
    pub(crate) advice: Option<PathBuf>,
    /// Region of calls to AWS.
    pub(crate) region: Option<String>,
    /// Profile of the AWS configuration files.
    pub(crate) profile: Option<String>,
    /// Functions by the names that `tuner run NAME` takes.
    #[serde(default)]
    pub(crate) function: BTreeMap<String, FunctionEntry>,
}

impl Config {
    /// Reads the files that are there.
    pub(crate) fn load() -> Result<Self, CliError> {
        let here = std::env::current_dir().unwrap_or_default();
        let project = here
            .ancestors()
            .map(|folder| folder.join(PROJECT_FILE))
            .find(|f| f.is_file());
        let mut config = Self::default();
        for file in [project, user_file()].into_iter().flatten() {
            if file.is_file() {
                config = config.or(Self::read(&file)?);
            }
        }
        Ok(config)
    }

    /// The entry of a function by its plain name in AWS, which is the entry's own unless it says another.
    pub(crate) fn named(&self, function: &str) -> Option<&FunctionEntry> {
        let in_aws = |entry: &FunctionEntry| -> Option<FunctionName> { entry.function.as_ref()?.parse().ok() };
        let by_name = self
            .function
            .values()
            .find(|entry| in_aws(entry).is_some_and(|name| name.name() == function));
        by_name.or_else(|| self.function.get(function).filter(|entry| entry.function.is_none()))
    }

    fn read(file: &Path) -> Result<Self, CliError> {
        let refused = |reason: String| CliError::usage(format!("cannot read `{}`", file.display())).cause(reason);
        let text = std::fs::read_to_string(file).map_err(|e| refused(e.to_string()))?;
        let mut config = Self::parse(&text).map_err(refused)?;
        let base = file.parent().unwrap_or(Path::new(""));
        config.advice = config.advice.map(|advice| base.join(advice));
        for entry in config.function.values_mut() {
            base.clone_into(&mut entry.base);
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|span| text[..span.start].matches('\n').count() + 1);
            match line {
                Some(line) => format!("line {line}: {}", e.message()),
                None => e.message().to_owned(),
            }
        })?;
        if let Some(region) = &config.region
            && !tuner_core::is_region(region)
        {
            return Err(format!("`{region}` is no region; use one such as eu-west-1"));
        }
        for (name, entry) in &config.function {
            entry.check().map_err(|reason| format!("[function.{name}]: {reason}"))?;
        }
        Ok(config)
    }

    fn or(self, other: Self) -> Self {
        Self {
            state_machine: self.state_machine.or(other.state_machine),
            store: self.store.or(other.store),
            advice: self.advice.or(other.advice),
            region: self.region.or(other.region),
            profile: self.profile.or(other.profile),
            function: other.function.into_iter().chain(self.function).collect(),
        }
    }
}

fn user_file() -> Option<PathBuf> {
    Some(user_folder("XDG_CONFIG_HOME", ".config")?.join(USER_FILE))
}

/// A folder of the user's, as `variable` says or below their home; by the XDG base directory specification a relative path
/// is no path.
pub(crate) fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_optional() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
        let config = Config::parse("state_machine = \"tuner\"\nregion = \"eu-west-1\"").unwrap();
        assert_eq!(config.state_machine.as_deref(), Some("tuner"));
        assert_eq!((config.region.as_deref(), config.profile), (Some("eu-west-1"), None));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, words) in [
            (
                "region = \"eu-west-1\"\nstatemachine = \"x\"",
                ["line 2", "`statemachine`"],
            ),
            ("region = \"atlantis\"", ["`atlantis`", "eu-west-1"]),
            ("state_machine = 7", ["line 1", "string"]),
            ("\n\nstate_machine", ["line 3", "="]),
        ] {
            let error = Config::parse(text).unwrap_err();
            for word in words {
                assert!(error.contains(word), "{text}: {error}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_function_is_named_with_it() {
        for (text, words) in [
            ("folder = \"a\"\ncommand = [\"x\"]", "a folder and a command"),
            ("id = \"Resize\"", "folder"),
            ("objective = \"best\"", "objective"),
            ("memory = [64]", "128"),
            ("max_p95 = -1", "max_p95"),
            ("timeout = 901", "900"),
            ("region = \"atlantis\"", "atlantis"),
            ("function = \"a b\"", "function"),
            ("max-p95 = 300", "max-p95"),
            ("limits = \"p97>1\"", "p97"),
            ("limits = [\"guide\", \"p95<800ms\"]", "p95>800"),
            ("limits = 7", "limits"),
        ] {
            let error = Config::parse(&format!("[function.resize]\n{text}")).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_project_goes_before_the_user() {
        let project = Config::parse("state_machine = \"ours\"").unwrap();
        let user = Config::parse("state_machine = \"mine\"\nprofile = \"me\"").unwrap();
        let config = project.or(user);
        assert_eq!(
            (config.state_machine.as_deref(), config.profile.as_deref()),
            (Some("ours"), Some("me"))
        );
    }
}
