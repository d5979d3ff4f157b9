//! What tired users and attackers have: composed logs, several wrappings at once, and what is right for each.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tuner_logs::Looks;

use common::*;

/// A document of a subscription.
fn document(function: &str, ms: i64, message: &str) -> Value {
    json!({ "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": format!("/aws/lambda/{function}"),
        "logStream": "2026/09/21/[$LATEST]ab", "subscriptionFilters": ["all"],
        "logEvents": [{ "id": "1", "timestamp": ms, "message": message }] })
}

fn documents() -> [Value; 2] {
    [document("resize", MS_A, &report(A)), document("pay", MS_B, &report(B))]
}

fn packed(document: &Value) -> String {
    STANDARD.encode(gzip(document.to_string()))
}

/// Both reports are there, of these functions and at these times, and nothing is missing or quoted.
#[track_caller]
fn assert_read(form: &str, bytes: impl Into<Vec<u8>>, functions: [&str; 2], times: [&str; 2]) {
    let (records, coverage) = read(bytes);
    assert_eq!(said(&records), both(functions, times), "{form}");
    assert_eq!((coverage.quoted, coverage.problems.len()), (0, 0), "{form}");
}

/// Only the first is an invocation; the other one is quoted.
#[track_caller]
fn assert_quoted(form: &str, text: &str) {
    let (records, coverage) = read(text);
    let ids: Vec<_> = records.iter().map(|record| &record.report.request_id).collect();
    assert_eq!(ids, [A], "{form}");
    assert!(coverage.quoted > 0, "{form}");
}

#[test]
fn several_wrappings_at_once() {
    let [a, b] = documents();
    let both = format!("{a}{b}");
    let wide: Vec<u8> = format!("\u{feff}{both}")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_read("Firehose in UTF-16", wide, BOTH, TIMES);
    assert_read("gzip three times", gzip(gzip(gzip(&both))), BOTH, TIMES);
    let printed = |data: &Value| json!({ "awslogs": { "data": packed(data) } });
    assert_read(
        "a forwarder's events, printed",
        format!(
            "{TIME_A}\tx\tINFO\t{}\n{TIME_B}\tx\tINFO\t{}\n",
            printed(&a),
            printed(&b)
        ),
        BOTH,
        TIMES,
    );
    let kinesis = json!({ "Records": [{ "kinesis": { "data": packed(&a) } }, { "kinesis": { "data": packed(&b) } }] });
    let pretty = serde_json::to_string_pretty(&kinesis).unwrap().replace('\n', "\r\n");
    assert_read("Kinesis, pretty, CRLF", pretty, BOTH, TIMES);
    let transformed = json!({ "records": [
        { "recordId": "1", "result": "Ok", "data": packed(&a) },
        { "recordId": "2", "result": "Ok", "data": STANDARD.encode(format!("{b}\n")) } ] });
    assert_read("Firehose's records", transformed.to_string(), BOTH, TIMES);
    let control = json!({ "messageType": "CONTROL_MESSAGE", "logGroup": "", "logStream": "", "logEvents": [
        { "id": "", "timestamp": MS_A, "message": "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream." }] });
    assert_read("a health check first", format!("{control}{both}"), BOTH, TIMES);
    let tail = |id: &str| STANDARD.encode(format!("END RequestId: {id}\n{}", report(id)));
    let answer = |id: &str| json!({ "StatusCode": 200, "LogResult": tail(id) });
    assert_read(
        "LogResult, pretty and not",
        format!("{}\n{:#}\n", answer(A), answer(B)),
        NEITHER,
        NO_TIMES,
    );
    assert_read(
        "LogResult as text",
        format!("$LATEST\t{}\t200\n$LATEST\t{}\t200\n", tail(A), tail(B)),
        NEITHER,
        NO_TIMES,
    );
    let string = |value: &Value| Value::String(value.to_string());
    assert_read(
        "a document in a string a line",
        format!("{}\n{}\n", string(&a), string(&b)),
        BOTH,
        TIMES,
    );
}

