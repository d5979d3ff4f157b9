//! What exported logs and an inventory tell, with nothing asked of AWS.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tuner_core::review::{
    Evidence, Gap, Gathered, ListedFunction, LogsBy, LogsRead, Missing, RegionReview, Scan, Why, Window,
};
use tuner_core::{FunctionName, FunctionNameError, Tuning};
use tuner_logs::{ExportTasks, FunctionLogs, Input, LogEvidence, Options, UNKNOWN_FUNCTION};
use uuid::Uuid;

use super::inventory::{self, Inventory};
use super::optimizer;
use crate::cli::ReviewArgs;
use crate::commands::unread::Unread;
use crate::error::CliError;
use crate::exit::Exit;
use crate::units::{count, plural};

/// Below this nothing is extrapolated to a month: a burst of a minute would become millions.
const SHORTEST_HOURS: f64 = 1.0;

/// Its replicas are charged at prices of their own. Source: aws.amazon.com/lambda/pricing, Lambda@Edge.
const LAMBDA_AT_EDGE: &str = "it ran as Lambda@Edge, which has prices of its own; tune its master in us-east-1 instead";

/// Logs hold no report of an environment that waits, and the list of functions does not name it either.
const ALLOCATION_NOT_LISTED: &str = "whether provisioned concurrency is kept is not known from logs, and what keeping it costs is \
     in no figure; give what `aws lambda list-provisioned-concurrency-configs --function-name NAME --output json` prints of the \
     functions that may have it, with --inventory";

