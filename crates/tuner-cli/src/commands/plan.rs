//! `tuner plan`: what `run` would do. Also printed before anything in an account is changed.

use std::io::Write;

use tuner_core::pricing::PriceTable;
use tuner_core::{Architecture, FunctionName, Payloads};
use tuner_engine::TuningRequest;
use tuner_engine::marker::Marker;
use tuner_engine::ports::FunctionControl;

use super::request::{Subject, build};
use super::{local_lambda, price_table, results, run};
use crate::cli::RunArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{payload, units};

/// What the plan needs to know of a function.
pub(super) struct Known {
    name: String,
    memory_size_mb: u32,
    timeout_s: u32,
    ephemeral_storage_mb: u32,
    architecture: Architecture,
    region: String,
    marked: Option<Marker>,
    in_aws: bool,
}

/// Prints the plan and ends.
pub(super) async fn plan(args: RunArgs) -> Result<Exit, CliError> {
    let subject = Subject::of(&args)?;
    let payloads = payload::read(args.payload.as_deref())?;
    payloads.check(args.num).map_err(payload::error)?;
    let prices = price_table(args.prices.as_deref())?;
    let (request, known) = match subject {
        Subject::Direct(function) => {
            let request = build(&args, function)?;
            let lambda = run::connect(&args.aws, request.function.region()).await;
            let known = look(&request, &lambda, lambda.region()).await?;
            (request, known)
        }
        Subject::Local { name, command } => {
            let request = build(&args, name.parse().map_err(CliError::usage)?)?;
            let spec = local_lambda::function(&name, command, &args.local);
            let known = Known {
                name,
                memory_size_mb: spec.memory_size_mb,
                timeout_s: spec.timeout.as_secs() as u32,
                ephemeral_storage_mb: 512,
                architecture: spec.architecture,
                region: args
                    .aws
                    .region
                    .clone()
                    .unwrap_or_else(|| local_lambda::REGION.to_owned()),
                marked: None,
                in_aws: false,
            };
            (request, known)
        }
    };
    let mut out = anstream::stdout().lock();
    write!(out, "{}", describe(&request, &payloads, &known, &prices))?;
    Ok(Exit::Done)
}

/// Reads what the plan needs to know of a function in AWS.
pub(super) async fn look(
    request: &TuningRequest,
    control: &dyn FunctionControl,
    region: Option<&str>,
) -> Result<Known, CliError> {
    let read = async |function: &FunctionName| {
        control.configuration(function).await.map_err(|e| {
            let error = tuner_engine::TuningError::from(e);
            CliError::new(results::exit_of_error(&error), format!("cannot read {function}"))
                .cause(&error)
                .maybe_hint(error.hint())
        })
    };
    let configuration = read(&request.function).await?;
    let latest = read(&request.function.unqualified()).await?;
    Ok(Known {
        name: configuration.arn.to_string(),
        memory_size_mb: configuration.memory_size_mb,
        timeout_s: configuration.timeout_s,
        ephemeral_storage_mb: configuration.ephemeral_storage_mb,
        architecture: configuration.architecture,
        region: configuration.arn.region().or(region).unwrap_or_default().to_owned(),
        marked: Marker::read(&latest.description, latest.variables.as_ref()).map(|(marker, _)| marker),
        in_aws: true,
    })
}

/// The plan in words.
pub(super) fn describe(request: &TuningRequest, payloads: &Payloads, known: &Known, prices: &PriceTable) -> String {
    let sizes = request.memory_sizes.len() as u64;
    let each = u64::from(request.invocations);
    // The cold start that each environment begins with comes on top.
    let likely = sizes * (each + u64::from(request.concurrency));
    let list: Vec<String> = request.memory_sizes.iter().map(|s| s.mb().to_string()).collect();
    let mut text = format!(
        "Plan for {}\n  now        {} MB, {}, timeout {}\n  measures   {} MB\n",
        known.name,
        known.memory_size_mb,
        known.architecture,
        run::seconds(known.timeout_s),
        list.join(", "),
    );
    let mut line = |head: &str, words: String| text.push_str(&format!("  {head:<10} {words}\n"));
    line(
        "invokes",
        format!(
            "about {} times: {each} warm invocations at each size and their cold starts, up to {} at the same time{}",
            units::count(likely),
            request.max_concurrency,
            if payloads.is_weighted() {
                format!(", {} payloads by weight", payloads.entries().len())
            } else {
                String::new()
            },
        ),
    );
    if known.in_aws {
        line(
            "publishes",
            format!(
                "{}, deleted at the end; meanwhile $LATEST changes its memory size for some seconds and is put back before measuring",
                units::plural(sizes, "version")
            ),
        );
    }
    line("objective", request.objective.to_string());
    let worst = request.memory_sizes.iter().try_fold(0.0, |sum, size| {
        let quote = prices.quote(&known.region, known.architecture).ok()?;
        let call = quote
            .invocation(size.mb(), u64::from(known.timeout_s) * 1000, known.ephemeral_storage_mb)
            .ok()?;
        Some(sum + call.amount * f64::from(request.planner().most_calls()))
    });
    let quote = prices.quote(&known.region, known.architecture);
    line(
        "spends",
        match (known.in_aws, worst, &quote) {
            (false, _, _) => "nothing: it runs on this machine".to_owned(),
            (true, Some(worst), Ok(quote)) => format!(
                "at most {} in {}, if all had to be made twice and every one ran into the timeout",
                tuner_core::pricing::Money::new(worst, quote.currency).display(),
                known.region
            ),
            (true, _, Err(unknown)) => format!("an unknown amount: {unknown}"),
            (true, None, Ok(_)) => format!("an unknown amount: not every price in {} is known", known.region),
        },
    );
    if let Some(words) = run::afterwards(&request.apply) {
        line("applies", words);
    }
    if let Some(marker) = &known.marked {
        line(
            "BUT",
            format!(
                "the function carries the mark of tuning {}: `run` will refuse until that one ends or `tuner restore` was run",
                marker.tuning_id
            ),
        );
    }
    text
}