#[test]
fn colours_anywhere_in_a_line() {
    for (begin, end) in [
        ("\u{1b}[32m", "\u{1b}[0m"),
        // grep --color=always
        ("\u{1b}[01;31m\u{1b}[K", "\u{1b}[m\u{1b}[K"),
        ("\u{1b}[1m\u{1b}[38;5;208m", "\u{1b}[39m\u{1b}[22m"),
    ] {
        let coloured = |time: &str, id: &str| {
            format!("{begin}{time}{end} {}", report(id))
                .replace("REPORT", &format!("{begin}REPORT{end}"))
                .replace("13 ms", &format!("{begin}13{end} ms"))
                .replace(id, &format!("{begin}{id}{end}"))
        };
        assert_read(
            begin,
            format!("{}{}", coloured(TIME_A, A), coloured(TIME_B, B)),
            NEITHER,
            TIMES,
        );
    }
}

#[test]
fn tables_of_insights() {
    let rows = [
        (A, "2026-09-21 20:15:52.736", "resize"),
        (B, "2026-09-22 04:51:48.855", "pay"),
    ];
    let of = |head: &str, row: &dyn Fn(&str, &str, &str) -> String| {
        rows.iter()
            .fold(head.to_owned(), |text, (id, time, name)| text + &row(id, time, name))
    };
    let quoted = of("@timestamp,@log,@message\r\n", &|id, time, name| {
        format!("{time},123456789012:/aws/lambda/{name},\"{}\"\r\n", report(id))
    });
    assert_read("message last", quoted, BOTH, TIMES);
    let doubled = of("\u{feff}@message,@timestamp,@log\n", &|id, time, name| {
        let message = json_report(id, &(time.replace(' ', "T") + "Z"))
            .to_string()
            .replace('"', "\"\"");
        format!("\"{message}\",{time},123456789012:/aws/lambda/{name}\n")
    });
    assert_read("JSON first", doubled, BOTH, TIMES);
    let head = "@timestamp\t@requestId\t@duration\t@billedDuration\t@memorySize\t@maxMemoryUsed\t@log\n";
    let tabs = of(head, &|id, time, name| {
        format!("{time}\t{id}\t12.5\t13\t128000000\t64000000\t123456789012:/aws/lambda/{name}\n")
    });
    assert_read("tabs", tabs, BOTH, TIMES);
    let commas = of(&head.replace('\t', ";"), &|id, time, name| {
        format!("{time};{id};12,5;13,0;1,28E8;6,4E7;1:/aws/lambda/{name}\n")
    });
    assert_read("saved by a spreadsheet in German", commas.as_str(), BOTH, TIMES);
    let (records, _) = read(commas);
    let report = &records[0].report;
    assert_eq!(
        (report.duration_ms, report.memory_size_mb, report.max_memory_used_mb),
        (12.5, Some(128), Some(64))
    );
}

#[test]
fn shippers_and_terminals() {
    let loki = |key: &str, value: &str, ms: i64, id: &str| json!({ "values": [[format!("{ms}000000"), report(id)]], "stream": { key: value } });
    let answer = json!({ "data": { "result": [loki("function_name", "resize", MS_A, A), loki("log_group", "/aws/lambda/pay", MS_B, B)] } });
    assert_read("Loki, labels last", answer.to_string(), BOTH, TIMES);
    let splunk = |name: &str, ms: i64, id: &str| json!({ "time": ms as f64 / 1000.0, "host": "x", "source": format!("/aws/lambda/{name}"), "event": report(id) });
    assert_read(
        "Splunk's collector",
        format!("{}{}", splunk("resize", MS_A, A), splunk("pay", MS_B, B)),
        BOTH,
        TIMES,
    );
    let fluent = |name: &str, ms: i64, id: &str, time: &str| json!({ "date": ms as f64 / 1000.0, "log_group": format!("/aws/lambda/{name}"), "log": json_report(id, time).to_string() });
    assert_read(
        "Fluent Bit",
        format!(
            "{}\n{}\n",
            fluent("resize", MS_A, A, TIME_A),
            fluent("pay", MS_B, B, TIME_B)
        ),
        BOTH,
        TIMES,
    );
    let logcli = |name: &str, time: &str, id: &str| json!({ "labels": { "function_name": name }, "line": report(id), "timestamp": time });
    assert_read(
        "logcli --output jsonl",
        format!("{}\n{}\n", logcli("resize", TIME_A, A), logcli("pay", TIME_B, B)),
        BOTH,
        TIMES,
    );
    let sam = |time: &str, id: &str| {
        format!(
            "2026/09/21/[$LATEST]0123 {}000 {}",
            time.trim_end_matches('Z'),
            report(id)
        )
    };
    assert_read(
        "sam logs",
        format!("{}{}", sam(TIME_A, A), sam(TIME_B, B)),
        NEITHER,
        TIMES,
    );
    assert_read(
        "quoted in a mail",
        format!("> {}>> {}", report(A), report(B)),
        NEITHER,
        NO_TIMES,
    );
    assert_read(
        "in a chat",
        format!("&gt; {}```\n{}```\n", report(A), report(B)),
        NEITHER,
        NO_TIMES,
    );
    let holes = [vec![0; 4096], (report(A) + &report(B)).into_bytes(), vec![0; 5000]].concat();
    assert_read("after a crash of the disk", holes, NEITHER, NO_TIMES);
}

