use tuner_core::Batch;
use tuner_engine::ports::Concurrency;

use crate::call::Group;

/// The most calls of `sample` at the same time; the state machine's Map has no more places either.
const MOST_GROUPS: usize = 10;

/// Invocations that one step waits for at the same time without a step beside it. Each may hold 6 MB of payload and 6 MB of
/// answer, and a step has 128 MB.
const MOST_AT_ONCE: u32 = 8;

/// How many executions may run at the same time, steps of the tuner among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// Steps, and invocations where nothing is reserved for the function.
    shared: u32,
    /// Invocations alone.
    reserved: Option<u32>,
}

impl Places {
    /// Half of what there is, since others need some too; half of that after every round in which something was throttled.
    pub(crate) fn of(concurrency: Option<Concurrency>, throttled_rounds: u32) -> Self {
        // The limit of accounts for which nobody has asked for another. Source: Lambda quotas.
        const USUAL: u32 = 1000;
        let half = |places: u32| places >> (1 + throttled_rounds).min(31);
        Self {
            shared: half(concurrency.map_or(USUAL, |known| known.unreserved)),
            reserved: concurrency.and_then(|known| known.reserved).map(half),
        }
    }

    /// The most invocations at the same time beside so many steps.
    fn invocations(self, groups: u32) -> u32 {
        self.reserved.unwrap_or_else(|| self.shared.saturating_sub(groups))
    }
}

/// Distributes batches to groups that are measured at the same time, so that all together never make more than
/// `max_concurrency` invocations at once, and take no more places than there are. A step mostly waits, and is paid for its
/// time whatever it waits for: sizes share one as long as it has room for what they make at the same time. Where they are not
/// `apart`, all of them share one.
pub(crate) fn groups(batches: Vec<Batch>, max_concurrency: u32, apart: bool, places: Places) -> Vec<Group> {
    let each = batches.iter().map(|b| b.concurrency).max().unwrap_or(1).max(1);
    let wanted = each.saturating_mul(batches.len() as u32);
    let at_once = wanted.min(max_concurrency).min(places.invocations(1));
    let most = match apart {
        true => at_once.div_ceil(MOST_AT_ONCE).min(places.shared),
        false => 1,
    };
    let count = (most.clamp(1, MOST_GROUPS as u32) as usize).min(batches.len()).max(1);
    let max_concurrency = max_concurrency.min(places.invocations(count as u32));
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
    fn sizes_share_a_step_as_long_as_it_has_room() {
        let shape = |count, concurrency, most| {
            groups(batches(count, concurrency), most, true, Places::of(None, 0))
                .iter()
                .map(|g| (g.batches.len(), g.max_concurrency))
                .collect::<Vec<_>>()
        };
        assert_eq!(shape(6, 1, 10), [(6, 10)]);
        assert_eq!(shape(6, 1, 1), [(6, 1)]);
        assert_eq!(shape(17, 1, 10), [(9, 5), (8, 5)]);
        assert_eq!(shape(3, 10, 20), [(1, 6); 3]);
        assert_eq!(shape(6, 10, 100), [(1, 16); 6]);
        assert_eq!(shape(17, 10, 1000).len(), 10);
    }

    #[test]
    fn our_own_steps_count_in_a_small_account() {
        let shape = |limit, reserved, throttled| {
            let concurrency = Concurrency {
                unreserved: limit,
                reserved,
            };
            groups(batches(12, 1), 10, true, Places::of(Some(concurrency), throttled))
                .iter()
                .map(|g| g.max_concurrency)
                .collect::<Vec<_>>()
        };
        assert_eq!(shape(10, None, 0), [4]);
        assert_eq!(shape(10, None, 1), [1]);
        assert_eq!(shape(10, None, 40), [1]);
        assert_eq!(shape(15, None, 0), [6]);
        assert_eq!(shape(20, None, 0), [4; 2]);
        assert_eq!(shape(50, None, 0), [5; 2]);
        assert_eq!(shape(1000, Some(4), 0), [2]);
    }

    proptest! {
        #[test]
        fn half_of_a_small_account_is_left_to_others(
            count in 1..40_u32, each in 1..50_u32, most in 1..100_u32, limit in 4..200_u32, apart: bool,
        ) {
            let concurrency = Concurrency { unreserved: limit, reserved: None };
            let groups = groups(batches(count, each), most, apart, Places::of(Some(concurrency), 0));
            let taken: u32 = groups.iter().map(|g| 1 + g.max_concurrency).sum();
            prop_assert!(taken <= limit / 2, "{taken} of {limit}");
        }

        #[test]
        fn nothing_is_lost_and_concurrency_holds(count in 1..40_u32, each in 1..50_u32, most in 1..100_u32) {
            let groups = groups(batches(count, each), most, true, Places::of(None, 0));
            prop_assert_eq!(groups.iter().map(|g| g.batches.len()).sum::<usize>(), count as usize);
            prop_assert!(groups.iter().map(|g| g.max_concurrency).sum::<u32>() <= most);
            prop_assert!(groups.iter().all(|g| !g.batches.is_empty()));
        }
    }
}
