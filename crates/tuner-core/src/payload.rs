//! Payloads: what is sent to the function under test, one or several by weight.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::raw_json;

/// The payloads of a tuning. Every invocation sends one of them.
#[derive(Debug, Clone)]
pub struct Payloads {
    entries: Vec<Weighted>,
    /// Of a corpus: how many events it has.
    events: Option<usize>,
}

/// An event of a corpus, as it was written.
#[derive(Debug, Clone)]
pub struct WrittenEvent {
    /// Where it stands, for messages: "line 3 of events.ndjson".
    pub origin: String,
    /// Its JSON.
    pub text: String,
}

/// One payload and its share of the invocations.
#[derive(Debug, Clone)]
pub struct Weighted {
    /// The bytes that are sent, JSON.
    pub body: Vec<u8>,
    /// Its share, relative to the other weights; more than 0.
    pub weight: f64,
    /// Whether it was written as a text that holds this JSON.
    pub from_text: bool,
}

/// What can be wrong with a payload. Values are never quoted: they may hold secrets.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON.
    #[error("{origin} is not JSON: {reason}; quote strings (\"text\") and check braces")]
    NotJson {
        /// Where it came from, such as a file name.
        origin: String,
        /// What the JSON parser said.
        reason: String,
    },
    /// Larger than Lambda takes.
    #[error("{origin} has {bytes} bytes; a synchronous invocation takes at most 6291456")]
    TooLarge {
        /// Where it came from.
        origin: String,
        /// Its size.
        bytes: usize,
    },
    /// A corpus without an event.
    #[error("{origin} has no event")]
    NoEvent {
        /// Where it came from.
        origin: String,
    },
    /// An element of a weighted list that is none.
    #[error(
        "element {index} of {origin} {mistake}; in a weighted list every element has a `payload` and a `weight` above 0; \
         to send the list itself, give [{{\"payload\": LIST, \"weight\": 1}}]"
    )]
    NotWeighted {
        /// Where it came from.
        origin: String,
        /// Position in the list, from 0.
        index: usize,
        /// What is wrong with it.
        mistake: EntryMistake,
    },
    /// Too few invocations for every payload to be sent at least once.
    #[error(
        "{invocations} invocations per size are too few for these weights; the smallest number that sends every payload is {needed}"
    )]
    TooFewInvocations {
        /// As asked.
        invocations: u32,
        /// Smallest number that works.
        needed: u32,
    },
}

