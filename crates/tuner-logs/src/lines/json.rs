//! The JSON form: `{"time", "type", "record"}`, the schema of the Telemetry API and of the JSON log format.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::text::{request_id_after_label, whole_of_float};
use super::{
    End, Event, Figures, InitReport, OtherEvent, Report, RestoreReport, RuntimeDone, RuntimeError, RuntimeVersion,
    Start, Status, UsualReport, XRay,
};

/// Text that borrows from the input where it has no escapes. (A bare `Option<Cow<str>>` would always be copied.)
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Text<'_> {
    fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    time: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    record: Payload<'a>,
}

/// The record is an object for nearly all events, and a string for `platform.fault` and function logs.
#[derive(Default)]
enum Payload<'a> {
    Object(Box<Record<'a>>),
    Line(String),
    #[default]
    None,
}

impl<'de: 'a, 'a> Deserialize<'de> for Payload<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a string")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Record::deserialize(MapAccessDeserializer::new(map)).map(|record| Payload::Object(Box::new(record)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Payload::Line(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Payload::None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Payload::None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Payload::None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Payload::None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Payload::None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Payload::None)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    error_type: Option<Text<'a>>,
    metrics: Option<Metrics>,
    #[serde(borrow)]
    tracing: Option<Tracing<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    tenant_id: Option<Text<'a>>,
    #[serde(borrow)]
    initialization_type: Option<Text<'a>>,
    #[serde(borrow)]
    phase: Option<Text<'a>>,
    #[serde(borrow)]
    runtime_version: Option<Text<'a>>,
    #[serde(borrow)]
    runtime_version_arn: Option<Text<'a>>,
    #[serde(borrow)]
    function_name: Option<Text<'a>>,
    #[serde(borrow)]
    function_version: Option<Text<'a>>,
    instance_max_memory: Option<f64>,
}

/// All floats: some tools write `128.0` for whole numbers.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    duration_ms: Option<f64>,
    billed_duration_ms: Option<f64>,
    #[serde(rename = "memorySizeMB")]
    memory_size_mb: Option<f64>,
    #[serde(rename = "maxMemoryUsedMB")]
    max_memory_used_mb: Option<f64>,
    init_duration_ms: Option<f64>,
    restore_duration_ms: Option<f64>,
    billed_restore_duration_ms: Option<f64>,
    produced_bytes: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tracing<'a> {
    #[serde(borrow)]
    span_id: Option<Text<'a>>,
    #[serde(borrow)]
    value: Option<Text<'a>>,
}

/// A platform event; usual reports apart, which take no memory.
pub(super) enum Parsed<'a> {
    Usual(UsualReport<'a>),
    Other(Event),
}

/// The platform event that `text` begins with, if it does, and where it ends. More may follow.
pub(super) fn first_event(text: &[u8]) -> Option<(Event, usize)> {
    let (envelope, length) = first_envelope(text)?;
    Some((event(envelope)?, length))
}

/// As [`first_event`].
pub(super) fn first_event_apart(text: &[u8]) -> Option<(Parsed<'_>, usize)> {
    let (envelope, length) = first_envelope(text)?;
    let parsed = match usual_report(&envelope) {
        Some(report) => Parsed::Usual(report),
        None => Parsed::Other(event(envelope)?),
    };
    Some((parsed, length))
}

fn first_envelope(text: &[u8]) -> Option<(Envelope<'_>, usize)> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter();
    let envelope = values.next()?.ok()?;
    Some((envelope, values.byte_offset()))
}

/// The event, if it is a report that says just what nearly all do.
fn usual_report<'a>(envelope: &Envelope<'a>) -> Option<UsualReport<'a>> {
    let Payload::Object(record) = &envelope.record else {
        return None;
    };
    let (Some(Text(Cow::Borrowed(request_id))), Some(metrics), None, None, None) = (
        &record.request_id,
        &record.metrics,
        &record.error_type,
        &record.tracing,
        &record.tenant_id,
    ) else {
        return None;
    };
    let says_success = match record.status.as_ref().map(|status| &*status.0) {
        None => false,
        Some("success") => true,
        Some(_) => return None,
    };
    let is_usual = envelope.kind.0 == "platform.report"
        && metrics.restore_duration_ms.is_none()
        && metrics.billed_restore_duration_ms.is_none();
    is_usual.then_some(())?;
    Some(UsualReport {
        request_id,
        figures: Figures {
            duration_ms: not_negative(metrics.duration_ms)?,
            billed_duration_ms: whole(metrics.billed_duration_ms)?,
            memory_size_mb: megabytes(metrics.memory_size_mb)?,
            max_memory_used_mb: megabytes(metrics.max_memory_used_mb)?,
            init_duration_ms: not_negative(metrics.init_duration_ms),
            says_success,
            time: time(envelope),
        },
    })
}

fn time(envelope: &Envelope<'_>) -> Option<Timestamp> {
    envelope.time.as_ref()?.0.parse().ok()
}

