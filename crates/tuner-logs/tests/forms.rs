//! The forms in which people have Lambda's logs: what each tool makes of the same two reports, of two functions.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tuner_logs::{Input, Looks, Options, for_each_record};

use common::*;

/// `resize` at the first time, `pay` at the second; `?` where a form does not say it.
#[track_caller]
fn assert_read(form: &str, bytes: impl Into<Vec<u8>>, functions: [&str; 2], times: [&str; 2]) {
    let (records, coverage) = read(bytes);
    assert_eq!(said(&records), both(functions, times), "{form}");
    assert_eq!(
        (coverage.reports, coverage.quoted, coverage.with_reports),
        (2, 0, 1),
        "{form}"
    );
}

/// A document of a subscription, as CloudWatch writes it.
fn subscription(function: &str, id: &str, ms: i64, message: String) -> String {
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/{function}","logStream":"2026/09/21/[$LATEST]ab","subscriptionFilters":["all"],"logEvents":[{{"id":"{id}","timestamp":{ms},"message":{}}}]}}"#,
        json!(message)
    )
}

fn subscriptions(message: impl Fn(&str, &str) -> String) -> [String; 2] {
    [
        subscription("resize", "1", MS_A, message(A, TIME_A)),
        subscription("pay", "2", MS_B, message(B, TIME_B)),
    ]
}

#[test]
fn documents_of_subscriptions() {
    for [a, b] in [
        subscriptions(|id, _| report(id)),
        subscriptions(|id, time| json_report(id, time).to_string()),
    ] {
        assert_read("Firehose, one behind the other", format!("{a}{b}"), BOTH, TIMES);
        assert_read("on lines", format!("{a}\n{b}\n"), BOTH, TIMES);
        assert_read("with blanks between", format!("{a} {b}"), BOTH, TIMES);
        assert_read("an array of them", format!("[{a},{b}]"), BOTH, TIMES);
        assert_read("an array on lines", format!("[\n{a},\n{b}\n]\n"), BOTH, TIMES);
        let pretty = |text: &str| serde_json::to_string_pretty(&serde_json::from_str::<Value>(text).unwrap()).unwrap();
        assert_read(
            "pretty-printed",
            format!("{}\n{}\n", pretty(&a), pretty(&b)),
            BOTH,
            TIMES,
        );
        let sorted = |text: &str| {
            let document: Value = serde_json::from_str(text).unwrap();
            let mut keys: Vec<_> = document.as_object().unwrap().clone().into_iter().collect();
            keys.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(keys.into_iter().rev().collect())
        };
        let (last_first, text) = (sorted(&a), sorted(&b).to_string());
        assert_read("group behind the events", format!("{last_first}{text}"), BOTH, TIMES);
        assert_read(
            "gzip in gzip",
            gzip([gzip(a.as_bytes()), gzip(b.as_bytes())].concat()),
            BOTH,
            TIMES,
        );
        let data = |text: &str| STANDARD.encode(gzip(text.as_bytes()));
        let event = |text: &str| json!({ "awslogs": { "data": data(text) } }).to_string();
        assert_read(
            "events of Lambda",
            format!("{}\n{}\n", event(&a), event(&b)),
            BOTH,
            TIMES,
        );
        let kinesis = json!({ "Records": [{ "kinesis": { "data": data(&a) } }, { "kinesis": { "data": data(&b) } }] });
        assert_read("Kinesis", kinesis.to_string(), BOTH, TIMES);
        let plain = json!({ "Records": [{ "Data": STANDARD.encode(&a) }, { "Data": STANDARD.encode(&b) }] });
        assert_read("Kinesis, not compressed", plain.to_string(), BOTH, TIMES);
        assert_read("base64 on lines", format!("{}\n{}\n", data(&a), data(&b)), BOTH, TIMES);
    }
}

