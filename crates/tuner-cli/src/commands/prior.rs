//! What is known of a function before it is tuned from here: by exported logs, and by earlier tunings whose results are on this
//! machine. Its logs in CloudWatch are the engine's to read.

use std::path::Path;

use async_trait::async_trait;
use tuner_core::floor::{Known, Need, Source};
use tuner_core::pricing::PriceTable;
use tuner_core::{Floor, FunctionName, Tuning, thousands};
use tuner_engine::ports::Tunings;
use tuner_engine::steps::DOCUMENT;
use tuner_logs::{Input, Options};
use uuid::Uuid;

use super::history::is_function;
use super::out_folder::{self, OUT};
use super::unread::Unread;
use super::{out_runs, report, unread};
use crate::cli::RunArgs;
use crate::error::CliError;
use crate::units;

/// Earlier tunings that are looked at, the latest first.
const MOST_TUNINGS: usize = 5;

/// What exported logs say of `function`; `None` where none were given.
pub(super) fn of_files(args: &RunArgs, function: &FunctionName) -> Result<Option<Known>, CliError> {
    if args.from_logs.is_empty() {
        return Ok(None);
    }
    unread::must_exist(&args.from_logs)?;
    let options = Options {
        unnamed: Some(function.name().to_owned()),
        ..Options::default()
    };
    let inputs = args.from_logs.iter().map(Input::from).collect();
    let (logs, coverage) = tuner_logs::gather(inputs, &options);
    let region = function.region();
    let is_it = |logs: &&tuner_logs::FunctionLogs| {
        let elsewhere = logs.region.as_deref().zip(region).is_some_and(|(a, b)| a != b);
        logs.name.as_deref() == Some(function.name()) && !elsewhere && !logs.edge
    };
    let found: Vec<_> = logs.functions.iter().filter(is_it).collect();
    let needs: Vec<Need> = (found.iter())
        .flat_map(|logs| Need::of_reports(&logs.sizes, &[], Source::Logs))
        .collect();
    if found.is_empty() {
        return Err(
            CliError::usage(format!("the logs of --from-logs hold no report of {function}"))
                .hint("give the logs of this function, or leave --from-logs out"),
        );
    }
    let unread: Vec<String> = Unread::of(&coverage).lines();
    Ok(Some(Known {
        needs,
        unknown: unread,
        ..Known::default()
    }))
}

/// The tunings whose documents are below `tuner-out`, and where `--out` pointed.
pub(super) struct LocalTunings;

#[async_trait]
impl Tunings for LocalTunings {
    async fn is_over(&self, _tuning_id: Uuid) -> bool {
        // One that another machine makes is not known here.
        false
    }

    async fn of(&self, function: &FunctionName) -> Result<Vec<Tuning>, String> {
        let mut folders = out_folder::below(Path::new(OUT));
        folders.extend(out_runs::folders());
        let mut tunings: Vec<Tuning> = folders.iter().filter_map(|folder| document(folder, function)).collect();
        tunings.sort_by_key(|tuning| std::cmp::Reverse(tuning.tuning_id));
        tunings.dedup_by_key(|tuning| tuning.tuning_id);
        tunings.truncate(MOST_TUNINGS);
        Ok(tunings)
    }
}

/// The document in a folder, if it is of this function. One that can't be read is of another version, or none.
fn document(folder: &Path, function: &FunctionName) -> Option<Tuning> {
    let file = folder.join(DOCUMENT);
    let text = std::fs::read_to_string(&file).ok()?;
    // Most are of other functions, and parsing takes long.
    if !text.contains(function.name()) {
        return None;
    }
    let tuning = report::parse(&text, &file.display().to_string()).ok()?;
    is_function(&tuning.function.name.to_string(), function).then_some(tuning)
}

/// The floor in the words of a plan: its line, and what is not known.
pub(super) fn words(floor: &Floor, region: &str, prices: &PriceTable) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let (Some(mb), Some(need)) = (floor.memory_size_mb, floor.needs.first()) {
        let mb = thousands(&mb.to_string());
        lines.push(match floor.risk_accepted {
            true => (
                "BUT",
                format!(
                    "what is known asks for {mb} MB and more: {need}; below it invocations may fail, as was accepted"
                ),
            ),
            false => ("floor", format!("{mb} MB: {need}")),
        });
    }
    for unknown in &floor.unknown {
        lines.push(("BUT", unknown.clone()));
    }
    if floor.scanned_bytes > 0 {
        lines.push(("read", scanned(floor.scanned_bytes, region, prices)));
    }
    lines
}

/// What reading logs has taken.
fn scanned(bytes: u64, region: &str, prices: &PriceTable) -> String {
    let price = prices.log_scan_gb(region).ok();
    let cost = price.map(|unit| unit.price * (bytes as f64 / 1e9));
    let cost = cost.map_or_else(
        || "at a price that is not known here".to_owned(),
        |cost| format!("for {}", cost.display()),
    );
    format!("{} of its logs, {cost}", units::bytes(bytes))
}
