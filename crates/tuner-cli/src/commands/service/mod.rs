//! Tuning through the service: its state machine is found, started, followed, and its result brought home.

mod failures;
mod find;
mod input;
mod measured;
mod outcome;
mod stop;
mod trace;
mod watch;

pub(super) use failures::of_call;
pub(super) use find::{VARIABLE, find, named};
pub(super) use trace::{whereabouts, whereabouts_in};
pub(super) use watch::bucket_and_prefix;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tuner_aws::{Execution, ExecutionStatus, StateMachineError, StateMachines};
use tuner_core::FunctionName;
use tuner_core::pricing::PriceTable;
use tuner_engine::execution::PayloadSource;
use tuner_engine::{Apply, CancellationToken, TuningRequest};
use uuid::Uuid;

use super::out_folder::{OutFolder, stamped};
use super::plan::{self, Known, Place};
use super::request::build;
use crate::cli::{RunArgs, RunFormat};
use crate::config::Config;
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::payload::Given;
use crate::progress::Progress;
use crate::reach::Reach;
use crate::signals::stop_on_signal;
use crate::states_arn::{ExecutionArn, StateMachineArn};
use crate::terminal::{DIM, RESET};
use trace::Stage;
use watch::Watch;

/// A tuning that the service is to do.
pub(super) struct Order {
    pub(super) request: TuningRequest,
    pub(super) known: Known,
    machine: StateMachineArn,
    reach: Reach,
    input: String,
}

impl Order {
    /// Finds the state machine, and looks at the function as far as that is allowed from here.
    pub(super) async fn of(args: &RunArgs, function: &FunctionName, given: &Given) -> Result<Self, CliError> {
        let config = Config::load()?;
        let reach = Reach::new(&args.aws, &config);
        let machine = find(named(args.target.state_machine.as_ref(), &config)?, &reach).await?;
        let role = args.role_arn.as_deref();
        let function = input::in_full(function, &machine, reach.region(), role)?;
        let request = build(args, function)?;
        let payload = match (&args.payload_s3, &given.text) {
            (Some(object), _) => PayloadSource::S3(object.clone()),
            (None, Some(text)) => PayloadSource::Inline(text.clone()),
            (None, None) => PayloadSource::None,
        };
        let input = input::json(&request, payload)?;
        let lambda = reach.lambda(request.function.region(), role).await.lambda();
        let place = Place::Service {
            machine: machine.name().to_owned(),
            region: machine.region().to_owned(),
        };
        let known = plan::look_if_allowed(&request, &lambda, place, &reach).await?;
        Ok(Self {
            request,
            known,
            machine,
            reach,
            input,
        })
    }
}

