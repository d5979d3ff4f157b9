use super::*;

const ID: &str = "c3252230-c73d-49f6-8844-968c01d1e2e1";

/// ID and type of the error that an event tells of.
fn told(event: &str) -> Option<(Option<String>, Option<String>)> {
    of_event(event.as_bytes()).map(|error| (error.request_id, error.error_type))
}

fn error(id: Option<&str>, kind: &str) -> Option<(Option<String>, Option<String>)> {
    Some((id.map(str::to_owned), Some(kind.to_owned())))
}

#[test]
fn each_runtime_in_text() {
    for (event, id, kind) in [
        (
            "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n\u{a0}\u{a0}File \"/var/task/app.py\", line 3",
            None,
            "KeyError",
        ),
        (
            "[ERROR] KeyError: 'id'\rTraceback (most recent call last):\r File",
            None,
            "KeyError",
        ),
        (
            "LAMBDA_WARNING: Unhandled exception. The most likely cause\n[ERROR] Error: Only base64\nTraceback (most recent call last):",
            None,
            "Error",
        ),
        (
            "[ERROR] NotFound: two\nlines\nTraceback (most recent call last):",
            None,
            "NotFound",
        ),
        (
            "[ERROR] AssertionError\nTraceback (most recent call last):",
            None,
            "AssertionError",
        ),
        (
            "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'pandas'",
            None,
            "Runtime.ImportModuleError",
        ),
        (
            "2026-01-31T10:00:00.000Z\tc3252230-c73d-49f6-8844-968c01d1e2e1\tERROR\tInvoke Error \t{\"errorType\":\"ReferenceError\",\"errorMessage\":\"x is not defined\",\"stack\":[\"ReferenceError: x\"]}",
            Some(ID),
            "ReferenceError",
        ),
        (
            "2026-01-31T10:00:00.000Z\tc3252230-c73d-49f6-8844-968c01d1e2e1\tERROR\tUnhandled Promise Rejection \t{\"errorType\":\"Runtime.UnhandledPromiseRejection\",\"errorMessage\":\"Error: x\"}",
            Some(ID),
            "Runtime.UnhandledPromiseRejection",
        ),
        (
            "2026-01-31T10:00:00.000Z\tundefined\tERROR\tUncaught Exception \t{\"errorType\":\"Runtime.ImportModuleError\",\"errorMessage\":\"Error: Cannot find module 'x'\"}",
            None,
            "Runtime.ImportModuleError",
        ),
        (
            "Input must contain 2 numbers.: example.InputLengthException\nexample.InputLengthException: Input must contain 2 numbers.\n\tat example.HandlerDivide.handleRequest(HandlerDivide.java:23)\n\tat java.base/jdk.internal.Reflect",
            None,
            "example.InputLengthException",
        ),
        (
            "java.lang.NullPointerException: java.lang.NullPointerException\njava.lang.NullPointerException\n\tat example.H.h(H.java:2)",
            None,
            "java.lang.NullPointerException",
        ),
        (
            "two\nlines: java.lang.RuntimeException\njava.lang.RuntimeException: two\nlines\n\tat example.H.h(H.java:2)",
            None,
            "java.lang.RuntimeException",
        ),
        (
            "2026-01-31T10:00:00.000Z\tc3252230-c73d-49f6-8844-968c01d1e2e1\tfail\tSystem.ApplicationException: Application goes bad\n ---> System.ArgumentNullException: x\n   at Function.Handler() in /src/Function.cs:line 72",
            Some(ID),
            "System.ApplicationException",
        ),
        (
            "Error raised from handler method\n{\n  \"errorMessage\": \"no\",\n  \"errorType\": \"Function<TypeError>\",\n  \"stackTrace\": []\n}",
            None,
            "Function<TypeError>",
        ),
        (
            "2026/01/31 10:00:00 {\"errorMessage\":\"not found\",\"errorType\":\"errorString\"}",
            None,
            "errorString",
        ),
        (
            "2026/01/31 10:00:00 {\"errorMessage\":\"index out of range\",\"errorType\":\"boundsError\",\"stackTrace\":[{\"path\":\"main.go\",\"line\":7,\"label\":\"handle\"}]}",
            None,
            "boundsError",
        ),
        (
            "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()",
            None,
            "panic",
        ),
        (
            "fatal error: concurrent map writes\n\ngoroutine 19 [running]:\n",
            None,
            "panic",
        ),
        (
            "thread 'main' panicked at src/main.rs:10:5:\nboom\nnote: run with `RUST_BACKTRACE=1`",
            None,
            "panic",
        ),
        ("thread 'main' panicked at 'boom', src/main.rs:2:5", None, "panic"),
        (
            "thread 'tokio-runtime-worker' (12) panicked at src/main.rs:2:5:\nboom",
            None,
            "panic",
        ),
        (
            "ERROR Lambda runtime invoke{requestId=\"c3252230-c73d-49f6-8844-968c01d1e2e1\" xrayTraceId=\"Root=1\"}: user handler panicked error=Any { .. }",
            Some(ID),
            "panic",
        ),
    ] {
        assert_eq!(told(event), error(id, kind), "{event}");
    }
}

