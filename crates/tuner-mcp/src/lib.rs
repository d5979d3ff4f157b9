//! The commands of tuner as tools for programs that speak the Model Context Protocol.
//!
//! Every tool is one run of the program itself, with its output as JSON: what a tool answers is what the command line says, and
//! whoever stops a tool stops the command, which puts the function back as it always does. Nothing but messages of the protocol
//! is written to standard output.

mod arguments;
mod program;
mod server;

use std::path::PathBuf;

use rmcp::service::{QuitReason, ServerInitializeError};
use rmcp::{ServiceExt, transport};
use tokio::signal::unix::{SignalKind, signal};

use self::program::Program;
use self::server::Server;

/// What tools may do besides reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// Tune: publish versions of a function and invoke it, by a plan that was shown.
    pub tuning: bool,
    /// Give the function the size that a tuning found.
    pub applying: bool,
}

/// Why the server could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No runtime, or no signals.
    #[error("the server cannot be started")]
    Start(#[source] std::io::Error),
    /// What came first is no message of the protocol.
    #[error("what stands on standard input does not speak the Model Context Protocol")]
    Handshake(#[source] Box<ServerInitializeError>),
    /// It broke off.
    #[error("the server broke off")]
    Broken(#[source] tokio::task::JoinError),
}

/// Serves on standard input and output until the input ends or a signal comes. What still runs then is interrupted, and waited
/// for: a tuning puts its function back first.
///
/// # Errors
/// When the server cannot be started, or the other side does not speak the protocol.
pub fn serve(program: PathBuf, allowed: Allowed) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Start)?;
    let program = Program::new(program);
    let served = runtime.block_on(async {
        let served = until_the_end(Server::new(program.clone(), allowed)).await;
        program.stop().await;
        served
    });
    // A read of standard input that waits for a line must not hold up the end.
    runtime.shutdown_background();
    served
}

async fn until_the_end(server: Server) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Start)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Start)?;
    let session = async {
        let running = match server.serve(transport::stdio()).await {
            Ok(running) => running,
            // The input ended before anything was asked.
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(ServeError::Handshake(Box::new(error))),
        };
        match running.waiting().await {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(ServeError::Broken(error)),
            Ok(_) => Ok(()),
        }
    };
    tokio::select! {
        ended = session => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
