//! Writes SVG elements that plotters has no word for: groups with titles, and text.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::rc::Rc;

use super::text;
use crate::escape;

/// The growing picture, shared by all panels and by the backend under them.
#[derive(Clone, Default)]
pub(super) struct Pen(Rc<RefCell<String>>);

/// Which end of a text stands at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Pen {
    /// What was written so far.
    pub(super) fn into_svg(self) -> String {
        self.0.take()
    }

    pub(super) fn write(&self, args: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.borrow_mut().write_fmt(args);
    }

    /// Runs `draw` inside a group that a pointer resting on it explains.
    pub(super) fn group<T>(&self, class: &str, title: &str, draw: impl FnOnce() -> T) -> T {
        self.write(format_args!("<g class=\"{class}\">"));
        if !title.is_empty() {
            self.write(format_args!("<title>{}</title>", escape::xml(title)));
        }
        let drawn = draw();
        self.write(format_args!("</g>\n"));
        drawn
    }

    /// Text with its baseline at `y`.
    pub(super) fn text(&self, (x, y): (f64, f64), anchor: Anchor, class: &str, words: &str) {
        self.write(format_args!(
            "<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>",
            Px(x),
            Px(y),
            Class(class, anchor),
            escape::xml(words)
        ));
    }

    /// Text that runs upwards, its middle at the point.
    pub(super) fn text_upwards(&self, (x, y): (f64, f64), class: &str, words: &str) {
        self.write(format_args!(
            "<text transform=\"translate({} {}) rotate(-90)\" class=\"{}\">{}</text>",
            Px(x),
            Px(y),
            Class(class, Anchor::Middle),
            escape::xml(words)
        ));
    }

    /// Lines of text below each other, wrapped to `width`; returns the baseline after the last.
    pub(super) fn paragraph(&self, (x, mut y): (f64, f64), width: f64, font: Font, class: &str, words: &str) -> f64 {
        for line in text::wrap(words, font.size, font.bold, width) {
            self.text((x, y), Anchor::Start, class, &line);
            y += font.leading();
        }
        y
    }
}

/// Size and weight of a text, as far as its width depends on them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) bold: bool,
}

impl Font {
    pub(super) const fn regular(size: f64) -> Self {
        Self { size, bold: false }
    }

    pub(super) const fn bold(size: f64) -> Self {
        Self { size, bold: true }
    }

    fn leading(self) -> f64 {
        (self.size * 1.35).ceil()
    }
}

/// A length in pixels, with at most one decimal.
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        match (tenths / 10, tenths.unsigned_abs() % 10) {
            (whole, 0) => write!(f, "{whole}"),
            (0, tenth) if tenths < 0 => write!(f, "-0.{tenth}"),
            (whole, tenth) => write!(f, "{whole}.{tenth}"),
        }
    }
}

struct Class<'a>(&'a str, Anchor);

impl fmt::Display for Class<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        f.write_str(match self.1 {
            Anchor::Start => "",
            Anchor::Middle => " m",
            Anchor::End => " e",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_have_one_decimal_at_most() {
        for (value, text) in [(0.0, "0"), (12.34, "12.3"), (-0.26, "-0.3"), (-2.0, "-2"), (7.96, "8")] {
            assert_eq!(Px(value).to_string(), text);
        }
    }

    #[test]
    fn titles_and_texts_are_escaped() {
        let pen = Pen::default();
        pen.group("g", "<script>", || pen.text((1.0, 2.0), Anchor::End, "b", "a & b"));
        assert_eq!(
            pen.into_svg(),
            "<g class=\"g\"><title>&lt;script&gt;</title><text x=\"1\" y=\"2\" class=\"b e\">a &amp; b</text></g>\n"
        );
    }
}