/// What is wrong with an element of a weighted list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryMistake {
    /// It is something else.
    #[error("is {0}, but others are a payload with its weight")]
    NotAnObject(&'static str),
    /// One of the two fields is missing.
    #[error("has no `{field}`{}", instead(.typed))]
    Missing {
        /// Which.
        field: &'static str,
        /// A field that it has and that was probably meant for it.
        typed: Option<String>,
    },
    /// Nobody can tell which one is meant.
    #[error("has `{0}` twice")]
    Twice(&'static str),
    /// A weight that is none: as it was written, if it is short and no text, which may be a secret.
    #[error("has a weight of {0}, which is no number above 0 (leave the element out to send none)")]
    Weight(String),
}

fn instead(typed: &Option<String>) -> String {
    typed
        .as_ref()
        .map_or_else(String::new, |typed| format!(", but `{typed}`"))
}

/// Largest request of a synchronous invocation, in bytes (6 MB).
pub const MAX_PAYLOAD_BYTES: usize = 6_291_456;

impl Payloads {
    /// A single payload.
    pub fn single(body: impl Into<Vec<u8>>) -> Self {
        Self {
            entries: vec![Weighted {
                body: body.into(),
                weight: 1.0,
                from_text: false,
            }],
            events: None,
        }
    }

    /// The events of a corpus, each of which is sent as often as the others. Of more than `most` (at least 1) so many are
    /// taken, evenly from the first to the last, so that a list which is sorted is sampled from end to end; the same ones
    /// are sent at every memory size. `origin` names the corpus in messages.
    ///
    /// # Errors
    /// When there is no event, or one of them is not JSON or too large, whether it would be taken or not.
    pub fn corpus(events: &[WrittenEvent], origin: &str, most: usize) -> Result<Self, PayloadError> {
        let all = events.iter().map(Self::event).collect::<Result<Vec<_>, _>>()?;
        let (of, taken) = (all.len(), all.len().min(most.max(1)));
        if of == 0 {
            return Err(PayloadError::NoEvent {
                origin: origin.to_owned(),
            });
        }
        let chosen: BTreeSet<usize> = (0..taken).map(|i| i * (of - 1) / (taken - 1).max(1)).collect();
        let entries = all.into_iter().enumerate().filter(|(at, _)| chosen.contains(at));
        Ok(Self {
            entries: entries.map(|(_, event)| event).collect(),
            events: Some(of),
        })
    }

    fn event(event: &WrittenEvent) -> Result<Weighted, PayloadError> {
        let written: &RawValue = serde_json::from_str(&event.text).map_err(|e| PayloadError::NotJson {
            origin: event.origin.clone(),
            reason: e.to_string(),
        })?;
        let read = Weighted::of(written, 1.0);
        match read.body.len() {
            bytes if bytes > MAX_PAYLOAD_BYTES => Err(PayloadError::TooLarge {
                origin: event.origin.clone(),
                bytes,
            }),
            _ => Ok(read),
        }
    }

    /// The payloads as a weighted list, which [`parse`](Self::parse) reads back: what an execution's input takes.
    pub fn to_list(&self) -> String {
        let element = |entry: &Weighted| {
            let body = String::from_utf8_lossy(&entry.body);
            format!("{{\"{PAYLOAD}\":{body},\"{WEIGHT}\":{}}}", entry.weight)
        };
        let elements: Vec<String> = self.entries.iter().map(element).collect();
        format!("[{}]", elements.join(","))
    }

    /// Reads a payload as the user wrote it: any JSON value, sent byte for byte as written; or a weighted list
    /// `[{"payload": ..., "weight": 2}, ...]`.
    ///
    /// A list is a weighted one if any element is an object with a `payload` or a `weight`: then all must have both. Any other
    /// list, `[null]` included, is one payload and sent as is. A text that holds JSON, such as `"{\"a\": 1}"`, is sent as
    /// that JSON, as aws-lambda-power-tuning does: [`note`](Self::note) says so. Such a text is one payload, whatever the JSON
    /// looks like. `origin` names the source in messages.
    ///
    /// # Errors
    /// When it is not JSON, too large, or a weighted list with an element that is none.
    pub fn parse(text: &str, origin: &str) -> Result<Self, PayloadError> {
        let not_json = |e: serde_json::Error| PayloadError::NotJson {
            origin: origin.to_owned(),
            reason: e.to_string(),
        };
        let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        let entries = match entries(whole) {
            None => vec![Weighted::of(whole, 1.0)],
            Some(list) => list
                .into_iter()
                .enumerate()
                .map(|(index, entry)| {
                    let mistake = |mistake| PayloadError::NotWeighted {
                        origin: origin.to_owned(),
                        index,
                        mistake,
                    };
                    weighted(entry).map_err(mistake)
                })
                .collect::<Result<_, _>>()?,
        };
        if let Some(large) = entries.iter().find(|e| e.body.len() > MAX_PAYLOAD_BYTES) {
            return Err(PayloadError::TooLarge {
                origin: origin.to_owned(),
                bytes: large.body.len(),
            });
        }
        Ok(Self { entries, events: None })
    }

    /// What the user should know of how the payload was read.
    pub fn note(&self) -> Option<String> {
        let sent = self.entries.len();
        if let Some(of) = self.events.filter(|of| *of > sent) {
            return Some(format!(
                "{sent} of the {of} events are sent, evenly from the first to the last, the same ones at every size: figures are \
                 theirs"
            ));
        }
        if !self.entries.iter().any(|entry| entry.from_text) {
            return None;
        }
        let which = match self.is_weighted() {
            true => "some payloads are texts that hold JSON",
            false => "the payload is a text that holds JSON",
        };
        Some(format!(
            "{which}: the JSON is sent, without the quotes around it (to send the text itself, quote it once more)"
        ))
    }

    /// The payloads in the order given.
    pub fn entries(&self) -> &[Weighted] {
        &self.entries
    }

    /// The bytes of payload `index`.
    pub fn body(&self, index: u32) -> &[u8] {
        self.entries.get(index as usize).map_or(&[], |e| &e.body)
    }

    /// Whether there is more than one.
    pub fn is_weighted(&self) -> bool {
        self.entries.len() > 1
    }

    /// Says whether `invocations` are enough to send every payload at least once.
    ///
    /// # Errors
    /// Names the smallest number that is.
    pub fn check(&self, invocations: u32) -> Result<(), PayloadError> {
        if !self.is_weighted() {
            return Ok(());
        }
        match self.needed() {
            needed if needed <= invocations => Ok(()),
            needed => Err(PayloadError::TooFewInvocations { invocations, needed }),
        }
    }

    /// Share of each payload; empty when there is only one.
    pub fn shares(&self) -> Vec<f64> {
        if !self.is_weighted() {
            return Vec::new();
        }
        let weights = self.weights();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect()
    }

    /// The smallest number of invocations that sends every payload at least once.
    pub fn all_sent_after(&self) -> u32 {
        if self.is_weighted() { self.needed() } else { 1 }
    }

    /// The number of invocations, if it is a small one, after which every payload was sent exactly as often as its weight says:
    /// after whole rounds of it a plain mean is that of the mix. 1 for a single payload.
    pub fn round(&self) -> Option<u32> {
        /// A size is hardly invoked more often than this.
        const LONGEST: u32 = 20;
        let shares = self.shares();
        let is_whole = |n: u32, share: &f64| (share * f64::from(n) - (share * f64::from(n)).round()).abs() < 1e-6;
        (1..=LONGEST).find(|&n| shares.iter().all(|share| is_whole(n, share)))
    }

    /// The smallest number of invocations that sends every payload: where the last of them first comes up. Looks no further
    /// than a million.
    fn needed(&self) -> u32 {
        const FAR: usize = 1_000_000;
        let mut waiting: Vec<usize> = (0..self.entries.len()).collect();
        for (n, next) in self.turns().take(FAR).enumerate() {
            waiting.retain(|&index| index != next);
            if waiting.is_empty() {
                return n as u32 + 1;
            }
        }
        FAR as u32
    }

    /// Which payload the `n`-th invocation (from 0) of a size sends, so that after any number of invocations every
    /// payload's share is within one of its due. Smooth weighted round robin: the payload that is furthest behind.
    pub fn sequence(&self, length: usize) -> Vec<u32> {
        self.turns().take(length).map(|index| index as u32).collect()
    }

    fn turns(&self) -> impl Iterator<Item = usize> {
        let weights = self.weights();
        let total: f64 = weights.iter().sum();
        let mut sent = vec![0.0_f64; weights.len()];
        (1_u32..).map(move |n| {
            let behind = |i: usize| weights[i] / total * f64::from(n) - sent[i];
            let next = (0..weights.len())
                .reduce(|a, b| if behind(b) > behind(a) + 1e-9 { b } else { a })
                .unwrap_or_default();
            sent[next] += 1.0;
            next
        })
    }

    fn weights(&self) -> Vec<f64> {
        self.entries.iter().map(|e| e.weight).collect()
    }
}

impl Weighted {
    fn of(written: &RawValue, weight: f64) -> Self {
        let inner = inner(written);
        Self {
            from_text: inner.is_some(),
            body: inner.unwrap_or_else(|| written.get().to_owned()).into_bytes(),
            weight,
        }
    }
}

/// The JSON that is inside the text `value`, if it is one and holds JSON.
fn inner(value: &RawValue) -> Option<String> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    let inner: &RawValue = serde_json::from_str(&text).ok()?;
    Some(inner.get().to_owned())
}

