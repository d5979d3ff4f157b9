//! What an execution used, counted from its history.

use std::collections::{HashMap, HashSet};

use super::HistoryEvent;

/// The billed state transitions: one for each state entered, and one for each time that one was tried again. "Step
/// Functions counts a state transition each time a step of your workflow is executed", "each retry will be charged as an
/// additional state transition" (AWS's price list).
///
/// Emulators that don't say what led to an event hide the second kind, and those that leave out what happens in a Map the
/// states in it: the count is then too low.
pub fn transitions(events: &[HistoryEvent]) -> u32 {
    let visits = visits(events);
    let mut attempted = HashSet::new();
    let billed = events.iter().filter(|event| match event.kind.as_str() {
        kind if kind.ends_with("StateEntered") => true,
        "TaskScheduled"
        | "LambdaFunctionScheduled"
        | "ActivityScheduled"
        | "MapStateStarted"
        | "ParallelStateStarted" => {
            let visit = visits.of(event.id);
            visit != NOWHERE && !attempted.insert(visit)
        }
        _ => false,
    });
    u32::try_from(billed.count()).unwrap_or(u32::MAX)
}

/// How long each attempt of a task took from its start to its end, in ms, with the name of its state, in the order they
/// ended. One that did not end, because the execution was stopped, is left out.
pub fn lambda_time(events: &[HistoryEvent]) -> Vec<(String, u64)> {
    let visits = visits(events);
    let mut started = HashMap::new();
    let mut times = Vec::new();
    for event in events {
        let visit = visits.of(event.id);
        match event.kind.as_str() {
            "TaskStarted" | "LambdaFunctionStarted" if visit != NOWHERE => {
                started.insert(visit, event.at);
            }
            "TaskSucceeded"
            | "TaskFailed"
            | "TaskTimedOut"
            | "LambdaFunctionSucceeded"
            | "LambdaFunctionFailed"
            | "LambdaFunctionTimedOut" => {
                let Some(start) = started.remove(&visit) else { continue };
                let ms = event.at.duration_since(start).as_millis();
                times.push((visits.name(visit).to_owned(), u64::try_from(ms).unwrap_or(0)));
            }
            _ => {}
        }
    }
    times
}

/// Which visit to a state each event belongs to: the ID of the event by which the state was entered. The iterations of a
/// Map write their events between each other's, so this follows what led to what, not the order.
struct Visits<'a> {
    of: HashMap<i64, i64>,
    /// The name of the state, and the visit to the state around it.
    entered: HashMap<i64, (&'a HistoryEvent, i64)>,
}

/// Outside of any state.
const NOWHERE: i64 = 0;

fn visits(events: &[HistoryEvent]) -> Visits<'_> {
    let mut visits = Visits {
        of: HashMap::new(),
        entered: HashMap::new(),
    };
    for event in events {
        // What led to an event has a smaller number; the walks outwards end because of that.
        let before = if event.previous_id < event.id {
            visits.of(event.previous_id)
        } else {
            NOWHERE
        };
        let kind = event.kind.as_str();
        let visit = if kind.ends_with("StateEntered") {
            visits.entered.insert(event.id, (event, before));
            event.id
        } else if kind.ends_with("StateExited") {
            visits.around(before)
        } else if kind.starts_with("MapIteration") || kind.starts_with("MapState") {
            visits.nearest("MapStateEntered", before)
        } else if kind.starts_with("ParallelState") {
            visits.nearest("ParallelStateEntered", before)
        } else {
            before
        };
        visits.of.insert(event.id, visit);
    }
    visits
}

