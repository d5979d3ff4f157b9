//! An account as AWS knows it.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex};

use tuner_core::FunctionName;
use tuner_core::pricing::{Money, Partition, PriceTable};
use tuner_core::review::{AdviceFile, Tuned};
use tuner_engine::ports::{PortErrorKind, Store};
use tuner_engine::review::{
    HISTORY, Listing, Ranked, Regions, Registry, ReviewContext, ReviewError, ReviewRequest, conclude, conclude_stopped,
    driver, rank,
};
use tuner_engine::{Backoff, CancellationToken, DirectoryStore, SystemClock};
use tuner_report::{Reader, remedy};

use super::tunings::Bench;
use super::{advice, finish};
use crate::cli::{ALL_REGIONS, GlobalArgs, ReviewArgs};
use crate::commands::out_folder::{OUT, OutFolder, stamped};
use crate::commands::service::{self, bucket_and_prefix};
use crate::commands::{price_table, read_text};
use crate::config::Config;
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::guarded;
use crate::progress::Progress;
use crate::reach::Reach;
use crate::signals::stop_on_signal;
use crate::states_arn::StateMachineArn;
use crate::terminal::{self, DIM, RESET};
use crate::units::{self, plural};

/// What stands before what is being done.
const HEAD: &str = "review";

/// Reviews an account, and tunes what it is asked to.
pub(in crate::commands) async fn of_account(args: ReviewArgs, global: GlobalArgs) -> Result<Exit, CliError> {
    let request = request(&args)?;
    let registry = registry(&args)?;
    let config = Config::load()?;
    let advice = advice::find(args.advice.as_deref(), &config)?;
    let prices = price_table(args.prices.as_deref())?;
    if args.tune > 0 && !args.yes && !std::io::stdin().is_terminal() {
        return Err(
            CliError::usage("functions are to be tuned, and nobody is here to agree to it")
                .hint("run the command again with --yes; only functions that are registered are ever invoked"),
        );
    }
    let reach = Reach::of_account(&args.account, &config);
    let connection = reach.services(None).await;
    let progress = Arc::new(Progress::new(global.quiet));
    let cancel = CancellationToken::new();
    let ctx = ReviewContext {
        account: Arc::new(connection.account(args.role_arn.as_deref())),
        store: store(args.store.as_deref().or(config.store.as_deref()), &reach).await?,
        clock: Arc::new(SystemClock),
        observer: progress.clone(),
        cancel: cancel.clone(),
        backoff: Backoff::default(),
        hand_back_at: None,
    };
    let watcher = tokio::spawn(stop_on_signal(
        cancel.clone(),
        progress.clone(),
        "stopping: what was found out so far is reported (once more to stop at once)".to_owned(),
        || {
            "stopped at once: a function that was being tuned may still be changed; `tuner restore --function NAME` puts it back"
                .to_owned()
        },
    ));
    let machine = match args.tune {
        0 => None,
        _ => service::named(args.state_machine.as_ref(), &config)?,
    };
    let machine = match machine {
        Some(named) => Some(service::find(Some(named), &reach).await?),
        None => None,
    };
    progress.begin(HEAD);
    progress.stage("finding functions, and what CloudWatch counted");
    let session = Session {
        args: &args,
        prices: &prices,
        registry: &registry,
        advice: advice.as_ref(),
        reach: &reach,
        machine: machine.as_ref(),
        progress: &progress,
        ctx: &ctx,
    };
    let ended = session.review(&request).await;
    watcher.abort();
    progress.finish();
    ended
}

fn request(args: &ReviewArgs) -> Result<ReviewRequest, CliError> {
    let days = args.days.unwrap_or(f64::from(ReviewRequest::DEFAULT_DAYS));
    let whole = days as u32;
    if f64::from(whole) != days || !ReviewRequest::DAYS.contains(&whole) {
        return Err(CliError::usage(format!(
            "an account is looked at over whole days, {} to {}, and not over {days}",
            ReviewRequest::DAYS.start(),
            ReviewRequest::DAYS.end()
        )));
    }
    let regions = match &args.regions[..] {
        [] => Regions::Home,
        names if names.iter().any(|name| name == ALL_REGIONS) => Regions::All,
        names => Regions::Named(names.to_vec()),
    };
    Ok(ReviewRequest {
        regions,
        days: whole,
        budget_usd: args.budget.unwrap_or(ReviewRequest::DEFAULT_BUDGET_USD),
        tune: args.tune,
        payloads: None,
        advice: None,
        group_by: args.group_by.clone(),
        role_arn: args.role_arn.clone(),
    })
}

