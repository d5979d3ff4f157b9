use std::io;

/// An input that could not be read, or not to its end. What was read before counts.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It could not be opened.
    #[error("cannot open `{name}`: {source}; check the path and its permissions")]
    Open {
        /// The path as it was given.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Reading broke off, or compressed data ends early or is damaged.
    #[error(
        "`{name}` is damaged or cut off: {source}; the {after_bytes} bytes before that are counted, fetch the file again"
    )]
    Damaged {
        /// The path as it was given.
        name: String,
        /// How much was read of what is in it, in bytes.
        after_bytes: u64,
        /// Why.
        source: io::Error,
    },
    /// The input names more functions and memory sizes than are summed up apart.
    #[error(
        "more than {most} functions and memory sizes: {left_out} reports of others are in no row; give fewer files at a time"
    )]
    TooManyGroups {
        /// How many there are room for.
        most: usize,
        /// How many REPORTs are not in the summary.
        left_out: u64,
    },
}

impl Problem {
    /// Whether the file ends too early, so that nobody knows how much is missing.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self, Self::Damaged { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof)
    }

    /// The file or folder that it is about.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Open { name, .. } | Self::Damaged { name, .. } => Some(name),
            Self::TooManyGroups { .. } => None,
        }
    }
}
