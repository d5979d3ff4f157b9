//! A function at the bench: an environment with a specimen in it.

#![allow(dead_code, unreachable_pub, reason = "each user of this file takes a part of it")]
#![allow(clippy::unwrap_used, reason = "tests")]

pub mod specimen;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tuner_core::Architecture;
use tuner_local::confinement::{Confinement, ConfinementChoice, CpuPeriod};
use tuner_local::environment::{Environment, EnvironmentSpec, Event, LogFormat, StartError};

pub struct Bench {
    environment: Environment,
    events: u32,
}

/// An answer, with its log as text.
pub struct Seen {
    pub payload: String,
    pub function_error: Option<String>,
    pub log: String,
    pub reusable: bool,
}

impl Bench {
    pub async fn start(change: impl FnOnce(&mut EnvironmentSpec)) -> Self {
        Self::try_start(change).await.unwrap()
    }

    pub async fn try_start(change: impl FnOnce(&mut EnvironmentSpec)) -> Result<Self, StartError> {
        Self::confined(ConfinementChoice::Auto, CpuPeriod::Lambda, change).await
    }

    pub async fn confined(
        choice: ConfinementChoice,
        period: CpuPeriod,
        change: impl FnOnce(&mut EnvironmentSpec),
    ) -> Result<Self, StartError> {
        let confinement = Arc::new(Confinement::detect(choice, period).unwrap());
        let program = std::env::current_exe().unwrap().to_string_lossy().into_owned();
        let arguments = ["act_as_function", "--exact", "--nocapture", "--test-threads=1"].map(String::from);
        let mut spec = EnvironmentSpec {
            function_name: "specimen".into(),
            version: "$LATEST".into(),
            command: [vec![program], arguments.to_vec()].concat(),
            working_directory: None,
            runtime_variables: std::collections::BTreeMap::new(),
            handler: "specimen".into(),
            variables: std::collections::BTreeMap::new(),
            memory_size_mb: 128,
            timeout: Duration::from_secs(3),
            init_timeout: Duration::from_secs(10),
            architecture: Architecture::X86_64,
            region: "us-east-1".into(),
            log_group: "/aws/lambda/specimen".into(),
            log_format: LogFormat::Text,
        };
        change(&mut spec);
        Ok(Self {
            environment: Environment::start(spec, confinement).await?,
            events: 0,
        })
    }

    pub async fn invoke(&mut self, payload: &str) -> Seen {
        self.events += 1;
        let event = Event {
            request_id: format!("r-{}", self.events),
            invoked_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:specimen".into(),
            payload: payload.to_owned().into(),
            client_context: None,
        };
        let answer = self.environment.handle(event).await;
        Seen {
            payload: String::from_utf8(answer.payload.to_vec()).unwrap(),
            function_error: answer.function_error,
            log: String::from_utf8_lossy(&answer.log).into_owned(),
            reusable: answer.reusable,
        }
    }

    /// The process ID of the function.
    pub fn pid(&self) -> i64 {
        self.environment.process_id().unwrap().into()
    }
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap()
    }

    /// A number of the REPORT line.
    pub fn field(&self, name: &str) -> Option<f64> {
        let report = self.log.lines().rev().find(|l| l.starts_with("REPORT "))?;
        let value = report
            .split('\t')
            .find_map(|f| f.strip_prefix(name)?.strip_prefix(": "))?;
        value.split(' ').next()?.parse().ok()
    }
}

/// The state of a process as in `/proc/PID/stat`; `X` if there is none.
pub fn state_of(pid: i64) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next())
        .unwrap_or('X')
}

/// Until the process is frozen: a signal takes effect when the process is next scheduled.
pub async fn until_frozen(pid: i64) {
    until_state(pid, &['T']).await;
}

pub async fn until_gone(pid: i64) {
    until_state(pid, &['X', 'Z']).await;
}

/// Until the process is gone and its parent has taken note.
pub async fn until_reaped(pid: i64) {
    until_state(pid, &['X']).await;
}

async fn until_state(pid: i64, states: &[char]) {
    for _ in 0..6000 {
        if states.contains(&state_of(pid)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "process {pid} is in state {} and not in one of {states:?}",
        state_of(pid)
    );
}

/// Every cgroup made by an instrument, on the whole host.
pub fn cgroups() -> Vec<String> {
    let mut found = Vec::new();
    let mut to_visit = vec![std::path::PathBuf::from("/sys/fs/cgroup")];
    while let Some(dir) = to_visit.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                if entry.file_name().to_string_lossy().starts_with("tuner-local-") {
                    found.push(entry.path().display().to_string());
                }
                to_visit.push(entry.path());
            }
        }
    }
    found
}