#[test]
fn long_documents_keep_their_names_over_chunks() {
    let noise = json!({ "id": "0", "timestamp": 1, "message": "an application's words ".repeat(20) }).to_string();
    for (times, first) in [(100, true), (1000, true), (20_000, true), (1000, false)] {
        let noise = format!("{noise},").repeat(times);
        let [a, b] = subscriptions(|id, _| report(id))
            .map(|text| text.replacen("\"logEvents\":[", &format!("\"logEvents\":[{noise}"), 1));
        let text = if first {
            format!("{a}{b}")
        } else {
            format!("{a}\n{b}\n")
        };
        assert_read("long", text, BOTH, TIMES);
    }
}

#[test]
fn answers_of_the_aws_cli_and_of_sdks() {
    let events = json!([
        { "logStreamName": "2026/09/21/resize[$LATEST]ab", "timestamp": MS_A, "message": report(A), "ingestionTime": MS_A + 4000, "eventId": "1" },
        { "logStreamName": "2026/09/21/pay[7]cd", "timestamp": MS_B, "message": report(B), "ingestionTime": MS_B + 4000, "eventId": "2" },
    ]);
    let document = json!({ "events": events, "searchedLogStreams": [{ "logStreamName": "2026/09/21/other[1]a" }] });
    assert_read("filter-log-events", document.to_string(), BOTH, TIMES);
    assert_read(
        "filter-log-events, pretty",
        serde_json::to_string_pretty(&document).unwrap(),
        BOTH,
        TIMES,
    );
    let with_prompt = format!(
        "$ aws logs filter-log-events\n{}\n$ exit\n",
        serde_json::to_string_pretty(&document).unwrap()
    );
    assert_read("with a prompt", with_prompt, BOTH, TIMES);
    assert_read("get-log-events", json!({ "events": [
        { "timestamp": MS_A, "message": report(A), "ingestionTime": 1 }, { "timestamp": MS_B, "message": report(B), "ingestionTime": 1 },
    ], "nextForwardToken": "f/1" }).to_string(), NEITHER, TIMES);
    assert_read(
        "messages",
        serde_json::to_string_pretty(&json!([report(A), report(B)])).unwrap(),
        NEITHER,
        NO_TIMES,
    );
    assert_read(
        "pairs",
        json!([[MS_A, report(A)], [MS_B, report(B)]]).to_string(),
        NEITHER,
        TIMES,
    );
    assert_read(
        "pairs, pretty",
        serde_json::to_string_pretty(&json!([[report(A), MS_A], [report(B), MS_B]])).unwrap(),
        NEITHER,
        TIMES,
    );
    assert_read(
        "rows with streams",
        json!([
            ["2026/09/21/resize[$LATEST]ab", MS_A, report(A)],
            ["2026/09/21/pay[7]cd", MS_B, report(B)],
        ])
        .to_string(),
        BOTH,
        TIMES,
    );
    let python = |stream: &str, ms: i64, id: &str| {
        format!(
            "{{'logStreamName': '{stream}', 'timestamp': {ms}, 'message': '{}', 'ok': True}}",
            report(id).replace('\t', "\\t").replace('\n', "\\n")
        )
    };
    let (a, b) = (
        python("2026/09/21/resize[1]a", MS_A, A),
        python("2026/09/21/pay[1]b", MS_B, B),
    );
    assert_read("print of Python", format!("{a}\n{b}\n"), BOTH, TIMES);
    assert_read(
        "print of a list",
        format!("{{'events': [{a}, {b}], 'when': datetime.datetime(2026, 9, 21, tzinfo=tzutc())}}\n"),
        BOTH,
        TIMES,
    );
    let node = |stream: &str, ms: i64, id: &str| {
        format!(
            "    {{\n      logStreamName: '{stream}',\n      timestamp: {ms},\n      message: '{}'\n    }}",
            report(id).replace('\t', "\\t").replace('\n', "\\n")
        )
    };
    let (a, b) = (
        node("2026/09/21/resize[1]a", MS_A, A),
        node("2026/09/21/pay[1]b", MS_B, B),
    );
    assert_read(
        "console.log of Node",
        format!("{{\n  events: [\n{a},\n{b}\n  ]\n}}\n"),
        BOTH,
        TIMES,
    );
    let rows = json!({ "results": [
        [{ "field": "@timestamp", "value": "2026-09-21 20:15:52.736" }, { "field": "@message", "value": report(A) }, { "field": "@log", "value": "123456789012:/aws/lambda/resize" }],
        [{ "field": "@message", "value": report(B) }, { "field": "@timestamp", "value": "2026-09-22 04:51:48.855" }, { "field": "@log", "value": "123456789012:/aws/lambda/pay" }],
    ], "status": "Complete" });
    assert_read("get-query-results", rows.to_string(), BOTH, TIMES);
    let objects = json!([
        { "@timestamp": "2026-09-21 20:15:52.736", "@message": report(A), "@log": "123456789012:/aws/lambda/resize" },
        { "@timestamp": "2026-09-22 04:51:48.855", "@message": report(B), "@log": "123456789012:/aws/lambda/pay" },
    ]);
    assert_read(
        "Insights, exported as JSON",
        serde_json::to_string_pretty(&objects).unwrap(),
        BOTH,
        TIMES,
    );
    let fields = |id: &str, time: &str, name: &str| {
        json!({ "@timestamp": time, "@requestId": id, "@duration": "12.5", "@billedDuration": "13.0", "@memorySize": "1.28E8",
            "@maxMemoryUsed": "6.4E7", "@log": format!("1:/aws/lambda/{name}") })
    };
    let objects = json!([
        fields(A, "2026-09-21 20:15:52.736", "resize"),
        fields(B, "2026-09-22 04:51:48.855", "pay")
    ]);
    assert_read("Insights' fields as JSON", objects.to_string(), BOTH, TIMES);
    let tail = |id: &str| json!({ "StatusCode": 200, "LogResult": STANDARD.encode(format!("START RequestId: {id} Version: 1\n{}", report(id))) });
    assert_read("LogResult", format!("{}\n{}\n", tail(A), tail(B)), NEITHER, NO_TIMES);
}

