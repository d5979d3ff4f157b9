//! Documents from elsewhere may hold any number. Whatever it is: no panic, no endless loop, a well-formed picture.

use proptest::prelude::*;
use serde_json::Value;
use tuner_core::Tuning;
use tuner_report::Format;

use crate::cases::{self, shown};

/// Replaces every number at a place that `picks` chooses.
fn replace(value: &mut Value, picks: &mut impl Iterator<Item = bool>, number: f64) {
    match value {
        Value::Number(old) if picks.next() == Some(true) => {
            // Whole numbers stay whole, or the document is none.
            *value = if old.is_u64() {
                (number.clamp(0.0, f64::from(u32::MAX)) as u32).into()
            } else {
                number.into()
            };
        }
        Value::Array(values) => values.iter_mut().for_each(|v| replace(v, picks, number)),
        Value::Object(map) => map.values_mut().for_each(|v| replace(v, picks, number)),
        _ => {}
    }
}

fn renders(document: Value) -> Result<(), TestCaseError> {
    // A number that the type does not hold is refused before it gets here.
    let Ok(tuning) = serde_json::from_value::<Tuning>(document) else {
        return Ok(());
    };
    for format in Format::ALL {
        let text = shown(format, &tuning);
        prop_assert!(!text.is_empty());
        if format == Format::Svg {
            prop_assert!(!text.contains("NaN"), "{text}");
            prop_assert!(resvg::usvg::roxmltree::Document::parse(&text).is_ok());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_number_anywhere(
        seed in any::<u64>(),
        one_in in 1_u64..40,
        number in prop::sample::select(vec![0.0, -1.0, 1e-300, 0.5, 1.0, 1e9, 1e300, -1e300, f64::MAX]),
    ) {
        let mut study = cases::moved();
        study.sizes = vec![128, 512, 1769];
        study.invocations = 4;
        let mut document = serde_json::to_value(study.run()).unwrap();
        let mut state = seed;
        let mut picks = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % one_in == 0
        });
        replace(&mut document, &mut picks, number);
        renders(document)?;
    }
}
