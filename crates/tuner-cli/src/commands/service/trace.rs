//! What the events of an execution say: where the tuning keeps its records, and which stage it is at.

use std::fmt;

use serde::Deserialize;
use tuner_aws::HistoryEvent;
use tuner_core::planning::Preset;
use uuid::Uuid;

use super::failures::readable;

/// Where a tuning is to be found. Every state of the state machine holds it once the function was read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Whereabouts {
    pub(crate) tuning_id: Uuid,
    pub(crate) function: String,
    /// `s3://BUCKET/tunings/ID/`.
    pub(crate) store: String,
    /// What is to be measured: only the first state says it.
    #[serde(default)]
    pub(super) memory_sizes_mb: Vec<u32>,
    /// Invocations of one size when all goes well: only the first state says it.
    #[serde(default)]
    pub(super) invocations: Option<u32>,
    /// How sizes are chosen; absent from what an older service says.
    #[serde(default)]
    pub(super) preset: Option<Preset>,
}

impl Whereabouts {
    /// Whether sizes are chosen on the way.
    pub(super) fn is_adaptive(&self) -> bool {
        self.preset.is_some_and(Preset::is_adaptive)
    }
}

/// From any event that tells, the first first.
pub(crate) fn whereabouts(events: &[HistoryEvent]) -> Option<Whereabouts> {
    let told = events
        .iter()
        .flat_map(|event| [event.output.as_deref(), event.input.as_deref()]);
    told.flatten().find_map(whereabouts_in)
}

/// From the JSON that a state holds.
pub(crate) fn whereabouts_in(json: &str) -> Option<Whereabouts> {
    serde_json::from_str(json).ok()
}

/// Where an execution is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Reading,
    Planning,
    Publishing,
    Measuring,
    Checking,
    Restoring,
    Analyzing,
    Applying,
    Reporting,
    RestoringAfterFailure,
    /// A state of a newer state machine.
    Other(String),
}

impl Stage {
    fn of(state: &str) -> Self {
        match state {
            "Read the function" | "Nothing was changed" => Self::Reading,
            "Plan" | "What next?" => Self::Planning,
            "Publish versions" => Self::Publishing,
            "Measure" | "Invoke" | "Note what failed" => Self::Measuring,
            "Check" => Self::Checking,
            "Put the function back" => Self::Restoring,
            "Analyze" => Self::Analyzing,
            "Apply, if asked" => Self::Applying,
            "Report" => Self::Reporting,
            "Put the function back after a failure" | "Was there anything to put back?" => Self::RestoringAfterFailure,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether an event enters a state that changes the function.
    pub(super) fn changes_the_function(event: &HistoryEvent) -> bool {
        event.state.as_deref().map(Self::of) == Some(Self::Publishing)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "reading the function",
            Self::Planning => "planning",
            Self::Publishing => "publishing a version for each memory size",
            Self::Measuring => "measuring",
            Self::Checking => "checking",
            Self::Restoring => "deleting the versions",
            Self::Analyzing => "working out the result",
            Self::Applying => "applying the recommendation, if that was asked for",
            Self::Reporting => "writing the report",
            Self::RestoringAfterFailure => "a step failed; putting the function back",
            Self::Other(state) => state,
        })
    }
}

/// The stage that these events, the newest first, have reached.
pub(super) fn stage(newest_first: &[HistoryEvent]) -> Option<Stage> {
    // Those that pass or fail take no time.
    let lasts = |event: &&HistoryEvent| {
        let kind = event.kind.as_str();
        kind.ends_with("StateEntered") && !matches!(kind, "PassStateEntered" | "FailStateEntered")
    };
    let entered = newest_first.iter().filter(lasts);
    entered.flat_map(|event| event.state.as_deref()).next().map(Stage::of)
}

/// An attempt at a step that failed: it is tried again, or caught.
pub(super) struct FailedAttempt {
    /// Name of the error.
    pub(super) error: String,
    cause: String,
}

impl fmt::Display for FailedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause.as_str() {
            "" => f.write_str(&self.error),
            cause => write!(f, "{}: {cause}", self.error),
        }
    }
}

