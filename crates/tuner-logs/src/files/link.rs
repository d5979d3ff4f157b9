//! Joins what stands beside a REPORT with it: the older style's time-out and crash lines, and the errors that runtimes write.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use crate::lines::{Counts, Cut, Event, Figures, Found, FunctionError, Neighbours, Report, Scanned, Scanner};
use tuner_core::Outcome;
use tuner_core::review::{FunctionVersion, Unreported};

use super::environment::{self, Environments};
use super::function::{Function, FunctionContext};
use super::group::MOST_GROUPS;
use super::invocations::{Invocations, Key, Lines, Place, key};
use super::naming::Naming;
use super::packed;

/// What a chunk says, in the order of its lines. Its memory is used again for later chunks.
#[derive(Default)]
pub(crate) struct Parsed {
    reports: Vec<Reported>,
    /// The request IDs of usual reports, one behind the other.
    ids: String,
    /// Lines of the older style that await their REPORT.
    lines: Vec<Line>,
    /// How invocations began, and the errors that they ended in.
    errors: Lines,
    failed_inits: u64,
    /// The functions that initStart events name, and where.
    started: Vec<(usize, Arc<Function>)>,
    /// What is packed in strings: where, of which function, and what.
    packed: Vec<(usize, Option<Arc<Function>>, Vec<u8>)>,
}

/// A REPORT and what is known around it.
pub(crate) struct Reported {
    offset: usize,
    pub(crate) function: Option<Arc<Function>>,
    /// The version of it that ran, if that is known.
    pub(crate) version: Option<FunctionVersion>,
    pub(crate) said: Said,
    neighbours: Neighbours,
    /// What the runtime says that it ended in.
    error: Option<Box<FunctionError>>,
    /// What is told where it began; of records only.
    began: Option<Box<environment::Told>>,
}

/// What a REPORT says. The usual one takes no memory of its own, which a large log has no time for.
pub(crate) enum Said {
    Usual { id: Range<usize>, figures: Figures },
    More(Box<Report>),
}

impl Said {
    fn request_id<'a>(&'a self, ids: &'a str) -> &'a str {
        match self {
            Self::Usual { id, .. } => &ids[id.clone()],
            Self::More(report) => &report.request_id,
        }
    }
}

impl Reported {
    pub(crate) fn outcome(&self) -> Outcome {
        match &self.error {
            Some(error) if self.tells_no_more() => error.outcome(),
            _ => self.outcome_of_report(),
        }
    }

    /// Whether REPORT and Lambda's lines beside it say no more than that it was an error, if that.
    fn tells_no_more(&self) -> bool {
        let has_type = matches!(&self.said, Said::More(report) if report.error_type.is_some());
        !has_type && matches!(self.outcome_of_report(), Outcome::Success | Outcome::FunctionError)
    }

    fn outcome_of_report(&self) -> Outcome {
        match &self.said {
            Said::Usual { figures, .. } => figures.outcome(self.neighbours),
            Said::More(report) => report.outcome(self.neighbours),
        }
    }

    /// The same with an ID of its own, so that it can outlive its chunk.
    pub(crate) fn to_owned(&self, ids: &str) -> Self {
        Self {
            offset: self.offset,
            function: self.function.clone(),
            version: self.version,
            said: Said::More(Box::new(self.plain_report(ids))),
            neighbours: self.neighbours,
            error: self.error.clone(),
            began: self.began.clone(),
        }
    }

    /// What its execution environment is.
    pub(crate) fn environment(&self) -> Option<&Arc<str>> {
        self.began.as_ref()?.environment.as_ref()
    }

    /// The whole report; `ids` are those of its chunk.
    pub(crate) fn report(&self, ids: &str) -> Report {
        let mut report = self.plain_report(ids);
        if let Some(error) = self.error.as_ref().filter(|_| self.tells_no_more()) {
            report.error_type.clone_from(&error.error_type);
        }
        if let Some(tenant) = self.began.as_ref().and_then(|began| began.tenant.as_deref()) {
            report.tenant_id.get_or_insert_with(|| tenant.to_owned());
        }
        report
    }

    fn plain_report(&self, ids: &str) -> Report {
        match &self.said {
            Said::Usual { figures, .. } => figures.to_report(self.said.request_id(ids)),
            Said::More(report) => Report::clone(report),
        }
    }
}

struct Line {
    offset: usize,
    function: Option<Arc<Function>>,
    request_id: Option<String>,
    says: Neighbours,
}

impl Parsed {
    /// Forgets what was in here before.
    pub(crate) fn clear(&mut self) {
        self.reports.clear();
        self.ids.clear();
        self.lines.clear();
        self.started.clear();
        self.failed_inits = 0;
    }

