/// Who reads, and so in which words they are told what to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reader {
    /// Somebody with the command line: flags are named.
    #[default]
    CommandLine,
    /// Somebody who starts executions of the state machine: fields of their input are named, and parameters of the
    /// deployment.
    Console,
}

/// What the reader may choose about a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether AWS account IDs are shown. By default they read `000000000000`, so that a report can be passed on.
    pub show_account_ids: bool,
    /// Base of the link to aws-lambda-power-tuning's viewer; no link if absent. The measurements are in the link's
    /// fragment, which a browser does not send.
    pub visualization_base: Option<String>,
    /// Address of the SVG, for the Markdown view to point to; it shows none if absent.
    pub svg_href: Option<String>,
    /// Profile of AWS's shared configuration that commands are for; that of the environment if absent.
    pub profile: Option<String>,
    /// Where the document is, for commands to name; `tuning.json` beside the report if absent.
    pub document: Option<String>,
    /// Folder beside a review's page in which the pages of its groups are; none are linked if absent.
    pub group_pages: Option<String>,
    /// Who reads it.
    pub reader: Reader,
}

impl Options {
    /// Where aws-lambda-power-tuning's viewer is published.
    pub const VISUALIZATION_BASE: &'static str = "https://lambda-power-tuning.show/";
}

impl Default for Options {
    fn default() -> Self {
        Self {
            show_account_ids: false,
            visualization_base: Some(Self::VISUALIZATION_BASE.to_owned()),
            svg_href: None,
            profile: None,
            document: None,
            group_pages: None,
            reader: Reader::default(),
        }
    }
}
