//! A Lambda function for testing the instrument: plain `std`, so that nothing but what the event asks for takes time or
//! memory. It speaks the Runtime API by hand.
//!
//! An event is an object with one action: `{"burn": ITERATIONS, "threads": N}`, `{"sleep_ms": N}`, ...

#![allow(dead_code, unreachable_pub, reason = "each user of this file takes a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for tests"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, exit};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Set to have init do something first: `sleep:MS`, `exit:CODE`, `error`, `cpu:MS`, or one of them with
/// `once:FILE:` before it, which creates the file and does it only if that was not there; `else:FILE:exit:1:` before
/// one exits the first time and does it from then on.
pub const INIT: &str = "SPECIMEN_INIT";

/// Whether this process was started as a function.
pub fn is_function() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// Init, then one event after the other, for ever.
pub fn run() -> ! {
    let mut api = RuntimeApi::connect();
    println!("\ninit output");
    if let Ok(what) = std::env::var(INIT) {
        init(&what, &mut api);
    }
    loop {
        let (head, body) = api.call("GET", "/invocation/next", "", b"");
        let id = head["lambda-runtime-aws-request-id"].clone();
        let event: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        act(&event, &id, &head, &mut api);
    }
}

fn init(what: &str, api: &mut RuntimeApi) {
    let what = match what.strip_prefix("once:") {
        Some(rest) => {
            let (file, what) = rest.split_once(':').unwrap();
            if std::fs::File::create_new(file).is_err() {
                return;
            }
            what
        }
        None => match what.strip_prefix("else:").and_then(|rest| rest.split_once(":exit:1:")) {
            Some((file, _)) if std::fs::File::create_new(file).is_ok() => exit(1),
            Some((_, what)) => what,
            None => what,
        },
    };
    match what.split_once(':').unwrap_or((what, "")) {
        ("sleep", ms) => thread::sleep(Duration::from_millis(ms.parse().unwrap())),
        ("exit", code) => exit(code.parse().unwrap()),
        ("cpu", ms) => use_cpu(Duration::from_millis(ms.parse().unwrap())),
        ("error", _) => {
            let body = br#"{"errorType":"Config.Missing","errorMessage":"no table"}"#;
            api.call(
                "POST",
                "/init/error",
                "Lambda-Runtime-Function-Error-Type: Config.Missing\r\n",
                body,
            );
            exit(1)
        }
        other => panic!("unknown init {other:?}"),
    }
}

fn act(event: &Value, id: &str, head: &BTreeMap<String, String>, api: &mut RuntimeApi) {
    let number = |name: &str| event[name].as_u64();
    let path = format!("/invocation/{id}/response");
    let mut answer = json!("done");
    if let Some(iterations) = number("burn") {
        let threads = number("threads").unwrap_or(1);
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| burn(iterations / threads));
            }
            burn(iterations / threads);
        });
    }
    if let Some(ms) = number("cpu_ms") {
        use_cpu(Duration::from_millis(ms));
    }
    if let Some(ms) = number("sleep_ms") {
        thread::sleep(Duration::from_millis(ms));
    }
    if let Some(mb) = number("allocate_mb") {
        black_box(vec![1u8; (mb << 20) as usize]);
    }
    if let Some(text) = event["print"].as_str() {
        print!("{text}");
        std::io::stdout().flush().unwrap();
    }
    if let Some(mb) = number("flood_mb") {
        let chunk = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..mb * 1024 {
            std::io::stdout().write_all(&chunk).unwrap();
        }
    }
    if event["flood_forever"].as_bool() == Some(true) {
        while std::io::stdout().write_all(&[0xff; 4096]).is_ok() {}
    }
    if event["environment"].as_bool() == Some(true) {
        answer = std::env::vars()
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .map(|(k, v)| (k, json!(v)))
            .collect();
    }
    if event["headers"].as_bool() == Some(true) {
        answer = json!(head);
    }
    if let Some(program) = event["start"].as_array() {
        // A process group of its own: out of reach for a signal to ours.
        let words: Vec<_> = program.iter().filter_map(Value::as_str).collect();
        answer = json!(
            Command::new(words[0])
                .args(&words[1..])
                .process_group(0)
                .spawn()
                .unwrap()
                .id()
        );
    }
    if let Some(most) = number("start_many") {
        // As many as are allowed; the answer says how many.
        let mut started = Vec::new();
        while (started.len() as u64) < most
            && let Ok(child) = Command::new("sleep").arg("600").spawn()
        {
            started.push(child);
        }
        answer = json!(started.len());
        for child in &mut started {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    if let Some(bytes) = number("answer_bytes") {
        answer = json!("x".repeat(bytes as usize - 2));
    }
    if let Some(error_type) = event["error"].as_str() {
        let body = json!({"errorType": error_type, "errorMessage": "as asked", "stackTrace": []}).to_string();
        let header = format!("Lambda-Runtime-Function-Error-Type: {error_type}\r\n");
        api.call("POST", &format!("/invocation/{id}/error"), &header, body.as_bytes());
        return;
    }
    if event["misbehave"].as_bool() == Some(true) {
        // Each of these is refused; the answer says how.
        let wrong = api.call("POST", "/invocation/no-such-id/response", "", b"{}").0["status"].clone();
        let early = api.call("GET", "/invocation/next", "", b"").0["status"].clone();
        api.call("POST", &path, "", json!([wrong, early]).to_string().as_bytes());
        let twice = api.call("POST", &path, "", b"{}").0["status"].clone();
        println!("second answer: {twice}");
        return;
    }
    if let Some(code) = number("exit") {
        exit(code as i32);
    }
    if event["abort"].as_bool() == Some(true) {
        std::process::abort();
    }
    api.call("POST", &path, "", answer.to_string().as_bytes());
    if let Some(code) = number("exit_after_answer") {
        exit(code as i32);
    }
    if let Some(ms) = number("sleep_after_answer_ms") {
        thread::sleep(Duration::from_millis(ms));
    }
}

/// Keeps one processor busy for a time in proportion to `iterations`.
pub fn burn(iterations: u64) -> u64 {
    let mut x = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..iterations {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    black_box(x)
}

/// Works until this thread has had that much CPU time, however long that takes.
fn use_cpu(time: Duration) {
    let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    let used = || Duration::from(nix::time::clock_gettime(clock).unwrap());
    let end = used() + time;
    while used() < end {
        burn(10_000);
    }
}

struct RuntimeApi {
    address: String,
    stream: BufReader<TcpStream>,
}

impl RuntimeApi {
    fn connect() -> Self {
        let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            address,
            stream: BufReader::new(stream),
        }
    }

    /// Returns the head, in lower case and with `status`, and the body.
    fn call(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> (BTreeMap<String, String>, Vec<u8>) {
        let head = format!(
            "{method} /2018-06-01/runtime{path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).unwrap();

        let mut fields = BTreeMap::new();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        fields.insert(
            "status".to_owned(),
            line.split_whitespace().nth(1).expect("a status line").to_owned(),
        );
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            fields.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = fields.get("content-length").map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (fields, body)
    }
}