fn registry(args: &ReviewArgs) -> Result<Registry, CliError> {
    let Some(file) = &args.payloads else {
        return Ok(Registry::default());
    };
    Registry::parse(&read_text(file, "registry")?)
        .map_err(|e| CliError::usage(format!("`{}` registers no functions", file.display())).cause(e))
}

async fn store(named: Option<&str>, reach: &Reach) -> Result<Arc<dyn Store>, CliError> {
    let place = named.unwrap_or(OUT);
    if let Some((bucket, prefix)) = bucket_and_prefix(place) {
        let store = reach.services(None).await.store(bucket, prefix);
        // A bucket that is not there is better known before anything costs money.
        store.list(HISTORY).await.map_err(|e| {
            CliError::new(Exit::Refused, format!("cannot look for past reviews in `{place}`"))
                .cause(e)
                .hint("choose another place with --store")
        })?;
        return Ok(Arc::new(store));
    }
    let directory = DirectoryStore::create(place).map_err(|e| {
        CliError::usage(format!("cannot write to `{place}`"))
            .cause(e.reason)
            .hint("choose another place with --store")
    })?;
    Ok(Arc::new(directory))
}

/// What was asked for, read and checked.
struct Session<'a> {
    args: &'a ReviewArgs,
    prices: &'a PriceTable,
    registry: &'a Registry,
    /// What was decided about advice.
    advice: Option<&'a AdviceFile>,
    reach: &'a Reach,
    /// Does the tunings; else this process.
    machine: Option<&'a StateMachineArn>,
    progress: &'a Arc<Progress>,
    ctx: &'a ReviewContext,
}

impl Session<'_> {
    async fn review(&self, request: &ReviewRequest) -> Result<Exit, CliError> {
        let listed = Mutex::new(None);
        let refused = Mutex::new(None);
        let agree = async |listing: &Listing| {
            if let Ok(mut listed) = listed.lock() {
                *listed = Some(listing.review_id);
            }
            match self.agree(listing).await {
                Ok(()) => true,
                Err(error) => {
                    if let Ok(mut refused) = refused.lock() {
                        *refused = Some(error);
                    }
                    false
                }
            }
        };
        let ended = driver::review(self.ctx, request, (self.registry, self.advice), self.prices, agree).await;
        let listed = listed.into_inner().ok().flatten();
        // What was found out is kept and told, even when the looking or a tuning was stopped.
        let ctx = ReviewContext {
            cancel: CancellationToken::new(),
            ..self.ctx.clone()
        };
        let (ranked, is_whole) = match (ended, listed) {
            (Ok(ranked), _) => (ranked, true),
            (Err(ReviewError::Interrupted), Some(review_id)) => {
                let ranked = rank(&ctx, review_id, self.registry, self.advice, self.prices).await;
                (ranked.map_err(|e| self.failed(&e))?, false)
            }
            (Err(error), _) => {
                let refused = refused.into_inner().ok().flatten();
                return Err(refused.unwrap_or_else(|| self.failed(&error)));
            }
        };
        let folder = OutFolder::create(self.args.out.as_deref(), &stamped("review"))?;
        let tuned = self.tune(&ranked, &folder).await?;
        let concluded = match is_whole {
            true => conclude(&ctx, ranked.review_id, tuned).await,
            false => conclude_stopped(&ctx, ranked.review_id).await,
        };
        let concluded = concluded.map_err(|e| self.failed(&e))?;
        self.progress.finish();
        finish::tell(self.args, &concluded.review, &folder)?;
        let _ = writeln!(guarded::stderr(), "{DIM}kept in{RESET} {}", concluded.document);
        if self.ctx.cancel.is_cancelled() {
            return Ok(Exit::Interrupted);
        }
        finish::gate(self.args, &concluded.review)?;
        Ok(match concluded.review.is_blind() {
            true => Exit::NotEnoughEvidence,
            false => Exit::Done,
        })
    }

    /// Says what will be read and what that costs, and asks if it costs anything.
    async fn agree(&self, listing: &Listing) -> Result<(), CliError> {
        self.progress
            .say(terminal::wrapped(&planned(listing), &stderr(), 2).trim_end());
        if scan_cost(listing).is_some() {
            self.agreed("costs money (--budget 0 reads a sample for free)").await?;
        }
        self.progress.stage("reading logs");
        Ok(())
    }

    /// Asks, with no bars around.
    async fn agreed(&self, this: &'static str) -> Result<(), CliError> {
        self.progress.finish();
        let agreed = consent::ask_unless(&self.ctx.cancel, this, "Go ahead?", self.args.yes).await;
        self.progress.resume();
        agreed
    }

    /// Tunes one after the other, after asking once.
    async fn tune(&self, ranked: &Ranked, folder: &OutFolder) -> Result<BTreeMap<FunctionName, Tuned>, CliError> {
        let mut tuned = BTreeMap::new();
        if self.ctx.cancel.is_cancelled() {
            return Ok(tuned);
        }
        for note in &ranked.notes {
            self.progress.say(note);
        }
        let bench = Bench {
            reach: &self.reach.as_arns_say(),
            prices: self.prices,
            progress: self.progress,
            cancel: &self.ctx.cancel,
            folder,
            machine: self.machine,
        };
        let mut prepared = Vec::new();
        for tuning in &ranked.tunings {
            match bench.prepare(tuning).await {
                Ok(ready) => prepared.push(ready),
                Err(error) => {
                    tuned.insert(tuning.function.clone(), bench.failed(&error));
                }
            }
        }
        if prepared.is_empty() {
            return Ok(tuned);
        }
        for ready in &prepared {
            self.progress
                .say(terminal::wrapped(&bench.plan(ready), &stderr(), 13).trim_end());
        }
        if let Err(declined) = self
            .agreed("invokes these functions and publishes versions of them")
            .await
        {
            // The review is made and paid for: it is reported all the same.
            self.progress.say(&declined.in_a_line());
            return Ok(tuned);
        }
        for ready in prepared {
            if self.ctx.cancel.is_cancelled() {
                break;
            }
            tuned.insert(ready.function.clone(), bench.tune(ready).await);
        }
        self.progress.begin(HEAD);
        Ok(tuned)
    }

    fn failed(&self, error: &ReviewError) -> CliError {
        let exit = match error {
            ReviewError::NoRegion | ReviewError::Declined | ReviewError::Input(_) => Exit::Usage,
            ReviewError::NothingListed { .. } => Exit::Refused,
            ReviewError::Interrupted => Exit::Interrupted,
            ReviewError::Store(_) | ReviewError::Broken { .. } | ReviewError::Report(_) => Exit::Unexpected,
        };
        let not_signed_in =
            matches!(error, ReviewError::NothingListed { error, .. } if error.kind == PortErrorKind::NotSignedIn);
        let hint = match error {
            _ if not_signed_in => Some(self.reach.sign_in()),
            ReviewError::NothingListed { error, .. } if error.kind == PortErrorKind::Denied => {
                Some("allow lambda:ListFunctions, or review exported logs with --from-logs".to_owned())
            }
            error => error.remedy().map(|what| remedy(&what, Reader::CommandLine)),
        };
        match error {
            ReviewError::Interrupted => CliError::new(exit, "interrupted; nothing was changed"),
            error => CliError::new(exit, "cannot review the account")
                .cause(error)
                .maybe_hint(hint),
        }
    }
}