#[test]
fn each_runtime_in_json() {
    let in_json = |text: &str| text.replace("ID", ID);
    for (event, kind) in [
        (
            r#"{"timestamp": "2026-01-31T10:00:00Z", "log_level": "ERROR", "errorMessage": "'id' {", "errorType": "KeyError", "requestId": "ID", "stackTrace": ["  File \"/var/task/app.py\", line 3"]}"#,
            "KeyError",
        ),
        (
            r#"{"timestamp":"2026-01-31T10:00:00.000Z","level":"ERROR","requestId":"ID","message":{"errorType":"TypeError","errorMessage":"x","stackTrace":["TypeError: x","    at"]}}"#,
            "TypeError",
        ),
        (
            r#"{"timestamp":"2026-01-31T10:00:00.000Z","level":"Error","requestId":"ID","traceId":"Root=1","message":null,"errorType":"System.ApplicationException","errorMessage":"bad","stackTrace":["a"]}"#,
            "System.ApplicationException",
        ),
        (
            r#"{"timestamp":"2026-01-31T10:00:00.000Z","level":"Error","requestId":"ID","message":"","errorType":"System.ApplicationException","errorMessage":"bad"}"#,
            "System.ApplicationException",
        ),
        (
            r#"{"timestamp":"2026-01-31T10:00:00.000Z","message":"bad: java.lang.IllegalStateException\njava.lang.IllegalStateException: bad\n\tat example.H.h(H.java:9)\n","level":"ERROR","AWSRequestId":"ID"}"#,
            "java.lang.IllegalStateException",
        ),
        // The warning that older ones put before it in the same event.
        (
            r#"LAMBDA_WARNING: Unhandled exception. For more {information}, see https://docs.aws.amazon.com/{"timestamp": "2024-06-17T17:23:55Z", "log_level": "ERROR", "errorMessage": "no", "errorType": "KeyError", "requestId": "ID"}"#,
            "KeyError",
        ),
    ] {
        let event = in_json(event);
        assert_eq!(told(&event), error(Some(ID), kind), "{event}");
    }
    let ruby = r#"{"errorMessage":"no","errorType":"Function<TypeError>","stackTrace":[]}"#;
    assert_eq!(told(ruby), error(None, "Function<TypeError>"));
}

