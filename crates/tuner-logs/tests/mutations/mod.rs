//! Logs with bytes changed, removed, doubled and moved: always the same ones for the same seed. The fuzz target does the
//! same with a fuzzer's eyes; this needs no nightly compiler.

use tuner_logs::lines::{Counts, Cut, Event, Scanned, Scanner, Table, cut, parse_tail};

const LINES: &str = include_str!("../data/report-lines.txt");

/// A small generator of random numbers (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

/// Lines that once took a hundred times as long as others: each handed the same bytes on again and again.
pub(crate) fn slow_shapes(bytes: usize) -> [(&'static str, Vec<u8>); 7] {
    let filled = |piece: &str| piece.repeat(bytes / piece.len() + 1).into_bytes();
    [
        (
            "nested arrays of platform.report",
            filled(r#"[{"type":"platform.report","record":"#),
        ),
        ("quoted REPORTs", filled(r#"REPORT "REPORT ""#)),
        (
            "open brackets",
            filled(r#"{"type":"platform.report","record":{{{{{{{{"#),
        ),
        ("time-out words", filled("Task timed out ")),
        ("crash words", filled("Error: Runtime exited ")),
        ("lines in quotes without end", filled(r#""{\"REPORT "#)),
        (
            "strings in strings",
            filled(r#"{"a":"{\"b\":\"{\\\"c\\\":\\\"REPORT RequestId: x\"#),
        ),
    ]
}

/// Logs of all kinds that are made to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let lines: Vec<String> = LINES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.replace("\\n", "\n"))
        .collect();
    let events: Vec<_> = lines
        .iter()
        .map(|line| serde_json::json!({ "id": "1", "timestamp": 1_790_000_000_000_i64, "message": line }))
        .collect();
    let documents: Vec<_> = events
        .chunks(7)
        .map(|events| {
            serde_json::json!({
                "messageType": "DATA_MESSAGE", "logGroup": "/aws/lambda/pay", "logStream": "2026/01/31/[7]ab", "logEvents": events,
            })
        })
        .collect();
    let one_behind_the_other: String = documents.iter().map(ToString::to_string).collect();
    let pretty: String = documents
        .iter()
        .map(|document| serde_json::to_string_pretty(document).unwrap_or_default() + "\n")
        .collect();
    let tailed: String = lines
        .iter()
        .map(|line| format!("2026-01-31T00:00:00.000Z 2026/01/31/pay[$LATEST]ab {line}\n"))
        .collect();
    let rows: String = lines
        .iter()
        .map(|line| format!("1790000000000,\"{}\"\n", line.replace('"', "\"\"")))
        .collect();
    let again: String = documents
        .iter()
        .map(|document| serde_json::json!({ "message": document.to_string() }).to_string() + "\n")
        .collect();
    let fields = "@timestamp,@requestId,@duration,@billedDuration,@memorySize,@maxMemoryUsed\n2026-09-21 14:29:23.914,a,7.0,8.0,1.28E8,7.0E7\n";
    let mut seeds = vec![
        lines.join("\n").into_bytes(),
        one_behind_the_other.into_bytes(),
        pretty.replace('"', "'").into_bytes(),
        pretty.into_bytes(),
        tailed.into_bytes(),
        rows.into_bytes(),
        again.into_bytes(),
        fields.repeat(20).into_bytes(),
    ];
    seeds.extend(slow_shapes(4 << 10).map(|(_, shape)| shape));
    seeds
}

/// One of the seeds, changed in some places.
pub(crate) fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const LARGEST: usize = 64 << 10;
    const PIECES: [&[u8]; 16] = [
        b"\"",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b"\n",
        b"\0",
        b"REPORT RequestId: ",
        b"\"type\":\"platform.report\"",
        b"}{\"a\":1",
        b"\x1b[32m",
        b"H4sI",
        b"\\\"",
        b",",
        b"\xff",
    ];
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(24) {
        let at = random.below(bytes.len() + 1);
        let to = (at + random.below(200)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.drain(at..to)),
            1 if at < bytes.len() => bytes[at] = random.next() as u8,
            2 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            3 => {
                let doubled = bytes[at..to].to_vec();
                drop(bytes.splice(to..to, doubled));
            }
            4 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let taken = other[from..(from + random.below(400)).min(other.len())].to_vec();
                drop(bytes.splice(at..at, taken));
            }
            _ => bytes.truncate(bytes.len().max(2) - random.below(2)),
        }
    }
    bytes.truncate(LARGEST);
    bytes
}

/// Reads bytes as a log in every way there is, and says what was counted. Nothing panics, what is found lies inside, and the
/// parsers get no more than four times the bytes.
pub(crate) fn read(bytes: &[u8], random: &mut Random) -> Counts {
    let check = |scanned: Scanned<'_>, length: usize| match scanned {
        Scanned::Usual { offset, report, .. } => assert!(offset < length && !report.request_id.is_empty()),
        Scanned::Other(found) => {
            assert!(found.offset < length);
            if let Event::Report(report) = &found.event {
                assert!(report.duration_ms.is_finite() && report.duration_ms >= 0.0);
            }
        }
        Scanned::Packed { offset, base64, .. } => assert!(offset + base64.len() <= length),
    };
    let mut whole = Scanner::default();
    whole.scan(bytes, Cut::default(), |scanned| check(scanned, bytes.len()));
    assert!(
        whole.counts().handed <= 4 * bytes.len() as u64,
        "{} bytes handed of {}",
        whole.counts().handed,
        bytes.len()
    );
    // In chunks, as a file is.
    let mut scanner = Scanner::default();
    let middle = random.below(bytes.len() + 1);
    let cut_at = match cut(&bytes[..middle]) {
        tuner_logs::lines::CutAt::Border(at) => (at, false),
        tuner_logs::lines::CutAt::Inside(at) => (at, true),
        tuner_logs::lines::CutAt::Anywhere => (middle, false),
    };
    let (first, second) = bytes.split_at(cut_at.0);
    let inside = cut_at.1;
    scanner.scan(
        first,
        Cut {
            begins_inside: false,
            ends_inside: inside,
        },
        |scanned| check(scanned, first.len()),
    );
    scanner.scan(
        second,
        Cut {
            begins_inside: inside,
            ends_inside: false,
        },
        |scanned| check(scanned, second.len()),
    );
    assert!(scanner.counts().handed <= 4 * bytes.len() as u64);
    if let Some(table) = Table::of(bytes) {
        table.scan(bytes, |scanned| check(scanned, bytes.len()));
    }
    parse_tail(&bytes[..bytes.len().min(4096)], Some("id")).outcome();
    whole.counts()
}
