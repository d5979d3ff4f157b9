//! Account IDs out of what is passed on.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tuner_core::Tuning;
use tuner_core::review::MemoryReview;

use crate::{Options, ReportError};

/// What stands for an account: still an account ID in form, so that a masked document can be read back.
pub const MASK: &str = "000000000000";
const DIGITS: usize = 12;

/// What is reported on, with the account it is of.
pub(crate) trait Document: Clone + Serialize + DeserializeOwned {
    /// Its account, if known.
    fn account(&self) -> Option<&str>;
}

impl Document for Tuning {
    fn account(&self) -> Option<&str> {
        self.function.name.account()
    }
}

impl Document for MemoryReview {
    fn account(&self) -> Option<&str> {
        let of_any = || self.functions.iter().find_map(|f| f.function.name.account());
        self.account.as_deref().or_else(of_any)
    }
}

/// `document` as `options` allow it to be shown.
///
/// Every string of it is looked at, not a list of fields: a field added later is masked too.
pub(crate) fn shown<'a, D: Document>(document: &'a D, options: &Options) -> Result<Cow<'a, D>, ReportError> {
    if options.show_account_ids {
        return Ok(Cow::Borrowed(document));
    }
    let mut value = serde_json::to_value(document)?;
    let changed = mask_value(&mut value, document.account());
    Ok(if changed {
        Cow::Owned(serde_json::from_value(value)?)
    } else {
        Cow::Borrowed(document)
    })
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
            if in_arn || account == Some(&text[at..end]) {
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
