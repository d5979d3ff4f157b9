use std::fmt::Write;

use crate::cases::{Case, Kind};
use crate::judge::{Judged, Wrong};
use crate::statistics::{mean, median, share, three};

/// A case with what came of it.
pub type Done = (Case, Judged);

/// Bounds of the bins in which probabilities are compared with how often it happens.
const BINS: [(f64, f64); 8] = [
    (0.0, 0.025),
    (0.025, 0.1),
    (0.1, 0.3),
    (0.3, 0.5),
    (0.5, 0.7),
    (0.7, 0.9),
    (0.9, 0.975),
    (0.975, 1.0 + f64::EPSILON),
];

/// In words what the columns of [`render`] are.
const LEGEND: &str = "\
tunings of functions whose truth is known; by kind of function
  calls, E       invocations made, and what they cost in invocations at the cheapest size: mean, median
  regret         of the size chosen against the best that keeps the limit, in %: median / 90th percentile / mean
  over           % of runs that choose a size that breaks the limit
  raises         % of runs with a present size that raise the true cost, and the true score, by more than 1 %
  decided        % of runs that move to a better size, where one is 10 % better than the present
  wrong          % of runs that say something false without a probability: the sum of
    order          a size is better, cheaper or faster, and is not
    best           a size is the best of those measured, and another is better by more than 3 %
    same           two are as good, and differ by more than 3 %
    no size        no size keeps the limit, and one does
    broken         a size breaks the limit, and keeps it
  kept           % of runs where the limit of the size chosen counts as kept, and is not
  implied        % of runs that pass over a size measured that is more than 1 % better than the one chosen
  means, views   % of runs with a mean that is not that of what was measured; or that two views show differently
  bimodal        % of runs that call payloads asked for two groups
  covered        % of 95 % intervals that hold the truth: mean duration and mean cost of the size chosen, and changes
  claimed        saving claimed less true saving, median, in points
  runner-up      mean probability said that the next best size is better, and how often it is, in %
";

pub fn render(done: &[Done]) -> String {
    let mut text = format!("{} {LEGEND}\n", done.len());
    let _ = write!(
        text,
        "{:<10}{:>6}{:>7}{:>7}{:>21}{:>6}{:>12}{:>9}{:>7}",
        "", "runs", "calls", "E", "regret %", "over", "raises", "decided", "wrong"
    );
    for wrong in Wrong::ALL {
        let _ = write!(text, "{:>8}", wrong.name());
    }
    let _ = writeln!(text, "{:>18}{:>9}{:>12}", "covered", "claimed", "runner-up");
    for kind in Kind::ALL {
        let of: Vec<&Done> = done.iter().filter(|(case, _)| case.kind == kind).collect();
        if !of.is_empty() {
            text.push_str(&row(&kind.to_string(), &of));
        }
    }
    text.push_str(&row("all", &done.iter().collect::<Vec<_>>()));
    for objective in crate::cases::OBJECTIVES {
        let of: Vec<&Done> = done.iter().filter(|(case, _)| case.objective == objective).collect();
        if !of.is_empty() {
            text.push_str(&row(&objective.to_string(), &of));
        }
    }
    let statements: usize = done.iter().map(|(_, j)| j.statements).sum();
    let false_ones = done
        .iter()
        .flat_map(|(_, j)| &j.wrong)
        .filter(|(wrong, _)| wrong.is_statement());
    let _ = writeln!(
        text,
        "\n{:.1} % of {statements} statements are false",
        100.0 * false_ones.count() as f64 / statements.max(1) as f64
    );
    text.push_str(&calibration(done));
    text
}

fn row(name: &str, done: &[&Done]) -> String {
    let judged = || done.iter().map(|(_, judged)| judged);
    let mut regrets: Vec<f64> = judged().filter_map(|j| j.regret_pct).collect();
    let regret = match regrets.is_empty() {
        true => "-".to_owned(),
        false => {
            let (median, p90, mean) = three(&mut regrets);
            format!("{median:.2} /{p90:>6.2} /{mean:>6.2}")
        }
    };
    let raises = |of: fn((bool, bool)) -> bool| percent(share(judged().filter_map(|j| j.raises).map(of)));
    let mut text = format!(
        "{name:<10}{:>6}{:>7.1}{:>7.1}{regret:>21}{:>6}{:>12}{:>9}{:>7}",
        done.len(),
        mean(judged().map(|j| j.invocations)),
        median(judged().map(|j| j.best_invocations)).unwrap_or_default(),
        percent(share(judged().map(|j| j.breaks_limit))),
        format!("{}, {}", raises(|r| r.0), raises(|r| r.1)),
        percent(share(judged().filter_map(|j| j.decided))),
        percent(wrong_share(done)),
    );
    for kind in Wrong::ALL {
        let is = |j: &Judged| j.wrong.iter().any(|(wrong, _)| *wrong == kind);
        let _ = write!(text, "{:>8}", percent(share(judged().map(is))));
    }
    let covered = |of: fn(&Judged) -> Option<bool>| percent(share(judged().filter_map(of)));
    let changes = percent(share(judged().flat_map(|j| j.changes_covered.iter().copied())));
    let points = median(judged().filter_map(|j| j.claimed_minus_true));
    let runners: Vec<(f64, f64)> = judged().filter_map(|j| j.runner_up).collect();
    let said = (!runners.is_empty()).then(|| mean(runners.iter().map(|r| r.0)));
    let _ = writeln!(
        text,
        "{:>18}{:>9}{:>12}",
        format!(
            "{}, {}, {changes}",
            covered(|j| j.ms_covered),
            covered(|j| j.cost_covered)
        ),
        points.map_or("-".to_owned(), |points| format!("{points:+.2}")),
        format!(
            "{}, {}",
            percent(said),
            percent((!runners.is_empty()).then(|| mean(runners.iter().map(|r| r.1))))
        ),
    );
    text
}

/// Share of the runs in which a sentence is false.
pub fn wrong_share(done: &[&Done]) -> Option<f64> {
    share(
        done.iter()
            .map(|(_, j)| j.wrong.iter().any(|(wrong, _)| wrong.in_sentence())),
    )
}

fn calibration(done: &[Done]) -> String {
    let judged = || done.iter().map(|(_, judged)| judged);
    let mut text =
        "\nSaid with a probability of ..., it is so in ... % (of so many); where two sizes are equal, half\n"
            .to_owned();
    let _ = write!(text, "{:<38}", "");
    for (from, to) in BINS {
        let _ = write!(
            text,
            "{:>14}",
            format!("{:.1}-{:.1}", 100.0 * from, (100.0 * to).round())
        );
    }
    text.push('\n');
    let mut line = |what: &str, said: Vec<(f64, f64)>| {
        if said.is_empty() {
            return;
        }
        let _ = write!(text, "{what:<38}");
        for (from, to) in BINS {
            let inside: Vec<f64> = said.iter().filter(|s| (from..to).contains(&s.0)).map(|s| s.1).collect();
            let cell = format!(
                "{} ({})",
                percent((!inside.is_empty()).then(|| mean(inside.iter().copied()))),
                inside.len()
            );
            let _ = write!(text, "{cell:>14}");
        }
        text.push('\n');
    };
    line(
        "the next best size is better",
        judged().filter_map(|j| j.runner_up).collect(),
    );
    line(
        "the size is better than the present one",
        judged().filter_map(|j| j.better).collect(),
    );
    line(
        "it keeps its limit",
        judged().flat_map(|j| j.limits.iter().copied()).collect(),
    );
    text
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1}", 100.0 * share))
}
