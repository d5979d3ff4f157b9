//! Writes simulated tunings of the examples as `reports/NAME/tuning.json`, where none was recorded yet, and the sample of
//! a memory review.
//!
//! `cargo run -p tuner-report --example simulate`, then `--example gallery`.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/reviews.rs"]
mod reviews;

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    for (name, study) in common::examples() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../reports")
            .join(name)
            .join("tuning.json");
        if is_recorded(&path)? {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        tuner_report::json(&study.run(), &mut File::create(&path)?)?;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/review");
    fs::create_dir_all(&folder)?;
    let out = &mut File::create(folder.join("review.json"))?;
    Ok(tuner_report::review_json(
        &reviews::mixed(),
        &tuner_report::Options::default(),
        out,
    )?)
}

/// Whether there is a document that a simulation must not overwrite.
fn is_recorded(path: &Path) -> Result<bool, Box<dyn Error>> {
    Ok(path.exists() && !fs::read_to_string(path)?.contains("these figures are simulated"))
}
