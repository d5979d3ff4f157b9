//! `reports/` holds what the views make of recorded tunings, to look at and to compare with.

use std::fs;
use std::path::{Path, PathBuf};

use tuner_core::Tuning;
use tuner_core::review::MemoryReview;
use tuner_report::{Format, Options, render, render_review};

use crate::common::examples;

const UPDATE: &str = "if the change is meant, run `cargo run -p tuner-report --example gallery` and look at the result";

pub(crate) fn reports() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports")
}

/// The review in the gallery.
pub(crate) fn review() -> MemoryReview {
    serde_json::from_str(&fs::read_to_string(reports().join("review/review.json")).unwrap()).unwrap()
}

/// Name and document of every tuning in the gallery.
pub(crate) fn documents() -> Vec<(String, String)> {
    let mut documents: Vec<(String, String)> = fs::read_dir(reports())
        .unwrap()
        .filter_map(|entry| {
            let folder = entry.unwrap().path();
            let document = fs::read_to_string(folder.join("tuning.json")).ok()?;
            Some((folder.file_name().unwrap().to_str().unwrap().to_owned(), document))
        })
        .collect();
    documents.sort();
    documents
}

#[test]
fn every_example_is_in_it() {
    let names: Vec<String> = documents().into_iter().map(|(name, _)| name).collect();
    for (example, _) in examples() {
        assert!(
            names.iter().any(|name| name == example),
            "{example} is missing from {names:?}"
        );
    }
}

#[test]
fn every_view_is_as_checked_in() {
    for (name, document) in documents() {
        let tuning: Tuning = serde_json::from_str(&document).unwrap();
        for format in Format::ALL {
            let path = reports().join(&name).join(format!("tuning.{}", format.extension()));
            let options = Options {
                svg_href: Some("tuning.svg".to_owned()),
                ..Options::default()
            };
            let mut rendered = Vec::new();
            render(format, &tuning, &options, &mut rendered).unwrap();
            let checked_in = fs::read(&path).unwrap_or_default();
            // Not `assert_eq`: nobody reads two pictures as bytes.
            assert!(
                rendered == checked_in,
                "{} differs from what is rendered; {UPDATE}",
                path.display()
            );
        }
    }
}

#[test]
fn every_view_of_the_review_is_as_checked_in() {
    for format in Format::ALL {
        let path = reports().join(format!("review/review.{}", format.extension()));
        let options = Options {
            svg_href: Some("review.svg".to_owned()),
            ..Options::default()
        };
        let mut rendered = Vec::new();
        render_review(format, &review(), &options, &mut rendered).unwrap();
        assert!(
            rendered == fs::read(&path).unwrap_or_default(),
            "{} differs from what is rendered; {UPDATE}",
            path.display()
        );
    }
}
