//! Which function an event is of, by the names of its log stream and log group, or by an ARN.

use std::borrow::Cow;

use memchr::memmem;

/// Of which function, where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin<'a> {
    /// The function's name.
    pub function: Option<&'a str>,
    /// The region, where that is said.
    pub region: Option<&'a str>,
    /// Whether it is Lambda@Edge: its groups are called `/aws/lambda/us-east-1.NAME`, in whatever region it ran.
    pub edge: bool,
    /// The version, a number or `$LATEST`, as the name of the log stream or an ARN has it.
    pub version: Option<&'a str>,
}

/// The names beside an event, as far as they are said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Names<'a> {
    pub(super) stream: Option<Cow<'a, [u8]>>,
    pub(super) group: Option<Cow<'a, [u8]>>,
    /// A name or an ARN.
    pub(super) function: Option<Cow<'a, [u8]>>,
}

impl<'a> Names<'a> {
    /// What the two together say; `self` is nearer to the event.
    pub(super) fn complete(&mut self, other: &Self) {
        for (mine, others) in [
            (&mut self.stream, &other.stream),
            (&mut self.group, &other.group),
            (&mut self.function, &other.function),
        ] {
            if mine.is_none() {
                mine.clone_from(others);
            }
        }
    }

    /// Whether CloudWatch's own names are among them.
    pub(super) fn is_of_cloudwatch(&self) -> bool {
        self.stream.is_some() || self.group.is_some()
    }

    /// The name in the stream comes first: in a shared log group it alone tells the function.
    pub(super) fn origin(&self) -> Origin<'_> {
        let of_group = self.group.as_deref().and_then(text).and_then(origin_of_log_group);
        let of_arn = self.function.as_deref().and_then(text).and_then(origin_of_function);
        let region = of_group.and_then(|o| o.region).or(of_arn.and_then(|o| o.region));
        let of_stream = self.stream.as_deref().and_then(version_of_log_stream);
        let version = of_stream.or(of_arn.and_then(|o| o.version));
        if let Some(name) = self.stream.as_deref().and_then(function_of_log_stream) {
            return Origin {
                function: Some(name),
                region,
                edge: false,
                version,
            };
        }
        let found = of_group.filter(|o| o.function.is_some()).or(of_arn).unwrap_or_default();
        Origin {
            region,
            version,
            ..found
        }
    }

    pub(super) fn into_owned(self) -> Names<'static> {
        let own = |name: Option<Cow<'a, [u8]>>| name.map(|name| Cow::Owned(name.into_owned()));
        Names {
            stream: own(self.stream),
            group: own(self.group),
            function: own(self.function),
        }
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

const GROUP: &str = "aws/lambda/";

/// `/aws/lambda/NAME` to `NAME`, also in an ARN of the group, behind an account as in Logs Insights' `@log`, and inside a
/// path such as `backup/aws/lambda/NAME/stream/000000.gz`: there the last one counts.
pub fn origin_of_log_group(group: &str) -> Option<Origin<'_>> {
    let at = group.rfind(GROUP)?;
    let before = &group[..at];
    if !before.is_empty() && !before.ends_with('/') {
        return None;
    }
    let name = group[at + GROUP.len()..].split(['/', '\\', ':']).next()?;
    named(name, arn_part(group, 3))
}

/// The function that a log group or an ARN calls `name`, which may be that of a replica at the edge.
fn named<'a>(name: &'a str, region: Option<&'a str>) -> Option<Origin<'a>> {
    match edge_function(name) {
        Some(function) => Some(Origin {
            function: Some(function),
            region,
            edge: true,
            version: None,
        }),
        None => is_function_name(name).then_some(Origin {
            function: Some(name),
            region,
            edge: false,
            version: None,
        }),
    }
}

/// As [`origin_of_log_group`], the name only.
pub fn function_of_log_group(group: &str) -> Option<&str> {
    origin_of_log_group(group)?.function
}

/// A function's name, or its ARN.
fn origin_of_function(function: &str) -> Option<Origin<'_>> {
    let (name, qualifier) = match function.split_once(":function:") {
        Some((_, name)) => name.split_once(':').map_or((name, None), |(name, q)| (name, Some(q))),
        None => (function, None),
    };
    Some(Origin {
        version: qualifier.filter(|qualifier| is_version(qualifier)),
        ..named(name, arn_part(function, 3))?
    })
}

fn arn_part(arn: &str, part: usize) -> Option<&str> {
    let part = arn.strip_prefix("arn:")?.split(':').nth(part - 1)?;
    looks_like_region(part).then_some(part)
}

/// `us-east-1.NAME` to `NAME`.
fn edge_function(name: &str) -> Option<&str> {
    let (region, function) = name.split_once('.')?;
    (looks_like_region(region) && is_function_name(function)).then_some(function)
}

