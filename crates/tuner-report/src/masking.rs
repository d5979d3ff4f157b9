//! Account IDs out of what is passed on.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tuner_core::Tuning;
use tuner_core::review::{MemoryReview, ReviewTrend};

use crate::{Options, ReportError};

pub use tuner_core::arn::MASK;
const DIGITS: usize = 12;

/// What is reported on, with the account it is of.
pub(crate) trait Document: Clone + Serialize + DeserializeOwned {
    /// Its account, if known.
    fn account(&self) -> Option<&str>;

    /// The same without account IDs; `None` if there are none in it.
    fn masked(&self) -> Result<Option<Self>, ReportError> {
        masked(self, self.account())
    }
}

impl Document for Tuning {
    fn account(&self) -> Option<&str> {
        self.function.name.account()
    }
}

impl Document for ReviewTrend {
    fn account(&self) -> Option<&str> {
        let of_any = || self.movers.iter().find_map(|mover| mover.function.account());
        self.account.as_deref().or_else(of_any)
    }
}

impl Document for MemoryReview {
    fn account(&self) -> Option<&str> {
        let of_any = || self.functions.iter().find_map(|f| f.function.name.account());
        self.account.as_deref().or_else(of_any)
    }

    /// Function by function: there may be tens of thousands, and what is masked takes much more memory than they do.
    fn masked(&self) -> Result<Option<Self>, ReportError> {
        let account = self.account();
        let head = self.without_functions();
        let masked_head = masked(&head, account)?;
        let mut functions: Option<Vec<_>> = masked_head.is_some().then(Vec::new);
        for (at, function) in self.functions.iter().enumerate() {
            let masked = masked(function, account)?;
            if masked.is_some() || functions.is_some() {
                // What is before the first that changes is as it was.
                let all = functions.get_or_insert_with(|| self.functions[..at].to_vec());
                all.push(masked.unwrap_or_else(|| function.clone()));
            }
        }
        Ok(functions.map(|functions| {
            regrouped(Self {
                functions,
                ..masked_head.unwrap_or(head)
            })
        }))
    }
}

fn masked<T: Serialize + DeserializeOwned>(part: &T, account: Option<&str>) -> Result<Option<T>, ReportError> {
    let mut value = serde_json::to_value(part)?;
    Ok(match mask_value(&mut value, account) {
        true => Some(serde_json::from_value(value)?),
        false => None,
    })
}

/// `document` as `options` allow it to be shown.
///
/// Every string of it is looked at, not a list of fields: a field added later is masked too.
pub(crate) fn shown<'a, D: Document>(document: &'a D, options: &Options) -> Result<Cow<'a, D>, ReportError> {
    if options.show_account_ids {
        return Ok(Cow::Borrowed(document));
    }
    Ok(document.masked()?.map_or(Cow::Borrowed(document), Cow::Owned))
}

/// A line as `options` allow it to be shown: accounts in ARNs are masked.
pub(crate) fn shown_text<'a>(text: &'a str, options: &Options) -> Cow<'a, str> {
    match options.show_account_ids {
        true => Cow::Borrowed(text),
        false => mask(text, None).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// The same of a review that is not needed otherwise. What was masked once is not masked, and held, again.
///
/// # Errors
/// When a part of it cannot be masked; a defect.
pub fn masked_review(mut review: MemoryReview, options: &Options) -> Result<MemoryReview, ReportError> {
    if options.show_account_ids {
        return Ok(review);
    }
    let account = review.account().map(str::to_owned);
    for function in &mut review.functions {
        if let Some(masked) = masked(function, account.as_deref())? {
            *function = masked;
        }
    }
    let functions = std::mem::take(&mut review.functions);
    let head = masked(&review, account.as_deref())?.unwrap_or(review);
    Ok(regrouped(MemoryReview { functions, ..head }))
}

/// Groups whose names differ by an account that is masked are one.
fn regrouped(mut review: MemoryReview) -> MemoryReview {
    match review.groups.take() {
        Some(groups) => review.grouped_by(&groups.by),
        None => review,
    }
}

fn mask_value(value: &mut Value, account: Option<&str>) -> bool {
    match value {
        Value::String(text) => match mask(text, account) {
            Some(masked) => {
                *text = masked;
                true
            }
            None => false,
        },
        Value::Array(values) => values
            .iter_mut()
            .fold(false, |changed, v| mask_value(v, account) | changed),
        Value::Object(map) => map
            .values_mut()
            .fold(false, |changed, v| mask_value(v, account) | changed),
        _ => false,
    }
}

/// `text` with the accounts in ARNs masked, and `account` wherever it stands alone; `None` if there is nothing to mask.
fn mask(text: &str, account: Option<&str>) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = None;
    let mut at = 0;
    while at + DIGITS <= bytes.len() {
        let run = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if run == DIGITS {
            let end = at + DIGITS;
            let in_arn = (at > 0 && bytes[at - 1] == b':') || bytes.get(end) == Some(&b':');
            let is_masked = &text[at..end] == MASK;
            if !is_masked && (in_arn || account == Some(&text[at..end])) {
                out.get_or_insert_with(|| text.to_owned()).replace_range(at..end, MASK);
            }
        }
        at += run.max(1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_masked_and_other_numbers_are_not() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:x:live";
        assert_eq!(
            mask(arn, None).unwrap(),
            "arn:aws:lambda:eu-west-1:000000000000:function:x:live"
        );
        assert_eq!(
            mask("account 123456789012 said", Some("123456789012")).unwrap(),
            "account 000000000000 said"
        );
        assert_eq!(
            mask("é 123456789012:function:é", None).unwrap(),
            "é 000000000000:function:é"
        );
        for text in [
            "0193ab00-0000-7000-8000-123456789012",
            "took 1234567890123: ns",
            "account 123456789012",
            "",
        ] {
            assert_eq!(mask(text, None), None, "{text}");
        }
    }
}
