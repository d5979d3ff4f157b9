//! Counting reports with CloudWatch Logs Insights: few queries over many log groups, within a budget of bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tuner_core::review::{Missing, Window};

use super::documents::{Batch, Keys, Reading};
use super::follow::{End, Query};
use super::gaps::NotCounted;
use super::look::Looking;
use super::ports::{GROUPS_PER_QUERY, LogClass, Reports};
use super::{ReviewContext, ReviewError, gaps};
use crate::ports::PortErrorKind;

const FIRST_POLL: Duration = Duration::from_secs(2);
const LAST_POLL: Duration = Duration::from_secs(5);
/// A query that is not over by then never will be. Source: "CloudWatch Logs quotas", queries time out after 60 minutes.
const LONGEST: SignedDuration = SignedDuration::from_mins(62);
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
    /// The time over which groups are read whose scan over all of it took too much.
    #[serde(default)]
    pub(super) shorter: BTreeMap<String, Window>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct UnderWay {
    id: String,
    groups: Vec<String>,
    /// When it was started; absent of one that an earlier version of this program started.
    #[serde(default)]
    started_at: Option<Timestamp>,
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

/// A query over all the days is stopped at this share of what it may scan, so that fewer days can be read with the rest; ...
const FIRST_STOP: f64 = 0.7;
/// ... and one over those at this share of the rest.
const LAST_STOP: f64 = 0.9;
/// So many times fewer days.
const FEWER: f64 = 8.0;

impl Queries {
    /// Reads these groups over fewer days instead, back from the end; `false` if there are none fewer.
    fn try_fewer_days(&mut self, batch: &Batch, groups: &[String], bytes: u64) -> bool {
        let windows = groups.iter().filter_map(|group| Some(batch.groups.get(group)?.window));
        let Some(longest) = windows.max_by(|a, b| a.days().total_cmp(&b.days())) else {
            return false;
        };
        let days = (longest.days() / FEWER).floor() as i64;
        let from = batch
            .window
            .until
            .checked_sub(SignedDuration::from_hours(24 * days.max(1)));
        let (true, Ok(from)) = (longest.days() >= 2.0, from) else {
            return false;
        };
        self.bytes_scanned += bytes;
        let shorter = Window {
            from,
            until: batch.window.until,
        };
        self.shorter.extend(groups.iter().map(|group| (group.clone(), shorter)));
        self.to_make.push(groups.to_vec());
        true
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
        let is_again = under_way
            .groups
            .iter()
            .any(|group| looking.queries.shorter.contains_key(group));
        let left = batch.most_bytes.saturating_sub(looking.queries.bytes_scanned);
        // What is scanned between two looks is paid for, too.
        let allowed = (left as f64 * if is_again { LAST_STOP } else { FIRST_STOP }) as u64;
        let started_at = under_way.started_at.unwrap_or_else(|| ctx.clock.now());
        let query = Query {
            source,
            id: &under_way.id,
            clock: ctx.clock.as_ref(),
            cancel: &ctx.cancel,
            pauses: (FIRST_POLL, LAST_POLL),
            most_bytes: allowed,
            until: started_at.saturating_add(LONGEST).unwrap_or(started_at),
            hand_back_at: ctx.hand_back_at,
        };
        let poll = |token: Option<String>| {
            let id = &under_way.id;
            async move { ctx.retrying(|| source.poll(id, token.as_deref())).await }
        };
        let (end, bytes) = query.follow(poll).await;
        let sampled_because = match end {
            End::Answered(rows) => {
                looking.queries.bytes_scanned += bytes;
                if rows.len() >= MOST_ROWS {
                    looking.queries.cut_off.extend(under_way.groups.iter().cloned());
                }
                looking.rows.extend(rows);
                looking.queries.read.extend(under_way.groups);
                looking.queries.under_way = None;
                continue;
            }
            End::Late => return Ok(false),
            // What was scanned so far is paid for; nothing more need be.
            End::Interrupted => return Err(ReviewError::Interrupted),
            End::TooMuch if !is_again && looking.queries.try_fewer_days(batch, &under_way.groups, bytes) => {
                looking.queries.under_way = None;
                continue;
            }
            End::TooMuch => None,
            End::TooLong => Some("its query was not over after an hour".to_owned()),
            End::Ended(how) => Some(format!("its query ended without an answer ({how})")),
            End::Failed(error) => Some(format!("its query could not be followed ({error})")),
            End::Unread(error) => Some(format!("its query's answer could not be read ({error})")),
        };
        let sampled_because = sampled_because.map(NotCounted::because);
        looking.queries.bytes_scanned += bytes;
        let groups = under_way.groups.into_iter();
        looking
            .to_sample
            .extend(groups.map(|group| (group, sampled_because.clone())));
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
    let sample = |looking: &mut Looking, why: NotCounted| {
        let groups = groups.iter().cloned();
        looking.to_sample.extend(groups.map(|group| (group, Some(why.clone()))));
    };
    if looking.queries.denied >= DENIALS && looking.queries.made == 0 {
        sample(
            looking,
            NotCounted::denied("its region's log groups may not be queried".to_owned()),
        );
        return None;
    }
    if looking.queries.bytes_scanned >= batch.most_bytes {
        looking
            .to_sample
            .extend(groups.iter().map(|group| (group.clone(), None)));
        return None;
    }
    // The widest time of them: a group that keeps less is scanned no further.
    let from = groups.iter().filter_map(|group| {
        let shorter = looking.queries.shorter.get(group).copied();
        Some(shorter.unwrap_or(batch.groups.get(group)?.window).from)
    });
    let from = from.min()?;
    let window = Window {
        from,
        until: batch.window.until,
    };
    match ctx.retrying(|| source.start(&groups, window)).await {
        Ok(id) => Some(UnderWay {
            id,
            groups,
            started_at: Some(ctx.clock.now()),
        }),
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
            let why = format!("it could not be queried ({error})");
            let not_counted = match error.kind {
                PortErrorKind::Denied => {
                    looking.queries.denied += 1;
                    NotCounted::denied(why)
                }
                _ => NotCounted::because(why),
            };
            sample(looking, not_counted);
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
