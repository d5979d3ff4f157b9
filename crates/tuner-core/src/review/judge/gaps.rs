//! What is not known of a function, and what would tell.

use super::super::{Action, FindingKind, Gap, Missing, Why};
use super::words::{count, counted, sentence};
use super::{Case, ENOUGH, Judged};
use crate::pricing::Confidence;

/// What could not be found out.
pub(super) fn judge(case: &Case<'_>) -> Vec<Judged> {
    if let Some(why) = &case.function.unsupported {
        return vec![gap(FindingKind::Unsupported, why.clone()).advise(Action::Investigate)];
    }
    let configuration = case
        .evidence
        .gap(Missing::Configuration)
        .map(|gap| unread(gap, "lambda:GetFunction"));
    let metrics = case
        .evidence
        .gap(Missing::Metrics)
        .map(|gap| unread(gap, "cloudwatch:GetMetricData"));
    let mut judged: Vec<Judged> = configuration.into_iter().chain(metrics).flatten().collect();
    judged.extend(logs(case));
    // One finding of a kind: the first says what to do, and so do the others.
    let mut merged: Vec<Judged> = Vec::new();
    for next in judged {
        match merged.iter_mut().find(|known| known.finding.kind == next.finding.kind) {
            Some(known) => {
                known.finding.text = format!("{} {}", known.finding.text, next.finding.text);
                known
                    .actions
                    .extend(next.actions.into_iter().filter(|action| *action != Action::Investigate));
            }
            None => merged.push(next),
        }
    }
    merged
}

/// Why there is too little to say anything of its memory.
fn logs(case: &Case<'_>) -> Option<Judged> {
    let counted_calls = case.evidence.metrics.map(|metrics| metrics.invocations);
    // A function that was never called has no log group, and nobody is to blame for that.
    if counted_calls == Some(0) && case.evidence.reports() == 0 {
        let days = case.evidence.metrics.map_or(0.0, |metrics| metrics.window.days());
        let text = format!("it was not called in {days:.0} days");
        return Some(gap(FindingKind::NotEnoughData, text).advise(Action::Investigate));
    }
    if case.function.reports_hidden {
        let text = "its JSON logs are at system log level WARN, which hides the report of every successful invocation";
        return Some(gap(FindingKind::NoLogs, text.to_owned()).advise(Action::ShowReports));
    }
    let missing = case.evidence.gap(Missing::Logs);
    let reports = case.reports.map_or(0, |size| size.invocations);
    if case.evidence.reports() == 0 {
        return Some(match missing {
            Some(missing) => none_read(missing),
            None if counted_calls > Some(0) => {
                let calls = counted(counted_calls.unwrap_or(0), "invocation");
                let text = format!("CloudWatch counted {calls}, and no report of them was found in its logs");
                gap(FindingKind::NoLogs, text).advise(Action::Investigate)
            }
            None if !case.evidence.unreported.is_none() => {
                let failures = counted(case.evidence.unreported.all(), "failure");
                let text =
                    format!("its logs tell of {failures} and hold no report, neither of them nor of what went well");
                gap(FindingKind::NotEnoughData, text).advise(Action::Investigate)
            }
            None if case.evidence.logs.is_some() => {
                let text = "there is no report in its logs; whether it was called is not known".to_owned();
                gap(FindingKind::NotEnoughData, text).advise(Action::Investigate)
            }
            None => gap(
                FindingKind::Failed,
                "neither its metrics nor its logs were read".to_owned(),
            )
            .advise(Action::Investigate),
        });
    }
    // Part of the logs could not be read: the finding on what is there stands beside it.
    let refused = missing
        .filter(|gap| matches!(gap.why, Why::NoAccess | Why::Failed))
        .map(none_read);
    if refused.is_some() {
        return refused;
    }
    (reports < ENOUGH).then(|| {
        let elsewhere = case.evidence.reports() - reports;
        let size = case
            .memory_size_mb
            .map_or_else(String::new, |mb| format!(" at {mb} MB"));
        let others = match elsewhere {
            0 => String::new(),
            n => format!(", and {} at other sizes", count(n)),
        };
        let text = format!(
            "there {}{size}{others}; {ENOUGH} are needed to say anything of its memory",
            match reports {
                1 => "is 1 report".to_owned(),
                n => format!("are {}", counted(n, "report")),
            }
        );
        gap(FindingKind::NotEnoughData, text).advise(Action::Investigate)
    })
}

/// The logs could not be read at all.
fn none_read(gap: &Gap) -> Judged {
    match gap.why {
        Why::NoAccess | Why::Failed => {
            unread(gap, "logs:StartQuery").unwrap_or_else(|| self::gap(FindingKind::Failed, gap.text.clone()))
        }
        Why::Hidden => self::gap(FindingKind::NoLogs, gap.text.clone()).advise(Action::ShowReports),
        Why::Budget => self::gap(FindingKind::NotEnoughData, gap.text.clone()).advise(Action::Investigate),
        Why::NotFound | Why::Empty | Why::Unreadable => {
            self::gap(FindingKind::NoLogs, gap.text.clone()).advise(Action::Investigate)
        }
    }
}

/// Something may not be read, or reading it failed; `None` where it is just not there.
fn unread(gap: &Gap, usual: &str) -> Option<Judged> {
    let call = gap.call.as_deref().unwrap_or(usual);
    match gap.why {
        Why::NoAccess => {
            Some(self::gap(FindingKind::NoAccess, gap.text.clone()).advise(Action::Allow { call: call.to_owned() }))
        }
        Why::Failed => Some(self::gap(FindingKind::Failed, gap.text.clone()).advise(Action::Investigate)),
        Why::NotFound | Why::Hidden | Why::Empty | Why::Unreadable | Why::Budget => None,
    }
}

/// What is missing is a fact, whatever else is not.
fn gap(kind: FindingKind, text: String) -> Judged {
    Judged::new(kind, Confidence::High, sentence(&text))
}
