//! `tuner patch`: from a recommendation to the line of infrastructure code that says it.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::Path;

use tuner_core::review::{Action, FunctionReview};
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{Architecture, MemorySize};
use tuner_patch::{Arch, Patch, Place, Request, Target, Verdict, Wanted, Why, WriteError};

use super::read_document;
use super::report::Document;
use crate::cli::PatchArgs;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::terminal::{RESET, YELLOW};

const LOGICAL_ID: &str = "aws:cloudformation:logical-id";
const STACK: &str = "aws:cloudformation:stack-name";
/// Lambda's longest time-out, in seconds.
const LONGEST_S: u32 = 900;

/// Prints the diff, or writes it.
pub(super) fn patch(args: &PatchArgs) -> Result<Exit, CliError> {
    let requests = requests(args)?;
    let folder = &args.path;
    let patch = tuner_patch::patch(folder, &requests).map_err(|e| {
        CliError::usage(format!("cannot read the folder `{}`", folder.display()))
            .cause(e)
            .hint("give the folder of the infrastructure code with --path")
    })?;
    for unread in &patch.unread {
        let line = unread.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(
            guarded::stderr(),
            "{YELLOW}not read{RESET} {}{line}: {}",
            unread.file.display(),
            unread.why
        );
    }
    let outcomes: Vec<(Exit, CliError)> = (requests.iter().zip(&patch.verdicts))
        .filter_map(|(request, verdict)| outcome(request, verdict, folder, &patch))
        .collect();
    // Of several functions each is patched or named.
    if let (true, Some((_, error))) = (requests.len() == 1, outcomes.first()) {
        let _ = write!(guarded::stderr(), "{error}");
        return Ok(outcomes[0].0);
    }
    // What is shown as done is done.
    if args.write {
        patch.write(args.allow_dirty).map_err(not_written)?;
    }
    show(&requests, &patch)?;
    if args.write {
        for file in patch.files() {
            let _ = writeln!(guarded::stderr(), "wrote {}", file.display());
        }
    }
    beside(&requests, &patch);
    for (_, error) in &outcomes {
        let _ = write!(guarded::stderr(), "{error}");
    }
    Ok(match outcomes.iter().all(|(exit, _)| *exit == Exit::Usage) {
        _ if outcomes.is_empty() => Exit::Done,
        true if outcomes.len() == requests.len() => Exit::Usage,
        _ => Exit::NotEnoughEvidence,
    })
}

/// What is asked for, by flags or by a document.
fn requests(args: &PatchArgs) -> Result<Vec<Request>, CliError> {
    let config = Config::load()?;
    let target = |function: &str| Target {
        function: function.to_owned(),
        logical_id: args.logical_id.clone(),
        stack: args.stack.clone(),
        source: args.source.clone().or_else(|| config.named(function)?.source.clone()),
    };
    let named = args.function.as_ref().map(|function| function.name());
    if let Some(file) = &args.document {
        return from_document(args, file, named, &target);
    }
    let Some(named) = named else {
        return Err(CliError::usage("no function is named")
            .hint("give a tuning.json or review.json, or --function NAME with --memory MB"));
    };
    let mut wanted = Vec::new();
    wanted.extend(args.memory.map(|size| Wanted::Memory(size.into())));
    wanted.extend(args.timeout.map(Wanted::Timeout));
    wanted.extend(args.arch.map(|arch| Wanted::Arch(of_architecture(arch))));
    if wanted.is_empty() {
        return Err(
            CliError::usage("nothing to write: neither a size, a time-out nor an architecture")
                .hint("give --memory MB, --timeout S or --arch ARCH, or a tuning.json"),
        );
    }
    Ok(vec![Request {
        target: target(named),
        wanted,
    }])
}

const fn of_architecture(architecture: Architecture) -> Arch {
    match architecture {
        Architecture::X86_64 => Arch::X86_64,
        Architecture::Arm64 => Arch::Arm64,
    }
}

