//! What was read of the inputs, file by file, so that a sum that is too small can be told from a whole one.

use super::{Looks, Problem};

/// Files that are named one by one; an account's export has a hundred thousand, and memory stays flat.
const MOST_NOTES: usize = 1000;

/// What was read of all inputs.
#[derive(Debug, Default)]
pub struct Coverage {
    /// Files, members of archives and streams that were opened.
    pub files: u64,
    /// Those of them with at least one report that counts.
    pub with_reports: u64,
    /// Reports that count.
    pub reports: u64,
    /// REPORTs that a function quotes in its own log, as a forwarder does: they are not its invocations and do not count.
    pub quoted: u64,
    /// What begins like a REPORT and cannot be read: cut off, or escaped in a way that is not undone.
    pub unreadable: u64,
    /// What could not be read, or not to its end.
    pub problems: Vec<Problem>,
    /// Files without a report, and those with reports that do not count; in the order of the input, the first 1,000.
    pub notes: Vec<FileNote>,
    /// Files that would be in `notes` if there were room.
    pub notes_left_out: u64,
}

/// What was read of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileNote {
    /// The path as it was given; of a member of an archive `logs.zip/inner/000000.gz`.
    pub name: String,
    /// What was read, in bytes, after decompression.
    pub bytes: u64,
    /// Reports that count.
    pub reports: u64,
    /// As [`Coverage::quoted`].
    pub quoted: u64,
    /// As [`Coverage::unreadable`].
    pub unreadable: u64,
    /// What it looks like, if it has no report that counts.
    pub looks: Option<Looks>,
}

impl Coverage {
    /// Takes what was read of one file.
    pub(crate) fn add(&mut self, note: FileNote) {
        self.files += 1;
        self.with_reports += u64::from(note.reports > 0);
        self.reports += note.reports;
        self.quoted += note.quoted;
        self.unreadable += note.unreadable;
        if note.reports == 0 || note.quoted > 0 || note.unreadable > 0 {
            self.note(note);
        }
    }

    fn note(&mut self, note: FileNote) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        } else {
            self.notes_left_out += 1;
        }
    }

    /// Both together, `other` being of later files.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.files += other.files;
        self.with_reports += other.with_reports;
        self.reports += other.reports;
        self.quoted += other.quoted;
        self.unreadable += other.unreadable;
        self.notes_left_out += other.notes_left_out;
        self.problems.extend(other.problems);
        other.notes.into_iter().for_each(|note| self.note(note));
        self
    }
}
