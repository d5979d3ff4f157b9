use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::lines::{Counts, Cut, Scanner, Table};
use rayon::prelude::*;

use super::chunks::{Chunks, Filled};
use super::evidence::Unread;
use super::exported::origin_of_path;
use super::function::{Function, FunctionContext};
use super::group::{Folder, OwnFiles};
use super::input::{Entry, Source, sources};
use super::layers::Plain;
use super::link::{Linker, Parsed, Reported, Tally};
use super::{
    Coverage, ExportTasks, FileNote, Input, LogEvidence, Looks, Problem, Record, Summary, UNKNOWN_FUNCTION, looks,
};

/// What a batch of chunks may hold of the input, in bytes. There are two of them, and what is read from one may take a
/// few times as much (chunks of nothing but REPORTs), which keeps the whole below 100 MB.
const BUDGET: usize = 4 << 20;
/// Large enough to be quick, small enough to stay in a processor's cache.
const LARGEST_CHUNK: usize = 128 << 10;
/// Larger than any event that CloudWatch takes in text form.
const SMALLEST_CHUNK: usize = 64 << 10;

/// What all chunks together may grow to for documents that are longer than a chunk.
const GROWN: usize = 32 << 20;
/// Longer documents are no single ones of CloudWatch, Kinesis or Lambda.
const LARGEST_DOCUMENT: usize = 4 << 20;

/// Where a document of ours says what it is.
const OWN_HEAD: usize = 1024;

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How many threads to use; all processors by default.
    pub threads: Option<NonZeroUsize>,
    /// What exports are of that have no log group in their paths.
    pub export_tasks: ExportTasks,
    /// The function that logs are of where nothing tells it.
    pub unnamed: Option<String>,
}

impl Options {
    fn unnamed(&self) -> Option<Arc<Function>> {
        let name = self.unnamed.as_deref()?;
        Some(Arc::new(Function {
            name: name.into(),
            region: None,
            edge: false,
        }))
    }

    fn threads(&self) -> usize {
        self.threads
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get)
    }

    fn chunk_bytes(&self) -> usize {
        (BUDGET / self.threads()).clamp(SMALLEST_CHUNK, LARGEST_CHUNK)
    }

    /// How many chunks a batch has: enough that handing over is rare.
    fn lanes(&self) -> usize {
        let threads = self.threads();
        if threads == 1 {
            return 1;
        }
        (BUDGET / self.chunk_bytes()).clamp(threads, 4 * threads)
    }

    /// Runs `work` on as many threads as asked for: on the caller's own if that is one.
    fn on_pool<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if self.threads() == 1 {
            return work();
        }
        match rayon::ThreadPoolBuilder::new().num_threads(self.threads()).build() {
            Ok(pool) => pool.install(work),
            // The system has no threads to give: the caller's own will do.
            Err(_) => work(),
        }
    }
}

/// Sums up all inputs per function and memory size.
pub fn summarize(inputs: Vec<Input>, options: &Options) -> (Summary, Coverage) {
    let whole = fold(inputs, options);
    (Summary::new(whole.folder, whole.tally), whole.coverage)
}

/// What all inputs tell of each function, for a memory review.
pub fn gather(inputs: Vec<Input>, options: &Options) -> (LogEvidence, Coverage) {
    let whole = fold(inputs, options);
    (
        LogEvidence::new(whole.folder, whole.tally, &whole.unread),
        whole.coverage,
    )
}

fn fold(inputs: Vec<Input>, options: &Options) -> Partial {
    options.on_pool(|| {
        let mut whole = Partial::default();
        let sources = sources(inputs, &mut whole.coverage.problems);
        // What a folder or file that cannot be opened would have held is of nobody knows whom, unless its path tells.
        let unopened: Vec<String> = whole
            .coverage
            .problems
            .iter()
            .filter_map(Problem::file)
            .map(str::to_owned)
            .collect();
        unopened
            .iter()
            .for_each(|name| whole.is_missing(Path::new(name), options, false));
        // A large plain file is spread over all threads; of the others each is read by one.
        let (large, small): (Vec<_>, Vec<_>) = sources
            .into_iter()
            .partition(|source| source.is_divisible(options.chunk_bytes()));
        for source in large {
            whole.read(source, options, options.lanes());
        }
        let read_one = |mut partial: Partial, source| {
            partial.read(source, options, 1);
            partial
        };
        let mut whole = if options.threads() == 1 {
            small.into_iter().fold(whole, read_one)
        } else {
            let rest = small.into_par_iter().fold(Partial::default, read_one);
            whole.merge(rest.reduce(Partial::default, Partial::merge))
        };
        if let Some(problem) = whole.folder.problem() {
            whole.unread.anybodys = true;
            whole.coverage.problems.push(problem);
        }
        whole
    })
}

