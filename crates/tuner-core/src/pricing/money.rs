use std::cmp::Ordering;
use std::ops::Mul;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Currency, MoneyDisplay};

/// An amount in a currency, unrounded. Rounding happens in [`Money::display`] only.
///
/// There is no `+` and no `<`: amounts of two currencies are neither added nor compared, so both go through a check.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// How much, in whole units of `currency` (dollars, not cents). AWS's prices have at most 11 significant digits, an
    /// `f64` has 15.
    pub amount: f64,
    /// Of what.
    pub currency: Currency,
}

/// Two amounts of different currencies met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("amounts in {left} and {right} cannot be added or compared; keep regions billed in different currencies apart")]
pub struct CurrencyMismatch {
    /// The currency of the first amount.
    pub left: Currency,
    /// The currency of the second.
    pub right: Currency,
}

impl Money {
    /// `amount` in `currency`.
    pub const fn new(amount: f64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// `amount` US dollars.
    pub const fn usd(amount: f64) -> Self {
        Self::new(amount, Currency::Usd)
    }

    /// Nothing, in `currency`: where a sum starts.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0.0, currency)
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// When the currencies differ.
    pub fn checked_add(self, other: Self) -> Result<Self, CurrencyMismatch> {
        self.same_currency(other)
            .map(|currency| Self::new(self.amount + other.amount, currency))
    }

    /// The difference of two amounts of one currency.
    ///
    /// # Errors
    /// When the currencies differ.
    pub fn checked_sub(self, other: Self) -> Result<Self, CurrencyMismatch> {
        self.checked_add(other * -1.0)
    }

    /// Which of two amounts of one currency is larger (total order of `f64`).
    ///
    /// # Errors
    /// When the currencies differ.
    pub fn checked_cmp(self, other: Self) -> Result<Ordering, CurrencyMismatch> {
        self.same_currency(other).map(|_| self.amount.total_cmp(&other.amount))
    }

    /// The sum of amounts of one currency; `None` of no amounts, for nothing has no currency.
    ///
    /// # Errors
    /// When the currencies differ.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Result<Option<Self>, CurrencyMismatch> {
        amounts.into_iter().try_fold(None, |sum: Option<Self>, next| match sum {
            None => Ok(Some(next)),
            Some(sum) => sum.checked_add(next).map(Some),
        })
    }

    /// As people read it: `$0.0000021`, `$18.73`, `¥1.36`.
    pub const fn display(self) -> MoneyDisplay {
        MoneyDisplay::new(self)
    }

    /// The price of a million of what this is the price of, as people read it: `$2.10 per million`.
    pub const fn per_million(self) -> MoneyDisplay {
        MoneyDisplay::per_million(self)
    }

    fn same_currency(self, other: Self) -> Result<Currency, CurrencyMismatch> {
        if self.currency == other.currency {
            Ok(self.currency)
        } else {
            Err(CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            })
        }
    }
}

impl Mul<f64> for Money {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self::new(self.amount * times, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_never_mixed() {
        let (dollars, yuan) = (Money::usd(1.0), Money::new(1.0, Currency::Cny));
        let mismatch = CurrencyMismatch {
            left: Currency::Usd,
            right: Currency::Cny,
        };
        assert_eq!(dollars.checked_add(yuan), Err(mismatch));
        assert_eq!(dollars.checked_sub(yuan), Err(mismatch));
        assert_eq!(dollars.checked_cmp(yuan), Err(mismatch));
        assert_eq!(Money::checked_sum([dollars, dollars, yuan]), Err(mismatch));
        assert!(mismatch.to_string().contains("USD and CNY"));
    }

    #[test]
    fn one_currency_adds_and_compares() {
        assert_eq!(Money::usd(1.5).checked_add(Money::usd(0.25)), Ok(Money::usd(1.75)));
        assert_eq!(Money::usd(1.5).checked_sub(Money::usd(0.25)), Ok(Money::usd(1.25)));
        assert_eq!(Money::usd(1.5).checked_cmp(Money::usd(0.25)), Ok(Ordering::Greater));
        assert_eq!(Money::checked_sum([]), Ok(None));
        assert_eq!(
            Money::checked_sum([Money::usd(1.0), Money::usd(2.0)]),
            Ok(Some(Money::usd(3.0)))
        );
    }

    #[test]
    fn serialises_with_its_currency() {
        let json = r#"{"amount":1.36,"currency":"CNY"}"#;
        let yuan = Money::new(1.36, Currency::Cny);
        assert_eq!(serde_json::to_string(&yuan).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), yuan);
    }
}
