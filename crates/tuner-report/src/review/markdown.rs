use std::io::Write;

use tuner_core::review::MemoryReview;

use super::view::{Row, View, confidence_word};
use super::{actions, decided, facts, groups, since, words};
use crate::escape::markdown as escaped;
use crate::markdown::{address, folded, row};
use crate::{Options, ReportError, masking, numbers};

/// Functions in the table: what a reader skims. All are in the CSV.
const MOST: usize = 50;

/// Writes a comment: what is spent and could be saved, every function that may break, and the 50 with the most at stake.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_markdown(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(review, options)?;
    Ok(out.write_all(text(&View::new(&shown), options).as_bytes())?)
}

fn text(view: &View<'_>, options: &Options) -> String {
    let words = words::of_view(view);
    let mut md = String::new();
    let mut paragraph = |text: String| md.push_str(&format!("{text}\n\n"));
    paragraph(format!("### {}", escaped(&words.money)));
    paragraph(format!("{}.", escaped(&words::capitalised(&words.risks))));
    if let Some(billed) = &words.billed {
        paragraph(escaped(billed));
    }
    if let Some(unknown) = &words.unknown {
        paragraph(escaped(unknown));
    }
    if let Some(decided) = &words.decided {
        paragraph(escaped(decided));
    }
    for warning in &view.review.warnings {
        paragraph(format!("**Warning:** {}", escaped(warning)));
    }
    if let Some(href) = &options.svg_href {
        paragraph(format!(
            "![{}]({})",
            escaped("Cost by memory used, and what could be saved"),
            address(href)
        ));
    }
    if let Some(since) = since::of_view(view) {
        paragraph(format!(
            "**{}.** {}",
            escaped(&since.title),
            escaped(&since.sentences.join(" "))
        ));
    }
    let urgent = urgent(view);
    if !urgent.is_empty() {
        paragraph(format!("**Overdue and new**\n\n{urgent}"));
    }
    let risks = risks(view);
    if !risks.is_empty() {
        paragraph(format!("**What may break**\n\n{risks}"));
    }
    if let Some(groups) = &view.review.groups {
        let title = escaped(&format!("By {}, {}", groups::by_words(&groups.by), view.period()));
        paragraph(format!("**{title}**\n\n{}", by_group(view, options)));
    }
    if !view.rows.is_empty() {
        paragraph(format!("**What matters most**\n\n{}", ranked(view)));
        let more = view.rows.len().saturating_sub(MOST);
        if more > 0 {
            paragraph(format!(
                "{} more are in the page and the CSV.",
                words::capitalised(&words::functions(more as u64))
            ));
        }
    }
    let commands = commands(view);
    if !commands.is_empty() {
        paragraph(folded("What to do next", &commands));
    }
    let ignored: Vec<String> = (decided::ignored(view).iter())
        .map(|row| format!("- {}", escaped(&decided::ignored_line(row))))
        .collect();
    if !ignored.is_empty() {
        paragraph(folded("What is ignored", &ignored.join("\n")));
    }
    let unused: Vec<String> = decided::unused(view)
        .iter()
        .map(|text| format!("- {}", escaped(text)))
        .collect();
    if !unused.is_empty() {
        paragraph(format!("**The advice file**\n\n{}", unused.join("\n")));
    }
    let unknown = not_known(view);
    if !unknown.is_empty() {
        paragraph(folded("What is not known", &unknown));
    }
    paragraph(format!("<sub>{}</sub>", escaped(&words.provenance)));
    md.truncate(md.trim_end().len());
    md.push('\n');
    md
}

fn urgent(view: &View<'_>) -> String {
    let urgent = decided::urgent(view);
    let mut lines: Vec<String> = (urgent.iter().take(MOST))
        .map(|item| {
            let (state, name) = (escaped(item.state), escaped(&item.name));
            format!("- {state}: **{name}** {}: {}", escaped(item.found), escaped(&item.text))
        })
        .collect();
    if let more @ 1.. = urgent.len().saturating_sub(MOST) {
        lines.push(format!("- and {} more", numbers::count(more as u64)));
    }
    lines.join("\n")
}

