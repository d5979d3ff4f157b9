use tuner_core::Objective;

use crate::Policy;
use crate::scores::{Asked, OBJECTIVES};

pub const HELP: &str = "usage: replay [--curves FILE.csv[.gz] ...] [--format table|json] [--policy NAME,...] [--objective NAME,...]
              [--source NAME,...] [--without-source NAME,...] [--repetitions N] [--present none|MB] [--from-logs]

  --curves          measurements to replay; without it those bundled in examples/replay/data
  --format          table (with one JSON object per function, policy and objective below it), summary: without those, or json:
                    those alone
  --policy          some of frugal, standard, thorough, grid x10, grid x50, parrotfish default, parrotfish paper (all)
  --objective       some of cost, speed, balanced (all)
  --source          only functions from these files, named without folder and endings (all)
  --without-source  functions from all files but these
  --repetitions     of each function, policy and objective (20)
  --present         the memory size that every function has before, in MB: ours measure it too (none). One that is smaller or larger
                    than every size recorded of a function is taken for the smallest or largest of those
  --from-logs       100 invocations of the present size are known before, for nothing";

/// So many invocations of the present size are known from logs.
const LOGGED: u32 = 100;

pub struct Arguments {
    pub curves: Vec<String>,
    pub format: Format,
    pub policies: Vec<Policy>,
    pub objectives: Vec<Objective>,
    /// Empty when all.
    pub sources: Vec<String>,
    pub without_sources: Vec<String>,
    pub asked: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Format {
    Table,
    Summary,
    Json,
}

/// What the command line says; `None` when it asks for help.
///
/// # Errors
/// What is wrong with it.
pub fn arguments(words: impl Iterator<Item = String>) -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments {
        curves: Vec::new(),
        format: Format::Table,
        policies: Policy::all(),
        objectives: OBJECTIVES.to_vec(),
        sources: Vec::new(),
        without_sources: Vec::new(),
        asked: Asked {
            repetitions: 20,
            present_mb: None,
            logged: 0,
        },
    };
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let (flag, attached) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag.to_owned(), Some(value.to_owned())),
            _ => (word, None),
        };
        let value = |words: &mut dyn Iterator<Item = String>| {
            attached
                .clone()
                .or_else(|| words.next())
                .ok_or_else(|| format!("{flag} needs a value\n\n{HELP}"))
        };
        match flag.as_str() {
            "--curves" => {
                parsed.curves.push(value(&mut words)?);
                while words.peek().is_some_and(|next| !next.starts_with("--")) {
                    parsed.curves.extend(words.next());
                }
            }
            "--format" => {
                parsed.format = match value(&mut words)?.as_str() {
                    "json" => Format::Json,
                    "table" => Format::Table,
                    "summary" => Format::Summary,
                    other => return Err(format!("unknown format `{other}`; use table, summary or json")),
                };
            }
            "--repetitions" => {
                let text = value(&mut words)?;
                parsed.asked.repetitions = text
                    .parse()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or_else(|| format!("--repetitions is `{text}`; it must be a whole number above 0"))?;
            }
            "--policies" | "--policy" => {
                parsed.policies = named(&value(&mut words)?, "policy", &Policy::all(), |policy| policy.name())?;
            }
            "--objectives" | "--objective" => {
                parsed.objectives = named(&value(&mut words)?, "objective", &OBJECTIVES, ToString::to_string)?;
            }
            "--sources" | "--source" => parsed.sources.extend(listed(&value(&mut words)?)),
            "--without-source" => parsed.without_sources.extend(listed(&value(&mut words)?)),
            "--present" => {
                let text = value(&mut words)?;
                parsed.asked.present_mb = match text.as_str() {
                    "none" => None,
                    mb => Some(
                        mb.parse()
                            .map_err(|_| format!("--present is `{text}`; it must be a memory size in MB, or none"))?,
                    ),
                };
            }
            "--from-logs" if attached.is_none() => parsed.asked.logged = LOGGED,
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument `{flag}`\n\n{HELP}")),
        }
    }
    if parsed.asked.logged > 0 && parsed.asked.present_mb.is_none() {
        return Err("--from-logs needs --present MB: logs are those of the present size".to_owned());
    }
    Ok(Some(parsed))
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).collect()
}

fn named<T: Clone>(text: &str, what: &str, all: &[T], name: impl Fn(&T) -> String) -> Result<Vec<T>, String> {
    let find = |wanted: String| {
        let found = all.iter().find(|one| name(one) == wanted).cloned();
        found.ok_or_else(|| format!("unknown {what} `{wanted}`\n\n{HELP}"))
    };
    listed(text).into_iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<Arguments>, String> {
        arguments(line.split('/').filter(|word| !word.is_empty()).map(str::to_owned))
    }

    #[test]
    fn subsets_and_the_present_size() {
        let line = "--policy/standard,grid x10/--objective=speed/--source/a,b/--present/512/--from-logs";
        let some = parsed(line).unwrap().unwrap();
        assert_eq!(
            (some.policies.len(), some.objectives.len(), some.sources.len()),
            (2, 1, 2)
        );
        assert_eq!((some.asked.present_mb, some.asked.logged), (Some(512), 100));
        assert_eq!(parsed("--present/none").unwrap().unwrap().asked.present_mb, None);
        assert!(parsed("--help").unwrap().is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, said) in [
            ("--from-logs", "needs --present"),
            ("--present/big", "--present is `big`"),
            ("--policy/lazy", "unknown policy `lazy`"),
            ("--objective/fame", "unknown objective `fame`"),
            ("--repetitions/0", "above 0"),
            ("--present", "needs a value"),
            ("--fast", "unknown argument `--fast`"),
        ] {
            let message = parsed(line).err().unwrap();
            assert!(message.contains(said), "{message}");
        }
    }
}
