//! `tuner run`.

use std::sync::Arc;

use tuner_aws::AwsLambda;
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, MemorySize, Payloads};
use tuner_engine::driver::{self, Setting};
use tuner_engine::ports::{Invoker, LogSource};
use tuner_engine::{
    Apply, Backoff, Context, Event, Observer, Prices, SystemClock, TuningOptions, TuningRequest, withheld,
};
use tuner_local::{FunctionSpec, LocalLambda, MachineWatch};

use super::out_folder::{self, OutFolder};
use super::project::Search;
use super::request::{Subject, build};
use super::several::{self, Part};
use super::{local_lambda, named, plan, price_table, project, results, service};
use crate::cli::{GlobalArgs, RunArgs};
use crate::config::Config;
use crate::consent;
use crate::error::CliError;
use crate::examples::Source;
use crate::exit::Exit;
use crate::payload::Given;
use crate::progress::{OfLocalProgram, Progress};
use crate::reach::Reach;
use crate::{payload, units};

/// Measures, decides, reports.
pub(super) async fn run(args: RunArgs, global: GlobalArgs) -> Result<Exit, CliError> {
    if let Some(functions) = named::several_runs(&args)? {
        return several::runs(&args, global, functions).await;
    }
    let args = named::resolved(args)?;
    let progress = Arc::new(Progress::new(global.quiet));
    if let Some(execution) = &args.target.follow {
        return service::follow(&args, execution, progress).await;
    }
    if args.project.list {
        return project::list(&Search::of(&args), args.format);
    }
    if args.project.all {
        return several::runs_of_folder(&args, global).await;
    }
    one(&args, &progress, &Part::alone()).await
}

/// Tunes one function.
pub(super) async fn one(args: &RunArgs, progress: &Arc<Progress>, part: &Part<'_>) -> Result<Exit, CliError> {
    if project::is_asked(args) {
        let chosen = project::choose(&Search::of(args))?;
        return of_project(args, chosen, progress, part).await;
    }
    let subject = Subject::of(args)?;
    let given = payload_of(args)?;
    let prices = price_table(args.prices.as_deref())?;
    let session = Session {
        args,
        prices: &prices,
        progress: progress.clone(),
        part,
    };
    match subject {
        Subject::Local { name, command } => {
            let spec = local_lambda::function(&name, command, &args.local);
            session.run_local(spec, &given.payloads).await
        }
        Subject::Direct(function) => session.run_direct(function, given.payloads).await,
        Subject::Service(function) => service::run(args, &function, &given, &prices, progress.clone(), part).await,
    }
}

/// Tunes a function that was found in a folder.
pub(super) async fn of_project(
    args: &RunArgs,
    mut chosen: project::Chosen,
    progress: &Arc<Progress>,
    part: &Part<'_>,
) -> Result<Exit, CliError> {
    let start = project::start(&mut chosen, progress)?;
    let args = chosen.search.fill(args);
    let given = payload_of(&args)?;
    let prices = price_table(args.prices.as_deref())?;
    let spec = chosen.function.runtime.clone();
    let mut function = local_lambda::function(&chosen.name, start.command, &args.local);
    function.runtime_variables = start.variables;
    if let Some(runtime) = spec {
        function.runtime = runtime;
    }
    let session = Session {
        args: &args,
        prices: &prices,
        progress: progress.clone(),
        part,
    };
    session.run_local(function, &given.payloads).await
}

/// The payload typed, checked; one in S3 is read by whoever tunes.
pub(super) fn payload_of(args: &RunArgs) -> Result<Given, CliError> {
    let given = payload::read(args.payload.as_deref(), payload::MOST_EVENTS.max(args.num.unwrap_or(0)))?;
    check(&given.payloads, args)?;
    Ok(given)
}

fn check(payloads: &Payloads, args: &RunArgs) -> Result<(), CliError> {
    // One invocation can't send every payload of a list.
    if args.dry_run {
        return Ok(());
    }
    let each = args.preset().most_per_size(args.invocations());
    payloads.check(each).map_err(payload::error)
}

