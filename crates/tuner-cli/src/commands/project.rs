//! `tuner run --local [DIR]`: the functions of a project folder.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdin};
use std::path::{Path, PathBuf};

use comfy_table::{ContentArrangement, Table, presets};
use tuner_core::{Architecture, MemorySize};
use tuner_project::start::{Cache, Start, StartError, prepare};
use tuner_project::{Found, Function, Options, Tools};

use super::named::Named;
use crate::cli::{LocalArgs, ProjectArgs, RunArgs, RunFormat};
use crate::config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::progress::Progress;

/// Whether what is asked for is in a folder: no program is given, and none of the examples.
pub(super) fn is_asked(args: &RunArgs) -> bool {
    let is_example = (args.target.function.as_deref()).is_some_and(|name| name.starts_with("example:"));
    args.target.local && args.command.is_empty() && !is_example
}

/// Which function of which folder is meant, and how it is to run.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub(super) function: Option<String>,
    pub(super) project: ProjectArgs,
    pub(super) local: LocalArgs,
    pub(super) payload: Option<String>,
}

impl Search {
    pub(super) fn of(args: &RunArgs) -> Self {
        Self {
            function: args.target.function.clone(),
            project: args.project.clone(),
            local: args.local.clone(),
            payload: args.payload.clone(),
        }
    }

    /// `args` with what the project says filled in.
    pub(super) fn fill(self, args: &RunArgs) -> RunArgs {
        RunArgs {
            local: self.local,
            payload: self.payload,
            ..args.clone()
        }
    }
}

fn options(args: &Search) -> Options {
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    // A name is looked for on the PATH, as a shell does.
    let program = |path: &Option<PathBuf>| {
        path.as_ref().map(|p| match p.components().count() {
            1 => p.clone(),
            _ => absolute(p),
        })
    };
    Options {
        tools: Tools::new(program(&args.project.python), program(&args.project.node)),
    }
}

fn folder(args: &Search) -> &Path {
    args.project.dir.as_deref().unwrap_or(Path::new("."))
}

/// `--list`.
pub(super) fn list(args: &Search, format: RunFormat) -> Result<Exit, CliError> {
    let found = find(args, &options(args))?;
    match format {
        RunFormat::Json => {
            let mut out = std::io::stdout().lock();
            serde_json::to_writer_pretty(&mut out, &found)?;
            writeln!(out)?;
        }
        // Without a function the notes are told with what was looked for.
        RunFormat::Human if found.functions.is_empty() => {}
        RunFormat::Human => print(&found)?,
        RunFormat::Markdown | RunFormat::Csv => {
            return Err(CliError::usage("--list prints for people or as json")
                .hint("leave --format out, or give --format json"));
        }
    }
    match found.functions.is_empty() {
        true => Err(none(args, &found)),
        false => Ok(Exit::Done),
    }
}

fn find(args: &Search, options: &Options) -> Result<Found, CliError> {
    if let Some(zip) = &args.project.zip {
        return Ok(Found {
            functions: vec![of_zip(args, zip, options)?],
            notes: Vec::new(),
        });
    }
    let folder = folder(args);
    tuner_project::find(folder, options).map_err(|e| {
        CliError::usage(format!("cannot look into the folder `{}`", folder.display()))
            .cause(e)
            .hint("give a folder that is there, or a program after --")
    })
}

fn of_zip(args: &Search, zip: &Path, options: &Options) -> Result<Function, CliError> {
    let (runtime, handler) = (args.project.runtime.as_deref(), args.local.handler.as_deref());
    tuner_project::of_zip(zip, runtime.unwrap_or_default(), handler.unwrap_or_default(), options)
        .map_err(|e| CliError::usage(format!("cannot read the package `{}`", zip.display())).cause(e))
}

fn none(args: &Search, found: &Found) -> CliError {
    let asked = args.function.as_deref();
    let name = asked.map_or_else(String::new, |name| format!(" `{}`", plain(name)));
    let error = CliError::usage(format!(
        "no Lambda function{name} was found in `{}`",
        folder(args).display()
    ));
    let error = found
        .notes
        .iter()
        .fold(error, |error, note| error.note(format!("note: {note}")));
    error.hint(format!(
        "looked for: {}; give another folder, a program after --, --zip, or try --function example:hash{}",
        Found::LOOKED_FOR,
        asked.map_or("", |_| "; for a function in AWS use --direct instead of --local")
    ))
}

