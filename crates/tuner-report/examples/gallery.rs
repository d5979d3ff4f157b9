//! Renders every `reports/NAME/tuning.json` in all formats beside it, and the JSON Schema of these documents.
//!
//! `cargo run -p tuner-report --example gallery`. The tests compare what is checked in with what is rendered.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use tuner_core::Tuning;
use tuner_report::{Format, Options, render, tuning_schema};

fn main() -> Result<(), Box<dyn Error>> {
    let reports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports");
    for entry in fs::read_dir(&reports)? {
        let folder = entry?.path();
        let Ok(document) = fs::read_to_string(folder.join("tuning.json")) else {
            continue;
        };
        let tuning: Tuning = serde_json::from_str(&document)?;
        for format in Format::ALL {
            // The document comes last and reads as it was, or everything else is wrong too.
            let path = folder.join(format!("tuning.{}", format.extension()));
            let options = Options {
                svg_href: Some("tuning.svg".to_owned()),
                ..Options::default()
            };
            render(format, &tuning, &options, &mut File::create(path)?)?;
        }
    }
    fs::create_dir_all(reports.join("schema"))?;
    let schema = format!("{}\n", serde_json::to_string_pretty(&tuning_schema())?);
    Ok(fs::write(reports.join("schema/tuning.schema.json"), schema)?)
}
