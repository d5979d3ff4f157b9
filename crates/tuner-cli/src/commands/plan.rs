//! `tuner plan`: what `run` would do. Also printed before anything in an account is changed.

mod document;
mod spending;

use std::io::Write;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use tuner_aws::AwsLambda;
use tuner_core::floor;
use tuner_core::planning::Preset;
use tuner_core::pricing::{Money, PriceTable};
use tuner_core::{Architecture, Floor, MemorySize, Payloads};
use tuner_engine::marker::Marker;
use tuner_engine::ports::PortErrorKind;
use tuner_engine::steps::{self, Seen};
use tuner_engine::{Context, TuningError, TuningRequest};

pub(super) use self::document::Plan;
use super::named::Named;
use super::prior::LocalTunings;
use super::project::Search;
use super::request::{Subject, build};
use super::{local_lambda, named, price_table, project, restore, results, run, service};
use crate::cli::{RunArgs, RunFormat};
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::progress::Progress;
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
    /// What logs and earlier tunings say of it, and the floor that follows.
    prior: floor::Known,
    floor: Floor,
}

impl Known {
    /// `request` with what is known, so that it is not looked up again. What could not be found out from here is left to who
    /// tunes, perhaps with more permissions.
    pub(super) fn told(&self, request: &mut TuningRequest) {
        let is_of_use = match self.place {
            Place::Local | Place::Direct => true,
            Place::Service { .. } => !self.prior.needs.is_empty() || self.prior.unknown.is_empty(),
        };
        if self.now.is_ok() && is_of_use {
            request.known = Some(self.prior.clone());
        }
    }
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
    /// Absent for a program on this machine.
    code_sha256: Option<String>,
    memory_size_mb: u32,
    timeout_s: u32,
    ephemeral_storage_mb: u32,
    architecture: Architecture,
    runtime: Option<String>,
    snap_start: bool,
    marked: Option<Marker>,
}

/// Prints the plan and ends.
pub(super) async fn plan(args: RunArgs) -> Result<Exit, CliError> {
    let format = args.format;
    if matches!(format, RunFormat::Markdown | RunFormat::Csv) {
        return Err(CliError::usage("a plan is printed for people or as JSON").hint("give --format human or json"));
    }
    let several = match named::several_runs(&args)? {
        Some(several) => several,
        None => {
            let args = named::resolved(args)?;
            match args.project.all {
                true => of_folder(&args)?,
                false if args.project.list => return project::list(&Search::of(&args), format),
                false => {
                    let plan = plan_one(args).await?;
                    match format {
                        RunFormat::Json => print_json(&plan)?,
                        _ => print(&plan)?,
                    }
                    return Ok(Exit::Done);
                }
            }
        }
    };
    let mut worst = Exit::Done;
    let mut plans = Vec::new();
    for named in several {
        let planned = match named.args {
            Ok(args) => Box::pin(plan_one(args)).await,
            Err(error) => Err(error),
        };
        match planned {
            Ok(plan) if format == RunFormat::Json => plans.push(plan),
            Ok(plan) => print(&plan)?,
            Err(error) => {
                error.named(&named.name).report();
                worst = worst.or_worse(error.exit());
            }
        }
    }
    if format == RunFormat::Json {
        print_json(&plans)?;
    }
    Ok(worst)
}

fn print(plan: &Plan) -> Result<(), CliError> {
    let text = terminal::wrapped(&plan.in_words(), &std::io::stdout(), INDENT);
    Ok(write!(guarded::stdout(), "{text}")?)
}

/// As it is: JSON has its own escapes for what a terminal would take for commands.
fn print_json(plans: &impl serde::Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(plans)?;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// The functions of a folder, each with the arguments that mean it.
fn of_folder(args: &RunArgs) -> Result<Vec<Named<RunArgs>>, CliError> {
    let one = |name: &str| {
        let mut args = args.clone();
        args.project.all = false;
        args.target.function = Some(name.to_owned());
        args
    };
    let all = project::all(&Search::of(args))?.into_iter();
    let named = all.map(|found| Named {
        args: found.args.map(|_| one(&found.name)),
        name: found.name,
    });
    Ok(named.collect())
}

async fn plan_one(args: RunArgs) -> Result<Plan, CliError> {
    if args.target.follow.is_some() || args.target.no_wait {
        return Err(CliError::usage(
            "--follow and --no-wait are for `tuner run`: a plan starts nothing",
        ));
    }
    let (args, subject) = match project::is_asked(&args) {
        false => {
            let subject = Subject::of(&args)?;
            (args, subject)
        }
        true => {
            let chosen = project::choose(&Search::of(&args))?;
            // What starts it is made when it runs.
            let subject = Subject::Local {
                name: chosen.name.clone(),
                command: Vec::new(),
            };
            (chosen.search.fill(&args), subject)
        }
    };
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
            let lambda = Arc::new(lambda);
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
                    code_sha256: None,
                    memory_size_mb: spec.memory_size_mb,
                    timeout_s: spec.timeout.as_secs() as u32,
                    ephemeral_storage_mb: 512,
                    architecture: spec.architecture,
                    runtime: None,
                    snap_start: false,
                    marked: None,
                }),
                prior: request.known.clone().unwrap_or_default(),
                floor: Floor::default(),
            };
            (request, known)
        }
    };
    Ok(Plan::of(&request, &given.payloads, &known, &prices))
}

