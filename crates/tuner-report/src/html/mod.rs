//! The page: the picture, every figure as text, and how to read them. One file, no script, no request.

use std::io::Write;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use tuner_core::Tuning;

use crate::chart::{self, Shape};
use crate::comparison::{self, Comparison};
use crate::notes::notes;
use crate::rows::{self, ColdRow, SizeRow};
use crate::view::{View, start_word};
use crate::words::model::Model;
use crate::words::{self, Headline};
use crate::{Options, ReportError, escape, masking, visualization_url};

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    escape::in_pages(&mut env);
    // Whether they parse is tested; an error shows when the page is asked for.
    let _ = env.add_template("page", include_str!("page.html"));
    env
});

/// What the template speaks of.
#[derive(Serialize)]
struct Page<'a> {
    words: Headline,
    facts: Vec<(&'static str, String)>,
    options: Vec<(String, String)>,
    wide: String,
    narrow: String,
    comparison: Option<Comparison>,
    sizes: Vec<SizeRow>,
    cold: Vec<ColdRow>,
    start: &'static str,
    unit: &'static str,
    estimate: bool,
    cold_share: Option<String>,
    trimmed: bool,
    model: Option<Model>,
    notes: Vec<String>,
    failures: Vec<(u32, &'a str)>,
    warnings: &'a [String],
    leftovers: &'a [String],
    remedies: Option<String>,
    next_step: Option<words::NextStep>,
    viewer: Option<String>,
    document: String,
    file_name: String,
    masked: bool,
}

/// Writes `tuning` as one page that needs nothing else.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn html(tuning: &Tuning, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(tuning, options)?;
    let view = View::new(&shown);
    let page = Page {
        words: words::of_view(&view),
        facts: facts(&view),
        options: words::options::all(&shown.request),
        wide: chart::element(&view, Shape::Page)?,
        narrow: chart::element(&view, Shape::Phone)?,
        comparison: comparison::of_view(&view),
        sizes: rows::sizes(&view),
        cold: rows::cold(&view),
        start: start_word(view.start),
        unit: view.unit.name(),
        estimate: view.is_estimate(),
        cold_share: view.cold_share().map(crate::numbers::percent),
        trimmed: shown.request.options.trim_share > 0.0,
        model: words::model::of_view(&view),
        notes: notes(&view),
        failures: failures(&view),
        warnings: &shown.warnings,
        leftovers: &shown.leftovers,
        remedies: words::remedies(&shown.remedies, options.reader),
        next_step: words::next_step(&shown, options),
        viewer: options
            .visualization_base
            .as_deref()
            .and_then(|base| visualization_url(base, &shown)),
        document: format!(
            "data:application/json;base64,{}",
            STANDARD.encode(serde_json::to_vec(shown.as_ref())?)
        ),
        file_name: format!("{}-tuning.json", shown.function.name.name()),
        masked: !options.show_account_ids && shown.function.name.account().is_some(),
    };
    let text = TEMPLATES.get_template("page")?.render(Serde(&page))?;
    Ok(out.write_all(text.as_bytes())?)
}

/// What the tuning is of, by name.
fn facts(view: &View<'_>) -> Vec<(&'static str, String)> {
    let t = view.tuning;
    let f = &t.function;
    let mut facts = vec![("Function", f.name.to_string())];
    facts.extend(f.code_sha256.clone().map(|sha| ("Code SHA-256", sha)));
    facts.push(("Timeout", format!("{} s", f.timeout_s)));
    facts.push((
        "Ephemeral storage",
        format!("{} MB", crate::numbers::count(f.ephemeral_storage_mb.into())),
    ));
    if f.snap_start {
        facts.push(("SnapStart", "on".to_owned()));
    }
    facts.push(("Objective", t.request.options.objective.to_string()));
    facts.extend(words::constraints(view).map(|words| ("Must keep", words)));
    facts.extend(
        view.cold_share()
            .map(|share| ("Cold starts counted in", crate::numbers::percent(share))),
    );
    facts.push(("Planner", t.request.options.planner_name()));
    facts.extend(words::budget(view).map(|words| ("Budget", words)));
    facts.push(("Concurrency", concurrency(&t.request)));
    let e = &t.exploration;
    let cost = match (view.is_local(), e.total()) {
        (false, Some(cost)) => format!(", {}", cost.display()),
        (true, Some(cost)) => format!(", free here; in Lambda it would be about {}", cost.display()),
        _ => String::new(),
    };
    facts.push((
        "This tuning took",
        format!(
            "{} invocations, {} GB-seconds, {} s{cost}",
            crate::numbers::count(e.invocations.into()),
            crate::numbers::gb_seconds(e.gb_seconds),
            crate::numbers::decimal(e.wall_ms as f64 / 1000.0, 1),
        ),
    ));
    facts.push(("Tuning", t.tuning_id.to_string()));
    facts
}

fn concurrency(request: &tuner_core::tuning::RequestRecord) -> String {
    let each = format!("{} at a time per size", request.options.concurrency);
    match request.incomplete {
        true => each,
        false => format!("{each}, {} over all sizes", request.options.max_concurrency),
    }
}

/// Size and first failure seen there.
fn failures<'a>(view: &'a View<'_>) -> Vec<(u32, &'a str)> {
    view.rows
        .iter()
        .filter_map(|row| Some((row.mb, row.size.first_failure.as_deref()?)))
        .collect()
}
