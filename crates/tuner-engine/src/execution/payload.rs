//! What LPT takes for a payload, and what is sent for it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::fields::text;

/// From a payload as LPT takes it to one that [`Payloads::parse`](tuner_core::Payloads::parse) takes, byte for byte as
/// written where the two agree.
///
/// They differ in two points. LPT does not encode a text that is JSON already: `"{\"a\": 1}"` is sent as `{"a": 1}`, and
/// only a text that is none, such as `"hello"`, is sent with its quotes. And an entry of a weighted list may have other
/// fields beside `payload` and `weight`. What is in S3 is read the same way.
///
/// # Errors
/// When it is not JSON.
pub fn payloads_text(written: &str) -> Result<String, serde_json::Error> {
    let whole: &RawValue = serde_json::from_str(written)?;
    if let Some(entries) = weighted(whole) {
        if entries
            .iter()
            .all(|entry| entry.exact && encoded(entry.payload).is_none())
        {
            return Ok(whole.get().to_owned());
        }
        let entries = entries.iter().map(|entry| {
            let payload = encoded(entry.payload).unwrap_or_else(|| entry.payload.get().to_owned());
            format!("{{\"payload\":{payload},\"weight\":{}}}", entry.weight.get())
        });
        return Ok(format!("[{}]", entries.collect::<Vec<_>>().join(",")));
    }
    let Some(sent) = encoded(whole) else {
        return Ok(whole.get().to_owned());
    };
    // In quotes, so it was meant as one payload even where it looks like a weighted list.
    if serde_json::from_str(&sent).is_ok_and(|sent| weighted(sent).is_some()) {
        return Ok(format!("[{{\"payload\":{sent},\"weight\":1}}]"));
    }
    Ok(sent)
}

/// The way back: a payload as LPT takes it for which [`payloads_text`] gives what `text` says.
///
/// # Errors
/// When it is not JSON.
pub(super) fn lpt_payload(text: &str) -> Result<Box<RawValue>, serde_json::Error> {
    let whole: &RawValue = serde_json::from_str(text)?;
    let plain = || whole.to_owned();
    match weighted(whole) {
        Some(entries) if entries.iter().all(|entry| entry.exact) => {
            if entries.iter().all(|entry| encoded(entry.payload).is_none()) {
                return Ok(plain());
            }
            let mut written = Vec::with_capacity(entries.len());
            for entry in &entries {
                let payload = match encoded(entry.payload) {
                    Some(_) => quoted(entry.payload)?,
                    None => entry.payload.get().to_owned(),
                };
                written.push(format!("{{\"payload\":{payload},\"weight\":{}}}", entry.weight.get()));
            }
            RawValue::from_string(format!("[{}]", written.join(",")))
        }
        // One payload to us, a weighted list to LPT.
        Some(_) => RawValue::from_string(quoted(whole)?),
        None if encoded(whole).is_some() => RawValue::from_string(quoted(whole)?),
        None => Ok(plain()),
    }
}

fn quoted(value: &RawValue) -> Result<String, serde_json::Error> {
    serde_json::to_string(value.get())
}

/// An entry of a weighted list.
struct Entry<'a> {
    payload: &'a RawValue,
    weight: &'a RawValue,
    /// Whether it has no other fields.
    exact: bool,
}

/// `Some` if every element is an object with a payload and a weight.
fn weighted(whole: &RawValue) -> Option<Vec<Entry<'_>>> {
    let list: Vec<BTreeMap<String, &RawValue>> = serde_json::from_str(whole.get()).ok()?;
    if list.is_empty() {
        return None;
    }
    list.into_iter()
        .map(|fields| {
            Some(Entry {
                payload: fields.get("payload").copied()?,
                weight: fields.get("weight").copied()?,
                exact: fields.len() == 2,
            })
        })
        .collect()
}

/// The JSON that is inside the text `value`, if it is one.
fn encoded(value: &RawValue) -> Option<String> {
    let text = text(value)?;
    serde_json::from_str::<&RawValue>(&text)
        .ok()
        .map(|inner| inner.get().to_owned())
}
