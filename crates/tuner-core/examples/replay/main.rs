//! Replays recorded measurements of real functions and compares ways to choose a memory size: how many invocations each
//! takes, what they cost, and how far the size it settles on is from the best one.
//!
//! `cargo run --release -p tuner-core --example replay -- [--curves FILE.csv[.gz] ...] [--format table|json]`
//!
//! Ours are the planners and the decision that ship. The others are written from the descriptions of their authors, and
//! exist here only.

#![allow(missing_docs, unreachable_pub, reason = "a program of its own: nobody depends on it")]

mod curves;
mod lpt;
mod ours;
mod parrotfish;
mod random;
mod scores;
mod table;
mod world;

use std::process::ExitCode;

use curves::{Recorded, read};
use scores::{Outcome, score};
use tuner_core::Objective;
use world::World;

const HELP: &str = "usage: replay [--curves FILE.csv[.gz] ...] [--format table|json] [--policies NAME,...]
              [--repetitions N] [--present MB]

  --curves       measurements to replay; without it those bundled in examples/replay/data
  --format       table (with one JSON object per function, policy and objective below it), or json: those alone
  --policies     some of frugal, standard, thorough, grid x10, grid x50, parrotfish default, parrotfish paper (all)
  --repetitions  of each function, policy and objective (20)
  --present      the memory size that every function has before, in MB: ours measure it too (none)";

/// A way to choose a memory size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Policy {
    Ours(tuner_core::planning::Preset),
    Lpt { num: u32 },
    Parrotfish(parrotfish::Settings),
}

impl Policy {
    fn all() -> Vec<Self> {
        use tuner_core::planning::Preset;
        let ours = [Preset::Frugal, Preset::Standard, Preset::Thorough].map(Self::Ours);
        let others = [
            Self::Lpt { num: 10 },
            Self::Lpt { num: 50 },
            Self::Parrotfish(parrotfish::DEFAULT),
            Self::Parrotfish(parrotfish::PAPER),
        ];
        ours.into_iter().chain(others).collect()
    }

    fn name(self) -> String {
        match self {
            Self::Ours(preset) => preset.to_string(),
            Self::Lpt { num } => format!("grid x{num}"),
            Self::Parrotfish(settings) => format!("parrotfish {}", settings.name),
        }
    }

    /// The size chosen, after invoking what it takes in `world`.
    fn choose(self, world: &mut World<'_>, objective: Objective, present: Option<u32>) -> Option<u32> {
        match self {
            Self::Ours(preset) => ours::choose(world, preset, objective, present),
            Self::Lpt { num } => lpt::choose(world, num, objective),
            Self::Parrotfish(settings) => parrotfish::choose(world, settings, objective),
        }
    }
}

struct Arguments {
    curves: Vec<String>,
    json: bool,
    repetitions: u32,
    present: Option<u32>,
    policies: Vec<Policy>,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments {
        curves: Vec::new(),
        json: false,
        repetitions: 20,
        present: None,
        policies: Policy::all(),
    };
    let mut words = std::env::args().skip(1).peekable();
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
            "--format" => match value(&mut words)?.as_str() {
                "json" => parsed.json = true,
                "table" => parsed.json = false,
                other => return Err(format!("unknown format `{other}`; use table or json")),
            },
            "--repetitions" => {
                let text = value(&mut words)?;
                parsed.repetitions = text
                    .parse()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or_else(|| format!("--repetitions is `{text}`; it must be a whole number above 0"))?;
            }
            "--policies" => {
                let names = value(&mut words)?;
                parsed.policies = names
                    .split(',')
                    .map(|name| {
                        let named = Policy::all().into_iter().find(|policy| policy.name() == name.trim());
                        named.ok_or_else(|| format!("unknown policy `{name}`\n\n{HELP}"))
                    })
                    .collect::<Result<_, _>>()?;
            }
            "--present" => {
                let text = value(&mut words)?;
                let mb = text
                    .parse()
                    .map_err(|_| format!("--present is `{text}`; it must be a memory size in MB"))?;
                parsed.present = Some(mb);
            }
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument `{flag}`\n\n{HELP}")),
        }
    }
    Ok(Some(parsed))
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]
fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let files = match arguments.curves.is_empty() {
        true => curves::bundled(),
        false => arguments.curves.clone(),
    };
    let mut recorded: Vec<Recorded> = Vec::new();
    for file in &files {
        match read(file) {
            Ok(more) => recorded.extend(more),
            Err(message) => {
                eprintln!("{message}");
                return ExitCode::from(2);
            }
        }
    }
    let outcomes = replay(&recorded, &arguments);
    let mut text = String::new();
    if !arguments.json {
        text.push_str(&table::render(&outcomes));
        text.push('\n');
    }
    for outcome in &outcomes {
        text.push_str(&outcome.json());
        text.push('\n');
    }
    use std::io::Write;
    // A reader that has seen enough, such as `head`, is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn replay(recorded: &[Recorded], arguments: &Arguments) -> Vec<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = recorded.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = recorded
            .chunks(share)
            .map(|functions| {
                scope.spawn(move || {
                    let mut outcomes = Vec::new();
                    for function in functions {
                        for objective in scores::OBJECTIVES {
                            for &policy in &arguments.policies {
                                let (repetitions, present) = (arguments.repetitions, arguments.present);
                                outcomes.push(score(function, policy, objective, repetitions, present));
                            }
                        }
                    }
                    outcomes
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_default())
            .collect()
    })
}
