//! Ties the errors that runtimes write to the invocation that they ended.
//!
//! By the request ID, if the line has one. Else by the invocation within which it stands: in its log stream, which is one
//! execution environment's, or in the file where lines name no stream, exactly one may be open, between its START and
//! its REPORT. Where several are, it is not known whose the error is, and it is nobody's.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;

use crate::lines::{FunctionError, Said, scan_errors};
use tuner_core::review::FunctionVersion;

use super::environment::{self, Environments};

/// More than an account runs at a time. Beyond, a file has STARTs without REPORTs, and nothing is tied without an ID.
const MOST_OPEN: usize = 20_000;
/// Errors that await their REPORT: those of more invocations are of REPORTs that the file does not hold.
const MOST_PENDING: usize = 20_000;

/// A request ID or a log stream, as a number: what is compared need not be kept.
pub(crate) type Key = u64;

/// Of lines that name no log stream.
pub(crate) const NO_STREAM: Key = 0;

/// Two of every invocation are made, which a slower hash would show in the time for a file; seeded anew in each process, so
/// that nobody can write a log whose keys collide.
pub(crate) fn key(text: &[u8]) -> Key {
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    STATE.hash_one(text).max(1)
}

/// What is known of request IDs or log streams.
pub(crate) type ByKey<T> = HashMap<Key, T, RandomState>;

/// A START or an error in a chunk.
struct Told {
    offset: usize,
    stream: Key,
    what: What,
}

enum What {
    /// A request, its tenant, and the version that runs.
    Started(Key, Option<Arc<str>>, Option<FunctionVersion>),
    /// An environment of this type.
    Initialised(Arc<str>),
    Failed(Option<Key>, FunctionError),
}

/// What the lines of a chunk say of how invocations began and failed, in their order.
#[derive(Default)]
pub(crate) struct Lines {
    told: Vec<Told>,
    /// What is left when STARTs and REPORTs of the same chunk are taken together: request, log stream, version.
    opened: Vec<(Key, Key, Option<FunctionVersion>)>,
    /// The versions of REPORTs, by their index, whose START is in the same chunk.
    pub(crate) versions: Vec<(usize, FunctionVersion)>,
    unstarted: Vec<Key>,
    has_errors: bool,
    has_environments: bool,
}

impl Lines {
    /// Whether an initStart is among them.
    pub(crate) const fn tells_of_environments(&self) -> bool {
        self.has_environments
    }

    /// Scans a chunk, forgetting what was in here before. `reports` are its REPORTs, in order: where they are, and of
    /// which request.
    pub(crate) fn scan(&mut self, chunk: &[u8], reports: impl Iterator<Item = (usize, Key)>) {
        self.told.clear();
        self.opened.clear();
        self.versions.clear();
        self.unstarted.clear();
        (self.has_errors, self.has_environments) = (false, false);
        scan_errors(chunk, |told| {
            let what = match told.said {
                Said::Started(started) => {
                    let version = started.version().and_then(|version| version.parse().ok());
                    let tenant = started.tenant_id().map(Arc::from);
                    What::Started(key(started.request_id.as_bytes()), tenant, version)
                }
                Said::Initialised(kind) => {
                    self.has_environments = true;
                    What::Initialised(kind.into())
                }
                Said::Failed(error) => {
                    self.has_errors = true;
                    What::Failed(error.request_id.as_ref().map(|id| key(id.as_bytes())), error)
                }
            };
            self.told.push(Told {
                offset: told.offset,
                stream: told.stream.map_or(NO_STREAM, key),
                what,
            });
        });
        // Started and reported one behind the other, nearly all of them.
        let mut told = self.told.iter().peekable();
        for (index, (offset, id)) in reports.enumerate() {
            while let Some(line) = told.next_if(|line| line.offset < offset) {
                Self::started(&mut self.opened, &mut self.unstarted, line);
            }
            match self.opened.iter().rposition(|(open, ..)| *open == id) {
                Some(place) => {
                    let (_, _, version) = self.opened.remove(place);
                    self.versions.extend(version.map(|version| (index, version)));
                }
                None => self.unstarted.push(id),
            }
        }
        told.for_each(|line| Self::started(&mut self.opened, &mut self.unstarted, line));
    }

