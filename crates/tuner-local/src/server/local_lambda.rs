//! The server as its owner sees it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tuner_core::tuning::MeasuringEnvironment;

use crate::confinement::{Confinement, ConfinementDescription};
use crate::environment::LogFormat;
use crate::environment::{Environment, EnvironmentSpec, NotAFunction};
use crate::listening::{HEAD_WITHIN, Hosts, Patient, serve};

use super::code::Code;
use super::configuration::FunctionConfiguration;
use super::error::{ApiError, ServeError};
use super::faults::ApiCall;
use super::name::Target;
use super::options::{FunctionSpec, LocalLambdaOptions};
use super::routes::{refuse, router};
use super::settings::{Changes, Settings};
use super::state::Server;

/// A running local Lambda: functions, their execution environments, and the HTTP API to both.
///
/// Dropping it ends everything without waiting; [`LocalLambda::shutdown`] waits until every process is gone.
pub struct LocalLambda {
    server: Arc<Server>,
    address: SocketAddr,
    http: JoinHandle<io::Result<()>>,
    reaper: JoinHandle<()>,
}

impl LocalLambda {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the port is taken, the operating system refuses, or the means of confinement asked for is not possible.
    pub async fn start(options: LocalLambdaOptions) -> Result<Self, ServeError> {
        let address = SocketAddr::new(options.host, options.port);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::AddressInUse { address },
            _ => ServeError::Listen { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let confinement = Confinement::detect(options.confinement, options.cpu_period)?.with_network(options.network);
        let confinement = Arc::new(confinement);
        let server = Arc::new(Server::new(options, confinement));
        let mut closing = server.closing.subscribe();
        let hosts = Hosts::new(&server.options.allowed_hosts);
        let listener = Patient::new(listener, HEAD_WITHIN);
        let http = serve(listener, hosts, router(Arc::clone(&server)), refuse).with_graceful_shutdown(async move {
            // The sender lives as long as the server does; if it is gone, so is the reason to go on.
            let _ = closing.wait_for(|closing| *closing).await;
        });
        let http = tokio::spawn(http.into_future());
        let reaper = tokio::spawn({
            let server = Arc::clone(&server);
            async move { server.reap().await }
        });
        Ok(Self {
            server,
            address,
            http,
            reaper,
        })
    }

    /// What to give SDKs as `AWS_ENDPOINT_URL_LAMBDA`. Any credentials do, unless there is an access key of its own.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// By which means processes are limited, and what those can't do.
    pub fn confinement_description(&self) -> ConfinementDescription {
        self.server.confinement.description()
    }

    /// Where functions run here, as the document of a tuning says it.
    pub fn environment(&self) -> MeasuringEnvironment {
        self.server.confinement.environment()
    }

    /// Registers a function. It is active at once.
    ///
    /// # Errors
    /// As CreateFunction: a name that exists or is none, values outside Lambda's limits.
    pub fn create_function(&self, spec: FunctionSpec) -> Result<FunctionConfiguration, ApiError> {
        let seconds = whole_seconds(spec.timeout)?;
        let changes = changes(json!({
            "Runtime": spec.runtime,
            "Handler": spec.handler,
            "Description": spec.description,
            "Timeout": seconds,
            "MemorySize": spec.memory_size_mb,
            "Environment": { "Variables": spec.variables },
            "Architectures": [spec.architecture.as_str()],
            "LoggingConfig": { "LogFormat": match spec.log_format {
                LogFormat::Text => "Text",
                LogFormat::Json => "JSON",
            }},
        }))?;
        let code = Code::of_command(spec.command, spec.working_directory, spec.runtime_variables)?;
        let mut account = self.server.account();
        let settings = Settings::new(account.default_role());
        let now = Instant::now();
        account.create(&spec.name, &settings, changes, code, now)?.hasten(now);
        account.describe(
            &Target {
                name: spec.name,
                qualifier: None,
            },
            now,
        )
    }

    /// Says whether a program comes up as a function, without registering it or handling an event. It gets as much memory
    /// as `memory_size_mb` says.
    ///
    /// # Errors
    /// When it can't be started or does not come to ask the Runtime API for an event.
    pub async fn rehearse(&self, spec: &FunctionSpec, memory_size_mb: u32) -> Result<Duration, NotAFunction> {
        let spec = EnvironmentSpec {
            function_name: spec.name.clone(),
            version: "$LATEST".to_owned(),
            command: spec.command.clone(),
            working_directory: spec.working_directory.clone(),
            handler: spec.handler.clone(),
            runtime_variables: spec.runtime_variables.clone(),
            variables: spec.variables.clone(),
            memory_size_mb,
            timeout: spec.timeout,
            init_timeout: self.server.options.init_timeout,
            architecture: spec.architecture,
            region: self.server.options.region.clone(),
            log_group: format!("/aws/lambda/{}", spec.name),
            log_format: spec.log_format,
        };
        Environment::rehearse(&spec, &self.server.confinement).await
    }

    /// Gives a function another command, as a deploy does.
    ///
    /// # Errors
    /// As UpdateFunctionCode.
    pub fn update_function_code(&self, name: &str, command: Vec<String>) -> Result<FunctionConfiguration, ApiError> {
        let mut account = self.server.account();
        let now = Instant::now();
        let before = Arc::clone(&account.function(name, now)?.latest.code);
        let code = Code::of_command(
            command,
            before.working_directory.clone(),
            before.runtime_variables.clone(),
        )?;
        account.update_code(name, None, Changes::default(), code, now)?;
        account.describe(
            &Target {
                name: name.to_owned(),
                qualifier: None,
            },
            now,
        )
    }

    /// A function as GetFunctionConfiguration shows it.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn configuration(&self, name: &str) -> Result<FunctionConfiguration, ApiError> {
        self.server.account().describe(
            &Target {
                name: name.to_owned(),
                qualifier: None,
            },
            Instant::now(),
        )
    }

