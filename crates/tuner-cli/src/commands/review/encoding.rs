//! Text as shells of all kinds write it: PowerShell's `>` makes UTF-16.

use std::fmt;

/// Bytes that are no text in a known encoding.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotText {
    BrokenUtf16,
    Other,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BrokenUtf16 => "it begins as UTF-16 and is none to its end; save it as UTF-8",
            Self::Other => "it is neither UTF-8 nor UTF-16; save it as UTF-8",
        })
    }
}

/// UTF-8 with or without a byte order mark, or UTF-16: with one, or known by the zero beside its first letter.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, NotText> {
    match &bytes[..] {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).map_err(|_| NotText::Other),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(&bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(&bytes, u16::from_be_bytes),
        _ => String::from_utf8(bytes).map_err(|_| NotText::Other),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NotText::BrokenUtf16);
    }
    char::decode_utf16(units.iter().map(|pair| unit(*pair)))
        .collect::<Result<_, _>>()
        .map_err(|_| NotText::BrokenUtf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "{\"a\": \"\u{e9}\u{1f600}\"}";
        let le = |mark: &[u8]| {
            [
                mark,
                &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()[..],
            ]
            .concat()
        };
        let be = |mark: &[u8]| {
            [
                mark,
                &text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()[..],
            ]
            .concat()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            le(b"\xff\xfe"),
            be(b"\xfe\xff"),
            le(b""),
            be(b""),
        ] {
            assert_eq!(decode(bytes), Ok(text.to_owned()));
        }
        assert_eq!(decode(Vec::new()), Ok(String::new()));
    }

    #[test]
    fn what_is_no_text_says_so() {
        assert_eq!(decode(b"\xff\xfe{\0}".to_vec()), Err(NotText::BrokenUtf16));
        assert_eq!(decode(b"\xff\xfe\x00\xd8".to_vec()), Err(NotText::BrokenUtf16));
        assert_eq!(decode(vec![0x80, 0x81]), Err(NotText::Other));
    }
}
