//! The same tuning again and again, on functions like the examples of the command line: how often the answers agree.

use std::fmt::Write;

use rayon::prelude::*;
use tuner_core::planning::{Preset, RUNGS};
use tuner_core::pricing::{PriceQuote, Rate};

use crate::cases::OBJECTIVES;
use crate::function::{Function, Truth};
use crate::judge::Judge;
use crate::law::{Law, Work};
use crate::noise::{Drift, Scatter};
use crate::random::Random;
use crate::said::Said;
use crate::tuning::{Asked, tune};

/// Answers that differ by less than this in true cost and in true duration are the same.
const ALIKE: f64 = 0.01;

/// Stand-ins: what the example does on a processor where a block takes a sixth of a millisecond, on one vCPU.
fn examples() -> Vec<(&'static str, Function)> {
    let function = |wait_ms: f64, cpu_ms: f64| Function {
        law: Law {
            stepped: true,
            ..Law::PLAIN
        },
        works: vec![(
            1.0,
            Work {
                wait_ms,
                cpu_ms,
                megabits: 0.0,
            },
        )],
        scatter: Scatter::Exponential(0.02),
        environments: 0.01,
        drift: Drift {
            spread: 0.005,
            memory: 0.9,
            wave: 0.0,
            length: 1.0,
        },
        slow: (0.0, 0.0),
        failing: 0.0,
        init_ms: 60.0,
        used_mb: 20.0,
    };
    let threads = |threads: f64| Law {
        threads,
        serial: 0.02,
        ..Law::PLAIN
    };
    vec![
        ("hash", function(0.3, 200.0)),
        (
            "parallel",
            Function {
                law: threads(4.0),
                ..function(0.3, 200.0)
            },
        ),
        ("wait", function(150.0, 0.2)),
        (
            "memory",
            Function {
                law: Law {
                    need_mb: 320.0,
                    stepped: true,
                    ..Law::PLAIN
                },
                used_mb: 316.0,
                ..function(0.3, 60.0)
            },
        ),
        (
            "mixed",
            Function {
                law: Law {
                    sorted_mb: 128.0,
                    stepped: true,
                    ..Law::PLAIN
                },
                used_mb: 70.0,
                ..function(60.0, 46.0)
            },
        ),
        (
            "flaky",
            Function {
                failing: 0.1,
                ..function(0.3, 20.0)
            },
        ),
        (
            "slow-init",
            Function {
                init_ms: 1130.0,
                ..function(0.3, 10.0)
            },
        ),
        // A database that now and then is slow, and a mix of payloads.
        (
            "wait-tail",
            Function {
                slow: (0.03, 400.0),
                ..function(60.0, 10.0)
            },
        ),
        (
            "wait-mix",
            Function {
                works: vec![
                    (
                        3.0,
                        Work {
                            wait_ms: 20.0,
                            cpu_ms: 0.2,
                            megabits: 0.0,
                        },
                    ),
                    (
                        1.0,
                        Work {
                            wait_ms: 800.0,
                            cpu_ms: 0.2,
                            megabits: 0.0,
                        },
                    ),
                ],
                ..function(0.0, 0.0)
            },
        ),
    ]
}

/// The present sizes tried, in MB.
const PRESENT_MB: [Option<u32>; 4] = [None, Some(128), Some(512), Some(1024)];

/// What came of one question that was asked many times.
pub struct Repeated {
    pub example: &'static str,
    pub asked: Asked,
    /// The answers, as often as each was given, the most frequent first.
    pub answers: Vec<(Option<u32>, usize)>,
    /// How many answers agree with the most frequent one, or differ by next to nothing.
    pub agree: usize,
    /// How many keep the present size, where no other is truly more than 1 % better.
    pub stay: Option<usize>,
    /// Mean regret, in %.
    pub regret_pct: f64,
    pub invocations: f64,
}