/// Prints the plan where somebody is to agree to it.
pub(super) fn show(plan: &str) -> std::io::Result<()> {
    let plan = terminal::wrapped(plan, &std::io::stderr(), INDENT);
    write!(guarded::stderr(), "{plan}")
}

/// Where the words of a plan begin.
const INDENT: usize = 13;

/// Reads what the plan needs to know of a function in AWS. One whose alias would get more than a memory size is refused.
pub(super) async fn look(request: &TuningRequest, lambda: &Arc<AwsLambda>, reach: &Reach) -> Result<Known, CliError> {
    let ctx = context(request, lambda, reach).await?;
    let seen = async {
        let seen = steps::look(&ctx, request).await?;
        steps::check_alias(&ctx, request, &seen.latest).await?;
        Ok(seen)
    };
    match seen.await {
        Ok(seen) => Ok(known(&ctx, request, seen, lambda, Place::Direct).await),
        Err(error) => Err(refused(request, &error, reach)),
    }
}

/// The world of looking at a function, its logs and its earlier tunings.
async fn context(request: &TuningRequest, lambda: &Arc<AwsLambda>, reach: &Reach) -> Result<Context, CliError> {
    let connection = reach
        .lambda(request.function.region(), request.options.role_arn.as_deref())
        .await;
    Ok(Context {
        // What speaks Lambda's API elsewhere keeps its logs elsewhere too.
        reports: (!reach.has_own_lambda()).then(|| connection.reports()),
        tunings: Some(Arc::new(LocalTunings)),
        ..restore::context(lambda.clone(), Arc::new(Progress::new(false)))?
    })
}

/// The same for the service, which does the tuning with permissions of its own: only what it would not find either is an
/// error.
pub(super) async fn look_if_allowed(
    request: &TuningRequest,
    lambda: &Arc<AwsLambda>,
    place: Place,
    reach: &Reach,
) -> Result<Known, CliError> {
    let ctx = context(request, lambda, reach).await?;
    let seen = match steps::look(&ctx, request).await {
        Ok(seen) => seen,
        Err(error @ TuningError::Port(_)) if !is_missing(&error) => {
            return Ok(Known {
                name: request.function.to_string(),
                region: request.function.region().unwrap_or_default().to_owned(),
                place,
                now: Err(error.to_string()),
                prior: floor::Known::default(),
                floor: Floor::default(),
            });
        }
        Err(error) => return Err(refused(request, &error, reach)),
    };
    match steps::check_alias(&ctx, request, &seen.latest).await {
        // The service reads it again.
        Ok(()) | Err(TuningError::Port(_)) => Ok(known(&ctx, request, seen, lambda, place).await),
        Err(error) => Err(refused(request, &error, reach)),
    }
}

fn is_missing(error: &TuningError) -> bool {
    matches!(error, TuningError::Port(e) if e.kind == PortErrorKind::NotFound)
}

async fn known(ctx: &Context, request: &TuningRequest, seen: Seen, lambda: &AwsLambda, place: Place) -> Known {
    let Seen { asked, latest } = seen;
    let prior = steps::known(ctx, request, &latest).await;
    let present = floor::Present {
        memory_size_mb: Some(asked.memory_size_mb),
        timeout_s: Some(latest.timeout_s),
    };
    let risk = request.options.risk_failures_below_floor;
    Known {
        floor: Floor::of(prior.clone(), request.options.headroom, present, risk),
        prior,
        name: asked.arn.to_string(),
        region: asked.arn.region().or(lambda.region()).unwrap_or_default().to_owned(),
        place,
        now: Ok(Now {
            code_sha256: asked.code_sha256,
            memory_size_mb: asked.memory_size_mb,
            timeout_s: asked.timeout_s,
            ephemeral_storage_mb: asked.ephemeral_storage_mb,
            architecture: asked.architecture,
            runtime: asked.runtime,
            snap_start: asked.snap_start,
            marked: Marker::read(&latest.description, latest.variables.as_ref()).map(|(marker, _)| marker),
        }),
    }
}

fn refused(request: &TuningRequest, error: &TuningError, reach: &Reach) -> CliError {
    let what = match error {
        TuningError::AliasDiffers { .. } | TuningError::AliasWeighted { .. } => {
            format!("cannot apply to an alias of {}; nothing was changed", request.function)
        }
        _ => format!("cannot read {}", request.function),
    };
    CliError::new(results::exit_of_error(error), what)
        .cause(error)
        .maybe_hint(reach.hint(error))
}

/// The plan in words.
pub(super) fn describe(request: &TuningRequest, payloads: &Payloads, known: &Known, prices: &PriceTable) -> String {
    Plan::of(request, payloads, known, prices).in_words()
}

