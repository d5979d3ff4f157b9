use std::io::Write;

use anstyle::Style;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use tuner_core::review::MemoryReview;
use unicode_width::UnicodeWidthStr;

use super::actions::ToDo;
use super::view::{Row, View};
use super::{actions, decided, groups, since, words};
use crate::escape::line;
use crate::terminal::{BAD, BOLD, DIM, GOOD, Page, WARN, cut, wrap};
use crate::{Options, ReportError, TerminalStyle, masking, numbers};

/// Functions in the table.
const MOST: usize = 30;
/// Risks with their evidence, and commands.
const MOST_RISKS: usize = 12;
const MOST_COMMANDS: usize = 5;
const LONGEST_NAME: usize = 32;
/// Findings in fewer columns than these say nothing.
const LEAST_ROOM: usize = 20;

/// Writes what is spent and could be saved, what may break, the functions with the most at stake, and what to do next.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_terminal(
    review: &MemoryReview,
    options: &Options,
    style: &TerminalStyle,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let shown = masking::shown(review, options)?;
    let view = View::new(&shown);
    let mut page = Page::new(style);
    let words = words::of_view(&view);
    page.paragraph(BOLD, "", &words.money);
    let risky = view.risks().next().is_some();
    let style = match (risky, view.review.totals.unjudged.all()) {
        (true, _) => BAD,
        (false, 0) => GOOD,
        (false, _) => WARN,
    };
    page.paragraph(style, "", &words::capitalised(&words.risks));
    if let Some(billed) = &words.billed {
        page.paragraph(Style::new(), "", billed);
    }
    if let Some(unknown) = &words.unknown {
        page.paragraph(Style::new(), "", unknown);
    }
    if let Some(decided) = &words.decided {
        page.paragraph(Style::new(), "", decided);
    }
    page.paragraph(DIM, "", &words.provenance);
    for warning in &shown.warnings {
        page.paragraph(WARN, "warning: ", warning);
    }
    if let Some(since) = since::of_view(&view) {
        page.text.push('\n');
        page.paragraph(BOLD, "", &since.title);
        for sentence in &since.sentences {
            page.paragraph(Style::new(), "", sentence);
        }
    }
    urgent(&mut page, &view);
    risks(&mut page, &view);
    by_group(&mut page, &view);
    if !view.rows.is_empty() {
        page.text.push('\n');
        table(&mut page, &view);
    }
    commands(&mut page, &view, options.profile.as_deref());
    ignored(&mut page, &view);
    for region in &shown.regions {
        if let Some(problem) = &region.problem {
            page.paragraph(WARN, "not read: ", &format!("{}: {problem}", region.region));
        }
    }
    Ok(out.write_all(page.text.as_bytes())?)
}

/// What is overdue, ignored no longer, or new.
fn urgent(page: &mut Page, view: &View<'_>) {
    let urgent = decided::urgent(view);
    if urgent.is_empty() {
        return;
    }
    page.text.push('\n');
    page.paragraph(BOLD, "", "Overdue and new");
    for item in urgent.iter().take(MOST_RISKS) {
        let style = if item.is_overdue { BAD } else { WARN };
        let text = format!("{} {}: {}", item.name, item.found, item.text);
        page.paragraph(style, &format!("{}: ", item.state), &text);
    }
    more(page, urgent.len(), MOST_RISKS);
}

/// What is ignored, and entries of the advice file that are about nothing.
fn ignored(page: &mut Page, view: &View<'_>) {
    let (ignored, unused) = (decided::ignored(view), decided::unused(view));
    if !ignored.is_empty() {
        page.text.push('\n');
        page.paragraph(BOLD, "", "Ignored");
        for row in ignored.iter().take(MOST_RISKS) {
            page.paragraph(DIM, "", &decided::ignored_line(row));
        }
        more(page, ignored.len(), MOST_RISKS);
    }
    if !unused.is_empty() {
        page.text.push('\n');
        page.paragraph(BOLD, "", "Advice file");
        for text in unused.iter().take(MOST_RISKS) {
            page.paragraph(WARN, "", text);
        }
        more(page, unused.len(), MOST_RISKS);
    }
}