/// Such as `eu-west-1`, `us-gov-west-1`, `eusc-de-east-1`.
pub fn looks_like_region(word: &str) -> bool {
    const DIRECTIONS: [&str; 9] = [
        "north",
        "south",
        "east",
        "west",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
    ];
    let parts: Vec<&str> = word.split('-').take(5).collect();
    match &parts[..] {
        [area @ .., direction, number] => {
            matches!(area.len(), 1 | 2)
                && area
                    .iter()
                    .all(|part| (2..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase()))
                && DIRECTIONS.contains(direction)
                && number.len() == 1
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

/// `2026/01/31/NAME[$LATEST]0123` to `NAME`, also with dashes for slashes, as exports write it; the streams of a
/// function's own log group have no name in them.
pub fn function_of_log_stream(stream: &[u8]) -> Option<&str> {
    let name = &stream.get(11..)?[..name_in_stream(stream)?];
    text(name).filter(|name| is_function_name(name))
}

/// `2026/01/31/[7]0123` to `7`, also with dashes for slashes: the version whose environment logs there.
pub fn version_of_log_stream(stream: &[u8]) -> Option<&str> {
    let rest = &stream.get(11..)?[name_in_stream(stream)? + 1..];
    let version = &rest[..memchr::memchr(b']', &rest[..rest.len().min(LONGEST_VERSION)])?];
    text(version).filter(|version| is_version(version))
}

/// Of a number.
const LONGEST_VERSION: usize = 24;

fn is_version(text: &str) -> bool {
    text == "$LATEST" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this is the name of a stream of Lambda's, with or without a function in it.
pub fn is_log_stream(name: &[u8]) -> bool {
    name_in_stream(name).is_some()
}

/// How long the name is that stands in a stream between the date and the version.
fn name_in_stream(stream: &[u8]) -> Option<usize> {
    match stream {
        [y1, y2, y3, y4, s1, m1, m2, s2, d1, d2, s3, rest @ ..]
            if (matches!((s1, s2, s3), (b'/', b'/', b'/') | (b'-', b'-', b'-')))
                && [y1, y2, y3, y4, m1, m2, d1, d2]
                    .iter()
                    .all(|byte| byte.is_ascii_digit()) =>
        {
            memchr::memchr(b'[', &rest[..rest.len().min(160)])
        }
        _ => None,
    }
}

/// The word as a log stream.
pub(super) fn as_stream(word: &[u8]) -> Option<&[u8]> {
    is_log_stream(word).then_some(word)
}

/// The word as a log group of a function.
pub(super) fn as_group(word: &[u8]) -> Option<&[u8]> {
    const LONGEST: usize = 1024;
    (word.len() > GROUP.len() && word.len() < LONGEST && memmem::find(word, GROUP.as_bytes()).is_some())
        .then_some(word)
        .filter(|word| text(word).and_then(origin_of_log_group).is_some())
}

fn is_function_name(name: &str) -> bool {
    (1..=140).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names_come_from_groups_paths_and_streams() {
        assert_eq!(function_of_log_group("/aws/lambda/my-fn"), Some("my-fn"));
        assert_eq!(
            function_of_log_group("/data/aws/lambda/my_fn/2026-01-01/000000.gz"),
            Some("my_fn")
        );
        assert_eq!(
            function_of_log_group("/src/aws/lambda/tools/x/aws/lambda/pay/0.gz"),
            Some("pay")
        );
        assert_eq!(function_of_log_group("123456789012:/aws/lambda/pay"), Some("pay"));
        for none in [
            "/laws/lambda/my_fn",
            "my-group",
            "/aws/lambda/",
            "/aws/lambda/a b",
            "/aws/lambda/a.b",
        ] {
            assert_eq!(function_of_log_group(none), None, "{none}");
        }
        assert_eq!(function_of_log_stream(b"2026/01/31/pay[$LATEST]0123"), Some("pay"));
        assert_eq!(function_of_log_stream(b"2026-01-31-pay_2[7]0123"), Some("pay_2"));
        assert_eq!(function_of_log_stream(b"2026/01/31/[$LATEST]0123"), None);
        for (stream, version) in [
            (&b"2026/01/31/pay[$LATEST]0123"[..], Some("$LATEST")),
            (b"2026-01-31-[7]0123", Some("7")),
            (b"2026/01/31/[live]0123", None),
            (b"2026/01/31/[7", None),
            (b"2026/01/31/[]0123", None),
        ] {
            assert_eq!(version_of_log_stream(stream), version);
        }
        assert!(is_log_stream(b"2026/01/31/[$LATEST]0123") && !is_log_stream(b"2026/01/31/x"));
    }

    #[test]
    fn an_edge_function_is_called_as_its_master_and_arns_say_the_region() {
        let edge = origin_of_log_group("/aws/lambda/us-east-1.auth-check").unwrap();
        assert_eq!(
            edge,
            Origin {
                function: Some("auth-check"),
                region: None,
                edge: true,
                version: None
            }
        );
        let arn = origin_of_log_group("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/pay:*").unwrap();
        assert_eq!(
            arn,
            Origin {
                function: Some("pay"),
                region: Some("eu-west-1"),
                edge: false,
                version: None
            }
        );
        let names = Names {
            function: Some(b"arn:aws:lambda:us-gov-west-1:123456789012:function:pay:7"[..].into()),
            ..Names::default()
        };
        assert_eq!(
            names.origin(),
            Origin {
                function: Some("pay"),
                region: Some("us-gov-west-1"),
                edge: false,
                version: Some("7")
            }
        );
    }

    #[test]
    fn the_stream_comes_before_the_group() {
        let names = Names {
            stream: Some(b"2026/09/21/one[$LATEST]83"[..].into()),
            group: Some(b"/aws/lambda/shared-logs"[..].into()),
            function: None,
        };
        assert_eq!(names.origin().function, Some("one"));
    }

    #[test]
    fn regions_are_told_from_other_words() {
        for region in [
            "us-east-1",
            "eu-west-2",
            "us-gov-west-1",
            "ap-northeast-3",
            "eusc-de-east-1",
            "mx-central-1",
        ] {
            assert!(looks_like_region(region), "{region}");
        }
        for word in [
            "my-east",
            "aws-lambda-pay",
            "us-east-12a",
            "exports-west-1",
            "2026-01-31",
            "",
        ] {
            assert!(!looks_like_region(word), "{word}");
        }
    }
}
