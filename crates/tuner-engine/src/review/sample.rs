//! Reading reports line by line with FilterLogEvents, which costs nothing and takes long: a sample, the newest first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use tuner_core::review::Window;
use tuner_logs::lines::{Event, function_of_log_stream, parse_line, version_of_log_stream};

use super::ReviewContext;
use super::ports::Reports;
use super::sampled::Sampled;
use crate::ports::PortError;

/// How far back it is looked, step by step, in hours. An answer begins with the oldest, so that the newest are found by asking
/// for the latest time first.
const BACK_HOURS: [i64; 4] = [1, 6, 24, 7 * 24];
/// Pages of one step; each may be empty, after many lines that are no reports.
const PAGES_PER_STEP: usize = 4;
/// Reports that are enough, for each function that logs there.
const ENOUGH: usize = 1_000;

/// A sample of reports.
#[derive(Debug)]
pub(super) struct Sample {
    /// By place of the function.
    pub(super) functions: BTreeMap<usize, Sampled>,
    /// Whether it is all there is.
    pub(super) complete: bool,
}

/// Reads reports of `group`, in each of the `formats` (JSON or not) that its functions log in. `place` says which function
/// a log stream is of. `None` when it is time to hand back: the group is to be read again.
pub(super) async fn read(
    ctx: &ReviewContext,
    source: &dyn Reports,
    group: &str,
    formats: &BTreeSet<bool>,
    window: Window,
    functions: usize,
    place: impl Fn(Option<&str>) -> Option<usize>,
) -> Result<Option<Sample>, PortError> {
    let mut sample = Sample {
        functions: BTreeMap::new(),
        complete: true,
    };
    let mut reports = 0;
    for step in steps(window) {
        if ctx.is_late() {
            return Ok(None);
        }
        if reports >= ENOUGH * functions.max(1) || ctx.cancel.is_cancelled() {
            sample.complete = false;
            break;
        }
        for &json in formats {
            let mut token: Option<String> = None;
            for page in 1.. {
                let asked = ctx.retrying(|| source.lines(group, json, step, token.as_deref())).await;
                let answer = match asked {
                    Ok(answer) => answer,
                    // What was read is worth something.
                    Err(_) if reports > 0 => {
                        sample.complete = false;
                        return Ok(Some(sample));
                    }
                    Err(error) => return Err(error),
                };
                for line in answer.items {
                    let Some(Event::Report(report)) = parse_line(line.message.as_bytes()) else {
                        continue;
                    };
                    let stream_function = function_of_log_stream(line.stream.as_bytes());
                    if let Some(place) = place(stream_function) {
                        let version = version_of_log_stream(line.stream.as_bytes());
                        let version = version.and_then(|version| version.parse().ok());
                        sample
                            .functions
                            .entry(place)
                            .or_default()
                            .add(&report, line.at, version);
                        reports += 1;
                    }
                }
                match answer.next.filter(|next| Some(next) != token.as_ref()) {
                    None => break,
                    Some(_) if page >= PAGES_PER_STEP => {
                        sample.complete = false;
                        break;
                    }
                    Some(next) => token = Some(next),
                }
            }
        }
    }
    Ok(Some(sample))
}

/// The window in steps that do not overlap, the latest first. An answer holds its first millisecond and its last.
fn steps(window: Window) -> Vec<Window> {
    let mut steps = Vec::new();
    let mut until = window.until;
    for hours in BACK_HOURS.into_iter().map(Some).chain([None]) {
        let from = hours
            .and_then(|hours| window.until.checked_sub(SignedDuration::from_hours(hours)).ok())
            .map_or(window.from, |from| from.max(window.from));
        if from < until {
            steps.push(Window { from, until });
            until = from.checked_sub(SignedDuration::from_millis(1)).unwrap_or(window.from);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_back_without_overlap() {
        let window = Window {
            from: "2026-03-01T00:00:00Z".parse().unwrap(),
            until: "2026-03-02T12:00:00Z".parse().unwrap(),
        };
        let steps: Vec<String> = steps(window)
            .iter()
            .map(|step| format!("{} {}", step.from, step.until))
            .collect();
        assert_eq!(
            steps,
            [
                "2026-03-02T11:00:00Z 2026-03-02T12:00:00Z",
                "2026-03-02T06:00:00Z 2026-03-02T10:59:59.999Z",
                "2026-03-01T12:00:00Z 2026-03-02T05:59:59.999Z",
                "2026-03-01T00:00:00Z 2026-03-01T11:59:59.999Z",
            ]
        );
    }
}
