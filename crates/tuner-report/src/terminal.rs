use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use textwrap::{Options as WrapOptions, WordSeparator, WordSplitter};
use tuner_core::Tuning;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::escape::line;
use crate::notes::notes;
use crate::rows::{self, Figure, SizeRow};
use crate::view::View;
use crate::{Options, ReportError, masking, words};

/// How text for a terminal looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalStyle {
    /// Columns; nothing is wider as long as there are 40 or more.
    pub width: usize,
    /// Whether to colour. Colour says nothing that the text does not.
    pub colour: bool,
}

impl Default for TerminalStyle {
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
        }
    }
}

const NARROWEST: usize = 40;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

/// Writes the decision in a sentence, a table of all sizes, warnings and notes.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn terminal(
    tuning: &Tuning,
    options: &Options,
    style: &TerminalStyle,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let shown = masking::shown(tuning, options)?;
    let view = View::new(&shown);
    let mut page = Page::new(style);
    let words = words::of_view(&view);
    page.paragraph(BOLD, "", &words.decision);
    page.paragraph(Style::new(), "", &words.effect);
    page.paragraph(DIM, "", &words.provenance);
    page.text.push('\n');
    page.table(&view);
    page.text.push('\n');
    if let Some(caveat) = &words.caveat {
        page.paragraph(WARN, "note: ", caveat);
    }
    for warning in &shown.warnings {
        page.paragraph(WARN, "warning: ", warning);
    }
    for leftover in &shown.leftovers {
        page.paragraph(BAD, "left behind: ", leftover);
    }
    if let Some(what) = words::remedies(&shown.remedies, options.reader) {
        page.paragraph(BOLD, "what to do: ", &what);
    }
    if let Some(model) = words::model::of_view(&view) {
        page.paragraph(Style::new(), "", &model.sentences());
    }
    for note in notes(&view) {
        page.paragraph(DIM, "", &note);
    }
    if let Some(step) = words::next_step(&shown, options) {
        page.paragraph(BOLD, "next: ", &step.words);
        // Never wrapped: a line end in a command is a command of its own.
        page.text.push_str(&format!("  {}\n", step.command));
    }
    Ok(out.write_all(page.text.as_bytes())?)
}

/// Text that grows by the line.
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) style: TerminalStyle,
}

impl Page {
    pub(crate) fn new(style: &TerminalStyle) -> Self {
        Self {
            text: String::new(),
            style: TerminalStyle {
                width: style.width.max(NARROWEST),
                ..*style
            },
        }
    }

    pub(crate) fn styled(&mut self, style: Style, text: &str) {
        // Writing to a string does not fail.
        let _ = if self.style.colour && !text.is_empty() {
            write!(self.text, "{style}{text}{style:#}")
        } else {
            self.text.write_str(text)
        };
    }

    /// `lead` and `text` wrapped; further lines are indented as far as `lead` reaches.
    pub(crate) fn paragraph(&mut self, style: Style, lead: &str, text: &str) {
        let indent = lead.width();
        for (index, part) in wrap(&line(text), self.style.width - indent).iter().enumerate() {
            match index {
                0 => self.styled(style, lead),
                _ => self.text.push_str(&" ".repeat(indent)),
            }
            self.styled(if lead.is_empty() { style } else { Style::new() }, part);
            self.text.push('\n');
        }
    }

