//! Payloads that tunings of the service have left in its store: those that were stopped by force could not delete them.

use std::time::Duration;

use serde::Deserialize;
use tuner_aws::{Connection, StateMachines};
use tuner_core::FunctionName;
use tuner_engine::execution::{PAYLOADS, payload_key, payload_owner};
use tuner_engine::ports::Store;
use uuid::Uuid;

use super::trace::Whereabouts;
use super::watch::bucket_and_prefix;
use super::{find, named};
use crate::commands::history::{is_function, root};
use crate::config::Config;
use crate::reach::Reach;

/// Of what a tuning keeps, all that matters here.
#[derive(Deserialize)]
struct Kept {
    execution: String,
    state: State,
}

#[derive(Deserialize)]
struct State {
    original: Original,
}

#[derive(Deserialize)]
struct Original {
    latest: Latest,
}

#[derive(Deserialize)]
struct Latest {
    arn: String,
}

/// Longer nobody waits for it.
const LOOK: Duration = Duration::from_secs(10);

/// Executions that are asked where the store is.
const ASKED: usize = 20;

/// Deletes the payloads of tunings of `function` that are over. Says what was done, or why it could not be; nothing where no
/// service is to be found.
pub(crate) async fn forget_of(function: &FunctionName, reach: &Reach, config: &Config) -> Option<String> {
    let is_named = matches!(named(None, config), Ok(Some(_))) || config.store.is_some();
    // The other end speaks Lambda's API alone.
    if reach.has_own_lambda() && !is_named {
        return None;
    }
    let forgotten = tokio::time::timeout(LOOK, forget(function, reach, config));
    match forgotten.await.unwrap_or_else(|_| Err("no answer".to_owned())) {
        Ok(0) => None,
        Ok(1) => Some("the payload that a tuning which is over had left in its bucket was deleted".to_owned()),
        Ok(n) => Some(format!(
            "the payloads that {n} tunings which are over had left in their bucket were deleted"
        )),
        // Who has no service need not hear of it.
        Err(_) if !is_named => None,
        Err(reason) => Some(format!(
            "whether a tuning left its payload in the bucket of the service is not known ({reason}); it goes with the next \
             tuning, or after 8 days"
        )),
    }
}

async fn forget(function: &FunctionName, reach: &Reach, config: &Config) -> Result<usize, String> {
    let machine = find(named(None, config).map_err(|e| e.in_a_line())?, reach)
        .await
        .map_err(|e| e.in_a_line())?;
    let connection = reach.services(Some(machine.region())).await;
    let machines = connection.state_machines();
    let place = match config.store.as_deref().filter(|store| store.starts_with("s3://")) {
        Some(place) => Some(place.to_owned()),
        None => {
            let arn = machine.unqualified().to_string();
            let executions = machines.executions(&arn, ASKED).await.map_err(|e| e.to_string())?;
            root(&machines, &executions).await
        }
    };
    let Some((bucket, prefix)) = place.as_deref().and_then(bucket_and_prefix) else {
        return Ok(0);
    };
    let store = connection.store(bucket, prefix);
    let mut deleted = 0;
    for key in store.list(PAYLOADS).await.map_err(|e| e.to_string())? {
        let Some(tuning_id) = payload_owner(&key) else {
            continue;
        };
        if is_over(&store, &machines, tuning_id, function).await {
            store.delete(&key).await.map_err(|e| e.to_string())?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Whether that is certainly a tuning of `function`, and over.
async fn is_over(store: &dyn Store, machines: &StateMachines, tuning_id: Uuid, function: &FunctionName) -> bool {
    let Ok(Some(bytes)) = store.get(&format!("tunings/{tuning_id}/state.json")).await else {
        return false;
    };
    let Ok(kept) = serde_json::from_slice::<Kept>(&bytes) else {
        return false;
    };
    is_function(&kept.state.original.latest.arn, function)
        && (machines.execution(&kept.execution).await).is_ok_and(|execution| execution.status.is_over())
}

/// Deletes the payload of one tuning, which is over. Why it could not be.
pub(super) async fn forget_one(connection: &Connection, found: &Whereabouts) -> Option<String> {
    let below = format!("tunings/{}/", found.tuning_id);
    let root = found.store.strip_suffix(&below)?;
    let (bucket, prefix) = bucket_and_prefix(root)?;
    let key = payload_key(found.tuning_id);
    let deleted = connection.store(bucket, prefix).delete(&key).await;
    let reason = deleted.err()?;
    Some(format!(
        "its payload is still in the bucket ({reason}); it goes with the next tuning, or after 8 days"
    ))
}
