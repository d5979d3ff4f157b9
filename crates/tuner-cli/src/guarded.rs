//! What people read: everything that is printed for them goes through here, wherever its parts come from.

use std::io::{self, Write};

use anstream::AutoStream;
use tuner_report::escape;

/// Standard error.
#[expect(clippy::disallowed_methods, reason = "guarded here")]
pub(crate) fn stderr() -> Guarded<AutoStream<io::Stderr>> {
    Guarded::new(anstream::stderr())
}

/// Standard output, for what is to be read. What programs read is escaped by its own rules.
pub(crate) fn stdout() -> Guarded<AutoStream<io::Stdout>> {
    Guarded::new(anstream::stdout())
}

/// Lets text through, lines and our own colours; what else would steer a terminal or deceive a reader is shown as U+FFFD.
/// Messages of services, names of functions and what programs print may hold anything.
pub(crate) struct Guarded<W> {
    inner: W,
    /// The beginning of a character whose end has not been written yet.
    begun: Vec<u8>,
}

impl<W: Write> Guarded<W> {
    const fn new(inner: W) -> Self {
        Self {
            inner,
            begun: Vec::new(),
        }
    }
}

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.begun.len());
        let mut begun = Vec::new();
        let mut chunks = self.begun.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let cut = std::str::from_utf8(chunk.invalid()).is_err_and(|e| e.error_len().is_none());
            if cut && chunks.peek().is_none() {
                begun.extend_from_slice(chunk.invalid());
            } else if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.begun = begun;
        self.inner.write_all(shown(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }

    /// At once: what is written in pieces could be mixed with other lines, and a style be cut in two.
    fn write_fmt(&mut self, words: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.write_all(words.to_string().as_bytes())
    }
}

fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&escape::visible(&rest[..at]));
        rest = &rest[at..];
        let length = style(rest).unwrap_or(1);
        match length {
            1 => out.push(char::REPLACEMENT_CHARACTER),
            length => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out.push_str(&escape::visible(rest));
    out
}

/// The length of the style that `text` begins with, if it is one that we use: bold, dim, a colour of ours, or their end.
/// From elsewhere they do no harm; others would hide what is printed.
fn style(text: &str) -> Option<usize> {
    const OURS: [&str; 7] = ["0", "1", "2", "31", "32", "33", "36"];
    let (codes, _) = text.strip_prefix("\u{1b}[")?.split_once('m')?;
    codes
        .split(';')
        .all(|code| OURS.contains(&code))
        .then_some(codes.len() + 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{CYAN, DIM, RED, RESET, YELLOW};

    fn printed(pieces: &[&[u8]]) -> String {
        let mut out = Guarded::new(Vec::new());
        for piece in pieces {
            out.write_all(piece).unwrap();
        }
        String::from_utf8(out.inner).unwrap()
    }

    #[test]
    fn our_styles_pass() {
        for style in [RED, YELLOW, CYAN, DIM] {
            let text = format!("{style}error{RESET}: é\n{style}x{style:#}\tshown");
            assert_eq!(printed(&[text.as_bytes()]), text);
        }
    }

    #[test]
    fn what_comes_from_outside_steers_nothing() {
        for (text, shown) in [
            ("\u{1b}[2Jgone", "\u{FFFD}[2Jgone"),
            ("\u{1b}]0;title\u{7}", "\u{FFFD}]0;title\u{FFFD}"),
            ("\u{1b}[8mhidden\u{1b}[0m", "\u{FFFD}[8mhidden\u{1b}[0m"),
            ("\u{1b}[30;40m", "\u{FFFD}[30;40m"),
            ("\u{1b}[38;5;0m", "\u{FFFD}[38;5;0m"),
            ("\u{1b}", "\u{FFFD}"),
            ("\u{1b}[", "\u{FFFD}["),
            ("\u{1b}\u{1b}[1m", "\u{FFFD}\u{1b}[1m"),
            ("safe\rdanger\u{8}\u{9b}1A", "safe\u{FFFD}danger\u{FFFD}\u{FFFD}1A"),
            ("\u{202e}txt.exe\u{200b}", "\u{FFFD}txt.exe\u{FFFD}"),
        ] {
            assert_eq!(printed(&[text.as_bytes()]), shown, "{text:?}");
        }
    }

    #[test]
    fn a_character_may_come_in_pieces_and_what_is_none_is_marked() {
        let crab = "🦀".as_bytes();
        assert_eq!(printed(&[b"a", &crab[..1], &crab[1..3], &crab[3..], b"b"]), "a🦀b");
        assert_eq!(printed(&[b"a\xffb\xc3", b"("]), "a\u{FFFD}b\u{FFFD}(");
    }
}
