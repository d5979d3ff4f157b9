use std::fmt;

use serde::{Deserialize, Serialize};

/// One price as a price file writes it: a decimal string, so that no digit is lost or made up on the way.
///
/// Never zero: a zero in a price list is a free allowance, and reading it as the price is a mistake.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Price(f64);

/// The text is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no price; use a decimal string above zero, such as \"0.0000166667\"")]
pub(super) struct NotAPrice(String);

impl Price {
    pub(super) fn parse(text: &str) -> Result<Self, NotAPrice> {
        // `f64` would also take "inf", "-1" and "1e400".
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match text.parse::<f64>() {
            Ok(amount) if is_decimal && amount.is_finite() && amount > 0.0 => Ok(Self(amount)),
            _ => Err(NotAPrice(text.to_owned())),
        }
    }

    pub(super) const fn amount(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The shortest decimal that reads back as the same number, without an exponent.
        write!(f, "{}", self.0)
    }
}

impl TryFrom<String> for Price {
    type Error = NotAPrice;

    fn try_from(text: String) -> Result<Self, NotAPrice> {
        Self::parse(&text)
    }
}

impl From<Price> for String {
    fn from(price: Price) -> Self {
        price.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_survive_a_round_trip() {
        for text in ["0.0000166667", "0.0000000309", "0.00001768", "15"] {
            assert_eq!(Price::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in ["", ".", "0", "0.0000000000", "-1", "inf", "NaN", "1e-5", "0,5", "$1"] {
            assert_eq!(Price::parse(text), Err(NotAPrice(text.into())), "{text}");
        }
    }
}
