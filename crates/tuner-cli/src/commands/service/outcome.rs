//! How an execution ended, told: the document where there is one, else what the execution says.

use std::io::Write;

use serde_json::Value;
use tuner_aws::{Execution, ExecutionStatus};
use tuner_core::pricing::{Currency, Money};
use tuner_core::{Tuning, Verdict};
use tuner_engine::TuningRequest;
use tuner_engine::execution::{Defaults, ExecutionInput};
use tuner_engine::ports::Store;
use tuner_engine::steps::DOCUMENT;
use tuner_report::escape;

use super::failures::{self, EVERY_SIZE_FAILED};
use super::trace::{Whereabouts, whereabouts_in};
use super::watch::{Watch, bucket_and_prefix};
use crate::cli::RunFormat;
use crate::commands::out_folder::OutFolder;
use crate::commands::several::Part;
use crate::commands::{report, results};
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::states_arn::ExecutionArn;
use crate::terminal::{DIM, RESET, YELLOW};
use crate::units;

/// The page of a tuning, beside its document.
const PAGE: &str = "report.html";

/// The recommendation could not be applied; the report was written.
const CANNOT_APPLY: &str = "Tuner.CannotApply";

/// Whether a report was written, however the execution ended.
pub(super) fn has_report(execution: &Execution) -> bool {
    match execution.status {
        ExecutionStatus::Succeeded => true,
        ExecutionStatus::Failed => execution.error.as_deref().is_some_and(is_of_a_report),
        _ => false,
    }
}

/// Whether a report was written before this error was raised, and says it all.
pub(super) fn is_of_a_report(error: &str) -> bool {
    matches!(error, EVERY_SIZE_FAILED | CANNOT_APPLY)
}

/// Prints the result of an execution that has a report, and saves it.
pub(super) async fn tell(
    execution: &Execution,
    arn: &ExecutionArn,
    watch: &Watch<'_>,
    (format, folder, part): (RunFormat, &OutFolder, &Part<'_>),
) -> Result<Exit, CliError> {
    let known = known(execution, watch);
    let known = known.as_ref();
    let function = known.map_or_else(|| arn.name().to_owned(), |known| known.function.clone());
    match document(watch, known).await {
        Ok(tuning) => {
            let dry_run = asked(execution).is_some_and(|asked| asked.options.dry_run);
            let told = results::finish(format, &tuning, None, dry_run, folder, part).await;
            if let Some(known) = known
                && !part.is_one_of_several()
            {
                let _ = writeln!(guarded::stderr(), "{DIM}kept in{RESET} {}", known.store);
            }
            told
        }
        Err(reason) => {
            folder.discard_if_empty();
            match (&execution.status, &execution.output) {
                (ExecutionStatus::Succeeded, Some(output)) => {
                    let warning = "its document can't be read, so this is what the execution says";
                    let again = format!("`tuner run --follow {arn}` tries again");
                    let _ = writeln!(
                        guarded::stderr(),
                        "{YELLOW}warning{RESET}: {warning} ({reason}); {again}"
                    );
                    print_output(output, &function, format)
                }
                _ => Err(failures::of_execution(execution, &function, arn).note(reason)),
            }
        }
    }
}

/// The tuning of an execution that has a report, and where its page is.
pub(super) async fn brought_home(execution: &Execution, watch: &Watch<'_>) -> Result<(Tuning, String), String> {
    let known = known(execution, watch);
    let tuning = document(watch, known.as_ref()).await?;
    let page = known.map_or_else(String::new, |known| format!("{}{PAGE}", known.store));
    Ok((tuning, page))
}

/// Where the tuning is, as far as the execution says.
fn known(execution: &Execution, watch: &Watch<'_>) -> Option<Whereabouts> {
    let said = || execution.output.as_deref().and_then(whereabouts_in);
    watch.whereabouts.clone().or_else(said)
}

/// What the execution was asked to do.
pub(super) fn asked(execution: &Execution) -> Option<TuningRequest> {
    let input = ExecutionInput::parse(execution.input.as_deref()?, &Defaults::default());
    input.ok().map(|input| input.request)
}

/// The document of the tuning, or why there is none.
async fn document(watch: &Watch<'_>, known: Option<&Whereabouts>) -> Result<Tuning, String> {
    let known = known.ok_or("the execution does not say where it is")?;
    let (bucket, prefix) = bucket_and_prefix(&known.store).ok_or_else(|| format!("{} is not in S3", known.store))?;
    let store = watch.connection().store(bucket, prefix);
    let bytes = store.get(DOCUMENT).await.map_err(|e| e.to_string())?;
    let name = format!("{}{DOCUMENT}", known.store);
    let bytes = bytes.ok_or_else(|| format!("there is no {name}"))?;
    let tuning = report::parse(&String::from_utf8_lossy(&bytes), &name).map_err(|e| e.in_a_line())?;
    if tuning.tuning_id != known.tuning_id {
        return Err(format!("{name} is of another tuning, {}", tuning.tuning_id));
    }
    Ok(tuning)
}

/// The output of an execution, which names the memory size and its mean cost and duration.
fn print_output(output: &str, function: &str, format: RunFormat) -> Result<Exit, CliError> {
    let fields: Value = serde_json::from_str(output)?;
    let mut out = guarded::stdout();
    if format == RunFormat::Human {
        write!(out, "{}", in_words(&fields, function))?;
    } else {
        let text = serde_json::to_string_pretty(&fields)?;
        writeln!(out, "{}", escape::json(&text))?;
    }
    let verdict: Option<Verdict> = serde_json::from_value(fields["verdict"].clone()).ok();
    Ok(verdict.map_or(Exit::Done, results::exit_of))
}

fn in_words(fields: &Value, function: &str) -> String {
    let mut text = match fields["power"].as_u64() {
        Some(mb) => format!("{function}: {mb} MB is recommended\n"),
        None => format!("{function}: no memory size is recommended\n"),
    };
    if let Some(cost) = fields["cost"].as_f64() {
        let currency = match function.starts_with("arn:aws-cn:") {
            true => Currency::Cny,
            false => Currency::Usd,
        };
        text.push_str(&format!(
            "  mean cost      {}\n",
            Money::new(cost, currency).per_million()
        ));
    }
    if let Some(ms) = fields["duration"].as_f64() {
        text.push_str(&format!("  mean duration  {}\n", units::duration(ms)));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_output_in_words() {
        let fields = json!({ "power": 512, "cost": 0.000_001_5, "duration": 12.5, "stateMachine": {} });
        assert_eq!(
            in_words(&fields, "resize"),
            "resize: 512 MB is recommended\n  mean cost      $1.50 per million\n  mean duration  12.5 ms\n"
        );
        let none = json!({ "power": null });
        assert_eq!(in_words(&none, "resize"), "resize: no memory size is recommended\n");
    }
}