fn from_document(
    args: &PatchArgs,
    file: &Path,
    named: Option<&str>,
    target: &dyn Fn(&str) -> Target,
) -> Result<Vec<Request>, CliError> {
    let name = file.display().to_string();
    let text = read_document(file)?;
    match Document::parse(&text, &name)? {
        Document::Tuning(tuning) => {
            let function = tuning.function.name.name();
            let is_local = matches!(tuning.environment, MeasuringEnvironment::Local { .. });
            let Some(function) = named.or((!is_local).then_some(function)) else {
                return Err(CliError::usage(format!(
                    "`{name}` is of a program on a machine, which has no name in AWS"
                ))
                .hint("name the function with --function"));
            };
            if !is_local && function != tuning.function.name.name() {
                return Err(CliError::usage(format!(
                    "`{name}` is of {}, not of {function}",
                    tuning.function.name.name()
                ))
                .hint("leave --function out, or give that function's document"));
            }
            let Some(size) = tuning.decision.memory_size_mb else {
                return Err(CliError::new(
                    Exit::NotEnoughEvidence,
                    format!("`{name}` recommends no memory size for {function}"),
                )
                .hint("see `tuner report` for why; --function and --memory write a size of your own"));
            };
            let wanted = vec![memory(size, &name)?];
            Ok(vec![Request {
                target: target(function),
                wanted,
            }])
        }
        Document::Review(review) => {
            let mut requests = Vec::new();
            for reviewed in &review.functions {
                let function = reviewed.function.name.name();
                if named.is_some_and(|named| named != function) {
                    continue;
                }
                let wanted = advised(reviewed, &name)?;
                if wanted.is_empty() {
                    continue;
                }
                let tag = |tag: &str| reviewed.function.tags.get(tag).cloned();
                let target = target(function);
                requests.push(Request {
                    target: Target {
                        logical_id: target.logical_id.or_else(|| tag(LOGICAL_ID)),
                        stack: target.stack.or_else(|| tag(STACK)),
                        ..target
                    },
                    wanted,
                });
            }
            let several = requests.len() > 1;
            if several && (args.logical_id.is_some() || args.source.as_ref().is_some_and(|source| source.contains('#')))
            {
                return Err(CliError::usage(
                    "--logical-id and --source FILE#ADDRESS name one function, and the review advises several",
                )
                .hint("name the function with --function"));
            }
            if requests.is_empty() {
                let of = named.map(|named| format!(" for {named}")).unwrap_or_default();
                return Err(CliError::new(Exit::NotEnoughEvidence, format!("`{name}` advises no memory size and no time-out{of}"))
                    .hint("a review names a size where one was measured or more is needed in any case; tune the function for one"));
            }
            Ok(requests)
        }
    }
}

fn memory(size: u32, name: &str) -> Result<Wanted, CliError> {
    let size =
        MemorySize::new(size).map_err(|e| CliError::usage(format!("`{name}` names a size that is none")).cause(e))?;
    Ok(Wanted::Memory(size.into()))
}

/// What a review advises to set. What it advises to measure is nothing to write.
fn advised(reviewed: &FunctionReview, name: &str) -> Result<Vec<Wanted>, CliError> {
    let mut size = None;
    let mut timeout = None;
    for advice in &reviewed.advice {
        match advice.action {
            Action::SetMemorySize { memory_size_mb } => size = size.or(Some(memory_size_mb)),
            Action::SetTimeout { timeout_s } => timeout = timeout.or(Some(timeout_s)),
            _ => {}
        }
    }
    let mut wanted = Vec::new();
    if let Some(size) = size {
        wanted.push(memory(size, name)?);
    }
    if let Some(seconds) = timeout {
        if !(1..=LONGEST_S).contains(&seconds) {
            return Err(CliError::usage(format!(
                "`{name}` names a time-out of {seconds} s, and Lambda takes 1 to {LONGEST_S}"
            )));
        }
        wanted.push(Wanted::Timeout(seconds));
    }
    Ok(wanted)
}

/// The diff on standard output; raw where a program reads it.
fn show(requests: &[Request], patch: &Patch) -> Result<(), CliError> {
    let diff = patch.diff();
    if std::io::stdout().is_terminal() {
        guarded::stdout().write_all(diff.as_bytes())?;
    } else {
        std::io::stdout().lock().write_all(diff.as_bytes())?;
    }
    for (request, verdict) in requests.iter().zip(&patch.verdicts) {
        if let Verdict::Already(definition, places) = verdict {
            let place = places.first().unwrap_or(&definition.place);
            let _ = writeln!(
                guarded::stderr(),
                "already so: {} has {} ({}:{})",
                request.target.function,
                words(&request.wanted),
                place.file.display(),
                place.line
            );
        }
    }
    Ok(())
}

