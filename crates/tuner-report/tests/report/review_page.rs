//! The page of a review: everything in one file, small, and nothing in it that was not meant.

use proptest::prelude::*;
use serde_json::Value;
use tuner_core::pricing::Confidence;
use tuner_core::review::{FindingKind, MemoryReview};
use tuner_report::Format;

use crate::review_cases::{self, MARKUP, shown};
use crate::reviews::{self, find};

#[test]
fn tags_are_balanced_and_markup_from_outside_is_text() {
    for (name, review) in review_cases::all() {
        let html = shown(Format::Html, review);
        for tag in [
            "table", "thead", "tbody", "tr", "th", "td", "svg", "g", "a", "p", "li", "ul", "dl", "dt", "dd", "small",
            "details", "summary", "div", "i", "b", "pre", "code", "h2", "fieldset", "label",
        ] {
            let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{name}: <{tag}>");
        }
        assert!(!html.contains("<script") && !html.contains("alert(1)<"), "{name}");
        assert!(!html.contains("NaN") && !html.contains("none,"), "{name}");
    }
    let html = shown(Format::Html, &review_cases::hostile());
    for format in Format::ALL {
        let text = shown(format, &review_cases::hostile());
        assert!(
            !text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{2067}', '\u{200b}']),
            "{format}"
        );
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;"), "{MARKUP}");
}

/// Edge case 81: nothing is fetched. The only addresses are the SVG namespace.
#[test]
fn nothing_is_requested() {
    for (name, review) in review_cases::all() {
        for format in [Format::Svg, Format::Html] {
            let text = shown(format, review).replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            for part in [
                "http:", "https:", "<link", "<img", "<iframe", "@import", "src=", "<use", "<image",
            ] {
                assert!(!text.contains(part), "{name} {format}: {part}");
            }
            assert!(!text.replace("url(#", "").contains("url("), "{name} {format}");
        }
    }
}

#[test]
fn an_engineer_can_act_on_it() {
    // A slash may be written as it is, or not.
    let html = shown(Format::Html, &reviews::mixed()).replace("&#x2f;", "/");
    for part in [
        "tuner run --function video-thumbnails --region eu-west-1 --preset standard --memory 512,1280,2048 --payload \
         ./video-thumbnails.event.json",
        "aws lambda update-function-configuration --function-name checkout --region eu-west-1 --memory-size 1024",
        "Terraform <code>memory_size = 1024</code>",
        "SAM <code>MemorySize: 1024</code>",
        "aws lambda put-provisioned-concurrency-config --function-name search-api --region us-east-1 --qualifier live \
         --provisioned-concurrent-executions 2",
        "NotOptimized (MemoryOverprovisioned), suggests 1,792 MB for 3,008 MB",
        "<td>ap-east-1</td>",
        "neither its metrics nor its logs may be read",
        "Reading the logs took 38.5 GB in 9 queries and cost $0.219",
        "2 were followed: that really saves $6.20 a month",
        "<td>clickstream-ingest</td><td>1,024 → 512 MB</td>",
        "use 1,769 MB; cost −38 % (−41 % to −35 %)",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // What stands at the top is not told again in its row.
    for command in html
        .split("<pre>")
        .skip(1)
        .map(|rest| rest.split("</pre>").next().unwrap())
    {
        assert_eq!(html.matches(&format!("<pre>{command}</pre>")).count(), 1, "{command}");
    }
    // Every mark of the map leads to a row.
    for link in html.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn a_page_of_two_thousand_functions_is_small_and_whole() {
    let mut review = reviews::many(2000);
    let html = shown(Format::Html, &review);
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
    assert_eq!(html.matches("<tr id=\"f").count(), 2000);
    assert_eq!(html.matches("<details><summary>").count(), 2000);
    assert_eq!(html.matches("<p class=\"d\">").count(), 2000, "all have their charts");
    let advised = review.functions.iter().filter(|f| !f.advice.is_empty()).count();
    assert!(html.matches("<pre>").count() >= advised, "all have their commands");
    let told = html
        .split(" functions are told in full")
        .next()
        .unwrap()
        .rsplit('>')
        .next()
        .unwrap();
    assert!(told.parse::<u32>().unwrap() >= 100, "{told}");
    let svg = shown(Format::Svg, &review);
    assert!(svg.len() < 150_000, "{} bytes", svg.len());

    // As much as there can be of each: the page says what it leaves out, and every function has its row.
    for function in &mut review.functions {
        for kind in FindingKind::ALL {
            find(
                function,
                kind,
                Confidence::High,
                &"evidence in many words ".repeat(12),
                None,
            );
        }
    }
    let html = shown(Format::Html, &review);
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
    assert_eq!(html.matches("<tr id=\"f").count(), 2000);
    assert!(html.contains("functions are told in full; of"));
}

/// Replaces every number at a place that `picks` chooses.
fn replace(value: &mut Value, picks: &mut impl Iterator<Item = bool>, number: f64) {
    match value {
        Value::Number(old) if picks.next() == Some(true) => {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 8))]

    /// Documents from elsewhere may hold any number: no panic, no endless loop, a well-formed picture.
    #[test]
    fn any_number_anywhere(
        seed in any::<u64>(),
        one_in in 1_u64..40,
        number in prop::sample::select(vec![0.0, -1.0, 1e-300, 0.5, 1.0, 1e9, 1e300, -1e300, f64::MAX]),
    ) {
        let mut document = serde_json::to_value(reviews::mixed()).unwrap();
        let mut state = seed;
        let mut picks = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % one_in == 0
        });
        replace(&mut document, &mut picks, number);
        // A number that the type does not hold is refused before it gets here.
        if let Ok(review) = serde_json::from_value::<MemoryReview>(document) {
            for format in Format::ALL {
                let text = shown(format, &review);
                prop_assert!(!text.is_empty());
                if format == Format::Svg {
                    prop_assert!(!text.contains("NaN"), "{}", text);
                    prop_assert!(resvg::usvg::roxmltree::Document::parse(&text).is_ok());
                }
            }
        }
    }
}
