//! The sentences and cells that all views of a check share.

use tuner_core::check::{
    Baseline, BaselineOf, Check, CheckSource, CheckVerdict, Figure, Gate, Limit, LimitResult, LimitVerdict, Metric,
    MetricUnit, fewest_calls,
};
use tuner_core::pricing::Currency;
use tuner_core::tuning::MeasuringEnvironment;

use crate::numbers;

/// The finding in one line.
pub fn check_headline(check: &Check) -> String {
    let subject = subject(check);
    let names = |verdict: LimitVerdict| {
        let of = check.limits.iter().filter(|result| result.verdict == verdict);
        of.map(LimitResult::name).collect::<Vec<_>>().join(", ")
    };
    let count = |verdict: LimitVerdict| check.limits.iter().filter(|result| result.verdict == verdict).count();
    match check.verdict {
        CheckVerdict::Kept => match (count(LimitVerdict::CannotTell), count(LimitVerdict::Kept)) {
            (0, 1) => format!("{subject} keeps {}", names(LimitVerdict::Kept)),
            (0, n) => format!("{subject} keeps {n} limits: {}", names(LimitVerdict::Kept)),
            (_, 0) => format!(
                "{subject}: let pass, though it cannot be told whether it keeps {}",
                names(LimitVerdict::CannotTell)
            ),
            (_, _) => format!(
                "{subject} keeps {}; let pass, though it cannot be told whether it keeps {}",
                names(LimitVerdict::Kept),
                names(LimitVerdict::CannotTell)
            ),
        },
        CheckVerdict::Broken => format!("{subject} breaks {}", names(LimitVerdict::Broken)),
        CheckVerdict::CannotTell if check.compares_nothing() && count(LimitVerdict::CannotTell) == 0 => {
            format!("cannot tell whether {subject} got worse: the baseline has none of the figures that are compared")
        }
        CheckVerdict::CannotTell => format!(
            "cannot tell yet whether {subject} keeps {}",
            names(LimitVerdict::CannotTell)
        ),
        CheckVerdict::NotMeasured if check.limits.is_empty() => {
            format!("{subject} was measured, and there is nothing to compare it with yet")
        }
        CheckVerdict::NotMeasured => format!(
            "nothing was measured of what {subject} must keep: {}",
            names(LimitVerdict::NotMeasured)
        ),
    }
}

fn subject(check: &Check) -> String {
    let name = check.function.name();
    let mb = numbers::count(u64::from(check.memory_size_mb));
    match check.function.qualifier() {
        Some(qualifier) if qualifier != "$LATEST" => format!("{name}:{qualifier} at {mb} MB"),
        _ => format!("{name} at {mb} MB"),
    }
}

/// Where the figures come from.
pub(super) fn provenance(check: &Check) -> String {
    let calls = numbers::count(u64::from(check.outcomes.total()));
    let how = match &check.source {
        CheckSource::Invoked { environment } => {
            let place = match environment {
                MeasuringEnvironment::Aws => "in AWS Lambda",
                MeasuringEnvironment::Local { .. } => "on this machine, whose processor the durations are of",
            };
            format!("{calls} invocations {place}; durations and cost are those of warm ones")
        }
        CheckSource::Logs {
            first_at: Some(first),
            last_at: Some(last),
        } => format!(
            "{calls} invocations of production from {} to {} (UTC), by its logs; cold starts are among them",
            first.strftime("%Y-%m-%d %H:%M"),
            last.strftime("%Y-%m-%d %H:%M")
        ),
        CheckSource::Logs { .. } => {
            format!("{calls} invocations of production, by its logs; cold starts are among them")
        }
    };
    format!("{how}. Intervals are of 95 % and hold at every look")
}

/// What relative limits were set by.
pub(super) fn baseline(baseline: &Baseline) -> String {
    format!(
        "baseline: the {} {} of {}, at {} MB",
        match baseline.of {
            BaselineOf::Tuning => "tuning",
            BaselineOf::Check => "check",
        },
        baseline.id,
        baseline.measured_at.strftime("%Y-%m-%d %H:%M UTC"),
        numbers::count(u64::from(baseline.memory_size_mb)),
    )
}

/// A limit, what was measured, and what that shows.
pub(super) struct Row {
    pub(super) limit: String,
    pub(super) measured: String,
    pub(super) interval: String,
    pub(super) calls: String,
    pub(super) verdict: &'static str,
    pub(super) reason: String,
    pub(super) of: LimitVerdict,
}

/// A row for every limit.
pub(super) fn rows(check: &Check) -> Vec<Row> {
    let currency = check.price.as_ref().map_or(Currency::Usd, |price| price.currency);
    let row = |result: &LimitResult| {
        let figure = check
            .figure(result.limit.metric)
            .filter(|_| result.verdict != LimitVerdict::NotMeasured);
        Row {
            limit: result.name(),
            measured: figure.map_or_else(|| "–".to_owned(), |figure| shown(figure.value, figure.unit, currency)),
            interval: figure.map_or_else(String::new, |figure| interval(figure, currency)),
            calls: numbers::count(result.calls),
            verdict: verdict(result.verdict),
            reason: reason(result, currency),
            of: result.verdict,
        }
    };
    check.limits.iter().map(row).collect()
}

