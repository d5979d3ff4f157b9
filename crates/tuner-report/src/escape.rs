//! Text from outside, made harmless for where it goes.

use std::borrow::Cow;

/// For XML text and attributes. Characters that XML 1.0 forbids, and those that turn the direction of the text around
/// them, become U+FFFD.
pub(crate) fn xml(text: &str) -> Cow<'_, str> {
    if text
        .chars()
        .all(|c| !matches!(c, '&' | '<' | '>' | '"' | '\'') && is_plain(c))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_plain(c) => out.push(c),
            '\n' | '\r' | '\t' => out.push(' '),
            _ => out.push('\u{FFFD}'),
        }
    }
    Cow::Owned(out)
}

/// On one line, without control characters: nothing that could steer a terminal or turn the text around it.
pub(crate) fn line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_plain(c) => c,
            _ => '\u{FFFD}',
        })
        .collect()
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

fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
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
    }
}
