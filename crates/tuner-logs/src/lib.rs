//! Lambda's logs: their lines, read and written, and files of them as people have them.
//!
//! [`lines`] holds the one reader and the one writer of what Lambda itself writes into a log: REPORT, INIT_REPORT, START and so
//! on, in text and in JSON. It takes bytes, and touches no file.
//!
//! ```
//! use tuner_logs::lines::{Event, Report, format, parse_line};
//!
//! let line = b"REPORT RequestId: 0a1b2c3d-0000-4000-8000-000000000001\tDuration: 402.13 ms\tBilled Duration: 403 ms\t\
//!     Memory Size: 1024 MB\tMax Memory Used: 181 MB\t\n";
//! let Some(Event::Report(report)) = parse_line(line) else { panic!() };
//! assert_eq!((report.duration_ms, report.max_memory_used_mb), (402.13, Some(181)));
//! assert_eq!(format::report_text(&report).as_bytes(), line);
//!
//! let slower = Report { duration_ms: 804.26, billed_duration_ms: Some(805), ..report };
//! let json = format::report_json(&slower, "2026-01-31T00:00:00Z".parse()?);
//! assert!(json.starts_with(r#"{"time":"2026-01-31T00:00:00.000Z","type":"platform.report","#));
//! # Ok::<(), jiff::Error>(())
//! ```
//!
//! With the feature `files` (on by default), exported logs are read, and what they tell of each function and memory size is said:
//!
//! * `summarize`: one `SummaryRow` per function and memory size.
//! * `gather`: the same as evidence for a memory review, one `FunctionLogs` per function.
//! * `for_each_record`: every REPORT as a `Record`, in input order.
//!
//! All take `Input`s: files, directories (walked), and readers such as standard input. What wraps the text is told by the bytes
//! and not by names: gzip (in gzip), zstd, ZIP, tar, base64, UTF-16. Work is spread over threads; memory stays flat (well below
//! 100 MB) however large an input is and however long its lines are. An input that cannot be read becomes a `Problem`, and the
//! others go on; `Coverage` says what was read of which file.

#[cfg(feature = "files")]
mod files;
pub mod lines;

#[cfg(feature = "files")]
pub use files::{
    Coverage, DurableExecutions, ExportTasks, FileNote, FunctionLogs, Input, LogEvidence, Looks, Options, Packing,
    Percentiles, Problem, Quantiles, Record, Summary, SummaryRow, Tenants, UNKNOWN_FUNCTION, for_each_record, gather,
    summarize,
};