#[test]
fn shippers() {
    let line = |a: Value, b: Value| format!("{a}\n{b}\n");
    let vector = |id: &str, name: &str, time: &str| json!({ "id": "1", "log_group": format!("/aws/lambda/{name}"), "log_stream": "2026/09/21/[$LATEST]ab", "message": report(id), "timestamp": time });
    assert_read(
        "Vector",
        line(vector(A, "resize", TIME_A), vector(B, "pay", TIME_B)),
        BOTH,
        TIMES,
    );
    let loki = |id: &str, name: &str, ms: i64| json!({ "stream": { "__aws_cloudwatch_log_group": format!("/aws/lambda/{name}") }, "values": [[format!("{ms}000000"), report(id)]] });
    let answer = json!({ "status": "success", "data": { "result": [loki(A, "resize", MS_A), loki(B, "pay", MS_B)] } });
    assert_read("Loki", answer.to_string(), BOTH, TIMES);
    let elastic = |id: &str, name: &str, time: &str| {
        json!({ "_source": { "@timestamp": time, "aws": { "cloudwatch": { "log_group": format!("/aws/lambda/{name}") } },
            "message": report(id), "event": { "original": report(id) } } })
    };
    let hits = json!({ "hits": { "hits": [elastic(A, "resize", TIME_A), elastic(B, "pay", TIME_B)] } });
    assert_read("Elasticsearch", hits.to_string(), BOTH, TIMES);
    let datadog = |id: &str, name: &str, time: &str| json!({ "content": { "timestamp": time, "attributes": { "lambda": { "arn": format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}") } }, "message": report(id) } });
    assert_read(
        "Datadog",
        line(datadog(A, "resize", TIME_A), datadog(B, "pay", TIME_B)),
        BOTH,
        TIMES,
    );
    let docker = |id: &str, time: &str| json!({ "log": report(id), "stream": "stdout", "time": time });
    assert_read("Docker", line(docker(A, TIME_A), docker(B, TIME_B)), NEITHER, TIMES);
    let journal = |id: &str, ms: i64| json!({ "__REALTIME_TIMESTAMP": format!("{ms}000"), "MESSAGE": report(id) });
    assert_read("journald", line(journal(A, MS_A), journal(B, MS_B)), NEITHER, TIMES);
    let wrapped = |id: &str, name: &str, time: &str| json!({ "logStream": "2026/09/21/[7]ab", "logGroup": format!("/aws/lambda/{name}"), "message": json_report(id, time) });
    assert_read(
        "an object as message",
        line(wrapped(A, "resize", TIME_A), wrapped(B, "pay", TIME_B)),
        BOTH,
        TIMES,
    );
}

#[test]
fn lines_of_tools() {
    let line = |a: String, b: String| format!("{a}{}{b}{}", report(A), report(B));
    let of = |form: fn(&str, &str) -> String| line(form("resize", TIME_A), form("pay", TIME_B));
    assert_read(
        "tail",
        of(|name, time| format!("{time} 2026/09/21/{name}[$LATEST]ab ")),
        BOTH,
        TIMES,
    );
    assert_read(
        "awslogs",
        of(|name, time| format!("/aws/lambda/{name} 2026/09/21/[1]ab {time} ")),
        BOTH,
        TIMES,
    );
    assert_read(
        "sam logs",
        of(|name, time| format!("2026/09/21/{name}[1]ab {} ", time.trim_end_matches('Z'))),
        BOTH,
        TIMES,
    );
    assert_read(
        "serverless",
        of(|_, time| format!("{} (+00:00)\t", time.trim_end_matches('Z').replace('T', " "))),
        NEITHER,
        TIMES,
    );
    assert_read(
        "logcli",
        of(|name, time| format!("{time} {{__aws_cloudwatch_log_group=\"/aws/lambda/{name}\", owner=\"1\"}} ")),
        BOTH,
        TIMES,
    );
    assert_read("containers", of(|_, time| format!("{time} stdout F ")), NEITHER, TIMES);
    assert_read("compose", of(|_, _| "lambda-1  | ".into()), NEITHER, NO_TIMES);
    assert_read(
        "journald",
        of(|_, _| "Sep 21 17:41:40 host bootstrap[12]: ".into()),
        NEITHER,
        NO_TIMES,
    );
    let colours = |text: String| {
        text.replace("REPORT", "\u{1b}[32mREPORT")
            .replace("\t\n", "\t\u{1b}[0m\n")
    };
    assert_read("colours", colours(of(|_, _| String::new())), NEITHER, NO_TIMES);
    let csv = format!(
        "@timestamp,@message,@log\n2026-09-21 20:15:52.736,\"{}\",1:/aws/lambda/resize\n2026-09-22 04:51:48.855,\"{}\",1:/aws/lambda/pay\n",
        report(A),
        report(B)
    );
    assert_read("CSV", csv.as_str(), BOTH, TIMES);
    assert_read(
        "CSV, semicolons, CRLF",
        csv.replace(',', ";").replace('\n', "\r\n"),
        BOTH,
        TIMES,
    );
    let doubled = |id: &str, time: &str| json_report(id, time).to_string().replace('"', "\"\"");
    let rows = format!(
        "@timestamp,@message,@log\n2026-09-21 20:15:52.736,\"{}\",1:/aws/lambda/resize\n2026-09-22 04:51:48.855,\"{}\",1:/aws/lambda/pay\n",
        doubled(A, TIME_A),
        doubled(B, TIME_B)
    );
    assert_read("CSV, doubled quotes", rows, BOTH, TIMES);
    // The next row begins with a quote too.
    let rows: String = [(A, MS_A, "resize"), (B, MS_B, "pay")]
        .map(|(id, ms, function)| format!("\"{ms}\",\"{}\",\"/aws/lambda/{function}\"\r\n", report(id).trim_end()))
        .concat();
    assert_read("CSV, all quoted, group last", rows, BOTH, TIMES);
}

#[test]
fn encodings() {
    let text = format!("{TIME_A} {}{TIME_B} {}", report(A), report(B));
    let wide = |order: fn(u16) -> [u8; 2], mark: &[u8]| {
        [
            mark,
            &text
                .replace('\n', "\r\n")
                .encode_utf16()
                .flat_map(order)
                .collect::<Vec<_>>(),
        ]
        .concat()
    };
    for (form, bytes) in [
        ("UTF-16 LE", wide(u16::to_le_bytes, b"\xff\xfe")),
        ("UTF-16 BE", wide(u16::to_be_bytes, b"\xfe\xff")),
        ("UTF-16 without a mark", wide(u16::to_le_bytes, b"")),
        ("a mark of UTF-8", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("gzip", gzip(text.as_bytes())),
        ("gzip in gzip in gzip", gzip(gzip(gzip(text.as_bytes())))),
        ("UTF-16 in gzip", gzip(wide(u16::to_le_bytes, b"\xff\xfe"))),
    ] {
        assert_read(form, bytes, NEITHER, TIMES);
    }
}

#[test]
fn what_a_function_quotes_is_not_its_invocation() {
    let other = "6b6d06c5-ed53-4af1-8941-d1a8e530ff88";
    let [wrapped, _] = subscriptions(|id, _| report(id));
    let quotes = [
        format!("{TIME_A} {TIME_A}\t{other}\tINFO\tforwarding: {}", report(A)),
        format!("{TIME_A} [INFO]\t{TIME_A}\t{other}\t{}", report(A)),
        format!("{TIME_A} {wrapped}\n"),
        format!("{TIME_A} {}\n", json!([json_report(A, TIME_A)])),
        format!(
            "{}\n",
            json!({ "timestamp": TIME_A, "level": "INFO", "requestId": other, "message": report(A) })
        ),
        format!(
            "{}\n",
            json!({ "timestamp": TIME_A, "level": "INFO", "requestId": other, "message": json_report(A, TIME_A) })
        ),
        subscription("forwarder", "1", MS_A, wrapped.clone()),
        subscription(
            "forwarder",
            "1",
            MS_A,
            format!("{TIME_A}\t{other}\tINFO\t{}", report(A)),
        ),
    ];
    for quote in quotes {
        let (records, coverage) = read(format!("{quote}\n{}", report(B)));
        assert_eq!(records.len(), 1, "{quote}");
        assert_eq!((&*records[0].report.request_id, coverage.quoted), (B, 1), "{quote}");
    }
}

#[test]
fn names_of_one_environment_are_not_those_of_another() {
    let start = |name: &str| json!({ "time": TIME_A, "type": "platform.initStart", "record": { "functionName": name, "phase": "init" } });
    let [a, b] = [json_report(A, TIME_A), json_report(B, TIME_B)];
    assert_read(
        "one name",
        format!("{}\n{a}\n{b}\n", start("pay")),
        ["pay", "pay"],
        TIMES,
    );
    assert_read(
        "two names",
        format!("{}\n{}\n{a}\n{b}\n", start("pay"), start("resize")),
        NEITHER,
        TIMES,
    );
    assert_read(
        "one after the other",
        format!("{}\n{a}\n{}\n{b}\n", start("pay"), start("resize")),
        NEITHER,
        TIMES,
    );
    // A line that is cut off says nothing of the next.
    let cut = r#"{"logGroup":"/aws/lambda/other","logEvents":[{"id":"1"#;
    assert_read(
        "cut",
        format!(
            "{cut}\n{}\n{}\n",
            json!({ "message": report(A) }),
            json!({ "message": report(B) })
        ),
        NEITHER,
        NO_TIMES,
    );
    assert_read(
        "cut behind a value",
        format!(
            "{cut}\"\n{}\n{}\n",
            json!({ "message": report(A) }),
            json!({ "message": report(B) })
        ),
        NEITHER,
        NO_TIMES,
    );
}

#[test]
fn what_holds_no_report_says_what_it_looks_like() {
    for (bytes, looks) in [
        (&b""[..], Looks::Empty),
        (b"hello\nSTART RequestId: a Version: 1\n", Looks::LambdaLog),
        (
            b"START\nEND Duration: 3.22 ms\tBilled Duration: 4 ms\n",
            Looks::Serverless,
        ),
        (
            b"{\"schema_version\": 1, \"tool_version\": \"0.1.0\"}",
            Looks::TunerDocument,
        ),
        (
            b"{\"event_type\":\"performance\",\"used_memory_max\":63,\"total_memory\":256}\n",
            Looks::LambdaInsights,
        ),
        (b"@timestamp,@requestId\n2026-09-21,a\n", Looks::InsightsFields),
        (b"{\"a\": 1}", Looks::Json),
        (b"words\n", Looks::Text),
        (b"\x00\x01\x02", Looks::Binary),
    ] {
        let (records, coverage) = read(bytes);
        assert_eq!((records.len(), coverage.notes[0].looks), (0, Some(looks)), "{looks:?}");
    }
}

#[test]
fn words_about_failures_and_documents_of_ours_are_no_invocations() {
    let words = "the handler says: Task timed out after 3.00 seconds\nIt prints `Task timed out after 3.00 seconds`.\n";
    let document = json!({ "schema_version": 1, "tool_version": "0.1.0", "messages": [report(A)], "status": "Task timed out after 3.00 seconds" });
    for text in [
        words.to_owned(),
        document.to_string(),
        serde_json::to_string_pretty(&document).unwrap(),
    ] {
        let reader = Box::new(Cursor::new(text.clone().into_bytes()));
        let input = Input::Reader {
            name: "log".into(),
            reader,
        };
        let (summary, coverage) = tuner_logs::summarize(vec![input], &Options::default());
        assert_eq!(
            (summary.rows.len(), summary.unattributed_timeouts, coverage.reports),
            (0, 0, 0),
            "{text}"
        );
    }
}

#[test]
fn archives_and_other_compression() {
    let folder = tempfile::tempdir().unwrap();
    let text = |id: &str, time: &str| format!("{time} {}", report(id));
    let zipped = folder.path().join("logs.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&zipped).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive
        .start_file("aws/lambda/resize/2026-09-21-[1]ab/000000.gz", options)
        .unwrap();
    archive.write_all(&gzip(text(A, TIME_A).as_bytes())).unwrap();
    archive
        .start_file("aws/lambda/pay/2026-09-21-[1]ab/000000.log", options)
        .unwrap();
    archive.write_all(text(B, TIME_B).as_bytes()).unwrap();
    archive.start_file("readme.txt", options).unwrap();
    archive.write_all(b"words\n").unwrap();
    archive.finish().unwrap();
    let mut records = Vec::new();
    let coverage = for_each_record(vec![Input::from(&zipped)], &Options::default(), |record| {
        records.push((record.function.to_string(), record.report.request_id.clone()));
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!(
        records,
        [("pay".to_owned(), B.to_owned()), ("resize".to_owned(), A.to_owned())]
    );
    assert_eq!(
        (coverage.files, coverage.with_reports, coverage.problems.len()),
        (3, 2, 0)
    );
    assert!(
        coverage.notes[0].name.ends_with("logs.zip/readme.txt"),
        "{:?}",
        coverage.notes
    );
    // Cut off, it says so, and nothing is taken for read.
    let bytes = std::fs::read(&zipped).unwrap();
    std::fs::write(&zipped, &bytes[..bytes.len() / 2]).unwrap();
    let (_, coverage) = tuner_logs::summarize(vec![Input::from(&zipped)], &Options::default());
    assert_eq!((coverage.reports, coverage.problems.len()), (0, 1));
    // What is not undone is named with what undoes it.
    let (_, coverage) = read(b"\xfd7zXZ\0 and more".to_vec());
    let looks = coverage.notes[0].looks.unwrap();
    assert!(looks.is_unreadable() && looks.way_out().unwrap().contains("xz -dc"));
}

#[test]
fn members_of_tar_archives_are_files() {
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("logs.tar.gz");
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in [
        (
            "aws/lambda/resize/2026-09-21-[1]ab/000000.gz",
            gzip(format!("{TIME_A} {}", report(A)).as_bytes()),
        ),
        (
            "aws/lambda/pay/2026-09-21-[1]ab/000000.log",
            format!("{TIME_B} {}", report(B)).into_bytes(),
        ),
        ("readme.txt", b"words\n".to_vec()),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        archive.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    std::fs::write(&packed, gzip(archive.into_inner().unwrap())).unwrap();
    let mut records = Vec::new();
    let mut read = || {
        records.clear();
        let coverage = for_each_record(vec![Input::from(&packed)], &Options::default(), |record| {
            records.push((record.function.to_string(), record.report.request_id.clone()));
            Ok::<_, ()>(())
        })
        .unwrap();
        (records.clone(), coverage.files, coverage.problems.len())
    };
    let both = vec![("resize".to_owned(), A.to_owned()), ("pay".to_owned(), B.to_owned())];
    assert_eq!(read(), (both.clone(), 3, 0));
    // Cut off, it says so; what came before counts.
    let bytes = std::fs::read(&packed).unwrap();
    std::fs::write(&packed, &bytes[..bytes.len() - 40]).unwrap();
    let (_, _, problems) = read();
    assert_eq!(problems, 1);
}

#[test]
fn records_tell_environment_and_tenant_where_the_log_does() {
    let init = |kind: &str| {
        json!({ "time": TIME_A, "type": "platform.initStart", "record": {
            "initializationType": kind, "phase": "init", "functionName": "pay", "functionVersion": "7" } })
    };
    let start = |id: &str, tenant: Option<&str>| {
        let mut event =
            json!({ "time": TIME_A, "type": "platform.start", "record": { "requestId": id, "version": "7" } });
        if let Some(tenant) = tenant {
            event["record"]["tenantId"] = tenant.into();
        }
        event
    };
    let managed = json!({ "time": TIME_A, "type": "platform.report", "record": {
        "requestId": A, "metrics": { "durationMs": 1.148 }, "status": "success" } });
    let told = |events: &[Value]| -> Vec<_> {
        let log: String = events.iter().map(|event| format!("{event}\n")).collect();
        let (records, _) = read(log);
        let told = records.iter().map(|record| {
            (
                record.initialization_type.as_deref().map(str::to_owned),
                record.report.tenant_id.clone(),
                record.report.billed_duration_ms,
            )
        });
        told.collect()
    };
    let words = |word: &str| Some(word.to_owned());
    assert_eq!(
        told(&[
            init("provisioned-concurrency"),
            start(A, Some("blue")),
            json_report(A, TIME_A),
            start(B, None),
            json_report(B, TIME_B),
        ]),
        [
            (words("provisioned-concurrency"), words("blue"), Some(13)),
            (words("provisioned-concurrency"), None, Some(13)),
        ]
    );
    assert_eq!(
        told(&[init("lambda-managed-instances"), start(A, None), managed]),
        [(words("lambda-managed-instances"), None, None)]
    );
    // An environment that is older than the file is of an unknown kind.
    assert_eq!(
        told(&[start(A, None), init("provisioned-concurrency"), json_report(A, TIME_A)]),
        [(None, None, Some(13))]
    );
}
