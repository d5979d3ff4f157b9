//! What may be secret is in no view of a tuning.

use tuner_core::Payloads;
use tuner_engine::execution::{ExecutionOutput, OutputOptions, ReportPlaces};
use tuner_report::{Format, Options, TerminalStyle, render, terminal};

use crate::simulated::{Answer, Call, Function, World, request, usual};

const PAYLOAD: &str = "canary-in-a-payload";
const ACCOUNT: &str = "987654321098";

/// Quotes what it was sent, as functions do.
fn quoting(call: &Call) -> Answer {
    match call.memory_size_mb {
        128 => Answer::Raised("Refused", "cannot take canary-in-a-payload"),
        _ => usual(call),
    }
}

#[tokio::test(start_paused = true)]
async fn payloads_messages_and_accounts_of_arns_are_in_no_view() {
    let world = World::with_law(Function::new(512), Box::new(quoting));
    let asked = request(&[128, 512, 1024]).with(|o| {
        o.keep_messages = false;
        o.headroom = 0.75;
        o.pause_ms = 40;
        o.allowed_errors = vec!["NotReady".to_owned()];
        o.role_arn = Some(format!("arn:aws:iam::{ACCOUNT}:role/tuner-access"));
    });
    let payloads = Payloads::single(format!("{{\"password\": \"{PAYLOAD}\"}}"));
    let tuning = world.tune_with(&asked, &payloads).await.unwrap().unwrap();

    let mut views = Vec::new();
    for format in Format::ALL {
        let mut out = Vec::new();
        render(format, &tuning, &Options::default(), &mut out).unwrap();
        views.push((format.to_string(), String::from_utf8(out).unwrap()));
    }
    let mut out = Vec::new();
    let style = TerminalStyle {
        width: 200,
        colour: true,
    };
    terminal(&tuning, &Options::default(), &style, &mut out).unwrap();
    views.push(("a wide terminal".to_owned(), String::from_utf8(out).unwrap()));
    let places = ReportPlaces {
        document: String::new(),
        html: String::new(),
        svg: String::new(),
    };
    let options = OutputOptions {
        report: places,
        visualization_base: Some("https://example.com/"),
        include_output_results: true,
    };
    let output = ExecutionOutput::new(&tuning, &options);
    views.push(("the output".to_owned(), serde_json::to_string(&output).unwrap()));
    assert_eq!(views.len(), 8);
    for (view, text) in &views {
        assert!(!text.contains(PAYLOAD) && !text.contains(ACCOUNT), "{view}: {text}");
        // In a page, the document is there to be saved, too.
        for part in text.split("base64,").skip(1) {
            use base64::Engine;
            let part: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c))
                .collect();
            let Ok(document) = base64::engine::general_purpose::STANDARD.decode(part) else {
                continue;
            };
            let document = String::from_utf8_lossy(&document);
            assert!(document.contains("keyed_sha256"), "{view}");
            assert!(!document.contains(PAYLOAD) && !document.contains(ACCOUNT), "{view}");
        }
    }

    let document = serde_json::to_value(&tuning).unwrap();
    let asked = &document["request"];
    assert_eq!(
        (asked["headroom"].as_f64(), asked["pause_ms"].as_u64()),
        (Some(0.75), Some(40))
    );
    assert_eq!(asked["allowed_errors"][0], "NotReady");
    assert_eq!(asked["role_arn"], "arn:aws:iam::000000000000:role/tuner-access");
    assert_eq!(asked["payloads"]["count"], 1);
    assert_eq!(asked["payloads"]["bytes"], payloads.body(0).len());
    assert_eq!(asked["payloads"]["keyed_sha256"].as_str().map(str::len), Some(64));
    // And what was asked for is to be seen by people.
    for (view, text) in views
        .iter()
        .filter(|(view, _)| !["svg", "csv", "the output"].contains(&view.as_str()))
    {
        assert!(text.contains("NotReady"), "{view}: {text}");
    }
}