/// A report of a time later than this from now on is of no clock that can be relied on.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// Reads everything that was given.
pub(super) fn gather(args: &ReviewArgs) -> Result<(Gathered, Vec<Tuning>, Unread), CliError> {
    let started_at = Timestamp::now();
    let mut listed = Inventory::default();
    for file in &args.inventory {
        listed.add(inventory::read(file)?);
    }
    let mut export_tasks = ExportTasks::default();
    for document in &listed.export_tasks {
        if export_tasks.add(document) == 0 {
            listed
                .warnings
                .push("an inventory lists no export task with its log group".to_owned());
        }
    }
    let inputs = args.from_logs.iter().map(Input::from).collect();
    let options = Options {
        threads: args.threads,
        unnamed: args.function.as_ref().map(|name| name.name().to_owned()),
        export_tasks,
    };
    let (logs, coverage) = tuner_logs::gather(inputs, &options);
    let mut warnings = std::mem::take(&mut listed.warnings);
    let provisioned_listed = listed.provisioned.is_some();
    let (optimizer, tunings) = (
        std::mem::take(&mut listed.optimizer),
        std::mem::take(&mut listed.tunings),
    );
    // Whoever reads the document later does not see what this run says of it.
    let unread = Unread::of(&coverage);
    warnings.extend(unread.lines());
    let (window, doubt) = window(&logs, args.days, started_at)?;
    warnings.extend(doubt);
    warnings.extend(undated(&logs));
    if logs.unattributed_failures > 0 {
        warnings.push(format!(
            "{} of time-outs and crashes belong to reports that are not in the logs, and to no function that is known",
            plural(logs.unattributed_failures, "line")
        ));
    }
    if logs.unattributed_errors > 0 {
        warnings.push(format!(
            "{} of runtimes stand within no invocation of the logs, or within several at a time, and count for none",
            plural(logs.unattributed_errors, "error line")
        ));
    }
    let scan = Scan {
        bytes: logs.bytes,
        ..Scan::default()
    };
    let mut functions = join(listed.functions(), logs.functions, window, &mut warnings)?;
    warnings.extend(heard(optimizer, &mut functions));
    if !provisioned_listed {
        warnings.push(ALLOCATION_NOT_LISTED.to_owned());
    }
    warnings.extend(placeless(&functions, args));
    Ok((
        Gathered {
            review_id: Uuid::now_v7(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            finished_at: Timestamp::now(),
            account: account(&functions),
            window,
            regions: regions(&functions),
            functions,
            scan: Some(scan),
            warnings,
        },
        tunings,
        unread,
    ))
}

/// Puts what Compute Optimizer says beside what the logs do; it may know functions that are in neither logs nor inventory.
fn heard(said: Vec<optimizer::Said>, functions: &mut [(ListedFunction, Evidence)]) -> Option<String> {
    let all = said.len();
    let mut by_name: BTreeMap<String, Vec<&mut (ListedFunction, Evidence)>> = BTreeMap::new();
    for entry in functions {
        by_name.entry(entry.0.name.name().to_owned()).or_default().push(entry);
    }
    let mut unknown = 0;
    for (name, finding) in said {
        let mut known = by_name.get_mut(name.name()).into_iter().flatten();
        match known.find(|entry| is_of(&entry.0, &name)) {
            Some(entry) => entry.1.compute_optimizer = Some(finding),
            None => unknown += 1,
        }
    }
    (unknown > 0).then(|| {
        format!(
            "{} of {} in Compute Optimizer's export are in neither logs nor inventory",
            count(unknown),
            plural(all as u64, "function")
        )
    })
}

/// Whether the function of an ARN is this one; what was listed by its name alone may be in any region.
pub(super) fn is_of(function: &ListedFunction, name: &FunctionName) -> bool {
    let same_region = match (function.region.as_deref(), name.region()) {
        (Some(listed), Some(named)) => listed == named,
        _ => true,
    };
    function.name.name() == name.name() && same_region
}

/// The time that the logs are of, and what is doubtful about it.
fn window(logs: &LogEvidence, days: Option<f64>, now: Timestamp) -> Result<(Option<Window>, Option<String>), CliError> {
    let before = |until: Timestamp, days: f64| {
        let length = SignedDuration::try_from_secs_f64(days * 86_400.0).ok()?;
        Some(Window {
            from: until.checked_sub(length).ok()?,
            until,
        })
    };
    Ok(match (logs.window, days) {
        (Some(found), None) if found.until > now.saturating_add(CLOCKS_DIFFER).unwrap_or(now) => (
            None,
            Some(format!(
                "the last report is of {:.0}, which is still to come, so that figures are of these logs and not of a month; give \
                 the days that they are of with --days, or leave such lines out",
                found.until
            )),
        ),
        (Some(found), Some(days)) if found.days() > days => (
            Some(found),
            Some(format!(
                "the logs are of {:.1} days, from {:.0} to {:.0}, and not of {days} as given: it is counted with theirs",
                found.days(),
                found.from,
                found.until
            )),
        ),
        (found, Some(days)) => {
            let until = found.map_or(now, |found| found.until);
            let window = before(until, days)
                .ok_or_else(|| CliError::usage(format!("--days {days:e} goes back beyond any calendar")))?;
            (Some(window), None)
        }
        (Some(found), None) if found.days() * 24.0 < SHORTEST_HOURS => (
            None,
            Some(format!(
                "the reports are all of {}: too short to say what a month costs, so that figures are of these logs; give \
                 the days that they are of with --days",
                crate::units::duration(found.days() * 86_400_000.0)
            )),
        ),
        (Some(found), None) => (Some(found), None),
        (None, None) if logs.functions.is_empty() => (None, None),
        (None, None) => (
            None,
            Some(
                "the reports have no time, so that figures are of these logs and not of a month; give the days that they \
                 are of with --days"
                    .to_owned(),
            ),
        ),
    })
}

fn undated(logs: &LogEvidence) -> Option<String> {
    let all: u64 = logs.functions.iter().map(FunctionLogs::reports).sum();
    (logs.undated > 0 && logs.undated < all).then(|| {
        format!(
            "{} of {} reports have no time; they are taken to be of the same days as the others",
            count(logs.undated),
            count(all)
        )
    })
}

/// Every function of the inventory with what the logs tell of it, then those that only the logs know.
fn join(
    listed: Vec<ListedFunction>,
    logs: Vec<FunctionLogs>,
    window: Option<Window>,
    warnings: &mut Vec<String>,
) -> Result<Vec<(ListedFunction, Evidence)>, CliError> {
    let mut functions: Vec<(ListedFunction, Evidence)> = Vec::new();
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for function in listed {
        let same = places.entry(function.name.name().to_owned()).or_default();
        if same.iter().any(|at| functions[*at].0.name == function.name) {
            continue;
        }
        same.push(functions.len());
        functions.push((function, unread()));
    }
    let mut taken: BTreeSet<String> = places.keys().cloned().collect();
    taken.extend(logs.iter().filter_map(|logs| logs.name.clone()));
    let mut filled = BTreeSet::new();
    for logs in logs {
        let Some(found) = logs.name.as_deref() else {
            let name = respelt(UNKNOWN_FUNCTION, &mut taken)?;
            warnings.push(format!(
                "nothing tells which function {} are of: listed as `{name}`; name it with --function, or put such logs \
                 below aws/lambda/NAME/",
                plural(logs.reports(), "report")
            ));
            functions.push((ListedFunction::nameless(name), evidence(logs, window)));
            continue;
        };
        // Its own region's, if that is known; what is of another is another function.
        let here = |at: &&usize| match (&logs.region, &functions[**at].0.region) {
            (Some(of_logs), Some(listed)) => of_logs == listed,
            _ => true,
        };
        let candidates = || places.get(found).into_iter().flatten().filter(here);
        let at = candidates()
            .next()
            .copied()
            .filter(|at| !logs.edge && filled.insert(*at));
        match at {
            Some(at) => {
                let regions: Vec<usize> = candidates().copied().collect();
                if regions.len() > 1 {
                    let all = regions.iter().map(|at| &functions[*at].0);
                    let places: Vec<&str> = all.clone().filter_map(|f| f.region.as_deref()).collect();
                    warnings.push(format!(
                        "`{found}` is in {} regions or accounts of the inventory ({}), and nothing tells which of them its logs are \
                         of: its region is not known, and of its configuration what is the same in all of them; put such logs \
                         below a folder with the region's name",
                        regions.len(),
                        places.join(", ")
                    ));
                    if let Ok(name) = found.parse() {
                        functions[at].0 = in_common(name, all);
                    }
                }
                functions[at].1 = evidence(logs, window);
            }
            None => {
                let listed = match found.parse() {
                    Ok(name) => ListedFunction::named(name),
                    Err(_) => {
                        let name = respelt(found, &mut taken)?;
                        warnings.push(format!(
                            "`{}` in the logs is no name of a function: listed as `{name}`",
                            found.escape_debug()
                        ));
                        ListedFunction::nameless(name)
                    }
                };
                let listed = ListedFunction {
                    region: logs.region.clone().or(listed.region),
                    unsupported: logs.edge.then(|| LAMBDA_AT_EDGE.to_owned()),
                    ..listed
                };
                functions.push((listed, evidence(logs, window)));
            }
        }
    }
    Ok(functions)
}

/// What is the same of all of these, which have one name.
fn in_common<'a>(name: FunctionName, all: impl Iterator<Item = &'a ListedFunction> + Clone) -> ListedFunction {
    fn same<T: PartialEq>(mut values: impl Iterator<Item = Option<T>>) -> Option<T> {
        let first = values.next()??;
        values.all(|value| value.as_ref() == Some(&first)).then_some(first)
    }
    let mut common = ListedFunction::named(name);
    common.memory_size_mb = same(all.clone().map(|f| f.memory_size_mb));
    common.timeout_s = same(all.clone().map(|f| f.timeout_s));
    common.architecture = same(all.clone().map(|f| f.architecture));
    common.runtime = same(all.clone().map(|f| f.runtime.clone()));
    common.package = same(all.clone().map(|f| f.package));
    common.ephemeral_storage_mb = same(all.clone().map(|f| f.ephemeral_storage_mb));
    common.reports_hidden = all.clone().any(|f| f.reports_hidden);
    common
}

