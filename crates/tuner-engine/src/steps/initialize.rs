use tuner_core::SizeProgress;
use uuid::Uuid;

use crate::context::Event;
use crate::marker::{self, Marker};
use crate::ports::FunctionConfiguration;
use crate::retry::retrying;
use crate::steps::ready::until_ready;
use crate::{Context, Original, TuningError, TuningRequest, TuningState};

/// Reads the function and refuses what can't be tuned. Changes nothing. `tuning_id` is a UUIDv7 of the driver's making.
///
/// # Errors
/// When the function can't be read, can't be tuned, or carries the mark of another tuning.
pub async fn initialize(ctx: &Context, request: &TuningRequest, tuning_id: Uuid) -> Result<TuningState, TuningError> {
    ctx.check()?;
    let mut warnings = Vec::new();
    let asked = until_ready(ctx, &request.function).await?;
    let latest = if asked.version == "$LATEST" {
        asked.clone()
    } else {
        until_ready(ctx, &asked.arn.unqualified()).await?
    };
    let function = latest.arn.to_string();
    if let Some(reason) = latest.untunable.as_ref().or(asked.untunable.as_ref()) {
        return Err(TuningError::Untunable {
            function,
            reason: reason.clone(),
        });
    }
    if let Some((mark, _)) = Marker::read(&latest.description, latest.variables.as_ref()) {
        return Err(TuningError::marked(&latest.arn, &mark));
    }
    check_qualifier(&asked, &latest)?;
    let versions = retrying(ctx, || ctx.control.versions(&latest.arn)).await?;
    let others: Vec<String> = versions
        .iter()
        .filter(|v| marker::version_owner(&v.description).is_some())
        .map(|v| v.version.to_string())
        .collect();
    if !others.is_empty() {
        warnings.push(format!(
            "versions {} of other tunings are still there; if none is under way, `tuner restore --function {function}` deletes them",
            others.join(", ")
        ));
    }
    if latest.reports_hidden {
        warnings.push(
            "the function's system log level hides the report of every successful invocation: raise it to INFO \
             (LoggingConfig.SystemLogLevel), else nothing can be measured"
                .to_owned(),
        );
    }
    if !latest.snap_start && asked.memory_size_mb != latest.memory_size_mb {
        warnings.push(format!(
            "{} has {} MB and $LATEST has {} MB; the former is taken as the present size",
            asked.version, asked.memory_size_mb, latest.memory_size_mb
        ));
    }
    for warning in &warnings {
        ctx.tell(Event::Warning { text: warning });
    }
    ctx.tell(Event::Initialized {
        function: &function,
        sizes: &request.memory_sizes,
    });
    Ok(TuningState {
        tuning_id,
        started_at: ctx.clock.now(),
        request: request.clone(),
        original: Original {
            present_memory_size_mb: asked.memory_size_mb,
            last_version: versions.iter().map(|v| v.version).max().unwrap_or(0),
            latest,
        },
        versions: std::collections::BTreeMap::new(),
        progress: request
            .memory_sizes
            .iter()
            .map(|&size| (size, SizeProgress::default()))
            .collect(),
        warnings,
    })
}

/// Only `$LATEST` can be published at other sizes. A version or alias is accepted if its code and settings are the same.
fn check_qualifier(asked: &FunctionConfiguration, latest: &FunctionConfiguration) -> Result<(), TuningError> {
    if asked.same_settings(latest) {
        return Ok(());
    }
    let what = if asked.code_sha256 == latest.code_sha256 {
        "settings"
    } else {
        "code"
    };
    Err(TuningError::Untunable {
        function: asked.arn.at(&asked.version).to_string(),
        reason: format!(
            "version {} has other {what} than $LATEST, and only $LATEST can be published at other memory sizes; tune the unqualified function, or deploy that version's first",
            asked.version
        ),
    })
}
