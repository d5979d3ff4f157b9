//! What the picture says to those who do not see it: title, description, and the figures as data.

use serde_json::{Value, json};

use super::layout::Shape;
use crate::escape;
use crate::view::{Measured, View};
use crate::words;

/// Prefix of all ids in the picture, so that several fit on one page.
pub(super) fn id(view: &View<'_>, shape: Shape) -> String {
    let suffix = match shape {
        Shape::Picture => "",
        Shape::Page => "-page",
        Shape::Phone => "-phone",
    };
    format!("t{}{suffix}", view.tuning.tuning_id.simple())
}

/// `<title>`, `<desc>` and `<metadata>`.
pub(super) fn head(view: &View<'_>, id: &str) -> String {
    let words = words::of_view(view);
    let title = format!("Duration and cost of {} by memory size", view.tuning.display_name());
    let desc = format!(
        "{}. {}. {}",
        words.decision,
        words.effect,
        words.caveat.unwrap_or_default()
    );
    format!(
        "<title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n<metadata>{}</metadata>\n",
        escape::xml(&title),
        escape::xml(desc.trim_end()),
        // In text a quotation mark is only that; escaped, those of JSON would be a third of the picture.
        escape::xml(&rounded(summary(view)).to_string()).replace("&quot;", "\""),
    )
}

/// The findings without the records, so that a picture can be read back. Mean duration and cost of each size are in the
/// decision.
fn summary(view: &View<'_>) -> Value {
    let t = view.tuning;
    let sizes: Vec<Value> = view
        .rows
        .iter()
        .map(|row| {
            let series = row.size.series(view.start);
            json!({
                "memory_size_mb": row.mb,
                "status": row.size.status,
                "invocations": series.map(|s| s.billed_duration_ms.count),
                "p50_duration_ms": series.map(|s| s.duration_ms.p50.value),
                "p95_duration_ms": row.measured.as_ref().and_then(Measured::p95).map(|p95| p95.value),
                "max_memory_used_mb": row.size.max_memory_used_mb,
            })
        })
        .collect();
    json!({
        "schema_version": t.schema_version,
        "tuning_id": t.tuning_id,
        "tool_version": t.tool_version,
        "started_at": t.started_at,
        "function": t.function.name,
        "architecture": t.function.architecture,
        "memory_size_mb": t.function.memory_size_mb,
        "currency": view.price().map(|p| p.currency),
        "start": view.start,
        "decision": t.decision,
        "request": { "objective": t.request.options.objective, "constraints": t.request.options.constraints, "planner": t.request.options.planner_name() },
        "sizes": sizes,
    })
}

/// Numbers with six significant digits: more would be half of the picture.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let short = number.as_f64().and_then(|x| format!("{x:.5e}").parse::<f64>().ok());
            short.map_or(Value::Number(number), Value::from)
        }
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, rounded(value))).collect(),
        other => other,
    }
}
