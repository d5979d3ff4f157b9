//! Documents of before are read, and what they do not know is not made up.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use tuner_core::Tuning;
use tuner_core::tuning::SCHEMA_VERSION;
use tuner_report::{Format, Options, headline, render};

use crate::gallery;

/// Name and text of every document of the gallery as form 1 had it.
fn form_1() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/form-1");
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .trim_end_matches(".json.gz")
                .to_owned();
            let mut text = String::new();
            GzDecoder::new(File::open(path).unwrap())
                .read_to_string(&mut text)
                .unwrap();
            (name, text)
        })
        .collect();
    all.sort();
    assert_eq!(all.len(), 10);
    all
}

fn terminal(tuning: &Tuning) -> String {
    let mut out = Vec::new();
    render(Format::Terminal, tuning, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_document_of_form_1_is_read_and_says_the_same() {
    for (name, text) in form_1() {
        let old: serde_json::Value = serde_json::from_str(&text).unwrap();
        let tuning: Tuning = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(
            (&old["schema_version"], tuning.schema_version),
            (&1.into(), SCHEMA_VERSION)
        );
        let request = &tuning.request;
        assert!(request.incomplete, "{name}");
        assert_eq!(request.options.planner_name(), old["request"]["planner"], "{name}");
        assert_eq!(request.payloads.count, old["request"]["payloads"], "{name}");
        assert_eq!(
            request.options.asked_per_size().map(u64::from),
            old["request"]["invocations"].as_u64(),
            "{name}"
        );
        // The same decision, in the same words, as of the document of today.
        let now = fs::read_to_string(gallery::reports().join(&name).join("tuning.json")).unwrap();
        let now: Tuning = serde_json::from_str(&now).unwrap();
        assert_eq!(headline(&tuning), headline(&now), "{name}");
        // Reasons that were words, and are data now, read the same.
        assert_eq!(terminal(&tuning), terminal(&now), "{name}");
        for format in Format::ALL {
            let mut out = Vec::new();
            render(format, &tuning, &Options::default(), &mut out).unwrap();
            let view = String::from_utf8(out).unwrap();
            // Nothing was kept of it: the default is no claim.
            assert!(
                format == Format::Json || !view.contains("head-room 0.2"),
                "{name} {format}"
            );
        }
        // And what is written of it is read again.
        let again: Tuning = serde_json::from_str(&serde_json::to_string(&tuning).unwrap()).unwrap();
        assert_eq!(again, tuning, "{name}");
    }
}
