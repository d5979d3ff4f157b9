//! Documents from elsewhere may hold any number. Whatever it is: no panic, no endless loop, a well-formed picture.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;
use tuner_core::Tuning;
use tuner_core::review::MemoryReview;
use tuner_report::Format;

use crate::cases::{self, shown};
use crate::{review_cases, reviews};

/// Numbers that JSON has: none, the smallest there is, the smallest of full precision, the largest.
const EXTREMES: [f64; 12] = [
    0.0,
    5e-324,
    1e-310,
    f64::MIN_POSITIVE,
    1e-300,
    0.5,
    1e9,
    1e300,
    f64::MAX,
    -1.0,
    -1e300,
    -f64::MAX,
];

/// Replaces every number at a place that `picks` chooses by its name.
fn replace(value: &mut Value, name: &str, picks: &mut impl FnMut(&str) -> bool, number: f64) {
    match value {
        Value::Number(old) if picks(name) => {
            // Whole numbers stay whole, or the document is none.
            *value = if old.is_u64() {
                (number.clamp(0.0, f64::from(u32::MAX)) as u32).into()
            } else {
                number.into()
            };
        }
        Value::Array(values) => values.iter_mut().for_each(|v| replace(v, name, picks, number)),
        Value::Object(map) => map.iter_mut().for_each(|(name, v)| replace(v, name, picks, number)),
        _ => {}
    }
}

fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|v| names(v, found)),
        Value::Object(map) => {
            for (name, value) in map {
                if value.is_number()
                    || value
                        .as_array()
                        .is_some_and(|values| values.iter().any(Value::is_number))
                {
                    found.insert(name.clone());
                }
                names(value, found);
            }
        }
        _ => {}
    }
}

fn a_tuning() -> Value {
    let mut study = cases::moved();
    study.sizes = vec![128, 512, 1769];
    study.invocations = 4;
    serde_json::to_value(study.run()).unwrap()
}

/// Well-formed, and nothing in it is nowhere.
fn assert_draws(picture: &str) -> Result<(), TestCaseError> {
    let tree = resvg::usvg::roxmltree::Document::parse(picture);
    let tree = tree.map_err(|e| TestCaseError::fail(format!("{e}: {picture}")))?;
    for attribute in tree.descendants().flat_map(|node| node.attributes()) {
        let place = matches!(
            attribute.name(),
            "d" | "x" | "y" | "cx" | "cy" | "r" | "width" | "height" | "points" | "viewBox" | "transform"
        );
        let (name, value) = (attribute.name(), attribute.value());
        prop_assert!(
            !place || !(value.contains("NaN") || value.contains("inf")),
            "{name}=\"{value}\""
        );
    }
    prop_assert!(!picture.contains("NaN"), "{picture}");
    Ok(())
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
            assert_draws(&text)?;
        }
    }
    Ok(())
}

/// All figures of one name at once, each extreme in turn.
fn each_figure_at_each_extreme(document: &Value, draw: impl Fn(Value) -> Option<String>) {
    let mut all = BTreeSet::new();
    names(document, &mut all);
    assert!(all.len() > 10, "{all:?}");
    for changed in &all {
        for number in EXTREMES {
            let mut document = document.clone();
            replace(&mut document, "", &mut |name: &str| name == changed.as_str(), number);
            if let Some(picture) = draw(document) {
                assert_draws(&picture).unwrap_or_else(|e| panic!("{changed} = {number:e}: {e}"));
            }
        }
    }
}

#[test]
fn every_figure_of_a_tuning_draws() {
    each_figure_at_each_extreme(&a_tuning(), |document| {
        let tuning: Tuning = serde_json::from_value(document).ok()?;
        Some(shown(Format::Svg, &tuning))
    });
}

#[test]
fn every_figure_of_a_review_draws() {
    let document = serde_json::to_value(reviews::mixed()).unwrap();
    each_figure_at_each_extreme(&document, |document| {
        let review: MemoryReview = serde_json::from_value(document).ok()?;
        Some(review_cases::shown(Format::Svg, &review))
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 10))]

    #[test]
    fn any_number_anywhere(
        seed in any::<u64>(),
        one_in in 1_u64..40,
        number in prop::sample::select(EXTREMES.to_vec()),
    ) {
        let mut document = a_tuning();
        let mut state = seed;
        let mut picks = |_: &str| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % one_in == 0
        };
        replace(&mut document, "", &mut picks, number);
        renders(document)?;
    }
}
