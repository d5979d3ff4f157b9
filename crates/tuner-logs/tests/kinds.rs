//! Durable functions, Managed Instances, tenants and provisioned environments, as far as logs tell of them.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "of what all tests of logs share")]
mod common;

use std::io::Cursor;

use serde_json::{Value, json};
use tuner_logs::{DurableExecutions, Input, Options, SummaryRow, Tenants, gather, summarize};

use common::*;

const C: &str = "6b6d06c5-ed53-4af1-8941-d1a8e530ff88";
const EXECUTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders:7/durable-execution/order-4711/550e8400";

fn init(kind: &str) -> Value {
    json!({ "time": TIME_A, "type": "platform.initStart", "record": {
        "initializationType": kind, "phase": "init", "functionName": "orders" } })
}

fn start(id: &str, tenant: Option<&str>) -> Value {
    let mut event = json!({ "time": TIME_A, "type": "platform.start", "record": { "requestId": id, "version": "7" } });
    if let Some(tenant) = tenant {
        event["record"]["tenantId"] = tenant.into();
    }
    event
}

/// What the SDK's logger writes.
fn step(id: &str, execution: &str) -> Value {
    json!({ "requestId": id, "timestamp": TIME_A, "level": "INFO", "executionArn": execution, "message": "step" })
}

fn managed(id: &str) -> Value {
    json!({ "time": TIME_A, "type": "platform.report", "record": {
        "requestId": id, "metrics": { "durationMs": 1.148 }, "status": "success" } })
}

fn log(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn input(log: &str) -> Vec<Input> {
    let reader = Box::new(Cursor::new(log.to_owned()));
    vec![Input::Reader {
        name: "log".into(),
        reader,
    }]
}

fn rows(events: &[Value]) -> Vec<SummaryRow> {
    summarize(input(&log(events)), &Options::default()).0.rows
}

#[test]
fn an_execution_is_all_of_its_invocations() {
    let other = EXECUTION.replace("order-4711", "order-4712");
    let events = [
        init("on-demand"),
        start(A, None),
        step(A, EXECUTION),
        step(A, EXECUTION),
        json_report(A, TIME_A),
        start(B, None),
        step(B, EXECUTION),
        json_report(B, TIME_B),
        start(C, None),
        step(C, &other),
        json_report(C, TIME_B),
    ];
    let (records, _) = read(log(&events));
    let told: Vec<_> = records
        .iter()
        .map(|record| record.durable_execution.as_deref())
        .collect();
    assert_eq!(told, [Some(EXECUTION), Some(EXECUTION), Some(&*other)]);
    let [row] = &rows(&events)[..] else { panic!() };
    let durable = DurableExecutions {
        executions: Some(2),
        invocations: 3,
        billed_duration_ms: 39,
    };
    assert_eq!(
        (row.invocations, row.billed_duration_ms, row.durable_executions),
        (3, 39, Some(durable))
    );

    // Text logs have the lines of the logger too.
    let text = format!(
        "START RequestId: {A} Version: 7\n{}\nEND RequestId: {A}\n{}",
        step(A, EXECUTION),
        report(A)
    );
    assert_eq!(read(text).0[0].durable_execution.as_deref(), Some(EXECUTION));
}

#[test]
fn an_execution_is_nobody_elses() {
    let told = |events: &[Value]| -> Vec<_> {
        let (records, _) = read(log(events));
        records
            .iter()
            .map(|record| record.durable_execution.as_deref().map(str::to_owned))
            .collect()
    };
    // Of another invocation, of another function, and of an invocation whose report came before.
    assert_eq!(
        told(&[start(A, None), step(B, EXECUTION), json_report(A, TIME_A)]),
        [None]
    );
    let of_other = EXECUTION.replace("orders", "refunds");
    assert_eq!(
        told(&[
            init("on-demand"),
            start(A, None),
            step(A, &of_other),
            json_report(A, TIME_A)
        ]),
        [None]
    );
    assert_eq!(told(&[json_report(A, TIME_A), step(A, EXECUTION)]), [None]);
    let [row] = &rows(&[start(A, None), json_report(A, TIME_A)])[..] else {
        panic!()
    };
    let json = serde_json::to_value(row).unwrap();
    assert_eq!(row.durable_executions, None);
    for absent in [
        "durable_executions",
        "tenants",
        "provisioned_invocations",
        "managed_instances_invocations",
    ] {
        assert_eq!(json.get(absent), None, "{absent}");
    }
}

#[test]
fn managed_instances_run_several_at_a_time_and_say_no_cost() {
    let events = [
        init("lambda-managed-instances"),
        start(A, None),
        start(B, None),
        start(C, None),
        managed(C),
        managed(A),
        managed(B),
    ];
    let (records, _) = read(log(&events));
    for record in &records {
        assert_eq!(record.initialization_type.as_deref(), Some("lambda-managed-instances"));
        assert_eq!((&*record.function, record.report.billed_duration_ms), ("orders", None));
        assert_eq!((record.report.memory_size_mb, record.memory_exhausted), (None, false));
    }
    let [row] = &rows(&events)[..] else { panic!() };
    assert_eq!(
        (
            row.invocations,
            row.unbilled_invocations,
            row.managed_instances_invocations,
            row.memory_size_mb
        ),
        (3, 3, 3, None)
    );
}

#[test]
fn tenants_are_told_apart() {
    let events = [
        init("provisioned-concurrency"),
        start(A, Some("blue")),
        json_report(A, TIME_A),
        start(B, Some("red")),
        json_report(B, TIME_B),
        start(C, None),
        json_report(C, TIME_B),
    ];
    let [row] = &rows(&events)[..] else { panic!() };
    let tenants = Tenants {
        tenants: Some(2),
        invocations: 2,
    };
    assert_eq!(
        (row.invocations, row.tenants, row.provisioned_invocations),
        (3, Some(tenants), 3)
    );
    // A memory review needs to know which invocations provisioned environments served.
    let (evidence, _) = gather(input(&log(&events)), &Options::default());
    assert_eq!(evidence.functions[0].sizes[0].provisioned_invocations, 3);
}