/// Where the JSON value that `text` begins with ends.
pub(super) fn end_of_value(text: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

fn event(envelope: Envelope<'_>) -> Option<Event> {
    let time = time(&envelope);
    let kind = envelope.kind.0;
    let name = kind.strip_prefix("platform.")?;
    let record = match envelope.record {
        Payload::Object(record) => *record,
        Payload::Line(message) if name == "fault" => {
            let request_id = request_id_after_label(message.as_bytes()).map(str::to_owned);
            return Some(Event::RuntimeError(RuntimeError {
                request_id,
                message,
                error_type: None,
                time,
            }));
        }
        _ => {
            return Some(Event::Other(OtherEvent {
                kind: kind.into_owned(),
                time,
            }));
        }
    };
    match name {
        "report" => report(record, time).map(Event::Report),
        "initReport" => init_report(record, time).map(Event::InitReport),
        "restoreReport" => Some(Event::RestoreReport(restore_report(record, time))),
        "initStart" => Some(Event::InitStart(runtime_version(record, time))),
        "restoreStart" => Some(Event::RestoreStart(runtime_version(record, time))),
        "start" => start(record, time).map(Event::Start),
        "end" => Some(Event::End(End {
            request_id: record.request_id?.into_owned(),
            time,
        })),
        "runtimeDone" => runtime_done(record, time).map(Event::RuntimeDone),
        _ => Some(Event::Other(OtherEvent {
            kind: kind.into_owned(),
            time,
        })),
    }
}

fn report(record: Record<'_>, time: Option<Timestamp>) -> Option<Report> {
    let metrics = record.metrics.unwrap_or_default();
    Some(Report {
        request_id: record.request_id?.into_owned(),
        duration_ms: not_negative(metrics.duration_ms)?,
        billed_duration_ms: whole(metrics.billed_duration_ms),
        memory_size_mb: megabytes(metrics.memory_size_mb),
        max_memory_used_mb: megabytes(metrics.max_memory_used_mb),
        init_duration_ms: not_negative(metrics.init_duration_ms),
        restore_duration_ms: not_negative(metrics.restore_duration_ms),
        billed_restore_duration_ms: whole(metrics.billed_restore_duration_ms),
        status: status(record.status),
        error_type: record.error_type.map(Text::into_owned),
        xray: record.tracing.and_then(xray),
        tenant_id: record.tenant_id.map(Text::into_owned),
        time,
    })
}

fn init_report(record: Record<'_>, time: Option<Timestamp>) -> Option<InitReport> {
    Some(InitReport {
        init_duration_ms: not_negative(record.metrics?.duration_ms)?,
        phase: record.phase.map(Text::into_owned),
        initialization_type: record.initialization_type.map(Text::into_owned),
        status: status(record.status),
        error_type: record.error_type.map(Text::into_owned),
        time,
    })
}

fn restore_report(record: Record<'_>, time: Option<Timestamp>) -> RestoreReport {
    let metrics = record.metrics.unwrap_or_default();
    RestoreReport {
        restore_duration_ms: not_negative(metrics.duration_ms),
        billed_restore_duration_ms: whole(metrics.billed_duration_ms),
        status: status(record.status),
        error_type: record.error_type.map(Text::into_owned),
        time,
    }
}

fn runtime_version(record: Record<'_>, time: Option<Timestamp>) -> RuntimeVersion {
    RuntimeVersion {
        runtime_version: record.runtime_version.map(Text::into_owned),
        runtime_version_arn: record.runtime_version_arn.map(Text::into_owned),
        function_name: record.function_name.map(Text::into_owned),
        function_version: record.function_version.map(Text::into_owned),
        initialization_type: record.initialization_type.map(Text::into_owned),
        phase: record.phase.map(Text::into_owned),
        instance_max_memory_mb: megabytes(record.instance_max_memory),
        time,
    }
}

fn start(record: Record<'_>, time: Option<Timestamp>) -> Option<Start> {
    Some(Start {
        request_id: record.request_id?.into_owned(),
        version: record.version.map(Text::into_owned),
        tenant_id: record.tenant_id.map(Text::into_owned),
        xray: record.tracing.and_then(xray),
        time,
    })
}

fn runtime_done(record: Record<'_>, time: Option<Timestamp>) -> Option<RuntimeDone> {
    let metrics = record.metrics.unwrap_or_default();
    Some(RuntimeDone {
        request_id: record.request_id?.into_owned(),
        status: status(record.status),
        error_type: record.error_type.map(Text::into_owned),
        duration_ms: not_negative(metrics.duration_ms),
        produced_bytes: whole(metrics.produced_bytes),
        time,
    })
}

/// `Root=1-6352a70e-..;Parent=35465b3a9e2f7c6a;Sampled=1`
fn xray(tracing: Tracing<'_>) -> Option<Box<XRay>> {
    let mut xray = XRay {
        span_id: tracing.span_id.map(Text::into_owned),
        ..XRay::default()
    };
    for part in tracing.value.iter().flat_map(|value| value.0.split(';')) {
        match part.split_once('=') {
            Some(("Root", id)) => xray.trace_id = Some(id.to_owned()),
            Some(("Parent", id)) => xray.parent_id = Some(id.to_owned()),
            Some(("Sampled", flag)) => xray.sampled = Some(flag == "1"),
            _ => {}
        }
    }
    (xray != XRay::default()).then(|| Box::new(xray))
}

fn status(word: Option<Text<'_>>) -> Option<Status> {
    word.map(|word| Status::from(&*word.0))
}

fn not_negative(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value >= 0.0)
}

fn whole(value: Option<f64>) -> Option<u64> {
    value.and_then(whole_of_float)
}

fn megabytes(value: Option<f64>) -> Option<u32> {
    whole(value).and_then(|mb| u32::try_from(mb).ok())
}
