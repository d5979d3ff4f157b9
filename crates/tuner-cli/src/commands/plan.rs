//! `tuner plan`: what `run` would do. Also printed before anything in an account is changed.

use std::io::Write;

use tuner_aws::AwsLambda;
use tuner_core::planning::{Preset, RUNGS};
use tuner_core::pricing::{Money, PriceTable};
use tuner_core::{Architecture, MemorySize, Payloads, SizeProgress, machinery};
use tuner_engine::marker::Marker;
use tuner_engine::ports::{FunctionControl, PortError, PortErrorKind};
use tuner_engine::{TuningError, TuningRequest};

use super::request::{Subject, build};
use super::{local_lambda, price_table, results, run, service};
use crate::cli::RunArgs;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::reach::Reach;
use crate::states_arn::StateMachineArn;
use crate::{terminal, units};

/// What the plan needs to know of a function.
pub(super) struct Known {
    name: String,
    region: String,
    place: Place,
    /// How it is now, or why that is not known here.
    now: Result<Now, String>,
}

/// Where a function is tuned, and by whom.
pub(super) enum Place {
    /// On this machine.
    Local,
    /// In AWS, from here.
    Direct,
    /// In AWS, by the service.
    Service {
        /// Name of the state machine.
        machine: String,
        /// Its region.
        region: String,
    },
}

impl Place {
    /// By this state machine.
    pub(super) fn of(machine: &StateMachineArn) -> Self {
        Self::Service {
            machine: machine.name().to_owned(),
            region: machine.region().to_owned(),
        }
    }
}

/// A function as it is now.
struct Now {
    memory_size_mb: u32,
    timeout_s: u32,
    ephemeral_storage_mb: u32,
    architecture: Architecture,
    marked: Option<Marker>,
}

/// Prints the plan and ends.
pub(super) async fn plan(args: RunArgs) -> Result<Exit, CliError> {
    if args.target.follow.is_some() || args.target.no_wait {
        return Err(CliError::usage(
            "--follow and --no-wait are for `tuner run`: a plan starts nothing",
        ));
    }
    let subject = Subject::of(&args)?;
    let given = run::payload_of(&args)?;
    let prices = price_table(args.prices.as_deref())?;
    let (request, known) = match subject {
        Subject::Service(function) => {
            let order = service::Order::of(&args, &function, &given).await?;
            (order.job.request, order.known)
        }
        Subject::Direct(function) => {
            let request = build(&args, function)?;
            let reach = Reach::new(&args.aws, &Config::load()?);
            let lambda = reach
                .lambda(request.function.region(), args.role_arn.as_deref())
                .await
                .lambda();
            let known = look(&request, &lambda, &reach).await?;
            (request, known)
        }
        Subject::Local { name, command } => {
            let request = build(&args, name.parse().map_err(CliError::usage)?)?;
            let spec = local_lambda::function(&name, command, &args.local);
            let known = Known {
                name,
                region: args
                    .aws
                    .account
                    .region
                    .clone()
                    .unwrap_or_else(|| local_lambda::REGION.to_owned()),
                place: Place::Local,
                now: Ok(Now {
                    memory_size_mb: spec.memory_size_mb,
                    timeout_s: spec.timeout.as_secs() as u32,
                    ephemeral_storage_mb: 512,
                    architecture: spec.architecture,
                    marked: None,
                }),
            };
            (request, known)
        }
    };
    let plan = describe(&request, &given.payloads, &known, &prices);
    let plan = terminal::wrapped(&plan, &std::io::stdout(), INDENT);
    write!(guarded::stdout(), "{plan}")?;
    Ok(Exit::Done)
}

/// Prints the plan where somebody is to agree to it.
pub(super) fn show(plan: &str) -> std::io::Result<()> {
    let plan = terminal::wrapped(plan, &std::io::stderr(), INDENT);
    write!(guarded::stderr(), "{plan}")
}

/// Where the words of a plan begin.
const INDENT: usize = 13;

/// Reads what the plan needs to know of a function in AWS.
pub(super) async fn look(request: &TuningRequest, lambda: &AwsLambda, reach: &Reach) -> Result<Known, CliError> {
    read(request, lambda, Place::Direct)
        .await
        .map_err(|e| refused(request, e, reach))
}

/// The same for the service, which does the tuning with permissions of its own: only what it would not find either is an
/// error.
pub(super) async fn look_if_allowed(
    request: &TuningRequest,
    lambda: &AwsLambda,
    place: Place,
    reach: &Reach,
) -> Result<Known, CliError> {
    let region = request.function.region().unwrap_or_default().to_owned();
    match read(request, lambda, Place::Direct).await {
        Ok(known) => Ok(Known { place, ..known }),
        Err(error) if error.kind == PortErrorKind::NotFound => Err(refused(request, error, reach)),
        Err(error) => Ok(Known {
            name: request.function.to_string(),
            region,
            place,
            now: Err(error.to_string()),
        }),
    }
}