/// The figures that have no limit, in a line.
pub(super) fn others(check: &Check) -> Option<String> {
    let currency = check.price.as_ref().map_or(Currency::Usd, |price| price.currency);
    let has_limit = |metric: Metric| check.limits.iter().any(|result| result.limit.metric == metric);
    let free = check.figures.iter().filter(|figure| !has_limit(figure.metric));
    let parts: Vec<String> = free
        .map(|figure| format!("{} {}", figure.metric, shown(figure.value, figure.unit, currency)))
        .collect();
    (!parts.is_empty()).then(|| format!("also measured: {}", parts.join(", ")))
}

/// What a limit came to, in a word.
pub(crate) const fn verdict(verdict: LimitVerdict) -> &'static str {
    match verdict {
        LimitVerdict::Kept => "kept",
        LimitVerdict::Broken => "broken",
        LimitVerdict::CannotTell => "cannot tell",
        LimitVerdict::NotMeasured => "not measured",
    }
}

/// Why it is so, in half a sentence.
fn reason(result: &LimitResult, currency: Currency) -> String {
    let mut parts = Vec::new();
    let calls = numbers::count(result.calls);
    match (result.verdict, result.missed) {
        (LimitVerdict::NotMeasured, _) => parts.push(
            match result.limit.metric {
                Metric::ColdStarts => "how many start cold is known from logs only",
                Metric::CostPerMillion => "the price is not known here",
                Metric::Init => "no invocation started cold",
                _ => "no invocation says anything of it",
            }
            .to_owned(),
        ),
        (_, Some(missed)) => parts.push(format!("{} of {calls} missed it", numbers::count(missed))),
        (_, None) => {}
    }
    if let Some(baseline) = result.baseline {
        let limit = shown(result.limit.limit, result.limit.unit, currency);
        parts.push(format!(
            "the baseline has {}, the limit is {limit}",
            shown(baseline, result.limit.unit, currency)
        ));
    }
    if result.verdict == LimitVerdict::CannotTell {
        parts.push(needed(&result.limit, result));
    }
    parts.join("; ")
}

/// What would tell.
fn needed(limit: &Limit, result: &LimitResult) -> String {
    match fewest_calls(limit, true) {
        Some(fewest) if result.calls < fewest && result.missed != Some(0) && result.missed.is_some() => {
            "more calls are needed to tell".to_owned()
        }
        Some(fewest) if result.calls < fewest && result.missed.is_some() => {
            format!(
                "{} calls without a miss would show that it is kept",
                numbers::count(fewest)
            )
        }
        _ => "it is too close to the limit for so many calls".to_owned(),
    }
}

fn interval(figure: &Figure, currency: Currency) -> String {
    let number = |value: f64| match figure.unit {
        MetricUnit::Ms => numbers::ms(value),
        MetricUnit::Percent => percent(value),
        MetricUnit::Money => numbers::money(value, currency),
    };
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!("{}–{}", number(low), number(high)),
        (Some(low), None) if low > 0.0 => format!("≥ {}", number(low)),
        (None, Some(high)) => format!("≤ {}", number(high)),
        _ => String::new(),
    }
}

fn shown(value: f64, unit: MetricUnit, currency: Currency) -> String {
    match unit {
        MetricUnit::Ms => format!("{} ms", numbers::ms(value)),
        MetricUnit::Percent => format!("{} %", percent(value)),
        MetricUnit::Money => numbers::money(value, currency),
    }
}

fn percent(value: f64) -> String {
    numbers::decimal(value, if value == 0.0 || value >= 99.95 { 0 } else { 1 })
}

/// What a gate was to compare and cannot, a line each.
pub fn not_compared(gate: &Gate) -> Vec<String> {
    let words = |metric: &Metric| format!("the baseline has no {metric}: it is not compared");
    gate.not_compared.iter().map(words).collect()
}

/// How many calls a verdict on every limit takes, a line each.
pub fn plan_of_limits(limits: &[Limit], of_production: bool) -> Vec<String> {
    let words = |limit: &Limit| {
        let fewest = fewest_calls(limit, of_production).map(numbers::count);
        match (limit.metric, fewest) {
            (_, None) if limit.metric == Metric::ColdStarts => "from logs only (--from-logs): not measured".to_owned(),
            (_, None) => "no number of calls from here shows it".to_owned(),
            (Metric::Mean | Metric::CostPerMillion, Some(fewest)) => {
                format!("from {fewest} calls on, where they take half of it; more the closer they are")
            }
            (Metric::Init, Some(fewest)) => {
                format!("{fewest} cold starts without a miss; only those that happen are counted, none is caused")
            }
            (_, Some(fewest)) => format!("{fewest} calls without a miss; more with some"),
        }
    };
    limits
        .iter()
        .map(|limit| format!("{limit}: {}", words(limit)))
        .collect()
}
