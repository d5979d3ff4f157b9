//! `tuner history`.

mod entry;
mod local;
mod print;
mod service;

pub(super) use entry::is_function;
pub(super) use service::root;

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::out_folder::OUT;
use super::out_runs;
use super::service::{VARIABLE, bucket_and_prefix, find, named};
use crate::cli::HistoryArgs;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::reach::Reach;
use crate::states_arn::StateMachineArn;
use entry::Entry;
use service::Wanted;

/// Where nobody has said that there is a service, it is not looked for any longer than this.
const LOOK: Duration = Duration::from_secs(8);

/// Lists past tunings.
pub(super) async fn history(args: HistoryArgs) -> Result<Exit, CliError> {
    let config = Config::load()?;
    let reach = Reach::of_account(&args.account, &config);
    let (mut entries, places) = gather(&args, &config, &reach).await?;
    let most = args.limit as usize;
    entries.retain(|entry| {
        args.function
            .as_ref()
            .is_none_or(|asked| is_function(entry.function(), asked))
    });
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at()));
    let mut seen = HashSet::new();
    entries.retain(|entry| match entry {
        Entry::Tuning(tuning) => seen.insert(tuning.tuning_id),
        Entry::Execution(_) => true,
    });
    entries.truncate(most);
    print::print(args.format, &entries)?;
    if entries.is_empty() {
        let of = args
            .function
            .map_or_else(String::new, |function| format!(" of {function}"));
        writeln!(guarded::stderr(), "no past tuning{of} in {places}")?;
    }
    Ok(Exit::Done)
}

/// Everything there is, and where that was looked for.
async fn gather(args: &HistoryArgs, config: &Config, reach: &Reach) -> Result<(Vec<Entry>, String), CliError> {
    let wanted = Wanted {
        function: args.function.as_ref(),
        most: args.limit as usize,
    };
    if let Some(store) = &args.store {
        return Ok((in_store(store, reach, wanted).await?, store.clone()));
    }
    let named = named(args.state_machine.as_ref(), config)?;
    if named.is_some() {
        let machine = find(named, reach).await?;
        let place = format!("state machine {}", machine.name());
        return Ok((of_machine(&machine, config, reach, wanted).await?, place));
    }
    if let Some(store) = &config.store {
        return Ok((in_store(store, reach, wanted).await?, store.clone()));
    }
    let mut entries = match Path::new(OUT).is_dir() {
        true => in_directory(Path::new(OUT))?,
        false => Vec::new(),
    };
    // Those whose results went elsewhere.
    entries.extend(
        local::in_folders(&out_runs::folders(), &note)
            .into_iter()
            .map(Entry::Tuning),
    );
    // Nobody has said that there is a service.
    let looked = tokio::time::timeout(LOOK, async {
        let machine = find(None, reach).await?;
        of_machine(&machine, config, reach, wanted).await
    });
    let unseen = match looked.await {
        Ok(Ok(found)) => {
            // Before the copies that were brought home.
            entries.splice(0..0, found);
            return Ok((entries, format!("{OUT} and in the service")));
        }
        Ok(Err(error)) => error.in_a_line(),
        Err(_) => "no answer".to_owned(),
    };
    note(format!(
        "those of the service are not listed ({unseen}); name it with --state-machine, {VARIABLE} or tuner.toml"
    ));
    Ok((entries, OUT.to_owned()))
}

async fn of_machine(
    machine: &StateMachineArn,
    config: &Config,
    reach: &Reach,
    wanted: Wanted<'_>,
) -> Result<Vec<Entry>, CliError> {
    service::tunings(reach, machine, config.store.as_deref(), wanted, note).await
}

async fn in_store(store: &str, reach: &Reach, wanted: Wanted<'_>) -> Result<Vec<Entry>, CliError> {
    let Some((bucket, prefix)) = bucket_and_prefix(store) else {
        return in_directory(Path::new(store));
    };
    let store = reach.services(None).await.store(bucket, prefix);
    let found = service::index(&store, wanted, &note)
        .await
        .map_err(|e| CliError::new(Exit::Refused, "cannot list past tunings").cause(e))?;
    Ok(found.into_iter().map(Entry::Tuning).collect())
}

fn in_directory(directory: &Path) -> Result<Vec<Entry>, CliError> {
    Ok(local::tunings(directory, note)?
        .into_iter()
        .map(Entry::Tuning)
        .collect())
}

fn note(text: String) {
    let _ = writeln!(guarded::stderr(), "{text}");
}
