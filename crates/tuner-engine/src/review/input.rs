//! The input of an execution of the review's state machine.

use tuner_core::is_region;
use tuner_core::review::GroupBy;

use super::{Regions, ReviewRequest};
use crate::execution::error::shortened;
use crate::execution::fields::{self, Fields};
use crate::execution::options::{ROLE, role};
use crate::execution::{InputError, InputErrors, S3Object};

/// Every field an input may have.
pub const REVIEW_FIELDS: [&str; 8] = [
    "regions",
    "days",
    "budgetUsd",
    "tune",
    "payloads",
    "advice",
    "groupBy",
    "roleARN",
];

const REGIONS: &str = "\"all\", a region such as \"eu-west-1\", or a list of regions";
const PAYLOADS: &str = "where the registry of payloads is: s3://BUCKET/KEY";
const ADVICE: &str = "where the advice file is: s3://BUCKET/KEY";
const GROUP_BY: &str = "owner, stack, or tag:KEY such as tag:team";
/// Tunings that one review may start.
const MOST_TUNINGS: u32 = 100;

/// Fields that mean nothing to a review, as of [`ExecutionInput`](crate::execution::ExecutionInput); and what EventBridge
/// adds when it starts an execution itself.
fn is_ignored(field: &str) -> bool {
    matches!(field, "$schema" | "comment" | "Comment") || field.starts_with("AWS_STEP_FUNCTIONS_")
}

impl ReviewRequest {
    /// Reads the input of an execution. No input at all asks for what is usual.
    ///
    /// # Errors
    /// Names every field that is wrong, not the first one.
    pub fn parse(text: &str) -> Result<Self, InputErrors> {
        let text = if text.trim().is_empty() { "{}" } else { text.trim() };
        if !text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            return Err(InputError::Wrong {
                field: "the input".into(),
                value: shortened(text),
                accepted: "a JSON object such as {\"days\": 30}".into(),
            }
            .into());
        }
        let mut fields = Fields::read(text, &REVIEW_FIELDS, [], is_ignored)?;
        let regions = regions(&mut fields);
        let days = fields.whole("days", Self::DAYS);
        let budget = fields.number(
            "budgetUsd",
            |usd| (0.0..=1_000_000.0).contains(&usd),
            "what scanning logs may cost, in US dollars: a number from 0 (no queries are made) to 1000000",
        );
        let tune = fields.whole("tune", 0..=MOST_TUNINGS);
        let payloads = fields.text("payloads", PAYLOADS, |text| {
            text.parse::<S3Object>().map(|_| text.to_owned())
        });
        let advice = fields.text("advice", ADVICE, |text| {
            text.parse::<S3Object>().map(|_| text.to_owned())
        });
        let group_by = fields.text("groupBy", GROUP_BY, |text| text.parse::<GroupBy>().map_err(|_| ""));
        let role_arn = fields.text("roleARN", ROLE, role);
        match fields.errors() {
            Some(errors) => Err(errors),
            None => Ok(Self {
                regions: regions.unwrap_or_default(),
                days: days.unwrap_or(Self::DEFAULT_DAYS),
                budget_usd: budget.unwrap_or(Self::DEFAULT_BUDGET_USD),
                tune: tune.unwrap_or(0),
                payloads,
                advice,
                group_by,
                role_arn,
            }),
        }
    }
}

fn regions(fields: &mut Fields<'_>) -> Option<Regions> {
    let value = fields.filled("regions")?;
    if let Some(text) = fields::text(value) {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        return match &names[..] {
            [all] if all == "all" => Some(Regions::All),
            names if names.iter().all(|name| is_region(name)) => Some(Regions::Named(names.to_vec())),
            _ => {
                fields.wrong("regions", value, REGIONS);
                None
            }
        };
    }
    let Some(list) = fields::list(value) else {
        fields.wrong("regions", value, REGIONS);
        return None;
    };
    let mut names = Vec::with_capacity(list.len());
    for (index, entry) in list.into_iter().enumerate() {
        match fields::text(entry) {
            Some(all) if all == "all" => return Some(Regions::All),
            Some(name) if is_region(name.trim()) => names.push(name.trim().to_owned()),
            _ => fields.wrong(format!("regions[{index}]"), entry, "a region such as \"eu-west-1\""),
        }
    }
    // An empty list is the same as none.
    (!names.is_empty()).then_some(Regions::Named(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asks_for_what_is_usual() {
        for text in [
            "",
            " \n",
            "{}",
            r#"{"comment": "monthly", "regions": [], "payloads": ""}"#,
        ] {
            assert_eq!(ReviewRequest::parse(text), Ok(ReviewRequest::default()), "{text}");
        }
    }

    #[test]
    fn every_field() {
        let text = r#"{"regions": ["eu-west-1", "us-gov-west-1"], "days": "7", "budgetUsd": 2.5, "tune": 3,
            "payloads": "s3://bucket/payloads.json", "advice": "s3://bucket/advice.toml", "groupBy": "tag:team",
            "roleARN": "arn:aws:iam::123456789012:role/reader"}"#;
        assert_eq!(
            ReviewRequest::parse(text).unwrap(),
            ReviewRequest {
                regions: Regions::Named(vec!["eu-west-1".into(), "us-gov-west-1".into()]),
                days: 7,
                budget_usd: 2.5,
                tune: 3,
                payloads: Some("s3://bucket/payloads.json".into()),
                advice: Some("s3://bucket/advice.toml".into()),
                group_by: Some(GroupBy::Tag("team".into())),
                role_arn: Some("arn:aws:iam::123456789012:role/reader".into()),
            }
        );
        for all in [r#""all""#, r#"["all"]"#] {
            let request = ReviewRequest::parse(&format!(r#"{{"regions": {all}}}"#)).unwrap();
            assert_eq!(request.regions, Regions::All);
        }
        let listed = ReviewRequest::parse(r#"{"regions": "eu-west-1, eu-north-1"}"#).unwrap();
        assert_eq!(
            listed.regions,
            Regions::Named(vec!["eu-west-1".into(), "eu-north-1".into()])
        );
    }

    #[test]
    fn what_is_wrong_is_named_all_at_once() {
        for (text, says) in [
            (
                "[]",
                "the input is [], but must be a JSON object such as {\"days\": 30}",
            ),
            ("{", "not JSON"),
            (
                r#"{"region": "eu-west-1"}"#,
                "there is no field region; did you mean regions?",
            ),
            (r#"{"budgetUSD": 1}"#, "did you mean budgetUsd?"),
            (
                r#"{"regions": "Ireland"}"#,
                "regions is \"Ireland\", but must be \"all\"",
            ),
            (r#"{"regions": ["eu-west-1", 7]}"#, "regions[1] is 7"),
            (r#"{"regions": {}}"#, "regions is {}"),
            (
                r#"{"days": 0, "tune": -1}"#,
                "days is 0, but must be a whole number from 1 to 90; tune is -1",
            ),
            (r#"{"days": 91}"#, "days is 91"),
            (r#"{"budgetUsd": -1}"#, "budgetUsd is -1"),
            (r#"{"payloads": "payloads.json"}"#, "it does not begin with s3://"),
            (r#"{"advice": "advice.toml"}"#, "advice is \"advice.toml\""),
            (
                r#"{"groupBy": "team"}"#,
                "groupBy is \"team\", but must be owner, stack, or tag:KEY",
            ),
            (r#"{"roleARN": "reader"}"#, "roleARN is \"reader\""),
            (r#"{"days": 1, "days": 2}"#, "days is given twice"),
        ] {
            let error = ReviewRequest::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