#[test]
fn what_an_application_writes_is_no_error_of_its_invocation() {
    for event in [
        // Loggers at level ERROR, with and without a stack.
        "[ERROR]\t2026-01-31T10:00:00.000Z\tc3252230-c73d-49f6-8844-968c01d1e2e1\tKeyError: 'id'\nTraceback (most recent call last):",
        "[ERROR] could not connect: retrying",
        "[ERROR] Failed to load, using the default\n",
        "[ERROR] Failed: no\nEND RequestId: 1\nTraceback (most recent call last):",
        "words[ERROR] KeyError: 'id'",
        "2026-01-31T10:00:00.000Z\tc3252230-c73d-49f6-8844-968c01d1e2e1\tERROR\tcaught {\"errorType\":\"Error\",\"errorMessage\":\"x\"}",
        "2026-01-31T10:00:00.000Z\tc3252230-c73d-49f6-8844-968c01d1e2e1\tINFO\t{\"errorMessage\":\"x\",\"errorType\":\"Error\",\"trace\":[]}",
        r#"{"timestamp": "2026-01-31T10:00:00Z", "level": "ERROR", "message": "had an error", "logger": "root", "stackTrace": [], "errorType": "KeyError", "errorMessage": "'id'", "requestId": "1"}"#,
        r#"{"timestamp":"2026-01-31T10:00:00.000Z","level":"ERROR","requestId":"1","message":"caught","errorType":"Error","errorMessage":"x","stackTrace":["Error: x"]}"#,
        r#"{"timestamp":"2026-01-31T10:00:00.000Z","level":"WARN","requestId":"1","message":{"errorType":"TypeError","errorMessage":"x","stackTrace":[]}}"#,
        r#"{"level":"error","errorType":7}"#,
        r#"{"timestamp":"2026-01-31T10:00:00.000Z","message":"it said java.lang.X: bad","level":"ERROR","AWSRequestId":"1"}"#,
        // The answer of another function.
        r#"{"errorMessage": "'id'", "errorType": "KeyError", "requestId": "1", "stackTrace": []}"#,
        "got {\"errorMessage\":\"x\",\"errorType\":\"errorString\"}",
        // Stacks that are printed.
        "java.lang.RuntimeException: caught\n\tat example.H.h(H.java:2)",
        "10:00 ERROR Handler - caught\njava.lang.RuntimeException: caught\n\tat example.H.h(H.java:2)",
        "x: java.lang.A\njava.lang.A: x\nCaused by: java.lang.B: y\n\tat example.H.h(H.java:2)",
        "2026-01-31T10:00:00.000Z\t1\tfail\tcaught System.Exception: x\n   at Function.Handler()",
        "2026-01-31T10:00:00.000Z\t1\tfail\tOrder.Rejected: no stock",
        "the thread panicked at noon",
        "goroutine 7 [running]:\nmain.dump()",
        "",
    ] {
        assert_eq!(told(event), None, "{event}");
    }
}

