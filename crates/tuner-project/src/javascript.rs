//! What a JavaScript file exports, by its text: nothing is evaluated.

/// What is known of the exports of a module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exports {
    pub(crate) names: Vec<String>,
    /// Whether there may be others: `export *`, `module.exports = require(...)`, and whatever else is not written out.
    pub(crate) is_open: bool,
}

impl Exports {
    pub(crate) fn parse(source: &str) -> Self {
        let tokens = tokens(source);
        let mut exports = Self::default();
        for i in 0..tokens.len() {
            let before_is_dot = i > 0 && tokens[i - 1] == ".";
            let rest = &tokens[i..];
            match tokens[i].as_str() {
                "export" if !before_is_dot => exports.export(&rest[1..]),
                "exports" => exports.common_js(&rest[1..], before_is_dot),
                // A bundle that is minified or compiled exports by helpers.
                "__export" | "__exportStar" | "__esModule" | "__toCommonJS" => exports.is_open = true,
                _ => {}
            }
        }
        exports
    }

    /// Whether the module exports this name, as far as its text can tell.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        self.is_open || self.names.iter().any(|n| n == name)
    }

    fn export(&mut self, rest: &[String]) {
        let word = |i: usize| rest.get(i).map_or("", String::as_str);
        match word(0) {
            "default" => self.names.push("default".to_owned()),
            "*" => self.is_open = true,
            "{" => self.object(&rest[1..], "as"),
            "const" | "let" | "var" | "class" => match word(1) {
                "{" | "[" => self.is_open = true,
                name => self.names.push(name.to_owned()),
            },
            "function" => self.names.push(word(if word(1) == "*" { 2 } else { 1 }).to_owned()),
            "async" if word(1) == "function" => {
                self.names.push(word(if word(2) == "*" { 3 } else { 2 }).to_owned());
            }
            _ => {}
        }
    }

    /// What follows `exports`, which may itself follow `module.`.
    fn common_js(&mut self, rest: &[String], of_module: bool) {
        let word = |i: usize| rest.get(i).map_or("", String::as_str);
        match word(0) {
            "." if word(2) == "=" => {
                self.names.push(word(1).to_owned());
                // `exports.a = exports.b = f`: the next one is seen by itself.
            }
            "=" if of_module => match word(1) {
                "{" => self.object(&rest[2..], ":"),
                _ => self.is_open = true,
            },
            "[" => self.is_open = true,
            // `Object.defineProperty(exports, ...)`, `Object.assign(exports, ...)`, `f(module.exports)`
            "," | ")" => self.is_open = true,
            _ => {}
        }
    }

    /// Names of `{ a, b as c }` or `{ a, b: c, d() {} }`.
    fn object(&mut self, rest: &[String], renames: &str) {
        let mut depth = 0_usize;
        let mut at_start = true;
        for (i, token) in rest.iter().enumerate() {
            match token.as_str() {
                "}" if depth == 0 => return,
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    at_start = true;
                    continue;
                }
                "..." | "." if depth == 0 && at_start => self.is_open = true,
                "async" | "get" if depth == 0 && at_start && rest.get(i + 1).is_some_and(|t| is_word(t)) => continue,
                name if depth == 0 && at_start && is_word(name) => {
                    // In an `export` the name is what follows `as`.
                    let alias = (renames == "as" && rest.get(i + 1).is_some_and(|t| t == "as"))
                        .then(|| rest.get(i + 2))
                        .flatten();
                    self.names.push(alias.map_or_else(|| name.to_owned(), Clone::clone));
                }
                _ => {}
            }
            at_start = false;
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
}

