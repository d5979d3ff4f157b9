//! How wide a text will be, without a font at hand: the widths of DejaVu Sans, the widest of the fonts asked for.

use unicode_width::UnicodeWidthChar;

use crate::escape;

/// Advance widths of ASCII from space on, in hundredths of the font size.
const REGULAR: [u8; 95] = [
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63,
    59, 82, 59, 59, 52, 64, 34, 64, 84,
];

/// The same of the bold face.
const BOLD: [u8; 95] = [
    35, 46, 52, 84, 70, 100, 87, 31, 46, 46, 52, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 40, 40,
    84, 84, 84, 58, 100, 77, 76, 73, 83, 68, 68, 82, 84, 37, 37, 77, 64, 100, 84, 85, 73, 85, 77, 72, 68, 81, 77, 110,
    77, 72, 73, 46, 37, 46, 84, 50, 50, 67, 72, 59, 72, 68, 44, 72, 71, 34, 34, 67, 34, 104, 71, 69, 72, 72, 49, 60,
    48, 71, 65, 92, 65, 65, 58, 71, 37, 71, 84,
];

/// Width of `text` in pixels.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    text.chars().map(|c| em(c, bold)).sum::<f64>() * size
}

fn em(c: char, bold: bool) -> f64 {
    let table = if bold { &BOLD } else { &REGULAR };
    if let Some(&hundredths) = (c as usize).checked_sub(32).and_then(|i| table.get(i)) {
        return f64::from(hundredths) / 100.0;
    }
    match (c, c.width().unwrap_or(0)) {
        ('·', _) => 0.38,
        ('–', _) => 0.50,
        ('…', _) => 1.0,
        // Shown as a diamond, which is wider than any letter.
        ('\u{FFFD}', _) => 1.03,
        (c, _) if !escape::is_plain(c) => 1.03,
        (_, 0) => 0.0,
        // Signs and letters of other scripts: the widest common ones.
        (_, 1) => 0.86,
        _ => 1.2,
    }
}

/// `text` in lines of at most `max` pixels, broken at spaces, and inside a word only if that alone is too long.
pub(super) fn wrap(text: &str, size: f64, bold: bool, max: f64) -> Vec<String> {
    let fits = |s: &str| width(s, size, bold) <= max;
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let joined = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if fits(&joined) {
            line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if !line.is_empty() && width(&line, size, bold) + em(c, bold) * size > max {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// `text` cut to `max` pixels, with an ellipsis where it was cut.
pub(super) fn cut(text: &str, size: f64, bold: bool, max: f64) -> String {
    if width(text, size, bold) <= max {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = em('…', bold) * size;
    for c in text.chars() {
        used += em(c, bold) * size;
        if used > max {
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
    fn lines_keep_to_the_width_and_lose_nothing() {
        let text = "a function-with-a-name-that-is-longer-than-any-line and some words";
        let lines = wrap(text, 12.0, false, 120.0);
        assert!(lines.iter().all(|l| width(l, 12.0, false) <= 120.0), "{lines:?}");
        let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(text));
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("short", 12.0, false, 100.0), "short");
        let cut = cut("much too long for this", 12.0, false, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0, false) <= 60.0, "{cut}");
    }
}
