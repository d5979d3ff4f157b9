//! Several functions in one command: those in AWS beside each other, those on this machine one after the other, since they share its
//! processor. One that fails does not stop the others.

mod files;
mod part;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use tuner_core::check::{LimitResult, LimitVerdict};
use tuner_core::overview::{OVERVIEW_SCHEMA_VERSION, Overview, OverviewCommand, OverviewRow, Unjudged};
use tuner_engine::CancellationToken;
use tuner_report::{JunitSuite, check_headline, headline};

pub(super) use part::Part;
use part::Whole;

use super::check::baseline::DOCUMENT as CHECK;
use super::check::finish::{PAGE, junit};
use super::check::parse::Measured;
use super::named::Named;
use super::out_folder::{OutFolder, stamped};
use super::project::{self, Chosen, Search, lambda_name};
use super::{check, run};
use crate::cli::{CheckArgs, CheckFormat, GlobalArgs, RunArgs, RunFormat};
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::signals::stop_on_signal;
use files::Form;

/// A function, and what is to be done with it.
struct Task {
    name: String,
    /// Of its results, below that of the command.
    folder: String,
    work: Result<Work, CliError>,
}

impl Task {
    fn new(name: String, work: Result<Work, CliError>) -> Self {
        Self {
            name,
            folder: String::new(),
            work,
        }
    }
}

enum Work {
    Run(Box<RunArgs>),
    /// Of a folder that was looked through.
    OfFolder(Box<RunArgs>, Box<Chosen>),
    Check(Box<CheckArgs>),
}

impl Work {
    /// Whether it takes nothing but time to wait: not this machine's processor.
    fn is_in_aws(&self) -> bool {
        match self {
            Self::Run(args) => !args.target.local,
            Self::OfFolder(..) => false,
            Self::Check(args) => !args.local && args.from_logs.is_empty(),
        }
    }

    /// Whether consent will be asked for.
    fn asks(&self) -> bool {
        match self {
            Self::Check(args) => self.is_in_aws() && !args.dry_run,
            Self::Run(_) | Self::OfFolder(..) => self.is_in_aws(),
        }
    }

    async fn done(&self, progress: &Arc<Progress>, part: &Part<'_>) -> Result<Exit, CliError> {
        match self {
            Self::Run(args) => run::one(args, progress, part).await,
            Self::OfFolder(args, chosen) => run::of_project(args, (**chosen).clone(), progress, part).await,
            Self::Check(args) => check::one(args, progress, part).await,
        }
    }
}

/// What a function's part came to.
struct Ended {
    name: String,
    folder: String,
    ended: Result<Exit, CliError>,
    measured: Option<Measured>,
}

impl Ended {
    fn exit(&self) -> Exit {
        self.ended.as_ref().map_or_else(CliError::exit, |exit| *exit)
    }
}

/// `tuner run NAME NAME..`, `tuner run --all`.
pub(super) async fn runs(args: &RunArgs, global: GlobalArgs, named: Vec<Named<RunArgs>>) -> Result<Exit, CliError> {
    refuse(args)?;
    let tasks = named
        .into_iter()
        .map(|Named { name, args }| Task::new(name, args.map(|args| Work::Run(Box::new(args)))));
    tune(args, global, tasks.collect()).await
}

/// `tuner run --local DIR --all`.
pub(super) async fn runs_of_folder(args: &RunArgs, global: GlobalArgs) -> Result<Exit, CliError> {
    refuse(args)?;
    let all = project::all(&Search::of(args))?;
    let tasks = all.into_iter().map(|Named { name, args: chosen }| {
        let work = chosen.map(|chosen| Work::OfFolder(Box::new(args.clone()), Box::new(chosen)));
        Task::new(name, work)
    });
    tune(args, global, tasks.collect()).await
}

/// What is said of one function only.
fn refuse(args: &RunArgs) -> Result<(), CliError> {
    let of_one = [
        (args.name.is_some(), "--name names one function"),
        (args.target.follow.is_some(), "--follow shows one execution"),
        (args.target.no_wait, "--no-wait leaves one execution to itself"),
        (
            args.payload.as_deref() == Some("-"),
            "standard input can be read once only",
        ),
        (args.format == RunFormat::Csv, "csv has the sizes of one function"),
    ];
    match of_one.iter().find(|(is_given, _)| *is_given) {
        Some((_, words)) => {
            Err(CliError::usage(format!("{words}, and several are asked for"))
                .hint("leave it out, or name one function"))
        }
        None => Ok(()),
    }
}

