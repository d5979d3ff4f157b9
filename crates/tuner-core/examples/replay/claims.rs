//! What the decision says, against what is true: only ours says anything.

use std::fmt::Write;

use tuner_core::Objective;

use crate::Policy;
use crate::scores::{OBJECTIVES, Outcome, Raised, Run, Said};
use crate::statistics::{mean, median, share};
use crate::table::sources;

/// Bounds of the bins in which probabilities are compared with how often it happens.
const BINS: [(f64, f64); 5] = [
    (0.0, 0.05),
    (0.05, 0.15),
    (0.15, 0.3),
    (0.3, 0.5),
    (0.5, 1.0 + f64::EPSILON),
];

pub fn render(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let said: Vec<&Outcome> = outcomes.iter().filter(|o| o.said().next().is_some()).collect();
    if said.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "\nWhat is said of the chosen size, in % of the runs: how often the 95 % interval of the mean duration, of the mean cost and of the\n\
         change against the present size holds the true one; the mean probability said that the next best size is better, and how\n\
         often it is; saving claimed less true saving, median, in points; runs that raise the true cost by more than 1 %, do so\n\
         without being 10 % faster, or raise the true score; runs that choose a size without head-room; share of the cost of exploring\n\
         that is cold starts\n\n\
         {:<20} {:<14} {:>8} {:>6} {:>7} {:>7} {:>6} {:>9} {:>7} {:>7} {:>7} {:>6} {:>6}",
        "",
        "source",
        "duration",
        "cost",
        "change",
        "said",
        "is",
        "claimed-t",
        "raises",
        "in vain",
        "score",
        "tight",
        "cold"
    );
    for objective in OBJECTIVES {
        for policy in Policy::all() {
            let mine: Vec<&Outcome> = said
                .iter()
                .copied()
                .filter(|o| o.policy == policy && o.objective == objective)
                .collect();
            if mine.is_empty() {
                continue;
            }
            let name = format!("{objective} {}", policy.name());
            text.push_str(&row(&name, "all", &mine));
            let sources = sources(outcomes);
            for source in sources.iter().filter(|_| sources.len() > 1) {
                let of: Vec<&Outcome> = mine.iter().copied().filter(|o| o.source == *source).collect();
                if !of.is_empty() {
                    text.push_str(&row("", source, &of));
                }
            }
        }
    }
    text.push_str(&calibration(&said));
    text
}

fn row(name: &str, source: &str, outcomes: &[&Outcome]) -> String {
    let runs = || outcomes.iter().flat_map(|o| &o.runs);
    let said = || outcomes.iter().flat_map(|o| o.said());
    let covered = |of: fn(&Said) -> Option<bool>| percent(share(said().filter_map(of)));
    let raised = |is: fn(Raised) -> bool| percent(share(runs().filter_map(|r| r.raised).map(is)));
    let runners: Vec<(f64, bool)> = said().filter_map(|s| s.runner_up).collect();
    let total = |of: fn(&Run) -> f64| runs().map(of).sum::<f64>();
    // Of each function in its own invocations: a slow one must not outweigh the others.
    let cold = mean(outcomes.iter().map(|o| o.mean(|r| r.cold_usd) / o.exploration_usd()));
    let points = median(said().filter_map(|s| s.claimed_minus_true));
    format!(
        "{name:<20} {source:<14} {:>8} {:>6} {:>7} {:>7} {:>6} {:>9} {:>7} {:>7} {:>7} {:>6} {:>6}\n",
        covered(|s| s.ms_covered),
        covered(|s| s.cost_covered),
        covered(|s| s.change_covered),
        percent((!runners.is_empty()).then(|| mean(runners.iter().map(|r| r.0)))),
        percent(share(runners.iter().map(|r| r.1))),
        points.map_or("-".to_owned(), |points| format!("{points:+.2}")),
        raised(Raised::raises_cost),
        raised(Raised::in_vain),
        raised(Raised::raises_score),
        percent(share(runs().map(|r| r.tight))),
        percent(Some(cold).filter(|_| total(|r| r.cold_usd) > 0.0)),
    )
}

/// How often the next best size is better, by the probability that was said.
fn calibration(said: &[&Outcome]) -> String {
    let mut text = "\nOf the runs where the next best size was said to be better with a probability of ..., it is (number of runs)\n\n".to_owned();
    let _ = write!(text, "{:<20}", "");
    for (from, to) in BINS {
        let _ = write!(text, " {:>15}", format!("{:.0}-{:.0} %", 100.0 * from, 100.0 * to));
    }
    text.push('\n');
    for objective in OBJECTIVES {
        for policy in Policy::all() {
            let runners: Vec<(f64, bool)> = of(said, policy, objective);
            if runners.is_empty() {
                continue;
            }
            let _ = write!(text, "{:<20}", format!("{objective} {}", policy.name()));
            for (from, to) in BINS {
                let inside: Vec<bool> = runners
                    .iter()
                    .filter(|(said, _)| (from..to).contains(said))
                    .map(|r| r.1)
                    .collect();
                let cell = format!("{} % ({})", percent(share(inside.iter().copied())), inside.len());
                let _ = write!(text, " {cell:>15}");
            }
            text.push('\n');
        }
    }
    text
}

fn of(said: &[&Outcome], policy: Policy, objective: Objective) -> Vec<(f64, bool)> {
    said.iter()
        .filter(|o| o.policy == policy && o.objective == objective)
        .flat_map(|o| o.said())
        .filter_map(|s| s.runner_up)
        .collect()
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share))
}