/// What a reader of the diff should know.
fn beside(requests: &[Request], patch: &Patch) {
    for place in &patch.undoing {
        let _ = writeln!(
            guarded::stderr(),
            "{YELLOW}note{RESET}: {}:{} {}",
            place.file.display(),
            place.line,
            place.what
        );
    }
    let changed = |request: &&(&Request, &Verdict)| matches!(request.1, Verdict::Change(..));
    for (request, _) in requests
        .iter()
        .zip(&patch.verdicts)
        .collect::<Vec<_>>()
        .iter()
        .filter(changed)
    {
        if request.wanted.iter().any(|wanted| matches!(wanted, Wanted::Arch(_))) {
            let _ = writeln!(
                guarded::stderr(),
                "{YELLOW}note{RESET}: {} on another architecture needs its layers, native libraries and container image built for it",
                request.target.function
            );
        }
    }
}

/// What is to be said of a function that is not patched.
fn outcome(request: &Request, verdict: &Verdict, folder: &Path, patch: &Patch) -> Option<(Exit, CliError)> {
    let function = &request.target.function;
    match verdict {
        Verdict::Change(..) | Verdict::Already(..) => None,
        Verdict::NotFound => {
            let asked = match (&request.target.logical_id, &request.target.stack) {
                (Some(id), Some(stack)) => format!("{function} (logical ID {id} of stack {stack})"),
                (Some(id), None) => format!("{function} (logical ID {id})"),
                _ => function.clone(),
            };
            let mut error = CliError::usage(format!("no function in `{}` can be {asked}", folder.display()));
            if patch.ignored > 0 {
                error = error.note(format!("{} files are left out by ignore files", patch.ignored));
            }
            let hint = match request.target.source.is_some() {
                true => "--source names a file or folder below --path; leave it out to look everywhere",
                false => "give the folder of its code with --path; names compare whole and with case",
            };
            Some((Exit::Usage, error.hint(hint)))
        }
        Verdict::Ambiguous(why, places) => {
            let (message, hint) = reason(*why, function, &words(&request.wanted));
            let mut error = CliError::new(Exit::NotEnoughEvidence, message);
            for place in places {
                error = error.note(line(place));
            }
            Some((Exit::NotEnoughEvidence, error.hint(hint)))
        }
    }
}

fn line(place: &Place) -> String {
    format!("  {}:{}: {}", place.file.display(), place.line, place.what)
}

fn reason(why: Why, function: &str, wanted: &str) -> (String, String) {
    match why {
        Why::SeveralFunctions => (
            format!("more than one function can be {function}; nothing was changed"),
            "say which one with --source FILE, --source FILE#ADDRESS, or --logical-id and --stack".to_owned(),
        ),
        Why::NamesUnknown => (
            format!("names that only the deployment knows: {function} may be one of these; nothing was changed"),
            "say which one with --source FILE or --source FILE#ADDRESS".to_owned(),
        ),
        Why::Shared => (
            format!("{function} shares its value with others; nothing was changed"),
            format!("give {function} a value of its own there, or write {wanted} for all of them by hand"),
        ),
        Why::Computed => (
            format!("what {function} gets is computed, or decided at deployment; nothing was changed"),
            format!("decide which of these places is to say {wanted}, and change it by hand"),
        ),
        Why::Forbidden => (
            format!("a rule of the template does not allow {wanted} for {function}; nothing was changed"),
            "change the rule first, or choose a value that it allows".to_owned(),
        ),
        Why::NoPlace => (
            format!("nothing says {function}'s value, and no line of its own can be added safely; nothing was changed"),
            format!("write {wanted} there by hand"),
        ),
        Why::NotProven => (
            format!(
                "a change was tried, and the code did not say {wanted} for {function} afterwards; nothing was changed"
            ),
            format!("write {wanted} there by hand"),
        ),
    }
}

fn words(wanted: &[Wanted]) -> String {
    let mut words = String::new();
    for (index, one) in wanted.iter().enumerate() {
        let _ = write!(words, "{}{one}", if index > 0 { ", " } else { "" });
    }
    words
}

fn not_written(error: WriteError) -> CliError {
    let message = CliError::new(
        match error {
            WriteError::Io { .. } => Exit::Unexpected,
            _ => Exit::Refused,
        },
        &error,
    );
    match error {
        WriteError::Uncommitted(_) | WriteError::NotKnown { .. } => {
            message.hint("commit or stash them first, or write all the same with --allow-dirty; nothing was written")
        }
        WriteError::Changed(_) => message.hint("run it again; nothing was written"),
        WriteError::Io { written, .. } if !written.is_empty() => {
            let files: Vec<String> = written.iter().map(|file| file.display().to_string()).collect();
            message.note(format!("written before: {}", files.join(", ")))
        }
        WriteError::Io { .. } => message,
    }
}
