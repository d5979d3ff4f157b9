//! How a local Lambda is set up, and how a function is registered in it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use tuner_core::Architecture;

use crate::confinement::{ConfinementChoice, CpuPeriod};
use crate::environment::LogFormat;
use crate::network::Network;

use super::access::AccessKey;
use super::faults::FaultHook;

/// How a [`LocalLambda`](super::LocalLambda) is set up. The defaults are those of an AWS account.
#[derive(Clone)]
pub struct LocalLambdaOptions {
    /// The address to listen on. Whoever reaches it, and has the [`access_key`](Self::access_key) if there is one, can
    /// run the registered programs, and others if there are [`deployments`](Self::deployments). Loopback unless there is
    /// a good reason.
    pub host: IpAddr,
    /// The only access key whose requests are taken; anybody's if none.
    pub access_key: Option<AccessKey>,
    /// Whether CreateFunction and UpdateFunctionCode are offered over HTTP: they bring programs that then run as the user
    /// of this process.
    pub deployments: bool,
    /// Names besides those of loopback that requests may be sent to, such as the one that containers have for their host.
    /// Others are refused: a web page could make its own name mean this machine (DNS rebinding).
    pub allowed_hosts: Vec<String>,
    /// The port to listen on; 0 picks a free one.
    pub port: u16,
    /// The region of every ARN.
    pub region: String,
    /// The account of every ARN: 12 digits.
    pub account_id: String,
    /// How processes are limited in CPU and memory.
    pub confinement: ConfinementChoice,
    /// The period of the CPU quota.
    pub cpu_period: CpuPeriod,
    /// Whether bandwidth follows the memory size.
    pub network: Network,
    /// How long `LastUpdateStatus` stays `InProgress` after a change, and `State` `Pending` after creation and
    /// publishing.
    pub update_delay: Duration,
    /// Concurrent invocations in the account.
    pub concurrency_limit: u32,
    /// The largest memory size the account may use, in MB: 10,240; 3,008 in new accounts.
    pub memory_quota_mb: u32,
    /// Control-plane calls allowed in any second (15 on Lambda; GetFunction has its own 100). No limit if none.
    pub control_plane_limit: Option<usize>,
    /// How long init may take.
    pub init_timeout: Duration,
    /// Idle execution environments are ended after this time.
    pub idle_timeout: Duration,
    /// More idle execution environments than this are ended, the longest idle first.
    pub max_idle_environments: usize,
    /// How long an asynchronous invocation that failed waits before each further try: 1 and 2 minutes on Lambda.
    pub event_retry_delays: Vec<Duration>,
    /// Asked before every call of the HTTP API; see [`Fault`](super::Fault).
    pub faults: Option<FaultHook>,
}

impl Default for LocalLambdaOptions {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            access_key: None,
            deployments: true,
            allowed_hosts: Vec::new(),
            port: 0,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            confinement: ConfinementChoice::Auto,
            cpu_period: CpuPeriod::Lambda,
            network: Network::Host,
            update_delay: Duration::from_millis(40),
            concurrency_limit: 1000,
            memory_quota_mb: 10_240,
            control_plane_limit: None,
            init_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            max_idle_environments: 64,
            event_retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            faults: None,
        }
    }
}

/// A function to be registered: a program on this machine that speaks the Runtime API.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Plain name: letters, digits, hyphens, underscores; at most 64.
    pub name: String,
    /// Program and arguments; started without a shell.
    pub command: Vec<String>,
    /// Where it is started; the current directory if none.
    pub working_directory: Option<PathBuf>,
    /// Given to the process besides the function's variables, and not shown in its configuration: what a runtime sets
    /// (`AWS_EXECUTION_ENV`, `PYTHONPATH`). The function's variables go before them.
    pub runtime_variables: BTreeMap<String, String>,
    /// `Environment.Variables`.
    pub variables: BTreeMap<String, String>,
    /// Memory size in MB.
    pub memory_size_mb: u32,
    /// Timeout; whole seconds, as on Lambda.
    pub timeout: Duration,
    /// `_HANDLER`.
    pub handler: String,
    /// Reported, not emulated.
    pub architecture: Architecture,
    /// At most 256 characters.
    pub description: String,
    /// Text or JSON log lines.
    pub log_format: LogFormat,
    /// Reported, not used.
    pub runtime: String,
}

impl FunctionSpec {
    /// `command` as the function `name`, with Lambda's defaults (128 MB, 3 s).
    pub fn new(name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            name: name.into(),
            command,
            working_directory: None,
            runtime_variables: BTreeMap::new(),
            variables: BTreeMap::new(),
            memory_size_mb: 128,
            timeout: Duration::from_secs(3),
            handler: "bootstrap".to_owned(),
            architecture: Architecture::default(),
            description: String::new(),
            log_format: LogFormat::default(),
            runtime: "provided.al2023".to_owned(),
        }
    }
}
