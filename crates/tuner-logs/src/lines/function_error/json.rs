//! [Errors](FunctionError) in the JSON log format: one object a line.

use memchr::memrchr_iter;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::json::Text;
use super::{FunctionError, id, is_ruby_type, java_head, known_type};

/// How far before its mark an object may begin, in bytes, and how many braces are tried unless a line begins with one.
const LOOK_BACK: usize = 8 * 1024;
const BRACES: usize = 2;

/// What runtimes write of an error, in their own words.
///
/// * Python: `timestamp`, `log_level`, `errorMessage`, `errorType`, `requestId`, `stackTrace`. A logger's line has
///   `level` and `message`.
/// * Node: `timestamp`, `level`, `requestId`, `message` with the error as an object.
/// * .NET: `timestamp`, `level`, `requestId`, `traceId`, `message`, which is empty, `errorType`, `errorMessage`,
///   `stackTrace`.
/// * Java: `timestamp`, `message` with type and stack, `level`, `AWSRequestId`.
/// * Ruby: `errorMessage`, `errorType`, `stackTrace`.
#[derive(Deserialize)]
struct Logged<'a> {
    #[serde(borrow, alias = "log_level")]
    level: Option<Text<'a>>,
    #[serde(borrow, rename = "requestId", alias = "AWSRequestId")]
    request_id: Option<Text<'a>>,
    #[serde(borrow, rename = "errorType")]
    error_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    message: Message<'a>,
    logger: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Message<'a> {
    #[default]
    None,
    Text(#[serde(borrow)] Text<'a>),
    #[serde(borrow)]
    Error(ErrorObject<'a>),
    Other(IgnoredAny),
}

/// An exception as Node's runtime makes an object of it.
#[derive(Deserialize)]
struct ErrorObject<'a> {
    #[serde(borrow, rename = "errorType")]
    error_type: Text<'a>,
    #[serde(rename = "errorMessage")]
    _message: IgnoredAny,
    #[serde(rename = "stackTrace")]
    _stack: IgnoredAny,
}

/// The error of the object around `at`, and where in `text` that ends. Usually it begins the line, which `line` is the
/// start of.
pub(super) fn around(text: &[u8], line: usize, at: usize) -> Option<(FunctionError, usize)> {
    let read = |from: usize| {
        let (error, length) = first(&text[from..])?;
        (from + length > at).then_some((error, from + length))
    };
    if !may_tell(&text[line..]) {
        return None;
    }
    let nearest = line.max(at.saturating_sub(LOOK_BACK));
    if line >= nearest && text[line..].starts_with(b"{") {
        return read(line);
    }
    memrchr_iter(b'{', &text[nearest..at])
        .take(BRACES)
        .find_map(|brace| read(nearest + brace))
}

/// Whether it is worth parsing: most lines of a function that logs JSON are at other levels.
fn may_tell(text: &[u8]) -> bool {
    let text = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    [&b"ERROR"[..], b"Error", b"Function<"]
        .into_iter()
        .any(|word| memchr::memmem::find(text, word).is_some())
}

/// The error in the object that `text` begins with, and how long that is.
fn first(text: &[u8]) -> Option<(FunctionError, usize)> {
    let mut objects = serde_json::Deserializer::from_slice(text).into_iter::<Logged<'_>>();
    let logged = objects.next()?.ok()?;
    let end = objects.byte_offset();
    let written_again = text[end..].split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
    Some((error(logged, written_again)?, end))
}

fn error(logged: Logged<'_>, next_line: &[u8]) -> Option<FunctionError> {
    let request_id = logged.request_id.as_ref().and_then(|text| id(text.0.as_bytes()));
    let is_error = logged
        .level
        .as_ref()
        .is_some_and(|level| level.0.eq_ignore_ascii_case("error"));
    let told = |error_type| FunctionError {
        request_id: request_id.clone(),
        error_type,
    };
    let error_type = logged.error_type.as_ref().and_then(|name| known_type(&name.0));
    match logged.message {
        Message::None => error_type
            .filter(|name| is_error && logged.logger.is_none() || is_ruby_type(name))
            .map(|name| told(Some(name))),
        Message::Text(text) if text.0.is_empty() => error_type.filter(|_| is_error).map(|name| told(Some(name))),
        Message::Text(text) => {
            let above = text.0.split("\n\tat ").next()?;
            let found = (above.len() < text.0.len()).then(|| java_head(above.as_bytes()))??;
            Some(told(found.error_type))
        }
        // A handler that goes on to log has caught it.
        Message::Error(_) if request_id.as_ref().is_some_and(|id| goes_on(next_line, id)) => None,
        Message::Error(object) if is_error => Some(told(known_type(&object.error_type.0))),
        Message::Error(_) | Message::Other(_) => None,
    }
}

/// Whether `line` is one that the function itself writes in the same invocation.
fn goes_on(line: &[u8], request_id: &str) -> bool {
    line.starts_with(b"{\"timestamp\"")
        && memchr::memmem::find(&line[..line.len().min(512)], request_id.as_bytes()).is_some()
}
