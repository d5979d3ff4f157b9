//! What was decided about the advice of reviews, and whose functions are.

use std::path::Path;

use tuner_core::FunctionName;
use tuner_core::review::{AdviceFile, OwnerRule};

use crate::commands::read_text;
use crate::config::Config;
use crate::error::CliError;

/// Problems of a file that are told one by one.
const MOST_PROBLEMS: usize = 10;

/// The advice file that was asked for.
fn read(file: &Path) -> Result<AdviceFile, CliError> {
    AdviceFile::parse(&read_text(file, "advice file")?).map_err(|e| {
        let refused = CliError::usage(format!("`{}` is no advice file", file.display()));
        let more = e.problems.len().saturating_sub(MOST_PROBLEMS);
        let refused = e.problems.iter().take(MOST_PROBLEMS).fold(refused, CliError::cause);
        match more {
            0 => refused,
            more => refused.cause(format!("and {more} more")),
        }
    })
}

/// The one that was asked for, else the configured one; with the owners that `[function.NAME]` of tuner.toml names. Nothing
/// where nothing is said.
pub(in crate::commands) fn find(asked: Option<&Path>, config: &Config) -> Result<Option<AdviceFile>, CliError> {
    let file = asked.or(config.advice.as_deref()).map(read).transpose()?;
    let owners: Vec<OwnerRule> = config.function.iter().filter_map(owner).collect();
    if file.is_none() && owners.is_empty() {
        return Ok(None);
    }
    let mut file = file.unwrap_or_default();
    // Of rules that are as exact the last counts: the file's.
    file.owners.splice(..0, owners);
    Ok(Some(file))
}

fn owner((key, entry): (&String, &crate::config::FunctionEntry)) -> Option<OwnerRule> {
    let name: FunctionName = entry.function.as_ref().unwrap_or(key).parse().ok()?;
    Some(OwnerRule {
        function: name.unqualified().to_string().parse().ok()?,
        owner: entry.owner.clone().filter(|owner| !owner.trim().is_empty())?,
        line: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_of_the_configuration_count_behind_those_of_the_file() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("advice.toml");
        std::fs::write(&file, "[[owner]]\nfunction = \"resize\"\nowner = \"file\"\n").unwrap();
        let entry = crate::config::FunctionEntry {
            owner: Some("config".to_owned()),
            ..Default::default()
        };
        let mut config = Config {
            advice: Some(file.clone()),
            ..Config::default()
        };
        config.function.insert("resize".to_owned(), entry);
        let found = find(None, &config).unwrap().unwrap();
        let owners: Vec<_> = found
            .owners
            .iter()
            .map(|rule| (rule.owner.as_str(), rule.line))
            .collect();
        assert_eq!(owners, [("config", None), ("file", Some(1))]);
        assert_eq!(find(None, &Config::default()).unwrap(), None);
        std::fs::write(&file, "[[ignore]]\n").unwrap();
        let error = find(Some(&file), &Config::default()).unwrap_err().in_a_line();
        assert!(error.contains("advice.toml") && error.contains("line 1"), "{error}");
    }
}
