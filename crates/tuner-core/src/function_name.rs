use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::{Arn, is_account};

/// A function as people name it: plain name, partial ARN or full ARN, with or without a qualifier.
///
/// ```
/// # use tuner_core::FunctionName;
/// let name: FunctionName = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:resize:live".parse().unwrap();
/// assert_eq!((name.name(), name.qualifier(), name.region()), ("resize", Some("live"), Some("us-gov-west-1")));
/// ```
///
/// The API model's own pattern does not match newer regions such as `eusc-de-east-1`; this one asks only for the shape.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct FunctionName {
    location: Option<Location>,
    account: Option<String>,
    name: String,
    qualifier: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Location {
    partition: String,
    region: String,
}

impl FunctionName {
    /// The plain name, without account or qualifier.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version or alias, if one was given.
    pub fn qualifier(&self) -> Option<&str> {
        self.qualifier.as_deref()
    }

    /// The region, if an ARN was given.
    pub fn region(&self) -> Option<&str> {
        self.location.as_ref().map(|l| l.region.as_str())
    }

    /// The account, if an ARN or partial ARN was given.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The same function without its qualifier.
    #[must_use]
    pub fn unqualified(&self) -> Self {
        Self {
            qualifier: None,
            ..self.clone()
        }
    }

    /// The same function at another version or alias.
    #[must_use]
    pub fn at(&self, qualifier: &str) -> Self {
        Self {
            qualifier: Some(qualifier.to_owned()),
            ..self.clone()
        }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Location { partition, region }) = &self.location {
            write!(f, "arn:{partition}:lambda:{region}:")?;
        }
        if let Some(account) = &self.account {
            write!(f, "{account}:function:")?;
        }
        f.write_str(&self.name)?;
        if let Some(qualifier) = &self.qualifier {
            write!(f, ":{qualifier}")?;
        }
        Ok(())
    }
}

impl From<FunctionName> for String {
    fn from(name: FunctionName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for FunctionName {
    type Error = FunctionNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The text names no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no Lambda function: {reason}; use NAME, NAME:QUALIFIER, ACCOUNT:function:NAME or the full ARN")]
pub struct FunctionNameError {
    /// As given.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for FunctionName {
    type Err = FunctionNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason| FunctionNameError {
            text: text.to_owned(),
            reason,
        };
        let mut parts: Vec<&str> = text.trim().split(':').collect();
        let mut location = None;
        if parts[0] == "arn" {
            let arn = Arn::parse(text).map_err(fail)?;
            if arn.service != "lambda" {
                return Err(fail("the ARN is of another service than lambda"));
            }
            if arn.region.is_empty() {
                return Err(fail("the ARN's region is malformed"));
            }
            location = Some(Location {
                partition: arn.partition.to_owned(),
                region: arn.region.to_owned(),
            });
            parts.drain(..4);
        }
        let mut account = None;
        if parts.len() >= 3 && parts[1] == "function" {
            if !is_account(parts[0]) {
                return Err(fail("an account has 12 digits"));
            }
            account = Some(parts[0].to_owned());
            parts.drain(..2);
        } else if location.is_some() {
            return Err(fail("the ARN has no `:function:` part"));
        } else if parts.len() >= 2 && parts[0] == "function" {
            parts.drain(..1);
        }
        let (name, qualifier) = match parts[..] {
            [name] => (name, None),
            [name, qualifier] => (name, Some(qualifier)),
            _ => return Err(fail("it has too many parts")),
        };
        let is_word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if name.is_empty() {
            return Err(fail("the name is empty"));
        }
        if !is_word(name) {
            return Err(fail("a name has letters, digits, - and _ only"));
        }
        if name.len() > 64 {
            return Err(fail("a name has at most 64 characters"));
        }
        if let Some(qualifier) = qualifier
            && qualifier != "$LATEST"
            && (!is_word(qualifier) || qualifier.len() > 128)
        {
            return Err(fail("a qualifier is $LATEST, a version number or an alias name"));
        }
        Ok(Self {
            location,
            account,
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
        })
    }
}

/// Whether `text` has the shape of a region: two or more letters, words, a number (`eu-west-1`, `us-gov-east-1`,
/// `eusc-de-east-1`).
pub fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., number] = &words[..] else {
        return false;
    };
    let letters = |w: &str| w.len() >= 2 && w.bytes().all(|b| b.is_ascii_lowercase());
    letters(first)
        && !middle.is_empty()
        && middle.iter().all(|w| letters(w))
        && !number.is_empty()
        && number.len() <= 2
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_accepted_and_printed_back() {
        for text in [
            "resize",
            "resize:live",
            "resize:$LATEST",
            "123456789012:function:resize",
            "123456789012:function:resize:7",
            "arn:aws:lambda:eu-west-1:123456789012:function:resize",
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:resize:7",
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:resize",
            "arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:resize",
        ] {
            assert_eq!(text.parse::<FunctionName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_no_function_says_why() {
        for (text, reason) in [
            ("", "empty"),
            ("re size", "letters, digits"),
            ("arn:aws:lambda", "cut short"),
            ("arn:aws:s3:eu-west-1:123456789012:function:x", "another service"),
            ("arn:aws:lambda:europe:123456789012:function:x", "region"),
            ("arn:aws:lambda:eu-west-1:123456789012:layer:x", "`:function:`"),
            ("12:function:x", "12 digits"),
            ("x:y:z:w", "too many"),
            ("x:a b", "qualifier"),
        ] {
            let error = text.parse::<FunctionName>().unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn unqualified_and_at_change_the_qualifier_only() {
        let name: FunctionName = "arn:aws:lambda:eu-west-1:123456789012:function:resize:live"
            .parse()
            .unwrap();
        assert_eq!(
            name.unqualified().to_string(),
            "arn:aws:lambda:eu-west-1:123456789012:function:resize"
        );
        assert_eq!(name.at("3").qualifier(), Some("3"));
    }
}
