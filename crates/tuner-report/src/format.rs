use std::fmt;
use std::io::Write;
use std::str::FromStr;

use tuner_core::Tuning;

use crate::{Options, ReportError, TerminalStyle, csv, html, json, markdown, svg, terminal};

/// A form a report can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One picture, self-contained.
    Svg,
    /// One page around the picture, self-contained.
    Html,
    /// A comment for a pull request.
    Markdown,
    /// One row per memory size.
    Csv,
    /// Text of 80 columns without colour; [`terminal`] has the choice.
    Terminal,
    /// The document itself.
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Svg,
        Self::Html,
        Self::Markdown,
        Self::Csv,
        Self::Terminal,
        Self::Json,
    ];

    /// As named on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Terminal => "terminal",
            Self::Json => "json",
        }
    }

    /// How the name of a file of this form ends, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Terminal => "txt",
            other => other.as_str(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; use svg, html, markdown, csv, terminal or json")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == wanted || format.extension() == wanted)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// Writes `tuning` in `format`.
///
/// # Errors
/// When `out` refuses the bytes; all else is a defect.
pub fn render(format: Format, tuning: &Tuning, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    match format {
        Format::Svg => svg(tuning, options, out),
        Format::Html => html(tuning, options, out),
        Format::Markdown => markdown(tuning, options, out),
        Format::Csv => csv(tuning, options, out),
        Format::Terminal => terminal(tuning, options, &TerminalStyle::default(), out),
        Format::Json => json(tuning, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name_and_by_extension() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert_eq!(format.extension().to_uppercase().parse(), Ok(format));
        }
        assert!("pdf".parse::<Format>().unwrap_err().to_string().contains("svg, html"));
    }
}
