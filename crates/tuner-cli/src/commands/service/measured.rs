//! How far measuring is, from the keys of the store: `records/00512/000010-000014.jsonl` holds the eleventh to fifteenth
//! invocation at 512 MB.

use std::collections::BTreeMap;

use tuner_core::MemorySize;

/// Where the records of a tuning are, in its store.
pub(super) const RECORDS: &str = "records/";

/// Invocations made at a size, and the key of the last of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) invocations: u32,
    pub(super) newest: String,
}

/// By memory size. Keys that are no records do not count.
pub(super) fn measured(keys: &[String]) -> BTreeMap<MemorySize, Measured> {
    let mut sizes: BTreeMap<MemorySize, Measured> = BTreeMap::new();
    for key in keys {
        let Some((size, invocations)) = read(key) else { continue };
        let before = sizes.get(&size).map_or(0, |measured| measured.invocations);
        if invocations > before {
            let newest = key.clone();
            sizes.insert(size, Measured { invocations, newest });
        }
    }
    sizes
}

fn read(key: &str) -> Option<(MemorySize, u32)> {
    let (size, numbers) = key.strip_prefix(RECORDS)?.split_once('/')?;
    let (_first, last) = numbers.strip_suffix(".jsonl")?.split_once('-')?;
    Some((MemorySize::new(size.parse().ok()?).ok()?, last.parse::<u32>().ok()? + 1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tuner_core::{InvocationRecord, Outcome};
    use tuner_engine::ports::Store;
    use tuner_engine::{DirectoryStore, records};

    use super::*;

    #[test]
    fn the_last_number_of_a_size_counts() {
        let keys = [
            "records/00512/000000-000000.jsonl",
            "records/00512/000001-000010.jsonl",
            "records/10240/000000-000004.jsonl",
            "records/00064/000000-000004.jsonl",
            "records/notes.txt",
            "state.json",
        ];
        let found = measured(&keys.map(str::to_owned));
        let counts: Vec<_> = found.iter().map(|(size, m)| (size.mb(), m.invocations)).collect();
        assert_eq!(counts, [(512, 11), (10_240, 5)]);
        assert_eq!(found.values().next().unwrap().newest, keys[1]);
    }

    /// What writes the keys and what reads them are in different crates.
    #[tokio::test]
    async fn keys_are_as_the_engine_writes_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirectoryStore::create(folder.path()).unwrap());
        let size = MemorySize::new(1769).unwrap();
        let made = vec![InvocationRecord::bare(1769, Outcome::Success); 3];
        records::keep(&*store, size, 4, &made).await.unwrap();
        let keys = store.list("records/01769/").await.unwrap();
        assert_eq!(measured(&keys)[&size].invocations, 7);
    }
}