    /// Takes an event.
    #[inline]
    pub(crate) fn take(&mut self, scanned: Scanned<'_>, context: &mut FunctionContext) {
        match scanned {
            Scanned::Usual { offset, origin, report } => {
                let from = self.ids.len();
                self.ids.push_str(report.request_id);
                self.reports.push(Reported {
                    offset,
                    function: context.function(&origin),
                    version: context.version(&origin),
                    said: Said::Usual {
                        id: from..self.ids.len(),
                        figures: report.figures,
                    },
                    neighbours: Neighbours::NONE,
                    error: None,
                    began: None,
                });
            }
            Scanned::Other(found) => self.take_other(found, context),
            Scanned::Packed { offset, origin, base64 } => {
                if let Some(text) = packed::unpack(base64) {
                    self.packed.push((offset, context.function(&origin), text));
                }
            }
        }
    }

    /// Scans what was packed in strings; what is in there is of the function around it, unless it says so itself.
    pub(crate) fn unpack(&mut self, context: &FunctionContext) -> Counts {
        let mut counts = Counts::default();
        for (offset, function, text) in std::mem::take(&mut self.packed) {
            let mut context = context.clone();
            let mut scanner = Scanner::default();
            let (first, lines) = (self.reports.len(), self.lines.len());
            scanner.scan(&text, Cut::default(), |scanned| {
                // Packed in what is packed is nothing that is known.
                if !matches!(scanned, Scanned::Packed { .. }) {
                    self.take(scanned, &mut context);
                }
            });
            for reported in &mut self.reports[first..] {
                reported.offset = offset;
                if reported.function.is_none() {
                    reported.function.clone_from(&function);
                }
            }
            for line in &mut self.lines[lines..] {
                line.offset = offset;
                if line.function.is_none() {
                    line.function.clone_from(&function);
                }
            }
            counts.quoted += scanner.counts().quoted;
            counts.unreadable += scanner.counts().unreadable;
        }
        self.reports.sort_by_key(|reported| reported.offset);
        self.lines.sort_by_key(|line| line.offset);
        counts
    }

    /// Looks for errors of runtimes in the chunk, once its REPORTs are known.
    pub(crate) fn find_errors(&mut self, chunk: &[u8]) {
        let Self {
            reports, ids, errors, ..
        } = self;
        errors.scan(chunk, requests(reports, ids));
        for (index, version) in errors.versions.drain(..) {
            if let Some(report) = reports.get_mut(index) {
                report.version = Some(version);
            }
        }
    }

    pub(crate) fn has_packed(&self) -> bool {
        !self.packed.is_empty()
    }

    fn take_other(&mut self, found: Found<'_>, context: &mut FunctionContext) {
        match found.event {
            Event::Report(report) => self.reports.push(Reported {
                offset: found.offset,
                function: context.function(&found.origin),
                version: context.version(&found.origin),
                said: Said::More(Box::new(report)),
                neighbours: Neighbours::NONE,
                error: None,
                began: None,
            }),
            Event::InitReport(init) => {
                self.failed_inits += u64::from(init.status.is_some_and(|status| status.is_failure()));
            }
            Event::InitStart(start) | Event::RestoreStart(start) => {
                let named = start.function_name.and_then(|name| context.named(&name));
                self.started.extend(named.map(|function| (found.offset, function)));
            }
            event => {
                let says = Neighbours::from_event(&event);
                let request_id = match event {
                    Event::TimedOut(line) => line.request_id,
                    Event::RuntimeError(error) => error.request_id,
                    _ => return,
                };
                self.lines.push(Line {
                    offset: found.offset,
                    function: context.function(&found.origin),
                    request_id,
                    says,
                });
            }
        }
    }
}

/// Where REPORTs are, and of which request.
fn requests<'a>(reports: &'a [Reported], ids: &'a str) -> impl Iterator<Item = (usize, Key)> + 'a {
    reports
        .iter()
        .map(|report| (report.offset, key(report.said.request_id(ids).as_bytes())))
}

/// Takes the chunks of one source in order, and gives their records once no more lines can belong to them: the line
/// may stand before or after its REPORT, and up to a chunk away from it.
///
/// An asynchronous retry keeps the request ID, so a line is joined with the nearest REPORT before it that has none
/// yet, else with the first one after it.
#[derive(Default)]
pub(crate) struct Linker {
    last: Parsed,
    waiting: Vec<Line>,
    naming: Naming,
    invocations: Invocations,
    environments: Environments,
    /// Whether records are wanted, which tell whatever their beginnings do.
    of_records: bool,
    tally: Tally,
}

