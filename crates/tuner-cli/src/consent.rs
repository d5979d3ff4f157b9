//! Nothing that changes an account happens without a printed plan and a yes.

use std::io::{IsTerminal, Write, stdin};

use tuner_engine::CancellationToken;

use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;

/// What most questions are about.
pub(crate) const CHANGES: &str = "changes something in the account";

/// Asks; `yes` answers in advance. Where nobody can answer, it refuses and says how to.
pub(crate) fn ask(question: &str, yes: bool) -> Result<(), CliError> {
    ask_about(CHANGES, question, yes)
}

/// As [`ask`], about what `this` does.
pub(crate) fn ask_about(this: &str, question: &str, yes: bool) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(
            CliError::usage(format!("this {this}, and nobody is here to agree to it"))
                .hint("look at the plan above, then run the command again with --yes"),
        );
    }
    let _ = write!(guarded::stderr(), "{question} [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(CliError::usage("not agreed to; nothing was changed"))
    }
}

/// As [`ask_about`], until somebody asks to stop: a signal that is caught does not end the waiting for an answer.
pub(crate) async fn ask_unless(
    stopped: &CancellationToken,
    this: &'static str,
    question: &'static str,
    yes: bool,
) -> Result<(), CliError> {
    let (tell, answer) = tokio::sync::oneshot::channel();
    // Not a thread of the runtime, which waits for its own in the end.
    std::thread::spawn(move || tell.send(ask_about(this, question, yes)));
    tokio::select! {
        biased;
        () = stopped.cancelled() => Err(CliError::new(Exit::Interrupted, "interrupted; nothing was changed")),
        answer = answer => answer.unwrap_or_else(|e| Err(CliError::new(Exit::Unexpected, e))),
    }
}
