//! Text from outside, made harmless for where it goes.
//!
//! A name, a message or a log line may hold anything. What would steer a terminal, turn the direction of the text around it,
//! or stand between two letters without being seen is shown as U+FFFD: that something was there can be seen, and it does
//! nothing.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What is shown for a character that would deceive.
const MARK: char = char::REPLACEMENT_CHARACTER;

/// For a terminal, in as many lines as it has.
pub fn visible(text: &str) -> Cow<'_, str> {
    let kept = |c: char| matches!(c, '\n' | '\t');
    if seen(text).all(|(c, is_plain)| is_plain || kept(c)) {
        return Cow::Borrowed(text);
    }
    // A carriage return before the end of a line is how some write one; alone it would let the line be written over.
    let text = text.replace("\r\n", "\n");
    let shown = seen(&text).map(|(c, is_plain)| if is_plain || kept(c) { c } else { MARK });
    Cow::Owned(shown.collect())
}

/// For a terminal, on one line.
pub fn line(text: &str) -> String {
    on_one_line(text).collect()
}

/// A JSON text that says the same, with what would deceive written as JSON's own escapes: nothing is lost to a program.
pub fn json(text: &str) -> Cow<'_, str> {
    let kept = |c: char| c == '\n';
    if seen(text).all(|(c, is_plain)| is_plain || kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    for (c, is_plain) in seen(text) {
        if is_plain || kept(c) {
            out.push(c);
        } else {
            // Outside of its strings a JSON text has no such characters.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(out)
}

/// For XML text and attributes, on one line.
pub(crate) fn xml(text: &str) -> Cow<'_, str> {
    let is_markup = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'');
    if seen(text).all(|(c, is_plain)| is_plain && !is_markup(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in on_one_line(text) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// For Markdown, in a paragraph or a table cell.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let text = line(text);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Inside a word it means nothing.
            '_' if before.is_alphanumeric() && chars.peek().is_some_and(|c| c.is_alphanumeric()) => out.push(c),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // An @ in a comment would notify somebody.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Makes the pages of `env` show what [`visible`] shows, beside its escaping of markup.
pub(crate) fn in_pages(env: &mut minijinja::Environment<'_>) {
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => minijinja::escape_formatter(out, state, &visible(text).as_ref().into()),
        _ => minijinja::escape_formatter(out, state, value),
    });
}

fn on_one_line(text: &str) -> impl Iterator<Item = char> {
    seen(text).map(|(c, is_plain)| match c {
        '\n' | '\r' | '\t' => ' ',
        c if is_plain => c,
        _ => MARK,
    })
}

/// Every character, and whether it is what it looks like where it stands.
fn seen(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut chars = text.chars().peekable();
    let mut before = None;
    std::iter::from_fn(move || {
        let c = chars.next()?;
        let is_plain = match c {
            // Joiners belong to the writing of Persian, Hindi and families of emoji; beside a Latin letter they only hide.
            '\u{200C}' | '\u{200D}' => [before, chars.peek().copied()]
                .iter()
                .all(|c| c.is_some_and(|c| !c.is_ascii())),
            c => is_plain(c),
        };
        before = Some(c);
        Some((c, is_plain))
    })
}

/// Whether a character is seen and does nothing to those around it.
pub(crate) fn is_plain(c: char) -> bool {
    let turns = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    // Without any width (Unicode's Default_Ignorable_Code_Point, but for the variation selectors, which choose a shape).
    let hides = matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}');
    // The last two are none in XML 1.0.
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}');
    !(c.is_control() || turns || hides || breaks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(xml("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
        assert_eq!(xml("plain é 🦀"), "plain é 🦀");
        assert_eq!(xml("a\nb\u{0}c\u{202e}d"), "a b\u{FFFD}c\u{FFFD}d");
        assert_eq!(markdown("a|b <img> @you *x*"), "a\\|b &lt;img&gt; &#64;you \\*x\\*");
        assert_eq!(markdown("x86_64 _y_"), "x86_64 \\_y\\_");
    }

    #[test]
    fn a_terminal_is_not_steered() {
        assert_eq!(line("\u{1b}[2Jgone\r\nnext"), "\u{FFFD}[2Jgone  next");
        assert_eq!(visible("\u{1b}[2Jgone\r\nnext"), "\u{FFFD}[2Jgone\nnext");
        assert_eq!(visible("100 %\r  0 %"), "100 %\u{FFFD}  0 %");
        // C1: the same as ESC [ to some terminals.
        assert_eq!(visible("\u{9b}2J\u{7f}"), "\u{FFFD}2J\u{FFFD}");
    }

    #[test]
    fn what_is_not_seen_is_marked_and_what_is_written_stays() {
        assert_eq!(visible("pay\u{200b}ments\u{feff}"), "pay\u{FFFD}ments\u{FFFD}");
        assert_eq!(visible("admin\u{200d}"), "admin\u{FFFD}");
        assert_eq!(visible("\u{2066}nimda\u{2069}"), "\u{FFFD}nimda\u{FFFD}");
        for text in [
            "👩\u{200d}👩\u{200d}👧",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "שלום, ☕\u{fe0f}",
            "日本語",
            "a\tb\nc",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn json_says_the_same_to_a_program() {
        let text = serde_json::to_string_pretty(&["\u{9b}2J \u{202e} 🦀 \u{e0041} é"]).unwrap();
        let shown = json(&text);
        assert!(
            shown.contains("\\u009b") && shown.contains("\\u202e") && shown.contains("🦀"),
            "{shown}"
        );
        assert!(seen(&shown).all(|(c, is_plain)| is_plain || c == '\n'), "{shown}");
        assert_eq!(
            serde_json::from_str::<[String; 1]>(&shown).unwrap(),
            serde_json::from_str::<[String; 1]>(&text).unwrap()
        );
    }

    proptest! {
        #[test]
        fn nothing_gets_through(text in "[\\PC\\pC]{0,40}") {
            for shown in [&*visible(&text), &line(&text), &xml(&text), &markdown(&text)] {
                let may_stay = |c| is_plain(c) || matches!(c, '\n' | '\t' | '\u{200C}' | '\u{200D}');
                prop_assert!(shown.chars().all(may_stay), "{:?}", shown);
                // Once is enough.
                prop_assert_eq!(visible(shown), shown);
            }
            prop_assert!(!line(&text).contains('\n') && !xml(&text).contains('\n'));
            let quoted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&json(&quoted)).unwrap(), text);
        }
    }
}
