//! `tuner run`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tuner_aws::{AwsLambda, AwsOptions};
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, Payloads, Tuning, Verdict};
use tuner_engine::driver::{self, Failure, Setting};
use tuner_engine::ports::PortErrorKind;
use tuner_engine::{
    Apply, Backoff, CancellationToken, Context, DirectoryStore, Event, Observer, SystemClock, TuningError,
    TuningRequest,
};
use tuner_report::{Format, Options, TerminalStyle};

use super::request::{Subject, build};
use super::{local_lambda, plan, price_table, write_file};
use crate::cli::{AwsArgs, GlobalArgs, RunArgs, RunFormat};
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::terminal::{self, DIM, RESET};
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
        let cancel = CancellationToken::new();
        let ctx = Context {
            control: lambda.clone(),
            invoker: lambda,
            store: Arc::new(store),
            clock: Arc::new(SystemClock),
            observer: self.progress.clone(),
            cancel: cancel.clone(),
            backoff: Backoff::default(),
            hand_back_at: None,
        };
        let watcher = tokio::spawn(stop_on_signal(cancel, self.progress.clone()));
        let setting = Setting {
            prices: &self.prices,
            price_region,
            environment,
        };
        let ended = driver::run(&ctx, request, self.payloads, setting).await;
        watcher.abort();
        self.progress.finish();
        match ended {
            Ok(tuning) => finish(self.args, &tuning, &folder),
            Err(failure) => {
                if is_new {
                    // Goes only if it is empty: records that were paid for stay.
                    let _ = std::fs::remove_dir(&folder);
                    if self.args.out.is_none() {
                        let _ = std::fs::remove_dir(OUT);
                    }
                }
                Err(failed(request, failure))
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
    })
    .await
}

/// The first signal asks to stop and put things back; the second ends this process at once.
async fn stop_on_signal(cancel: CancellationToken, progress: Arc<Progress>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    next().await;
    progress.say("stopping: the function is being put back (once more to stop at once, which may leave it changed)");
    cancel.cancel();
    next().await;
    progress.finish();
    progress.say("stopped at once; `tuner restore --function ...` puts the function back");
    std::process::exit(Exit::Interrupted as i32);
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

fn finish(args: &RunArgs, tuning: &Tuning, folder: &Path) -> Result<Exit, CliError> {
    let mut files = Vec::new();
    for (format, name) in [
        (Format::Svg, "report.svg"),
        (Format::Html, "report.html"),
        (Format::Json, "tuning.json"),
    ] {
        let mut bytes = Vec::new();
        tuner_report::render(format, tuning, &Options::default(), &mut bytes)?;
        let file = folder.join(name);
        write_file(&file, &bytes)?;
        files.push(file);
    }
    // The document holds every record; the parts written on the way have done their duty.
    let _ = std::fs::remove_dir_all(folder.join("records"));
    print(args.format, tuning)?;
    let mut err = anstream::stderr().lock();
    for file in &files {
        let _ = writeln!(err, "{DIM}wrote{RESET} {}", file.display());
    }
    Ok(exit_of(tuning))
}

fn print(format: RunFormat, tuning: &Tuning) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    let format = match format {
        RunFormat::Human => {
            let style = TerminalStyle {
                width: terminal::width(),
                colour: terminal::colours_stdout(),
            };
            tuner_report::terminal(tuning, &Options::default(), &style, &mut out)?;
            return Ok(());
        }
        RunFormat::Json => Format::Json,
        RunFormat::Markdown => Format::Markdown,
        RunFormat::Csv => Format::Csv,
    };
    tuner_report::render(format, tuning, &Options::default(), &mut out)?;
    Ok(())
}

fn exit_of(tuning: &Tuning) -> Exit {
    match tuning.decision.verdict {
        // Not put back, or not applied as asked: a script must notice.
        Verdict::Move | Verdict::Keep | Verdict::NoClearWinner | Verdict::Choose if !tuning.leftovers.is_empty() => {
            Exit::Refused
        }
        Verdict::Move | Verdict::Keep | Verdict::NoClearWinner | Verdict::Choose => Exit::Done,
        Verdict::ConstraintNotMet => Exit::GateNotMet,
        Verdict::NotEnoughEvidence => Exit::NotEnoughEvidence,
        Verdict::AllFailed => Exit::FunctionFailed,
    }
}

fn failed(request: &TuningRequest, failure: Failure) -> CliError {
    let function = &request.function;
    let put_back = match (failure.touched, failure.leftovers.is_empty()) {
        (false, _) => "nothing was changed".to_owned(),
        (true, true) if failure.notes.is_empty() => format!("{function} is as it was before"),
        (true, _) => failure
            .notes
            .iter()
            .chain(&failure.leftovers)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n  "),
    };
    let error = match &failure.error {
        TuningError::Interrupted => CliError::new(Exit::Interrupted, format!("interrupted; {put_back}")),
        error => CliError::new(exit_of_error(error), format!("cannot tune {function}"))
            .cause(error)
            .cause(put_back),
    };
    error.maybe_hint(failure.error.hint())
}

/// The exit code an error of the engine stands for.
pub(super) fn exit_of_error(error: &TuningError) -> Exit {
    match error {
        TuningError::Port(e) if e.kind == PortErrorKind::Invalid => Exit::Usage,
        TuningError::Untunable { .. } | TuningError::NoRoomForMarker { .. } => Exit::Usage,
        TuningError::Store(_) => Exit::Unexpected,
        TuningError::Interrupted => Exit::Interrupted,
        _ => Exit::Refused,
    }
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
