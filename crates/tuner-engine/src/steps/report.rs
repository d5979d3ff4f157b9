use tuner_core::Tuning;
use tuner_report::{Format, Options, render};

use crate::TuningError;
use crate::ports::Store;

/// Writes the document and its views to `store`, the document first. Returns where they are.
///
/// # Errors
/// When one can't be rendered or written; those before it are there.
pub async fn report(store: &dyn Store, tuning: &Tuning) -> Result<Vec<String>, TuningError> {
    let mut places = Vec::new();
    for (format, name) in [
        (Format::Json, DOCUMENT),
        (Format::Svg, "report.svg"),
        (Format::Html, "report.html"),
    ] {
        let mut bytes = Vec::new();
        render(format, tuning, &Options::default(), &mut bytes).map_err(|e| TuningError::Report(e.to_string()))?;
        places.push(store.put(name, &bytes).await?);
    }
    Ok(places)
}

/// Name of the document.
pub const DOCUMENT: &str = "tuning.json";
