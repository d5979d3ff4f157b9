//! Renders the document of a review in all formats: `--example review -- REVIEW.json FOLDER`.

use std::error::Error;
use std::fs::{self, File};
use std::path::PathBuf;

use tuner_report::{Format, Options, render_review};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let document = arguments.next().ok_or("say which document to render")?;
    let folder = PathBuf::from(arguments.next().ok_or("say which folder to write to")?);
    let review = serde_json::from_str(&fs::read_to_string(document)?)?;
    for format in Format::ALL {
        let out = &mut File::create(folder.join(format!("account.{}", format.extension())))?;
        render_review(format, &review, &Options::default(), out)?;
    }
    Ok(())
}
