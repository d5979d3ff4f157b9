use std::num::NonZeroUsize;
use std::sync::Arc;

use rayon::prelude::*;

use crate::chunks::{Chunks, Filled};
use crate::input::{Opened, Source, sources};
use crate::link::{FunctionContext, Linker, Parsed, Reported, Tally};
use crate::summary::Folder;
use crate::{Input, Problem, Record, Summary, UNKNOWN_FUNCTION};

/// What all threads together may hold of the input at one time, in bytes. What is read from it may take a few times as
/// much (a chunk of nothing but REPORTs), which keeps the whole below 100 MB.
const BUDGET: usize = 8 << 20;
/// Large enough to be quick, small enough to stay in a processor's cache.
const LARGEST_CHUNK: usize = 128 << 10;
/// Larger than any event that CloudWatch takes in text form.
const SMALLEST_CHUNK: usize = 64 << 10;

/// How to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How many threads to use; all processors by default.
    pub threads: Option<NonZeroUsize>,
}

impl Options {
    fn threads(self) -> usize {
        self.threads
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get)
    }

    fn chunk_bytes(self) -> usize {
        (BUDGET / self.threads()).clamp(SMALLEST_CHUNK, LARGEST_CHUNK)
    }

    /// Runs `work` on as many threads as asked for.
    fn on_pool<T: Send>(self, work: impl FnOnce() -> T + Send) -> T {
        match rayon::ThreadPoolBuilder::new().num_threads(self.threads()).build() {
            Ok(pool) => pool.install(work),
            // The system has no threads to give: the caller's own will do.
            Err(_) => work(),
        }
    }
}

/// Sums up all inputs per function and memory size.
pub fn summarize(inputs: Vec<Input>, options: &Options) -> (Summary, Vec<Problem>) {
    let options = *options;
    options.on_pool(|| {
        let mut whole = Partial::default();
        let sources = sources(inputs, &mut whole.problems);
        // A large plain file is spread over all threads; of the others each is read by one.
        let (large, small): (Vec<_>, Vec<_>) = sources
            .into_iter()
            .partition(|source| source.is_divisible(options.chunk_bytes()));
        for source in large {
            whole.read(source, options.threads(), options.chunk_bytes());
        }
        let rest = small
            .into_par_iter()
            .fold(Partial::default, |mut partial, source| {
                partial.read(source, 1, options.chunk_bytes());
                partial
            })
            .reduce(Partial::default, Partial::merge);
        let Partial {
            folder,
            tally,
            problems,
        } = whole.merge(rest);
        (folder.finish(tally), problems)
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
    let options = *options;
    options.on_pool(|| {
        let unknown = Arc::from(UNKNOWN_FUNCTION);
        let mut problems = Vec::new();
        let mut failed = None;
        for source in sources(inputs, &mut problems) {
            let give = |reported: &Reported| {
                if failed.is_none() {
                    failed = take(&Record::new(reported, &unknown)).err();
                }
                failed.is_none()
            };
            read(source, options.threads(), options.chunk_bytes(), &mut problems, give);
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(problems)
    })
}

#[derive(Default)]
struct Partial {
    folder: Folder,
    tally: Tally,
    problems: Vec<Problem>,
}

impl Partial {
    fn read(&mut self, source: Source, lanes: usize, chunk_bytes: usize) {
        let folder = &mut self.folder;
        let tally = read(source, lanes, chunk_bytes, &mut self.problems, |reported| {
            folder.add(reported);
            true
        });
        self.tally.add(tally);
    }

    fn merge(mut self, other: Self) -> Self {
        self.tally.add(other.tally);
        self.problems.extend(other.problems);
        Self {
            folder: self.folder.merge(other.folder),
            tally: self.tally,
            problems: self.problems,
        }
    }
}

/// Reads one source, `lanes` chunks at a time, and gives its records in order until `give` says to stop.
fn read(
    source: Source,
    lanes: usize,
    chunk_bytes: usize,
    problems: &mut Vec<Problem>,
    mut give: impl FnMut(&Reported) -> bool,
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
    let mut linker = Linker::default();
    let mut buffers: Vec<Vec<u8>> = vec![Vec::new(); lanes];
    let mut going_on = true;
    while going_on {
        let mut filled = Vec::with_capacity(lanes);
        for buffer in &mut buffers {
            let Filled { length, error } = chunks.next_into(buffer);
            going_on = length > 0 && error.is_none();
            filled.push(&buffer[..length]);
            if let Some(source) = error {
                let name = name.clone();
                problems.push(if is_gzip {
                    Problem::Gzip { name, source }
                } else {
                    Problem::Read { name, source }
                });
            }
            if !going_on {
                break;
            }
        }
        let parse = |chunk: &&[u8]| -> (Parsed, Option<Arc<str>>) {
            let mut context = context.clone();
            let parsed = Parsed::new(chunk, &mut context);
            (parsed, context.started_name())
        };
        let parsed: Vec<_> = if lanes == 1 {
            filled.iter().map(parse).collect()
        } else {
            filled.par_iter().map(parse).collect()
        };
        for (parsed, started) in parsed {
            linker.push(parsed, started, |reported| going_on = give(reported) && going_on);
        }
    }
    linker.finish(|reported| {
        give(reported);
    })
}