/// What is counted beside the records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Failed initialisations.
    pub(crate) failed_inits: u64,
    /// Time-out lines without a REPORT.
    pub(crate) timeouts: u64,
    /// Crash lines without a REPORT.
    pub(crate) crashes: u64,
    /// Both, by the function that they are of, where that is known.
    pub(crate) unreported: BTreeMap<Arc<Function>, Unreported>,
    /// Errors of runtimes that are of no invocation that is known.
    pub(crate) errors: u64,
    /// What was read, after decompression.
    pub(crate) bytes: u64,
}

impl Linker {
    /// One whose records tell what their beginnings say.
    pub(crate) fn of_records() -> Self {
        Self {
            of_records: true,
            ..Self::default()
        }
    }

    /// Takes a chunk and gives the reports of the one before it with their chunk's IDs. In `parsed` it leaves memory to
    /// be used again.
    pub(crate) fn push(&mut self, parsed: &mut Parsed, give: impl FnMut(&Reported, &str)) {
        self.tally.failed_inits += parsed.failed_inits;
        self.tie_beginnings(parsed);
        self.tie_errors(parsed);
        let old = join(std::mem::take(&mut self.waiting), &mut [(parsed, Side::After)]);
        self.tally.count(&old);
        let lines = std::mem::take(&mut parsed.lines);
        self.waiting = join(lines, &mut [(parsed, Side::Same), (&mut self.last, Side::Before)]);
        self.give_last(give);
        std::mem::swap(&mut self.last, parsed);
    }

    /// Gives the reports of the last chunk.
    pub(crate) fn finish(mut self, mut give: impl FnMut(&Reported, &str)) -> Tally {
        self.tally.count(&self.waiting);
        self.give_last(&mut give);
        self.naming.finish(give);
        self.tally.errors = std::mem::take(&mut self.invocations).finish();
        self.tally
    }

    fn tie_beginnings(&mut self, parsed: &mut Parsed) {
        // Text logs tell nothing of environments, and are not followed.
        if !self.of_records && !self.environments.is_any_known() && !parsed.errors.tells_of_environments() {
            if !parsed.reports.is_empty() {
                self.environments.began_before();
            }
            return;
        }
        let here = requests(&parsed.reports, &parsed.ids);
        for (index, told) in parsed.errors.follow_environments(&mut self.environments, here) {
            if let Some(report) = parsed.reports.get_mut(index) {
                report.began = Some(Box::new(told));
            }
        }
    }

    fn tie_errors(&mut self, parsed: &mut Parsed) {
        let mut errors = std::mem::take(&mut parsed.errors);
        let before = || requests(&self.last.reports, &self.last.ids).map(|(_, id)| id).collect();
        let here = requests(&parsed.reports, &parsed.ids);
        let tied = self.invocations.follow(&mut errors, here, before);
        parsed.errors = errors;
        for (place, error) in tied {
            let report = match place {
                Place::Here(index) => parsed.reports.get_mut(index),
                Place::Before(index) => self.last.reports.get_mut(index),
            };
            if let Some(report) = report {
                report.error = Some(Box::new(error));
            }
        }
    }

    fn give_last(&mut self, mut give: impl FnMut(&Reported, &str)) {
        let Parsed {
            reports, ids, started, ..
        } = &self.last;
        let mut started = started.iter().peekable();
        for report in reports {
            while let Some((_, function)) = started.next_if(|(offset, _)| *offset < report.offset) {
                self.naming.started(function, &mut give);
            }
            self.naming.give(report, ids, &mut give);
        }
        started.for_each(|(_, function)| self.naming.started(function, &mut give));
    }
}

impl Tally {
    fn count(&mut self, unmatched: &[Line]) {
        for line in unmatched {
            let counted = Unreported {
                timeouts: u64::from(line.says.timed_out),
                crashes: u64::from(!line.says.timed_out),
            };
            self.timeouts += counted.timeouts;
            self.crashes += counted.crashes;
            if let Some(function) = &line.function {
                self.count_of(function, counted);
            }
        }
    }

    fn count_of(&mut self, function: &Arc<Function>, counted: Unreported) {
        if self.unreported.len() < MOST_GROUPS || self.unreported.contains_key(function) {
            let known = self.unreported.entry(function.clone()).or_default();
            known.timeouts += counted.timeouts;
            known.crashes += counted.crashes;
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.failed_inits += other.failed_inits;
        self.timeouts += other.timeouts;
        self.crashes += other.crashes;
        self.errors += other.errors;
        self.bytes += other.bytes;
        for (function, counted) in other.unreported {
            self.count_of(&function, counted);
        }
    }
}

/// Where a chunk's reports stand to the lines that are joined with them.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Before,
    Same,
    After,
}