/// Text of a project without what would steer a terminal, colours included.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn print(found: &Found) -> Result<(), CliError> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["Function", "Runtime", "Handler", "Memory", "Payload", "From"]);
    for f in &found.functions {
        let or_dash = |text: Option<&str>| plain(text.unwrap_or("-"));
        table.add_row([
            plain(&f.id),
            or_dash(f.runtime.as_deref()),
            or_dash(f.handler.as_deref()),
            f.memory_mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb} MB")),
            or_dash(f.payload.as_deref()),
            plain(&f.source),
        ]);
    }
    let mut out = guarded::stdout();
    if !found.functions.is_empty() {
        writeln!(out, "{}", table.trim_fmt())?;
    }
    for f in &found.functions {
        let id = plain(&f.id);
        if let (Some(message), Some(hint)) = (&f.message, &f.hint) {
            writeln!(out, "{id} cannot run here: {}; {}", plain(message), plain(hint))?;
        }
        if !f.env_unresolved.is_empty() {
            writeln!(out, "{id} needs --env for {}", plain(&f.env_unresolved.join(", ")))?;
        }
        for note in &f.notes {
            writeln!(out, "{id}: {}", plain(note))?;
        }
    }
    for note in &found.notes {
        writeln!(out, "note: {}", plain(note))?;
    }
    Ok(())
}

/// A function that was chosen, and the search with what its project says filled in.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) search: Search,
    /// As Lambda takes names.
    pub(super) name: String,
    pub(super) function: Function,
}

/// Every function of the folder that can run here, or what is wrong with how it is called; by name. The others are told.
pub(super) fn all(args: &Search) -> Result<Vec<Named<Chosen>>, CliError> {
    let found = find(args, &options(args))?;
    if found.functions.is_empty() {
        return Err(none(args, &found));
    }
    let (runnable, not): (Vec<_>, Vec<_>) = found.functions.into_iter().partition(|f| f.runnable);
    for f in &not {
        let (message, hint) = (
            f.message.as_deref().unwrap_or_default(),
            f.hint.as_deref().unwrap_or_default(),
        );
        writeln!(guarded::stderr(), "left out: {}: {message}; {hint}", f.id)?;
    }
    if runnable.is_empty() {
        return Err(CliError::usage("none of the functions can run here").hint("see above what each of them needs"));
    }
    let named = runnable.into_iter().map(|f| Named {
        name: f.id.clone(),
        args: chosen(args, f),
    });
    Ok(named.collect())
}

/// The function that is meant.
pub(super) fn choose(args: &Search) -> Result<Chosen, CliError> {
    let mut found = find(args, &options(args))?;
    let ids = |functions: &[Function]| functions.iter().map(|f| f.id.as_str()).collect::<Vec<_>>().join(", ");
    if found.functions.is_empty() {
        return Err(none(args, &found));
    }
    let function = match &args.function {
        Some(name) => found
            .named(name)
            .map_err(|several| match several.as_slice() {
                [] => CliError::usage(format!("the folder has no function `{name}`"))
                    .hint(format!("it has {}", ids(&found.functions))),
                several => CliError::usage(format!("several functions are called `{name}`"))
                    .hint(format!("use one of {}", several.join(", "))),
            })?
            .clone(),
        None if found.functions.len() == 1 => found.functions.remove(0),
        None => ask(&found)?.clone(),
    };
    if let (Some(message), Some(hint)) = (&function.message, &function.hint) {
        return Err(CliError::usage(format!("{} cannot run here: {message}", function.id)).hint(hint));
    }
    chosen(args, function)
}