/// What the scan is estimated to cost, if it is known and more than nothing.
fn scan_cost(listing: &Listing) -> Option<Money> {
    listing.scan.estimated_cost.filter(|cost| cost.amount > 0.0)
}

/// What is going to be read, and what that costs.
fn planned(listing: &Listing) -> String {
    let mut text = format!(
        "{} over {}",
        plural(listing.functions, "function"),
        plural(u64::from(listing.request.days), "day")
    );
    if let Some(cost) = scan_cost(listing) {
        let most = listing
            .scan
            .budget
            .map_or_else(String::new, |budget| format!(", at most {}", budget.display()));
        text.push_str(&format!(
            "; CloudWatch Logs Insights will scan about {} for {}{most}",
            units::bytes(listing.scan.estimated_bytes.unwrap_or(0)),
            in_cents(cost)
        ));
    }
    if let Some(cost) = metrics_cost(listing) {
        text.push_str(&format!("; CloudWatch's metrics of them have cost {}", in_cents(cost)));
    }
    text
}

/// What asking CloudWatch for metrics costs at most: GetMetricData is charged by the metric and has no free tier. Two are asked
/// of every function, and four more of those that were invoked. Source: "Amazon CloudWatch Pricing", $0.01 per 1,000 metrics
/// requested. What it is in other currencies is not known.
fn metrics_cost(listing: &Listing) -> Option<Money> {
    const EACH: f64 = 0.01 / 1000.0;
    const OF_A_FUNCTION: f64 = 6.0;
    let in_dollars = |region: &str| matches!(Partition::of_region(region), Partition::Aws | Partition::AwsUsGov);
    let cost = Money::usd(listing.functions as f64 * OF_A_FUNCTION * EACH);
    (listing.functions > 0 && listing.regions.iter().all(|r| in_dollars(&r.region))).then_some(cost)
}

fn in_cents(cost: Money) -> String {
    const CENT: f64 = 0.01;
    match cost.amount < CENT {
        true => format!("less than {}", Money::new(CENT, cost.currency).display()),
        false => format!(
            "about {}",
            Money::new((cost.amount / CENT).ceil() * CENT, cost.currency).display()
        ),
    }
}