async fn read(request: &TuningRequest, lambda: &AwsLambda, place: Place) -> Result<Known, PortError> {
    let configuration = lambda.configuration(&request.function).await?;
    let latest = lambda.configuration(&request.function.unqualified()).await?;
    let region = configuration.arn.region().or(lambda.region()).unwrap_or_default();
    Ok(Known {
        name: configuration.arn.to_string(),
        region: region.to_owned(),
        place,
        now: Ok(Now {
            memory_size_mb: configuration.memory_size_mb,
            timeout_s: configuration.timeout_s,
            ephemeral_storage_mb: configuration.ephemeral_storage_mb,
            architecture: configuration.architecture,
            marked: Marker::read(&latest.description, latest.variables.as_ref()).map(|(marker, _)| marker),
        }),
    })
}

fn refused(request: &TuningRequest, error: PortError, reach: &Reach) -> CliError {
    let error = TuningError::from(error);
    let what = format!("cannot read {}", request.function);
    CliError::new(results::exit_of_error(&error), what)
        .cause(&error)
        .maybe_hint(reach.hint(&error))
}

/// The plan in words.
pub(super) fn describe(request: &TuningRequest, payloads: &Payloads, known: &Known, prices: &PriceTable) -> String {
    let mut text = format!("Plan for {}\n", known.name);
    let mut line = |head: &str, words: String| text.push_str(&format!("  {head:<10} {words}\n"));
    if let Place::Service { machine, region } = &known.place {
        line("by", format!("state machine {machine} in {region}"));
    }
    line(
        "now",
        match &known.now {
            Ok(now) => format!(
                "{} MB, {}, timeout {}",
                now.memory_size_mb,
                now.architecture,
                run::seconds(now.timeout_s)
            ),
            Err(reason) => format!("not known here ({reason}); the service reads it"),
        },
    );
    line("measures", sizes(request));
    line("invokes", invocations(request, payloads));
    if !matches!(known.place, Place::Local) {
        line(
            "publishes",
            format!(
                "{}{}, deleted at the end; meanwhile $LATEST changes its memory size for some seconds and is put back before measuring",
                if request.preset == Preset::Grid { "" } else { "about " },
                units::plural(versions(request), "version")
            ),
        );
    }
    let constraints = request.constraints.iter().map(|c| format!(", {c}"));
    line(
        "objective",
        format!("{}{}", request.objective, constraints.collect::<String>()),
    );
    line("spends", spends(request, known, prices));
    if let Some(words) = too_small(request, known, prices) {
        line("BUT", words);
    }
    if let Some(words) = run::afterwards(&request.apply) {
        line("applies", words);
    }
    if let Ok(Now { marked: Some(mark), .. }) = &known.now {
        let until = match known.place {
            Place::Service { .. } => "the service refuses unless that one is over",
            _ => "`run` will refuse until that one ends or `tuner restore` was run",
        };
        line(
            "BUT",
            format!("the function carries the mark of tuning {}: {until}", mark.tuning_id),
        );
    }
    text
}

fn sizes(request: &TuningRequest) -> String {
    let list: Vec<String> = request.memory_sizes.iter().map(|s| s.mb().to_string()).collect();
    match (request.preset, list.is_empty()) {
        (Preset::Grid, _) => format!("{} MB", list.join(", ")),
        (preset, true) => format!("sizes from 128 to 10240 MB, chosen on the way ({preset})"),
        (preset, false) => format!("some of {} MB, chosen on the way ({preset})", list.join(", ")),
    }
}

/// What an adaptive preset was seen to spend on recorded curves: sizes, and invocations of the usual number of each.
const USUAL_SIZES: u64 = 7;

fn invocations(request: &TuningRequest, payloads: &Payloads) -> String {
    if let Some(effort) = request.preset.effort() {
        let least = 3 * (u64::from(effort.opening.max(payloads.all_sent_after())) + 1);
        let limit = match request.budget.invocations {
            Some(most) => format!(", never more than {}", units::count(u64::from(most))),
            None => String::new(),
        };
        return format!(
            "mostly {} to {} times, fewer where less is to be learned{limit}",
            units::count(least),
            units::count(u64::from(effort.calls).max(2 * least)),
        );
    }
    let sizes = request.memory_sizes.len() as u64;
    let each = u64::from(request.invocations);
    let (total, what) = match (request.dry_run, request.only_cold_starts) {
        (true, _) => (sizes, "once at each size, to see that everything works".to_owned()),
        (false, true) => (sizes * each, format!("{each} cold starts at each size")),
        // The cold start that each environment begins with comes on top.
        (false, false) => (
            sizes * (each + u64::from(request.concurrency)),
            format!("{each} warm invocations at each size and their cold starts"),
        ),
    };
    let weighted = match payloads.entries().len() {
        several if payloads.is_weighted() => format!(", {several} payloads by weight"),
        _ => String::new(),
    };
    format!(
        "about {} times: {what}, up to {} at the same time{weighted}",
        units::count(total),
        request.max_concurrency,
    )
}

fn versions(request: &TuningRequest) -> u64 {
    if request.preset.is_adaptive() {
        return match request.memory_sizes.len() as u64 {
            0 => USUAL_SIZES,
            sizes => sizes.min(USUAL_SIZES),
        };
    }
    let untouched = SizeProgress::default();
    let progress = request
        .memory_sizes
        .iter()
        .map(|&size| (size, untouched.clone()))
        .collect();
    let batches = request.fixed_planner().next(&progress);
    let versions = batches.iter().map(|batch| request.versions_for(batch, &untouched));
    versions.map(u64::from).sum()
}