/// Which of several, where somebody is there to say it.
fn ask(found: &Found) -> Result<&Function, CliError> {
    let list: Vec<String> = found
        .functions
        .iter()
        .map(|f| format!("  {}  ({})", plain(&f.id), plain(&f.source)))
        .collect();
    let unclear = || {
        let first = found.functions.iter().find(|f| f.runnable).or(found.functions.first());
        CliError::usage("the folder has several functions")
            .note(list.join("\n"))
            .hint(format!(
                "name one with --function {}, or tune them --all",
                first.map_or("ID", |f| f.id.as_str())
            ))
    };
    if !stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(unclear());
    }
    let mut err = guarded::stderr();
    for (number, f) in (1..).zip(&found.functions) {
        writeln!(err, "{number:>3}  {}  ({})", plain(&f.id), plain(&f.source))?;
    }
    write!(err, "Which one? ")?;
    err.flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    let answer = answer.trim();
    let by_number = answer
        .parse::<usize>()
        .ok()
        .and_then(|n| found.functions.get(n.checked_sub(1)?));
    by_number.or_else(|| found.named(answer).ok()).ok_or_else(unclear)
}

/// The arguments for a function: what is typed goes before what its project says.
fn chosen(args: &Search, function: Function) -> Result<Chosen, CliError> {
    let mut args = args.clone();
    let typed = |name: &String| args.local.env.iter().any(|(key, _)| key == name);
    let missing: Vec<String> = function
        .env_unresolved
        .iter()
        .filter(|name| !typed(name))
        .cloned()
        .collect();
    if !missing.is_empty() {
        let error = CliError::usage(format!(
            "{} needs variables whose values are not in the project",
            function.id
        ));
        let because = |name: &String| function.unresolved_because.get(name).cloned().unwrap_or_default();
        let error = missing
            .iter()
            .fold(error, |e, name| e.note(format!("{name} refers to {}", because(name))));
        let flags: Vec<String> = missing.iter().map(|name| format!("--env {name}=...")).collect();
        return Err(error.hint(format!("give them with {}", flags.join(" "))));
    }
    if args.payload.is_none() {
        let Some(payload) = &function.payload else {
            let error = CliError::usage(format!("there is no event for {}", function.id));
            return Err(match function.payloads.is_empty() {
                true => error.hint("give one with --payload, or keep one in events/NAME.json"),
                false => error.hint(format!("choose one with --payload: {}", function.payloads.join(", "))),
            });
        };
        args.payload = Some(format!("@{}", folder(&args).join(payload).display()));
    }
    let env: BTreeMap<String, String> = function.env.clone().into_iter().chain(args.local.env.clone()).collect();
    args.local.env = env.into_iter().collect();
    let memory = function.memory_mb.and_then(|mb| MemorySize::new(mb).ok());
    args.local.present_memory = args.local.present_memory.or(memory);
    args.local.timeout = args.local.timeout.or(function.timeout_s.map(|s| s.clamp(1, 900)));
    if args.local.arch.is_none() {
        args.local.arch = function.architecture.parse::<Architecture>().ok();
    }
    Ok(Chosen {
        name: lambda_name(args.project.entry.as_ref().unwrap_or(&function.name)),
        search: args,
        function,
    })
}

/// A name as Lambda takes it.
pub(super) fn lambda_name(name: &str) -> String {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = name
        .chars()
        .map(|c| if is_taken(c) { c } else { '-' })
        .take(64)
        .collect();
    match name.trim_matches(['-', '_']).is_empty() {
        true => "function".to_owned(),
        false => name,
    }
}

/// Makes a function ready and fills in how it is started.
pub(super) fn start(chosen: &mut Chosen, progress: &Progress) -> Result<Start, CliError> {
    let cache = config::user_folder("XDG_CACHE_HOME", ".cache")
        .unwrap_or_else(std::env::temp_dir)
        .join("tuner");
    let tools = options(&chosen.search).tools;
    let start =
        prepare(&chosen.function, &tools, &Cache::new(cache), &|line| progress.say(line)).map_err(not_started)?;
    for note in start.notes.iter().chain(&chosen.function.notes) {
        progress.say(&format!("{}: {note}", chosen.function.id));
    }
    chosen.search.local.working_directory = Some(start.working_directory.clone());
    chosen.search.local.handler = Some(start.handler.clone());
    Ok(start)
}

fn not_started(error: StartError) -> CliError {
    match error {
        StartError::NotReady { message, hint } => CliError::usage(message).hint(hint),
        StartError::Failed { program, output } => CliError::usage(format!("`{program}` failed")).cause(output),
        error => CliError::new(Exit::Unexpected, "cannot make the function ready").cause(error),
    }
}
