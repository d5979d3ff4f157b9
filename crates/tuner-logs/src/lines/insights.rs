//! A report in fields, as Logs Insights finds them in it: `@duration`, `@memorySize` and so on.

use super::{Report, time};

/// The fields of one row.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields<'a> {
    request_id: Option<&'a [u8]>,
    duration: Option<&'a [u8]>,
    billed_duration: Option<&'a [u8]>,
    memory_size: Option<&'a [u8]>,
    max_memory_used: Option<&'a [u8]>,
    init_duration: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
    has_decimal_commas: bool,
}

impl<'a> Fields<'a> {
    /// Of a table whose columns are separated by `separator`. Spreadsheets of languages that write 12,5 take a semicolon.
    pub(super) fn separated_by(separator: u8) -> Self {
        Self {
            has_decimal_commas: separator == b';',
            ..Self::default()
        }
    }

    /// Takes a field; whether it is one of a report's.
    pub(super) fn add(&mut self, name: &[u8], value: &'a [u8]) -> bool {
        let field = match name {
            b"@requestId" => &mut self.request_id,
            b"@duration" => &mut self.duration,
            b"@billedDuration" => &mut self.billed_duration,
            b"@memorySize" => &mut self.memory_size,
            b"@maxMemoryUsed" => &mut self.max_memory_used,
            b"@initDuration" => &mut self.init_duration,
            b"@timestamp" => {
                self.timestamp = Some(value);
                return false;
            }
            _ => return false,
        };
        *field = Some(value);
        true
    }

    /// The report, if the row is of one: other lines have no duration.
    pub(super) fn report(&self) -> Option<Report> {
        let id = std::str::from_utf8(self.request_id?).ok()?.trim();
        if id.is_empty() {
            return None;
        }
        Some(Report {
            request_id: id.to_owned(),
            duration_ms: self.number(self.duration)?,
            billed_duration_ms: Some(self.number(self.billed_duration)?.round() as u64),
            memory_size_mb: self.megabytes(self.memory_size),
            max_memory_used_mb: self.megabytes(self.max_memory_used),
            init_duration_ms: self.number(self.init_duration),
            time: self.timestamp.and_then(time::of_value),
            ..Report::default()
        })
    }

    fn number(&self, field: Option<&[u8]>) -> Option<f64> {
        let text = std::str::from_utf8(field?).ok()?.trim();
        let parsed = match text.split_once(',') {
            Some((whole, rest)) if self.has_decimal_commas => format!("{whole}.{rest}").parse(),
            _ => text.parse(),
        };
        parsed
            .ok()
            .filter(|value: &f64| value.is_finite() && *value >= 0.0 && *value < 1e12)
    }

    /// Logs Insights has memory in bytes, a megabyte being a million of them; some queries divide by that.
    fn megabytes(&self, field: Option<&[u8]>) -> Option<u32> {
        const LARGEST_MB: f64 = 100_000.0;
        let value = self.number(field)?;
        let mb = if value > LARGEST_MB { value / 1e6 } else { value };
        (mb <= LARGEST_MB).then_some(mb.round() as u32)
    }
}
