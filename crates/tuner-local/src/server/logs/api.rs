//! The operations of CloudWatch Logs that read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Group, LogStore, Pattern, Search};
use crate::server::call::{Call, Reply};
use crate::server::control::Operation;
use crate::server::error::{ApiError, ErrorKind};
use crate::server::state::Server;

/// By the header `X-Amz-Target`: what it names, and what does it.
pub(in crate::server) const OPERATIONS: [(&str, &str, Operation); 3] = [
    ("Logs_20140328.FilterLogEvents", "FilterLogEvents", filter_log_events),
    (
        "Logs_20140328.DescribeLogStreams",
        "DescribeLogStreams",
        describe_log_streams,
    ),
    (
        "Logs_20140328.DescribeLogGroups",
        "DescribeLogGroups",
        describe_log_groups,
    ),
];

/// The most events of an answer, and the most streams or groups.
const MOST_EVENTS: usize = 10_000;
const MOST_LISTED: usize = 50;

/// How a request names its group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupChoice {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
}

impl GroupChoice {
    fn of<'a>(&self, logs: &'a LogStore) -> Result<&'a Group, ApiError> {
        let (name, identifier) = (self.log_group_name.as_deref(), self.log_group_identifier.as_deref());
        // An identifier is a name, or an ARN with it.
        let of_arn = identifier.map(|id| {
            id.split_once(":log-group:")
                .map_or(id, |(_, name)| name.trim_end_matches(":*"))
        });
        let name = match (name, of_arn) {
            (Some(_), Some(_)) => return Err(invalid("logGroupName and logGroupIdentifier cannot both be given")),
            (name, of_arn) => name.or(of_arn).ok_or_else(|| invalid("logGroupName is missing"))?,
        };
        logs.group(name)
            .ok_or_else(|| not_found("The specified log group does not exist."))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterRequest {
    #[serde(flatten)]
    group: GroupChoice,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    #[serde(default)]
    filter_pattern: String,
    next_token: Option<String>,
    limit: Option<usize>,
}

fn filter_log_events(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let request: FilterRequest = call.json()?;
    let FilterRequest {
        log_stream_names: names,
        log_stream_name_prefix: prefix,
        ..
    } = &request;
    if names.is_some() && prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix cannot both be given"));
    }
    let pattern =
        Pattern::parse(&request.filter_pattern).map_err(|why| invalid(format!("Invalid filter pattern: {why}")))?;
    let after = request.next_token.as_deref().map(event_of).transpose()?;
    let logs = server.logs();
    let group = request.group.of(&logs)?;
    if let Some(missing) = names
        .iter()
        .flatten()
        .find(|name| !group.streams.contains_key(name.as_str()))
    {
        return Err(not_found(&format!("log stream does not exist: {missing}")));
    }
    let is_of = |stream: &str| {
        names
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| name == stream))
            && prefix.as_ref().is_none_or(|prefix| stream.starts_with(prefix.as_str()))
    };
    let (found, more) = group.find(&Search {
        from_ms: request.start_time.unwrap_or(i64::MIN),
        until_ms: request.end_time.unwrap_or(i64::MAX),
        is_of: &is_of,
        pattern: &pattern,
        after,
        most: limit(request.limit, MOST_EVENTS)?,
    });
    let events: Vec<Value> = found
        .iter()
        .map(|event| {
            json!({
                "logStreamName": &*event.stream,
                "timestamp": event.timestamp_ms,
                "message": event.message,
                "ingestionTime": event.ingested_ms,
                "eventId": format!("{:056}", event.number),
            })
        })
        .collect();
    let last = found.last().filter(|_| more);
    let next = last.map(|event| token(&format!("{} {}", event.timestamp_ms, event.number)));
    Reply::ok(with_token(json!({ "events": events, "searchedLogStreams": [] }), next))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamsRequest {
    #[serde(flatten)]
    group: GroupChoice,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<usize>,
}

fn describe_log_streams(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let request: StreamsRequest = call.json()?;
    let by_time = match request.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") => true,
        Some(other) => {
            return Err(invalid(format!(
                "orderBy is LogStreamName or LastEventTime, not {other}"
            )));
        }
    };
    if by_time && request.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let logs = server.logs();
    let group = request.group.of(&logs)?;
    let prefix = request.log_stream_name_prefix.unwrap_or_default();
    let mut streams: Vec<_> = group
        .streams
        .iter()
        .filter(|(name, _)| name.starts_with(&prefix))
        .collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.last_ms);
    }
    if request.descending {
        streams.reverse();
    }
    let all = streams.into_iter().map(|(name, stream)| {
        json!({
            "logStreamName": &**name,
            "creationTime": stream.created_ms,
            "firstEventTimestamp": stream.first_ms,
            "lastEventTimestamp": stream.last_ms,
            "lastIngestionTime": stream.ingested_ms,
        })
    });
    listed(
        "logStreams",
        all.collect(),
        request.next_token.as_deref(),
        request.limit,
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupsRequest {
    #[serde(default)]
    log_group_name_prefix: String,
    next_token: Option<String>,
    limit: Option<usize>,
}

fn describe_log_groups(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let request: GroupsRequest = call.json()?;
    let logs = server.logs();
    let wanted = logs
        .groups
        .iter()
        .filter(|(name, _)| name.starts_with(&request.log_group_name_prefix));
    let all = wanted.map(
        |(name, group)| json!({ "logGroupName": name, "creationTime": group.created_ms, "storedBytes": group.bytes }),
    );
    listed("logGroups", all.collect(), request.next_token.as_deref(), request.limit)
}

/// A part of a list; the token says how many were given.
fn listed(field: &str, all: Vec<Value>, next: Option<&str>, wanted: Option<usize>) -> Result<Reply, ApiError> {
    let given = match next {
        Some(next) => text_of(next)?.parse().map_err(|_| bad_token())?,
        None => 0_usize,
    };
    let most = limit(wanted, MOST_LISTED)?;
    let end = all.len().min(given.saturating_add(most));
    let next = (end < all.len()).then(|| token(&end.to_string()));
    let part = all.get(given..end).unwrap_or_default();
    Reply::ok(with_token(json!({ field: part }), next))
}

fn limit(wanted: Option<usize>, most: usize) -> Result<usize, ApiError> {
    match wanted {
        None => Ok(most),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(limit) => Err(invalid(format!("limit is from 1 to {most}, not {limit}"))),
    }
}

fn with_token(mut body: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        body["nextToken"] = next.into();
    }
    body
}

fn token(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn text_of(token: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| bad_token())?;
    String::from_utf8(bytes).map_err(|_| bad_token())
}

fn event_of(token: &str) -> Result<(i64, u64), ApiError> {
    let text = text_of(token)?;
    let numbers = text
        .split_once(' ')
        .and_then(|(time, number)| Some((time.parse().ok()?, number.parse().ok()?)));
    numbers.ok_or_else(bad_token)
}

fn bad_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::InvalidParameter, message)
}

fn not_found(message: &str) -> ApiError {
    ApiError::new(ErrorKind::ResourceNotFound, message)
}
