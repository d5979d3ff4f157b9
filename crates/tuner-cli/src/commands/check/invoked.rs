//! A check by invocations: of a function in AWS, or of a program on this machine.

use std::sync::Arc;

use jiff::Timestamp;
use tuner_aws::AwsLambda;
use tuner_core::check::{Judge, Terms, budget};
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, Payloads};
use tuner_engine::ports::{FunctionConfiguration, Invoker, LogSource};
use tuner_engine::steps::check::{About, CheckOrder, SoFar, check as measure, present};
use tuner_engine::{Backoff, Context, Event, Observer, Prices, SystemClock, TuningError};
use tuner_local::FunctionSpec;

use super::baseline::{self, Found};
use super::finish::finish;
use super::{asked, show_plan};
use crate::cli::{CheckArgs, ProjectArgs};
use crate::commands::out_folder::{OutFolder, stamped};
use crate::commands::project::{self, Search};
use crate::commands::request::Subject;
use crate::commands::results::exit_of_error;
use crate::commands::several::Part;
use crate::commands::{local_lambda, price_table};
use crate::config::Config;
use crate::error::CliError;
use crate::examples::Source;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::reach::{Reach, hint};
use crate::{guarded, payload, units};

/// Where the function is.
struct Ground {
    function: FunctionName,
    lambda: Arc<AwsLambda>,
    logs: Option<Arc<dyn LogSource>>,
    environment: MeasuringEnvironment,
    price_region: Option<String>,
    is_local: bool,
}

/// Invokes until every limit is decided.
pub(super) async fn check(args: &CheckArgs, progress: &Arc<Progress>, part: &Part<'_>) -> Result<Exit, CliError> {
    let prices = price_table(args.prices.as_deref())?;
    if args.local {
        return of_program(args, progress, &prices, part).await;
    }
    let payloads = payload::read(args.payload.as_deref(), payload::MOST_EVENTS_CHECKED)?.payloads;
    let Some(function) = args.function.as_deref() else {
        return Err(CliError::usage("no function to check")
            .hint("name one with --function, or try `tuner check --local --function example:hash --max-p95 500`"));
    };
    if function.starts_with("example:") {
        return Err(CliError::usage(format!("`{function}` runs on this machine only")).hint("add --local"));
    }
    let function: FunctionName = function.parse().map_err(CliError::usage)?;
    let reach = Reach::new(&args.aws, &Config::load()?);
    let connection = reach.lambda(function.region(), args.role_arn.as_deref()).await;
    let lambda = Arc::new(connection.lambda());
    let ground = Ground {
        environment: lambda.environment(),
        logs: (!reach.has_own_lambda()).then(|| Arc::new(connection.logs()) as Arc<dyn LogSource>),
        lambda,
        function,
        price_region: None,
        is_local: false,
    };
    of_ground(args, progress, (&payloads, &prices), ground, part).await
}

/// A program on this machine that is to be checked.
struct Program {
    /// The arguments, with what its project says filled in.
    args: CheckArgs,
    name: String,
    spec: FunctionSpec,
}

fn program(args: &CheckArgs, progress: &Progress) -> Result<Program, CliError> {
    let Some(folder) = &args.folder else {
        let function = args.function.as_deref();
        let subject = Subject::local(function, &args.command, args.local_args.handler.as_deref())?;
        let Subject::Local { name, command } = subject else {
            return Err(CliError::new(Exit::Unexpected, "a local function is none"));
        };
        let name = args.name.as_deref().map_or(name, project::lambda_name);
        let spec = local_lambda::function(&name, command, &args.local_args);
        let args = args.clone();
        return Ok(Program { args, name, spec });
    };
    let search = Search {
        function: args.function.clone(),
        project: ProjectArgs {
            dir: Some(folder.clone()),
            entry: args.name.clone(),
            ..ProjectArgs::default()
        },
        local: args.local_args.clone(),
        payload: args.payload.clone(),
    };
    let mut chosen = project::choose(&search)?;
    let start = project::start(&mut chosen, progress)?;
    let mut spec = local_lambda::function(&chosen.name, start.command, &chosen.search.local);
    spec.runtime_variables = start.variables;
    if let Some(runtime) = chosen.function.runtime {
        spec.runtime = runtime;
    }
    let args = CheckArgs {
        local_args: chosen.search.local,
        payload: chosen.search.payload,
        ..args.clone()
    };
    Ok(Program {
        args,
        name: chosen.name,
        spec,
    })
}

async fn of_program(
    args: &CheckArgs,
    progress: &Arc<Progress>,
    prices: &PriceTable,
    part: &Part<'_>,
) -> Result<Exit, CliError> {
    let Program { args, name, mut spec } = program(args, progress)?;
    let args = &args;
    let payloads = payload::read(args.payload.as_deref(), payload::MOST_EVENTS_CHECKED)?.payloads;
    let region = args.aws.account.region.as_deref().unwrap_or(local_lambda::REGION);
    let (local, lambda) = local_lambda::start_private(&args.local_args, region).await?;
    let _source = Source::of(&mut spec).await?;
    local_lambda::register(&local, spec.clone())?;
    local_lambda::rehearse(&local, &spec, spec.memory_size_mb).await?;
    let words = local_lambda::confinement_words(&local.confinement_description());
    progress.say(&format!("running {name} on this machine; {words}"));
    if args.local_args.present_memory.is_none() {
        progress.say(&format!(
            "it has {} MB: a program has no memory size by itself; give the one that is deployed with --present-memory",
            spec.memory_size_mb
        ));
    }
    let ground = Ground {
        function: name.parse().map_err(CliError::usage)?,
        lambda,
        logs: None,
        environment: local.environment(),
        price_region: Some(region.to_owned()),
        is_local: true,
    };
    let ended = of_ground(args, progress, (&payloads, prices), ground, part).await;
    local.shutdown().await;
    ended
}

