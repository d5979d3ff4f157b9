//! What of logs could not be read, and how a command ends then: what could be read is told and written all the same.

use std::io::Write;
use std::path::PathBuf;

use tuner_logs::Problem;

use crate::error::CliError;
use crate::exit::Exit;
use crate::terminal::{RESET, YELLOW};
use crate::units::plural;

/// Files that are named one by one.
const MOST: usize = 10;

/// What could not be read.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// What is missing where, file by file.
    files: Vec<String>,
}

/// Refuses paths that are not there before anything is read: they are mistakes in the command line, where exit code 2
/// says that nothing was done.
pub(super) fn must_exist<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), CliError> {
    let missing: Vec<String> = (paths.into_iter())
        .filter_map(|path| {
            let why = std::fs::metadata(path).err()?;
            (why.kind() == std::io::ErrorKind::NotFound).then(|| in_a_line(&format!("`{}`: {why}", path.display())))
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let error = CliError::usage("nothing could be read: a path that was given is not there");
    Err(missing.iter().take(MOST).fold(error, CliError::cause))
}

impl Unread {
    pub(super) fn of(problems: &[Problem]) -> Self {
        Self {
            files: problems.iter().map(|problem| in_a_line(&problem.to_string())).collect(),
        }
    }

    /// Whether anything could not be read: sums may be too small.
    pub(super) fn is_some(&self) -> bool {
        !self.files.is_empty()
    }

    /// The headline, and the files; nothing if all was read.
    pub(super) fn lines(&self) -> Vec<String> {
        if self.files.is_empty() {
            return Vec::new();
        }
        let headline = format!(
            "{} could not be read in full, and the sums are of the rest:",
            plural(self.files.len() as u64, "file")
        );
        let shown = self.files.iter().take(MOST).cloned();
        let more = self.files.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("and {} more", plural(more as u64, "file")));
        std::iter::once(headline).chain(shown).chain(more).collect()
    }

    /// Says so where people look.
    pub(super) fn tell(&self) {
        let mut err = anstream::stderr().lock();
        for (index, line) in self.lines().iter().enumerate() {
            let _ = match index {
                0 => writeln!(err, "{YELLOW}warning{RESET}: {line}"),
                _ => writeln!(err, "  {line}"),
            };
        }
    }

    /// The end where there was no report at all.
    pub(super) fn nothing_found(&self) -> CliError {
        let error = CliError::new(
            Exit::NotEnoughEvidence,
            "no REPORT found, and so nothing to say anything of",
        );
        (self.files.iter().take(MOST))
            .fold(error, CliError::cause)
            .hint("give log files of Lambda functions (JSON logs need system log level INFO)")
    }

    /// The end where `--fail-on unreadable` forbids it.
    pub(super) fn gate(&self) -> Result<(), CliError> {
        if !self.is_some() {
            return Ok(());
        }
        let error = CliError::new(Exit::GateNotMet, "not everything could be read, which --fail-on names");
        Err(self.files.iter().take(MOST).fold(error, CliError::cause))
    }
}

/// A name of a file may hold anything, escape sequences of terminals too.
fn in_a_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn missing(name: &str) -> Problem {
        Problem::Open {
            name: name.to_owned(),
            source: io::Error::from(io::ErrorKind::NotFound),
        }
    }

    #[test]
    fn all_read_is_nothing_to_say() {
        let unread = Unread::of(&[]);
        assert!(!unread.is_some() && unread.lines().is_empty() && unread.gate().is_ok());
        assert_eq!(unread.nothing_found().exit(), Exit::NotEnoughEvidence);
    }

    #[test]
    fn what_is_not_there_is_refused_first() {
        let here = PathBuf::from(".");
        assert!(must_exist([&here]).is_ok());
        let error = must_exist([&here, &PathBuf::from("no-such-file")]).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.in_a_line().contains("`no-such-file`"));
    }

    #[test]
    fn files_are_named_and_many_are_counted() {
        let many: Vec<Problem> = (0..12)
            .map(|number| missing(&format!("\u{1b}[2J{number}.gz")))
            .collect();
        let unread = Unread::of(&many);
        let lines = unread.lines();
        assert!(lines[0].starts_with("12 files"), "{lines:?}");
        assert!(
            lines[1].contains("`[2J0.gz`") && lines.len() == 12 && lines[11].contains("2 files"),
            "{lines:?}"
        );
        assert_eq!(unread.gate().unwrap_err().exit(), Exit::GateNotMet);
        assert_eq!(unread.nothing_found().exit(), Exit::NotEnoughEvidence);
    }
}
