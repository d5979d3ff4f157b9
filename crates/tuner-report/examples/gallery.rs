//! Renders every `reports/NAME/tuning.json` and `review.json` in all formats beside it, and the JSON Schemas of these
//! documents.
//!
//! `cargo run -p tuner-report --example gallery`. The tests compare what is checked in with what is rendered.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use tuner_core::Tuning;
use tuner_core::review::MemoryReview;
use tuner_report::{
    Format, Options, check_schema, comparison_schema, overview_schema, render, render_review, review_schema,
    tuning_schema,
};

fn main() -> Result<(), Box<dyn Error>> {
    let reports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports");
    for entry in fs::read_dir(&reports)? {
        let folder = entry?.path();
        // The document comes last and reads as it was, or everything else is wrong too.
        if let Ok(document) = fs::read_to_string(folder.join("tuning.json")) {
            let tuning: Tuning = serde_json::from_str(&document)?;
            for format in Format::ALL {
                let name = format!("tuning.{}", format.extension());
                let out = &mut File::create(folder.join(name))?;
                render(format, &tuning, &options("tuning.svg"), out)?;
            }
        }
        if let Ok(document) = fs::read_to_string(folder.join("review.json")) {
            let review: MemoryReview = serde_json::from_str(&document)?;
            for format in Format::ALL {
                let name = format!("review.{}", format.extension());
                let out = &mut File::create(folder.join(name))?;
                render_review(format, &review, &options("review.svg"), out)?;
            }
        }
    }
    fs::create_dir_all(reports.join("schema"))?;
    for (name, schema) in [
        ("tuning", tuning_schema()),
        ("review", review_schema()),
        ("check", check_schema()),
        ("comparison", comparison_schema()),
        ("overview", overview_schema()),
    ] {
        let schema = format!("{}\n", serde_json::to_string_pretty(&schema)?);
        fs::write(reports.join(format!("schema/{name}.schema.json")), schema)?;
    }
    Ok(())
}

fn options(svg: &str) -> Options {
    Options {
        svg_href: Some(svg.to_owned()),
        ..Options::default()
    }
}
