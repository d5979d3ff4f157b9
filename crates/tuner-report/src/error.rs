/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The destination refused the bytes.
    #[error("the report cannot be written")]
    Write(#[from] std::io::Error),
    /// The same of a table.
    #[error("the table cannot be written")]
    Table(#[from] csv::Error),
    /// The document could not be turned into JSON.
    #[error("the tuning document cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A template is broken; a defect of this crate.
    #[error("the HTML page cannot be rendered")]
    Template(#[from] minijinja::Error),
    /// The chart could not be drawn; a defect of this crate.
    #[error("the chart cannot be drawn: {0}")]
    Chart(String),
}
