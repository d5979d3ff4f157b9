//! `tuner run`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tuner_aws::{AwsLambda, AwsOptions};
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, Payloads};
use tuner_engine::driver::{self, Setting};
use tuner_engine::{
    Apply, Backoff, CancellationToken, Context, DirectoryStore, Event, Observer, SystemClock, TuningRequest,
};

use super::request::{Subject, build};
use super::{local_lambda, plan, price_table, results};
use crate::cli::{AwsArgs, GlobalArgs, RunArgs};
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{payload, units};

/// Measures, decides, reports.
pub(super) async fn run(args: RunArgs, global: GlobalArgs) -> Result<Exit, CliError> {
    let subject = Subject::of(&args)?;
    let payloads = payload::read(args.payload.as_deref())?;
    payloads.check(args.num).map_err(payload::error)?;
    let prices = price_table(args.prices.as_deref())?;
    let session = Session {
        args: &args,
        payloads: &payloads,
        prices,
        progress: Arc::new(Progress::new(global.quiet)),
    };
    match subject {
        Subject::Local { name, command } => session.run_local(&name, command).await,
        Subject::Direct(function) => session.run_direct(function).await,
    }
}

/// What was asked for, read and checked.
struct Session<'a> {
    args: &'a RunArgs,
    payloads: &'a Payloads,
    prices: PriceTable,
    progress: Arc<Progress>,
}

impl Session<'_> {
    async fn run_direct(&self, function: FunctionName) -> Result<Exit, CliError> {
        let request = build(self.args, function)?;
        let lambda = Arc::new(connect(&self.args.aws, request.function.region()).await);
        let known = plan::look(&request, lambda.as_ref(), lambda.region()).await?;
        let plan = plan::describe(&request, self.payloads, &known, &self.prices);
        write!(anstream::stderr(), "{plan}")?;
        consent::ask("Go ahead?", self.args.yes)?;
        self.tune(&request, lambda, MeasuringEnvironment::Aws, None).await
    }

    async fn run_local(&self, name: &str, command: Vec<String>) -> Result<Exit, CliError> {
        let args = self.args;
        let request = build(args, name.parse().map_err(CliError::usage)?)?;
        let region = args.aws.region.as_deref().unwrap_or(local_lambda::REGION);
        let local = local_lambda::start(&args.local, 0, region).await?;
        let spec = local_lambda::function(name, command, &args.local);
        local_lambda::register(&local, spec.clone())?;
        let largest = request.memory_sizes.last().map_or(0, |size| size.mb());
        local_lambda::rehearse(&local, &spec, largest).await?;
        let confinement = local.confinement_description();
        let words = local_lambda::confinement_words(&confinement);
        self.progress.say(&format!("running {name} on this machine; {words}"));
        for note in &confinement.notes {
            self.progress.event(Event::Warning { text: note });
        }
        let lambda = Arc::new(AwsLambda::local(&local.endpoint(), region));
        let environment = local_lambda::environment(&confinement);
        let ended = self.tune(&request, lambda, environment, Some(region.to_owned())).await;
        local.shutdown().await;
        ended
    }

    async fn tune(
        &self,
        request: &TuningRequest,
        lambda: Arc<AwsLambda>,
        environment: MeasuringEnvironment,
        price_region: Option<String>,
    ) -> Result<Exit, CliError> {
        let folder = self
            .args
            .out
            .clone()
            .unwrap_or_else(|| fresh_folder(request.function.name()));
        let is_new = !folder.exists();
        let store = DirectoryStore::create(&folder).map_err(|e| {
            CliError::usage(format!("cannot write to `{}`", folder.display()))
                .cause(e.reason)
                .hint("choose another place with --out")
        })?;
        // Records go to a folder of their own as they are made, so that a crash loses none that were paid for.
        let parts = format!("records-{}", uuid::Uuid::now_v7().simple());
        let records = store.within(&parts);
        let parts = folder.join(parts);
        let cancel = CancellationToken::new();
        let ctx = Context {
            control: lambda.clone(),
            processors: lambda.clone(),
            invoker: lambda,
            store: Arc::new(records),
            clock: Arc::new(SystemClock),
            observer: self.progress.clone(),
            cancel: cancel.clone(),
            backoff: Backoff::default(),
            hand_back_at: None,
            logs: None,
            tunings: None,
        };
        let watcher = tokio::spawn(stop_on_signal(cancel, self.progress.clone(), request.function.clone()));
        let setting = Setting {
            prices: &self.prices,
            price_region,
            environment,
        };
        let ended = driver::run(&ctx, request, self.payloads, setting).await;
        watcher.abort();
        self.progress.finish();
        match ended {
            Ok(tuning) => {
                let written = results::finish(self.args.format, &tuning, &store).await?;
                // The document holds every record now.
                let _ = std::fs::remove_dir_all(&parts);
                Ok(written)
            }
            Err(failure) => {
                if is_new {
                    // Goes only if it is empty: records that were paid for stay.
                    let _ = std::fs::remove_dir(&folder);
                    if self.args.out.is_none() {
                        let _ = std::fs::remove_dir(OUT);
                    }
                }
                let error = results::failed(request, &failure);
                Err(match parts.exists() {
                    true => error.note(format!("what was measured before is kept in {}", parts.display())),
                    false => error,
                })
            }
        }
    }
}

/// Where the function is, if its ARN says so, else where the arguments or the environment say.
pub(super) async fn connect(aws: &AwsArgs, arn_region: Option<&str>) -> AwsLambda {
    AwsLambda::connect(AwsOptions {
        region: aws.region.clone().or_else(|| arn_region.map(str::to_owned)),
        profile: aws.profile.clone(),
        endpoint: aws.endpoint_url.clone(),
        role_arn: None,
    })
    .await
}

/// A second signal this soon after the first is the same one, sent to the whole process group or by a wrapper.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// The first signal (Ctrl-C, an ended session, a closed terminal) asks to stop and put things back; a later one ends this
/// process at once.
async fn stop_on_signal(cancel: CancellationToken, progress: Arc<Progress>, function: FunctionName) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = signals else {
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    };
    next().await;
    progress.say("stopping: the function is being put back (once more to stop at once, which may leave it changed)");
    cancel.cancel();
    let first = std::time::Instant::now();
    while first.elapsed() < SAME_SIGNAL {
        next().await;
    }
    progress.finish();
    let _ = writeln!(
        anstream::stderr(),
        "stopped at once: {function} may still be changed; `tuner restore --function {function}` puts it back"
    );
    std::process::exit(Exit::Refused as i32);
}

/// Where results go that are not sent elsewhere.
const OUT: &str = "tuner-out";

fn fresh_folder(function: &str) -> PathBuf {
    let stamp = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let base = Path::new(OUT).join(format!("{function}-{stamp}"));
    (1..)
        .map(|n| {
            if n == 1 {
                base.clone()
            } else {
                base.with_file_name(format!("{function}-{stamp}-{n}"))
            }
        })
        .find(|folder| !folder.exists())
        .unwrap_or(base)
}

/// For the plan: what will be done with the recommendation.
pub(super) fn afterwards(apply: &Apply) -> Option<String> {
    match apply {
        Apply::No => None,
        Apply::Latest => Some("then gives the recommended size to $LATEST".to_owned()),
        Apply::Alias(alias) => Some(format!(
            "then gives the recommended size to $LATEST, publishes it, and points alias {alias} to it"
        )),
    }
}

/// For the plan: a time.
pub(super) fn seconds(s: u32) -> String {
    units::duration(f64::from(s) * 1000.0)
}