/// Why not even one invocation fits into the budget, if so: none is begun that could exceed it.
fn too_small(request: &TuningRequest, known: &Known, prices: &PriceTable) -> Option<String> {
    let (now, most) = (known.now.as_ref().ok()?, request.budget.cost?);
    let smallest = request
        .memory_sizes
        .iter()
        .min()
        .map_or(MemorySize::MIN.mb(), |size| size.mb());
    let quote = prices.quote(&known.region, now.architecture).ok()?;
    let timeout_ms = u64::from(now.timeout_s) * 1000;
    let one = quote.invocation(smallest, timeout_ms, now.ephemeral_storage_mb).ok()?;
    (one.amount > most).then(|| {
        format!(
            "the budget of {} is too small for one invocation: at {smallest} MB it could take {} if it ran into the timeout of {}; \
             nothing would be invoked",
            Money::new(most, quote.currency).display(),
            one.display(),
            run::seconds(now.timeout_s)
        )
    })
}

fn spends(request: &TuningRequest, known: &Known, prices: &PriceTable) -> String {
    let now = match (&known.place, &known.now) {
        (Place::Local, _) => return "nothing: it runs on this machine".to_owned(),
        (_, Err(_)) => return "an amount that is not known here: it depends on the function's timeout".to_owned(),
        (_, Ok(now)) => now,
    };
    let quote = match prices.quote(&known.region, now.architecture) {
        Ok(quote) => quote,
        Err(unknown) => return format!("an unknown amount: {unknown}"),
    };
    let timeout_ms = u64::from(now.timeout_s) * 1000;
    let (sizes, calls) = worst_case(request);
    let worst = sizes.iter().try_fold(0.0, |sum, &mb| {
        let call = quote.invocation(mb, timeout_ms, now.ephemeral_storage_mb).ok()?;
        Some(sum + call.amount * f64::from(calls))
    });
    // Nothing is begun that could exceed the budget.
    let worst = match (worst, request.budget.cost) {
        (Some(worst), Some(most)) => Some(worst.min(most)),
        (worst, _) => worst,
    };
    let Some(worst) = worst.map(|worst| Money::new(worst, quote.currency)) else {
        return format!("an unknown amount: not every price in {} is known", known.region);
    };
    let (amount, what) = match &known.place {
        Place::Service { region, .. } => match own(request, calls, timeout_ms, region, prices) {
            Some(own) => match worst.checked_add(own) {
                Ok(sum) => (sum, ", the service's own steps included"),
                Err(_) => (worst, ", without the service's own steps"),
            },
            None => (worst, ", without the service's own steps, whose price is not known"),
        },
        _ => (worst, ""),
    };
    if request.preset.is_adaptive() {
        let why = match request.budget.cost {
            Some(most) if amount.amount >= most => "the budget",
            _ => "if every one ran into the timeout",
        };
        return format!("at most {} in {}{what}, {why}", amount.display(), known.region);
    }
    let most = match (request.dry_run, request.only_cold_starts) {
        (true, _) => "if every one ran into the timeout",
        (false, true) => "if every version gave one cold start only and every invocation ran into the timeout",
        (false, false) => "if all had to be made twice and every one ran into the timeout",
    };
    format!("at most {} in {}{what}, {most}", amount.display(), known.region)
}

/// Sizes and invocations of each that are not exceeded.
fn worst_case(request: &TuningRequest) -> (Vec<u32>, u32) {
    let Some(effort) = request.preset.effort() else {
        let sizes = request.memory_sizes.iter().map(|size| size.mb()).collect();
        return (sizes, request.fixed_planner().most_calls());
    };
    let sizes: Vec<u32> = match request.memory_sizes.len() {
        0 => RUNGS.to_vec(),
        _ => request.memory_sizes.iter().map(|size| size.mb()).collect(),
    };
    // One that runs into its timeout ends its size.
    let each = match request.budget.invocations {
        Some(most) => most.div_ceil(sizes.len().max(1) as u32),
        None => effort.calls.div_ceil(sizes.len().max(1) as u32) + effort.opening,
    };
    (sizes, each)
}

/// What the service's own steps cost when every invocation runs into the timeout.
fn own(request: &TuningRequest, calls: u32, timeout_ms: u64, region: &str, prices: &PriceTable) -> Option<Money> {
    let plan = machinery::Plan {
        sizes: worst_case(request).0.len() as u32,
        invocations: calls.saturating_sub(1),
        concurrency: request.concurrency,
        max_concurrency: request.max_concurrency,
        pause_ms: request.pause_ms,
        duration_ms: timeout_ms as f64,
        // As infra/ deploys them, at the dearer of the two architectures.
        own_memory_mb: 512,
    };
    let place = machinery::Place {
        region,
        architecture: Architecture::X86_64,
    };
    machinery::Work::estimate(&plan).priced(prices, place).cost()
}
