use tuner_core::Tuning;
use tuner_report::{Format, Options, render};

use crate::TuningError;
use crate::ports::Store;

/// Writes the document and its views to `store`, the document first. Returns where document, SVG and HTML are.
///
/// # Errors
/// When one can't be rendered or written; those before it are there.
pub async fn report(store: &dyn Store, tuning: &Tuning, options: &Options) -> Result<[String; 3], TuningError> {
    let write = async |format, name| {
        let mut bytes = Vec::new();
        render(format, tuning, options, &mut bytes).map_err(|e| TuningError::Report(e.to_string()))?;
        Ok::<_, TuningError>(store.put(name, &bytes).await?)
    };
    Ok([
        write(Format::Json, DOCUMENT).await?,
        write(Format::Svg, "report.svg").await?,
        write(Format::Html, "report.html").await?,
    ])
}

/// Name of the document.
pub const DOCUMENT: &str = "tuning.json";