impl Visits<'_> {
    fn of(&self, event: i64) -> i64 {
        self.of.get(&event).copied().unwrap_or(NOWHERE)
    }

    fn around(&self, visit: i64) -> i64 {
        self.entered.get(&visit).map_or(NOWHERE, |(_, around)| *around)
    }

    /// The visit itself or the nearest around it that began with `kind`.
    fn nearest(&self, kind: &str, mut visit: i64) -> i64 {
        while let Some((event, around)) = self.entered.get(&visit) {
            if event.kind == kind {
                break;
            }
            visit = *around;
        }
        visit
    }

    fn name(&self, visit: i64) -> &str {
        self.entered
            .get(&visit)
            .and_then(|(event, _)| event.state.as_deref())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// An event for each line `ID < PREVIOUS MS KIND [NAME OF THE STATE]`.
    fn history(lines: &str) -> Vec<HistoryEvent> {
        let event = |line: &str| {
            let mut words = line.split_whitespace();
            let mut next = || words.next().unwrap();
            let id = next().parse().unwrap();
            assert_eq!(next(), "<");
            let previous_id = next().parse().unwrap();
            let ms = next().parse().unwrap();
            let kind = next().to_owned();
            let state = Some(words.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
            HistoryEvent {
                id,
                previous_id,
                at: Timestamp::from_millisecond(ms).unwrap(),
                kind,
                state,
                input: None,
                output: None,
                error: None,
                cause: None,
            }
        };
        lines
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(event)
            .collect()
    }

    #[test]
    fn a_state_that_is_tried_again_is_billed_again() {
        let events = history(
            "1 < 0 0 ExecutionStarted
             2 < 0 1 TaskStateEntered Read the function
             3 < 2 1 TaskScheduled
             4 < 3 10 TaskStarted
             5 < 4 110 TaskFailed
             6 < 5 1000 TaskScheduled
             7 < 6 1010 TaskStarted
             8 < 7 1260 TaskSucceeded
             9 < 8 1261 TaskStateExited Read the function
             10 < 9 1261 ChoiceStateEntered What next?
             11 < 10 1262 ChoiceStateExited What next?
             12 < 11 1262 FailStateEntered Failed
             13 < 12 1262 ExecutionFailed",
        );
        assert_eq!(transitions(&events), 4);
        let name = "Read the function".to_owned();
        assert_eq!(lambda_time(&events), [(name.clone(), 100), (name, 250)]);
    }

    /// Two iterations at once; the second times out, is tried again, fails and is caught. A third begins when the first
    /// has ended.
    const MAP: &str = "1 < 0 0 ExecutionStarted
        2 < 0 0 MapStateEntered Measure
        3 < 2 0 MapStateStarted
        4 < 3 0 MapIterationStarted
        5 < 3 0 MapIterationStarted
        6 < 4 0 TaskStateEntered Invoke
        7 < 5 0 TaskStateEntered Invoke
        8 < 6 0 TaskScheduled
        9 < 7 0 TaskScheduled
        10 < 8 5 TaskStarted
        11 < 9 7 TaskStarted
        12 < 11 107 TaskTimedOut
        13 < 12 200 TaskScheduled
        14 < 10 405 TaskSucceeded
        15 < 14 405 TaskStateExited Invoke
        16 < 13 210 TaskStarted
        17 < 15 405 MapIterationSucceeded
        18 < 17 405 MapIterationStarted
        19 < 18 405 TaskStateEntered Invoke
        20 < 16 260 TaskFailed
        21 < 19 405 TaskScheduled
        22 < 20 260 TaskStateExited Invoke
        23 < 21 410 TaskStarted
        24 < 22 260 PassStateEntered Note what failed
        25 < 24 260 PassStateExited Note what failed
        26 < 25 260 MapIterationSucceeded
        27 < 23 411 TaskSucceeded
        28 < 27 411 TaskStateExited Invoke
        29 < 28 411 MapIterationSucceeded
        30 < 29 411 MapStateSucceeded
        31 < 30 411 MapStateExited Measure
        32 < 31 411 TaskStateEntered Report
        33 < 32 411 TaskScheduled
        34 < 33 411 TaskStarted";

    #[test]
    fn iterations_that_run_at_once_are_kept_apart() {
        let events = history(MAP);
        // Measure, Invoke three times and once again, Note what failed, Report.
        assert_eq!(transitions(&events), 7);
        let invoke = |ms| ("Invoke".to_owned(), ms);
        // Report has not ended.
        assert_eq!(lambda_time(&events), [invoke(100), invoke(400), invoke(50), invoke(1)]);
    }

    #[test]
    fn a_map_that_is_tried_again_is_billed_again() {
        let events = history(
            "1 < 0 0 ExecutionStarted
             2 < 0 0 MapStateEntered Outer
             3 < 2 0 MapStateStarted
             4 < 3 0 MapIterationStarted
             5 < 4 0 ParallelStateEntered Both
             6 < 5 0 ParallelStateStarted
             7 < 6 0 TaskStateEntered Left
             8 < 6 0 TaskStateEntered Right
             9 < 7 0 LambdaFunctionScheduled
             10 < 8 0 LambdaFunctionScheduled
             11 < 9 1 LambdaFunctionStarted
             12 < 10 2 LambdaFunctionStarted
             13 < 11 10 LambdaFunctionFailed
             14 < 13 10 ParallelStateFailed
             15 < 14 10 MapIterationFailed
             16 < 15 10 MapStateFailed
             17 < 16 20 MapStateStarted
             18 < 17 20 MapIterationStarted
             19 < 18 20 ParallelStateEntered Both
             20 < 19 20 ParallelStateStarted
             21 < 20 20 TaskStateEntered Left
             22 < 21 20 LambdaFunctionScheduled
             23 < 22 20 LambdaFunctionStarted
             24 < 23 25 LambdaFunctionTimedOut
             25 < 24 25 ParallelStateFailed
             26 < 25 30 ParallelStateStarted",
        );
        // Six entered, Outer once again, the second Both once again.
        assert_eq!(transitions(&events), 8);
        // Right was cut off by the failure of Left.
        assert_eq!(lambda_time(&events), [("Left".to_owned(), 9), ("Left".to_owned(), 5)]);
    }

    #[test]
    fn what_comes_after_a_state_belongs_to_the_state_around_it() {
        let events = history(
            "1 < 0 0 ExecutionStarted
             2 < 0 0 MapStateEntered Outer
             3 < 2 0 MapStateStarted
             4 < 3 0 MapIterationStarted
             5 < 4 0 MapStateEntered Inner
             6 < 5 0 MapStateStarted
             7 < 6 0 MapStateSucceeded
             8 < 7 0 MapStateExited Inner
             9 < 8 0 FailStateEntered Not this one
             10 < 9 0 MapIterationFailed
             11 < 10 0 MapStateFailed
             12 < 11 5 MapStateStarted
             13 < 12 5 MapStateSucceeded
             14 < 13 5 MapStateExited Outer
             15 < 14 5 ExecutionSucceeded",
        );
        let visits = visits(&events);
        let of: Vec<i64> = (1..=15).map(|id| visits.of(id)).collect();
        assert_eq!(of, [0, 2, 2, 2, 5, 5, 5, 2, 9, 2, 2, 2, 2, 0, 0]);
        // Three entered, Outer once again.
        assert_eq!(transitions(&events), 4);
    }

    #[test]
    fn without_what_led_to_what_only_entered_states_count() {
        // As MiniStack 1.5.33 tells it: no previous events, nothing of the states in a Map, no start of tasks. AWS would
        // name them all.
        let events = history(
            "1 < 0 0 ExecutionStarted
             2 < 0 0 MapStateEntered Measure
             3 < 0 0 TaskScheduled
             4 < 0 0 TaskScheduled
             5 < 0 9 TaskSucceeded
             6 < 0 9 TaskSucceeded
             7 < 0 9 MapStateExited Measure
             8 < 0 9 ExecutionSucceeded",
        );
        assert_eq!((transitions(&events), lambda_time(&events)), (1, Vec::new()));
    }

    #[test]
    fn a_history_in_any_order_ends() {
        let mut events = history(MAP);
        events.reverse();
        assert_eq!(lambda_time(&events), Vec::new());
        let mut twisted = history(MAP);
        for event in &mut twisted {
            event.previous_id = event.id;
        }
        assert_eq!(transitions(&twisted), 6);
    }
}
