//! One process, its Runtime API, its output and its confinement: what lives and dies together.

use std::process::ExitStatus;
use std::time::Instant;

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::time::timeout_at;

use super::log_capture::LogCapture;
use super::process::{self, Program};
use super::runtime_api::{Delivery, Handled, Reported, RuntimeApi};
use super::{EnvironmentSpec, StartError, variables};
use crate::confinement::{Cell, Confinement};
use crate::network::{Network, Proxy, bandwidth_mbps};

/// A started process.
pub(super) struct Sandbox {
    /// When it was started: init is counted from here.
    pub started: Instant,
    pub cell: Cell,
    pub output: LogCapture,
    api: RuntimeApi,
    child: Child,
    /// Goes with it.
    _proxy: Option<Proxy>,
}

/// Why init did not end in a call for the first event.
pub(super) enum InitFailure {
    Reported(Reported),
    Exited(ExitStatus),
    Timeout,
}

/// How the handling of an event ended.
pub(super) enum End {
    /// The process asked for the next event.
    Done(Handled),
    /// The process ended; it may have answered before.
    Exited(ExitStatus, Handled),
    /// Time was up; the process may have answered, without asking for the next event.
    Timeout(Handled),
}

/// How much CPU a process begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartsWith {
    /// As much as init gets.
    CpuOfInit,
    /// As much as invocations get: its init is a part of one.
    CpuOfInvocation,
}

impl Sandbox {
    /// Starts the process.
    pub(super) async fn start(
        spec: &EnvironmentSpec,
        confinement: &Confinement,
        stream: &str,
        cpu: StartsWith,
    ) -> Result<Self, StartError> {
        let program = spec.command.first().cloned().unwrap_or_default();
        let failed = |reason: String| StartError {
            program: program.clone(),
            reason,
        };
        let api = RuntimeApi::start()
            .await
            .map_err(|e| failed(format!("no port for its Runtime API: {e}")))?;
        let proxy = match confinement.network() {
            Network::Host => None,
            Network::Lambda => {
                let proxy = Proxy::start(bandwidth_mbps(spec.memory_size_mb)).await;
                Some(proxy.map_err(|e| failed(format!("no port for the proxy that limits its bandwidth: {e}")))?)
            }
        };
        let cell = confinement
            .cell(spec.memory_size_mb)
            .map_err(|e| failed(e.to_string()))?;
        // Before it starts: on a busy machine it may have done all its work by the time that we come to it again.
        match cpu {
            StartsWith::CpuOfInit => cell.release_cpu(),
            StartsWith::CpuOfInvocation => cell.limit_cpu(),
        }
        let entrances = cell.entrances().map_err(|e| failed(e.to_string()))?;
        let mut variables = variables::of(spec, &api.address().to_string(), stream, cell.variable());
        let proxies = proxy.iter().flat_map(Proxy::variables);
        variables.extend(proxies.map(|(name, value)| (name.into(), value.into())));
        let program = Program {
            command: &spec.command,
            working_directory: spec.working_directory.as_deref(),
            variables,
            entrances,
            processors: cell.processors(),
            most_threads: cell.most_threads(),
        };
        let started = Instant::now();
        let (child, output) = process::spawn(program).await?;
        let mut cell = cell;
        if let Some(pid) = process::pid(&child) {
            cell.entered(pid);
        }
        let output = LogCapture::new(output).map_err(|e| failed(format!("cannot read its output: {e}")))?;
        Ok(Self {
            started,
            cell,
            output,
            api,
            child,
            _proxy: proxy,
        })
    }

    /// Waits until the process first asks for an event, and returns when that was.
    pub(super) async fn initialized(&mut self, deadline: Instant) -> Result<Instant, InitFailure> {
        let waited = timeout_at(deadline.into(), async {
            tokio::select! {
                biased;
                ready = self.api.initialized() => ready.map_err(InitFailure::Reported),
                exit = self.child.wait() => Err(InitFailure::Exited(exit.unwrap_or_default())),
            }
        });
        match waited.await {
            // It was in time only if the call came in time, however late we look.
            Ok(Ok(at)) if at > deadline => Err(InitFailure::Timeout),
            Ok(result) => result,
            Err(_) => Err(InitFailure::Timeout),
        }
    }

    /// Whether the process has ended, for a look between events.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether the process has ever called the Runtime API.
    pub(super) fn ever_called(&self) -> bool {
        self.api.was_spoken_to()
    }

    /// Has the process handle an event.
    pub(super) async fn handle(&mut self, delivery: Delivery, deadline: Instant) -> End {
        let waited = timeout_at(deadline.into(), async {
            tokio::select! {
                biased;
                handled = self.api.hand_out(delivery) => Ok(handled),
                exit = self.child.wait() => Err(exit.unwrap_or_default()),
            }
        });
        match waited.await {
            Ok(Ok(handled)) => End::Done(handled),
            Ok(Err(status)) => {
                self.cell.left();
                End::Exited(status, self.api.handled())
            }
            Err(_) => End::Timeout(self.api.handled()),
        }
    }

    /// Ends every process and waits for it.
    pub(super) async fn stop(&mut self) {
        self.kill();
        if let Err(e) = self.child.wait().await {
            tracing::warn!("waiting for the end of a process: {e}");
        }
        self.cell.left();
    }

    fn kill(&mut self) {
        // Once waited for, it has no ID any more.
        if self.child.id().is_none() {
            self.cell.left();
        }
        self.cell.kill();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The words of Lambda for the end of a process: `exit status 1`, `signal: killed`.
pub(super) fn exit_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;

    if status.success() {
        return "Runtime exited without providing a reason".to_owned();
    }
    let how = match (status.code(), status.signal().map(Signal::try_from)) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(Ok(signal))) => format!("signal: {}", signal_words(signal)),
        (None, _) => status.to_string(),
    };
    format!("Runtime exited with error: {how}")
}

fn signal_words(signal: Signal) -> String {
    let words = match signal {
        Signal::SIGABRT => "aborted",
        Signal::SIGBUS => "bus error",
        Signal::SIGFPE => "floating point exception",
        Signal::SIGHUP => "hangup",
        Signal::SIGILL => "illegal instruction",
        Signal::SIGINT => "interrupt",
        Signal::SIGKILL => "killed",
        Signal::SIGPIPE => "broken pipe",
        Signal::SIGQUIT => "quit",
        Signal::SIGSEGV => "segmentation fault",
        Signal::SIGTERM => "terminated",
        other => return format!("signal {}", other as i32),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn the_end_of_a_process_is_told_in_lambdas_words() {
        assert_eq!(
            exit_words(ExitStatus::from_raw(0)),
            "Runtime exited without providing a reason"
        );
        assert_eq!(
            exit_words(ExitStatus::from_raw(1 << 8)),
            "Runtime exited with error: exit status 1"
        );
        assert_eq!(
            exit_words(ExitStatus::from_raw(9)),
            "Runtime exited with error: signal: killed"
        );
        assert_eq!(
            exit_words(ExitStatus::from_raw(11 | 128)),
            "Runtime exited with error: signal: segmentation fault"
        );
        assert_eq!(
            exit_words(ExitStatus::from_raw(16)),
            "Runtime exited with error: signal: signal 16"
        );
    }
}