fn by_group(view: &View<'_>, options: &Options) -> String {
    let rows = groups::table(view);
    let mut md = String::new();
    row(&mut md, groups::HEAD.into_iter());
    row(
        &mut md,
        [":--", "--:", "--:", "--:", "--:", "--:", "--:", "--:"].into_iter(),
    );
    for group in rows.iter().take(MOST) {
        let mut cells = group.cells().map(|cell| escaped(&cell));
        if let (Some(folder), Some(stem)) = (&options.group_pages, &group.stem) {
            cells[0] = format!("[{}]({})", cells[0], address(&format!("{folder}/{stem}.md")));
        }
        row(&mut md, cells.iter().map(String::as_str));
    }
    if let more @ 1.. = rows.len().saturating_sub(MOST) {
        md.push_str(&format!("\nand {} more\n", numbers::count(more as u64)));
    }
    md.trim_end().to_owned()
}

fn risks(view: &View<'_>) -> String {
    let mut lines = Vec::new();
    for of in view.risks() {
        for finding in of.of.findings.iter().filter(|finding| finding.kind.is_risk()) {
            lines.push(format!(
                "- **{}** {}: {}",
                escaped(&of.label),
                escaped(finding.kind.words()),
                escaped(&finding.text)
            ));
        }
    }
    lines.join("\n")
}

fn ranked(view: &View<'_>) -> String {
    let mut md = String::new();
    let cost = format!("cost {}", view.period());
    let saving = format!("saving {}", view.period());
    let head = [
        "function",
        "owner",
        "MB",
        "used",
        &cost,
        &saving,
        "findings",
        "confidence",
    ];
    row(&mut md, head.into_iter());
    row(
        &mut md,
        [":--", ":--", "--:", "--:", "--:", "--:", ":--", ":--"].into_iter(),
    );
    for of in view.rows.iter().take(MOST) {
        let cells = cells(view, of);
        row(&mut md, cells.iter().map(String::as_str));
    }
    md.trim_end().to_owned()
}

fn cells(view: &View<'_>, of: &Row<'_>) -> [String; 8] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let region = of.of.function.region.as_deref().filter(|_| !view.is_one_region);
    let name = region.map_or_else(|| of.name().to_owned(), |region| format!("{} ({region})", of.name()));
    let findings = of.found();
    [
        escaped(&name),
        or_dash(of.of.function.owner().map(escaped)),
        or_dash(of.mb.map(|mb| numbers::count(mb.into()))),
        or_dash(of.share.map(numbers::percent)),
        or_dash(of.cost_words(view.scale).map(|cost| escaped(&cost))),
        or_dash(of.saving.map(|saving| escaped(&view.scale.saving(&saving)))),
        escaped(&findings.join(", ")),
        or_dash(of.confidence().map(|confidence| confidence_word(confidence).to_owned())),
    ]
}

/// In a code block nothing has a meaning but the fence, which no quoted command can hold at the start of a line.
fn commands(view: &View<'_>) -> String {
    let commands: Vec<String> = view
        .rows
        .iter()
        .take(MOST)
        .filter_map(|row| actions::first(row.of))
        .filter(actions::ToDo::is_to_be_done)
        .map(|to_do| {
            // What it costs and may break stands where it is pasted.
            let comments = [Some(to_do.words), to_do.note].into_iter().flatten();
            let comments = comments.map(|text| format!("# {}", crate::escape::line(&text)));
            let command = to_do.command.iter().map(|command| crate::escape::line(command));
            comments.chain(command).collect::<Vec<_>>().join("\n")
        })
        .collect();
    match commands.is_empty() {
        true => String::new(),
        false => format!("```sh\n{}\n```", commands.join("\n")),
    }
}

fn not_known(view: &View<'_>) -> String {
    let mut lines = Vec::new();
    for region in &view.review.regions {
        if let Some(problem) = &region.problem {
            lines.push(format!("- {}: {}", escaped(&region.region), escaped(problem)));
        }
    }
    let rows = view.rows.iter().filter(|row| row.cost.is_none());
    let (told, more): (Vec<_>, Vec<_>) = rows.enumerate().partition(|(index, _)| *index < MOST);
    for (_, row) in &told {
        let why = row.of.cost_unknown.as_deref().unwrap_or("its cost is not known");
        lines.push(format!("- {}: {}", escaped(&row.label), escaped(why)));
    }
    if !more.is_empty() {
        lines.push(format!("- and {} more", numbers::count(more.len() as u64)));
    }
    let disagree = view
        .rows
        .iter()
        .filter(|row| facts::agrees(row.of) == Some(false))
        .take(MOST);
    for row in disagree {
        if let Some(theirs) = &row.of.evidence.compute_optimizer {
            lines.push(format!(
                "- {}: Compute Optimizer says otherwise: {}",
                escaped(&row.label),
                escaped(&facts::optimizer(theirs))
            ));
        }
    }
    lines.join("\n")
}
