//! What went wrong, why, and what to do about it.

use std::fmt::{self, Display};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{CYAN, RED, RESET};

/// A command that failed: a message, its causes, a hint, and the exit code.
#[derive(Debug, Clone)]
pub(crate) struct CliError {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    notes: Vec<String>,
    hint: Option<String>,
}

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
            causes: Vec::new(),
            notes: Vec::new(),
            hint: None,
        }
    }

    /// A mistake in what was given.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    #[must_use]
    pub(crate) fn cause(mut self, cause: impl Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// How things are now.
    #[must_use]
    pub(crate) fn note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Output that nobody takes any more: `| head` has seen enough, which is no error.
    fn output(kind: Option<ErrorKind>) -> Self {
        let exit = match kind {
            Some(ErrorKind::BrokenPipe) => Exit::Done,
            _ => Exit::Unexpected,
        };
        Self::new(exit, "cannot write the output")
    }

    /// The same, of one function of several.
    #[must_use]
    pub(crate) fn named(&self, name: &str) -> Self {
        Self {
            exit: self.exit,
            message: format!("{name}: {}", self.message),
            causes: self.causes.clone(),
            notes: self.notes.clone(),
            hint: self.hint.clone(),
        }
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Message and causes, for another message.
    pub(crate) fn in_a_line(&self) -> String {
        let parts: Vec<&str> = [&self.message]
            .into_iter()
            .chain(&self.causes)
            .map(String::as_str)
            .collect();
        parts.join(": ")
    }

    /// Message, causes, notes and hint in one line, for a table.
    pub(crate) fn in_full(&self) -> String {
        let rest = self.notes.iter().chain(&self.hint);
        let all = std::iter::once(self.in_a_line()).chain(rest.cloned());
        let all: Vec<String> = all.collect();
        all.join("; ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Prints it and gives its exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.exit != Exit::Done {
            let _ = write!(guarded::stderr(), "{self}");
        }
        self.exit.into()
    }
}

/// As it is printed, in lines.
impl Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{RED}error{RESET}: {}", below(&self.message, "  "))?;
        for cause in &self.causes {
            writeln!(f, "  caused by: {}", below(cause, "    "))?;
        }
        for note in &self.notes {
            writeln!(f, "{}", below(note, "  "))?;
        }
        match &self.hint {
            Some(hint) => writeln!(f, "\n{CYAN}hint{RESET}: {hint}"),
            None => Ok(()),
        }
    }
}

/// Further lines indented: what a service says of several lines must not read as a hint of ours.
fn below(text: &str, indent: &str) -> String {
    text.lines().collect::<Vec<_>>().join(&format!("\n{indent}"))
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::output(Some(error.kind())).cause(error)
    }
}

impl From<tuner_report::ReportError> for CliError {
    fn from(error: tuner_report::ReportError) -> Self {
        match error {
            tuner_report::ReportError::Write(error) => error.into(),
            tuner_report::ReportError::Json(error) => error.into(),
            error => Self::new(Exit::Unexpected, "cannot render the report").cause(error),
        }
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() {
            Self::output(error.io_error_kind()).cause(error)
        } else {
            Self::new(Exit::Unexpected, "cannot make JSON of the result").cause(error)
        }
    }
}

/// Prints clap's message: help and version are no errors.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage.into()
    } else {
        Exit::Done.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_of_several_lines_is_no_hint() {
        let error = CliError::usage("no")
            .cause("it is\n\nhint: run `this`")
            .hint("run that");
        let lines = error.to_string();
        assert_eq!(
            lines
                .lines()
                .filter(|line| line.contains("hint") && !line.starts_with(' '))
                .count(),
            1,
            "{lines}"
        );
    }
}
