//! The answer when there is no process to give one.

use std::time::Duration;

use serde_json::json;
use tuner_core::LocalReading;

use crate::environment::{Answer, Event, StartError};

use super::snapshot::Snapshot;

/// What Lambda answers when the program can't be started at all.
pub(super) fn not_started(snapshot: &Snapshot, event: &Event, error: &StartError, took: Duration) -> Answer {
    const TYPE: &str = "Runtime.InvalidEntrypoint";
    let id = &event.request_id;
    let ms = took.as_secs_f64() * 1000.0;
    let (billed, size) = (ms.ceil(), snapshot.settings.memory_size_mb);
    let log = if snapshot.settings.logging.log_format == "JSON" {
        let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let report = json!({ "time": time, "type": "platform.report", "record": {
            "requestId": id, "status": "error", "errorType": TYPE,
            "metrics": { "durationMs": ms, "billedDurationMs": billed, "memorySizeMB": size, "maxMemoryUsedMB": 0 },
        }});
        format!("{report}\n")
    } else {
        let version = snapshot.version_text();
        format!(
            "START RequestId: {id} Version: {version}\nRequestId: {id} Error: {error}\n{TYPE}\nEND RequestId: {id}\n\
             REPORT RequestId: {id}\tDuration: {ms:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {size} MB\tMax \
             Memory Used: 0 MB\tStatus: error\tError Type: {TYPE}\t\n"
        )
    };
    let payload = json!({ "errorType": TYPE, "errorMessage": format!("RequestId: {id} Error: {error}") });
    Answer {
        payload: payload.to_string().into(),
        function_error: Some("Unhandled".to_owned()),
        log: log.into_bytes(),
        reusable: false,
        reading: LocalReading::default(),
    }
}
