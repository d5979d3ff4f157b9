use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tuner_core::Architecture;
use tuner_core::review::FindingKind;

/// Arguments of `tuner review`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReviewArgs {
    /// Exported logs: files and directories, plain or gzip, such as an export to S3 leaves. With them nothing is asked of AWS
    #[arg(long, value_name = "PATH", num_args = 1.., required = true, help_heading = "Looking")]
    pub(crate) from_logs: Vec<PathBuf>,
    /// What `aws lambda list-functions` printed, which tells present memory sizes, timeouts and architectures; may be given
    /// several times
    #[arg(long, value_name = "FILE", requires = "from_logs", help_heading = "Looking")]
    pub(crate) inventory: Vec<PathBuf>,
    /// Days that the logs are of; from the first report to the last one unless given
    #[arg(long, value_name = "DAYS", value_parser = super::run_args::above_zero, help_heading = "Looking")]
    pub(crate) days: Option<f64>,
    /// The review to compare with, `none` for none; the last one in the output directory or tuner-out unless given
    #[arg(long, value_name = "REVIEW.json", help_heading = "Looking")]
    pub(crate) previous: Option<PathBuf>,
    /// Threads to read logs with; all processors unless given
    #[arg(long, requires = "from_logs", help_heading = "Looking")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Region whose prices hold for functions of which it is not known [default: us-east-1]
    #[arg(long, value_name = "REGION", value_parser = super::region, help_heading = "Pricing")]
    pub(crate) region: Option<String>,
    /// Instruction set whose prices hold for functions of which it is not known
    #[arg(long, default_value = "x86_64", help_heading = "Pricing")]
    pub(crate) arch: Architecture,
    /// A price file instead of the table inside
    #[arg(long, value_name = "FILE", help_heading = "Pricing")]
    pub(crate) prices: Option<PathBuf>,

    /// Directory of the results; a new one in tuner-out unless given
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = ReviewFormat::Human, help_heading = "Output")]
    pub(crate) format: ReviewFormat,
    /// Show account IDs, which are masked otherwise
    #[arg(long, help_heading = "Output")]
    pub(crate) show_account_ids: bool,
    /// End with code 3 if there is any of these findings, such as memory_underprovisioned,timeout_risk
    #[arg(long, value_name = "FINDING,...", value_delimiter = ',', value_parser = finding, help_heading = "Output")]
    pub(crate) fail_on: Vec<FindingKind>,
}

/// What `tuner review` prints at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReviewFormat {
    /// Sentence and table
    Human,
    /// The MemoryReview document
    Json,
    /// A page for a wiki or an issue
    Markdown,
    /// One row per function
    Csv,
}

/// A finding as documents spell it, or with dashes.
fn finding(text: &str) -> Result<FindingKind, String> {
    let name = |kind: FindingKind| match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    };
    let wanted = text.trim().replace('-', "_").to_ascii_lowercase();
    FindingKind::ALL
        .into_iter()
        .find(|kind| name(*kind) == wanted)
        .ok_or_else(|| {
            format!(
                "there is no such finding; use any of {}",
                FindingKind::ALL.map(name).join(", ")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_spelt_as_in_documents_or_with_dashes() {
        assert_eq!(finding("timeout_risk"), Ok(FindingKind::TimeoutRisk));
        assert_eq!(
            finding("Memory-Underprovisioned"),
            Ok(FindingKind::MemoryUnderprovisioned)
        );
        assert!(finding("waste").unwrap_err().contains("memory_overprovisioned"));
    }
}
