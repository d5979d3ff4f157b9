use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tuner_core::pricing::{Partition, PriceTable};
use tuner_core::review::{GroupBy, Window};

use super::ReviewError;

/// What a review is asked to look at, and what it may spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewRequest {
    /// Where to look.
    #[serde(default)]
    pub regions: Regions,
    /// How many days to look back, today not counted: 1 to 90.
    pub days: u32,
    /// What scanning logs may cost, in US dollars. At 0 no query is made.
    pub budget_usd: f64,
    /// How many of the functions with the most at stake are tuned, of those that are registered.
    #[serde(default)]
    pub tune: u32,
    /// Where the [`Registry`](super::Registry) is: an `s3://` address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payloads: Option<String>,
    /// Where the [`AdviceFile`](tuner_core::review::AdviceFile) is: an `s3://` address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// By what functions are put into groups, each with totals and a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<GroupBy>,
    /// Role as which the account is read and its functions are tuned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

impl Default for ReviewRequest {
    fn default() -> Self {
        Self {
            regions: Regions::default(),
            days: Self::DEFAULT_DAYS,
            budget_usd: Self::DEFAULT_BUDGET_USD,
            tune: 0,
            payloads: None,
            advice: None,
            group_by: None,
            role_arn: None,
        }
    }
}

/// Regions to look at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regions {
    /// The one that the credentials are set up for.
    #[default]
    Home,
    /// Every region that the price table knows, of the same partition. Regions that the account has not enabled are rows
    /// with a problem.
    All,
    /// These.
    Named(Vec<String>),
}

impl ReviewRequest {
    /// Days looked back on if nothing is said.
    pub const DEFAULT_DAYS: u32 = 30;
    /// The days that can be looked back on.
    pub const DAYS: std::ops::RangeInclusive<u32> = 1..=90;
    /// What scanning logs may cost if nothing is said, in US dollars.
    pub const DEFAULT_BUDGET_USD: f64 = 1.0;

    /// The time to look back on. It begins with a day (UTC), since the metrics of days are asked for.
    pub fn window(&self, now: Timestamp) -> Window {
        const DAY_S: i64 = 86_400;
        let midnight = now.as_second().div_euclid(DAY_S) * DAY_S;
        let from = Timestamp::from_second(midnight)
            .and_then(|today| today.checked_sub(SignedDuration::from_hours(24 * i64::from(self.days))));
        Window {
            from: from.unwrap_or(Timestamp::UNIX_EPOCH),
            until: now,
        }
    }

    /// The names of the regions, each once, in order of name.
    ///
    /// # Errors
    /// When there is none.
    pub fn region_names(&self, home: Option<&str>, prices: &PriceTable) -> Result<Vec<String>, ReviewError> {
        let mut names: Vec<String> = match &self.regions {
            Regions::Home => home.map(str::to_owned).into_iter().collect(),
            Regions::All => {
                let partition = home.map_or(Partition::Aws, Partition::of_region);
                // A price file of some regions does not make the others disappear: what they cost is not known then.
                let known = PriceTable::embedded();
                (prices.regions().chain(prices.regions_without_prices()))
                    .chain(known.regions().chain(known.regions_without_prices()))
                    .filter(|region| Partition::of_region(region) == partition)
                    .map(str::to_owned)
                    .collect()
            }
            Regions::Named(names) => names.clone(),
        };
        names.sort();
        names.dedup();
        if names.is_empty() {
            return Err(ReviewError::NoRegion);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_begins_with_a_day_and_ends_now() {
        let request = ReviewRequest {
            days: 2,
            ..ReviewRequest::default()
        };
        let window = request.window("2026-03-01T10:30:00Z".parse().unwrap());
        assert_eq!(window.from, "2026-02-27T00:00:00Z".parse().unwrap());
        assert_eq!(window.until, "2026-03-01T10:30:00Z".parse().unwrap());
    }

    #[test]
    fn all_regions_are_those_of_the_partition() {
        let prices = PriceTable::embedded();
        let all = ReviewRequest {
            regions: Regions::All,
            ..ReviewRequest::default()
        };
        let names = all.region_names(Some("cn-north-1"), prices).unwrap();
        assert_eq!(names, ["cn-north-1", "cn-northwest-1"]);
        let names = all.region_names(None, prices).unwrap();
        // One with prices and one without.
        assert!(names.contains(&"eu-west-1".to_owned()) && names.contains(&"mx-central-1".to_owned()));
        assert!(!names.contains(&"cn-north-1".to_owned()));
        assert!(ReviewRequest::default().region_names(None, prices).is_err());
        let twice = ReviewRequest {
            regions: Regions::Named(vec!["eu-west-1".into(), "af-south-1".into(), "eu-west-1".into()]),
            ..ReviewRequest::default()
        };
        assert_eq!(twice.region_names(None, prices).unwrap(), ["af-south-1", "eu-west-1"]);
    }
}