/// Gives every REPORT of all inputs to `take`, in input order. Stops at the first error of `take`.
///
/// # Errors
/// What `take` returns, such as a broken pipe. Inputs that cannot be read are in the coverage instead.
pub fn for_each_record<E: Send>(
    inputs: Vec<Input>,
    options: &Options,
    mut take: impl FnMut(&Record) -> Result<(), E> + Send,
) -> Result<Coverage, E> {
    options.on_pool(|| {
        let unknown = Arc::from(options.unnamed.as_deref().unwrap_or(UNKNOWN_FUNCTION));
        let mut coverage = Coverage::default();
        let mut failed = None;
        for source in sources(inputs, &mut coverage.problems) {
            let opened = source.open(&mut |entry| {
                if failed.is_some() {
                    return;
                }
                let give = |reported: &Reported, ids: &str| {
                    if failed.is_none() {
                        failed = take(&Record::new(reported, ids, &unknown)).err();
                    }
                    failed.is_none()
                };
                read(entry, options, options.lanes(), give).told(&mut coverage);
            });
            coverage.problems.extend(opened.err());
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(coverage)
    })
}

/// What some of the inputs say.
#[derive(Default)]
struct Partial {
    folder: Folder,
    tally: Tally,
    coverage: Coverage,
    unread: Unread,
}

impl Partial {
    fn read(&mut self, source: Source, options: &Options, lanes: usize) {
        let opened = source.open(&mut |entry| {
            let folder = &mut self.folder;
            let unnamed = options.unnamed();
            let done = read(entry, options, lanes, |reported, _| {
                folder.add(reported, unnamed.as_ref());
                true
            });
            match &done.function {
                Some(function) => self.folder.has_own_file(function, done.own_file()),
                None => self.unread.nobody_knows_whose |= done.problem.is_some(),
            }
            let tally = done.told(&mut self.coverage);
            self.tally.add(tally);
        });
        if let Err(problem) = opened {
            if let Some(name) = problem.file() {
                let name = name.to_owned();
                self.is_missing(Path::new(&name), options, problem.is_cut_off());
            }
            self.coverage.problems.push(problem);
        }
    }

    fn is_missing(&mut self, path: &Path, options: &Options, is_cut: bool) {
        match Function::of_path(&origin_of_path(path, &options.export_tasks)) {
            Some(function) => {
                let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
                let file = OwnFiles {
                    files: 1,
                    damaged: 1,
                    bytes,
                    unread: bytes,
                    unknown: u64::from(bytes == 0 || is_cut),
                };
                self.folder.has_own_file(&function, file);
            }
            None => self.unread.nobody_knows_whose = true,
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.tally.add(other.tally);
        Self {
            folder: self.folder.merge(other.folder),
            tally: self.tally,
            coverage: self.coverage.merge(other.coverage),
            unread: Unread {
                nobody_knows_whose: self.unread.nobody_knows_whose || other.unread.nobody_knows_whose,
                anybodys: self.unread.anybodys || other.unread.anybodys,
            },
        }
    }
}

/// What became of one log.
struct Done {
    note: FileNote,
    problem: Option<Problem>,
    tally: Tally,
    /// By its path.
    function: Option<Arc<Function>>,
    /// As they are in the file.
    file_bytes: u64,
    unread_bytes: u64,
}

impl Done {
    fn own_file(&self) -> OwnFiles {
        let damaged = u64::from(self.problem.is_some());
        OwnFiles {
            files: 1,
            damaged,
            bytes: self.file_bytes,
            unread: self.unread_bytes,
            unknown: if self.unread_bytes == 0 || self.problem.as_ref().is_some_and(Problem::is_cut_off) {
                damaged
            } else {
                0
            },
        }
    }

    /// Adds what became of it, and returns what was counted beside its records.
    fn told(self, coverage: &mut Coverage) -> Tally {
        coverage.problems.extend(self.problem);
        coverage.add(self.note);
        self.tally
    }
}

/// A chunk, and what it says. Both keep their memory for the next one.
#[derive(Default)]
struct Lane {
    buffer: Vec<u8>,
    length: usize,
    cut: Cut,
    parsed: Parsed,
    counts: Counts,
}

impl Lane {
    fn parse(&mut self, scanner: &mut Scanner, context: &FunctionContext, form: &Form) {
        let chunk = &self.buffer[..self.length];
        let mut of_chunk = context.clone();
        self.parsed.clear();
        let parsed = &mut self.parsed;
        match form {
            Form::Log => scanner.scan(chunk, self.cut, |scanned| parsed.take(scanned, &mut of_chunk)),
            Form::Table(table) => table.scan(chunk, |scanned| parsed.take(scanned, &mut of_chunk)),
            Form::OwnDocument => {}
        }
        self.counts = if parsed.has_packed() {
            parsed.unpack(context)
        } else {
            Counts::default()
        };
        self.counts.quoted += self.parsed.find_errors(chunk);
    }
}

/// What a file is, by its beginning.
#[derive(Clone, Default)]
enum Form {
    #[default]
    Log,
    Table(Table),
    /// A document of ours: what it quotes was counted when it was made.
    OwnDocument,
}

impl Form {
    fn of(first: &[u8]) -> Self {
        if Looks::of(&first[..first.len().min(OWN_HEAD)], false) == Looks::TunerDocument {
            return Self::OwnDocument;
        }
        Table::of(first).map_or(Self::Log, Self::Table)
    }
}

/// Reads one log and gives its records in order until `give` says to stop. With one lane all is done chunk by chunk on this
/// thread; with several a batch of chunks is read while the one before it is parsed.
fn read(entry: Entry<'_>, options: &Options, lanes: usize, mut give: impl FnMut(&Reported, &str) -> bool) -> Done {
    let Entry {
        name,
        path,
        bytes: file_bytes,
        position,
        plain,
    } = entry;
    let Plain {
        reader,
        is_decoded,
        is_nested,
    } = plain;
    let origin = path
        .map(|path| origin_of_path(&path, &options.export_tasks))
        .unwrap_or_default();
    let context = FunctionContext::new(&origin);
    // What is decoded comes from one thread anyway.
    let lanes = if is_decoded { 1 } else { lanes };
    let largest = (GROWN / (2 * lanes)).min(LARGEST_DOCUMENT);
    let mut chunks = Chunks::new(reader, options.chunk_bytes(), largest);
    let (mut broken, mut bytes, mut reports) = (None, 0_u64, 0_u64);
    let (mut head, mut form) = (Vec::new(), Form::Log);
    let mut fill = |lanes: &mut [Lane], head: &mut Vec<u8>, form: &mut Form| {
        lanes.iter_mut().for_each(|lane| lane.length = 0);
        for lane in lanes {
            let Filled { length, cut, error } = chunks.next_into(&mut lane.buffer);
            if bytes == 0 {
                let first = &lane.buffer[..length];
                head.extend_from_slice(&first[..length.min(looks::HEAD)]);
                *form = Form::of(first);
                chunks.is_table(matches!(form, Form::Table(_)));
            }
            (lane.length, lane.cut) = (length, cut);
            bytes += length as u64;
            let is_end = length == 0 || error.is_some();
            broken = error.or(broken.take());
            if is_end {
                return;
            }
        }
    };
    let mut linker = Linker::default();
    let mut scanner = Scanner::default();
    let mut packed = Counts::default();
    let mut going_on = true;
    let mut take = |reported: &Reported, ids: &str, going_on: &mut bool| {
        reports += 1;
        *going_on = give(reported, ids) && *going_on;
    };
    if lanes == 1 {
        let mut lane = [Lane::default()];
        while going_on {
            fill(&mut lane, &mut head, &mut form);
            let [lane] = &mut lane;
            going_on = lane.length > 0;
            lane.parse(&mut scanner, &context, &form);
            add(&mut packed, lane.counts);
            linker.push(&mut lane.parsed, |reported, ids| take(reported, ids, &mut going_on));
        }
    } else {
        let mut batch: Vec<Lane> = std::iter::repeat_with(Lane::default).take(lanes).collect();
        let mut next: Vec<Lane> = std::iter::repeat_with(Lane::default).take(lanes).collect();
        fill(&mut batch, &mut head, &mut form);
        while going_on {
            let first = std::mem::take(&mut scanner);
            let form_of_batch = form.clone();
            let parse = || {
                // What goes on from chunk to chunk is parsed by one thread.
                let runs: Vec<&mut [Lane]> = batch.chunk_by_mut(|_, lane| lane.cut.begins_inside).collect();
                let parsed = runs.into_par_iter().enumerate().map(|(number, run)| {
                    let mut scanner = if number == 0 { first.clone() } else { Scanner::default() };
                    for lane in run {
                        lane.parse(&mut scanner, &context, &form_of_batch);
                    }
                    scanner
                });
                parsed.collect::<Vec<_>>()
            };
            let ((), scanners) = rayon::join(|| fill(&mut next, &mut head, &mut form), parse);
            for lane in &mut batch {
                add(&mut packed, lane.counts);
                linker.push(&mut lane.parsed, |reported, ids| take(reported, ids, &mut going_on));
            }
            scanner = scanners.into_iter().reduce(Scanner::followed_by).unwrap_or_default();
            going_on = going_on && batch.last().is_some_and(|lane| lane.length > 0);
            std::mem::swap(&mut batch, &mut next);
        }
    }
    let mut tally = linker.finish(|reported, ids| take(reported, ids, &mut going_on));
    tally.bytes = bytes;
    let counts = scanner.counts();
    let file_bytes = file_bytes.unwrap_or_else(|| position.load(Ordering::Relaxed));
    Done {
        note: FileNote {
            name: name.clone(),
            bytes,
            reports,
            quoted: counts.quoted + packed.quoted,
            unreadable: counts.unreadable + packed.unreadable,
            looks: (reports == 0).then(|| Looks::of(&head, is_nested)),
        },
        unread_bytes: if broken.is_some() {
            file_bytes.saturating_sub(position.load(Ordering::Relaxed))
        } else {
            0
        },
        problem: broken.map(|source| Problem::Damaged {
            name,
            after_bytes: bytes,
            source,
        }),
        tally,
        function: context.of_path().cloned(),
        file_bytes,
    }
}

fn add(counts: &mut Counts, more: Counts) {
    counts.quoted += more.quoted;
    counts.unreadable += more.unreadable;
}