/// Words and signs; comments are left out, strings are a word of what they hold.
fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let mut tokens: Vec<String> = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if c == '/' && chars.get(i + 1) == Some(&'/') {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && chars.get(i + 1) == Some(&'*') {
            i += 2;
            while i < chars.len() && !(chars[i] == '*' && chars.get(i + 1) == Some(&'/')) {
                i += 1;
            }
            i += 2;
        } else if matches!(c, '"' | '\'' | '`') {
            let start = i + 1;
            i += 1;
            while i < chars.len() && chars[i] != c && (c == '`' || chars[i] != '\n') {
                i += if chars[i] == '\\' { 2 } else { 1 };
            }
            let end = i.min(chars.len());
            // The name of `"handler": f` counts, the text of a long string does not.
            let text: String = chars[start.min(end)..end].iter().take(200).collect();
            tokens.push(
                match text.chars().all(|c| c.is_alphanumeric() || "_$".contains(c)) && !text.is_empty() {
                    true => text,
                    false => "\"\"".to_owned(),
                },
            );
            i += 1;
        } else if c == '/' && is_regex(tokens.last()) {
            i += 1;
            let mut in_class = false;
            while i < chars.len() && chars[i] != '\n' && (in_class || chars[i] != '/') {
                match chars[i] {
                    '\\' => i += 1,
                    '[' => in_class = true,
                    ']' => in_class = false,
                    _ => {}
                }
                i += 1;
            }
            i += 1;
            tokens.push("\"\"".to_owned());
        } else if c.is_alphanumeric() || c == '_' || c == '$' {
            let start = i;
            while i < chars.len() && (chars[i].is_alphanumeric() || matches!(chars[i], '_' | '$')) {
                i += 1;
            }
            tokens.push(chars[start..i].iter().collect());
        } else if c.is_whitespace() {
            i += 1;
        } else {
            let text: String = chars[i..].iter().take(3).collect();
            let sign = ["...", "===", "!==", "==", "=>", "!=", "<=", ">="]
                .iter()
                .find(|s| text.starts_with(**s));
            let sign = sign.map_or_else(|| c.to_string(), |s| (*s).to_owned());
            i += sign.chars().count();
            tokens.push(sign);
        }
    }
    tokens
}

/// Whether a `/` after this token begins a regular expression.
fn is_regex(before: Option<&String>) -> bool {
    before.is_none_or(|token| {
        matches!(
            token.as_str(),
            "(" | "," | "=" | ":" | "[" | "!" | "&" | "|" | "?" | "{" | "}" | ";" | "return" | "=>"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_to_export_is_seen() {
        for source in [
            "export const handler = async (event) => {}",
            "export async function handler(event) {}",
            "export function handler() {}",
            "const h = 1; export { a, h as handler }",
            "export { handler } from './x.js'",
            "exports.handler = async () => {}",
            "module.exports.handler = f",
            "module.exports = { a: 1, handler }",
            "module.exports = { a: { x: [1, 2] }, handler: async (e) => ({}) , b }",
            "module.exports = { async handler(event) {} }",
            "exports.a = exports.handler = f",
            "module.exports = { 'handler': f }",
        ] {
            let exports = Exports::parse(source);
            assert!(
                exports.names.iter().any(|n| n == "handler") && !exports.is_open,
                "{source}: {exports:?}"
            );
        }
    }

    #[test]
    fn what_is_not_written_out_may_be_anything() {
        for source in [
            "export * from './x.js'",
            "module.exports = require('./x')",
            "Object.defineProperty(exports, 'handler', { get: f })",
            "module.exports = { ...other }",
            "0 && (module.exports = {handler})\nvar __export = (t, all) => {}",
        ] {
            assert!(Exports::parse(source).may_have("handler"), "{source}");
        }
    }

    #[test]
    fn comments_and_strings_export_nothing() {
        for source in [
            "// exports.handler = 1\n",
            "/* export const handler = 1 */",
            "const s = `exports.handler = ${1}`",
            "const s = 'it is \\' exports.handler = 1'",
            "const r = /'/; // exports.handler = 1",
            "http.createServer(handler)",
            "const handler = 1",
        ] {
            let exports = Exports::parse(source);
            assert!(!exports.may_have("handler"), "{source}: {exports:?}");
        }
    }

    #[test]
    fn broken_text_is_no_end() {
        for source in [
            "export",
            "export {",
            "exports.",
            "module.exports = {",
            "'",
            "/*",
            "`\\",
            "/[",
            "export async",
        ] {
            let _ = Exports::parse(source);
        }
    }
}
