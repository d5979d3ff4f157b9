//! Whose requests are taken: anybody's, or those signed with one access key.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::{ApiError, ErrorKind};

/// The only access key whose requests a local Lambda takes.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    id: String,
    secret: Option<String>,
}

impl AccessKey {
    /// One that nobody can guess.
    pub fn random() -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        Self {
            id: format!("LOCAL{}", random().to_uppercase()),
            secret: Some(random() + &random()),
        }
    }

    /// The access key ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret access key, with which requests must be signed. Without one, knowing the ID is enough.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }
}

/// The secret stays out of logs.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").finish_non_exhaustive()
    }
}

/// `ID` or `ID:SECRET`.
impl FromStr for AccessKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, secret) = match text.split_once(':') {
            Some((id, secret)) => (id, Some(secret)),
            None => (text, None),
        };
        // As IAM has it; what is shorter is soon guessed.
        if !(16..=128).contains(&id.len()) || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err("an access key ID has 16 to 128 letters and digits".to_owned());
        }
        if secret.is_some_and(|secret| secret.len() < 16) {
            return Err("a secret access key has 16 or more characters".to_owned());
        }
        Ok(Self {
            id: id.to_owned(),
            secret: secret.map(str::to_owned),
        })
    }
}

/// The signature's own time may be this far from ours, as on AWS.
const CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

