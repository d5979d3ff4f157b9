//! What the examples do with their time and memory.

use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
use std::time::Duration;

const BLOCK_BYTES: usize = 1 << 20;
/// What `sort_in_passes` sorts, in MB.
const DATA_MB: u64 = 128;

/// Hashes `blocks` MB of data: work for one processor, about a sixth of a millisecond a block on a present-day one.
pub(super) fn hash(blocks: u64) -> u64 {
    let block = vec![0xA5_u8; BLOCK_BYTES];
    (0..blocks).fold(0, |previous, _| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(previous);
        hasher.write(std::hint::black_box(&block));
        hasher.finish()
    })
}

/// The same, split over `threads`.
pub(super) fn hash_in_threads(blocks: u64, threads: u64) -> u64 {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(move || hash(blocks / threads)))
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .fold(0, |all, one| all ^ one)
    })
}

pub(super) async fn wait(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Takes `mb` MB and writes to every page; returns how many.
pub(super) fn touch(mb: u64) -> u64 {
    let blocks: Vec<Vec<u8>> = (0..mb).map(|i| vec![i as u8 | 1; BLOCK_BYTES]).collect();
    std::hint::black_box(&blocks).len() as u64
}

/// Goes over the data as often as a sort must that has a quarter of the memory size as its buffer: the less memory, the
/// more passes, each `blocks` of work. This is why a larger size can be the cheaper one.
pub(super) fn sort_in_passes(blocks: u64) -> u64 {
    let memory_mb: u64 = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(128);
    let buffer_mb = (memory_mb / 4).clamp(1, DATA_MB);
    let passes = DATA_MB.div_ceil(buffer_mb);
    for _pass in 0..passes {
        std::hint::black_box(touch(buffer_mb.min(64)));
        std::hint::black_box(hash(blocks));
    }
    passes
}

/// A number below `sides`, by chance.
pub(super) fn dice(sides: u64) -> u64 {
    RandomState::new().hash_one(std::time::Instant::now()) % sides
}
