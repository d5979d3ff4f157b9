//! What cost is counted in.

use tuner_core::pricing::Currency;

use crate::numbers;

/// What cost is counted in: money, or GB-seconds where the price is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CostUnit {
    Money(Currency),
    GbSeconds,
}

impl CostUnit {
    /// The figure with its unit, as far as it is part of the figure: `$2.10`, `12,500`.
    pub(crate) fn show(self, per_million: f64) -> String {
        match self {
            Self::Money(currency) => numbers::money(per_million, currency),
            Self::GbSeconds => numbers::gb_seconds(per_million),
        }
    }

    /// As in "USD per million invocations".
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Money(currency) => currency.code(),
            Self::GbSeconds => "GB-seconds",
        }
    }

    /// Short, for the head of a column: `$/M`.
    pub(crate) const fn per_million(self) -> &'static str {
        match self {
            Self::Money(Currency::Usd) => "$/M",
            Self::Money(Currency::Cny) => "¥/M",
            Self::Money(Currency::Eur) => "€/M",
            Self::GbSeconds => "GB-s/M",
        }
    }
}
