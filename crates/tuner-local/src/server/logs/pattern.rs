//! Filter patterns of CloudWatch Logs, as far as they are used on logs of Lambda.
//!
//! Source: "Filter pattern syntax" in the CloudWatch Logs user guide. Offered are words and phrases in quotes, all of which must be
//! there; `?word`, one of which; `-word`, none of which; and `{ $.a.b = "text" }` on JSON, also `!=`, `*` in the text, `&&`
//! or `||`. Anything else is refused: what is taken for something else finds too little, and nobody sees it.

use serde_json::Value;

#[derive(Debug, Default, PartialEq)]
pub(super) struct Pattern {
    terms: Terms,
    json: Option<Json>,
}

#[derive(Debug, Default, PartialEq)]
struct Terms {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

#[derive(Debug, PartialEq)]
struct Json {
    conditions: Vec<Condition>,
    /// Whether all must hold, or one.
    all: bool,
}

#[derive(Debug, PartialEq)]
struct Condition {
    path: Vec<String>,
    equal: bool,
    text: String,
}

impl Pattern {
    /// Reads one; `Err` says what is not offered.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > 1024 {
            return Err("a filter pattern has at most 1024 characters".to_owned());
        }
        if let Some(inside) = text.strip_prefix('{') {
            let inside = inside.strip_suffix('}').ok_or("a `{` is not closed")?;
            return Ok(Self {
                json: Some(Json::parse(inside)?),
                ..Self::default()
            });
        }
        if text.starts_with(['[', '%']) {
            return Err("the local Lambda offers no patterns of fields or regular expressions".to_owned());
        }
        Ok(Self {
            terms: Terms::parse(text)?,
            json: None,
        })
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        match &self.json {
            Some(json) => serde_json::from_str(message).is_ok_and(|value| json.matches(&value)),
            None => self.terms.matches(message),
        }
    }
}

impl Terms {
    fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (list, after) = match first {
                '?' => (&mut terms.any, &rest[1..]),
                '-' => (&mut terms.none, &rest[1..]),
                _ => (&mut terms.all, rest),
            };
            let (term, left) = match after.strip_prefix('"') {
                Some(quoted) => {
                    let end = quoted.find('"').ok_or("a quote is not closed")?;
                    (&quoted[..end], &quoted[end + 1..])
                }
                None => {
                    let end = after.find(char::is_whitespace).unwrap_or(after.len());
                    (&after[..end], &after[end..])
                }
            };
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let is_quoted = after.starts_with('"');
            if !is_quoted && !term.chars().all(is_word) {
                return Err(format!("`{term}` has characters that must be in quotes"));
            }
            if term.is_empty() {
                return Err("a term is empty".to_owned());
            }
            list.push(term.to_owned());
            rest = left.trim_start();
        }
        Ok(terms)
    }

    fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        self.all.iter().all(has) && (self.any.is_empty() || self.any.iter().any(has)) && !self.none.iter().any(has)
    }
}

impl Json {
    fn parse(text: &str) -> Result<Self, String> {
        let (all, parts): (bool, Vec<&str>) = match (text.contains("&&"), text.contains("||")) {
            (true, true) => return Err("the local Lambda offers no `&&` beside `||`".to_owned()),
            (false, true) => (false, text.split("||").collect()),
            _ => (true, text.split("&&").collect()),
        };
        let conditions = parts.into_iter().map(Condition::parse).collect::<Result<_, _>>()?;
        Ok(Self { conditions, all })
    }

    fn matches(&self, value: &Value) -> bool {
        let mut held = self.conditions.iter().map(|condition| condition.holds(value));
        if self.all { held.all(|h| h) } else { held.any(|h| h) }
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim();
        let refused = || format!("the local Lambda does not offer the condition `{text}`");
        let (equal, (left, right)) = match text.split_once("!=") {
            Some(sides) => (false, sides),
            None => (true, text.split_once('=').ok_or_else(refused)?),
        };
        let path = left.trim().strip_prefix("$.").ok_or_else(refused)?;
        let right = right.trim();
        let text = match right.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"').ok_or_else(refused)?,
            None => right,
        };
        let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        if text.is_empty() || text.contains(['"', '<', '>', '?']) || !path.iter().all(|key| is_key(key)) {
            return Err(refused());
        }
        Ok(Self {
            path,
            equal,
            text: text.to_owned(),
        })
    }

    fn holds(&self, value: &Value) -> bool {
        let found = self.path.iter().try_fold(value, |value, key| value.get(key));
        let shown = match found {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(yes)) => yes.to_string(),
            // Nothing is there to compare with: neither equal nor unequal.
            _ => return false,
        };
        is_like(&shown, &self.text) == self.equal
    }
}

/// Whether `text` is `wanted`, where each `*` stands for anything.
fn is_like(text: &str, wanted: &str) -> bool {
    tuner_core::glob(wanted, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(message)
    }

    #[test]
    fn words_and_phrases() {
        let report = "REPORT RequestId: 8f5c\tDuration: 12.34 ms";
        assert!(is("", report) && is("\"REPORT RequestId\"", report) && is("REPORT Duration", report));
        assert!(!is("\"RequestId REPORT\"", report) && !is("REPORT -Duration", report));
        assert!(is("?START ?REPORT", report) && !is("?START ?END", report));
        assert!(is("\"8f5c\"", report) && !is("report", report));
    }

    #[test]
    fn conditions_on_json() {
        let report = r#"{"time":"2026-01-01T00:00:00Z","type":"platform.report","record":{"status":"success","n":3}}"#;
        assert!(is(r#"{ $.type = "platform.report" }"#, report));
        assert!(is(r#"{ $.type = "platform.*" && $.record.status != "error" }"#, report));
        assert!(is(r#"{ ($.record.n = 3) || ($.type = "x") }"#, report));
        assert!(!is(r#"{ $.record.missing != "x" }"#, report));
        assert!(!is(r#"{ $.type = "platform.report" }"#, "REPORT RequestId: r"));
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        for pattern in [
            "[a, b]",
            "%x%",
            "{ $.a > 3 }",
            "{ $.a = 3",
            "a.b",
            "\"open",
            "{ $.a[0] = 1 }",
            "?",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