/// The sizes that are left out, and the request without them.
fn allowed(request: &TuningRequest, floor: &Floor) -> (Vec<MemorySize>, TuningRequest) {
    let sizes = request.options.memory_sizes.iter();
    let (left_out, memory_sizes) = sizes.partition(|size| floor.forbids(size.mb()));
    let request = request.clone().with(|o| o.memory_sizes = memory_sizes);
    (left_out, request)
}

fn sizes(request: &TuningRequest, floor: &Floor) -> String {
    let least = floor.binding_mb().unwrap_or(MemorySize::MIN.mb());
    let list: Vec<String> = request
        .options
        .memory_sizes
        .iter()
        .map(|s| s.mb().to_string())
        .collect();
    match (request.options.preset, list.is_empty()) {
        (Preset::Grid, _) => format!("{} MB", list.join(", ")),
        (preset, true) => format!("sizes from {least} to 10240 MB, chosen on the way ({preset})"),
        (preset, false) => format!("some of {} MB, chosen on the way ({preset})", list.join(", ")),
    }
}

/// What an adaptive preset was seen to spend on recorded curves: sizes, and invocations of the usual number of each.
const USUAL_SIZES: u64 = 7;

/// How many invocations a tuning makes.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub(super) struct Calls {
    /// Mostly so many at least.
    usual_low: u64,
    /// Mostly so many at most.
    usual_high: u64,
    /// Never more than so many.
    at_most: u64,
}

fn calls(request: &TuningRequest, payloads: &Payloads) -> Calls {
    let Some(effort) = request.options.preset.effort() else {
        let usual = usual_calls(request);
        let each = u64::from(request.options.fixed_planner().most_calls());
        return Calls {
            usual_low: usual,
            usual_high: usual,
            at_most: request.options.memory_sizes.len() as u64 * each,
        };
    };
    let least = 3 * (u64::from(effort.opening.max(payloads.all_sent_after())) + 1);
    let most = u64::from(request.options.budget.invocations.unwrap_or(effort.most_calls));
    Calls {
        usual_low: least.min(most),
        usual_high: u64::from(effort.calls).max(2 * least).min(most),
        at_most: most,
    }
}

fn invocations(request: &TuningRequest, payloads: &Payloads) -> String {
    if request.options.preset.is_adaptive() {
        let calls = calls(request, payloads);
        return format!(
            "mostly {} to {} times, fewer where less is to be learned, the first at each size a cold start, never more than {}",
            units::count(calls.usual_low),
            units::count(calls.usual_high),
            units::count(calls.at_most)
        );
    }
    let sizes = request.options.memory_sizes.len() as u64;
    let each = u64::from(request.options.invocations);
    let what = match (request.options.dry_run, request.options.only_cold_starts) {
        (true, _) => "once at each size, to see that everything works".to_owned(),
        (false, true) => format!("{each} cold starts at each size"),
        (false, false) => format!(
            "{each} warm invocations at each size and {} that environments begin with",
            units::plural(sizes * u64::from(request.options.concurrency), "cold start")
        ),
    };
    let weighted = match payloads.entries().len() {
        several if payloads.is_weighted() => format!(", {several} payloads by weight"),
        _ => String::new(),
    };
    format!(
        "about {} times: {what}, up to {} at the same time{weighted}",
        units::count(usual_calls(request)),
        request.options.max_concurrency,
    )
}

/// How much measuring is worth: it goes on while an invocation of the tuning can be expected to save more than it costs.
fn at_stake(request: &TuningRequest) -> Option<String> {
    let effort = request
        .options
        .preset
        .effort()?
        .with_monthly_invocations(request.options.monthly_invocations);
    let ahead = units::count(effort.invocations_ahead as u64);
    let basis = match request.options.monthly_invocations {
        Some(_) => "three months".to_owned(),
        None => format!(
            "which `{}` assumes; --monthly-invocations says it better",
            request.options.preset
        ),
    };
    Some(format!(
        "{ahead} invocations until the next tuning ({basis}): measuring is worth about {} at the cheapest size",
        units::count(effort.worth().round() as u64)
    ))
}

/// Invocations when all goes well, cold starts included.
fn usual_calls(request: &TuningRequest) -> u64 {
    if let Some(effort) = request.options.preset.effort() {
        return effort.calls.into();
    }
    let each = match (request.options.dry_run, request.options.only_cold_starts) {
        (true, _) => 1,
        (false, true) => u64::from(request.options.invocations),
        // The cold start that each environment begins with comes on top.
        (false, false) => u64::from(request.options.invocations) + u64::from(request.options.concurrency),
    };
    request.options.memory_sizes.len() as u64 * each
}

/// Why not even one invocation fits into the budget, if so: none is begun that could exceed it.
fn too_small(request: &TuningRequest, known: &Known, prices: &PriceTable) -> Option<String> {
    let (now, most) = (known.now.as_ref().ok()?, request.options.budget.cost?);
    let smallest = request
        .options
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
