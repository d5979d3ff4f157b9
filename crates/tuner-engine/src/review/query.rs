//! Counting reports with CloudWatch Logs Insights: few queries over many log groups, within a budget of bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tuner_core::review::{Missing, Window};

use super::documents::{Batch, Keys, Reading};
use super::look::Looking;
use super::ports::{GROUPS_PER_QUERY, LogClass, QueryPage, QueryStatus, ReportRow, Reports};
use super::{ReviewContext, ReviewError, gaps};
use crate::ports::{PortError, PortErrorKind};

const FIRST_POLL: Duration = Duration::from_secs(1);
const LAST_POLL: Duration = Duration::from_secs(5);
/// Rows that a query returns at most; an answer with as many may have been cut off. The query asks for that many.
pub const MOST_ROWS: usize = 10_000;
/// After this many log groups that may not be queried, and none that may, no other is tried.
const DENIALS: u32 = 3;

/// Queries that are to be made, under way, and over.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Queries {
    /// Each over these groups.
    to_make: Vec<Vec<String>>,
    under_way: Option<UnderWay>,
    /// Groups whose reports were counted.
    pub(super) read: BTreeSet<String>,
    /// Those of them with more rows than an answer holds.
    pub(super) cut_off: BTreeSet<String>,
    pub(super) bytes_scanned: u64,
    pub(super) made: u64,
    denied: u32,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct UnderWay {
    id: String,
    groups: Vec<String>,
}

impl Queries {
    pub(super) fn over(groups: &[(&String, &Reading)]) -> Self {
        let mut by_class: BTreeMap<LogClass, Vec<String>> = BTreeMap::new();
        for (name, reading) in groups {
            by_class.entry(reading.class).or_default().push((*name).clone());
        }
        let to_make = by_class
            .values()
            .flat_map(|groups| groups.chunks(GROUPS_PER_QUERY).map(<[String]>::to_vec));
        Self {
            to_make: to_make.collect(),
            ..Self::default()
        }
    }
}

/// Makes the queries of a batch; `false` when it is time to hand back, and a query under way is waited for the next time.
pub(super) async fn run(
    ctx: &ReviewContext,
    source: &dyn Reports,
    batch: &Batch,
    keys: Keys,
    looking: &mut Looking,
) -> Result<bool, ReviewError> {
    loop {
        let under_way = match looking.queries.under_way.clone() {
            Some(under_way) => under_way,
            None => {
                let Some(groups) = looking.queries.to_make.pop() else {
                    return Ok(true);
                };
                ctx.check()?;
                if ctx.is_late() {
                    looking.queries.to_make.push(groups);
                    return Ok(false);
                }
                let Some(under_way) = start(ctx, source, batch, looking, groups).await else {
                    continue;
                };
                looking.queries.made += 1;
                looking.queries.under_way = Some(under_way.clone());
                // If this process ends now, the next one waits for this query and does not pay for another.
                ctx.keep(&keys.looking(batch.number), looking).await?;
                under_way
            }
        };
        let allowed = batch.most_bytes.saturating_sub(looking.queries.bytes_scanned);
        match wait_for(ctx, source, &under_way.id, allowed).await {
            Waited::Answered { rows, bytes } => {
                looking.queries.bytes_scanned += bytes;
                if rows.len() >= MOST_ROWS {
                    looking.queries.cut_off.extend(under_way.groups.iter().cloned());
                }
                looking.rows.extend(rows);
                looking.queries.read.extend(under_way.groups);
            }
            Waited::Ended { why, bytes } => {
                looking.queries.bytes_scanned += bytes;
                let groups = under_way.groups.iter().cloned();
                looking.to_sample.extend(groups.map(|group| (group, Some(why.clone()))));
            }
            Waited::Late => return Ok(false),
            Waited::Interrupted => {
                // What was scanned so far is paid for; nothing more need be.
                let _ = source.stop(&under_way.id).await;
                return Err(ReviewError::Interrupted);
            }
        }
        looking.queries.under_way = None;
    }
}

