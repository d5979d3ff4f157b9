//! Tuning through the service: its state machine is found, started, followed, and its result brought home.

mod failures;
mod find;
mod input;
mod measured;
mod outcome;
mod payloads;
mod stop;
mod trace;
mod watch;

pub(super) use failures::of_call;
pub(super) use find::{VARIABLE, find, named};
pub(super) use payloads::forget_of;
pub(super) use trace::{whereabouts, whereabouts_in};
pub(super) use watch::bucket_and_prefix;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tuner_aws::{Execution, ExecutionStatus, StateMachineError, StateMachines};
use tuner_core::pricing::PriceTable;
use tuner_core::{FunctionName, Tuning};
use tuner_engine::execution::PayloadSource;
use tuner_engine::{Apply, CancellationToken, TuningRequest};
use tuner_report::{Reader, remedies};
use uuid::Uuid;

use super::out_folder::{self, OutFolder};
use super::plan::{self, Known, Place};
use super::request::build;
use super::several::Part;
use crate::cli::{RunArgs, RunFormat};
use crate::config::Config;
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::payload::Given;
use crate::progress::Progress;
use crate::reach::Reach;
use crate::signals::stop_on_signal;
use crate::states_arn::{ExecutionArn, StateMachineArn};
use crate::terminal::{DIM, RESET};
use trace::Stage;
use watch::Watch;

/// A tuning that the service is to do, and what is known of the function.
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) known: Known,
}

/// An execution that is to be started.
pub(super) struct Job {
    pub(super) request: TuningRequest,
    pub(super) machine: StateMachineArn,
    pub(super) reach: Reach,
    /// The execution's input.
    pub(super) input: String,
}

impl Order {
    /// Finds the state machine, and looks at the function as far as that is allowed from here.
    pub(super) async fn of(args: &RunArgs, function: &FunctionName, given: &Given) -> Result<Self, CliError> {
        let config = Config::load()?;
        let reach = Reach::new(&args.aws, &config);
        let machine = find(named(args.target.state_machine.as_ref(), &config)?, &reach).await?;
        let role = args.role_arn.as_deref();
        let function = input::in_full(function, &machine, reach.region(), role)?;
        let mut request = build(args, function)?;
        let payload = match (&args.payload_s3, &given.text) {
            (Some(object), _) => PayloadSource::S3(object.clone()),
            (None, Some(text)) => PayloadSource::Inline(text.clone()),
            (None, None) => PayloadSource::None,
        };
        // What is wrong with it is told before anything is asked.
        input::json(&request, payload.clone())?;
        let lambda = Arc::new(reach.lambda(request.function.region(), role).await.lambda());
        let known = plan::look_if_allowed(&request, &lambda, Place::of(&machine), &reach).await?;
        known.told(&mut request);
        let input = input::json(&request, payload)?;
        let job = Job {
            request,
            machine,
            reach,
            input,
        };
        Ok(Self { job, known })
    }
}

/// Tunes a function through the service.
pub(super) async fn run(
    args: &RunArgs,
    function: &FunctionName,
    given: &Given,
    prices: &PriceTable,
    progress: Arc<Progress>,
    part: &Part<'_>,
) -> Result<Exit, CliError> {
    let Order { job, known } = Order::of(args, function, given).await?;
    let plan = plan::describe(&job.request, &given.payloads, &known, prices);
    plan::show(&plan)?;
    part.consent(consent::CHANGES, &job.request.function, args.yes).await?;
    let connection = job.reach.services(Some(job.machine.region())).await;
    let machines = connection.state_machines();
    let name = job.execution_name();
    if args.target.no_wait {
        let arn = start(&machines, &job, &name).await?;
        return left_to_itself(&arn, args.format);
    }
    let folder = OutFolder::create(args.out.as_deref(), &out_folder::named(&job.request))?;
    let function = &job.request.function;
    let cancel = part.token();
    let listening = part.listen(
        &cancel,
        &progress,
        "stopping: the execution is ended and the function put back (once more to stop at once, which may leave it changed)",
        format!(
            "stopped at once: the execution {} may go on, and {function} may still be changed; `tuner restore --function \
             {function}` puts it back",
            job.machine.execution(&name)
        ),
    );
    let following = Following {
        machines: &machines,
        progress: &progress,
    };
    let output = (args.format, &folder, part);
    let ended = async {
        let arn = following.started(&job, &name).await?;
        let mut watch = Watch::new(&connection, &arn, &progress);
        let execution = following.until_over(&arn, &mut watch, &job, &cancel).await?;
        following.told(&execution, &arn, &mut watch, Some(&job), output).await
    };
    let ended = ended.await;
    drop(listening);
    progress.finish();
    if ended.is_err() {
        folder.discard_if_empty();
    }
    ended
}