/// The attempts that failed, the oldest first.
pub(super) fn failed_attempts(newest_first: &[HistoryEvent]) -> impl Iterator<Item = FailedAttempt> {
    let failed = |event: &&HistoryEvent| matches!(event.kind.as_str(), "TaskFailed" | "TaskTimedOut");
    newest_first.iter().rev().filter(failed).map(|event| FailedAttempt {
        error: event.error.clone().unwrap_or_else(|| "States.TaskFailed".to_owned()),
        cause: event.cause.as_deref().map(readable).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn event(kind: &str, state: Option<&str>, output: Option<&str>) -> HistoryEvent {
        HistoryEvent {
            id: 1,
            previous_id: 0,
            at: Timestamp::UNIX_EPOCH,
            kind: kind.to_owned(),
            state: state.map(str::to_owned),
            input: None,
            output: output.map(str::to_owned),
            error: None,
            cause: None,
        }
    }

    #[test]
    fn the_stage_is_that_of_the_last_state_entered() {
        let newest_first = [
            event("TaskStarted", None, None),
            event("TaskStateEntered", Some("Invoke"), None),
            event("MapIterationStarted", None, None),
            event("MapStateEntered", Some("Measure"), None),
            event("ChoiceStateEntered", Some("What next?"), None),
        ];
        assert_eq!(stage(&newest_first), Some(Stage::Measuring));
        assert_eq!(stage(&newest_first[4..]), Some(Stage::Planning));
        assert_eq!(stage(&newest_first[..1]), None);
        let ended = [event("FailStateEntered", Some("Failed"), None)];
        assert_eq!(stage(&ended), None);
        let newer = [event("TaskStateEntered", Some("Ask somebody"), None)];
        assert_eq!(stage(&newer).unwrap().to_string(), "Ask somebody");
    }

    /// A state that is renamed must be renamed here.
    #[test]
    fn every_state_of_the_state_machine_is_known() {
        let machine = include_str!("../../../../../statemachine/power-tuning.asl.json");
        let machine: serde_json::Value = serde_json::from_str(machine).unwrap();
        let states = machine["States"].as_object().unwrap();
        let inner = states["Measure"]["ItemProcessor"]["States"].as_object().unwrap();
        for (name, state) in states.iter().chain(inner) {
            // They change nothing and take no time.
            let passes = matches!(state["Type"].as_str(), Some("Pass" | "Fail"));
            assert!(passes || !matches!(Stage::of(name), Stage::Other(_)), "{name}");
        }
    }

    #[test]
    fn the_first_step_says_where_everything_is() {
        let id = "01995b5e-0000-7000-8000-000000000000";
        let output = format!(
            r#"{{"tuning_id": "{id}", "function": "arn:f", "store": "s3://b/tunings/{id}/", "memory_sizes_mb": [128],
                "invocations": 11, "next": "plan"}}"#
        );
        let events = [
            event("ExecutionStarted", None, None),
            event("TaskSucceeded", None, Some(r#"{"Payload": {}}"#)),
            event("TaskStateExited", Some("Read the function"), Some(&output)),
        ];
        let found = whereabouts(&events).unwrap();
        assert_eq!(
            (found.tuning_id.to_string().as_str(), found.store.as_str()),
            (id, format!("s3://b/tunings/{id}/").as_str())
        );
        assert_eq!((found.memory_sizes_mb, found.invocations), (vec![128], Some(11)));
        assert_eq!(whereabouts(&events[..2]), None);
    }

    #[test]
    fn attempts_that_failed_are_told_in_words() {
        let failed = HistoryEvent {
            error: Some("Tuner.Throttled".to_owned()),
            cause: Some(r#"{"errorMessage": "Rate exceeded"}"#.to_owned()),
            ..event("TaskFailed", None, None)
        };
        let events = [event("TaskScheduled", None, None), failed];
        let told: Vec<String> = failed_attempts(&events).map(|attempt| attempt.to_string()).collect();
        assert_eq!(told, ["Tuner.Throttled: Rate exceeded"]);
    }
}
