//! Names with holes: what the tree says of a name, and what only the deployment knows.

use std::collections::BTreeMap;

/// Steps of one comparison before it is given up; a pattern of many holes has many ways to fit.
const MOST_STEPS: usize = 20_000;

/// What the name that AWS has says of the holes, by the hole's word.
pub(crate) type Known = BTreeMap<String, String>;

/// One part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// Filled at deployment, always with the same text where the word is the same.
    Hole(String),
    /// Letters and digits that a tool puts at the end.
    Random(Letters, usize, usize),
}

/// What a random part is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letters {
    Hex,
    Alphanumeric,
    #[cfg_attr(not(feature = "code"), expect(dead_code, reason = "of SST only"))]
    Lower,
}

impl Letters {
    const fn has(self, c: char) -> bool {
        match self {
            Self::Hex => c.is_ascii_digit() || matches!(c, 'a'..='f'),
            Self::Alphanumeric => c.is_ascii_alphanumeric(),
            Self::Lower => c.is_ascii_lowercase(),
        }
    }
}

/// Text with holes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pattern(pub(crate) Vec<Part>);

/// How well a name fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    /// No hole at all.
    pub(crate) exact: bool,
    pub(crate) known: Known,
}

impl Pattern {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    pub(crate) fn hole(word: impl Into<String>) -> Self {
        Self(vec![Part::Hole(word.into())])
    }

    pub(crate) fn push(&mut self, part: Part) {
        match (self.0.last_mut(), part) {
            (_, Part::Text(text)) if text.is_empty() => {}
            (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
            (_, part) => self.0.push(part),
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        other.0.iter().for_each(|part| self.push(part.clone()));
    }

    /// The text, where there is no hole.
    pub(crate) fn known_text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it says anything of which name it is: `${a}-${b}` fits every name with a dash.
    pub(crate) fn says_something(&self) -> bool {
        let says = |part: &Part| matches!(part, Part::Text(text) if text.chars().any(char::is_alphanumeric));
        self.0.iter().any(says)
    }

    /// Puts in what is known.
    pub(crate) fn filled(&self, known: &Known) -> Self {
        let mut filled = Self::default();
        for part in &self.0 {
            match part {
                Part::Hole(word) => match known.get(word) {
                    Some(text) => filled.push(Part::Text(text.clone())),
                    None => filled.push(part.clone()),
                },
                _ => filled.push(part.clone()),
            }
        }
        filled
    }

    /// Whether it can be `name`, whole and with case.
    pub(crate) fn fits(&self, name: &str) -> Option<Fit> {
        if let Some(text) = self.known_text() {
            return (text == name).then(|| Fit {
                exact: true,
                known: Known::new(),
            });
        }
        let mut search = Search {
            steps: 0,
            ways: Vec::new(),
        };
        search.go(&self.0, name, &mut Vec::new());
        let mut ways = search.ways.into_iter();
        let mut known = ways.next()?;
        for way in ways {
            known.retain(|word, text| way.get(word) == Some(text));
        }
        if search.steps >= MOST_STEPS {
            known.clear();
        }
        Some(Fit { exact: false, known })
    }
}

struct Search {
    steps: usize,
    ways: Vec<Known>,
}

impl Search {
    fn go<'a>(&mut self, parts: &'a [Part], rest: &'a str, bound: &mut Vec<(&'a str, &'a str)>) {
        self.steps += 1;
        if self.steps >= MOST_STEPS {
            return;
        }
        let Some((part, later)) = parts.split_first() else {
            if rest.is_empty() {
                let way = bound
                    .iter()
                    .map(|(word, text)| ((*word).to_owned(), (*text).to_owned()));
                self.ways.push(way.collect());
            }
            return;
        };
        match part {
            Part::Text(text) => {
                if let Some(rest) = rest.strip_prefix(text.as_str()) {
                    self.go(later, rest, bound);
                }
            }
            Part::Hole(word) => {
                if let Some((_, text)) = bound.iter().find(|(known, _)| known == word) {
                    if let Some(rest) = rest.strip_prefix(*text) {
                        self.go(later, rest, bound);
                    }
                    return;
                }
                for end in rest.char_indices().map(|(at, _)| at).chain([rest.len()]) {
                    bound.push((word, &rest[..end]));
                    self.go(later, &rest[end..], bound);
                    bound.pop();
                }
            }
            Part::Random(letters, least, most) => {
                let fits = rest.chars().take_while(|c| letters.has(*c)).count().min(*most);
                for length in *least..=fits {
                    // Only one-byte letters were counted.
                    self.go(later, &rest[length..], bound);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Letters, Part, Pattern};

    fn pattern(parts: &[&str]) -> Pattern {
        let mut pattern = Pattern::default();
        for part in parts {
            pattern.push(match part.strip_prefix('$') {
                Some(word) => Part::Hole(word.to_owned()),
                None => Part::Text((*part).to_owned()),
            });
        }
        pattern
    }

    #[test]
    fn a_hole_is_known_where_there_is_one_way() {
        let fit = pattern(&["acme-", "$stage", "-audit"]).fits("acme-prod-audit");
        assert_eq!(fit.map(|fit| fit.known["stage"].clone()), Some("prod".to_owned()));
        let two = pattern(&["$a", "-", "$b"]).fits("x-y-z").map(|fit| fit.known);
        assert_eq!(two, Some(super::Known::new()));
    }

    #[test]
    fn names_compare_whole_and_with_case() {
        for other in ["acme-audit-2", "Acme-audit", "old-acme-audit"] {
            assert_eq!(Pattern::text("acme-audit").fits(other), None, "{other}");
        }
        assert_eq!(pattern(&["$p", "-audit"]).fits("x-audit-2"), None);
    }

    #[test]
    fn the_same_hole_has_the_same_text() {
        let twice = pattern(&["$s", "-x-", "$s"]);
        assert!(twice.fits("prod-x-prod").is_some());
        assert!(twice.fits("prod-x-dev").is_none());
    }

    #[test]
    fn many_holes_end() {
        let many: Vec<String> = (0..40).map(|i| format!("$h{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let fit = pattern(&many).fits(&"a".repeat(64));
        assert!(fit.is_none_or(|fit| fit.known.is_empty()));
    }

    #[test]
    fn random_ends() {
        let mut name = Pattern::text("resize-");
        name.push(Part::Random(Letters::Hex, 7, 7));
        assert!(name.fits("resize-3f2a91c").is_some());
        assert!(name.fits("resize-3f2a91").is_none());
        assert!(name.fits("resize-xxxxxxx").is_none());
    }
}
