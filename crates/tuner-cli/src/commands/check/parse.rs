//! Documents of checks, and of what can be compared: which of them by what they say of themselves.

use jiff::Timestamp;
use tuner_core::check::{CHECK_SCHEMA_VERSION, Check};
use tuner_core::comparison::Measurement;
use tuner_core::{FunctionName, Tuning};
use uuid::Uuid;

use crate::commands::report::{self, Kind};
use crate::error::CliError;

/// A tuning or a check.
pub(in crate::commands) enum Measured {
    Tuning(Box<Tuning>),
    Check(Box<Check>),
}

impl Measured {
    pub(in crate::commands) fn id(&self) -> Uuid {
        match self {
            Self::Tuning(tuning) => tuning.tuning_id,
            Self::Check(check) => check.check_id,
        }
    }

    pub(in crate::commands) fn measured_at(&self) -> Timestamp {
        match self {
            Self::Tuning(tuning) => tuning.finished_at,
            Self::Check(check) => check.finished_at,
        }
    }

    pub(in crate::commands) fn function(&self) -> &FunctionName {
        match self {
            Self::Tuning(tuning) => &tuning.function.name,
            Self::Check(check) => &check.function,
        }
    }

    /// For a comparison.
    pub(in crate::commands) fn as_measurement(&self) -> Measurement<'_> {
        match self {
            Self::Tuning(tuning) => Measurement::Tuning(tuning),
            Self::Check(check) => Measurement::Check(check),
        }
    }

    /// Reads one; `name` is what messages call it.
    pub(in crate::commands) fn parse(text: &str, name: &str) -> Result<Self, CliError> {
        match Kind::of(text) {
            Kind::Review => Err(CliError::usage(format!(
                "`{name}` is a review of an account, not the measurement of a function"
            ))
            .hint("give a tuning.json of `tuner run`, or a check.json of `tuner check`")),
            Kind::Check => Ok(Self::Check(Box::new(check(text, name)?))),
            Kind::Tuning => {
                let tuning = report::parse(text, name)?;
                sound(&tuning).map_err(|reason| edited(name, &reason))?;
                Ok(Self::Tuning(Box::new(tuning)))
            }
        }
    }
}

/// A check document.
pub(in crate::commands) fn check(text: &str, name: &str) -> Result<Check, CliError> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema_version: u32,
    }
    let none = |e: serde_json::Error| {
        CliError::usage(format!("`{name}` is no check that this tuner can read"))
            .cause(report::not_finite(text, &e).unwrap_or_else(|| e.to_string()))
            .hint("give the check.json that `tuner check` wrote")
    };
    let version: Version = serde_json::from_str(text).map_err(none)?;
    if version.schema_version != CHECK_SCHEMA_VERSION {
        return Err(CliError::usage(format!(
            "`{name}` has form {} and this tuner knows form {CHECK_SCHEMA_VERSION} of checks",
            version.schema_version
        ))
        .hint("use the tuner that wrote it, or check again"));
    }
    let check: Check = serde_json::from_str(text).map_err(none)?;
    let wrong = check.figures.iter().find(|figure| {
        let within =
            figure.low.is_none_or(|low| low <= figure.value) && figure.high.is_none_or(|high| figure.value <= high);
        !figure.value.is_finite() || figure.value < 0.0 || !within
    });
    match wrong {
        Some(figure) => Err(edited(
            name,
            &format!("{} is {} and outside of its own interval", figure.metric, figure.value),
        )),
        None => Ok(check),
    }
}

fn edited(name: &str, reason: &str) -> CliError {
    CliError::usage(format!(
        "the figures of `{name}` do not fit together: it was changed after it was measured"
    ))
    .cause(reason)
    .hint("give the document as `tuner` wrote it")
}

/// Whether the figures of a tuning can be what was measured.
fn sound(tuning: &Tuning) -> Result<(), String> {
    for size in &tuning.sizes {
        let mb = size.memory_size_mb;
        for series in [&size.warm, &size.cold, &size.restored].into_iter().flatten() {
            for of in [&series.duration_ms, &series.billed_duration_ms]
                .into_iter()
                .chain(&series.init_duration_ms)
            {
                // Sums of many values are rounded.
                let slack = 1e-6 * of.max.abs();
                if of.count == 0 || of.min < 0.0 || of.mean.value < of.min - slack || of.mean.value > of.max + slack {
                    return Err(format!(
                        "at {mb} MB a mean of {} ms is not between the least ({} ms) and the most ({} ms)",
                        of.mean.value, of.min, of.max
                    ));
                }
                let percentiles = [of.p50.value, of.p95.value, of.p99.value];
                if percentiles.windows(2).any(|pair| pair[0] > pair[1] + slack) || of.p99.value > of.max + slack {
                    return Err(format!(
                        "at {mb} MB the percentiles {percentiles:?} ms are not in order"
                    ));
                }
            }
        }
    }
    match tuning.decision.memory_size_mb {
        Some(mb) if !tuning.sizes.iter().any(|size| size.memory_size_mb == mb) => {
            Err(format!("{mb} MB is recommended and was not measured"))
        }
        _ => Ok(()),
    }
}
