use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The currency AWS bills a region in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// US dollar: every region but those below.
    Usd,
    /// Chinese yuan: `cn-*`.
    Cny,
    /// Euro: the European Sovereign Cloud.
    Eur,
}

impl Currency {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Usd, Self::Cny, Self::Eur];

    /// The ISO 4217 code, as the price list spells it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Cny => "CNY",
            Self::Eur => "EUR",
        }
    }

    /// The sign put before an amount.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Usd => "$",
            Self::Cny => "¥",
            Self::Eur => "€",
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
