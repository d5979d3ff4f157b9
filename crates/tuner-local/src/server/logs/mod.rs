//! What functions wrote, as CloudWatch Logs keeps and finds it: log groups, one stream for each execution environment, events.

mod api;
mod pattern;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(super) use api::OPERATIONS;
use pattern::Pattern;

/// Bytes of messages that are kept; the oldest of the largest group go first.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// What CloudWatch Logs counts for an event beside its message.
const OVERHEAD: usize = 26;

#[derive(Debug)]
pub(super) struct LogStore {
    groups: BTreeMap<String, Group>,
    bytes: usize,
    most: usize,
    /// Events so far.
    count: u64,
}

#[derive(Debug, Default)]
struct Group {
    created_ms: i64,
    bytes: usize,
    streams: BTreeMap<Arc<str>, Stream>,
    /// In the order in which they came.
    events: VecDeque<Event>,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    created_ms: i64,
    first_ms: i64,
    last_ms: i64,
    ingested_ms: i64,
}

#[derive(Debug, Clone)]
struct Event {
    /// Its place among all events: what came later has a higher one.
    number: u64,
    stream: Arc<str>,
    timestamp_ms: i64,
    ingested_ms: i64,
    message: String,
}

/// The log of one invocation.
pub(super) struct Written<'a> {
    pub(super) group: &'a str,
    pub(super) stream: &'a str,
    pub(super) began_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) log: &'a [u8],
}

/// What is looked for in a group.
struct Search<'a> {
    from_ms: i64,
    until_ms: i64,
    is_of: &'a dyn Fn(&str) -> bool,
    pattern: &'a Pattern,
    /// Time and number of the last event that was given already.
    after: Option<(i64, u64)>,
    most: usize,
}

impl Default for LogStore {
    fn default() -> Self {
        Self {
            groups: BTreeMap::new(),
            bytes: 0,
            most: KEPT_BYTES,
            count: 0,
        }
    }
}

impl LogStore {
    /// Takes the log of an invocation, an event for each line. Lines up to START carry the time at which it began, all others that
    /// of its end: when each was written is not known.
    pub(super) fn take(&mut self, written: &Written<'_>) {
        let text = String::from_utf8_lossy(written.log);
        let group = self.groups.entry(written.group.to_owned()).or_insert_with(|| Group {
            created_ms: written.began_ms,
            ..Group::default()
        });
        let stream: Arc<str> = written.stream.into();
        let known = group.streams.entry(Arc::clone(&stream)).or_insert(Stream {
            created_ms: written.began_ms,
            first_ms: written.began_ms,
            last_ms: written.began_ms,
            ingested_ms: written.ended_ms,
        });
        known.last_ms = known.last_ms.max(written.ended_ms);
        known.ingested_ms = known.ingested_ms.max(written.ended_ms);
        let mut is_started = false;
        for line in text.lines().filter(|line| !line.is_empty()) {
            let timestamp_ms = if is_started { written.ended_ms } else { written.began_ms };
            is_started |= line.starts_with("START RequestId") || line.contains(r#""type":"platform.start""#);
            self.count += 1;
            let event = Event {
                number: self.count,
                stream: Arc::clone(&stream),
                timestamp_ms,
                ingested_ms: written.ended_ms,
                message: format!("{line}\n"),
            };
            group.bytes += event.message.len() + OVERHEAD;
            self.bytes += event.message.len() + OVERHEAD;
            group.events.push_back(event);
        }
        self.forget();
    }

    fn forget(&mut self) {
        while self.bytes > self.most {
            let Some(largest) = self.groups.values_mut().max_by_key(|group| group.bytes) else {
                return;
            };
            let Some(gone) = largest.events.pop_front() else {
                return;
            };
            let bytes = gone.message.len() + OVERHEAD;
            largest.bytes -= bytes;
            self.bytes -= bytes;
        }
    }

    fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }
}

