use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tuner_report::{visualization_comparison_url, visualization_url};

use crate::cases;
use crate::common::Study;

/// Edge case 79: read back as the viewer reads it.
#[test]
fn the_link_holds_sizes_durations_and_costs() {
    let tuning = Study {
        needs_mb: 200,
        ..cases::moved()
    }
    .run();
    let url = visualization_url("https://example.test/#", &tuning).unwrap();
    let (base, fragment) = url.split_once('#').unwrap();
    assert_eq!(base, "https://example.test/");
    let parts: Vec<Vec<u8>> = fragment.split(';').map(|part| STANDARD.decode(part).unwrap()).collect();
    let [sizes, durations, costs] = &parts[..] else {
        panic!("{fragment}")
    };
    let sizes: Vec<i16> = sizes
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect();
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    };
    // 128 MB failed: it has no place in a form that knows no failures.
    assert_eq!(sizes, [256, 512, 1024, 1769, 3008]);
    // The figures that the output has beside the link.
    let means: Vec<_> = [256, 512, 1024, 1769, 3008]
        .map(|mb| (tuning.mean_duration_ms(mb).unwrap(), tuning.mean_cost(mb).unwrap()))
        .into();
    for ((ms, cost), (mean, price)) in floats(durations).into_iter().zip(floats(costs)).zip(means) {
        assert!((f64::from(ms) / mean.value - 1.0).abs() < 1e-6);
        assert!((f64::from(cost) / price.value - 1.0).abs() < 1e-6);
    }
    assert_eq!(floats(durations).len(), 5);
}

#[test]
fn the_viewer_is_told_of_yuan() {
    let (_, china) = cases::all().iter().find(|(name, _)| *name == "china").unwrap();
    for (base, page) in [
        ("https://example.test/#", "https://example.test/?currency=CNY#"),
        ("https://example.test/?a=b", "https://example.test/?a=b&currency=CNY#"),
    ] {
        let url = visualization_url(base, china).unwrap();
        assert!(url.starts_with(page), "{url}");
    }
}

#[test]
fn there_is_no_link_without_costs_or_without_sizes() {
    assert_eq!(
        visualization_url(
            "x",
            &Study {
                currency: None,
                ..Study::default()
            }
            .run()
        ),
        None
    );
    assert_eq!(
        visualization_url(
            "x",
            &Study {
                needs_mb: 20_000,
                ..Study::default()
            }
            .run()
        ),
        None
    );
}

#[test]
fn two_tunings_make_eight_parts() {
    let (a, b) = (
        cases::moved().run(),
        Study {
            present_mb: 512,
            seed: 9,
            ..Study::default()
        }
        .run(),
    );
    let url = visualization_comparison_url("x", [("be;fore é", &a), ("after", &b)]).unwrap();
    let parts: Vec<&str> = url.split_once('#').unwrap().1.split(';').collect();
    let [.., first_name, second_name] = parts[..] else {
        panic!("{url}")
    };
    assert_eq!(
        (parts.len(), first_name, second_name),
        (8, "be%3Bfore%20%C3%A9", "after")
    );
    let alone = |tuning| visualization_url("x", tuning).unwrap();
    assert!(url.starts_with(&alone(&a)) && alone(&b).ends_with(&parts[3..6].join(";")));
}