/// Follows an execution that was started before.
pub(super) async fn follow(args: &RunArgs, arn: &ExecutionArn, progress: Arc<Progress>) -> Result<Exit, CliError> {
    let reach = Reach::new(&args.aws, &Config::load()?);
    let connection = reach.services(Some(arn.region())).await;
    let folder = OutFolder::create(args.out.as_deref(), arn.name())?;
    let cancel = CancellationToken::new();
    let again = "the execution goes on by itself";
    let words = (format!("not followed any more; {again}"), again.to_owned());
    let watcher = tokio::spawn(stop_on_signal(cancel.clone(), progress.clone(), words.0, || words.1));
    progress.begin(arn.name());
    let mut watch = Watch::new(&connection, arn, &progress);
    let following = Following {
        machines: &connection.state_machines(),
        progress: &progress,
    };
    let part = Part::alone();
    let output = (args.format, &folder, &part);
    let ended = async {
        match watch.until_over(&cancel).await? {
            Some(execution) => following.told(&execution, arn, &mut watch, None, output).await,
            None => Err(CliError::new(Exit::Interrupted, "interrupted")
                .note(again.to_owned())
                .hint(format!(
                    "look at it again with `tuner run --follow {arn}`; stop it with `aws stepfunctions stop-execution \
                     --execution-arn {arn}`"
                ))),
        }
    };
    let ended = ended.await;
    watcher.abort();
    progress.finish();
    if ended.is_err() {
        folder.discard_if_empty();
    }
    ended
}

/// Tunes a function of a review through the service: what came of it, and where its report is.
pub(super) async fn tune(
    job: &Job,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
) -> Result<(Tuning, String), CliError> {
    let connection = job.reach.services(Some(job.machine.region())).await;
    let following = Following {
        machines: &connection.state_machines(),
        progress,
    };
    let arn = following.started(job, &job.execution_name()).await?;
    let mut watch = Watch::new(&connection, &arn, progress);
    let execution = following.until_over(&arn, &mut watch, job, cancel).await?;
    if !outcome::has_report(&execution) {
        return Err(following.failed(&execution, &arn, &mut watch, Some(job)).await);
    }
    outcome::brought_home(&execution, &watch).await.map_err(|reason| {
        CliError::new(Exit::Refused, "its document can't be read")
            .cause(reason)
            .hint(format!("`tuner run --follow {arn}` tries again"))
    })
}

impl Job {
    fn execution_name(&self) -> String {
        input::execution_name(self.request.function.name(), Timestamp::now(), Uuid::new_v4())
    }
}

/// With what an execution is followed.
struct Following<'a> {
    machines: &'a StateMachines,
    progress: &'a Arc<Progress>,
}

