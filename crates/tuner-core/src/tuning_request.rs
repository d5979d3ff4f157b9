//! What was asked for, as the `Tuning` document keeps it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::TuningOptions;
use crate::arn::masked;
use crate::planning::Preset;

/// What was asked for: every option. Of what may hold secrets there is as much as tells whether it was the same.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct RequestRecord {
    /// Every option; the accounts in ARNs are masked.
    #[serde(flatten)]
    pub options: TuningOptions,
    /// What was sent.
    pub payloads: Withheld,
    /// Environment variables that a program on one's own machine was given; absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Withheld>,
    /// Whether this was read from a document of form 1, which did not hold every option: one that it lacks has its default
    /// here, whatever was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// Values that are not kept, since they may be secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    /// How many there are.
    pub count: u32,
    /// Bytes of all together; absent where that was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes of the largest; absent where that was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_bytes: Option<u64>,
    /// SHA-256 of all of them with the tuning's ID as the key, in hexadecimal digits: whoever has the values can tell that they are
    /// those, and those of two tunings cannot be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyed_sha256: Option<String>,
}

impl RequestRecord {
    /// The record of `options`.
    pub fn new(options: &TuningOptions, payloads: Withheld) -> Self {
        let mut options = options.clone();
        for function in [&mut options.pre_processor, &mut options.post_processor] {
            // What is masked is of the same form; a name that is not is left out rather than shown.
            *function = function.take().and_then(|name| masked(&name.to_string()).parse().ok());
        }
        options.role_arn = options.role_arn.as_deref().map(masked);
        Self {
            options,
            payloads,
            ..Self::default()
        }
    }
}

/// A record of either form.
#[derive(Deserialize)]
struct Read {
    #[serde(flatten)]
    options: TuningOptions,
    payloads: Payloads,
    #[serde(default)]
    variables: Option<Withheld>,
    #[serde(default)]
    incomplete: bool,
    /// Form 1 only, and always there.
    #[serde(default)]
    planner: Option<String>,
}

/// Form 1 has their number alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Payloads {
    Count(u32),
    Withheld(Withheld),
}

impl<'de> Deserialize<'de> for RequestRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Read::deserialize(deserializer).map(Self::from)
    }
}

impl From<Read> for RequestRecord {
    fn from(read: Read) -> Self {
        let payloads = match read.payloads {
            Payloads::Withheld(payloads) => payloads,
            Payloads::Count(count) => Withheld {
                count,
                ..Withheld::default()
            },
        };
        let mut options = read.options;
        if let Some(planner) = &read.planner {
            options.only_cold_starts = planner == "cold starts";
            options.preset = planner.parse().unwrap_or(Preset::Grid);
            if options.invocations == 0 {
                options.dry_run = true;
                options.invocations = TuningOptions::default().invocations;
            }
        }
        Self {
            options,
            payloads,
            variables: read.variables,
            incomplete: read.incomplete || read.planner.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn form_1_is_read_and_says_that_it_did_not_hold_everything() {
        let read = |planner: &str, invocations| -> RequestRecord {
            serde_json::from_value(json!({
                "objective": {"kind": "cost"}, "memory_sizes_mb": [512], "planner": planner, "invocations": invocations,
                "payloads": 2, "concurrency": 3, "trim_share": 0.1
            }))
            .unwrap()
        };
        let grid = read("grid", 20);
        assert!(grid.incomplete && !grid.options.only_cold_starts && grid.payloads.count == 2);
        assert_eq!((grid.options.asked_per_size(), grid.options.concurrency), (Some(20), 3));
        assert_eq!(grid.payloads.bytes, None);
        assert!(read("cold starts", 5).options.only_cold_starts);
        assert_eq!(read("grid", 0).options.asked_per_size(), Some(0));
        assert_eq!(read("thorough", 5).options.preset, Preset::Thorough);
        // What is written of it is still not whole, and is read back as it is.
        let again: RequestRecord = serde_json::from_value(serde_json::to_value(&grid).unwrap()).unwrap();
        assert_eq!(again, grid);
    }

    #[test]
    fn accounts_in_arns_are_masked() {
        let options = TuningOptions {
            role_arn: Some("arn:aws:iam::123456789012:role/x".into()),
            pre_processor: Some(
                "arn:aws:lambda:eu-west-1:123456789012:function:before:live"
                    .parse()
                    .unwrap(),
            ),
            post_processor: Some("123456789012:function:after".parse().unwrap()),
            ..TuningOptions::default()
        };
        let text = serde_json::to_string(&RequestRecord::new(&options, Withheld::default())).unwrap();
        assert!(!text.contains("123456789012"), "{text}");
        for kept in ["role/x", "function:before:live", "function:after"] {
            assert!(text.contains(kept), "{text}");
        }
    }
}