/// The sizes worth trying of those that this machine can tell apart.
fn told_apart(largest_mb: u32) -> Vec<MemorySize> {
    TuningOptions::ALL_SIZES
        .into_iter()
        .filter(|&mb| mb <= largest_mb.max(MemorySize::MIN.mb()))
        .filter_map(|mb| MemorySize::new(mb).ok())
        .collect()
}

/// What was asked for, read and checked.
struct Session<'a, 'p> {
    args: &'a RunArgs,
    prices: &'a PriceTable,
    progress: Arc<Progress>,
    part: &'a Part<'p>,
}

/// Where a function is measured.
struct Ground {
    lambda: Arc<AwsLambda>,
    processors: Arc<dyn Invoker>,
    logs: Option<Arc<dyn LogSource>>,
    environment: MeasuringEnvironment,
    price_region: Option<String>,
    /// On this machine: what runs the function, and what else goes on.
    here: Option<(LocalLambda, MachineWatch)>,
}

impl Session<'_, '_> {
    async fn run_direct(&self, function: FunctionName, typed: Payloads) -> Result<Exit, CliError> {
        let args = self.args;
        let mut request = build(args, function)?;
        let reach = Reach::new(&args.aws, &Config::load()?);
        let there = request.function.region().map(str::to_owned);
        let there = there.as_deref();
        let connection = reach.lambda(there, args.role_arn.as_deref()).await;
        let payloads = match &args.payload_s3 {
            Some(object) => payload::from_s3(object, &reach.services(there).await.objects()).await?,
            None => typed,
        };
        check(&payloads, args)?;
        let lambda = Arc::new(connection.lambda());
        let known = plan::look(&request, &lambda, &reach).await?;
        let plan = plan::describe(&request, &payloads, &known, self.prices);
        plan::show(&plan)?;
        self.part.consent(consent::CHANGES, &request.function, args.yes).await?;
        known.told(&mut request);
        let ground = Ground {
            // With the caller's own credentials: a role for the function under test is not for them.
            processors: Arc::new(reach.lambda(there, None).await.anywhere()),
            // What speaks Lambda's API elsewhere keeps its logs elsewhere too.
            logs: (!reach.has_own_lambda()).then(|| Arc::new(connection.logs()) as Arc<dyn LogSource>),
            environment: lambda.environment(),
            lambda,
            price_region: None,
            here: None,
        };
        self.tune(&request, &payloads, ground).await
    }

    async fn run_local(&self, mut spec: FunctionSpec, payloads: &Payloads) -> Result<Exit, CliError> {
        let args = self.args;
        let name = spec.name.clone();
        let mut request = build(args, name.parse().map_err(CliError::usage)?)?;
        let region = args.aws.account.region.as_deref().unwrap_or(local_lambda::REGION);
        let (local, lambda) = local_lambda::start_private(&args.local, region).await?;
        let slow_start = local_lambda::slow_start(&spec.command);
        let _source = Source::of(&mut spec).await?;
        local_lambda::register(&local, spec.clone())?;
        let confinement = local.confinement_description();
        if request.options.memory_sizes.is_empty() {
            request.options.memory_sizes = told_apart(confinement.largest_distinct_memory_mb);
        }
        let largest = request.options.memory_sizes.last().map_or(0, |size| size.mb());
        local_lambda::rehearse(&local, &spec, largest).await?;
        let words = local_lambda::confinement_words(&confinement);
        self.progress.say(&format!("running {name} on this machine; {words}"));
        if let Some(words) = local_lambda::network_words(args.local.network.into()) {
            self.progress.say(words);
        }
        for note in confinement.notes.iter().chain(&slow_start) {
            self.progress.event(Event::Warning { text: note });
        }
        let ground = Ground {
            processors: lambda.clone(),
            lambda,
            logs: None,
            environment: local.environment(),
            price_region: Some(region.to_owned()),
            here: Some((local, MachineWatch::start())),
        };
        self.tune(&request, payloads, ground).await
    }