    /// What the beginnings of its invocations tell of each of the chunk's REPORTs, of those that they tell something of.
    pub(crate) fn follow_environments(
        &self,
        environments: &mut Environments,
        reports: impl Iterator<Item = (usize, Key)>,
    ) -> Vec<(usize, environment::Told)> {
        let mut told = self.told.iter().peekable();
        let mut begin = |environments: &mut Environments, until: usize| {
            while let Some(line) = told.next_if(|line| line.offset < until) {
                match &line.what {
                    What::Initialised(kind) => environments.initialised(line.stream, kind),
                    What::Started(id, tenant, _) => environments.started(*id, line.stream, tenant.as_ref()),
                    What::Failed(..) => {}
                }
            }
        };
        let mut all = Vec::new();
        for (index, (offset, id)) in reports.enumerate() {
            begin(environments, offset);
            let told = environments.reported(id);
            if told != environment::Told::default() {
                all.push((index, told));
            }
        }
        begin(environments, usize::MAX);
        all
    }

    fn started(opened: &mut Vec<(Key, Key, Option<FunctionVersion>)>, unstarted: &mut Vec<Key>, line: &Told) {
        if let What::Started(id, _, version) = line.what {
            match unstarted.iter().rposition(|known| *known == id) {
                Some(place) => drop(unstarted.remove(place)),
                None => opened.push((id, line.stream, version)),
            }
        }
    }
}

/// Where the REPORT of an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the chunk, by its index.
    Here(usize),
    /// In the chunk before.
    Before(usize),
}

/// Follows the invocations of one source through its chunks.
#[derive(Default)]
pub(crate) struct Invocations {
    /// Started, and not reported yet: of which log stream.
    open: ByKey<Key>,
    /// How many of each log stream are open, and their IDs combined: where there is one, that is it.
    streams: ByKey<(usize, Key)>,
    /// Reported before they were started, as where lines are newest first.
    unstarted: ByKey<()>,
    /// Errors of invocations that are open or told by their ID.
    pending: ByKey<FunctionError>,
    /// Errors above the START of an invocation whose REPORT is further above.
    tentative: ByKey<FunctionError>,
    /// Too many were open at a time.
    lost: bool,
    /// Errors that are nobody's.
    pub(crate) untied: u64,
}

impl Invocations {
    /// Takes the lines of a chunk, and says which of its REPORTs, or of the chunk before, an error belongs to. `here` and
    /// `before` are the requests of their REPORTs.
    pub(crate) fn follow(
        &mut self,
        lines: &mut Lines,
        here: impl Iterator<Item = (usize, Key)>,
        before: impl Fn() -> Vec<Key>,
    ) -> Vec<(Place, FunctionError)> {
        let is_calm = !lines.has_errors && self.pending.is_empty() && self.tentative.is_empty();
        if is_calm {
            for id in lines.unstarted.drain(..) {
                self.report(id);
            }
            for (id, stream, _) in lines.opened.drain(..) {
                self.start(id, stream);
            }
            return Vec::new();
        }
        let mut tied = Vec::new();
        let mut places: ByKey<Place> = ByKey::default();
        for (index, id) in before().into_iter().enumerate() {
            places.insert(id, Place::Before(index));
        }
        let mut told = lines.told.drain(..).peekable();
        for (index, (offset, id)) in here.enumerate() {
            while let Some(line) = told.next_if(|line| line.offset < offset) {
                self.take(line, &places, &mut tied);
            }
            places.insert(id, Place::Here(index));
            self.report(id);
            if let Some(error) = self.pending.remove(&id) {
                tied.push((Place::Here(index), error));
            }
        }
        for line in told {
            self.take(line, &places, &mut tied);
        }
        tied
    }

    /// What is left at the end has no REPORT.
    pub(crate) fn finish(self) -> u64 {
        self.untied + (self.pending.len() + self.tentative.len()) as u64
    }

