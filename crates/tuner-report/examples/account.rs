//! Writes the page and the picture of a made-up account of 2,000 functions, to look at: `--example account -- FOLDER`.

#[path = "../tests/common/reviews.rs"]
mod reviews;

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;

use tuner_report::{Format, Options, render_review};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("say which folder to write to")?);
    for format in Format::ALL {
        let out = &mut File::create(folder.join(format!("account.{}", format.extension())))?;
        render_review(format, &reviews::many(2000), &Options::default(), out)?;
    }
    Ok(())
}
