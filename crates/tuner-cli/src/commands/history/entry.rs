use jiff::Timestamp;
use serde::Serialize;
use tuner_aws::{Execution, ExecutionStatus};
use tuner_core::{FunctionName, PastTuning};
use tuner_engine::execution::{Defaults, ExecutionInput};

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Entry {
    /// A tuning with a document.
    Tuning(PastTuning),
    /// An execution of the state machine that has none: it failed, was stopped, or is under way.
    Execution(PastExecution),
}

/// An execution without a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct PastExecution {
    pub(super) execution_arn: String,
    /// As the input names it; else as the name of the execution does.
    pub(super) function: String,
    pub(super) started_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
    /// As Step Functions has it.
    pub(super) status: String,
    pub(super) error: Option<String>,
}

impl PastExecution {
    pub(super) fn of(execution: &Execution) -> Self {
        let input = execution.input.as_deref();
        let asked = input.and_then(|text| ExecutionInput::parse(text, &Defaults::default()).ok());
        Self {
            execution_arn: execution.arn.clone(),
            function: asked.map_or_else(
                || function_in(&execution.name),
                |asked| asked.request.function.to_string(),
            ),
            started_at: execution.started_at,
            finished_at: execution.stopped_at,
            status: execution.status.to_string(),
            error: execution.error.clone(),
        }
    }

    /// Whether `tuning` is what this execution came to: its ID begins with the time at which the execution was started,
    /// which services round to a ms each in their own way.
    pub(super) fn is(&self, tuning: &PastTuning) -> bool {
        let Some(began) = tuning.tuning_id.get_timestamp() else {
            return false;
        };
        let (seconds, nanos) = began.to_unix();
        let began_ms = seconds as i64 * 1000 + i64::from(nanos / 1_000_000);
        let same_time = (began_ms - self.started_at.as_millisecond()).abs() <= 2;
        same_time && name(&self.function) == name(&tuning.function)
    }

    pub(super) fn is_over(&self) -> bool {
        self.status != ExecutionStatus::Running.to_string()
    }
}

impl Entry {
    pub(super) fn at(&self) -> Timestamp {
        match self {
            Self::Tuning(tuning) => tuning.finished_at,
            Self::Execution(execution) => execution.finished_at.unwrap_or(execution.started_at),
        }
    }

    /// What a reader calls the function: as the tuning was told, else by its plain name.
    pub(super) fn label(&self) -> String {
        let asked = match self {
            Self::Tuning(tuning) => tuning.name.clone(),
            Self::Execution(_) => None,
        };
        asked.unwrap_or_else(|| name(self.function()))
    }

    pub(super) fn function(&self) -> &str {
        match self {
            Self::Tuning(tuning) => &tuning.function,
            Self::Execution(execution) => &execution.function,
        }
    }
}

/// The function in the name of an execution that `tuner run` started: `tuner-FUNCTION-20261121-093000-1a2b`.
fn function_in(execution: &str) -> String {
    let function = execution.strip_prefix("tuner-").and_then(|rest| {
        let parts: Vec<&str> = rest.rsplitn(4, '-').collect();
        (parts.len() == 4).then(|| parts[3])
    });
    function.unwrap_or(execution).to_owned()
}

/// The plain name of a function that is written in any form.
pub(super) fn name(function: &str) -> String {
    match function.parse::<FunctionName>() {
        Ok(function) => function.name().to_owned(),
        Err(_) => function.to_owned(),
    }
}

/// Whether `written` is the function `asked` for. Documents have their accounts masked.
pub(in crate::commands) fn is_function(written: &str, asked: &FunctionName) -> bool {
    const MASK: &str = "000000000000";
    let Ok(written) = written.parse::<FunctionName>() else {
        return false;
    };
    let agrees = |asked: Option<&str>, written: Option<&str>| match (asked, written) {
        (Some(asked), Some(written)) => asked == written || written == MASK,
        _ => true,
    };
    written.name() == asked.name()
        && agrees(asked.region(), written.region())
        && agrees(asked.account(), written.account())
}

#[cfg(test)]
mod tests {
    use tuner_core::Verdict;
    use tuner_core::tuning::TuningStatus;

    use super::*;

    #[test]
    fn a_function_is_found_by_what_is_given_of_it() {
        let is = |asked: &str, written: &str| is_function(written, &asked.parse().unwrap());
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:resize";
        let masked = "arn:aws:lambda:eu-west-1:000000000000:function:resize";
        let elsewhere = "arn:aws:lambda:us-east-1:123456789012:function:resize";
        assert!(is("resize", arn) && is("resize:live", arn) && is(arn, masked) && is(arn, "resize"));
        assert!(!is("size", arn) && !is(elsewhere, arn));
        assert!(is("re-size", &function_in("tuner-re-size-20261121-093000-1a2b")));
        assert_eq!(function_in("started by hand"), "started by hand");
    }

    #[test]
    fn an_execution_and_its_tuning_are_one() {
        let execution = |ms| PastExecution {
            execution_arn: "arn".to_owned(),
            function: "resize".to_owned(),
            started_at: Timestamp::from_millisecond(ms).unwrap(),
            finished_at: None,
            status: "FAILED".to_owned(),
            error: Some("Tuner.EverySizeFailed".to_owned()),
        };
        let ms = 1_795_255_200_123;
        let tuning = PastTuning {
            tuning_id: uuid::Builder::from_unix_timestamp_millis(ms, &[7; 10]).into_uuid(),
            function: "arn:aws:lambda:eu-west-1:123456789012:function:resize".to_owned(),
            name: None,
            finished_at: Timestamp::UNIX_EPOCH,
            status: TuningStatus::Failed,
            verdict: Verdict::AllFailed,
            present_memory_size_mb: Some(128),
            recommended_memory_size_mb: None,
            saving_pct: None,
            cost: None,
            applied: false,
            store: String::new(),
        };
        assert!(execution(ms as i64 + 1).is(&tuning));
        assert!(!execution(ms as i64 + 10).is(&tuning));
        let other = PastTuning {
            function: "other".to_owned(),
            ..tuning
        };
        assert!(!execution(ms as i64).is(&other));
    }
}