/// Starts a query; `None` if that can't be done, and it is noted what is to be done about it.
async fn start(
    ctx: &ReviewContext,
    source: &dyn Reports,
    batch: &Batch,
    looking: &mut Looking,
    groups: Vec<String>,
) -> Option<UnderWay> {
    let sample = |looking: &mut Looking, why: String| {
        let groups = groups.iter().cloned();
        looking.to_sample.extend(groups.map(|group| (group, Some(why.clone()))));
    };
    if looking.queries.denied >= DENIALS && looking.queries.made == 0 {
        sample(
            looking,
            "its region's log groups may not be queried; allow logs:StartQuery".to_owned(),
        );
        return None;
    }
    if looking.queries.bytes_scanned >= batch.most_bytes {
        sample(looking, over_budget());
        return None;
    }
    // The widest time of them: a group that keeps less is scanned no further.
    let windows = groups.iter().filter_map(|group| batch.groups.get(group));
    let from = windows.map(|reading| reading.window.from).min()?;
    let window = Window {
        from,
        until: batch.window.until,
    };
    match ctx.retrying(|| source.start(&groups, window)).await {
        Ok(id) => Some(UnderWay { id, groups }),
        // One of them is missing, or not to be read: which one is found by halves.
        Err(error) if groups.len() > 1 && may_be_one_of_them(error.kind) => {
            let half = groups.len() / 2;
            looking.queries.to_make.push(groups[half..].to_vec());
            looking.queries.to_make.push(groups[..half].to_vec());
            None
        }
        Err(error) if error.kind == PortErrorKind::NotFound => {
            let gap = gaps::failed(
                Missing::Logs,
                &format!("the log group {}", groups.first()?),
                "logs:StartQuery",
                &error,
            );
            looking.note(&groups, &gap);
            None
        }
        Err(error) => {
            if error.kind == PortErrorKind::Denied {
                looking.queries.denied += 1;
            }
            sample(looking, format!("it could not be queried ({error})"));
            None
        }
    }
}

const fn may_be_one_of_them(kind: PortErrorKind) -> bool {
    matches!(
        kind,
        PortErrorKind::NotFound | PortErrorKind::Denied | PortErrorKind::Invalid
    )
}

fn over_budget() -> String {
    "scanning it takes more than its part of the budget".to_owned()
}

/// What became of waiting for a query.
enum Waited {
    Answered { rows: Vec<ReportRow>, bytes: u64 },
    Ended { why: String, bytes: u64 },
    Late,
    Interrupted,
}

/// Waits for a query that may scan `allowed` bytes.
async fn wait_for(ctx: &ReviewContext, source: &dyn Reports, id: &str, allowed: u64) -> Waited {
    let mut pause = FIRST_POLL;
    let mut bytes = 0;
    loop {
        if ctx.cancel.is_cancelled() {
            return Waited::Interrupted;
        }
        let page = match ctx.retrying(|| source.poll(id, None)).await {
            Ok(page) => page,
            Err(_) if ctx.cancel.is_cancelled() => return Waited::Interrupted,
            Err(error) => {
                return given_up(
                    ctx,
                    source,
                    id,
                    format!("its query could not be followed ({error})"),
                    bytes,
                )
                .await;
            }
        };
        bytes = page.bytes_scanned.max(bytes);
        match page.status {
            QueryStatus::Complete => return answer(ctx, source, id, page).await,
            QueryStatus::Ended(how) => {
                return Waited::Ended {
                    why: format!("its query ended without an answer ({how})"),
                    bytes,
                };
            }
            QueryStatus::Running if bytes > allowed => {
                return given_up(ctx, source, id, over_budget(), bytes).await;
            }
            QueryStatus::Running => {}
        }
        if ctx.is_late() {
            return Waited::Late;
        }
        tokio::select! {
            biased;
            () = ctx.cancel.cancelled() => return Waited::Interrupted,
            () = ctx.clock.sleep(pause) => {}
        }
        pause = pause.mul_f64(1.5).min(LAST_POLL);
    }
}

/// Stops a query, which is paid for as far as it came.
async fn given_up(ctx: &ReviewContext, source: &dyn Reports, id: &str, why: String, bytes: u64) -> Waited {
    let stopped = ctx.retrying(|| source.stop(id)).await;
    if let Err(error) = stopped {
        tracing::debug!(id, %error, "a query could not be stopped");
    }
    Waited::Ended { why, bytes }
}

/// All pages of the answer.
async fn answer(ctx: &ReviewContext, source: &dyn Reports, id: &str, first: QueryPage) -> Waited {
    let bytes = first.bytes_scanned;
    let mut rows = first.rows;
    let mut next = first.next;
    while let Some(token) = next {
        let page: Result<QueryPage, PortError> = ctx.retrying(|| source.poll(id, Some(&token))).await;
        match page {
            Ok(page) => {
                rows.extend(page.rows);
                next = page.next.filter(|next| *next != token);
            }
            Err(error) => {
                return Waited::Ended {
                    why: format!("its query's answer could not be read ({error})"),
                    bytes,
                };
            }
        }
    }
    Waited::Answered { rows, bytes }
}
