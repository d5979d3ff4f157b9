//! Undoing the escapes of strings in JSON and its relatives.

/// Undoes JSON's escapes into `message`, and those of Python and YAML that are none in JSON. What is no escape stays as it is.
pub(super) fn unescape(literal: &[u8], message: &mut Vec<u8>) {
    message.clear();
    let mut rest = literal;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        message.extend_from_slice(&rest[..at]);
        let (byte, length) = match &rest[at + 1..] {
            [b'n', ..] => (b'\n', 2),
            [b't', ..] => (b'\t', 2),
            [b'r', ..] => (b'\r', 2),
            [b'b', ..] => (0x08, 2),
            [b'f', ..] => (0x0c, 2),
            [quoted @ (b'"' | b'\\' | b'/' | b'\'' | b' '), ..] => (*quoted, 2),
            // YAML goes on in the next line, without what that is indented by.
            [b'\n', next @ ..] => {
                let indented = next.iter().take_while(|byte| **byte == b' ').count();
                rest = &rest[at + 2 + indented..];
                continue;
            }
            // Lambda's lines are ASCII; anything beyond belongs to an application and only has to keep its place.
            [b'u', digits @ ..] if digits.len() >= 4 => (ascii_of_hex(&digits[..4]).unwrap_or(b'?'), 6),
            _ => (b'\\', 1),
        };
        message.push(byte);
        rest = &rest[at + length..];
    }
    message.extend_from_slice(rest);
}

fn ascii_of_hex(digits: &[u8]) -> Option<u8> {
    let code = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    code.is_ascii().then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let mut message = Vec::new();
        unescape(br#"a\tb\n\"c\" \\ \/ \u0041 \u00e9 \x \"#, &mut message);
        assert_eq!(message, b"a\tb\n\"c\" \\ / A ? \\x \\");
        unescape(b"a\\\n    \\ b \\'c\\'", &mut message);
        assert_eq!(message, b"a b 'c'");
    }
}