#[test]
fn names_are_of_their_own_document() {
    let [a, b] = documents();
    let edge = document("us-east-1.auth", MS_A, &report(A));
    let plain = document("auth", MS_B, &report(B));
    let (records, _) = read(format!("{edge}{plain}"));
    let edges: Vec<_> = records.iter().map(|record| (&*record.function, record.edge)).collect();
    assert_eq!(edges, [("auth", true), ("auth", false)]);
    let mut shared = [a.clone(), b.clone()];
    for (document, stream) in shared.iter_mut().zip(["resize[$LATEST]ab", "pay[3]ab"]) {
        document["logGroup"] = "/company/shared".into();
        document["logStream"] = format!("2026/09/21/{stream}").into();
    }
    assert_read("a shared group", format!("{}{}", shared[0], shared[1]), BOTH, TIMES);
    let init = |name: &str| json!({ "time": TIME_A, "type": "platform.initStart", "record": { "functionName": name, "initializationType": "on-demand", "phase": "init" } });
    let unknown = format!(
        "{}\n{}\n{}\n{}\n",
        init("resize"),
        init("pay"),
        json_report(A, TIME_A),
        json_report(B, TIME_B)
    );
    assert_read("a shared group without streams", unknown, NEITHER, TIMES);
    let mut forged = a.clone();
    let lie = json!({ "id": "0", "timestamp": MS_A, "message": json!({ "logGroup": "/aws/lambda/evil" }).to_string() });
    forged["logEvents"].as_array_mut().unwrap().insert(0, lie);
    assert_read(
        "an application's words are no name",
        format!("{forged}{b}"),
        BOTH,
        TIMES,
    );
}

#[test]
fn what_an_application_prints_is_not_its_invocation() {
    let mine = report(A);
    let other = document("x", MS_B, &report(B));
    for (form, line) in [
        ("JSON", format!("{TIME_A}\t{A}\tINFO\tgot {}\n", json!(report(B)))),
        ("text", format!("{TIME_A}\t{A}\tINFO\tgot {}", report(B))),
        (
            "a message",
            format!(
                "{}\n",
                json!({ "timestamp": TIME_A, "level": "INFO", "requestId": A, "message": report(B) })
            ),
        ),
        (
            "a body in an event",
            format!(
                "{}\n",
                json!({ "timestamp": TIME_A, "level": "INFO", "requestId": A,
                    "message": { "Records": [{ "body": json_report(B, TIME_B).to_string() }] } })
            ),
        ),
        (
            "a document in a message of a document",
            document("fwd", MS_A, &json!({ "level": "INFO", "event": other }).to_string()).to_string(),
        ),
    ] {
        assert_quoted(form, &format!("{line}{mine}"));
    }
}