/// What an `Authorization` header of Signature Version 4 says.
/// Source: "Authenticating Requests (AWS Signature Version 4)" in the IAM user guide.
struct Authorization<'a> {
    key_id: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn of(headers: &'a HeaderMap) -> Option<Self> {
        let fields = headers
            .get(header::AUTHORIZATION)?
            .to_str()
            .ok()?
            .strip_prefix("AWS4-HMAC-SHA256")?;
        let field = |name: &str| {
            let mut fields = fields.split(',').map(str::trim);
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let mut scope = field("Credential")?.rsplitn(5, '/');
        if scope.next()? != "aws4_request" {
            return None;
        }
        let (service, region, _date, key_id) = (scope.next()?, scope.next()?, scope.next()?, scope.next()?);
        Some(Self {
            key_id,
            region,
            service,
            signed_headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }
}

impl AccessKey {
    /// Refuses a request of somebody else, before its body is read.
    pub(super) fn admits(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let given = Authorization::of(headers).ok_or_else(|| {
            refused(
                ErrorKind::MissingAuthenticationToken,
                "the local Lambda takes requests signed with its own access key only (AWS_ACCESS_KEY_ID)",
            )
        })?;
        if is_same(given.key_id, &self.id) {
            Ok(())
        } else {
            Err(refused(
                ErrorKind::UnrecognizedClient,
                "the access key ID is not that of the local Lambda: it takes its own only",
            ))
        }
    }

    /// Refuses a request that was not signed with the secret, if there is one.
    pub(super) fn verify(&self, parts: &Parts, body: &[u8], now: SystemTime) -> Result<(), ApiError> {
        let Some(secret) = &self.secret else {
            return Ok(());
        };
        match self.signature(secret, parts, body, now) {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused(
                ErrorKind::InvalidSignature,
                "the request signature does not match: check the secret access key",
            )),
            Err(why) => Err(refused(ErrorKind::InvalidSignature, why)),
        }
    }

    /// Whether the signature is the one that this secret gives.
    fn signature(&self, secret: &str, parts: &Parts, body: &[u8], now: SystemTime) -> Result<bool, &'static str> {
        let unreadable = "the request signature can't be read";
        let given = Authorization::of(&parts.headers).ok_or(unreadable)?;
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let date = text("x-amz-date").ok_or("the request has no X-Amz-Date")?;
        let time = DateTime::strptime("%Y%m%dT%H%M%SZ", date)
            .and_then(|time| time.to_zoned(TimeZone::UTC))
            .map_err(|_| "X-Amz-Date is not a time")?;
        let time = SystemTime::from(time.timestamp());
        let distance = now.duration_since(time).unwrap_or_else(|later| later.duration());
        if distance > CLOCK_SKEW {
            return Err("the request was signed too long ago, or the clocks differ");
        }
        // The host is what keeps a request for another server from being used here.
        if !given.signed_headers.contains(&"host") || !given.signed_headers.contains(&"x-amz-date") {
            return Err("the request signature does not cover Host and X-Amz-Date");
        }
        let signed: Vec<(&str, &str)> = parts
            .headers
            .iter()
            .filter(|(name, _)| given.signed_headers.contains(&name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = format!("http://{}{path}", text("host").unwrap_or("localhost"));
        let request = SignableRequest::new(
            parts.method.as_str(),
            uri,
            signed.into_iter(),
            SignableBody::Bytes(body),
        );
        let identity = Credentials::new(&self.id, secret, None, None, "local").into();
        let mut settings = SigningSettings::default();
        // The client says which headers it signed.
        settings.excluded_headers = None;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(given.region)
            .name(given.service)
            .time(time)
            .settings(settings)
            .build()
            .map_err(|_| unreadable)?
            .into();
        let (_, signature) = request
            .and_then(|request| sign(request, &parameters))
            .map_err(|_| unreadable)?
            .into_parts();
        Ok(is_same(given.signature, &signature))
    }
}

/// Compares in a time that tells nothing of where two texts differ.
fn is_same(a: &str, b: &str) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}

fn refused(kind: ErrorKind, message: &str) -> ApiError {
    ApiError::new(kind, message)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    /// 2026-11-28 12:00:00 UTC.
    const NOON: Duration = Duration::from_secs(1_795_867_200);

    fn key() -> AccessKey {
        "LOCALLOCALLOCAL1:a secret of some length".parse().unwrap()
    }

    /// A request signed at noon as an SDK signs.
    fn signed(uri: &str, body: &[u8]) -> Parts {
        let (mut parts, ()) = Request::post(uri)
            .header("host", "127.0.0.1:9001")
            .body(())
            .unwrap()
            .into_parts();
        let key = key();
        let identity = Credentials::new(key.id(), key.secret().unwrap(), None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("lambda")
            .time(SystemTime::UNIX_EPOCH + NOON)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let uri = format!("http://127.0.0.1:9001{uri}");
        let headers = [("host", "127.0.0.1:9001")];
        let request = SignableRequest::new("POST", uri, headers.into_iter(), SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            parts.headers.insert(
                axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        parts
    }

    fn verify(parts: &Parts, body: &[u8], after: Duration) -> Result<(), String> {
        let key = key();
        let now = SystemTime::UNIX_EPOCH + NOON + after;
        key.admits(&parts.headers)
            .and_then(|()| key.verify(parts, body, now))
            .map_err(|e| e.to_string())
    }

    const URI: &str =
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations?Qualifier=1";
    const SOON: Duration = Duration::from_secs(60);

    #[test]
    fn what_was_signed_with_the_key_is_taken() {
        assert_eq!(verify(&signed(URI, b"{}"), b"{}", SOON), Ok(()));
    }

    #[test]
    fn what_was_changed_afterwards_is_not() {
        let refusal = verify(&signed(URI, b"{}"), b"{\"x\":1}", SOON).unwrap_err();
        assert!(refusal.contains("signature does not match"), "{refusal}");
        let mut moved = signed(URI, b"{}");
        moved.uri = "/2015-03-31/functions/g/invocations".parse().unwrap();
        assert!(verify(&moved, b"{}", SOON).is_err());
        let mut elsewhere = signed(URI, b"{}");
        elsewhere.headers.insert("host", "127.0.0.1:9002".parse().unwrap());
        assert!(verify(&elsewhere, b"{}", SOON).is_err());
    }

    #[test]
    fn an_old_signature_is_not_taken_again() {
        let refusal = verify(&signed(URI, b"{}"), b"{}", Duration::from_secs(3600)).unwrap_err();
        assert!(refusal.contains("too long ago"), "{refusal}");
    }

    #[test]
    fn another_key_is_refused_and_so_is_none() {
        let other = AccessKey::random();
        let refusal = other.admits(&signed(URI, b"").headers).unwrap_err().to_string();
        assert!(refusal.starts_with("UnrecognizedClientException"), "{refusal}");
        for authorization in [
            None,
            Some("Bearer x"),
            Some("AWS4-HMAC-SHA256 Credential=x"),
            Some("AWS4-HMAC-SHA256 "),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = authorization {
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            let refusal = key().admits(&headers).unwrap_err().to_string();
            assert!(refusal.starts_with("MissingAuthenticationToken"), "{refusal}");
        }
    }

    #[test]
    fn a_signature_of_less_than_host_and_date_does_not_count() {
        let mut parts = signed(URI, b"{}");
        let text = parts.headers[header::AUTHORIZATION]
            .to_str()
            .unwrap()
            .replace("host;", "");
        parts.headers.insert(header::AUTHORIZATION, text.parse().unwrap());
        assert!(verify(&parts, b"{}", SOON).unwrap_err().contains("does not cover Host"));
    }

    #[test]
    fn without_a_secret_the_id_is_enough() {
        let key: AccessKey = "LOCALLOCALLOCAL1".parse().unwrap();
        let parts = signed(URI, b"{}");
        assert!(key.admits(&parts.headers).is_ok());
        assert!(key.verify(&parts, b"other", SystemTime::UNIX_EPOCH).is_ok());
    }

    #[test]
    fn keys_are_long_and_not_shown() {
        assert!("short".parse::<AccessKey>().is_err());
        assert!("LOCALLOCALLOCAL1:short".parse::<AccessKey>().is_err());
        assert!("LOCAL LOCAL LOCAL".parse::<AccessKey>().is_err());
        let (a, b) = (AccessKey::random(), AccessKey::random());
        assert_ne!(a, b);
        let again: AccessKey = format!("{}:{}", a.id(), a.secret().unwrap()).parse().unwrap();
        assert_eq!(again, a, "what is made at random can be given");
        assert_eq!(format!("{a:?}"), "AccessKey { .. }");
    }
}
