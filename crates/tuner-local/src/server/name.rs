//! Function names in all the forms callers write them.

use std::fmt;

use super::error::{ApiError, ErrorKind};

/// Where the functions are: the part of an ARN before the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) region: String,
    pub(super) account_id: String,
}

impl Place {
    /// `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`.
    pub(super) fn arn(&self, name: &str) -> String {
        let Self { region, account_id } = self;
        format!("arn:{}:lambda:{region}:{account_id}:function:{name}", self.partition())
    }

    /// The ARN of a version or alias of `name`.
    pub(super) fn qualified_arn(&self, name: &str, qualifier: &str) -> String {
        format!("{}:{qualifier}", self.arn(name))
    }

    fn partition(&self) -> &'static str {
        match self.region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("eusc") => "aws-eusc",
            _ if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

/// A version or alias of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Qualifier {
    /// The unpublished version.
    Latest,
    /// A published version.
    Version(u64),
    /// Anything that is not all digits.
    Alias(String),
}

impl Qualifier {
    fn parse(text: &str) -> Result<Self, ApiError> {
        if text == "$LATEST" {
            return Ok(Self::Latest);
        }
        if !is_word(text) || text.len() > 128 {
            return Err(ApiError::constraint(
                "qualifier",
                text,
                "satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
            ));
        }
        Ok(match text.parse() {
            Ok(version) if text.bytes().all(|b| b.is_ascii_digit()) => Self::Version(version),
            _ => Self::Alias(text.to_owned()),
        })
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Version(number) => number.fmt(f),
            Self::Alias(name) => f.write_str(name),
        }
    }
}

/// What a call is about: a function and, if one was given, its version or alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) qualifier: Option<Qualifier>,
}

impl Target {
    /// Reads `name`, `name:qualifier`, `ACCOUNT:function:name[:q]` or a whole ARN, and joins it with the qualifier of
    /// the query string. An ARN of another region or account is a function that does not exist here.
    pub(super) fn parse(place: &Place, text: &str, query_qualifier: Option<&str>) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::constraint(
                "functionName",
                text,
                "satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)\
                 ))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
            )
        };
        let mut parts: Vec<&str> = text.split(':').collect();
        let mut elsewhere = false;
        if parts.len() >= 6 && parts[0] == "arn" {
            if !parts[1].starts_with("aws") || parts[2] != "lambda" {
                return Err(invalid());
            }
            elsewhere |= parts[3] != place.region;
            parts.drain(..4);
        } else if parts.first() == Some(&"arn") {
            return Err(invalid());
        }
        // What is left: [ACCOUNT:]["function":]name[:qualifier]
        if parts.len() >= 2 && is_account_id(parts[0]) {
            elsewhere |= parts[0] != place.account_id;
            parts.remove(0);
        }
        if parts.len() >= 2 && parts[0] == "function" {
            parts.remove(0);
        }
        let (name, own) = match parts[..] {
            [name] => (name, None),
            [name, qualifier] => (name, Some(Qualifier::parse(qualifier)?)),
            _ => return Err(invalid()),
        };
        if !is_word(name) || text.len() > 256 {
            return Err(invalid());
        }
        let queried = query_qualifier.map(Qualifier::parse).transpose()?;
        if let (Some(own), Some(queried)) = (&own, &queried)
            && own != queried
        {
            return Err(ApiError::invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        if elsewhere {
            return Err(ApiError::new(
                ErrorKind::ResourceNotFound,
                format!("Function not found: {text}"),
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            qualifier: queried.or(own),
        })
    }

    /// The function's name, for calls that are about `$LATEST` or the function as a whole.
    pub(super) fn unqualified(self) -> Result<String, ApiError> {
        match self.qualifier {
            None | Some(Qualifier::Latest) => Ok(self.name),
            Some(qualifier) => Err(ApiError::invalid(format!(
                "This operation is permitted on Lambda functions only. Lambda function version or alias {qualifier} is \
                 not supported; leave it out."
            ))),
        }
    }
}

/// Letters, digits, hyphen and underscore.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            region: "eu-west-1".into(),
            account_id: "123456789012".into(),
        }
    }

    fn parse(text: &str, query: Option<&str>) -> Result<(String, Option<Qualifier>), ErrorKind> {
        Target::parse(&place(), text, query)
            .map(|t| (t.name, t.qualifier))
            .map_err(|e| e.kind)
    }

    #[test]
    fn every_form_names_the_same_function() {
        for text in [
            "hash",
            "function:hash",
            "123456789012:function:hash",
            "123456789012:hash",
            "arn:aws:lambda:eu-west-1:123456789012:function:hash",
            "arn:aws-cn:lambda:eu-west-1:123456789012:function:hash",
        ] {
            assert_eq!(parse(text, None), Ok(("hash".into(), None)), "{text}");
            let with = format!("{text}:7");
            assert_eq!(
                parse(&with, None),
                Ok(("hash".into(), Some(Qualifier::Version(7)))),
                "{with}"
            );
            assert_eq!(parse(&with, Some("7")), parse(&with, None), "{with}");
            assert_eq!(
                parse(text, Some("live")),
                Ok(("hash".into(), Some(Qualifier::Alias("live".into())))),
                "{text}"
            );
            let latest = format!("{text}:$LATEST");
            assert_eq!(
                parse(&latest, None),
                Ok(("hash".into(), Some(Qualifier::Latest))),
                "{latest}"
            );
        }
    }

    #[test]
    fn a_function_may_be_called_function() {
        assert_eq!(parse("function", None), Ok(("function".into(), None)));
    }

    #[test]
    fn other_regions_and_accounts_are_not_here() {
        for text in [
            "arn:aws:lambda:us-east-1:123456789012:function:hash",
            "arn:aws:lambda:eu-west-1:210987654321:function:hash",
            "210987654321:function:hash",
        ] {
            assert_eq!(parse(text, None), Err(ErrorKind::ResourceNotFound), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            ":",
            "a b",
            "hash:",
            "a:b:c",
            "arn:aws:s3:::bucket",
            "arn:aws:sqs:eu-west-1:123456789012:function:f",
        ] {
            assert_eq!(parse(text, None), Err(ErrorKind::Validation), "{text}");
        }
        assert_eq!(parse("hash:1", Some("2")), Err(ErrorKind::InvalidParameterValue));
        assert_eq!(parse("hash", Some("not a qualifier")), Err(ErrorKind::Validation));
    }

    #[test]
    fn the_partition_follows_from_the_region() {
        for (region, arn) in [
            ("eu-west-1", "arn:aws:lambda:eu-west-1:1:function:f"),
            ("cn-north-1", "arn:aws-cn:lambda:cn-north-1:1:function:f"),
            ("us-gov-west-1", "arn:aws-us-gov:lambda:us-gov-west-1:1:function:f"),
            ("eusc-de-east-1", "arn:aws-eusc:lambda:eusc-de-east-1:1:function:f"),
        ] {
            assert_eq!(
                Place {
                    region: region.into(),
                    account_id: "1".into()
                }
                .arn("f"),
                arn
            );
        }
    }
}