    fn take(&mut self, line: Told, places: &ByKey<Place>, tied: &mut Vec<(Place, FunctionError)>) {
        match line.what {
            What::Initialised(_) => {}
            What::Started(id, ..) => {
                self.start(id, line.stream);
                if let Some(error) = self.tentative.remove(&id) {
                    match places.get(&id) {
                        Some(place) => tied.push((*place, error)),
                        None => self.untied += 1,
                    }
                }
            }
            What::Failed(Some(id), error) => match places.get(&id) {
                // Newest first; a retry, which keeps the ID, is started again before it fails.
                Some(place) if !self.open.contains_key(&id) => tied.push((*place, error)),
                _ => self.await_report(id, error),
            },
            What::Failed(None, error) => match self.only_one_open(line.stream) {
                Some(id) => self.await_report(id, error),
                None => match self.only_one_unstarted() {
                    Some(id) if self.open.is_empty() => drop(self.tentative.insert(id, error)),
                    _ => self.untied += 1,
                },
            },
        }
    }

    fn await_report(&mut self, id: Key, error: FunctionError) {
        if self.pending.len() < MOST_PENDING {
            // The last one is what the invocation ended in.
            self.pending.insert(id, error);
        } else {
            self.untied += 1;
        }
    }

    fn start(&mut self, id: Key, stream: Key) {
        if self.unstarted.remove(&id).is_some() || self.lost {
            return;
        }
        if self.open.len() == MOST_OPEN {
            (self.open, self.streams) = (ByKey::default(), ByKey::default());
            self.lost = true;
            return;
        }
        if self.open.insert(id, stream).is_none() {
            let (count, combined) = self.streams.entry(stream).or_default();
            *count += 1;
            *combined ^= id;
        }
    }

    fn report(&mut self, id: Key) {
        let Some(stream) = self.open.remove(&id) else {
            if self.unstarted.len() == MOST_OPEN {
                self.unstarted.clear();
            }
            self.unstarted.insert(id, ());
            return;
        };
        if let Some((count, combined)) = self.streams.get_mut(&stream) {
            *count -= 1;
            *combined ^= id;
            if *count == 0 {
                self.streams.remove(&stream);
            }
        }
    }

    /// The invocation of the log stream that is open; without a stream, that of the file, if all of it is without.
    fn only_one_open(&self, stream: Key) -> Option<Key> {
        let (count, id) = self.streams.get(&stream)?;
        let is_alone = stream != NO_STREAM || self.streams.len() == 1;
        (*count == 1 && is_alone).then_some(*id)
    }