impl Group {
    /// The next events in the order of time, and whether there are more.
    fn find(&self, search: &Search<'_>) -> (Vec<&Event>, bool) {
        /// What one answer of CloudWatch Logs holds.
        const MOST_BYTES: usize = 1024 * 1024;
        let is_wanted = |event: &&Event| {
            (search.from_ms..=search.until_ms).contains(&event.timestamp_ms)
                && search
                    .after
                    .is_none_or(|after| (event.timestamp_ms, event.number) > after)
                && (search.is_of)(&event.stream)
                && search.pattern.matches(&event.message)
        };
        let mut found: Vec<&Event> = self.events.iter().filter(is_wanted).collect();
        found.sort_by_key(|event| (event.timestamp_ms, event.number));
        let mut bytes = 0;
        let fits = found.iter().take(search.most).take_while(|event| {
            bytes += event.message.len() + OVERHEAD;
            // One alone always does.
            bytes <= MOST_BYTES || bytes == event.message.len() + OVERHEAD
        });
        let fits = fits.count();
        let more = found.len() > fits;
        found.truncate(fits);
        (found, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(most: usize) -> LogStore {
        let mut store = LogStore {
            most,
            ..LogStore::default()
        };
        for (number, version) in [(0, "9"), (1, "90"), (2, "9")] {
            store.take(&Written {
                group: "/aws/lambda/f",
                stream: &format!("2026/11/28/[{version}]a{number}"),
                began_ms: 100 * number,
                ended_ms: 100 * number + 50,
                log: format!("START RequestId: r{number}\nhello\nREPORT RequestId: r{number}\tDuration: 1 ms\n")
                    .as_bytes(),
            });
        }
        store
    }

    fn found(
        store: &LogStore,
        pattern: &str,
        prefix: &str,
        after: Option<(i64, u64)>,
        most: usize,
    ) -> (Vec<String>, bool) {
        let pattern = Pattern::parse(pattern).unwrap();
        let (events, more) = store.group("/aws/lambda/f").unwrap().find(&Search {
            from_ms: 0,
            until_ms: i64::MAX,
            is_of: &|stream| stream.starts_with(prefix),
            pattern: &pattern,
            after,
            most,
        });
        let shown = events
            .iter()
            .map(|e| format!("{} {}", e.timestamp_ms, e.message.trim_end()));
        (shown.collect(), more)
    }

    #[test]
    fn a_prefix_of_the_stream_is_one_version() {
        let store = store(KEPT_BYTES);
        let (of_nine, more) = found(&store, "\"REPORT RequestId\"", "2026/11/28/[9]", None, 10);
        assert_eq!(
            of_nine,
            [
                "50 REPORT RequestId: r0\tDuration: 1 ms",
                "250 REPORT RequestId: r2\tDuration: 1 ms"
            ]
        );
        assert!(!more);
        assert_eq!(
            found(&store, "START", "2026/11/28/[90]", None, 10).0,
            ["100 START RequestId: r1"]
        );
    }

    #[test]
    fn pages_join_to_the_whole() {
        let store = store(KEPT_BYTES);
        let (whole, _) = found(&store, "", "", None, 100);
        let (mut joined, mut after) = (Vec::new(), None);
        loop {
            let (page, more) = found(&store, "", "", after, 2);
            joined.extend(page);
            if !more {
                break;
            }
            let last = &store.group("/aws/lambda/f").unwrap().events[joined.len() - 1];
            after = Some((last.timestamp_ms, last.number));
        }
        assert_eq!(joined, whole);
        assert_eq!(joined.len(), 9);
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room() {
        let store = store(300);
        assert!(store.bytes <= 300 && store.bytes > 150, "{}", store.bytes);
        assert!(found(&store, "r0", "", None, 10).0.is_empty());
        assert_eq!(found(&store, "REPORT r2", "", None, 10).0.len(), 1);
    }
}
