use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::prelude::*;

use crate::chunks::{Chunks, Filled};
use crate::group::Folder;
use crate::input::{Opened, Source, sources};
use crate::link::{FunctionContext, Linker, Parsed, Reported, Tally};
use crate::{Input, LogEvidence, Problem, Record, Summary, UNKNOWN_FUNCTION};

/// What a batch of chunks may hold of the input, in bytes. There are two of them, and what is read from one may take a
/// few times as much (chunks of nothing but REPORTs), which keeps the whole below 100 MB.
const BUDGET: usize = 4 << 20;
/// Large enough to be quick, small enough to stay in a processor's cache.
const LARGEST_CHUNK: usize = 128 << 10;
/// Larger than any event that CloudWatch takes in text form.
const SMALLEST_CHUNK: usize = 64 << 10;

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How many threads to use; all processors by default.
    pub threads: Option<NonZeroUsize>,
    /// The function that logs are of where nothing tells it.
    pub unnamed: Option<Arc<str>>,
}

impl Options {
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
pub fn summarize(inputs: Vec<Input>, options: &Options) -> (Summary, Vec<Problem>) {
    let (folder, tally, problems) = fold(inputs, options);
    (Summary::new(folder, tally), problems)
}

/// What all inputs tell of each function, for a memory review.
pub fn gather(inputs: Vec<Input>, options: &Options) -> (LogEvidence, Vec<Problem>) {
    let (folder, tally, problems) = fold(inputs, options);
    (LogEvidence::new(folder, tally, &problems), problems)
}

fn fold(inputs: Vec<Input>, options: &Options) -> (Folder, Tally, Vec<Problem>) {
    options.on_pool(|| {
        let partial = || Partial {
            unnamed: options.unnamed.clone(),
            ..Partial::default()
        };
        let mut whole = partial();
        let sources = sources(inputs, &mut whole.problems);
        // A large plain file is spread over all threads; of the others each is read by one.
        let (large, small): (Vec<_>, Vec<_>) = sources
            .into_iter()
            .partition(|source| source.is_divisible(options.chunk_bytes()));
        for source in large {
            whole.read(source, options.lanes(), options.chunk_bytes());
        }
        let read_one = |mut partial: Partial, source| {
            partial.read(source, 1, options.chunk_bytes());
            partial
        };
        let whole = if options.threads() == 1 {
            small.into_iter().fold(whole, read_one)
        } else {
            let rest = small.into_par_iter().fold(partial, read_one);
            whole.merge(rest.reduce(Partial::default, Partial::merge))
        };
        let Partial {
            folder,
            tally,
            mut problems,
            ..
        } = whole;
        problems.extend(folder.problem());
        (folder, tally, problems)
    })
}

/// Gives every REPORT of all inputs to `take`, in input order. Stops at the first error of `take`.
///
/// # Errors
/// What `take` returns, such as a broken pipe. Inputs that cannot be read are in the returned list instead.
pub fn for_each_record<E: Send>(
    inputs: Vec<Input>,
    options: &Options,
    mut take: impl FnMut(&Record) -> Result<(), E> + Send,
) -> Result<Vec<Problem>, E> {
    options.on_pool(|| {
        let unknown = options.unnamed.clone().unwrap_or_else(|| Arc::from(UNKNOWN_FUNCTION));
        let mut problems = Vec::new();
        let mut failed = None;
        for source in sources(inputs, &mut problems) {
            let give = |reported: &Reported, ids: &str| {
                if failed.is_none() {
                    failed = take(&Record::new(reported, ids, &unknown)).err();
                }
                failed.is_none()
            };
            read(source, options.lanes(), options.chunk_bytes(), &mut problems, give);
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(problems)
    })
}

#[derive(Default)]
struct Partial {
    /// As in [`Options`].
    unnamed: Option<Arc<str>>,
    folder: Folder,
    tally: Tally,
    problems: Vec<Problem>,
}

impl Partial {
    fn read(&mut self, source: Source, lanes: usize, chunk_bytes: usize) {
        let (folder, unnamed) = (&mut self.folder, &self.unnamed);
        if let Some(function) = source.function() {
            folder.has_own_file(function);
        }
        let tally = read(source, lanes, chunk_bytes, &mut self.problems, |reported, _| {
            folder.add(reported, unnamed.as_ref());
            true
        });
        self.tally.add(tally);
    }

    fn merge(mut self, other: Self) -> Self {
        self.tally.add(other.tally);
        self.problems.extend(other.problems);
        Self {
            unnamed: self.unnamed,
            folder: self.folder.merge(other.folder),
            tally: self.tally,
            problems: self.problems,
        }
    }
}

/// A chunk, and what it says. Both keep their memory for the next one.
#[derive(Default)]
struct Lane {
    buffer: Vec<u8>,
    length: usize,
    parsed: Parsed,
}

impl Lane {
    fn parse(&mut self, context: &FunctionContext) {
        self.parsed.scan(&self.buffer[..self.length], context.clone());
    }
}

/// Reads one source and gives its records in order until `give` says to stop. With one lane all is done chunk by
/// chunk on this thread; with several a batch of chunks is read while the one before it is parsed.
fn read(
    source: Source,
    lanes: usize,
    chunk_bytes: usize,
    problems: &mut Vec<Problem>,
    mut give: impl FnMut(&Reported, &str) -> bool,
) -> Tally {
    let name = source.name();
    let context = FunctionContext::new(source.function());
    let Opened { reader, is_gzip } = match source.open() {
        Ok(opened) => opened,
        Err(problem) => {
            problems.push(problem);
            return Tally::default();
        }
    };
    let mut chunks = Chunks::new(reader, chunk_bytes);
    let mut broken = None;
    let mut bytes = 0;
    let mut fill = |lanes: &mut [Lane]| {
        lanes.iter_mut().for_each(|lane| lane.length = 0);
        for lane in lanes {
            let Filled { length, error } = chunks.next_into(&mut lane.buffer);
            lane.length = length;
            bytes += length as u64;
            let is_end = length == 0 || error.is_some();
            broken = error.or(broken.take());
            if is_end {
                return;
            }
        }
    };
    let mut linker = Linker::default();
    let mut going_on = true;
    if lanes == 1 {
        let mut lane = [Lane::default()];
        while going_on {
            fill(&mut lane);
            let [lane] = &mut lane;
            going_on = lane.length > 0;
            lane.parse(&context);
            linker.push(&mut lane.parsed, |reported, ids| {
                going_on = give(reported, ids) && going_on
            });
        }
    } else {
        let mut batch: Vec<Lane> = std::iter::repeat_with(Lane::default).take(lanes).collect();
        let mut next: Vec<Lane> = std::iter::repeat_with(Lane::default).take(lanes).collect();
        fill(&mut batch);
        while going_on {
            rayon::join(
                || fill(&mut next),
                || batch.par_iter_mut().for_each(|lane| lane.parse(&context)),
            );
            for lane in &mut batch {
                linker.push(&mut lane.parsed, |reported, ids| {
                    going_on = give(reported, ids) && going_on
                });
            }
            going_on = going_on && batch.last().is_some_and(|lane| lane.length > 0);
            std::mem::swap(&mut batch, &mut next);
        }
    }
    if let Some(source) = broken {
        problems.push(if is_gzip {
            Problem::Gzip { name, source }
        } else {
            Problem::Read { name, source }
        });
    }
    let mut tally = linker.finish(|reported, ids| {
        give(reported, ids);
    });
    tally.bytes = bytes;
    tally
}
