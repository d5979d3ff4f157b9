//! A check by what production did: exported logs. Nothing is invoked.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write;

use jiff::Timestamp;
use tuner_core::check::{CHECK_SCHEMA_VERSION, Check, CheckSource, Judge, Terms};
use tuner_core::pricing::{FREE_EPHEMERAL_STORAGE_MB, PriceQuote};
use tuner_core::{Architecture, FunctionName, InvocationRecord, OutcomeCounts};
use tuner_logs::{Input, Options, Record};

use super::baseline;
use super::finish::finish;
use super::{asked, show_plan};
use crate::cli::CheckArgs;
use crate::commands::out_folder::{OutFolder, stamped};
use crate::commands::several::Part;
use crate::commands::unread::{self, Unread};
use crate::commands::{local_lambda, price_table};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{guarded, units};

/// What the logs say of one memory size.
struct AtSize {
    judge: Judge,
    outcomes: OutcomeCounts,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// Judges what `--from-logs` holds of the function.
pub(super) async fn check(args: &CheckArgs, part: &Part<'_>) -> Result<Exit, CliError> {
    unread::must_exist(&args.from_logs)?;
    let function = args
        .function
        .as_deref()
        .map(str::parse::<FunctionName>)
        .transpose()
        .map_err(CliError::usage)?;
    let Some(function) = function else {
        return Err(CliError::usage("no function to check").hint("name the one whose logs these are with --function"));
    };
    let present = args.local_args.present_memory.map(|size| size.mb());
    let found = baseline::of(args, &function, present).await?;
    let (gate, asked_warnings) = asked(args, found);
    for text in &asked_warnings {
        let _ = writeln!(guarded::stderr(), "{text}");
    }
    if args.dry_run {
        let lines = [format!("check of {function} by logs: invokes nothing")];
        show_plan(&lines, &gate, true, &mut anstream::stdout().lock())?;
        return Ok(Exit::Done);
    }
    let started_at = Timestamp::now();
    let architecture = args.local_args.arch.unwrap_or(Architecture::X86_64);
    let quote = quote(args, &function, architecture)?;
    let terms = Terms {
        price: quote.clone(),
        ephemeral_storage_mb: FREE_EPHEMERAL_STORAGE_MB,
        of_production: true,
    };
    let options = Options {
        unnamed: Some(function.name().to_owned()),
        ..Options::default()
    };
    let inputs = args.from_logs.iter().map(Input::from).collect();
    let mut sizes: BTreeMap<u32, AtSize> = BTreeMap::new();
    let take = |record: &Record| -> Result<(), Infallible> {
        let elsewhere = record
            .region
            .as_deref()
            .zip(function.region())
            .is_some_and(|(a, b)| a != b);
        if &*record.function != function.name() || elsewhere || record.edge {
            return Ok(());
        }
        let Some(mb) = record.report.memory_size_mb else {
            return Ok(());
        };
        let at = sizes.entry(mb).or_insert_with(|| AtSize {
            judge: Judge::new(&gate.limits, terms.clone()),
            outcomes: OutcomeCounts::default(),
            first: None,
            last: None,
        });
        at.add(&invocation(mb, record), record.report.time);
        Ok(())
    };
    let coverage = match tuner_logs::for_each_record(inputs, &options, take) {
        Ok(coverage) => coverage,
        Err(never) => match never {},
    };
    let mut warnings = Unread::of(&coverage).lines();
    warnings.extend(asked_warnings);
    let Some(mb) = deployed(&sizes, present) else {
        let what = present.map_or_else(String::new, |mb| format!(" at {mb} MB"));
        let error = CliError::new(
            Exit::NotEnoughEvidence,
            format!("the logs of --from-logs hold no report of {function}{what}"),
        );
        return Err(warnings
            .iter()
            .fold(error, |error, line| error.cause(line))
            .hint("give the logs of this function"));
    };
    let others: u64 = sizes
        .iter()
        .filter(|(other, _)| **other != mb)
        .map(|(_, at)| u64::from(at.outcomes.total()))
        .sum();
    if others > 0 {
        warnings.push(format!(
            "{} at other memory sizes are left out: the latest have {mb} MB",
            units::plural(others, "invocation")
        ));
    }
    if quote.is_some() && args.local_args.arch.is_none() {
        warnings.push("cost is that of x86_64: logs do not say the instruction set; name it with --arch".to_owned());
    }
    let Some(mut at) = sizes.remove(&mb) else {
        return Err(CliError::new(Exit::Unexpected, "a memory size that was found is gone"));
    };
    at.judge.look();
    let limits = gate.beside_baseline(at.judge.results());
    let check = Check {
        schema_version: CHECK_SCHEMA_VERSION,
        check_id: uuid::Uuid::now_v7(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at,
        finished_at: Timestamp::now(),
        region: function.region().map(str::to_owned),
        function: function.clone(),
        architecture,
        memory_size_mb: mb,
        source: CheckSource::Logs {
            first_at: at.first,
            last_at: at.last,
        },
        verdict: gate.verdict(&limits, args.undecided.into()),
        limits,
        figures: at.judge.figures(),
        outcomes: at.outcomes,
        baseline: gate.baseline,
        price: quote,
        warnings,
        records: Vec::new(),
    };
    let folder = OutFolder::create(args.out.as_deref(), &stamped(&format!("check-{}", function.name())))?;
    finish(args, &check, &folder, part)
}

impl AtSize {
    fn add(&mut self, record: &InvocationRecord, time: Option<Timestamp>) {
        self.judge.add(record);
        self.outcomes.add(record.outcome);
        self.first = earlier(self.first, time);
        self.last = self.last.max(time);
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The size that is deployed: the one that was given, else that of the latest invocations, else, where none has a time, of the
/// most.
fn deployed(sizes: &BTreeMap<u32, AtSize>, given: Option<u32>) -> Option<u32> {
    match given {
        Some(mb) => sizes.contains_key(&mb).then_some(mb),
        None => sizes
            .iter()
            .max_by_key(|(_, at)| (at.last, at.outcomes.total()))
            .map(|(mb, _)| *mb),
    }
}

fn invocation(mb: u32, record: &Record) -> InvocationRecord {
    let report = &record.report;
    InvocationRecord {
        start: Some(record.start),
        duration_ms: Some(report.duration_ms),
        billed_duration_ms: report.billed_duration_ms,
        init_duration_ms: report.init_duration_ms,
        restore_duration_ms: report.restore_duration_ms,
        max_memory_used_mb: report.max_memory_used_mb,
        ..InvocationRecord::bare(mb, record.outcome)
    }
}

fn quote(
    args: &CheckArgs,
    function: &FunctionName,
    architecture: Architecture,
) -> Result<Option<PriceQuote>, CliError> {
    let region = args
        .aws
        .account
        .region
        .as_deref()
        .or(function.region())
        .unwrap_or(local_lambda::REGION);
    Ok(price_table(args.prices.as_deref())?.quote(region, architecture).ok())
}
