//! What an invocation costs.
//!
//! [`PriceTable`] knows prices by region and architecture; [`PriceTable::quote`] hands out a [`PriceQuote`], and that
//! calculates: [`PriceQuote::invocation`] for what was measured, [`PriceQuote::monthly`] for a bill. Rules and figures:
//!
//! * Billed duration is taken as REPORT gives it, in whole milliseconds; a GB is 1,024 MB.
//! * A price that is not known is [`PriceUnknown`]: never another region's, never zero. A derived one is marked
//!   `estimated`.
//! * [`Money`] carries its currency. Amounts of two currencies are neither added nor compared.
//! * Nothing is rounded but for display ([`Money::display`]).
//!
//! The figures live in `data/prices.json`, made by `data/generate_prices.py` from what `data/sources/` names a source
//! for. [`PriceTable::from_bulk_price_list`] reads AWS's own list, for a refresh.

mod break_even;
mod bulk;
mod bulk_shape;
mod currency;
mod file;
mod merge;
mod money;
mod money_display;
mod monthly;
mod partition;
mod price;
mod quote;
mod rate;
mod snapstart;
mod table;
#[cfg(test)]
mod tests;
mod tiers;
mod unknown;

pub use break_even::{BreakEven, InvocationMix, environments_for};
pub use bulk::BulkPriceListError;
pub use currency::Currency;
pub use money::{CurrencyMismatch, Money};
pub use money_display::MoneyDisplay;
pub use monthly::{FreeAllowance, FreeTier, MonthlyBill, MonthlyUsage, ProvisionedUsage, SnapStartUsage};
pub use partition::{Partition, bulk_price_list_url};
pub use quote::{
    Confidence, FREE_EPHEMERAL_STORAGE_MB, PriceQuote, QuotedPrice, asynchronous_requests, ephemeral_storage_gb_seconds,
};
pub use rate::Rate;
pub use snapstart::{SNAPSTART_MINIMUM_CACHE_S, SnapStartBilling};
pub use table::{PriceRow, PriceTable, PriceTableError, UnitPrice};
pub use tiers::{PriceTier, TierError, Tiers};
pub use unknown::{PriceUnknown, PricedItem};
