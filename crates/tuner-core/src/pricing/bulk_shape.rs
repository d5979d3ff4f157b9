//! The shape of AWS's bulk price list, as far as it is read.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Currency;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkList {
    pub(super) publication_date: String,
    pub(super) version: String,
    pub(super) products: BTreeMap<String, Product>,
    pub(super) terms: Terms,
}

#[derive(Deserialize)]
pub(super) struct Product {
    pub(super) attributes: Attributes,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Attributes {
    pub(super) group: String,
    pub(super) region_code: String,
    pub(super) group_description: String,
    pub(super) usagetype: String,
}

#[derive(Deserialize)]
pub(super) struct Terms {
    #[serde(rename = "OnDemand")]
    pub(super) on_demand: BTreeMap<String, BTreeMap<String, Term>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Term {
    pub(super) price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dimension {
    pub(super) begin_range: String,
    pub(super) end_range: String,
    pub(super) price_per_unit: BTreeMap<String, String>,
}

impl Attributes {
    /// `Global-Request` and `Global-Lambda-GB-Second`, which hold in "Any" region, and China's own by region.
    pub(super) fn is_free_allowance(&self) -> bool {
        self.region_code.is_empty()
            || self.usagetype.starts_with("Global-")
            || self.group_description.to_ascii_lowercase().contains("free tier")
    }
}

impl Dimension {
    pub(super) fn price(&self) -> Option<(Currency, &str)> {
        Currency::ALL.into_iter().find_map(|currency| {
            self.price_per_unit
                .get(currency.code())
                .map(|text| (currency, text.as_str()))
        })
    }
}
