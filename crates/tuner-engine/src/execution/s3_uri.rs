use std::fmt;
use std::str::FromStr;

/// An object in S3, written `s3://BUCKET/KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Object {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, as S3 has it.
    pub key: String,
}

/// Longest key, in bytes. Source: "Creating object key names".
const LONGEST_KEY: usize = 1024;

/// As LPT reads it: percent escapes in the key are undone (`%20` is a space, `%25` a percent sign).
impl FromStr for S3Object {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("s3://").ok_or("it does not begin with s3://")?;
        let (bucket, key) = rest.split_once('/').ok_or("it has no key")?;
        // Buckets from before 2018 may have capitals, underscores and up to 255 characters.
        let of_bucket = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if !(3..=255).contains(&bucket.len()) || !bucket.bytes().all(of_bucket) {
            return Err("the bucket's name is malformed");
        }
        if key.is_empty() {
            return Err("it has no key");
        }
        if key.chars().any(char::is_control) {
            return Err("the key has control characters");
        }
        if key.chars().count() > LONGEST_KEY {
            return Err("the key is too long");
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: unescaped(key).unwrap_or_else(|| key.to_owned()),
        })
    }
}

impl fmt::Display for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key.replace('%', "%25"))
    }
}

/// `key` with its percent escapes undone; `None` if they are no escapes, so that the percent signs stand for themselves.
fn unescaped(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push((digit()? * 16 + digit()?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_lpt_reads_them() {
        for (uri, key) in [
            ("s3://bucket/a/b.json", "a/b.json"),
            ("s3://bucket/a%20b.json", "a b.json"),
            ("s3://bucket/a b.json", "a b.json"),
            ("s3://bucket/caf%C3%A9", "café"),
            ("s3://bucket/50%25", "50%"),
            ("s3://bucket/50%", "50%"),
            ("s3://bucket/%FF", "%FF"),
        ] {
            let object: S3Object = uri.parse().unwrap();
            assert_eq!((object.bucket.as_str(), object.key.as_str()), ("bucket", key));
            assert_eq!(object.to_string().parse(), Ok(object));
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for uri in [
            "",
            "bucket/key",
            "s3://bucket",
            "s3://bucket/",
            "s3://b/k",
            "s3://b u/k",
            "s3:///k",
        ] {
            assert!(uri.parse::<S3Object>().is_err(), "{uri}");
        }
    }
}