/// Sums of each group, with as many columns as there is room for.
fn by_group(page: &mut Page, view: &View<'_>) {
    let Some(groups) = &view.review.groups else { return };
    let rows = groups::table(view);
    page.text.push('\n');
    page.paragraph(
        BOLD,
        "",
        &format!("By {}, {}", groups::by_words(&groups.by), view.period()),
    );
    let longest = (page.style.width / 3).min(LONGEST_NAME);
    let lines_of = |columns: usize| {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(&groups::HEAD[..columns]);
        for row in rows.iter().take(MOST) {
            let mut cells = row.cells();
            cells[0] = cut(&line(&cells[0]), longest);
            table.add_row(&cells[..columns]);
        }
        for index in 0..columns {
            if let Some(column) = table.column_mut(index) {
                column.set_padding((0, 2));
                if index > 0 {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        table.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<String>>()
    };
    // The last columns can be missed.
    let fitting = (3..=groups::HEAD.len()).rev().map(lines_of);
    let fits = |lines: &Vec<String>| lines.iter().all(|line| line.width() <= page.style.width);
    let lines = fitting.into_iter().find(fits).unwrap_or_else(|| lines_of(3));
    for (index, text) in lines.iter().enumerate() {
        let text = cut(text, page.style.width);
        page.styled(if index == 0 { DIM } else { Style::new() }, &text);
        page.text.push('\n');
    }
    more(page, rows.len(), MOST);
}

fn risks(page: &mut Page, view: &View<'_>) {
    let risks: Vec<(&str, &tuner_core::review::Finding)> = view
        .risks()
        .flat_map(|row| row.of.findings.iter().map(|finding| (row.label.as_str(), finding)))
        .filter(|(_, finding)| finding.kind.is_risk())
        .collect();
    if risks.is_empty() {
        return;
    }
    page.text.push('\n');
    page.paragraph(BOLD, "", "What may break");
    for (name, finding) in risks.iter().take(MOST_RISKS) {
        page.paragraph(BAD, "x ", &format!("{name} {}: {}", finding.kind.words(), finding.text));
    }
    more(page, risks.len(), MOST_RISKS);
}

fn more(page: &mut Page, all: usize, shown: usize) {
    if all > shown {
        page.paragraph(DIM, "", &format!("and {} more", numbers::count((all - shown) as u64)));
    }
}

/// The functions with the most at stake, with as many columns as there is room for.
fn table(page: &mut Page, view: &View<'_>) {
    let rows = &view.rows[..view.rows.len().min(MOST)];
    let widest = |table: &[String]| table.iter().map(|l| l.width()).max().unwrap_or(0);
    let longest = (page.style.width / 3).min(LONGEST_NAME);
    let mut fitting = Vec::new();
    for columns in (0..=3).rev() {
        fitting = lines(view, rows, columns, None, longest);
        let room = page.style.width.saturating_sub(widest(&fitting) + 2);
        if room >= LEAST_ROOM {
            fitting = lines(view, rows, columns, Some(room), longest);
            break;
        }
    }
    for (index, text) in fitting.iter().enumerate() {
        let style = match index.checked_sub(1).and_then(|i| rows.get(i)) {
            None => DIM,
            Some(row) if row.is_risk() => BAD,
            Some(row) if row.saves() => BOLD,
            Some(_) => Style::new(),
        };
        let text = cut(text, page.style.width);
        page.styled(style, &text);
        page.text.push('\n');
    }
    more(page, view.rows.len(), MOST);
    page.paragraph(DIM, "", "x may break, * could save something, ? something is not known");
}

/// The lines of a table, the names of its columns first, with this many of the columns that can be missed, and findings as
/// far as there is room for them. No name is longer than `longest`.
fn lines(view: &View<'_>, rows: &[Row<'_>], columns: u8, room: Option<usize>, longest: usize) -> Vec<String> {
    let (owner, used, size, findings) = (columns >= 3, columns >= 2, columns >= 1, room.is_some());
    let mut table = Table::new();
    let unit = view.currency().map_or("cost", |currency| currency.symbol());
    let per = match view.scale {
        super::amounts::Scale::Month => format!("{unit}/month"),
        super::amounts::Scale::Logs => "cost".to_owned(),
    };
    let mut head = vec![String::new(), "function".to_owned()];
    let columns = [
        (owner, "owner"),
        (size, "MB"),
        (used, "used"),
        (true, &per),
        (true, "saving"),
        (findings, "findings"),
    ];
    head.extend(
        columns
            .iter()
            .filter(|(with, _)| *with)
            .map(|(_, name)| (*name).to_owned()),
    );
    let right = head
        .iter()
        .map(|name| !matches!(name.as_str(), "" | "function" | "owner" | "findings"))
        .collect::<Vec<_>>();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head);
    let dash = || "–".to_owned();
    for row in rows {
        let mark = match (row.is_risk(), row.saves(), row.is_gap()) {
            (true, ..) => "x",
            (_, true, _) => "*",
            (_, _, true) => "?",
            _ => "",
        };
        let told = cut(&row.found().join(", "), room.unwrap_or(0));
        let mut cells = vec![mark.to_owned(), cut(&line(&row.label), longest)];
        let values = [
            (
                owner,
                row.of.function.owner().map_or_else(dash, |owner| cut(&line(owner), 16)),
            ),
            (size, row.mb.map_or_else(dash, |mb| numbers::count(mb.into()))),
            (used, row.share.map_or_else(dash, numbers::percent)),
            (true, row.cost_words(view.scale).unwrap_or_else(dash)),
            (true, row.saving.map_or_else(dash, |saving| view.scale.saving(&saving))),
            (findings, told),
        ];
        cells.extend(values.into_iter().filter(|(with, _)| *with).map(|(_, value)| value));
        table.add_row(cells);
    }
    for (index, right) in right.into_iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, if index == 0 { 1 } else { 2 }));
            if right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|l| l.trim_end().to_owned()).collect()
}

