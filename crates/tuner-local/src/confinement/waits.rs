//! How long threads were ready to run and had no processor, as the scheduler counts it.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use nix::unistd::Pid;

/// What `/proc/PID/task/TID/schedstat` says of every thread: time on a processor, and time in the queue for one, which
/// holds the stops by a CPU quota.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waits(HashMap<i32, (Duration, Duration)>);

impl Waits {
    pub(super) fn of(processes: &[Pid]) -> Self {
        let threads = processes.iter().flat_map(|pid| {
            let tasks = fs::read_dir(format!("/proc/{pid}/task"))
                .into_iter()
                .flatten()
                .flatten();
            tasks.filter_map(|task| {
                let id = task.file_name().to_str()?.parse().ok()?;
                let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
                let mut fields = text
                    .split_whitespace()
                    .map(|field| field.parse().map(Duration::from_nanos));
                Some((id, (fields.next()?.ok()?, fields.next()?.ok()?)))
            })
        });
        Self(threads.collect())
    }

    /// How much longer than its share of CPU asks for the busiest thread took, from `before` until this. `share` is how
    /// many processors the threads may use together. `None` where the kernel does not count.
    ///
    /// A thread that used C of CPU time was ready for at least C / share: a quota lets it run no faster, and all of that
    /// time it was running or queued. What it was ready for beyond that, others took.
    pub(super) fn since(&self, before: &Self, share: f64) -> Option<Duration> {
        let spent: Vec<(Duration, Duration)> = self
            .0
            .iter()
            .map(|(id, &(ran, queued))| {
                let (ran_before, queued_before) = before.0.get(id).copied().unwrap_or_default();
                (ran.saturating_sub(ran_before), queued.saturating_sub(queued_before))
            })
            .collect();
        let busiest = spent.iter().map(|(ran, queued)| *ran + *queued).max()?;
        let used: Duration = spent.iter().map(|(ran, _)| *ran).sum();
        let at_once = spent
            .iter()
            .map(|(ran, queued)| (*ran + *queued).as_secs_f64())
            .sum::<f64>()
            / busiest.as_secs_f64().max(1e-9);
        let fair = used.as_secs_f64() / share.min(at_once.max(1.0)).max(1e-9);
        Some(Duration::from_secs_f64((busiest.as_secs_f64() - fair).max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited(threads: &[(u64, u64)], share: f64) -> u64 {
        let ms = Duration::from_millis;
        let after = threads.iter().enumerate();
        let after = Waits(
            after
                .map(|(id, &(ran, queued))| (id as i32, (ms(ran), ms(queued))))
                .collect(),
        );
        after.since(&Waits::default(), share).unwrap().as_millis() as u64
    }

    #[test]
    fn a_stop_by_the_quota_is_no_wait_for_others() {
        assert_eq!(waited(&[(100, 300)], 0.25), 0);
        assert_eq!(
            waited(&[(100, 290)], 0.25),
            0,
            "the first period begins with all of its quota"
        );
        assert_eq!(waited(&[(100, 0)], 1.0), 0);
    }

    #[test]
    fn what_others_took_is_what_is_beyond_the_share() {
        assert_eq!(waited(&[(100, 500)], 0.25), 200);
        assert_eq!(waited(&[(100, 60)], 1.0), 60);
        assert_eq!(waited(&[(100, 60)], 4.0), 60, "one thread has one processor");
    }

    #[test]
    fn threads_wait_for_each_other_too() {
        // Four threads on two processors.
        assert_eq!(waited(&[(50, 50), (50, 50), (50, 50), (50, 50)], 2.0), 0);
        assert_eq!(waited(&[(50, 100), (50, 100), (50, 100), (50, 100)], 2.0), 50);
        // One works, the others sleep.
        assert_eq!(waited(&[(100, 10), (0, 0), (0, 0)], 2.0), 10);
    }

    #[test]
    fn where_nothing_is_counted_nothing_is_known() {
        assert_eq!(Waits::default().since(&Waits::default(), 1.0), None);
    }

    #[test]
    fn this_process_is_counted() {
        let me = [nix::unistd::getpid()];
        let before = Waits::of(&me);
        if before.0.is_empty() {
            return;
        }
        let mut x = 0_u64;
        for n in 0..5_000_000_u64 {
            x = std::hint::black_box(x ^ n);
        }
        assert!(Waits::of(&me).since(&before, 64.0).is_some());
    }
}
