//! JUnit XML, as CI systems read it: a case for every limit, whose name holds no measured value, so that runs can be compared by
//! name. Broken is a failure, "cannot tell" an error (skipped where it is let pass), what was not measured is skipped.

use std::fmt::Write as _;
use std::io::Write;

use tuner_core::check::{Check, LimitVerdict, Undecided};

use super::words;
use crate::escape::xml;
use crate::{Options, ReportError, masking};

/// Writes it.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn check_junit(
    check: &Check,
    options: &Options,
    undecided: Undecided,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let check = masking::shown(check, options)?;
    let seconds = check
        .finished_at
        .duration_since(check.started_at)
        .as_secs_f64()
        .max(0.0);
    let suite = match check.function.qualifier() {
        Some(qualifier) => format!("tuner check {}:{qualifier}", check.function.name()),
        None => format!("tuner check {}", check.function.name()),
    };
    let suite = xml(&suite);
    let (mut cases, mut failures, mut errors, mut skipped) = (String::new(), 0, 0, 0);
    let rows = words::rows(&check);
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
                failures += 1;
                Some("failure")
            }
            LimitVerdict::CannotTell if undecided == Undecided::CannotTell => {
                errors += 1;
                Some("error")
            }
            LimitVerdict::CannotTell | LimitVerdict::NotMeasured => {
                skipped += 1;
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
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{seconds:.3}\"",
        rows.len()
    );
    let timestamp = check.started_at.strftime("%Y-%m-%dT%H:%M:%S");
    let head = xml(&words::check_headline(&check)).into_owned();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"{suite}\" {counts} \
         timestamp=\"{timestamp}\">\n{cases}    <system-out>{head}</system-out>\n  </testsuite>\n</testsuites>\n"
    );
    Ok(out.write_all(text.as_bytes())?)
}