fn commands(page: &mut Page, view: &View<'_>, profile: Option<&str>) {
    let first = |row: &Row<'_>| actions::first(row.of).filter(ToDo::is_to_be_done);
    let all: Vec<ToDo> = view.rows.iter().filter_map(first).collect();
    if all.is_empty() {
        return;
    }
    page.text.push('\n');
    page.paragraph(BOLD, "", "What to do next");
    for to_do in all.iter().take(MOST_COMMANDS) {
        comment(page, &to_do.words);
        if let Some(command) = &to_do.command {
            command_lines(page, &actions::with_profile(command, profile));
        }
        if let Some(note) = &to_do.note {
            comment(page, note);
        }
    }
    more(page, all.len(), MOST_COMMANDS);
}

/// Every line of it is one to a shell, so that all can be pasted together.
fn comment(page: &mut Page, text: &str) {
    const LEAD: &str = "# ";
    for part in wrap(&line(text), page.style.width - LEAD.len()) {
        page.styled(DIM, &format!("{LEAD}{part}"));
        page.text.push('\n');
    }
}

fn command_lines(page: &mut Page, command: &str) {
    page.styled(Style::new(), &wrapped_command(&line(command), page.style.width));
    page.text.push('\n');
}

/// Wrapped so that it can still be pasted: between words only, and never in a quoted one, where a backslash ends no line.
fn wrapped_command(command: &str, width: usize) -> String {
    const BREAK: &str = " \\\n  ";
    let mut text = String::new();
    let (mut used, mut is_quoted) = (0, false);
    for word in command.split(' ') {
        let length = word.width();
        // Room for the backslash behind it.
        if !text.is_empty() && !is_quoted && used + 1 + length + 2 > width {
            text.push_str(BREAK);
            used = 2;
        } else if !text.is_empty() {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
        is_quoted ^= word.matches('\'').count() % 2 == 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::wrapped_command;

    #[test]
    fn a_wrapped_command_is_the_same_to_a_shell() {
        let long = "a".repeat(60);
        for command in [
            format!(
                "aws lambda publish-version --function-name {long} --query 'Aliases[].Name and more words' && true"
            ),
            "tuner run --payload '{\"a\": 1, \"b\": 2}' --function pay --region eu-west-1".to_owned(),
        ] {
            let wrapped = wrapped_command(&command, 40);
            assert!(wrapped.lines().count() >= 2, "{wrapped}");
            assert!(
                wrapped.lines().rev().skip(1).all(|line| line.ends_with(" \\")),
                "{wrapped}"
            );
            assert_eq!(wrapped.replace(" \\\n  ", " "), command);
        }
    }
}
