//! Tunings of functions whose truth is known, by the planner and the decision that ship: how often what is said is so.
//!
//! `cargo run --release -p tuner-core --example truth -- [--count N] [--check]`; `--help` says more.
//!
//! The functions share no noise with the planner's own model: gamma, Weibull and exponential scatter, Pareto tails, environments
//! that differ, hours that drift, and the processor in quotas of 20 ms. Seeds are fixed.

#![allow(missing_docs, unreachable_pub, reason = "a program of its own: nobody depends on it")]

mod cases;
mod check;
mod function;
mod judge;
mod law;
mod noise;
#[allow(dead_code, reason = "the replay benchmark uses the rest")]
#[path = "../replay/random.rs"]
mod random;
mod repeat;
mod said;
#[allow(dead_code, reason = "the replay benchmark uses the rest")]
#[path = "../replay/statistics.rs"]
mod statistics;
mod table;
mod tuning;

use std::process::ExitCode;

use cases::Case;
use check::GOALS;
use function::Truth;
use judge::{Judge, Judged};
use random::Random;
use rayon::prelude::*;
use said::Said;
use table::Done;
use tuner_core::Architecture;
use tuner_core::planning::Preset;
use tuner_core::pricing::{PriceQuote, PriceTable, Rate};
use tuning::{Asked, Tuned, tune};

const HELP: &str = "usage: truth [--count N] [--kind NAME] [--wrong] [--case N] [--check] [--repeat N [--preset NAME]]

  --count N    tunings (2000)
  --kind NAME  only functions of this kind: plain, mixture, tail, drift, flat, knee, stepped, network, starved, threads
  --wrong      says below the table what is wrong in each tuning
  --case N     says all of one tuning, by its number
  --check      ends with 1 and says what is missed if goals are
  --repeat N   instead: tunes stand-ins of the command line's examples N times each, and counts how often the answers agree
  --preset     of these: frugal, standard or thorough (standard)";

struct Arguments {
    count: u64,
    kind: Option<String>,
    wrong: bool,
    case: Option<u64>,
    check: bool,
    repeat: Option<u32>,
    preset: Preset,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments {
        count: 2000,
        kind: None,
        wrong: false,
        case: None,
        check: false,
        repeat: None,
        preset: Preset::Standard,
    };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let mut text = || words.next().ok_or_else(|| format!("{flag} needs a value\n\n{HELP}"));
        let number = |text: String| {
            let number = text.parse().ok().filter(|n| *n <= 10_000_000);
            number.ok_or_else(|| format!("{flag} is `{text}`; it must be a whole number"))
        };
        match flag.as_str() {
            "--count" => parsed.count = number(text()?)?,
            "--kind" => {
                let name = text()?;
                let known = cases::Kind::ALL.iter().any(|kind| kind.to_string() == name);
                parsed.kind = Some(name.clone()).filter(|_| known);
                if !known {
                    return Err(format!("unknown kind `{name}`\n\n{HELP}"));
                }
            }
            "--wrong" => parsed.wrong = true,
            "--case" => parsed.case = Some(number(text()?)?),
            "--check" => parsed.check = true,
            "--repeat" => parsed.repeat = Some(number(text()?)?.max(1) as u32),
            "--preset" => parsed.preset = text()?.parse().map_err(|e| format!("{e}"))?,
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument `{flag}`\n\n{HELP}")),
        }
    }
    Ok(Some(parsed))
}