    async fn tune(&self, request: &TuningRequest, payloads: &Payloads, ground: Ground) -> Result<Exit, CliError> {
        let folder = OutFolder::create(self.args.out.as_deref(), &out_folder::named(request))?;
        // Records go to a folder of their own as they are made, so that a crash loses none that were paid for.
        let parts = format!("records-{}", uuid::Uuid::now_v7().simple());
        let records = folder.store.within(&parts);
        let parts = folder.path.join(parts);
        let function = &request.function;
        let cancel = self.part.token();
        let listening = self.part.listen(
            &cancel,
            &self.progress,
            "stopping: the function is being put back (once more to stop at once, which may leave it changed)",
            format!(
                "stopped at once: {function} may still be changed; `tuner restore --function {function}` puts it back"
            ),
        );
        let observer: Arc<dyn Observer> = match ground.here {
            Some(_) => Arc::new(OfLocalProgram(self.progress.clone())),
            None => self.progress.clone(),
        };
        let ctx = Context {
            control: ground.lambda.clone(),
            invoker: ground.lambda,
            processors: ground.processors,
            logs: ground.logs,
            // The plan has looked.
            reports: None,
            tunings: None,
            store: Arc::new(records),
            clock: Arc::new(SystemClock),
            observer,
            cancel,
            backoff: Backoff::default(),
            hand_back_at: None,
        };
        let setting = Setting {
            prices: Prices {
                table: self.prices,
                instead_of_region: ground.price_region.as_deref(),
            },
            environment: ground.environment,
        };
        let ended = driver::run(&ctx, request, payloads, setting).await;
        drop(listening);
        self.progress.finish();
        let machine = match ground.here {
            Some((lambda, watch)) => {
                // What functions used is known when they have ended.
                lambda.shutdown().await;
                Some(watch.finish())
            }
            None => None,
        };
        match ended {
            Ok(mut ended) => {
                if let MeasuringEnvironment::Local { machine: slot, .. } = &mut ended.tuning.environment {
                    *slot = machine;
                    let variables = self
                        .args
                        .local
                        .env
                        .iter()
                        .map(|(name, value)| format!("{name}={value}"));
                    let variables: Vec<String> = variables.collect();
                    ended.tuning.request.variables = (!variables.is_empty()).then(|| {
                        withheld(
                            ended.tuning.tuning_id,
                            variables.iter().map(|variable| variable.as_bytes()),
                        )
                    });
                }
                let (tuning, not_applied) = (&ended.tuning, ended.not_applied.as_ref());
                let (format, dry_run) = (self.args.format, request.options.dry_run);
                let written = results::finish(format, tuning, not_applied, dry_run, &folder, self.part).await?;
                // The document holds every record now.
                let _ = std::fs::remove_dir_all(&parts);
                Ok(written)
            }
            Err(failure) => {
                // Goes only if it is empty: records that were paid for stay.
                folder.discard_if_empty();
                let error = results::failed(request, &failure);
                Err(match parts.exists() {
                    true => error.note(format!("what was measured before is kept in {}", parts.display())),
                    false => error,
                })
            }
        }
    }
}

/// For the plan: what will be done with the recommendation.
pub(super) fn afterwards(apply: &Apply) -> Option<String> {
    match apply {
        Apply::No => None,
        Apply::Latest => Some("then gives the recommended size to $LATEST".to_owned()),
        Apply::Alias { name, from_latest } => Some(format!(
            "then gives the recommended size to $LATEST, publishes it, and points alias {name} to it{}",
            match from_latest {
                true => ", whatever else $LATEST is",
                false => "",
            }
        )),
    }
}

/// For the plan: a time.
pub(super) fn seconds(s: u32) -> String {
    units::duration(f64::from(s) * 1000.0)
}