#[test]
fn node_may_log_an_error_and_go_on() {
    let line = format!(
        r#"{{"timestamp":"2026-01-31T10:00:00.000Z","level":"ERROR","requestId":"{ID}","message":{{"errorType":"TypeError","errorMessage":"x","stackTrace":[]}}}}"#
    );
    let next =
        format!(r#"{{"timestamp":"2026-01-31T10:00:00.001Z","level":"INFO","requestId":"{ID}","message":"as usual"}}"#);
    assert_eq!(told(&format!("{line}\n{next}\n")), None);
    assert!(told(&format!("{line}\n{}\n", next.replace(ID, "another"))).is_some());
    assert!(told(&format!("{line}\n{{\"time\":\"2026-01-31T10:00:00.001Z\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{ID}\"}}}}\n")).is_some());
}

#[test]
fn an_import_that_fails_is_an_error_of_the_initialisation() {
    let outcome = |kind: &str| {
        FunctionError {
            request_id: None,
            error_type: Some(kind.to_owned()),
        }
        .outcome()
    };
    assert_eq!(outcome("Runtime.ImportModuleError"), Outcome::InitError);
    assert_eq!(outcome("Init<LoadError>"), Outcome::InitError);
    assert_eq!(outcome("KeyError"), Outcome::FunctionError);
    assert_eq!(FunctionError::default().outcome(), Outcome::FunctionError);
}

/// What writes to standard output has each line as an event of its own, with the time that an export puts before it.
#[test]
fn each_line_of_a_stack_may_be_an_event() {
    let stacks = [
        (
            "x: example.A\nexample.A: x\n\tat example.H.h(H.java:2)\n\tat example.H.g(H.java:9)",
            "?: example.A",
        ),
        (
            "Error raised from handler method\n{\n  \"errorMessage\": \"no\",\n  \"errorType\": \"Function<TypeError>\",\n}",
            "?: Function<TypeError>",
        ),
        (
            "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.main()",
            "?: panic",
        ),
        (
            "2026/01/31 10:00:00 {\"errorMessage\":\"no\",\"errorType\":\"errorString\"}",
            "?: errorString",
        ),
        (
            "2026-01-31T10:00:00.000Z\tc\tfail\tSystem.Exception: x\n   at F.H() in F.cs:line 7",
            "c: System.Exception",
        ),
        ("thread 'main' panicked at src/main.rs:10:5:\nboom", "?: panic"),
    ];
    let streams = ["", "2026/01/31/[$LATEST]ab "];
    for ((stack, told), stream) in stacks.iter().flat_map(|stack| streams.map(|stream| (stack, stream))) {
        let lines: Vec<String> = stack
            .lines()
            .map(|line| format!("2026-01-31T10:00:00.000Z {stream}{line}\n"))
            .collect();
        let found: Vec<String> = scanned(&lines.concat())
            .iter()
            .map(|told| told.split(" in ").next().unwrap().to_owned())
            .collect();
        assert_eq!(found, [*told], "{lines:?}");
    }
    // A stack that an application prints has no headline, with times before its lines or without.
    let printed = "2026-01-31T10:00:00.000Z example.A: x\n2026-01-31T10:00:00.000Z \tat example.H.h(H.java:2)\n";
    assert_eq!(scanned(printed), [""; 0]);
}

#[test]
fn only_the_first_frame_of_a_stack_tells() {
    let stack = "x: example.A\nexample.A: x\n\tat example.H.h(H.java:2)\n\tat example.H.g(H.java:9)\nCaused by: example.B: y\n\tat example.H.f(H.java:1)\n";
    let frames: Vec<bool> = memmem::find_iter(stack.as_bytes(), Mark::Frame.needle())
        .map(|at| Mark::Frame.read(stack.as_bytes(), at).is_some())
        .collect();
    assert_eq!(frames, [true, false, false]);
}

/// What a chunk tells: `+ID` for a START, `ID: TYPE` for an error, with the stream.
fn scanned(chunk: &str) -> Vec<String> {
    let mut all = Vec::new();
    scan_errors(chunk.as_bytes(), |told| {
        let stream = told.stream.map_or(String::new(), |stream| {
            format!(" in {}", String::from_utf8_lossy(stream))
        });
        all.push(match told.said {
            Said::Started(started) => {
                let tenant = started
                    .tenant_id()
                    .map_or(String::new(), |tenant| format!(" for {tenant}"));
                format!("+{}{tenant}{stream}", started.request_id)
            }
            Said::Initialised(kind) => format!("*{kind}{stream}"),
            Said::Durable { request_id, execution } => format!("{request_id} of {execution}{stream}"),
            Said::Failed(error) => {
                let part = |part: Option<String>| part.unwrap_or_else(|| "?".into());
                format!("{}: {}{stream}", part(error.request_id), part(error.error_type))
            }
        });
    });
    all
}

#[test]
fn lines_of_a_file_as_lambda_writes_them() {
    let chunk = "2026-01-31T10:00:00.000Z START RequestId: a Version: $LATEST\n\
         2026-01-31T10:00:00.000Z [ERROR] KeyError: 'id'\nTraceback (most recent call last):\n  File\n\
         2026-01-31T10:00:00.000Z END RequestId: a\n\
         {\"time\":\"2026-01-31T10:00:00.000Z\",\"type\":\"platform.start\",\"record\":{\"requestId\":\"b\",\"version\":\"1\"}}\n\
         {\"timestamp\":\"2026-01-31T10:00:00.000Z\",\"message\":\"bad: e.A\\ne.A: bad\\n\\tat e.H.h(H.java:9)\\n\\tat e.H.g(H.java:9)\",\"level\":\"ERROR\",\"AWSRequestId\":\"b\"}\n\
         bad: e.A\ne.A: bad\n\tat e.H.h(H.java:9)\n\tat e.H.g(H.java:9)\n\
         the START RequestId is a word\n";
    assert_eq!(scanned(chunk), ["+a", "?: KeyError", "+b", "b: e.A", "?: e.A"]);
}

#[test]
fn streams_stand_before_lines_and_messages() {
    let tail = "2026-01-31T10:00:00+00:00 2026/01/31/[$LATEST]ab START RequestId: a Version: 1\n\
         2026-01-31T10:00:00+00:00 2026/01/31/[$LATEST]ab [ERROR] KeyError: 'id'\nTraceback (most recent call last):\n";
    assert_eq!(
        scanned(tail),
        ["+a in 2026/01/31/[$LATEST]ab", "?: KeyError in 2026/01/31/[$LATEST]ab"]
    );

    let messages = [
        ("one", "START RequestId: a Version: 1\n"),
        ("two", "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n"),
        (
            "one",
            "bad: e.A\ne.A: bad\n\tat e.H.h(H.java:9)\n\tat e.H.g(H.java:9)\n",
        ),
        (
            "one",
            "2026-01-31T10:00:00.000Z\tc\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"x\"}\n",
        ),
        (
            "two",
            "{\"timestamp\":\"2026-01-31T10:00:00.000Z\",\"message\":\"bad: e.A\\ne.A: bad\\n\\tat e.H.h(H.java:9)\",\"level\":\"ERROR\",\"AWSRequestId\":\"d\"}\n",
        ),
        (
            "two",
            "2026-01-31T10:00:00.000Z\te\tfail\tSystem.Exception: x\n   at Function.Handler()\n",
        ),
    ];
    let told = [
        "+a in one",
        "?: KeyError in two",
        "?: e.A in one",
        "c: TypeError in one",
        "d: e.A in two",
        "e: System.Exception in two",
    ];
    let events: Vec<serde_json::Value> = messages
        .iter()
        .map(|(stream, message)| serde_json::json!({ "logStreamName": stream, "message": message }))
        .collect();
    let document = serde_json::json!({ "events": events });
    assert_eq!(scanned(&document.to_string()), told);
    assert_eq!(scanned(&serde_json::to_string_pretty(&document).unwrap()), told);
}

#[test]
fn time_is_linear_whatever_the_bytes() {
    let pieces = [
        "errorType",
        "{\"errorType\":",
        "\"errorType\":\"",
        "\\\"errorType\\\"",
        "[ERROR] A:\n",
        "[ERROR] Error\r",
        "\n\tat ",
        "\\tat ",
        "{\"AWSRequestId\":\"ERROR",
        "\n2026-01-31T10:00:00.000Z \tat ",
        "panicked at ",
        "user handler panicked ",
        "goroutine 1 [running]:\n",
        "\tfail\tA.B:\n",
        "START RequestId: a ",
        "\"platform.start\"",
        "{\"message\":\"\\tat ",
        ",\"errorType\":\"Error\",{",
        "{\"a\":",
        "\\\"",
        "Invoke Error {\"errorType\":\"",
    ];
    for piece in pieces {
        for head in ["", "{", "{\"message\":\"", "[\""] {
            let chunk = head.to_owned() + &piece.repeat((256 << 10) / piece.len());
            let started = std::time::Instant::now();
            scan_errors(chunk.as_bytes(), |_| {});
            eprintln!("{:?} {head} {piece:?}", started.elapsed());
        }
    }
}

#[test]
fn the_loggers_of_durable_functions_name_the_execution() {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders:7/durable-execution/order-4711/550e8400-e29b";
    let of_a = format!("a-1 of {arn}");
    for line in [
        // Node, Python, Python with Powertools, Java.
        format!(r#"{{"requestId":"a-1","timestamp":"x","level":"INFO","executionArn":"{arn}","message":{{"x":[1]}}}}"#),
        format!(
            r#"{{"timestamp": "x", "level": "INFO", "message": "got {{}}", "logger": "root", "requestId": "a-1", "executionArn": "{arn}"}}"#
        ),
        format!(r#"{{"level":"INFO","execution_arn":"{arn}","function_request_id":"a-1"}}"#),
        format!(r#"{{"message":"m","mdc":{{"durableExecutionArn":"{arn}","requestId":"a-1"}}}}"#),
    ] {
        assert_eq!(scanned(&line), [of_a.as_str()], "{line}");
        let message = serde_json::json!({ "logEvents": [{ "message": line }] }).to_string();
        assert_eq!(scanned(&message), [of_a.as_str()], "{message}");
    }
    for line in [
        format!("now in {arn}"),
        format!(r#"{{"requestId":"a-1"}} {{"executionArn":"{arn}"}}"#),
        format!(r#"{{"requestId":"a-1","other":"{arn}"}}"#),
        format!(r#"{{"requestId":"a b","executionArn":"{arn}"}}"#),
        r#"{"requestId":"a-1","executionArn":"/durable-execution/"}"#.into(),
        arn[..60].into(),
    ] {
        assert_eq!(scanned(&line), [""; 0], "{line}");
    }
}
