use std::fmt::Write;

use tuner_core::Objective;

use crate::Policy;
use crate::claims;
use crate::scores::{AHEAD, OBJECTIVES, Outcome};
use crate::statistics::{mean, three};

pub fn render(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let mut functions: Vec<(&str, &str)> = outcomes
        .iter()
        .map(|o| (o.source.as_str(), o.function.as_str()))
        .collect();
    functions.sort_unstable();
    functions.dedup();
    let _ = writeln!(text, "{} functions; median / p90 / mean over them", functions.len());
    for objective in OBJECTIVES {
        let rows: String = Policy::all()
            .into_iter()
            .map(|policy| row(outcomes, policy, objective))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "\n{:<20} {:>21} {:>24} {:>7} {:>22} {:>16} {:>24}",
            objective.to_string(),
            "invocations",
            "best-invocations",
            "fresh",
            "regret %",
            "cheaper than",
            "total at 1e4/ 1e5/ 1e6"
        );
        let _ = writeln!(
            text,
            "{:<20} {:>21} {:>24} {:>7} {:>22} {:>8} {:>7}",
            "", "", "", "", "", "grid x10", "paper"
        );
        text.push_str(&rows);
    }
    text.push_str(&claims::render(outcomes));
    text.push_str(&by_source(outcomes));
    text
}

fn row(outcomes: &[Outcome], policy: Policy, objective: Objective) -> String {
    let mine: Vec<&Outcome> = outcomes
        .iter()
        .filter(|o| o.policy == policy && o.objective == objective)
        .collect();
    if mine.is_empty() {
        return String::new();
    }
    let of = |value: fn(&Outcome) -> f64| three(&mut mine.iter().map(|o| value(o)).collect::<Vec<_>>());
    let i = of(|o| o.mean(|r| r.invocations));
    let (b, r) = (of(Outcome::best_invocations), of(Outcome::regret_pct));
    let [short, long, longer] = AHEAD.map(|n| b.2 + n * r.2 / 100.0);
    let cheaper = |than: Policy| {
        let other = |o: &Outcome| {
            outcomes
                .iter()
                .find(|p| {
                    p.policy == than && p.objective == objective && p.function == o.function && p.source == o.source
                })
                .map_or(0.0, Outcome::exploration_usd)
        };
        if !outcomes.iter().any(|o| o.policy == than) {
            return "-".to_owned();
        }
        let count = mine.iter().filter(|o| o.exploration_usd() < other(o)).count();
        format!("{:.0} %", 100.0 * count as f64 / mine.len() as f64)
    };
    format!(
        "{:<20} {:>6.0} /{:>5.0} /{:>6.1} {:>7.1} /{:>6.1} /{:>7.1} {:>7.1} {:>6.2} /{:>6.2} /{:>6.2} {:>8} {:>7} {short:>8.0} /{long:>6.0} /{longer:>7.0}\n",
        policy.name(),
        i.0,
        i.1,
        i.2,
        b.0,
        b.1,
        b.2,
        of(Outcome::confirming).2,
        r.0,
        r.1,
        r.2,
        cheaper(Policy::Lpt { num: 10 }),
        cheaper(Policy::Parrotfish(crate::parrotfish::PAPER)),
    )
}

/// Where functions come from, in alphabetical order.
pub fn sources(outcomes: &[Outcome]) -> Vec<&str> {
    let mut sources: Vec<&str> = outcomes.iter().map(|o| o.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Where ours does worse than the others, by where the curves come from.
fn by_source(outcomes: &[Outcome]) -> String {
    use tuner_core::planning::Preset;
    let sources = sources(outcomes);
    let mut text = "\nBy source: standard, mean regret % (grid x10, grid x50, parrotfish paper) and functions where it is the worst of them\n".to_owned();
    for source in sources {
        for objective in OBJECTIVES {
            let of = |policy: Policy| -> Vec<&Outcome> {
                outcomes
                    .iter()
                    .filter(|o| o.policy == policy && o.objective == objective && o.source == source)
                    .collect()
            };
            let ours = of(Policy::Ours(Preset::Standard));
            let others: Vec<Vec<&Outcome>> = [
                Policy::Lpt { num: 10 },
                Policy::Lpt { num: 50 },
                Policy::Parrotfish(crate::parrotfish::PAPER),
            ]
            .map(of)
            .into();
            if ours.is_empty() || others.iter().any(Vec::is_empty) {
                continue;
            }
            let regret = |all: &[&Outcome]| mean(all.iter().map(|o| o.regret_pct()));
            let worst = ours
                .iter()
                .enumerate()
                .filter(|(i, o)| others.iter().all(|other| other[*i].regret_pct() < o.regret_pct() - 0.5))
                .count();
            let _ = writeln!(
                text,
                "{source:<28} {:<9} {:>3} functions {:>7.2} ({:.2}, {:.2}, {:.2})  worst at {worst}",
                objective.to_string(),
                ours.len(),
                regret(&ours),
                regret(&others[0]),
                regret(&others[1]),
                regret(&others[2]),
            );
        }
    }
    text
}