impl Following<'_> {
    /// Starts the execution, and says where it is to be seen.
    async fn started(&self, job: &Job, name: &str) -> Result<ExecutionArn, CliError> {
        let arn = start(self.machines, job, name).await?;
        self.progress.say(&format!("started {name}"));
        self.progress
            .say(&format!("{DIM}{}{RESET}", failures::where_to_look(&arn)));
        self.progress.begin(job.request.function.name());
        Ok(arn)
    }

    /// Waits until the execution is over. If somebody asks to stop, it is ended and the function put back.
    async fn until_over(
        &self,
        arn: &ExecutionArn,
        watch: &mut Watch<'_>,
        job: &Job,
        cancel: &CancellationToken,
    ) -> Result<Execution, CliError> {
        match watch.until_over(cancel).await? {
            Some(execution) => Ok(execution),
            None => self.stopped(arn, watch, job).await,
        }
    }

    /// Tells how an execution ended. One that could not clean up is cleaned up after if it was ours.
    async fn told(
        &self,
        execution: &Execution,
        arn: &ExecutionArn,
        watch: &mut Watch<'_>,
        ours: Option<&Job>,
        (format, folder, part): (RunFormat, &OutFolder, &Part<'_>),
    ) -> Result<Exit, CliError> {
        self.progress.finish();
        if outcome::has_report(execution) {
            return outcome::tell(execution, arn, watch, (format, folder, part)).await;
        }
        Err(self.failed(execution, arn, watch, ours).await)
    }

    /// Why an execution has no report. One that could not clean up is cleaned up after if it was ours.
    async fn failed(
        &self,
        execution: &Execution,
        arn: &ExecutionArn,
        watch: &mut Watch<'_>,
        ours: Option<&Job>,
    ) -> CliError {
        let function = function_of(watch, ours, execution);
        let told = failures::of_execution(execution, &function, arn);
        if failures::has_cleaned_up(execution) {
            return match failures::is_now(execution, &function, watch.may_have_changed().await) {
                Some(note) => told.note(note),
                None => told,
            };
        }
        match ours {
            Some(job) => self.cleaned_up(watch, job).await.tell(told),
            None => told.hint(format!(
                "what it may have left on the function goes with `tuner restore --function {function}`"
            )),
        }
    }

    /// Ends the execution and puts the function back; the execution, if it had ended meanwhile.
    async fn stopped(&self, arn: &ExecutionArn, watch: &mut Watch<'_>, job: &Job) -> Result<Execution, CliError> {
        self.progress.stage("stopping the execution");
        let execution = stop::stop(self.machines, arn).await.map_err(|e| {
            let function = &job.request.function;
            CliError::new(
                Exit::Refused,
                "interrupted, but the execution could not be stopped: it goes on by itself",
            )
            .cause(e)
            .note(failures::where_to_look(arn))
            .hint(format!(
                "stop it with `aws stepfunctions stop-execution --execution-arn {arn}`, then run `tuner restore --function \
                 {function}`"
            ))
        })?;
        watch.look().await;
        if execution.status != ExecutionStatus::Aborted {
            self.progress.say("the execution had ended meanwhile");
            return Ok(execution);
        }
        let cleaned = self.cleaned_up(watch, job).await;
        self.progress.finish();
        let exit = if cleaned.is_done {
            Exit::Interrupted
        } else {
            Exit::Refused
        };
        Err(cleaned.tell(CliError::new(exit, "interrupted").note(failures::where_to_look(arn))))
    }

    async fn cleaned_up(&self, watch: &Watch<'_>, job: &Job) -> CleanedUp {
        let forgotten = match &watch.whereabouts {
            Some(found) => payloads::forget_one(watch.connection(), found).await,
            None => None,
        };
        let cleaned = self.put_back(watch, job).await;
        CleanedUp {
            notes: cleaned.notes.into_iter().chain(forgotten).collect(),
            ..cleaned
        }
    }

    async fn put_back(&self, watch: &Watch<'_>, job: &Job) -> CleanedUp {
        let function = job.request.function.to_string();
        let by_hand = format!("run `tuner restore --function {function}`");
        if !watch.may_have_changed().await {
            return CleanedUp::done(vec!["nothing was changed".to_owned()]);
        }
        let Some(found) = &watch.whereabouts else {
            return CleanedUp::left(vec![format!(
                "what the tuning has left on {function} is not known here; {by_hand}"
            )]);
        };
        let Ok(name) = found.function.parse::<FunctionName>() else {
            return CleanedUp::left(vec![by_hand]);
        };
        self.progress.stage("putting the function back from here");
        let may_go_on = matches!(watch.stage, Some(Stage::Publishing) | None);
        let role = job.request.options.role_arn.as_deref();
        match stop::put_back(&job.reach, &name, role, found.tuning_id, may_go_on, self.progress).await {
            Ok(restored) if restored.leftovers.is_empty() => {
                let mut notes = restored.notes;
                if watch.stage == Some(Stage::Applying) && job.request.options.apply != Apply::No {
                    notes.push(format!(
                        "the recommendation may have been applied to {function} all the same"
                    ));
                } else if notes.is_empty() {
                    notes.push(format!("{function} is as it was before"));
                }
                CleanedUp::done(notes)
            }
            Ok(restored) => {
                let what_to_do = remedies(&restored.remedies, Reader::CommandLine);
                CleanedUp::left((restored.notes.into_iter().chain(restored.leftovers).chain(what_to_do)).collect())
            }
            Err(error) => CleanedUp::left(vec![error.in_a_line(), by_hand]),
        }
    }
}