/// The name of a function that is as near to `found` as such names can be, and not taken.
fn respelt(found: &str, taken: &mut BTreeSet<String>) -> Result<FunctionName, CliError> {
    const LONGEST: usize = 56;
    let mut near: String = found
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .take(LONGEST)
        .collect();
    if near.is_empty() {
        near.push('_');
    }
    let numbered = (2_u64..).map(|n| format!("{near}-{n}"));
    let free = std::iter::once(near.clone())
        .chain(numbered)
        .find(|name| taken.insert(name.clone()));
    free.unwrap_or(near)
        .parse()
        .map_err(|e: FunctionNameError| CliError::new(Exit::Unexpected, "cannot list a function of the logs").cause(e))
}

/// Evidence of a function that no file says anything of.
fn unread() -> Evidence {
    Evidence {
        gaps: vec![Gap::new(
            Missing::Logs,
            Why::NotFound,
            "the files hold no report of it; export its log group too, if it was called",
        )],
        ..Evidence::default()
    }
}

fn evidence(logs: FunctionLogs, window: Option<Window>) -> Evidence {
    let sizeless = (logs.sizeless > 0).then(|| {
        Gap::new(
            Missing::Logs,
            Why::Unreadable,
            format!(
                "{} without a memory size, as those of Managed Instances are and those that are cut off",
                plural(logs.sizeless, "report")
            ),
        )
    });
    Evidence {
        logs: Some(LogsRead {
            source: LogsBy::Files,
            window,
            complete: logs.complete,
            unread_share: logs.unread_share.filter(|_| !logs.complete),
        }),
        sizes: logs.sizes,
        unreported: logs.unreported,
        gaps: sizeless.into_iter().collect(),
        ..Evidence::default()
    }
}

/// What was assumed of functions whose place is not known.
fn placeless(functions: &[(ListedFunction, Evidence)], args: &ReviewArgs) -> Option<String> {
    let placeless = functions
        .iter()
        .filter(|(f, _)| f.region.is_none() || f.architecture.is_none())
        .count();
    (placeless > 0 && args.account.region.is_none()).then(|| {
        format!(
            "{} of unknown place at the prices of {}, {}: say where with --inventory, or --region and --arch",
            plural(placeless as u64, "function"),
            super::USUAL_REGION,
            args.arch
        )
    })
}

fn account(functions: &[(ListedFunction, Evidence)]) -> Option<String> {
    let accounts: BTreeSet<&str> = functions.iter().filter_map(|(f, _)| f.name.account()).collect();
    match accounts.into_iter().collect::<Vec<_>>()[..] {
        [one] => Some(one.to_owned()),
        _ => None,
    }
}

fn regions(functions: &[(ListedFunction, Evidence)]) -> Vec<RegionReview> {
    let mut regions: BTreeMap<&str, u64> = BTreeMap::new();
    for region in functions.iter().filter_map(|(f, _)| f.region.as_deref()) {
        *regions.entry(region).or_default() += 1;
    }
    let row = |(region, functions): (&str, u64)| RegionReview {
        region: region.to_owned(),
        functions,
        problem: None,
    };
    regions.into_iter().map(row).collect()
}
