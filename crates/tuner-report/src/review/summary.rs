//! A few lines to send when a review is done.

use tuner_core::review::MemoryReview;

use super::view::View;
use super::{actions, decided, groups, since, words};
use crate::{Options, ReportError, escape, masking, numbers};

/// SNS takes a subject of up to 100 ASCII characters, without control characters, that begins with a letter, a number or
/// a punctuation mark (API reference, `Publish`).
const LONGEST_SUBJECT: usize = 100;
/// Functions told one by one.
const MOST: usize = 5;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// One line of at most 100 ASCII characters.
    pub subject: String,
    /// Plain text, a few lines.
    pub message: String,
}

/// The summary of `review`; account IDs are masked unless `options` show them.
///
/// # Errors
/// When the document cannot be masked; a defect.
pub fn review_summary(review: &MemoryReview, options: &Options) -> Result<Summary, ReportError> {
    let shown = masking::shown(review, options)?;
    let view = View::new(&shown);
    let words = words::of_view(&view);
    let mut lines = vec![
        format!("{}.", words.money),
        format!("{}.", words::capitalised(&words.risks)),
    ];
    lines.extend(words.billed.clone());
    lines.extend(words.unknown.clone());
    lines.extend(words.decided.clone());
    if let Some(since) = since::of_view(&view) {
        lines.push(String::new());
        lines.push(format!("{}: {}", since.title, since.sentences.join(" ")));
    }
    let mut told = |title: &str, rows: Vec<String>, more: usize| {
        if !rows.is_empty() {
            lines.push(String::new());
            lines.push(title.to_owned());
            lines.extend(rows);
            if more > 0 {
                lines.push(format!("  and {more} more"));
            }
        }
    };
    let urgent = decided::urgent(&view);
    let urgent_lines =
        (urgent.iter().take(MOST)).map(|item| format!("  {}: {} {}: {}", item.state, item.name, item.found, item.text));
    told(
        "Overdue and new:",
        urgent_lines.collect(),
        urgent.len().saturating_sub(MOST),
    );
    let risks: Vec<_> = view.risks().collect();
    let risk_lines = risks.iter().take(MOST).map(|row| {
        let kinds: Vec<&str> = row
            .of
            .findings
            .iter()
            .filter(|f| f.kind.is_risk())
            .map(|f| f.kind.words())
            .collect();
        format!("  {}: {}", row.label, kinds.join(", "))
    });
    told(
        "What may break:",
        risk_lines.collect(),
        risks.len().saturating_sub(MOST),
    );
    let savings = view.by_saving();
    let saving_lines = savings.iter().take(MOST).map(|(row, saving)| {
        let amount = format!("  {}: {} {}", row.label, view.scale.saving(saving), view.period());
        let to_do = actions::first(row.of);
        let command = to_do.as_ref().and_then(|to_do| to_do.command.clone());
        let note = to_do.and_then(|to_do| to_do.note).filter(|_| command.is_some());
        let lines = command.into_iter().chain(note.map(|note| format!("# {note}")));
        lines.fold(amount, |text, line| format!("{text}\n    {line}"))
    });
    told(
        "What could be saved:",
        saving_lines.collect(),
        savings.len().saturating_sub(MOST),
    );
    let groups = groups::table(&view);
    let by = view
        .review
        .groups
        .as_ref()
        .map_or_else(String::new, |groups| groups::by_words(&groups.by));
    let group_lines = groups.iter().take(2 * MOST).map(|row| {
        let functions = words::functions(row.functions);
        let breaking = match row.may_break {
            0 => String::new(),
            n => format!(", {} may break", numbers::count(n)),
        };
        format!(
            "  {}: {functions}, {}, saving {}{breaking}",
            row.name, row.cost, row.saving
        )
    });
    told(
        &format!("By {by}, {}:", view.period()),
        group_lines.collect(),
        groups.len().saturating_sub(2 * MOST),
    );
    for text in decided::unused(&view).iter().take(MOST) {
        lines.push(String::new());
        lines.push(format!("Advice file, {text}"));
    }
    for warning in &view.review.warnings {
        lines.push(String::new());
        lines.push(format!("Warning: {warning}"));
    }
    lines.push(String::new());
    lines.push(words.provenance.clone());
    let message: Vec<String> = lines
        .iter()
        .flat_map(|line| line.split('\n'))
        .map(escape::line)
        .collect();
    Ok(Summary {
        subject: subject(&format!("Memory review: {}", words.line())),
        message: format!("{}\n", message.join("\n")),
    })
}

/// `text` in ASCII, cut at a word.
fn subject(text: &str) -> String {
    let ascii: String = escape::line(text)
        .chars()
        .map(|c| match c {
            '–' | '\u{2212}' => "-".to_owned(),
            // Currencies but the dollar have no sign in ASCII.
            '¥' => "CNY ".to_owned(),
            '€' => "EUR ".to_owned(),
            c if c.is_ascii() => c.to_string(),
            _ => "?".to_owned(),
        })
        .collect();
    if ascii.len() <= LONGEST_SUBJECT {
        return ascii;
    }
    let cut = &ascii[..LONGEST_SUBJECT - 3];
    let end = cut
        .rfind(' ')
        .filter(|at| *at > LONGEST_SUBJECT / 2)
        .unwrap_or(cut.len());
    format!("{}...", cut[..end].trim_end_matches([' ', ',', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_short_and_ascii() {
        let short = subject("Memory review: $412 a month, $38–$120 of it could be saved");
        assert_eq!(short, "Memory review: $412 a month, $38-$120 of it could be saved");
        let long = subject(&format!("Memory review: {}", "word and ".repeat(30)));
        assert!(long.len() <= 100 && long.ends_with("and..."), "{long}");
        assert!(subject(&"é\n".repeat(200)).len() <= 100);
        assert!(subject("a\nb").is_ascii());
    }
}
