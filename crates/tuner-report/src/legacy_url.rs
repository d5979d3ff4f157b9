use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tuner_core::Tuning;
use tuner_core::pricing::Currency;

use crate::view::{CostUnit, View};

/// The link under which aws-lambda-power-tuning's viewer shows this tuning: `base#sizes;durations;costs`, each part the
/// base64 of little-endian numbers (16-bit memory sizes, 32-bit mean durations in ms, 32-bit mean costs of an invocation),
/// ascending by size. The figures are in the fragment, which a browser does not send.
///
/// `None` if no size was measured or the price is not known: the form has no word for that.
pub fn visualization_url(base: &str, tuning: &Tuning) -> Option<String> {
    Some(format!("{}#{}", page(base, tuning), parts(tuning)?))
}

/// The same link for two tunings side by side, each with the name to show: eight parts instead of three.
///
/// `None` under the same conditions, for either.
pub fn visualization_comparison_url(base: &str, tunings: [(&str, &Tuning); 2]) -> Option<String> {
    let [(first_name, first), (second_name, second)] = tunings;
    Some(format!(
        "{}#{};{};{};{}",
        page(base, first),
        parts(first)?,
        parts(second)?,
        utf8_percent_encode(first_name, &PLAIN),
        utf8_percent_encode(second_name, &PLAIN)
    ))
}

/// The viewer shows dollars unless it is told otherwise.
fn page(base: &str, tuning: &Tuning) -> String {
    let base = base.trim_end_matches('#');
    match View::new(tuning).unit {
        CostUnit::Money(Currency::Cny) if base.contains('?') => format!("{base}&currency=CNY"),
        CostUnit::Money(Currency::Cny) => format!("{base}?currency=CNY"),
        _ => base.to_owned(),
    }
}

fn parts(tuning: &Tuning) -> Option<String> {
    let view = View::new(tuning);
    if view.unit == CostUnit::GbSeconds {
        return None;
    }
    let mut parts: [Vec<u8>; 3] = Default::default();
    for (row, _) in view.measured() {
        let Ok(mb) = i16::try_from(row.mb) else { continue };
        // The figures of every other view: the viewer is not to show another duration than the output beside the link.
        let (Some(duration), Some(cost)) = (tuning.mean_duration_ms(row.mb), tuning.mean_cost(row.mb)) else {
            continue;
        };
        parts[0].extend(mb.to_le_bytes());
        parts[1].extend((duration.value as f32).to_le_bytes());
        parts[2].extend((cost.value as f32).to_le_bytes());
    }
    (!parts[0].is_empty()).then(|| parts.map(|bytes| STANDARD.encode(bytes)).join(";"))
}

/// What `encodeURIComponent` leaves as it is, which the viewer undoes.
const PLAIN: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