async fn tune(args: &RunArgs, global: GlobalArgs, mut tasks: Vec<Task>) -> Result<Exit, CliError> {
    let folder = OutFolder::create(args.out.as_deref(), &stamped("run"))?;
    give_folders(&mut tasks, &folder.path);
    let form = match args.format {
        RunFormat::Json => Form::Json,
        RunFormat::Markdown => Form::Markdown,
        RunFormat::Human | RunFormat::Csv => Form::Human,
    };
    let all = All::new(args.project.at_once, global.quiet);
    let ended = all.measure(&tasks).await;
    match ended {
        Ok(ended) => {
            let overview = all.overview(OverviewCommand::Run, &ended, &folder.path);
            files::finish(&overview, &folder, form)?;
            Ok(worst(&ended))
        }
        Err(error) => {
            folder.discard_if_empty();
            Err(error)
        }
    }
}

/// `tuner check NAME NAME..`, `tuner check --all`.
pub(super) async fn checks(
    args: &CheckArgs,
    global: GlobalArgs,
    named: Vec<Named<CheckArgs>>,
) -> Result<Exit, CliError> {
    if args.payload.as_deref() == Some("-") {
        return Err(
            CliError::usage("standard input can be read once only, and several functions are asked for")
                .hint("give a file with --payload, or `payload` in tuner.toml"),
        );
    }
    let mut tasks: Vec<Task> = named
        .into_iter()
        .map(|Named { name, args }| Task::new(name, args.map(|args| Work::Check(Box::new(args)))))
        .collect();
    let folder = OutFolder::create(args.out.as_deref(), &stamped("check"))?;
    give_folders(&mut tasks, &folder.path);
    let all = All::new(args.at_once, global.quiet);
    let ended = match all.measure(&tasks).await {
        Ok(ended) => ended,
        Err(error) => {
            folder.discard_if_empty();
            return Err(error);
        }
    };
    if args.dry_run {
        // The plans are all that there is.
        folder.discard_if_empty();
        for of in &ended {
            if let Err(error) = &of.ended {
                error.named(&of.name).report();
            }
        }
        return Ok(worst(&ended));
    }
    let overview = all.overview(OverviewCommand::Check, &ended, &folder.path);
    if let Some(file) = &args.junit {
        let suites: Vec<JunitSuite<'_>> = ended
            .iter()
            .zip(&overview.functions)
            .map(|(of, row)| match &of.measured {
                Some(Measured::Check(check)) => JunitSuite::Checked {
                    name: Some(&of.name),
                    check,
                },
                _ => JunitSuite::Failed {
                    name: &of.name,
                    message: row.error.as_deref().unwrap_or("nothing was measured"),
                },
            })
            .collect();
        junit(args, &suites, file)?;
    }
    let form = match args.format {
        CheckFormat::Json => Form::Json,
        CheckFormat::Markdown => Form::Markdown,
        CheckFormat::Human => Form::Human,
    };
    files::finish(&overview, &folder, form)?;
    Ok(worst(&ended))
}

/// Gives every task a folder of its own below `base`.
fn give_folders(tasks: &mut [Task], base: &Path) {
    let mut taken = BTreeSet::new();
    for task in tasks {
        let plain = lambda_name(&task.name);
        task.folder = plain.clone();
        // On some file systems names that differ in case alone are one.
        for n in 2.. {
            if taken.insert(task.folder.to_lowercase()) {
                break;
            }
            task.folder = format!("{plain}-{n}");
        }
        let out = Some(base.join(&task.folder));
        match &mut task.work {
            Ok(Work::Run(args) | Work::OfFolder(args, _)) => args.out = out,
            Ok(Work::Check(args)) => args.out = out,
            Err(_) => {}
        }
    }
}

fn worst(ended: &[Ended]) -> Exit {
    ended.iter().fold(Exit::Done, |worst, of| worst.or_worse(of.exit()))
}

/// One command over all of them.
struct All {
    started_at: Timestamp,
    cancel: CancellationToken,
    at_once: usize,
    quiet: bool,
}

impl All {
    fn new(at_once: u32, quiet: bool) -> Self {
        Self {
            started_at: Timestamp::now(),
            cancel: CancellationToken::new(),
            at_once: at_once as usize,
            quiet,
        }
    }

