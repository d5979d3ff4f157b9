//! Past tunings of the service: the index in its bucket, and the executions that have left no document.

use futures::stream::{self, StreamExt};
use tuner_aws::{Execution, ExecutionStatus, S3Store, StateMachines};
use tuner_core::{FunctionName, PastTuning};
use tuner_engine::ports::{Store, StoreError};

use super::entry::{Entry, PastExecution, is_function};
use super::local;
use crate::commands::service::{bucket_and_prefix, of_call, whereabouts, whereabouts_in};
use crate::error::CliError;
use crate::reach::Reach;
use crate::states_arn::StateMachineArn;

const INDEX: &str = "history/";
/// Objects or executions read at the same time.
const AT_ONCE: usize = 16;
/// Executions that are asked where the bucket is, the newest first.
const ASKED: usize = 5;

/// What is wanted.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) function: Option<&'a FunctionName>,
    pub(super) most: usize,
}

impl Wanted<'_> {
    fn takes(&self, function: &str) -> bool {
        self.function.is_none_or(|asked| is_function(function, asked))
    }
}

/// The newest entries of an index.
pub(super) async fn index(
    store: &S3Store,
    wanted: Wanted<'_>,
    note: &impl Fn(String),
) -> Result<Vec<PastTuning>, StoreError> {
    let mut keys = store.list(INDEX).await?;
    // IDs ascend with time.
    keys.sort_unstable_by(|a, b| b.cmp(a));
    let read = |key: String| async move {
        let Some(bytes) = store.get(&key).await? else {
            return Ok(None);
        };
        let tuning = local::brief(&String::from_utf8_lossy(&bytes), &key);
        Ok(tuning.map_err(|reason| note(local::not_listed(&key, &reason))).ok())
    };
    let mut all = stream::iter(keys).map(read).buffered(AT_ONCE);
    let mut found = Vec::new();
    while let Some(entry) = all.next().await {
        match entry? {
            Some(tuning) if wanted.takes(&tuning.function) => found.push(tuning),
            _ => {}
        }
        if found.len() == wanted.most {
            break;
        }
    }
    Ok(found)
}

/// The tunings of a state machine. What can't be read is said by `note`.
pub(super) async fn tunings(
    reach: &Reach,
    machine: &StateMachineArn,
    bucket: Option<&str>,
    wanted: Wanted<'_>,
    note: impl Fn(String),
) -> Result<Vec<Entry>, CliError> {
    let connection = reach.services(Some(machine.region())).await;
    let machines = connection.state_machines();
    let arn = machine.unqualified().to_string();
    let executions = machines
        .executions(&arn, wanted.most)
        .await
        .map_err(|e| of_call("cannot list past executions", &e, reach))?;
    let described = describe(&machines, &executions, &note).await;
    let known = match bucket {
        Some(location) => Some(location.to_owned()),
        None => root(&machines, &executions).await,
    };
    let index = match known.as_deref().and_then(bucket_and_prefix) {
        Some((bucket, prefix)) => match index(&connection.store(bucket, prefix), wanted, &note).await {
            Ok(index) => index,
            Err(error) => {
                note(format!("only executions are listed: {error}"));
                Vec::new()
            }
        },
        None => {
            if !executions.is_empty() {
                note(
                    "only executions are listed: none of them says where its report is; give --store s3://BUCKET"
                        .to_owned(),
                );
            }
            Vec::new()
        }
    };
    let without_document = described
        .iter()
        .map(PastExecution::of)
        .filter(|execution| wanted.takes(&execution.function) && !index.iter().any(|tuning| execution.is(tuning)))
        .map(Entry::Execution)
        .collect::<Vec<_>>();
    let has_index = !index.is_empty();
    // Those that succeeded are in the index, unless it can't be read.
    let listed = without_document.into_iter().filter(|entry| match entry {
        Entry::Execution(execution) => !has_index || execution.status != ExecutionStatus::Succeeded.to_string(),
        Entry::Tuning(_) => true,
    });
    Ok(index.iter().cloned().map(Entry::Tuning).chain(listed).collect())
}

/// With input and error, which a list of executions does not have.
async fn describe(machines: &StateMachines, executions: &[Execution], note: &impl Fn(String)) -> Vec<Execution> {
    let described: Vec<_> = stream::iter(executions)
        .map(|execution| async move { (execution, machines.execution(&execution.arn).await) })
        .buffered(AT_ONCE / 2)
        .collect()
        .await;
    let failure = described.iter().find_map(|(_, answer)| answer.as_ref().err());
    if let Some(error) = failure {
        note(format!("executions are listed without their function: {error}"));
    }
    described
        .into_iter()
        .map(|(execution, answer)| answer.unwrap_or_else(|_| execution.clone()))
        .collect()
}

/// The bucket of the service, as one of its last executions says it.
pub(in crate::commands) async fn root(machines: &StateMachines, executions: &[Execution]) -> Option<String> {
    for execution in executions.iter().take(ASKED) {
        let output = execution.output.as_deref().and_then(whereabouts_in);
        let found = match output {
            Some(found) => Some(found),
            None => whereabouts(&machines.first(&execution.arn, 100).await.ok()?),
        };
        if let Some(found) = found {
            let below = format!("tunings/{}/", found.tuning_id);
            return Some(found.store.strip_suffix(&below)?.to_owned());
        }
    }
    None
}
