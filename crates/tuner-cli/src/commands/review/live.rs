//! An account as AWS knows it.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};

use tuner_core::FunctionName;
use tuner_core::pricing::PriceTable;
use tuner_core::review::Tuned;
use tuner_engine::ports::{PortErrorKind, Store};
use tuner_engine::review::{
    Listing, Ranked, Regions, Registry, ReviewContext, ReviewError, ReviewRequest, conclude, driver, rank,
};
use tuner_engine::{Backoff, CancellationToken, DirectoryStore, SystemClock};

use super::progress::gigabytes;
use super::tunings::Bench;
use super::{finish, tunings};
use crate::cli::{ALL_REGIONS, GlobalArgs, ReviewArgs};
use crate::commands::out_folder::{OUT, OutFolder, stamped};
use crate::commands::service::bucket_and_prefix;
use crate::commands::{price_table, read_text};
use crate::config::Config;
use crate::consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::reach::Reach;
use crate::signals::stop_on_signal;
use crate::units::plural;

/// Reviews an account, and tunes what it is asked to.
pub(in crate::commands) async fn of_account(args: ReviewArgs, global: GlobalArgs) -> Result<Exit, CliError> {
    let request = request(&args)?;
    let registry = registry(&args)?;
    let prices = price_table(args.prices.as_deref())?;
    if args.tune > 0 && !args.yes && !std::io::stdin().is_terminal() {
        return Err(
            CliError::usage("functions are to be tuned, and nobody is here to agree to it")
                .hint("run the command again with --yes; only functions that are registered are ever invoked"),
        );
    }
    let config = Config::load()?;
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
        "stopped at once: a function that was being tuned may still be changed; `tuner restore --function NAME` puts it back"
            .to_owned(),
    ));
    progress.begin("review");
    let session = Session {
        args: &args,
        prices: &prices,
        registry: &registry,
        reach: &reach,
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
        return Ok(Arc::new(reach.services(None).await.store(bucket, prefix)));
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
    reach: &'a Reach,
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
            match self.agree(listing) {
                Ok(()) => true,
                Err(error) => {
                    if let Ok(mut refused) = refused.lock() {
                        *refused = Some(error);
                    }
                    false
                }
            }
        };
        let ended = driver::review(self.ctx, request, self.registry, self.prices, agree).await;
        let listed = listed.into_inner().ok().flatten();
        let (ctx, ranked, interrupted) = match (ended, listed) {
            (Ok(ranked), _) => (self.ctx.clone(), ranked, false),
            (Err(ReviewError::Interrupted), Some(review_id)) => {
                // What was found out is kept; only the looking was stopped.
                let ctx = ReviewContext {
                    cancel: CancellationToken::new(),
                    ..self.ctx.clone()
                };
                let ranked = rank(&ctx, review_id, self.registry, self.prices).await;
                (ctx, ranked.map_err(|e| self.failed(&e))?, true)
            }
            (Err(error), _) => {
                let refused = refused.into_inner().ok().flatten();
                return Err(refused.unwrap_or_else(|| self.failed(&error)));
            }
        };
        let folder = OutFolder::create(self.args.out.as_deref(), &stamped("review"))?;
        let tuned = match interrupted {
            true => BTreeMap::new(),
            false => self.tune(&ranked, &folder).await?,
        };
        let concluded = conclude(&ctx, ranked.review_id, tuned)
            .await
            .map_err(|e| self.failed(&e))?;
        self.progress.finish();
        finish::tell(self.args, &concluded.review, &folder)?;
        if interrupted || self.ctx.cancel.is_cancelled() {
            return Ok(Exit::Interrupted);
        }
        finish::gate(self.args, &concluded.review)?;
        Ok(Exit::Done)
    }

    /// Says what will be read and what that costs, and asks if it costs anything.
    fn agree(&self, listing: &Listing) -> Result<(), CliError> {
        let cost = listing.scan.estimated_cost.filter(|cost| cost.amount > 0.0);
        let scan = match (listing.scan.estimated_bytes, cost) {
            (Some(bytes), Some(cost)) => format!(
                "; CloudWatch Logs Insights will scan about {} for {}, at most {}",
                gigabytes(bytes),
                cost.display(),
                listing
                    .scan
                    .budget
                    .map_or_else(|| "unlimited".to_owned(), |most| most.display().to_string())
            ),
            _ => String::new(),
        };
        self.progress.say(&format!(
            "{} over {}{scan}",
            plural(listing.functions, "function"),
            plural(u64::from(listing.request.days), "day")
        ));
        match cost {
            Some(_) => {
                self.progress.finish();
                consent::ask_about("costs money", "Go ahead?", self.args.yes)
            }
            None => Ok(()),
        }
    }

    /// Tunes one after the other, after asking once.
    async fn tune(&self, ranked: &Ranked, folder: &OutFolder) -> Result<BTreeMap<FunctionName, Tuned>, CliError> {
        for note in &ranked.notes {
            self.progress.say(note);
        }
        if ranked.tunings.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.progress.finish();
        let _ = writeln!(anstream::stderr(), "To be tuned:");
        for tuning in &ranked.tunings {
            let _ = writeln!(anstream::stderr(), "  {}", tunings::described(tuning));
        }
        let agreed = consent::ask_about(
            "invokes these functions and publishes versions of them",
            "Go ahead?",
            self.args.yes,
        );
        if let Err(declined) = agreed {
            // The review is made and paid for: it is reported all the same.
            let _ = write!(anstream::stderr(), "{declined}");
            return Ok(BTreeMap::new());
        }
        let bench = Bench {
            reach: self.reach,
            prices: self.prices,
            progress: self.progress,
            cancel: &self.ctx.cancel,
            folder,
        };
        let mut tuned = BTreeMap::new();
        for tuning in &ranked.tunings {
            if self.ctx.cancel.is_cancelled() {
                break;
            }
            self.progress.say(&format!("tuning {}", tuning.function));
            tuned.insert(tuning.function.clone(), bench.tune(tuning).await);
        }
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
            ReviewError::NoRegion => Some("name regions with --regions, or set one with --region".to_owned()),
            ReviewError::NothingListed { .. } => {
                Some("allow lambda:ListFunctions, or review exported logs with --from-logs".to_owned())
            }
            _ => None,
        };
        match error {
            ReviewError::Interrupted => CliError::new(exit, "interrupted; nothing was changed"),
            error => CliError::new(exit, "cannot review the account")
                .cause(error)
                .maybe_hint(hint),
        }
    }
}