    fn only_one_unstarted(&self) -> Option<Key> {
        let mut all = self.unstarted.keys();
        all.next().filter(|_| self.unstarted.len() == 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: &str = "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n";

    fn start(id: &str) -> String {
        format!("START RequestId: {id} Version: 1\n")
    }

    /// Chunks of text, in which `R(id)` stands for a REPORT; the IDs of those that failed, and how many errors are
    /// nobody's.
    fn failed(chunks: &[Vec<String>]) -> (Vec<String>, u64) {
        let (mut invocations, mut lines) = (Invocations::default(), Lines::default());
        let mut all = Vec::new();
        let mut last: Vec<String> = Vec::new();
        for chunk in chunks {
            let mut text = String::new();
            let mut reports = Vec::new();
            for piece in chunk {
                if let Some(id) = piece.strip_prefix("R ") {
                    reports.push((text.len(), id.to_owned()));
                }
                text += piece;
                text.push('\n');
            }
            let keys = || reports.iter().map(|(at, id)| (*at, key(id.as_bytes())));
            lines.scan(text.as_bytes(), keys());
            let before = || last.iter().map(|id| key(id.as_bytes())).collect();
            for (place, _) in invocations.follow(&mut lines, keys(), before) {
                all.push(match place {
                    Place::Here(index) => reports[index].1.clone(),
                    Place::Before(index) => last[index].clone(),
                });
            }
            last = reports.into_iter().map(|(_, id)| id).collect();
        }
        (all, invocations.finish())
    }

    fn report(id: &str) -> String {
        format!("R {id}")
    }

    fn told(chunks: &[&[String]]) -> (Vec<String>, u64) {
        let (whole, untied) = failed(&chunks.iter().map(|chunk| chunk.to_vec()).collect::<Vec<_>>());
        let one = vec![chunks.concat()];
        let each: Vec<Vec<String>> = chunks.concat().into_iter().map(|piece| vec![piece]).collect();
        // However a file is cut; only newest first a REPORT is not waited for longer than a chunk.
        assert_eq!(failed(&one), (whole.clone(), untied));
        if !one[0][0].starts_with("R ") {
            assert_eq!(failed(&each), (whole.clone(), untied));
        }
        (whole, untied)
    }

    #[test]
    fn an_error_is_of_the_invocation_that_it_stands_within() {
        let error = ERROR.to_owned();
        assert_eq!(
            told(&[&[start("a"), error.clone()], &[report("a"), start("b"), report("b")]]),
            (vec!["a".into()], 0)
        );
        // Before the first START, and behind the last REPORT, it is nobody's.
        assert_eq!(told(&[&[error.clone(), start("a"), report("a")]]), (vec![], 1));
        assert_eq!(told(&[&[start("a"), report("a"), error.clone()]]), (vec![], 1));
        // A file that begins in the middle of an invocation.
        assert_eq!(
            told(&[&[error.clone(), report("a"), start("b"), error.clone(), report("b")]]).0,
            ["b"]
        );
    }

    #[test]
    fn never_of_a_neighbour() {
        let error = ERROR.to_owned();
        assert_eq!(
            told(&[&[start("a"), start("b"), error.clone()], &[report("a"), report("b")]]),
            (vec![], 1)
        );
        assert_eq!(
            told(&[&[start("a"), start("b"), report("a"), error, report("b")]]),
            (vec!["b".into()], 0)
        );
    }

    #[test]
    fn streams_keep_invocations_apart() {
        let of = |stream: &str, line: &str| format!("2026-01-31T10:00:00+00:00 2026/01/31/[$LATEST]{stream} {line}");
        assert_eq!(
            told(&[
                &[of("one", &start("a")), of("two", &start("b"))],
                &[of("two", ERROR), report("a"), report("b")]
            ]),
            (vec!["b".into()], 0)
        );
        assert_eq!(
            told(&[&[of("one", &start("a")), of("two", ERROR), report("a")]]),
            (vec![], 1)
        );
        // A line without a stream may be of any.
        assert_eq!(
            told(&[&[
                of("one", &start("a")),
                start("b"),
                ERROR.into(),
                report("a"),
                report("b")
            ]]),
            (vec![], 1)
        );
    }

    #[test]
    fn newest_first_an_error_stands_between_report_and_start() {
        let error = ERROR.to_owned();
        assert_eq!(
            told(&[&[report("b"), start("b"), report("a")], &[error.clone(), start("a")]]),
            (vec!["a".into()], 0)
        );
        assert_eq!(told(&[&[report("a"), error.clone(), start("b")]]), (vec![], 1));
        assert_eq!(
            told(&[&[report("a"), report("b"), error, start("a"), start("b")]]),
            (vec![], 1)
        );
    }

    #[test]
    fn a_request_id_is_enough() {
        let error = |id: &str| {
            format!(
                "2026-01-31T10:00:00.000Z\t{id}\tERROR\tInvoke Error \t{{\"errorType\":\"Error\",\"errorMessage\":\"x\"}}"
            )
        };
        assert_eq!(
            told(&[&[start("a"), start("b"), error("a")], &[report("b"), report("a")]]),
            (vec!["a".into()], 0)
        );
        assert_eq!(told(&[&[error("a"), report("b"), report("a")]]), (vec!["a".into()], 0));
        assert_eq!(told(&[&[report("a"), error("a")]]), (vec!["a".into()], 0));
        assert_eq!(told(&[&[error("x"), report("a")]]), (vec![], 1));
        // A retry keeps the ID: of two attempts, the one that failed.
        assert_eq!(
            failed(&[vec![start("a"), report("a"), start("a"), error("a"), report("a")]]),
            (vec!["a".into()], 0)
        );
    }
}
