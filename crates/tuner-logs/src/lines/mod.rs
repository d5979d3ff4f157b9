//! What Lambda's log lines say, and how Lambda says it.
//!
//! * [`parse_line`]: one line, or one log event, to an [`Event`]; text or JSON is decided line by line.
//! * [`parse_tail`]: the `LogResult` of an invocation, a 4 KB tail that usually begins in the middle of a line.
//! * [`Scanner`]: an exported log file, chunk by chunk and at memory speed; nothing is on the heap for usual REPORTs. [`scan`]:
//!   a log that is in memory as a whole.
//! * [`scan_errors`]: the errors that runtimes write in such a chunk, and the STARTs that tell of which invocation.
//! * [`mod@format`]: the same events as Lambda prints them.
//! * [`Report::outcome`]: what became of an invocation, from REPORT and the lines beside it ([`Neighbours`]); where they
//!   say nothing, a runtime's own line does ([`FunctionError`]).
//!
//! Everything here takes bytes and never panics on any of them. What is not understood is no event.

mod border;
mod classify;
mod document;
mod escape;
mod event;
pub mod format;
mod function_error;
mod insights;
mod json;
mod line;
mod needle;
mod origin;
mod pending;
mod prefix;
mod report;
mod scan;
mod status;
mod table;
mod tail;
mod text;
mod text_event;
mod time;
mod usual;

pub use border::{CutAt, cut};
pub use classify::Neighbours;
pub use event::{
    End, Event, InitReport, OtherEvent, RestoreReport, RuntimeDone, RuntimeError, RuntimeVersion, Start, TimedOut,
};
pub use function_error::{FunctionError, Said, Started, Told, scan_errors};
pub use line::parse_line;
pub use origin::{
    Origin, function_of_log_group, function_of_log_stream, is_log_stream, looks_like_region, origin_of_log_group,
    version_of_log_stream,
};
pub use report::{Report, XRay};
pub use scan::{Counts, Cut, Found, Scanned, Scanner, scan};
pub use status::Status;
pub use table::Table;
pub use tail::{Tail, parse_tail};
pub use usual::{Figures, UsualReport};
