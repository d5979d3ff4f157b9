//! JUnit XML, as CI systems read it: a case for every limit, whose name holds no measured value, so that runs can be compared by
//! name. Broken is a failure, "cannot tell" an error (skipped where it is let pass), what was not measured is skipped.

use std::fmt::Write as _;
use std::io::Write;

use tuner_core::check::{Check, LimitVerdict, Undecided};

use super::words;
use crate::escape::xml;
use crate::{Options, ReportError, masking};

/// A function of a file: what its check came to, or why there is none.
#[derive(Debug, Clone, Copy)]
pub enum JunitSuite<'a> {
    /// It was checked.
    Checked {
        /// What the function is called; none where by the name in AWS.
        name: Option<&'a str>,
        /// What its check came to.
        check: &'a Check,
    },
    /// It could not be checked.
    Failed {
        /// What the function is called.
        name: &'a str,
        /// Why, in one line.
        message: &'a str,
    },
}

/// Name of the case of a function whose figures could not be compared.
const COMPARED: &str = "no worse than the baseline";

/// Cases of a suite by how they ended.
#[derive(Default, Clone, Copy)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    seconds: f64,
}

impl Counts {
    fn attributes(&self) -> String {
        let Self {
            tests,
            failures,
            errors,
            skipped,
            seconds,
        } = self;
        format!(
            "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{seconds:.3}\""
        )
    }
}

/// Writes a suite for every function. One that could not be checked is a suite with one error.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn check_junit(
    suites: &[JunitSuite<'_>],
    options: &Options,
    undecided: Undecided,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let (mut all, mut body) = (Counts::default(), String::new());
    for of in suites {
        let (counts, text) = match of {
            JunitSuite::Checked { name, check } => suite(*name, check, options, undecided)?,
            JunitSuite::Failed { name, message } => failed(name, message, options)?,
        };
        all.tests += counts.tests;
        all.failures += counts.failures;
        all.errors += counts.errors;
        all.skipped += counts.skipped;
        all.seconds += counts.seconds;
        body.push_str(&text);
    }
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n{body}</testsuites>\n",
        all.attributes()
    );
    Ok(out.write_all(text.as_bytes())?)
}

fn failed(name: &str, message: &str, options: &Options) -> Result<(Counts, String), ReportError> {
    let counts = Counts {
        tests: 1,
        errors: 1,
        ..Counts::default()
    };
    let name = format!("tuner check {name}");
    let (name, message) = (xml(&name), masking::shown_text(message, options));
    let message = xml(&message);
    let text = format!(
        "  <testsuite name=\"{name}\" {}>\n    <testcase classname=\"{name}\" name=\"it can be checked\" time=\"0\">\n      \
         <error type=\"not measured\" message=\"{message}\">{message}</error>\n    </testcase>\n  </testsuite>\n",
        counts.attributes()
    );
    Ok((counts, text))
}

fn suite(
    name: Option<&str>,
    check: &Check,
    options: &Options,
    undecided: Undecided,
) -> Result<(Counts, String), ReportError> {
    let check = masking::shown(check, options)?;
    let seconds = check
        .finished_at
        .duration_since(check.started_at)
        .as_secs_f64()
        .max(0.0);
    // By the same name whether it could be checked or not, so that a CI system sees one suite.
    let suite = match (name, check.function.qualifier()) {
        (Some(name), _) => format!("tuner check {name}"),
        (None, Some(qualifier)) => format!("tuner check {}:{qualifier}", check.function.name()),
        (None, None) => format!("tuner check {}", check.function.name()),
    };
    let suite = xml(&suite);
    let rows = words::rows(&check);
    let mut cases = String::new();
    let mut counts = Counts {
        tests: rows.len(),
        seconds,
        ..Counts::default()
    };
    for row in &rows {
        let measured = match row.interval.is_empty() {
            true => row.measured.clone(),
            false => format!("{} ({})", row.measured, row.interval),
        };
        let message = format!("measured {measured}; {}", row.reason);
        let message = xml(message.trim_end_matches("; "));
        let element = match row.of {
            LimitVerdict::Kept => None,
            LimitVerdict::Broken => {
                counts.failures += 1;
                Some("failure")
            }
            LimitVerdict::CannotTell if undecided == Undecided::CannotTell => {
                counts.errors += 1;
                Some("error")
            }
            LimitVerdict::CannotTell | LimitVerdict::NotMeasured => {
                counts.skipped += 1;
                Some("skipped")
            }
        };
        // Writing to a string does not fail.
        let _ = write!(
            cases,
            "    <testcase classname=\"{suite}\" name=\"{}\" time=\"0\"",
            xml(&row.limit)
        );
        let _ = match element {
            None => writeln!(cases, "/>"),
            Some("skipped") => writeln!(cases, ">\n      <skipped message=\"{message}\"/>\n    </testcase>"),
            Some(element) => writeln!(
                cases,
                ">\n      <{element} type=\"{}\" message=\"{message}\">{message}</{element}>\n    </testcase>",
                row.verdict
            ),
        };
    }
    // A suite without a case reads as passed.
    if check.compares_nothing() || check.limits.is_empty() {
        let message = words::check_headline(&check);
        let message = xml(&message);
        let element = match check.compares_nothing() || check.outcomes.success == 0 {
            true => {
                counts.errors += 1;
                format!("<error type=\"cannot tell\" message=\"{message}\">{message}</error>")
            }
            false => {
                counts.skipped += 1;
                format!("<skipped message=\"{message}\"/>")
            }
        };
        counts.tests += 1;
        let _ = write!(
            cases,
            "    <testcase classname=\"{suite}\" name=\"{COMPARED}\" time=\"0\">\n      {element}\n    </testcase>\n"
        );
    }
    let timestamp = check.started_at.strftime("%Y-%m-%dT%H:%M:%S");
    let head = xml(&words::check_headline(&check)).into_owned();
    let text = format!(
        "  <testsuite name=\"{suite}\" {} timestamp=\"{timestamp}\">\n{cases}    <system-out>{head}</system-out>\n  </testsuite>\n",
        counts.attributes()
    );
    Ok((counts, text))
}
