use tuner_core::pricing::{PriceQuote, PriceTable, PriceUnknown, Rate};

use crate::ports::FunctionConfiguration;

/// What invocations of a function are priced by.
#[derive(Debug, Clone, Copy)]
pub struct Prices<'a> {
    /// Prices of all regions.
    pub table: &'a PriceTable,
    /// Region whose prices hold where the function's own is not known or not real, as on the local Lambda.
    pub instead_of_region: Option<&'a str>,
}

impl<'a> Prices<'a> {
    /// Those of the function's own region.
    pub const fn of(table: &'a PriceTable) -> Self {
        Self {
            table,
            instead_of_region: None,
        }
    }

    /// The region whose prices hold for `function`, if any.
    pub fn region<'b>(&'b self, function: &'b FunctionConfiguration) -> Option<&'b str> {
        self.instead_of_region.or_else(|| function.arn.region())
    }

    /// The prices for `function`.
    ///
    /// # Errors
    /// When they are not known.
    pub fn quote(&self, function: &FunctionConfiguration) -> Result<PriceQuote, PriceUnknown> {
        let region = self.region(function).unwrap_or_default();
        self.table.quote(region, function.architecture)
    }

    /// What invocations of `function`, and versions of it, cost; GB-seconds are counted where that is not known.
    pub fn rate(&self, function: &FunctionConfiguration) -> Rate {
        let quote = self.quote(function).ok();
        let rate = quote
            .as_ref()
            .and_then(|quote| Rate::of(quote, function.ephemeral_storage_mb))
            .unwrap_or(Rate::GB_SECONDS);
        // On this machine nothing is cached.
        match function.snap_start && self.instead_of_region.is_none() {
            true => rate.with_snap_start(quote.as_ref(), function.runtime.as_deref()),
            false => rate,
        }
    }
}
