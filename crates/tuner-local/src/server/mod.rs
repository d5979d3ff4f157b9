//! The Lambda HTTP API over functions, versions and aliases, as SDKs and the AWS CLI call it.
//!
//! A [`LocalLambda`] keeps functions (`function`, `settings`, `code`, `alias`) in an `account` with its quotas, keeps
//! their execution environments warm (`pool`), and answers HTTP (`routes`, `control`, `invoke`). What it does as Lambda
//! does, on purpose:
//!
//! * A change takes a moment ([`LocalLambdaOptions::update_delay`]), refuses other changes meanwhile, and gives a new
//!   `RevisionId` twice: at its start and at its end. Invocations meanwhile still run what was there before.
//! * Publishing is a no-op when code and settings equal what was published last, and gives `$LATEST` a new `RevisionId`
//!   when not. Numbers are never used again.
//! * Published versions are immutable; execution environments belong to one version, or to `$LATEST` until it changes.
//! * Concurrency beyond the account's or the function's own limit is refused with 429.
//!
//! * What functions write is kept as CloudWatch Logs keeps it, a stream for each environment, and can be searched (`logs`).
//! * With an access key of its own, it takes only what was signed with that (`access`).
//!
//! What it does not: permissions, VPC, layers, SnapStart, container images, code in S3. Settings of that
//! kind are kept and shown, or refused with a message; none is silently ignored where it would change what runs.

mod access;
mod account;
mod alias;
mod asynchronous;
mod call;
mod code;
mod configuration;
mod control;
mod deploy;
mod describe;
mod error;
mod faults;
mod function;
mod invoke;
mod local_lambda;
mod logs;
mod name;
mod options;
mod pool;
mod routes;
mod rules;
mod settings;
mod snapshot;
mod state;

pub use access::AccessKey;
pub use configuration::{
    AliasConfiguration, EnvironmentResponse, EphemeralStorage, FunctionConfiguration, LastUpdateStatus, RoutingConfig,
    SnapStart, State,
};
pub use error::{ApiError, ErrorKind, ServeError, ThrottleReason};
pub use faults::{ApiCall, Fault, FaultHook};
pub use local_lambda::LocalLambda;
pub use options::{FunctionSpec, LocalLambdaOptions};
pub use settings::LoggingConfig;