/// How the function is, after an execution that could not put it back.
struct CleanedUp {
    is_done: bool,
    notes: Vec<String>,
}

impl CleanedUp {
    const fn done(notes: Vec<String>) -> Self {
        Self { is_done: true, notes }
    }

    const fn left(notes: Vec<String>) -> Self {
        Self { is_done: false, notes }
    }

    fn tell(self, told: CliError) -> CliError {
        self.notes.into_iter().fold(told, CliError::note)
    }
}

/// As the reader knows it.
fn function_of(watch: &Watch<'_>, job: Option<&Job>, execution: &Execution) -> String {
    let found = || watch.whereabouts.as_ref().map(|found| found.function.clone());
    let asked = || Some(outcome::asked(execution)?.function.to_string());
    match job {
        Some(job) => job.request.function.to_string(),
        None => found().or_else(asked).unwrap_or_else(|| "NAME".to_owned()),
    }
}

fn left_to_itself(arn: &ExecutionArn, format: RunFormat) -> Result<Exit, CliError> {
    let mut out = guarded::stdout();
    match format {
        RunFormat::Json => {
            let fields = serde_json::json!({ "execution_arn": arn.to_string(), "console": arn.console() });
            serde_json::to_writer_pretty(&mut out, &fields)?;
            writeln!(out)?;
        }
        _ => writeln!(out, "{arn}")?,
    }
    drop(out);
    let mut err = guarded::stderr();
    writeln!(err, "{DIM}{}{RESET}", failures::where_to_look(arn))?;
    writeln!(
        err,
        "follow it with `tuner run --follow {arn}`; `tuner history` lists what it comes to"
    )?;
    Ok(Exit::Done)
}

const START_ATTEMPTS: u32 = 5;

/// Starts an execution once, however often it must be tried: its name sees to that.
async fn start(machines: &StateMachines, job: &Job, name: &str) -> Result<ExecutionArn, CliError> {
    let Job { machine, input, .. } = job;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match machines.start(&machine.to_string(), name, input).await {
            Ok(arn) => return arn.parse().map_err(|e: String| CliError::new(Exit::Unexpected, e)),
            Err(error) => error,
        };
        let arn = machine.execution(name);
        match &error {
            // An attempt that got no answer had its effect, and the execution has ended since.
            StateMachineError::NameTaken { .. } => {
                let there = machines.execution(&arn.to_string()).await;
                if there.is_ok_and(|execution| execution.input.as_ref() == Some(input)) {
                    return Ok(arn);
                }
            }
            error if error.is_transient() && attempt < START_ATTEMPTS => {
                tokio::time::sleep(Duration::from_secs(u64::from(attempt))).await;
                continue;
            }
            _ => {}
        }
        let told = failures::of_call(
            &format!("cannot start an execution of {}", machine.name()),
            &error,
            &job.reach,
        );
        return Err(if error.is_transient() {
            told.note(format!(
                "if it was started all the same, `tuner run --follow {arn}` shows it"
            ))
        } else {
            told
        });
    }
}
