//! Replays recorded measurements of real functions and compares ways to choose a memory size: how many invocations each
//! takes, what they cost, and how far the size it settles on is from the best one.
//!
//! `cargo run --release -p tuner-core --example replay -- [--curves FILE.csv[.gz] ...] [--format table|json]`; `--help` says more.
//!
//! Ours are the planners and the decision that ship. The others are written from the descriptions of their authors, and
//! exist here only.

#![allow(missing_docs, unreachable_pub, reason = "a program of its own: nobody depends on it")]

mod arguments;
mod claims;
mod curves;
mod lpt;
mod ours;
mod parrotfish;
mod random;
mod reading;
mod scores;
mod statistics;
mod table;
mod truth;
mod world;

use std::process::ExitCode;

use rayon::prelude::*;
use tuner_core::Objective;

use arguments::{Arguments, Format, HELP, arguments};
use curves::Recorded;
use ours::{Before, Claim};
use reading::{bundled, read};
use scores::{Outcome, score};
use world::World;

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

    /// The size chosen, after invoking what it takes in `world`, and what is said of it.
    fn choose(self, world: &mut World<'_>, objective: Objective, before: Before) -> (Option<u32>, Option<Claim>) {
        match self {
            Self::Ours(preset) => match ours::choose(world, preset, objective, before) {
                Some((size, claim)) => (size, Some(claim)),
                None => (None, None),
            },
            Self::Lpt { num } => (lpt::choose(world, num, objective), None),
            Self::Parrotfish(settings) => (parrotfish::choose(world, settings, objective), None),
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]
fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
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
    let recorded = match recorded(&arguments) {
        Ok(recorded) => recorded,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let outcomes = replay(&recorded, &arguments);
    let mut text = String::new();
    if arguments.format != Format::Json {
        text.push_str(&table::render(&outcomes));
        text.push('\n');
    }
    for outcome in outcomes.iter().filter(|_| arguments.format != Format::Summary) {
        text.push_str(&outcome.json());
        text.push('\n');
    }
    use std::io::Write;
    // A reader that has seen enough, such as `head`, is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// The functions asked for.
fn recorded(arguments: &Arguments) -> Result<Vec<Recorded>, String> {
    let files = match arguments.curves.is_empty() {
        true => bundled(),
        false => arguments.curves.clone(),
    };
    let mut recorded: Vec<Recorded> = Vec::new();
    for file in &files {
        recorded.extend(read(file)?);
    }
    let mut sources: Vec<&str> = recorded.iter().map(|r| r.source.as_str()).collect();
    sources.dedup();
    let named = arguments.sources.iter().chain(&arguments.without_sources);
    if let Some(unknown) = named.into_iter().find(|name| !sources.contains(&name.as_str())) {
        return Err(format!("unknown source `{unknown}`; there are {}", sources.join(", ")));
    }
    recorded.retain(|r| {
        (arguments.sources.is_empty() || arguments.sources.contains(&r.source))
            && !arguments.without_sources.contains(&r.source)
    });
    match recorded.is_empty() {
        true => Err("no source is left to replay".to_owned()),
        false => Ok(recorded),
    }
}

fn replay(recorded: &[Recorded], arguments: &Arguments) -> Vec<Outcome> {
    let all = recorded.iter().flat_map(|function| {
        let policies = &arguments.policies;
        let objectives = arguments.objectives.iter();
        objectives.flat_map(move |&objective| policies.iter().map(move |&policy| (function, objective, policy)))
    });
    let all: Vec<(&Recorded, Objective, Policy)> = all.collect();
    all.into_par_iter()
        .map(|(function, objective, policy)| score(function, policy, objective, &arguments.asked))
        .collect()
}
