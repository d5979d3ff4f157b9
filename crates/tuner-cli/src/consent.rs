//! Nothing that changes an account happens without a printed plan and a yes.

use std::io::{IsTerminal, Write, stdin};

use crate::error::CliError;

/// Asks; `yes` answers in advance. Where nobody can answer, it refuses and says how to.
pub(crate) fn ask(question: &str, yes: bool) -> Result<(), CliError> {
    ask_about("changes something in the account", question, yes)
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
    let _ = write!(anstream::stderr(), "{question} [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(CliError::usage("not agreed to; nothing was changed"))
    }
}