fn quote() -> Result<PriceQuote, String> {
    let quote = PriceTable::embedded().quote("us-east-1", Architecture::X86_64);
    quote.map_err(|e| e.to_string())
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]
fn main() -> ExitCode {
    match run() {
        Ok((text, missed)) => {
            print!("{text}");
            for line in &missed {
                eprintln!("missed: {line}");
            }
            ExitCode::from(u8::from(!missed.is_empty()))
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// What is to be printed, and what is missed.
fn run() -> Result<(String, Vec<String>), String> {
    let Some(arguments) = arguments()? else {
        return Ok((format!("{HELP}\n"), Vec::new()));
    };
    let quote = quote()?;
    if let Some(times) = arguments.repeat {
        let all = repeat::repeat(times, arguments.preset, &quote)?;
        return Ok((repeat::render(&all, times), Vec::new()));
    }
    if let Some(number) = arguments.case {
        return Ok((in_full(number, &quote)?, Vec::new()));
    }
    let done = done(arguments.count, arguments.kind.as_deref(), &quote)?;
    let mut text = table::render(&done);
    for (case, judged) in done.iter().filter(|_| arguments.wrong) {
        for (wrong, how) in &judged.wrong {
            text.push_str(&format!("{} {}: {how}\n", wrong.name(), titled(case)));
        }
    }
    let missed = if arguments.check {
        GOALS.missed(&done)
    } else {
        Vec::new()
    };
    Ok((text, missed))
}

/// Tunes the first `count` cases, or those of them that are of this kind.
fn done(count: u64, kind: Option<&str>, quote: &PriceQuote) -> Result<Vec<Done>, String> {
    let rate = Rate::of(quote, 512).ok_or("no price")?;
    (0..count)
        .into_par_iter()
        .map(|number| Case::new(number, rate))
        .filter(|case| kind.is_none_or(|kind| case.kind.to_string() == kind))
        .map(|case| {
            let (_, _, judged) = judged(&case, rate, quote).map_err(|e| format!("{}: {e}", titled(&case)))?;
            Ok((case, judged))
        })
        .collect()
}

fn judged(case: &Case, rate: Rate, quote: &PriceQuote) -> Result<(Tuned, Said, Judged), String> {
    let asked = Asked {
        objective: case.objective,
        preset: case.preset,
        present_mb: case.present_mb,
        constraint: case.constraint,
    };
    let tuned = tune(&case.function, asked, quote, case.random())?;
    let said = Said::of(&tuned.findings, case.present_mb, case.constraint);
    let truth = Truth::of(&case.function, rate, Random::seeded(&format!("judge {}", case.number)));
    let measured: Vec<u32> = said.figures.iter().map(|f| f.mb).collect();
    let judged = Judge::new(&truth, asked, &measured).judge(&tuned, &said);
    Ok((tuned, said, judged))
}

fn titled(case: &Case) -> String {
    let present = case.present_mb.map_or("none".to_owned(), |mb| mb.to_string());
    let constraint = case.constraint.map_or(String::new(), |c| format!(", {c}"));
    format!(
        "{} {} {} {} present {present}{constraint}",
        case.number, case.kind, case.objective, case.preset
    )
}

/// Everything about one case.
fn in_full(number: u64, quote: &PriceQuote) -> Result<String, String> {
    use std::fmt::Write;
    let rate = Rate::of(quote, 512).ok_or("no price")?;
    let case = Case::new(number, rate);
    let (tuned, said, judged) = judged(&case, rate, quote)?;
    let truth = Truth::of(&case.function, rate, Random::seeded(&format!("judge {number}")));
    let mut text = format!("{}\n{:#?}\n", titled(&case), case.function);
    let _ = writeln!(text, "{:?} {:?}", said.answer, said.chosen_mb);
    for f in &said.figures {
        let durations: Vec<String> = tuned
            .records
            .iter()
            .filter(|r| r.memory_size_mb == f.mb)
            .map(|r| format!("{:.1}", r.performance_ms().unwrap_or_default()))
            .collect();
        let _ = writeln!(
            text,
            "{:>6} MB: {:.2} ms ({:.2}-{:.2}; true {:.2}, p95 {:.2}), {:.4} USD/M ({:.4}-{:.4}; true {:.4}); {}",
            f.mb,
            f.ms.value,
            f.ms.low.unwrap_or(f64::NAN),
            f.ms.high.unwrap_or(f64::NAN),
            truth.ms(f.mb),
            truth.quantile_ms(f.mb, 0.95),
            f.cost.value * 1e6,
            f.cost.low.unwrap_or(f64::NAN) * 1e6,
            f.cost.high.unwrap_or(f64::NAN) * 1e6,
            truth.cost(f.mb) * 1e6,
            durations.join(" ")
        );
    }
    let _ = writeln!(text, "{:#?}\n{judged:#?}", said.statements);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_few_hundred_functions_is_so() {
        let done = done(300, None, &quote().unwrap()).unwrap();
        let missed = check::HELD.missed(&done);
        assert!(missed.is_empty(), "{missed:#?}\n{}", table::render(&done));
    }

    #[test]
    fn the_same_seeds_are_the_same_tunings() {
        let quote = quote().unwrap();
        let some = |_| done(20, Some("tail"), &quote).unwrap().pop().unwrap().1.invocations;
        assert_eq!(some(0), some(1));
    }
}