#[test]
fn what_a_function_prints_without_a_time_before_it_is_told_by_the_lines_around_it() {
    let lambda = |id: &str| {
        (
            format!("START RequestId: {id} Version: 7\n"),
            format!("END RequestId: {id}\n{}", report(id)),
        )
    };
    let (start, end) = lambda(A);
    let queue = |body: String| json!({ "Records": [{ "messageId": "1", "body": body, "eventSource": "aws:sqs" }] });
    let topic = json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": report(B) });
    for event in [
        queue(report(B)),
        queue(json_report(B, TIME_B).to_string()),
        queue(document("x", MS_B, &report(B)).to_string()),
        queue(topic.to_string()),
        json!({ "Records": [{ "Sns": topic }] }),
    ] {
        assert_quoted("on a line", &format!("{start}{event}\n{end}"));
        assert_quoted("pretty", &format!("{start}{event:#}\n{end}"));
        assert_quoted("behind words", &format!("{start}event: {event}\n{end}"));
        let event_of_json = |kind: &str| json!({ "time": TIME_A, "type": kind, "record": { "requestId": A } });
        let start = event_of_json("platform.start").to_string();
        // As Lambda orders the keys.
        let start = start.replace(
            &format!(r#"{{"record":{{"requestId":"{A}"}},"time":"{TIME_A}","type":"platform.start"}}"#),
            &format!(r#"{{"time":"{TIME_A}","type":"platform.start","record":{{"requestId":"{A}"}}}}"#),
        );
        assert_quoted(
            "in a JSON log",
            &format!("{start}\n{event}\n{}\n", json_report(A, TIME_A)),
        );
    }
    // Files one behind the other, the first cut off: nothing says that an invocation went on.
    let (other, _) = lambda("6b6d06c5-ed53-4af1-8941-d1a8e530ff88");
    let [a, b] = documents();
    assert_read(
        "behind a log that is cut off",
        format!("{other}{a}\n{b}\n"),
        BOTH,
        TIMES,
    );
    assert_read(
        "its own",
        format!("{start}{a}\n{}", document("pay", MS_B, &report(B))),
        BOTH,
        TIMES,
    );
}

#[test]
fn queues_and_topics_that_logs_are_sent_to() {
    let [a, b] = documents().map(|document| document.to_string());
    let message = |body: &str| json!({ "MessageId": "1", "ReceiptHandle": "x", "Body": body });
    assert_read(
        "receive-message",
        format!("{:#}", json!({ "Messages": [message(&a), message(&b)] })),
        BOTH,
        TIMES,
    );
    let notified =
        |text: &str| message(&json!({ "Type": "Notification", "Message": text, "Timestamp": TIME_A }).to_string());
    assert_read(
        "a topic's message in a queue",
        json!({ "Messages": [notified(&a), notified(&b)] }).to_string(),
        BOTH,
        TIMES,
    );
}

#[test]
fn tails_in_tables_headers_and_answers_in_strings() {
    let tail = |id: &str| STANDARD.encode(format!("START RequestId: {id} Version: 1\n{}", report(id)));
    let history = [A, B].map(|id| {
        let output = json!({ "LogResult": tail(id), "StatusCode": 200 }).to_string();
        json!({ "taskSucceededEventDetails": { "output": output } })
    });
    for (form, log) in [
        (
            "a column",
            format!("n,tail,status\n1,{},200\n2,{},200\n", tail(A), tail(B)),
        ),
        ("the first", format!("tail,status\n{},200\n{},200\n", tail(A), tail(B))),
        ("tabs", format!("n\ttail\n1\t{}\n2\t{}\n", tail(A), tail(B))),
        (
            "quoted",
            format!("\"n\";\"tail\"\r\n\"1\";\"{}\"\r\n\"2\";\"{}\"\r\n", tail(A), tail(B)),
        ),
        (
            "below others",
            format!("{}x,{}\nx,{}\n", "n,\n".repeat(300), tail(A), tail(B)),
        ),
        (
            "headers",
            format!(
                "HTTP/1.1 200 OK\r\nX-Amz-Log-Result: {}\r\n\r\nnull\r\nHTTP/1.1 200 OK\r\nX-Amz-Log-Result: {}\r\n",
                tail(A),
                tail(B)
            ),
        ),
        (
            "YAML",
            format!(
                "ExecutedVersion: $LATEST\nLogResult: {}\nLogResult: {}\n",
                tail(A),
                tail(B)
            ),
        ),
        (
            "the history of a state machine",
            format!("{:#}", json!({ "events": history })),
        ),
    ] {
        assert_read(form, log, NEITHER, NO_TIMES);
    }
    let [a, b] = documents();
    assert_read(
        "packed in a column",
        format!("id,data\n1,{}\n2,{}\n", packed(&a), packed(&b)),
        BOTH,
        TIMES,
    );
    // A log that prints base64 is a log.
    let own = format!("START RequestId: {A} Version: 1\ntoken {}\n{}", tail(B), report(A));
    let (records, _) = read(own);
    assert_eq!(said(&records).len(), 1);
}

#[test]
fn what_observers_export() {
    let of = |form: &dyn Fn(&str, &str, i64, &str) -> String| {
        format!("{}{}", form("resize", TIME_A, MS_A, A), form("pay", TIME_B, MS_B, B))
    };
    let line = |id: &str| report(id).trim_end_matches('\n').to_owned();
    let grafana = of(&|name, _, ms, id| {
        format!(
            "{ms},{},{ms}000000,\"{{\"\"log_group\"\": \"\"/aws/lambda/{name}\"\"}}\"\n",
            line(id)
        )
    });
    assert_read(
        "Grafana's CSV",
        format!("Time,Line,tsNs,labels\n{grafana}"),
        BOTH,
        TIMES,
    );
    let sumo = of(&|name, _, ms, id| {
        let raw =
            json!({ "message": report(id), "timestamp": ms, "logGroup": format!("/aws/lambda/{name}") }).to_string();
        format!("x,\"{}\"\n", raw.replace('"', "\"\""))
    });
    assert_read(
        "a document in a column",
        format!("_sourcecategory,_raw\n{sumo}"),
        BOTH,
        TIMES,
    );
    let collector = |name: &str, ms: i64, id: &str| {
        json!({ "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": "x" } }, { "key": "faas.name", "value": { "stringValue": name } } ] },
        "scopeLogs": [{ "logRecords": [{ "timeUnixNano": format!("{ms}000000"), "body": { "stringValue": report(id) } }] }] })
    };
    let logs = json!({ "resourceLogs": [collector("resize", MS_A, A), collector("pay", MS_B, B)] });
    assert_read("OpenTelemetry's file exporter", logs.to_string(), BOTH, TIMES);
    let containers =
        of(&|_, time, _, id| format!("{time} stdout F {}\n", json!({ "log": report(id), "stream": "stdout" })));
    assert_read("a container's log", containers, NEITHER, TIMES);
    let hashes = of(&|name, _, ms, id| {
        format!(
            "{{ \"timestamp\" => {ms}, \"message\" => {}, \"log_group\" => \"/aws/lambda/{name}\" }}\n",
            json!(report(id))
        )
    });
    assert_read("print of Ruby", hashes, BOTH, TIMES);
    let results = of(&|_, _, _, id| format!("RESULTS\t@message\t{}", report(id)));
    assert_read("get-query-results as text", results, NEITHER, NO_TIMES);
}

