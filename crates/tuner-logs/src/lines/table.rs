//! Results of Logs Insights as CSV or as a table of Markdown, with a report's fields in columns of their own and no message.

use memchr::{memchr, memrchr};

use super::Event;
use super::insights::Fields;
use super::origin::{self, Names};
use super::scan::{Found, Scanned};

/// The columns of a table, by its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    separator: u8,
}

impl Table {
    /// If `head`, the beginning of a log, is that of a table of reports without their messages; those that have them are
    /// read as lines.
    pub fn of(head: &[u8]) -> Option<Self> {
        let line = &head[..memchr(b'\n', head)?];
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        let separator = *line.iter().find(|byte| b",;\t|".contains(byte))?;
        let columns: Vec<String> = fields(line, separator)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let has = |name: &str| columns.iter().any(|column| column == name);
        (has("@requestId") && has("@duration") && !has("@message")).then_some(Self { columns, separator })
    }

    /// Gives the reports of a chunk of whole lines.
    pub fn scan(&self, chunk: &[u8], mut found: impl FnMut(Scanned<'_>)) {
        let mut at = 0;
        while at < chunk.len() {
            let end = memchr(b'\n', &chunk[at..]).map_or(chunk.len(), |newline| at + newline + 1);
            let (mut row, mut names) = (Fields::separated_by(self.separator), Names::default());
            for (column, value) in self
                .columns
                .iter()
                .zip(fields(chunk[at..end].trim_ascii_end(), self.separator))
            {
                if row.add(column.as_bytes(), value) {
                    continue;
                }
                if let Some(stream) = origin::as_stream(value) {
                    names.stream = Some(stream.into());
                } else if let Some(group) = origin::as_group(value) {
                    names.group = Some(group.into());
                }
            }
            if let Some(report) = row.report() {
                found(Scanned::Other(Found {
                    offset: at,
                    origin: names.origin(),
                    is_wrapped: false,
                    event: Event::Report(report),
                }));
            }
            at = end;
        }
    }

    /// Where to cut a chunk: behind its last line.
    pub fn cut(chunk: &[u8]) -> usize {
        memrchr(b'\n', chunk).map_or(chunk.len(), |newline| newline + 1)
    }
}

/// None of them has a quote or a newline inside.
fn fields(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    line.split(move |byte| *byte == separator).map(|field| {
        let field = field.trim_ascii();
        field
            .strip_prefix(b"\"")
            .and_then(|field| field.strip_suffix(b"\""))
            .unwrap_or(field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_make_a_report() {
        let text = "\u{feff}@timestamp,@requestId,@duration,@billedDuration,@memorySize,@maxMemoryUsed,@log\r\n\
            2026-09-21 14:29:23.914,id-1,782.03,783.0,1.024E9,433000000,123456789012:/aws/lambda/pay\r\n\
            2026-09-21 14:29:23.914,,,,,,\r\n\
            \"2026-09-21 14:29:24.000\",\"id-2\",\"1.5\",\"2\",\"128000000\",\"\",\"\"\n";
        let table = Table::of(text.as_bytes()).unwrap();
        let mut reports = Vec::new();
        table.scan(text.as_bytes(), |scanned| match scanned {
            Scanned::Other(Found {
                origin,
                event: Event::Report(report),
                ..
            }) => {
                reports.push((origin.function.map(str::to_owned), report));
            }
            other => panic!("{other:?}"),
        });
        let [(pay, first), (none, second)] = &reports[..] else {
            panic!("{reports:?}")
        };
        assert_eq!((pay.as_deref(), none.as_deref()), (Some("pay"), None));
        assert_eq!((first.duration_ms, first.billed_duration_ms), (782.03, Some(783)));
        assert_eq!(
            (first.memory_size_mb, first.max_memory_used_mb),
            (Some(1024), Some(433))
        );
        assert_eq!(first.time.unwrap().to_string(), "2026-09-21T14:29:23.914Z");
        assert_eq!((second.memory_size_mb, second.max_memory_used_mb), (Some(128), None));
        let markdown = "| @requestId | @duration | @billedDuration |\n|---|---|---|\n| id-1 | 1.5 | 2 |\n";
        let mut found = 0;
        Table::of(markdown.as_bytes())
            .unwrap()
            .scan(markdown.as_bytes(), |_| found += 1);
        assert_eq!(found, 1);
        for other in [
            "@timestamp,@message\n",
            "a,b\n",
            "words\n",
            "@requestId,@duration,@message\n",
        ] {
            assert_eq!(Table::of(other.as_bytes()), None, "{other}");
        }
    }
}