pub fn repeat(times: u32, preset: Preset, quote: &PriceQuote) -> Result<Vec<Repeated>, String> {
    let questions: Vec<(&str, Function, Asked)> = examples()
        .into_iter()
        .flat_map(|(name, function)| {
            let asked = OBJECTIVES.into_iter().flat_map(|objective| {
                PRESENT_MB.map(|present_mb| Asked {
                    objective,
                    preset,
                    present_mb,
                    constraint: None,
                })
            });
            asked
                .filter(|asked| asked.present_mb.is_none_or(|mb| function.works_at(mb)))
                .map(|asked| (name, function.clone(), asked))
                .collect::<Vec<_>>()
        })
        .collect();
    questions
        .into_par_iter()
        .map(|(example, function, asked)| repeated(example, &function, asked, times, quote))
        .collect()
}

fn repeated(
    example: &'static str,
    function: &Function,
    asked: Asked,
    times: u32,
    quote: &PriceQuote,
) -> Result<Repeated, String> {
    let rate = Rate::of(quote, 512).ok_or("no price")?;
    let truth = Truth::of(function, rate, Random::seeded(example));
    let judge = Judge::new(&truth, asked, &[]);
    let mut chosen: Vec<Option<u32>> = Vec::new();
    let (mut regret, mut invocations) = (0.0, 0.0);
    for time in 0..times {
        let tuned = tune(function, asked, quote, Random::seeded(&format!("{example} {time}")))?;
        let said = Said::of(&tuned.findings, asked.present_mb, None);
        let judged = judge.judge(&tuned, &said);
        regret += judged.regret_pct.unwrap_or_default();
        invocations += judged.invocations;
        chosen.push(said.chosen_mb);
    }
    chosen.sort_unstable();
    let mut answers: Vec<(Option<u32>, usize)> =
        chosen.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    answers.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let near = |a: f64, b: f64| (a / b).ln().abs() < (1.0 + ALIKE).ln();
    let alike = |a: Option<u32>, b: Option<u32>| match (a, b) {
        (Some(a), Some(b)) => near(truth.cost(a), truth.cost(b)) && near(truth.ms(a), truth.ms(b)),
        _ => a == b,
    };
    let best = RUNGS
        .into_iter()
        .map(|mb| judge.score(mb))
        .fold(f64::INFINITY, f64::min);
    let equal = asked.present_mb.filter(|&mb| judge.score(mb) <= (1.0 + ALIKE) * best);
    let most = answers.first().and_then(|(mb, _)| *mb);
    Ok(Repeated {
        example,
        asked,
        agree: answers
            .iter()
            .filter(|(mb, _)| alike(*mb, most))
            .map(|(_, count)| count)
            .sum(),
        stay: equal.map(|present| {
            let kept = answers.iter().filter(|(mb, _)| *mb == Some(present));
            kept.map(|(_, count)| count).sum()
        }),
        answers,
        regret_pct: regret / f64::from(times),
        invocations: invocations / f64::from(times),
    })
}

pub fn render(all: &[Repeated], times: u32) -> String {
    let mut text = format!(
        "{times} tunings each: how many agree with the most frequent answer, or differ from it by less than 1 % in true cost and true\n\
         duration; how many keep the present size, where no other is truly more than 1 % better; calls made and regret in %, means;\n\
         the answers in MB\n\n"
    );
    for one in all {
        let present = one.asked.present_mb.map_or("none".to_owned(), |mb| mb.to_string());
        let answers: Vec<String> = one
            .answers
            .iter()
            .map(|(mb, count)| format!("{} x{count}", mb.map_or("none".to_owned(), |mb| mb.to_string())))
            .collect();
        let _ = writeln!(
            text,
            "{:<10} {:<9} present {present:>5} {:>4} {:>4} {:>6.1} {:>6.2}  {}",
            one.example,
            one.asked.objective.to_string(),
            one.agree,
            one.stay.map_or("-".to_owned(), |stay| stay.to_string()),
            one.invocations,
            one.regret_pct,
            answers.join(", ")
        );
    }
    let enough = all.iter().filter(|one| one.agree as u32 * 20 >= times * 19).count();
    let _ = writeln!(
        text,
        "\n{enough} of {} questions are answered alike in 19 of 20",
        all.len()
    );
    text
}