#[test]
fn what_is_damaged_or_strange_is_named() {
    let [a, b] = documents();
    let second = gzip(b.to_string());
    let cut = [gzip(a.to_string()), second[..second.len() / 2].to_vec()].concat();
    let (records, coverage) = read(cut);
    assert_eq!(said(&records)[0].1, "resize");
    assert_eq!(coverage.problems.len(), 1);
    let (records, coverage) = read(report(A).replace('\t', " \u{a0}") + &report(B));
    assert_eq!(
        (records.len(), coverage.notes[0].unreadable),
        (1, 1),
        "blanks of a web page"
    );
    let (records, _) = read(report(A).replace("13 ms", "-13 ms") + &report(B));
    assert_eq!(
        records.iter().map(|r| r.report.billed_duration_ms).collect::<Vec<_>>(),
        [None, Some(13)],
        "no number is not zero"
    );
    let (records, _) = read(report(A).replace("128 MB", "99999999999 MB"));
    assert_eq!(records[0].report.memory_size_mb, None);
    let (records, coverage) = read(b"BZh91AY&SY\x00\x01\x02".as_slice());
    assert_eq!(
        (
            records.len(),
            coverage.notes[0]
                .looks
                .and_then(|looks: Looks| looks.way_out())
                .is_some()
        ),
        (0, true)
    );
}