    /// Does all that can be done, and gives what each came to, in the order of `tasks`.
    async fn measure(&self, tasks: &[Task]) -> Result<Vec<Ended>, CliError> {
        let is = |task: &&Task, there: bool| task.work.as_ref().is_ok_and(|work| work.is_in_aws() == there);
        let asking = tasks
            .iter()
            .filter(|task| task.work.as_ref().is_ok_and(Work::asks))
            .count();
        let whole = Whole::new(self.cancel.clone(), self.at_once, asking);
        let watcher = tokio::spawn(stop_on_signal(
            self.cancel.clone(),
            Arc::new(Progress::of_one("tuner", self.quiet)),
            "stopping: what is under way is ended and put back, the rest is not begun (once more to stop at once, which may leave \
             functions changed)"
                .to_owned(),
            whole.second_words(),
        ));
        let there = tasks.iter().filter(|task| is(task, true));
        let mut ended = join_all(there.map(|task| self.one(task, &whole))).await;
        if let Some(refused) = whole.refused().await {
            watcher.abort();
            return Err(refused);
        }
        for task in tasks.iter().filter(|task| !is(task, true)) {
            ended.push(self.one(task, &whole).await);
        }
        watcher.abort();
        let place = |name: &str| tasks.iter().position(|task| task.name == name);
        ended.sort_by_key(|of| place(&of.name));
        Ok(ended)
    }

    async fn one(&self, task: &Task, whole: &Whole) -> Ended {
        let name = task.name.clone();
        let progress = Arc::new(Progress::of_one(&name, self.quiet));
        let part = Part::of(whole, &name);
        let ended = match &task.work {
            Err(error) => Err(error.clone()),
            Ok(work) => {
                if work.is_in_aws() {
                    part.begin().await;
                }
                match whole.is_stopped() {
                    true => Err(CliError::new(Exit::Interrupted, "interrupted before it was begun")),
                    false => Box::pin(work.done(&progress, &part)).await,
                }
            }
        };
        let measured = part.into_measured();
        progress.say(&match &ended {
            Ok(exit) => format!("done, exit code {}", *exit as u8),
            Err(error) => error.in_a_line(),
        });
        Ended {
            name,
            folder: task.folder.clone(),
            ended,
            measured,
        }
    }

    fn overview(&self, command: OverviewCommand, ended: &[Ended], folder: &Path) -> Overview {
        Overview {
            schema_version: OVERVIEW_SCHEMA_VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            started_at: self.started_at,
            finished_at: Timestamp::now(),
            interrupted: self.cancel.is_cancelled(),
            exit_code: worst(ended) as u8,
            functions: ended.iter().map(|of| row(of, folder)).collect(),
        }
    }
}

fn row(of: &Ended, folder: &Path) -> OverviewRow {
    let (finding, effect, document) = match &of.measured {
        None => (None, None, None),
        Some(Measured::Check(check)) => (Some(check_headline(check)), None, Some(CHECK)),
        Some(Measured::Tuning(tuning)) => {
            let words = headline(tuning);
            (
                Some(words.decision),
                Some(words.effect),
                Some(tuner_engine::steps::DOCUMENT),
            )
        }
    };
    let unjudged = match of.exit() {
        Exit::Done => of.measured.as_ref().and_then(unjudged),
        _ => None,
    };
    let warnings = match &of.measured {
        Some(Measured::Check(check)) => check.warnings.clone(),
        _ => Vec::new(),
    };
    // Only what is there can be followed.
    let path = |file: &str| {
        let path = format!("{}/{file}", of.folder);
        folder.join(&path).is_file().then_some(path)
    };
    OverviewRow {
        name: of.name.clone(),
        exit_code: of.exit() as u8,
        unjudged,
        finding,
        effect,
        warnings,
        error: of.ended.as_ref().err().map(CliError::in_full),
        page: document.and_then(|_| path(PAGE)),
        document: document.and_then(path),
    }
}

/// Why what ended with exit code 0 passed nothing and recommends nothing, if so.
fn unjudged(measured: &Measured) -> Option<Unjudged> {
    match measured {
        Measured::Check(check) if check.limits.is_empty() => Some(Unjudged::NothingToCompare),
        Measured::Check(check) => {
            let is_kept = |result: &LimitResult| result.verdict == LimitVerdict::Kept;
            (!check.limits.iter().any(is_kept)).then_some(Unjudged::LetPass)
        }
        Measured::Tuning(tuning) => tuning.request.options.dry_run.then_some(Unjudged::DryRun),
    }
}