const PAYLOAD: &str = "payload";
const WEIGHT: &str = "weight";

/// An element of a list: the fields of an object in the order given, those given twice included; or what else it is.
type Entry<'a> = Result<Vec<(String, &'a RawValue)>, &'static str>;

/// The elements of `whole` if it is a weighted list, right or wrong.
fn entries(whole: &RawValue) -> Option<Vec<Entry<'_>>> {
    let list: Vec<&RawValue> = serde_json::from_str(whole.get()).ok()?;
    let entries: Vec<Entry<'_>> = list
        .into_iter()
        .map(|element| raw_json::fields(element).map_err(|_| raw_json::kind(element)))
        .collect();
    let is_weighted = entries
        .iter()
        .flatten()
        .flatten()
        .any(|(name, _)| name == PAYLOAD || name == WEIGHT);
    is_weighted.then_some(entries)
}

fn weighted(entry: Entry<'_>) -> Result<Weighted, EntryMistake> {
    let fields = entry.map_err(EntryMistake::NotAnObject)?;
    let the = |field: &'static str| {
        let mut found = fields.iter().filter(|(name, _)| name == field).map(|&(_, value)| value);
        match (found.next(), found.next()) {
            (Some(value), None) => Ok(value),
            (Some(_), Some(_)) => Err(EntryMistake::Twice(field)),
            (None, _) => Err(EntryMistake::Missing {
                field,
                typed: fields
                    .iter()
                    .map(|(name, _)| name)
                    .find(|name| is_slip(name, field))
                    .cloned(),
            }),
        }
    };
    let (payload, weight) = (the(PAYLOAD)?, the(WEIGHT)?);
    let usable: Option<f64> = serde_json::from_str(weight.get()).ok();
    match usable.filter(|w| w.is_finite() && *w > 0.0) {
        Some(usable) => Ok(Weighted::of(payload, usable)),
        None => Err(EntryMistake::Weight(match weight.get() {
            short if short.len() <= 20 && !short.starts_with(['"', '{', '[']) => short.to_owned(),
            _ => raw_json::kind(weight).to_owned(),
        })),
    }
}

