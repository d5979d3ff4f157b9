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
    /// Reading broke off.
    #[error("`{name}` was read only in part: {source}; what came before is counted")]
    Read {
        /// The path as it was given.
        name: String,
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
    /// The compressed data ends early or is damaged.
    #[error("`{name}` is damaged or cut off gzip data: {source}; what came before is counted, fetch the file again")]
    Gzip {
        /// The path as it was given.
        name: String,
        /// Why.
        source: io::Error,
    },
}