/// Joins lines with reports and returns those that found none. Costs nothing where there are no lines.
fn join(lines: Vec<Line>, chunks: &mut [(&mut Parsed, Side)]) -> Vec<Line> {
    let mut left = lines;
    for (parsed, side) in chunks {
        if left.is_empty() {
            break;
        }
        let Parsed { reports, ids, .. } = &mut **parsed;
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, reported) in reports.iter().enumerate() {
            by_id.entry(reported.said.request_id(ids)).or_default().push(index);
        }
        let mut said: Vec<Neighbours> = reports.iter().map(|reported| reported.neighbours).collect();
        left.retain(|line| {
            let candidates = line
                .request_id
                .as_deref()
                .and_then(|id| by_id.get(id))
                .map_or(&[][..], Vec::as_slice);
            let is_free = |index: &&usize| said[**index].with(line.says) != said[**index];
            let before = match side {
                Side::Before => candidates.len(),
                Side::Same => candidates.partition_point(|index| reports[*index].offset < line.offset),
                Side::After => 0,
            };
            let (before, after) = candidates.split_at(before);
            let chosen = before
                .iter()
                .rev()
                .find(is_free)
                .or_else(|| after.iter().find(is_free))
                .copied();
            if let Some(index) = chosen {
                said[index] = said[index].with(line.says);
            }
            chosen.is_none()
        });
        for (reported, said) in reports.iter_mut().zip(said) {
            reported.neighbours = said;
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use tuner_core::Outcome;

    use super::super::Record;
    use super::*;

    fn report(id: &str, duration: u32) -> String {
        format!(
            "REPORT RequestId: {id}\tDuration: {duration}.00 ms\tBilled Duration: {duration} ms\tMemory Size: 128 MB\tMax Memory Used: 127 MB\t\n"
        )
    }

    fn timed_out(id: &str) -> String {
        format!("2024-03-04T17:22:38.033Z {id} Task timed out after 3.00 seconds\n\n")
    }

    fn killed(id: &str) -> String {
        format!("RequestId: {id} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n")
    }

    fn outcomes(chunks: &[String]) -> (Vec<(u32, Outcome)>, Tally) {
        let unknown = Arc::from("unknown");
        let (mut linker, mut parsed) = (Linker::default(), Parsed::default());
        let mut records = Vec::new();
        for chunk in chunks {
            parsed.clear();
            let mut context = FunctionContext::default();
            Scanner::default().scan(chunk.as_bytes(), Cut::default(), |scanned| {
                parsed.take(scanned, &mut context)
            });
            linker.push(&mut parsed, |reported, ids| {
                records.push(Record::new(reported, ids, &unknown))
            });
        }
        let tally = linker.finish(|reported, ids| records.push(Record::new(reported, ids, &unknown)));
        (
            records
                .into_iter()
                .map(|record| (record.report.duration_ms as u32, record.outcome))
                .collect(),
            tally,
        )
    }

    #[test]
    fn a_line_is_joined_before_after_and_in_the_next_chunk() {
        use Outcome::{OutOfMemory, Success, Timeout};
        // An ID of 36 letters makes the usual report, a shorter one does not.
        for (a, b) in [
            ("a", "b"),
            (&*"a".repeat(36), &*"b".repeat(36)),
            ("a", &*"b".repeat(36)),
        ] {
            for chunks in [
                vec![report(a, 1) + &timed_out(a) + &report(b, 2) + &killed(b)],
                vec![timed_out(a) + &killed(b) + &report(a, 1) + &report(b, 2)],
                vec![report(a, 1), timed_out(a) + &report(b, 2), killed(b)],
                vec![timed_out(a), report(a, 1) + &killed(b), report(b, 2)],
            ] {
                let (found, tally) = outcomes(&chunks);
                assert_eq!(found, [(1, Timeout), (2, OutOfMemory)], "{chunks:?}");
                assert_eq!((tally.timeouts, tally.crashes), (0, 0));
            }
        }
        let (found, tally) = outcomes(&[report("a", 1), report("b", 2), timed_out("a"), killed("x")]);
        assert_eq!(found, [(1, Success), (2, Success)]);
        assert_eq!((tally.timeouts, tally.crashes), (1, 1));
    }

    #[test]
    fn retries_keep_the_id_and_each_has_its_own_line() {
        use Outcome::{Success, Timeout};
        let of = |chunk: String| outcomes(&[chunk]).0;
        assert_eq!(
            of(report("a", 1) + &timed_out("a") + &report("a", 2)),
            [(1, Timeout), (2, Success)]
        );
        assert_eq!(
            of(report("a", 1) + &timed_out("a") + &report("a", 2) + &timed_out("a")),
            [(1, Timeout), (2, Timeout)]
        );
        assert_eq!(
            of(timed_out("a") + &report("a", 1) + &timed_out("a") + &report("a", 2)),
            [(1, Timeout), (2, Timeout)]
        );
    }
}
