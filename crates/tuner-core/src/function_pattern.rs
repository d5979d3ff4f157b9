use std::fmt;
use std::str::FromStr;

use crate::FunctionName;
use crate::arn::MASK;

/// Functions as a file names them: a plain name, a full ARN, or either with `*` for any letters and `?` for one.
///
/// A plain name is of every region and account; an ARN says which. Where a document does not say a function's region or
/// account, or has the account masked, that part of an ARN fits.
///
/// ```
/// # use tuner_core::{FunctionName, FunctionPattern};
/// let pattern: FunctionPattern = "arn:aws:lambda:eu-*:*:function:pay-*".parse().unwrap();
/// let names = |name: &str, region| pattern.exactness(&name.parse::<FunctionName>().unwrap(), region) > 0;
/// assert!(names("arn:aws:lambda:eu-west-1:123456789012:function:pay-card", None));
/// assert!(names("pay-card", Some("eu-west-1")) && !names("pay-card", Some("us-east-1")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionPattern(String);

/// The text names no function, and is no pattern of names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no function: use NAME, the full ARN, or a pattern with * and ?")]
pub struct FunctionPatternError {
    /// As given.
    pub text: String,
}

impl FunctionPattern {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it may name several functions by `*` or `?`.
    pub fn is_glob(&self) -> bool {
        self.0.contains(['*', '?'])
    }

    /// How exactly it names `function`, which is in `region` if that is known; 0 if it names another. An ARN is more exact
    /// than a name, and that more than a pattern, of which the one with more letters is.
    pub fn exactness(&self, function: &FunctionName, region: Option<&str>) -> usize {
        let letters = self.0.chars().filter(|c| !matches!(c, '*' | '?')).count();
        let is_arn = self.0.contains(':');
        let fits = match is_arn {
            false => glob(&self.0, function.name()),
            true => self.0 == function.to_string() || self.fits_by_parts(function, region),
        };
        match (fits, self.is_glob()) {
            (false, _) => 0,
            (true, true) => 1 + letters,
            (true, false) if is_arn => usize::MAX,
            (true, false) => usize::MAX - 1,
        }
    }

    /// What is not known of a function fits.
    fn fits_by_parts(&self, function: &FunctionName, region: Option<&str>) -> bool {
        let whole = function.to_string();
        let parts: Vec<&str> = self.0.split(':').collect();
        let [arn, partition, service, of_region, account, word, name] = parts[..] else {
            return self.is_glob() && glob(&self.0, &whole);
        };
        let known = |part: &str, value: Option<&str>| value.is_none_or(|value| glob(part, value));
        let in_arn = whole.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
        glob(arn, "arn")
            && known(partition, in_arn)
            && glob(service, "lambda")
            && known(of_region, function.region().or(region))
            && known(account, function.account().filter(|&account| account != MASK))
            && glob(word, "function")
            && glob(name, function.name())
    }
}

impl FromStr for FunctionPattern {
    type Err = FunctionPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of_pattern = |c: char| c.is_ascii_alphanumeric() || "-_:*?".contains(c);
        let names = match text.contains(['*', '?']) {
            true => text.chars().all(of_pattern),
            false => text
                .parse::<FunctionName>()
                .is_ok_and(|name| name.qualifier().is_none() && name.to_string() == text),
        };
        match names {
            true => Ok(Self(text.to_owned())),
            false => Err(FunctionPatternError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for FunctionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any letters and `?` for one.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Each star takes as little as it can, and more when that leads nowhere.
    let mut last_star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            last_star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|&c| c == b'?' || c == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, taken)) = last_star {
            last_star = Some((star, taken + 1));
            p = star + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:pay-card";

    fn exactness(pattern: &str, function: &str, region: Option<&str>) -> usize {
        let pattern: FunctionPattern = pattern.parse().unwrap();
        pattern.exactness(&function.parse().unwrap(), region)
    }

    #[test]
    fn the_more_is_said_the_more_exact() {
        let order = [
            ARN,
            "pay-card",
            "arn:aws:lambda:eu-west-1:*:function:pay-*",
            "pay-*",
            "*",
        ];
        let found = order.map(|pattern| exactness(pattern, ARN, None));
        assert!(found.is_sorted_by(|a, b| a > b) && found[4] > 0, "{found:?}");
    }

    #[test]
    fn names_of_other_places_are_others() {
        for other in [
            "arn:aws:lambda:us-east-1:123456789012:function:pay-card",
            "arn:aws:lambda:eu-west-1:210987654321:function:pay-card",
            "arn:aws:lambda:eu-west-1:123456789012:function:pay-cards",
        ] {
            assert_eq!(exactness(ARN, other, None), 0, "{other}");
        }
        assert_eq!(exactness(ARN, "pay-card", Some("us-east-1")), 0);
        assert!(exactness(ARN, "pay-card", Some("eu-west-1")) > 0);
        // An account that is masked may be any.
        let masked = ARN.replace("123456789012", MASK);
        assert!(exactness(ARN, &masked, None) > 0);
        assert!(exactness("arn:*:pay-*", ARN, None) > 0);
        assert_eq!(exactness("pay", ARN, None), 0);
    }

    #[test]
    fn what_names_no_function_is_refused() {
        for text in [
            "",
            " pay",
            "pay card",
            "pay/card",
            "pay:live",
            "pay.*",
            "é*",
            "*\u{202e}",
        ] {
            let error = text.parse::<FunctionPattern>().unwrap_err();
            assert!(error.to_string().contains("full ARN"), "{text}");
        }
    }
}