    /// `$LATEST` and every published version, as ListVersionsByFunction shows them.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn versions(&self, name: &str) -> Result<Vec<FunctionConfiguration>, ApiError> {
        let mut account = self.server.account();
        let place = account.place.clone();
        Ok(account.function(name, Instant::now())?.listed(&place))
    }

    /// Names of a function's aliases.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn aliases(&self, name: &str) -> Result<Vec<String>, ApiError> {
        Ok(self
            .server
            .account()
            .function(name, Instant::now())?
            .aliases
            .keys()
            .cloned()
            .collect())
    }

    /// The calls of the HTTP API so far, the last 100,000 of them.
    pub fn calls(&self) -> Vec<ApiCall> {
        self.server.calls.all()
    }

    /// How many invocations are under way.
    pub fn concurrent_executions(&self) -> u32 {
        self.server
            .account()
            .functions
            .values()
            .map(|function| function.in_flight)
            .sum()
    }

    /// How many execution environments are warm and idle.
    pub fn idle_environments(&self) -> usize {
        self.server.pool.len()
    }

    /// Stops listening, breaks off what is running, and waits until every process has ended.
    pub async fn shutdown(mut self) {
        self.reaper.abort();
        let (tasks, idle) = self.server.close();
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
        for environment in idle {
            environment.shutdown().await;
        }
        // What was being started when the others were ended.
        self.server.confinement.end_all();
        // Connections are told to end; one that a client holds in the middle of a request is not waited for.
        if tokio::time::timeout(Duration::from_secs(1), &mut self.http)
            .await
            .is_err()
        {
            self.http.abort();
        }
    }
}

impl Drop for LocalLambda {
    fn drop(&mut self) {
        self.reaper.abort();
        self.http.abort();
        drop(self.server.close());
    }
}

fn changes(json: serde_json::Value) -> Result<Changes, ApiError> {
    serde_json::from_value(json).map_err(|cause| ApiError::invalid(cause.to_string()))
}

/// Lambda's timeouts are whole seconds; a fraction counts as one more.
fn whole_seconds(timeout: Duration) -> Result<u64, ApiError> {
    match timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0) {
        0 => Err(ApiError::constraint(
            "timeout",
            0,
            "have value greater than or equal to 1",
        )),
        seconds => Ok(seconds),
    }
}
