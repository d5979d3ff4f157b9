//! Payloads: what is sent to the function under test, one or several by weight.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

/// The payloads of a tuning. Every invocation sends one of them.
#[derive(Debug, Clone)]
pub struct Payloads {
    entries: Vec<Weighted>,
}

/// One payload and its share of the invocations.
#[derive(Debug, Clone)]
pub struct Weighted {
    /// The bytes that are sent, JSON.
    pub body: Vec<u8>,
    /// Its share, relative to the other weights; more than 0.
    pub weight: f64,
}

/// What can be wrong with a payload.
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
    /// A weight that is none.
    #[error(
        "weight {index} of {origin} is {weight}; a weight is a number greater than 0 (leave the entry out to send none)"
    )]
    BadWeight {
        /// Where it came from.
        origin: String,
        /// Position in the list, from 0.
        index: usize,
        /// As written.
        weight: String,
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

/// Largest request of a synchronous invocation, in bytes (6 MB).
pub const MAX_PAYLOAD_BYTES: usize = 6_291_456;

impl Payloads {
    /// A single payload.
    pub fn single(body: impl Into<Vec<u8>>) -> Self {
        Self {
            entries: vec![Weighted {
                body: body.into(),
                weight: 1.0,
            }],
        }
    }

    /// Reads a payload as the user wrote it: any JSON value, sent byte for byte as written; or a weighted list
    /// `[{"payload": ..., "weight": 2}, ...]`.
    ///
    /// An array is a weighted list only if every element is an object with exactly `payload` and `weight`; any other
    /// array, `[null]` included, is one payload and sent as is. `origin` names the source in messages.
    ///
    /// # Errors
    /// When it is not JSON, too large, or has a weight that is not above 0.
    pub fn parse(text: &str, origin: &str) -> Result<Self, PayloadError> {
        let not_json = |e: serde_json::Error| PayloadError::NotJson {
            origin: origin.to_owned(),
            reason: e.to_string(),
        };
        let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        let entries = match weighted_list(whole) {
            None => vec![Weighted {
                body: whole.get().as_bytes().to_vec(),
                weight: 1.0,
            }],
            Some(list) => {
                let mut entries = Vec::with_capacity(list.len());
                for (index, (body, weight)) in list.into_iter().enumerate() {
                    let usable = weight.as_f64().filter(|w| w.is_finite() && *w > 0.0);
                    let Some(usable) = usable else {
                        return Err(PayloadError::BadWeight {
                            origin: origin.to_owned(),
                            index,
                            weight: weight.to_string(),
                        });
                    };
                    entries.push(Weighted {
                        body: body.get().as_bytes().to_vec(),
                        weight: usable,
                    });
                }
                entries
            }
        };
        if let Some(large) = entries.iter().find(|e| e.body.len() > MAX_PAYLOAD_BYTES) {
            return Err(PayloadError::TooLarge {
                origin: origin.to_owned(),
                bytes: large.body.len(),
            });
        }
        Ok(Self { entries })
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

/// `Some` if every element is an object with the keys `payload` and `weight` and no other. Read as maps: a struct would be
/// read from a list of two as well.
fn weighted_list(whole: &RawValue) -> Option<Vec<(Box<RawValue>, Value)>> {
    let list: Vec<BTreeMap<String, Box<RawValue>>> = serde_json::from_str(whole.get()).ok()?;
    if list.is_empty() {
        return None;
    }
    list.into_iter()
        .map(|mut entry| {
            let payload = entry.remove("payload")?;
            let weight = serde_json::from_str(entry.remove("weight")?.get()).ok()?;
            entry.is_empty().then_some((payload, weight))
        })
        .collect()
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
            })
            .collect();
        let sequence = Payloads { entries }.sequence(total);
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
                })
                .collect();
            let payloads = Payloads { entries };
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
        assert!(error.to_string().contains("weight 1 of --payload is 0"), "{error}");
        assert!(Payloads::parse(r#"[{"payload":{},"weight":"2"}]"#, "p").is_err());
    }

    #[test]
    fn any_other_array_is_sent_as_is() {
        for text in [
            "[null]",
            "[]",
            "[1,2]",
            "[[1,2],[3,4]]",
            r#"[{"payload":1}]"#,
            r#"[{"payload":1,"weight":2,"x":3}]"#,
        ] {
            assert_eq!(bodies(text), [text]);
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
            };
            let payloads = Payloads {
                entries: weights.iter().map(entry).collect(),
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