/// Tunes a function through the service.
pub(super) async fn run(
    args: &RunArgs,
    function: &FunctionName,
    given: &Given,
    prices: &PriceTable,
    progress: Arc<Progress>,
) -> Result<Exit, CliError> {
    let order = Order::of(args, function, given).await?;
    let plan = plan::describe(&order.request, &given.payloads, &order.known, prices);
    plan::show(&plan)?;
    consent::ask("Go ahead?", args.yes)?;
    let connection = order.reach.services(Some(order.machine.region())).await;
    let machines = connection.state_machines();
    let name = input::execution_name(order.request.function.name(), Timestamp::now(), Uuid::new_v4());
    if args.target.no_wait {
        let arn = start(&machines, &order, &name).await?;
        return left_to_itself(&arn, args.format);
    }
    let folder = OutFolder::create(args.out.as_deref(), &stamped(order.request.function.name()))?;
    let cancel = CancellationToken::new();
    let function = &order.request.function;
    let watcher = tokio::spawn(stop_on_signal(
        cancel.clone(),
        progress.clone(),
        "stopping: the execution is ended and the function put back (once more to stop at once, which may leave it changed)"
            .to_owned(),
        format!(
            "stopped at once: the execution {} may go on, and {function} may still be changed; `tuner restore --function \
             {function}` puts it back",
            order.machine.execution(&name)
        ),
    ));
    let following = Following {
        machines: &machines,
        format: args.format,
        folder: &folder,
        progress: &progress,
    };
    let ended = async {
        let arn = start(&machines, &order, &name).await?;
        progress.say(&format!("started {name}"));
        progress.say(&format!("{DIM}{}{RESET}", failures::where_to_look(&arn)));
        progress.begin(function.name());
        let mut watch = Watch::new(&connection, &arn, &progress);
        match watch.until_over(&cancel).await? {
            Some(execution) => following.told(&execution, &arn, &mut watch, Some(&order)).await,
            None => following.interrupted(&arn, &mut watch, &order).await,
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

/// Follows an execution that was started before.
pub(super) async fn follow(args: &RunArgs, arn: &ExecutionArn, progress: Arc<Progress>) -> Result<Exit, CliError> {
    let reach = Reach::new(&args.aws, &Config::load()?);
    let connection = reach.services(Some(arn.region())).await;
    let folder = OutFolder::create(args.out.as_deref(), arn.name())?;
    let cancel = CancellationToken::new();
    let again = "the execution goes on by itself";
    let words = (format!("not followed any more; {again}"), again.to_owned());
    let watcher = tokio::spawn(stop_on_signal(cancel.clone(), progress.clone(), words.0, words.1));
    progress.begin(arn.name());
    let mut watch = Watch::new(&connection, arn, &progress);
    let following = Following {
        machines: &connection.state_machines(),
        format: args.format,
        folder: &folder,
        progress: &progress,
    };
    let ended = async {
        match watch.until_over(&cancel).await? {
            Some(execution) => following.told(&execution, arn, &mut watch, None).await,
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

/// With what an execution is followed.
struct Following<'a> {
    machines: &'a StateMachines,
    format: RunFormat,
    folder: &'a OutFolder,
    progress: &'a Arc<Progress>,
}

impl Following<'_> {
    /// Tells how an execution ended. One that could not clean up is cleaned up after if it was ours.
    async fn told(
        &self,
        execution: &Execution,
        arn: &ExecutionArn,
        watch: &mut Watch<'_>,
        ours: Option<&Order>,
    ) -> Result<Exit, CliError> {
        self.progress.finish();
        if outcome::has_report(execution) {
            return outcome::tell(execution, arn, watch, self.format, self.folder).await;
        }
        let function = function_of(watch, ours, execution);
        let told = failures::of_execution(execution, &function, arn);
        if failures::has_cleaned_up(execution) {
            return Err(
                match failures::is_now(execution, &function, watch.may_have_changed().await) {
                    Some(note) => told.note(note),
                    None => told,
                },
            );
        }
        Err(match ours {
            Some(order) => self.cleaned_up(watch, order).await.tell(told),
            None => told.hint(format!(
                "what it may have left on the function goes with `tuner restore --function {function}`"
            )),
        })
    }

    /// Ends the execution and puts the function back.
    async fn interrupted(&self, arn: &ExecutionArn, watch: &mut Watch<'_>, order: &Order) -> Result<Exit, CliError> {
        self.progress.stage("stopping the execution");
        let execution = stop::stop(self.machines, arn).await.map_err(|e| {
            let function = &order.request.function;
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
            return self.told(&execution, arn, watch, Some(order)).await;
        }
        let cleaned = self.cleaned_up(watch, order).await;
        self.progress.finish();
        let exit = if cleaned.is_done {
            Exit::Interrupted
        } else {
            Exit::Refused
        };
        Err(cleaned.tell(CliError::new(exit, "interrupted").note(failures::where_to_look(arn))))
    }

    async fn cleaned_up(&self, watch: &Watch<'_>, order: &Order) -> CleanedUp {
        let function = order.request.function.to_string();
        let by_hand = format!("run `tuner restore --function {function}`");
        if !watch.may_have_changed().await {
            return CleanedUp::done(vec!["nothing was changed".to_owned()]);
        }
        let Some(found) = &watch.whereabouts else {
            return CleanedUp::left(vec![format!(
                "what the tuning has left on {function} can't be told from here; {by_hand}"
            )]);
        };
        let Ok(name) = found.function.parse::<FunctionName>() else {
            return CleanedUp::left(vec![by_hand]);
        };
        self.progress.stage("putting the function back from here");
        let may_go_on = matches!(watch.stage, Some(Stage::Publishing) | None);
        let role = order.request.role_arn.as_deref();
        match stop::put_back(&order.reach, &name, role, found.tuning_id, may_go_on, self.progress).await {
            Ok(restored) if restored.leftovers.is_empty() => {
                let mut notes = restored.notes;
                if watch.stage == Some(Stage::Applying) && order.request.apply != Apply::No {
                    notes.push(format!(
                        "the recommendation may have been applied to {function} all the same"
                    ));
                } else if notes.is_empty() {
                    notes.push(format!("{function} is as it was before"));
                }
                CleanedUp::done(notes)
            }
            Ok(restored) => CleanedUp::left(restored.notes.into_iter().chain(restored.leftovers).collect()),
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
fn function_of(watch: &Watch<'_>, order: Option<&Order>, execution: &Execution) -> String {
    let found = || watch.whereabouts.as_ref().map(|found| found.function.clone());
    let asked = || Some(outcome::asked(execution)?.function.to_string());
    match order {
        Some(order) => order.request.function.to_string(),
        None => found().or_else(asked).unwrap_or_else(|| "NAME".to_owned()),
    }
}

fn left_to_itself(arn: &ExecutionArn, format: RunFormat) -> Result<Exit, CliError> {
    let mut out = anstream::stdout().lock();
    match format {
        RunFormat::Json => {
            let fields = serde_json::json!({ "execution_arn": arn.to_string(), "console": arn.console() });
            serde_json::to_writer_pretty(&mut out, &fields)?;
            writeln!(out)?;
        }
        _ => writeln!(out, "{arn}")?,
    }
    drop(out);
    let mut err = anstream::stderr().lock();
    writeln!(err, "{DIM}{}{RESET}", failures::where_to_look(arn))?;
    writeln!(
        err,
        "follow it with `tuner run --follow {arn}`; `tuner history` lists what it comes to"
    )?;
    Ok(Exit::Done)
}

const START_ATTEMPTS: u32 = 5;

/// Starts an execution once, however often it must be tried: its name sees to that.
async fn start(machines: &StateMachines, order: &Order, name: &str) -> Result<ExecutionArn, CliError> {
    let Order { machine, input, .. } = order;
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
            &order.reach,
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