/// Whether `typed` was probably meant for `field`: other letters are large, or two of them differ, are missing, too many, or
/// have changed places.
fn is_slip(typed: &str, field: &str) -> bool {
    let mut counts = [0_i32; 26];
    let mut strange = 0;
    for (text, sign) in [(typed, 1), (field, -1)] {
        for c in text.chars().take(40).map(|c| c.to_ascii_lowercase()) {
            match c {
                'a'..='z' => counts[(c as u8 - b'a') as usize] += sign,
                ' ' | '_' | '-' => {}
                _ => strange += 1,
            }
        }
    }
    typed != field && strange == 0 && counts.iter().map(|n| n.abs()).sum::<i32>() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<String> {
        let payloads = Payloads::parse(text, "--payload").unwrap();
        payloads
            .entries()
            .iter()
            .map(|e| String::from_utf8(e.body.clone()).unwrap())
            .collect()
    }

    fn counts(weights: &[f64], total: usize) -> Vec<usize> {
        let entries = weights
            .iter()
            .map(|&weight| Weighted {
                body: Vec::new(),
                weight,
                from_text: false,
            })
            .collect();
        let sequence = Payloads { entries, events: None }.sequence(total);
        (0..weights.len() as u32)
            .map(|i| sequence.iter().filter(|&&index| index == i).count())
            .collect()
    }

    #[test]
    fn equal_weights_are_spread_within_one() {
        assert_eq!(counts(&[1.0, 1.0, 1.0], 5), [2, 2, 1]);
        assert_eq!(counts(&[0.1, 0.2, 0.7], 10), [1, 2, 7]);
        assert_eq!(counts(&[1.0, 100.0], 10), [0, 10]);
    }

    #[test]
    fn what_passes_the_check_is_sent() {
        for weights in [[20.0, 10.0, 1.0, 2.0, 5.0], [10.0, 3.0, 1.0, 3.0, 10.0]] {
            let entries = weights
                .iter()
                .map(|&weight| Weighted {
                    body: Vec::new(),
                    weight,
                    from_text: false,
                })
                .collect();
            let payloads = Payloads { entries, events: None };
            let needed = (1..200).find(|&n| payloads.check(n).is_ok()).unwrap();
            assert!(counts(&weights, needed as usize).iter().all(|&n| n > 0));
            assert!(counts(&weights, needed as usize - 1).contains(&0));
        }
    }

    #[test]
    fn falsy_payloads_are_weighted_payloads_all_the_same() {
        let list = r#"[{"payload":0,"weight":1},{"payload":"","weight":1},{"payload":false,"weight":1},{"payload":null,"weight":1}]"#;
        assert_eq!(bodies(list), ["0", "\"\"", "false", "null"]);
    }

    #[test]
    fn weight_zero_or_text_is_refused_by_position() {
        let list = r#"[{"payload":{},"weight":1},{"payload":{},"weight":0}]"#;
        let error = Payloads::parse(list, "--payload").unwrap_err();
        assert!(
            error.to_string().contains("element 1 of --payload has a weight of 0"),
            "{error}"
        );
        assert!(Payloads::parse(r#"[{"payload":{},"weight":"2"}]"#, "p").is_err());
    }

    #[test]
    fn any_other_array_is_sent_as_is() {
        for text in [
            "[null]",
            "[]",
            "[1,2]",
            "[[1,2],[3,4]]",
            r#"[{"wieght":1},{"paylod":2}]"#,
            r#"[["payload",1],"weight"]"#,
            r#"{"payload":1,"wieght":2}"#,
        ] {
            assert_eq!(bodies(text), [text]);
        }
    }

    #[test]
    fn an_element_of_a_weighted_list_that_is_none_is_named_with_its_mistake() {
        for (text, index, words) in [
            (r#"[{"payload":1,"wieght":2}]"#, 0, "has no `weight`, but `wieght`"),
            (
                r#"[{"payload":1,"weight":2},{"Payload":1,"weight":2}]"#,
                1,
                "has no `payload`, but `Payload`",
            ),
            (r#"[{"payload":1,"weight":2},{"payload":1}]"#, 1, "has no `weight`;"),
            (r#"[{"payload":1,"weight":2},{"secret":1}]"#, 1, "has no `payload`;"),
            (r#"[{"kg":3},{"weight":2}]"#, 0, "has no `payload`;"),
            (r#"[{"payload":1,"weight":2},7]"#, 1, "is a number"),
            (r#"[null,{"payload":1,"weight":2}]"#, 0, "is null"),
            (r#"[["payload","weight"],{"payload":1,"weight":2}]"#, 0, "is a list"),
            (r#"[{"payload":1,"payload":2,"weight":2}]"#, 0, "has `payload` twice"),
            (r#"[{"payload":1,"weight":-1}]"#, 0, "has a weight of -1"),
            (r#"[{"payload":1,"weight":1e999}]"#, 0, "has a weight of 1e999"),
            (r#"[{"payload":1,"weight":null}]"#, 0, "has a weight of null"),
        ] {
            let error = Payloads::parse(text, "p").unwrap_err().to_string();
            let named = format!("element {index} of p {words}");
            assert!(error.starts_with(&named), "{named}: {error}");
            assert!(error.contains(r#"[{"payload": LIST, "weight": 1}]"#), "{error}");
        }
    }

    #[test]
    fn an_entry_may_have_other_fields() {
        assert_eq!(bodies(r#"[{"payload":1,"weight":2,"about":"small"}]"#), ["1"]);
    }

    #[test]
    fn a_text_that_holds_json_is_sent_as_that_json_and_said() {
        for (text, sent) in [
            (r#""{\"a\": 1.50}""#, r#"{"a": 1.50}"#),
            (r#"" [1, 2] ""#, "[1, 2]"),
            (r#""1""#, "1"),
            // Quoted once more it is the text itself.
            (r#""\"1\"""#, r#""1""#),
            // In quotes it is one payload, whatever it looks like.
            (r#""[{\"payload\":1,\"weight\":2}]""#, r#"[{"payload":1,"weight":2}]"#),
            (r#"[{"payload":"{\"a\":1}","weight":2}]"#, r#"{"a":1}"#),
        ] {
            let payloads = Payloads::parse(text, "p").unwrap();
            assert_eq!(bodies(text), [sent]);
            assert!(payloads.note().unwrap().contains("holds JSON"), "{text}");
        }
        for text in [r#""text""#, r#""""#, r#""{""#, r#"{"body":"{\"a\":1}"}"#, "1"] {
            let payloads = Payloads::parse(text, "p").unwrap();
            assert_eq!((bodies(text), payloads.note()), (vec![text.to_owned()], None));
        }
    }

    #[test]
    fn bytes_go_out_as_written() {
        // A string is not encoded twice, an API Gateway body stays a string, numbers keep their digits.
        for text in [
            r#""text""#,
            r#"{"body":"{\"a\":1}"}"#,
            "1.50",
            "12345678901234567890123",
        ] {
            assert_eq!(bodies(text), [text]);
        }
    }

    #[test]
    fn too_few_invocations_name_the_number_that_works() {
        let list = r#"[{"payload":1,"weight":1},{"payload":2,"weight":100}]"#;
        let error = Payloads::parse(list, "p").unwrap().check(10).unwrap_err();
        let PayloadError::TooFewInvocations { needed, .. } = error else {
            panic!("{error}")
        };
        let payloads = Payloads::parse(list, "p").unwrap();
        assert!(payloads.check(needed).is_ok() && payloads.check(needed - 1).is_err());
    }

    fn events(texts: &[&str]) -> Vec<WrittenEvent> {
        let event = |(line, text): (usize, &&str)| WrittenEvent {
            origin: format!("line {} of e.ndjson", line + 1),
            text: (*text).to_owned(),
        };
        texts.iter().enumerate().map(event).collect()
    }

    #[test]
    fn a_corpus_is_sent_whole_or_sampled_from_end_to_end() {
        let numbers: Vec<String> = (0..101).map(|n| format!("{{\"n\": {n}}}")).collect();
        let all = events(&numbers.iter().map(String::as_str).collect::<Vec<_>>());
        let bodies = |payloads: &Payloads| -> Vec<String> {
            let entries = payloads.entries().iter();
            entries.map(|e| String::from_utf8(e.body.clone()).unwrap()).collect()
        };
        let some = Payloads::corpus(&all, "e.ndjson", 5).unwrap();
        assert_eq!(bodies(&some), [0, 25, 50, 75, 100].map(|n| format!("{{\"n\": {n}}}")));
        assert!(some.note().unwrap().starts_with("5 of the 101 events are sent"));
        assert_eq!(some.round(), Some(5));
        // As an execution gets them.
        let read = Payloads::parse(&some.to_list(), "input").unwrap();
        assert_eq!(bodies(&read), bodies(&some));
        let few = Payloads::corpus(&all[..3], "e.ndjson", 5).unwrap();
        assert_eq!((few.entries().len(), few.note()), (3, None));
        assert_eq!(Payloads::corpus(&all, "e.ndjson", 1).unwrap().entries().len(), 1);
    }

    #[test]
    fn a_broken_event_is_named_even_if_it_would_not_be_sent() {
        let error = Payloads::corpus(&events(&["1", "{\"a\":", "3", "4"]), "e.ndjson", 2).unwrap_err();
        assert!(
            error.to_string().starts_with("line 2 of e.ndjson is not JSON"),
            "{error}"
        );
        let error = Payloads::corpus(&[], "e.ndjson", 2).unwrap_err();
        assert_eq!(error.to_string(), "e.ndjson has no event");
    }

    #[test]
    fn a_round_sends_each_as_often_as_its_weight_says() {
        for (weights, round) in [
            (&[3.0, 1.0][..], Some(4)),
            (&[0.1, 0.2, 0.7], Some(10)),
            (&[1.0, 100.0], None),
            (&[5.0], Some(1)),
        ] {
            let entry = |&weight: &f64| Weighted {
                body: Vec::new(),
                weight,
                from_text: false,
            };
            let payloads = Payloads {
                entries: weights.iter().map(entry).collect(),
                events: None,
            };
            assert_eq!(payloads.round(), round, "{weights:?}");
            if let Some(round) = round {
                let sent = payloads.sequence(3 * round as usize);
                for (i, share) in payloads.shares().iter().enumerate() {
                    let n = sent.iter().filter(|&&index| index as usize == i).count() as f64;
                    assert!((n - 3.0 * share * f64::from(round)).abs() < 1e-6, "{weights:?}");
                }
            }
        }
    }

    #[test]
    fn sequence_keeps_every_prefix_near_its_due() {
        let payloads = Payloads::parse(r#"[{"payload":1,"weight":1},{"payload":2,"weight":3}]"#, "p").unwrap();
        let sequence = payloads.sequence(8);
        assert_eq!(sequence.iter().filter(|&&i| i == 0).count(), 2);
        for n in 1..=8 {
            let firsts = sequence[..n].iter().filter(|&&i| i == 0).count() as f64;
            assert!((firsts - n as f64 / 4.0).abs() <= 1.0);
        }
    }
}
