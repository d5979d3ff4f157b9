//! What an execution used, counted from its history.

use std::collections::{HashMap, HashSet};

use super::HistoryEvent;

/// The billed state transitions: one for each state entered, and one for each time that one was tried again.
pub fn transitions(events: &[HistoryEvent]) -> u32 {
    let visits = visits(events);
    let mut attempted = HashSet::new();
    let billed = events.iter().filter(|event| match event.kind.as_str() {
        kind if kind.ends_with("StateEntered") => true,
        "TaskScheduled"
        | "LambdaFunctionScheduled"
        | "ActivityScheduled"
        | "MapStateStarted"
        | "ParallelStateStarted" => !attempted.insert(visits.of(event.id)),
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
            "TaskStarted" | "LambdaFunctionStarted" => {
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
