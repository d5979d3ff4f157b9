//! Runs of the program: each is a process of its own, which is interrupted, never killed, and outlives whoever asked for it
//! until it has put back what it changed.

use std::path::PathBuf;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// More than this is not read of what a command prints, in bytes.
const MOST_READ: u64 = 64 << 20;

/// The program, and those of its processes that run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    file: PathBuf,
    running: TaskTracker,
    stopping: CancellationToken,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Absent where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    /// What it said beside, by lines.
    pub(crate) said: Vec<String>,
}

/// Why a command could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("cannot start `{program}`: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("cannot read what the command says: {0}")]
    Read(#[from] std::io::Error),
    #[error("the run was lost: {0}")]
    Lost(#[from] JoinError),
    #[error("this server is ending")]
    Ending,
}

impl Program {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            running: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// Runs the program with `input` on its standard input, and tells `progress` each line it says. Interrupts it when
    /// `cancelled` is; a caller that no longer waits does not end it.
    pub(crate) async fn run(
        &self,
        arguments: Vec<String>,
        input: Option<String>,
        cancelled: CancellationToken,
        progress: Option<UnboundedSender<String>>,
    ) -> Result<Ran, RunError> {
        if self.stopping.is_cancelled() {
            return Err(RunError::Ending);
        }
        let mut command = Command::new(&self.file);
        command
            .args(&arguments)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in a terminal reaches the server alone, which passes it on once.
            .process_group(0);
        let child = command.spawn().map_err(|source| RunError::Start {
            program: self.file.display().to_string(),
            source,
        })?;
        let stopping = self.stopping.clone();
        let followed = self.running.spawn(async move {
            let stop = async {
                tokio::select! {
                    () = cancelled.cancelled() => {}
                    () = stopping.cancelled() => {}
                }
            };
            follow(child, input, stop, progress).await
        });
        Ok(followed.await??)
    }

    /// Interrupts all that runs, and waits until it has put back what it changed.
    pub(crate) async fn stop(&self) {
        self.stopping.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

async fn follow(
    mut child: Child,
    input: Option<String>,
    stop: impl Future<Output = ()>,
    progress: Option<UnboundedSender<String>>,
) -> std::io::Result<Ran> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // One that ends before it has read all says why itself.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let read = async {
        let mut all = Vec::new();
        match stdout {
            Some(stdout) => stdout.take(MOST_READ).read_to_end(&mut all).await.map(|_| all),
            None => Ok(all),
        }
    };
    let listen = async {
        let mut said = Vec::new();
        let Some(stderr) = stderr else { return Ok(said) };
        let mut lines = BufReader::new(stderr.take(MOST_READ)).split(b'\n');
        while let Some(line) = lines.next_segment().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if line.is_empty() {
                continue;
            }
            if let Some(progress) = &progress {
                let _ = progress.send(line.clone());
            }
            said.push(line);
        }
        std::io::Result::Ok(said)
    };
    let all = async { tokio::join!(write, read, listen, child.wait()) };
    tokio::pin!(all, stop);
    let ((), stdout, said, status) = tokio::select! {
        ended = &mut all => ended,
        () = &mut stop => {
            if let Some(pid) = pid {
                // It may have ended a moment ago: nobody has waited for it yet, so the number is still its own.
                let _ = kill(pid, Signal::SIGINT);
            }
            all.await
        }
    };
    Ok(Ran {
        code: status?.code(),
        stdout: String::from_utf8_lossy(&stdout?).into_owned(),
        said: said?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Program {
        Program::new(PathBuf::from("/bin/sh"))
    }

    fn script(text: &str) -> Vec<String> {
        vec!["-c".to_owned(), text.to_owned()]
    }

    #[tokio::test]
    async fn a_run_is_what_it_printed_said_and_ended_with() {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let text = "cat; echo one >&2; echo >&2; echo two >&2; exit 3";
        let ran = shell()
            .run(
                script(text),
                Some("in".to_owned()),
                CancellationToken::new(),
                Some(told),
            )
            .await
            .unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), "in"));
        assert_eq!(ran.said, ["one", "two"]);
        assert_eq!(heard.recv().await.as_deref(), Some("one"));
    }

    #[tokio::test]
    async fn whoever_cancels_interrupts_and_hears_what_came_of_it() {
        let cancelled = CancellationToken::new();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let text = "trap 'echo put back; exit 130' INT; echo ready >&2; while :; do sleep 0.01; done";
        let program = shell();
        let run = program.run(script(text), None, cancelled.clone(), Some(told));
        let cancel = async {
            heard.recv().await;
            cancelled.cancel();
        };
        let (ran, ()) = tokio::join!(run, cancel);
        let ran = ran.unwrap();
        assert_eq!((ran.code, ran.stdout.trim()), (Some(130), "put back"));
    }

    #[tokio::test]
    async fn the_end_waits_for_a_run_that_nobody_waits_for_any_more() {
        let folder = std::env::temp_dir().join(format!("tuner-mcp-{}", std::process::id()));
        let text = format!(
            "trap 'sleep 0.2; touch {0}; exit 130' INT; echo ready >&2; while :; do sleep 0.01; done",
            folder.display()
        );
        let program = shell();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        {
            let run = program.run(script(&text), None, CancellationToken::new(), Some(told));
            tokio::select! {
                _ = run => panic!("it does not end by itself"),
                _ = heard.recv() => {}
            }
        }
        program.stop().await;
        assert!(folder.exists());
        std::fs::remove_file(folder).unwrap();
        let late = program.run(script("true"), None, CancellationToken::new(), None).await;
        assert!(matches!(late, Err(RunError::Ending)));
    }
}
