//! The local execution environment under a real process: this test binary, started again as a function.

mod support;

use std::time::Duration;

use support::{Bench, specimen};

/// Not a test of its own: what the others start as a function.
#[test]
fn act_as_function() {
    if specimen::is_function() {
        specimen::run();
    }
}

#[tokio::test]
async fn a_cold_start_reports_its_init_and_a_warm_one_does_not() {
    let mut bench = Bench::start(|_| {}).await;
    let cold = bench.invoke(r#"{"print":"hello\n"}"#).await;
    assert_eq!(cold.payload, r#""done""#);
    assert_eq!(cold.function_error, None);
    let lines: Vec<_> = cold
        .log
        .lines()
        .filter(|l| !l.is_empty() && !l.contains("running") && !l.starts_with("test act_as"))
        .collect();
    assert!(lines[0].starts_with("INIT_START "), "{}", cold.log);
    assert_eq!(lines[1], "init output");
    assert_eq!(lines[2], "START RequestId: r-1 Version: $LATEST");
    assert_eq!(lines[3], "hello");
    assert_eq!(lines[4], "END RequestId: r-1");
    assert!(
        lines[5].starts_with("REPORT RequestId: r-1\tDuration: "),
        "{}",
        cold.log
    );
    let init = cold.field("Init Duration").unwrap();
    let billed = cold.field("Billed Duration").unwrap();
    assert_eq!(billed, (cold.field("Duration").unwrap() + init).ceil());

    let warm = bench.invoke("{}").await;
    assert!(warm.log.starts_with("START RequestId: r-2 "), "{}", warm.log);
    assert_eq!(warm.field("Init Duration"), None);
    assert_eq!(
        warm.field("Billed Duration").unwrap(),
        warm.field("Duration").unwrap().ceil()
    );
    assert!(warm.field("Max Memory Used").unwrap() >= 1.0);
    assert!(warm.reusable);
}

#[tokio::test]
async fn the_log_may_be_json() {
    let mut bench = Bench::start(|spec| spec.log_format = tuner_local::environment::LogFormat::Json).await;
    let seen = bench.invoke(r#"{"print":"plain text\n"}"#).await;
    let types: Vec<_> = seen
        .log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["platform.initStart", "platform.start", "platform.report"]);
    assert!(seen.log.contains("\nplain text\n"), "{}", seen.log);
}

#[tokio::test]
async fn a_process_that_ended_while_idle_is_started_again() {
    let mut bench = Bench::start(|_| {}).await;
    bench.invoke("{}").await;
    let pid = bench.pid();
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid as i32),
        nix::sys::signal::Signal::SIGKILL,
    )
    .unwrap();
    support::until_gone(pid).await;
    let seen = bench.invoke("{}").await;
    assert_eq!(seen.payload, r#""done""#, "{}", seen.log);
    assert_eq!(seen.field("Init Duration"), None, "it is part of the duration");
    assert_ne!(bench.pid(), pid);
}

#[tokio::test]
async fn the_end_after_an_answer_is_a_failure_of_the_invocation() {
    let mut bench = Bench::start(|_| {}).await;
    let seen = bench.invoke(r#"{"exit_after_answer":4}"#).await;
    assert_eq!(
        seen.json()["errorMessage"],
        "RequestId: r-1 Error: Runtime exited with error: exit status 4"
    );
    assert!(!seen.reusable);
}

#[tokio::test]
async fn a_timeout_is_exact_and_ends_the_environment() {
    let mut bench = Bench::start(|spec| spec.timeout = Duration::from_millis(300)).await;
    let answer = bench.invoke(r#"{"sleep_ms":60000}"#).await;
    assert_eq!(answer.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(answer.json()["errorType"], "Sandbox.Timedout");
    assert_eq!(
        answer.json()["errorMessage"],
        "RequestId: r-1 Error: Task timed out after 0.30 seconds"
    );
    assert_eq!(answer.field("Duration"), Some(300.0));
    assert!(answer.log.trim_end().ends_with("Status: timeout"), "{}", answer.log);
    assert!(answer.log.contains(" r-1 Task timed out after 0.30 seconds\n"));
    assert!(!answer.reusable);
}

#[tokio::test]
async fn crashes_are_told_apart() {
    for (event, message) in [
        (r#"{"exit":3}"#, "Runtime exited with error: exit status 3"),
        (r#"{"exit":0}"#, "Runtime exited without providing a reason"),
        (r#"{"abort":true}"#, "Runtime exited with error: signal: aborted"),
    ] {
        let mut bench = Bench::start(|_| {}).await;
        let answer = bench.invoke(event).await;
        assert_eq!(answer.json()["errorType"], "Runtime.ExitError");
        assert_eq!(
            answer.json()["errorMessage"],
            format!("RequestId: r-1 Error: {message}")
        );
        assert!(
            answer
                .log
                .trim_end()
                .ends_with("Status: error\tError Type: Runtime.ExitError"),
            "{}",
            answer.log
        );
        assert!(!answer.reusable);
    }
}

#[tokio::test]
async fn an_error_of_the_handler_is_passed_on_as_posted() {
    let mut bench = Bench::start(|_| {}).await;
    let answer = bench.invoke(r#"{"error":"My.Error"}"#).await;
    assert_eq!(answer.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(answer.json()["errorType"], "My.Error");
    assert!(!answer.log.contains("Status:"), "an ordinary REPORT: {}", answer.log);
    assert!(answer.reusable);
    assert_eq!(bench.invoke("{}").await.payload, r#""done""#);
}

#[tokio::test]
async fn a_response_may_have_six_megabytes_and_no_more() {
    let mut bench = Bench::start(|spec| spec.memory_size_mb = 1769).await;
    assert_eq!(
        bench.invoke(r#"{"answer_bytes":6291556}"#).await.payload.len(),
        6_291_556
    );
    let answer = bench.invoke(r#"{"answer_bytes":6291557}"#).await;
    assert_eq!(answer.json()["errorType"], "Function.ResponseSizeTooLarge");
    assert!(answer.reusable, "{}", answer.log);
    assert_eq!(bench.invoke("{}").await.payload, r#""done""#);
}

#[tokio::test]
async fn a_failed_init_is_repeated_inside_the_invocation() {
    let dir = tempfile::tempdir().unwrap();
    let once = format!("once:{}:exit:7", dir.path().join("was-here").display());
    let mut bench = Bench::start(|spec| drop(spec.variables.insert(specimen::INIT.into(), once))).await;
    let answer = bench.invoke("{}").await;
    assert_eq!(answer.payload, r#""done""#);
    let init_report = answer.log.lines().find(|l| l.starts_with("INIT_REPORT")).unwrap();
    assert!(
        init_report.ends_with("Phase: init\tStatus: error\tError Type: Runtime.ExitError"),
        "{init_report}"
    );
    assert_eq!(answer.field("Init Duration"), None);
    assert!(answer.reusable);
}

#[tokio::test]
async fn an_init_that_fails_twice_is_the_answer() {
    let mut bench = Bench::start(|spec| drop(spec.variables.insert(specimen::INIT.into(), "error".into()))).await;
    let answer = bench.invoke("{}").await;
    assert_eq!(answer.json()["errorType"], "Config.Missing");
    let reports: Vec<_> = answer.log.lines().filter(|l| l.starts_with("INIT_REPORT")).collect();
    assert!(
        reports[0].ends_with("Phase: init\tStatus: error\tError Type: Config.Missing"),
        "{}",
        answer.log
    );
    assert!(
        reports[1].ends_with("Phase: invoke\tStatus: error\tError Type: Config.Missing"),
        "{}",
        answer.log
    );
    assert!(
        answer
            .log
            .trim_end()
            .ends_with("Status: error\tError Type: Config.Missing"),
        "{}",
        answer.log
    );
    assert!(!answer.reusable);
}

#[tokio::test]
async fn a_slow_init_is_stopped_and_repeated() {
    let mut bench = Bench::start(|spec| {
        spec.init_timeout = Duration::from_millis(100);
        spec.variables.insert(specimen::INIT.into(), "sleep:300".into());
    })
    .await;
    let answer = bench.invoke("{}").await;
    assert!(
        answer
            .log
            .contains("INIT_REPORT Init Duration: 100.00 ms\tPhase: init\tStatus: timeout\n"),
        "{}",
        answer.log
    );
    assert_eq!(answer.payload, r#""done""#);
    assert!(answer.field("Duration").unwrap() >= 300.0);
    assert_eq!(answer.field("Init Duration"), None);
}

#[tokio::test]
async fn a_program_that_is_no_function_is_told_so() {
    let mut bench = Bench::start(|spec| {
        spec.command = vec!["sleep".into(), "60".into()];
        spec.init_timeout = Duration::from_millis(50);
        spec.timeout = Duration::from_millis(50);
    })
    .await;
    let answer = bench.invoke("{}").await;
    let message = answer.json()["errorMessage"].as_str().unwrap().to_owned();
    assert!(
        message.contains("Task timed out after 0.05 seconds: `sleep` never asked the Runtime API"),
        "{message}"
    );
}

#[tokio::test]
async fn a_program_that_can_not_be_started_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("script").display().to_string();
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let mode = |mode| std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();

    let error = async |program: &str| {
        let command = vec![program.to_owned()];
        Bench::try_start(|spec| spec.command = command)
            .await
            .err()
            .unwrap()
            .to_string()
    };
    let expected = "cannot start `no-such-program`: no such program; give its path, or put it on the PATH";
    assert_eq!(error("no-such-program").await, expected);
    assert_eq!(
        error("/no/such/file").await,
        "cannot start `/no/such/file`: no such file"
    );
    mode(0o600);
    assert!(error(&script).await.ends_with("is it executable?"));
    mode(0o700);
    assert!(
        error(&script)
            .await
            .contains("what its `#!` line or its loader names is not")
    );
}

#[tokio::test]
async fn calls_out_of_turn_are_refused() {
    let mut bench = Bench::start(|_| {}).await;
    let answer = bench.invoke(r#"{"misbehave":true}"#).await;
    assert_eq!(answer.payload, r#"["400","403"]"#);
    assert!(answer.log.contains("second answer: 403"), "{}", answer.log);
}

#[tokio::test]
async fn a_flood_of_output_keeps_the_report() {
    let mut bench = Bench::start(|spec| spec.memory_size_mb = 1769).await;
    let answer = bench.invoke(r#"{"flood_mb":20}"#).await;
    assert!(answer.log.len() < 100_000);
    assert!(answer.log.lines().last().unwrap().starts_with("REPORT "));
    let mut bench = Bench::start(|spec| spec.timeout = Duration::from_millis(200)).await;
    let answer = bench.invoke(r#"{"flood_forever":true}"#).await;
    assert!(answer.log.trim_end().ends_with("Status: timeout"));
}

#[tokio::test]
async fn an_idle_environment_is_frozen() {
    let mut bench = Bench::start(|_| {}).await;
    // What it does after its answer is counted, and nothing happens between events.
    let answer = bench
        .invoke(r#"{"sleep_after_answer_ms":50,"start":["sleep","60"]}"#)
        .await;
    assert!(answer.field("Duration").unwrap() >= 50.0);
    support::until_frozen(bench.pid()).await;
}

#[tokio::test]
async fn nothing_of_the_caller_leaks_and_the_event_has_its_headers() {
    let mut bench = Bench::start(|spec| drop(spec.variables.insert("MINE".into(), "1".into()))).await;
    let answer = bench.invoke(r#"{"environment":true}"#).await.json();
    assert_eq!(answer["MINE"], "1");
    assert_eq!(answer["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    assert_eq!(answer.get("CARGO_MANIFEST_DIR"), None);
    let headers = bench.invoke(r#"{"headers":true}"#).await.json();
    assert_eq!(headers["lambda-runtime-aws-request-id"], "r-2");
    let deadline_ms: i64 = headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    let left_ms = deadline_ms - jiff::Timestamp::now().as_millisecond();
    assert!((0..=3000).contains(&left_ms), "{left_ms}");
}

#[tokio::test]
async fn no_process_outlives_the_environment() {
    let mut bench = Bench::start(|_| {}).await;
    let escaped = bench
        .invoke(r#"{"start":["sleep","600"]}"#)
        .await
        .json()
        .as_i64()
        .unwrap();
    assert_ne!(support::state_of(escaped), 'X');
    let own = bench.pid();
    drop(bench);
    support::until_gone(own).await;
    support::until_gone(escaped).await;
}