    /// A heading and rows, each in the style that goes with it; the columns in `right` hold figures.
    pub(crate) fn rows<C: Into<comfy_table::Row>>(
        &mut self,
        head: impl Into<comfy_table::Row>,
        rows: impl IntoIterator<Item = (Style, C)>,
        right: Range<usize>,
    ) {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(head);
        let mut styles = vec![DIM];
        for (style, cells) in rows {
            styles.push(style);
            table.add_row(cells);
        }
        for index in right {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for (text, style) in table.lines().zip(styles) {
            self.styled(style, &cut(line(&text).trim_end(), self.style.width));
            self.text.push('\n');
        }
    }

    /// All sizes, with as many columns as there is room for.
    fn table(&mut self, view: &View<'_>) {
        let sizes = rows::sizes(view);
        let widest = |table: &[String]| table.iter().map(|l| l.width()).max().unwrap_or(0);
        let tables = Detail::ALL.iter().map(|detail| lines(view, &sizes, detail));
        let mut fitting: Vec<String> = Vec::new();
        for table in tables {
            fitting = table;
            if widest(&fitting) <= self.style.width {
                break;
            }
        }
        for (index, text) in fitting.iter().enumerate() {
            let style = match index.checked_sub(1).and_then(|i| sizes.get(i)).map(|size| size.class) {
                None => DIM,
                Some("chosen") => GOOD,
                Some("present") => BOLD,
                Some("failed") => BAD,
                Some(_) => Style::new(),
            };
            self.styled(style, &cut(text, self.style.width));
            self.text.push('\n');
        }
    }
}

/// What a table leaves out, the least missed first.
struct Detail {
    cost_interval: bool,
    bar: bool,
    p50: bool,
    mean_interval: bool,
    count: bool,
}

impl Detail {
    const ALL: [Self; 6] = [
        Self::new(5),
        Self::new(4),
        Self::new(3),
        Self::new(2),
        Self::new(1),
        Self::new(0),
    ];

    /// With this many of its parts.
    const fn new(parts: u8) -> Self {
        Self {
            cost_interval: parts >= 5,
            bar: parts >= 4,
            p50: parts >= 3,
            mean_interval: parts >= 2,
            count: parts >= 1,
        }
    }
}

/// The lines of a table, the names of its columns first.
fn lines(view: &View<'_>, sizes: &[SizeRow], detail: &Detail) -> Vec<String> {
    let figure = |figure: &Figure, interval: bool| match interval && !figure.interval.is_empty() {
        true => format!("{} [{}]", figure.value, figure.interval),
        false if figure.value.is_empty() => "–".to_owned(),
        false => figure.value.clone(),
    };
    let estimate = if view.is_estimate() { " est." } else { "" };
    let ci = |name: String, with: bool| if with { format!("{name} [95 % CI]") } else { name };
    let mut head = vec![String::new(), "MB".to_owned()];
    if detail.count {
        head.push("n".to_owned());
    }
    head.push(ci("mean ms".to_owned(), detail.mean_interval));
    if detail.p50 {
        head.push("p50 ms".to_owned());
    }
    head.push("p95 ms".to_owned());
    head.push(ci(
        format!("{}{estimate}", view.unit.per_million()),
        detail.cost_interval,
    ));
    if detail.bar {
        head.push(String::new());
    }
    head.push(String::new());
    let last = head.len() - 1;

    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head);
    for size in sizes {
        let mut cells = vec![size.mark.to_owned(), size.mb.to_string()];
        if detail.count {
            cells.push(if size.invocations.is_empty() {
                "–".to_owned()
            } else {
                size.invocations.clone()
            });
        }
        cells.push(figure(&size.mean, detail.mean_interval));
        if detail.p50 {
            cells.push(figure(&size.p50, false));
        }
        cells.push(figure(&size.p95, false));
        cells.push(figure(&size.cost, detail.cost_interval));
        if detail.bar {
            // A size that costs anything shows at least the lowest step.
            cells.push(
                size.cost_eighths
                    .map_or(' ', |n| BARS[usize::from(n.max(1)).min(8)])
                    .to_string(),
            );
        }
        cells.push(line(&size.verdict));
        table.add_row(cells);
    }
    for index in 1..last {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|l| l.trim_end().to_owned()).collect()
}

/// `text` in lines of at most `width` columns, broken at spaces, and inside a word only if that alone is too long.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let options = WrapOptions::new(width)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(&text, options)
        .into_iter()
        .map(Cow::into_owned)
        .collect()
}

pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_the_width() {
        let lines = wrap("a-word-that-is-longer-than-the-line and 日本語 words", 12);
        assert!(lines.iter().all(|l| l.width() <= 12), "{lines:?}");
        assert_eq!(
            lines.concat().replace(' ', ""),
            "a-word-that-is-longer-than-the-lineand日本語words"
        );
        assert_eq!(cut("much too long", 6), "much …");
    }
}
