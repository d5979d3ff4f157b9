//! What of logs could not be read, and how a command ends then: what could be read is told and written all the same.

use std::io::Write;
use std::path::PathBuf;

use tuner_logs::{Coverage, FileNote};

use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{RESET, YELLOW};
use crate::units::{count, plural};

/// Files that are named one by one.
const MOST: usize = 10;

/// What could not be read, and what holds no report.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Files whose reports are missing in the sums, if they have any, and why.
    files: Vec<String>,
    /// Files that hold no report, and what they look like.
    without: Vec<String>,
    /// How many files there were.
    all: u64,
    /// What else does not count.
    remarks: Vec<String>,
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
    pub(super) fn of(coverage: &Coverage) -> Self {
        let mut unread = Self {
            files: coverage
                .problems
                .iter()
                .map(|problem| in_a_line(&problem.to_string()))
                .collect(),
            all: coverage.files,
            ..Self::default()
        };
        for note in &coverage.notes {
            // It is named as damaged already.
            if coverage
                .problems
                .iter()
                .any(|problem| problem.file() == Some(&note.name))
            {
                continue;
            }
            let words = in_a_line(&words_of(note));
            match note.looks {
                Some(looks) if !looks.is_unreadable() && note.unreadable == 0 => unread.without.push(words),
                None if note.unreadable == 0 => {}
                _ => unread.files.push(words),
            }
        }
        if coverage.quoted > 0 {
            unread.remarks.push(format!(
                "{} that functions quote in their own logs are not their invocations, and do not count",
                plural(coverage.quoted, "REPORT")
            ));
        }
        if coverage.notes_left_out > 0 {
            unread.remarks.push(format!(
                "{} more without a report, or not read in full",
                plural(coverage.notes_left_out, "file")
            ));
        }
        unread
    }

    /// Whether anything could not be read: sums may be too small.
    pub(super) fn is_some(&self) -> bool {
        !self.files.is_empty()
    }

    /// The headlines, each with its files below; nothing if all was read and holds reports.
    fn parts(&self) -> Vec<(String, &[String])> {
        let mut parts = Vec::new();
        if self.is_some() {
            let headline = format!(
                "{} could not be read in full, and the sums are of the rest:",
                plural(self.files.len() as u64, "file")
            );
            parts.push((headline, &self.files[..]));
        }
        if !self.without.is_empty() {
            let (n, all) = (self.without.len() as u64, self.all);
            let hold = if n == 1 { "holds" } else { "hold" };
            parts.push((
                format!("{} of {} {hold} no REPORT:", count(n), plural(all, "file")),
                &self.without[..],
            ));
        }
        parts.extend(self.remarks.iter().map(|remark| (remark.clone(), &[][..])));
        parts
    }

    /// The same in lines, for a document.
    pub(super) fn lines(&self) -> Vec<String> {
        let parts = self.parts();
        let lines = parts.iter().flat_map(|(headline, files)| {
            let more = files.len().saturating_sub(MOST);
            let more = (more > 0).then(|| format!("and {} more", plural(more as u64, "file")));
            std::iter::once(headline.clone())
                .chain(files.iter().take(MOST).cloned())
                .chain(more)
        });
        lines.collect()
    }

    /// Says so where people look.
    pub(super) fn tell(&self) {
        let mut err = guarded::stderr();
        for (headline, files) in self.parts() {
            let _ = writeln!(err, "{YELLOW}warning{RESET}: {headline}");
            for file in files.iter().take(MOST) {
                let _ = writeln!(err, "  {file}");
            }
            if let more @ 1.. = files.len().saturating_sub(MOST) {
                let _ = writeln!(err, "  and {} more", plural(more as u64, "file"));
            }
        }
    }

    /// The end where there was no report at all.
    pub(super) fn nothing_found(&self) -> CliError {
        let error = CliError::new(
            Exit::NotEnoughEvidence,
            "no REPORT found, and so nothing to say anything of",
        );
        (self.files.iter().chain(&self.without).chain(&self.remarks).take(MOST))
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

/// What a file is, and what to do about it.
fn words_of(note: &FileNote) -> String {
    let Some(looks) = note.looks else {
        return format!(
            "`{}`: {} of it cannot be read",
            note.name,
            plural(note.unreadable, "REPORT")
        );
    };
    let way_out = looks
        .way_out()
        .map_or_else(String::new, |way_out| format!("; {way_out}"));
    format!("`{}` looks like {}{way_out}", note.name, looks.what())
}

/// A name of a file may hold anything, escape sequences of terminals too.
fn in_a_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use tuner_logs::{Looks, Problem};

    use super::*;

    fn missing(name: &str) -> Problem {
        Problem::Open {
            name: name.to_owned(),
            source: io::Error::from(io::ErrorKind::NotFound),
        }
    }

    fn note(name: &str, reports: u64, looks: Option<Looks>) -> FileNote {
        FileNote {
            name: name.to_owned(),
            bytes: 1,
            reports,
            quoted: 0,
            unreadable: 0,
            looks,
        }
    }

    #[test]
    fn all_read_is_nothing_to_say() {
        let unread = Unread::of(&Coverage::default());
        assert!(!unread.is_some() && unread.lines().is_empty() && unread.gate().is_ok());
        assert_eq!(unread.nothing_found().exit(), Exit::NotEnoughEvidence);
    }

    #[test]
    fn what_holds_no_report_is_named_and_is_no_gate_unless_it_may_hold_some() {
        let coverage = Coverage {
            files: 3,
            notes: vec![
                note("a.txt", 0, Some(Looks::Text)),
                note("b.txt", 0, Some(Looks::Base64)),
            ],
            ..Coverage::default()
        };
        let unread = Unread::of(&coverage);
        let lines = unread.lines();
        assert!(
            lines[1].contains("b.txt") && lines[1].contains("base64 -d"),
            "{lines:?}"
        );
        assert!(
            lines[2].contains("1 of 3 files") && lines[3].contains("a.txt"),
            "{lines:?}"
        );
        assert!(unread.gate().is_err());
        let only_text = Coverage {
            notes: vec![note("a.txt", 0, Some(Looks::Text))],
            ..Coverage::default()
        };
        assert!(Unread::of(&only_text).gate().is_ok());
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
        let unread = Unread::of(&Coverage {
            problems: many,
            ..Coverage::default()
        });
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
