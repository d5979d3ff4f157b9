use tuner_core::Batch;

use crate::call::Group;

/// The most calls of `sample` at the same time; the state machine's Map has no more places either.
const MOST_GROUPS: usize = 10;

/// Distributes batches to groups that are measured at the same time, so that all together never make more than
/// `max_concurrency` invocations at once. Normally each size is a group; with less concurrency sizes share one and take turns.
pub(crate) fn groups(batches: Vec<Batch>, max_concurrency: u32) -> Vec<Group> {
    let each = batches.iter().map(|b| b.concurrency).max().unwrap_or(1).max(1);
    let places = (max_concurrency / each).clamp(1, MOST_GROUPS as u32) as usize;
    let count = places.min(batches.len()).max(1);
    let max_concurrency = (max_concurrency / count as u32).max(1);
    let mut groups = vec![Vec::new(); count];
    for (index, batch) in batches.into_iter().enumerate() {
        groups[index % count].push(batch);
    }
    groups
        .into_iter()
        .map(|batches| Group {
            batches,
            max_concurrency,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tuner_core::MemorySize;

    fn batches(count: u32, concurrency: u32) -> Vec<Batch> {
        (0..count)
            .map(|n| Batch {
                memory_size: MemorySize::new(128 + n).unwrap(),
                invocations: 10,
                concurrency,
            })
            .collect()
    }

    #[test]
    fn each_size_is_a_group_unless_concurrency_is_short() {
        let shape = |count, concurrency, most| {
            groups(batches(count, concurrency), most)
                .iter()
                .map(|g| (g.batches.len(), g.max_concurrency))
                .collect::<Vec<_>>()
        };
        assert_eq!(shape(6, 1, 10), [(1, 1); 6]);
        assert_eq!(shape(6, 1, 1), [(6, 1)]);
        assert_eq!(shape(3, 10, 20), [(2, 10), (1, 10)]);
        assert_eq!(shape(17, 1, 1000).len(), 10);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_concurrency_holds(count in 1..40_u32, each in 1..50_u32, most in 1..100_u32) {
            let groups = groups(batches(count, each), most);
            prop_assert_eq!(groups.iter().map(|g| g.batches.len()).sum::<usize>(), count as usize);
            prop_assert!(groups.iter().map(|g| g.max_concurrency).sum::<u32>() <= most);
            prop_assert!(groups.iter().all(|g| !g.batches.is_empty()));
        }
    }
}