async fn of_ground(
    args: &CheckArgs,
    progress: &Arc<Progress>,
    sent: (&Payloads, &PriceTable),
    ground: Ground,
    part: &Part<'_>,
) -> Result<Exit, CliError> {
    let folder = OutFolder::create(
        args.out.as_deref(),
        &stamped(&format!("check-{}", ground.function.name())),
    )?;
    let ended = in_folder(args, progress, sent, ground, &folder, part).await;
    // Goes only if it is empty.
    folder.discard_if_empty();
    ended
}

async fn in_folder(
    args: &CheckArgs,
    progress: &Arc<Progress>,
    (payloads, prices): (&Payloads, &PriceTable),
    ground: Ground,
    folder: &OutFolder,
    part: &Part<'_>,
) -> Result<Exit, CliError> {
    let cancel = part.token();
    let ctx = Context {
        control: ground.lambda.clone(),
        processors: ground.lambda.clone() as Arc<dyn Invoker>,
        invoker: ground.lambda.clone(),
        logs: ground.logs.clone(),
        reports: None,
        tunings: None,
        store: Arc::new(folder.store.clone()),
        clock: Arc::new(SystemClock),
        observer: progress.clone(),
        cancel: cancel.clone(),
        backoff: Backoff::default(),
        hand_back_at: None,
    };
    let failed = |error: TuningError| match &error {
        TuningError::Interrupted => CliError::new(Exit::Interrupted, "interrupted; nothing was changed"),
        error => CliError::new(exit_of_error(error), format!("cannot check {}", ground.function))
            .cause(error)
            .note("nothing was changed".to_owned())
            .maybe_hint(hint(error)),
    };
    let function = present(&ctx, &ground.function).await.map_err(failed)?;
    let found = baseline::of(args, &ground.function, Some(function.memory_size_mb)).await?;
    let is_first = matches!(found, Found::None);
    let (gate, warnings) = asked(args, found);
    for text in &warnings {
        progress.event(Event::Warning { text });
    }
    let order = CheckOrder {
        function: ground.function.clone(),
        max_invocations: args.max_invocations.unwrap_or_else(|| budget(&gate.limits)),
        max_time_ms: args.max_time,
        concurrency: args.max_concurrency,
        pause_ms: args.pause_ms,
        allowed_errors: args.allow_errors.clone(),
        keep_messages: !args.hide_messages,
        // A first one is measured as a baseline must be, whatever limits it has.
        all: is_first || gate.limits.is_empty() || gate.compares_nothing(),
    };
    let lines = plan(&order, &function, ground.is_local);
    if args.dry_run {
        show_plan(&lines, &gate, false, &mut anstream::stdout().lock())?;
        return Ok(Exit::Done);
    }
    if !ground.is_local {
        show_plan(&lines, &gate, false, &mut guarded::stderr())?;
        part.consent("invokes a function", &ground.function, args.yes).await?;
    }
    let quote = Prices {
        table: prices,
        instead_of_region: ground.price_region.as_deref(),
    }
    .quote(&function)
    .ok();
    let terms = Terms {
        price: quote.clone(),
        ephemeral_storage_mb: function.ephemeral_storage_mb,
        of_production: false,
    };
    let started_at = Timestamp::now();
    let listening = part.listen(
        &cancel,
        progress,
        "stopping: nothing was changed",
        format!("stopped at once: nothing was changed on {}", ground.function),
    );
    let judge = Judge::new(&gate.limits, terms);
    let checked = measure(&ctx, &order, &function, payloads, judge, SoFar::nothing(started_at)).await;
    drop(listening);
    progress.finish();
    let check = checked.map_err(failed)?.document(About {
        check_id: uuid::Uuid::now_v7(),
        started_at,
        finished_at: Timestamp::now(),
        function: &ground.function,
        present: &function,
        environment: ground.environment,
        gate,
        undecided: args.undecided.into(),
        price: quote,
        warnings,
    });
    finish(args, &check, folder, part)
}

fn plan(order: &CheckOrder, function: &FunctionConfiguration, is_local: bool) -> Vec<String> {
    let place = if is_local {
        "on this machine"
    } else {
        "in AWS, as it is"
    };
    let most = units::plural(u64::from(order.max_invocations), "invocation");
    vec![
        format!(
            "check of {} {place}: {} MB, time-out {} s",
            order.function, function.memory_size_mb, function.timeout_s
        ),
        format!("makes at most {most}, and ends as soon as every limit is decided; publishes and changes nothing"),
    ]
}
