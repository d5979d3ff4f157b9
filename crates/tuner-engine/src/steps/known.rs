//! What is known of a function before it is measured: by its logs, and by earlier tunings of it. Reads and changes nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tuner_core::floor::{Known, Need, Source};
use tuner_core::review::{SizeEvidence, Window};
use tuner_logs::lines::{Event, function_of_log_group, function_of_log_stream, parse_line};

use crate::ports::{FunctionConfiguration, PortError, PortErrorKind};
use crate::retry::retrying_if;
use crate::review::follow::{End, Query};
use crate::review::ports::{ReportRow, Reports};
use crate::review::rows;
use crate::review::sampled::Sampled;
use crate::{Context, TuningRequest};

/// So far back it is looked. Source: Compute Optimizer looks back as far.
const DAYS: i64 = 14;
/// FilterLogEvents asks for the latest time first, in these steps, in hours; an answer begins with the oldest.
const BACK_HOURS: [i64; 4] = [1, 24, 7 * 24, DAYS * 24];
/// Pages of it at most, each up to 1 MB or 10,000 lines; nothing is charged for them.
const MOST_PAGES: usize = 12;
/// Reports that are enough for a sample.
const ENOUGH: usize = 1_000;
/// A query that scans more is stopped: 5 GB are 2.5 US cents in us-east-1.
pub const MOST_SCANNED_BYTES: u64 = 5_000_000_000;
/// A query that is not over by then is stopped.
const QUERY_PATIENCE: SignedDuration = SignedDuration::from_secs(33);
const NOT_IN_TIME: &str = "a query over the rest gave no answer in time";
/// Where the logs do not answer, as from a network without a way to them, the tuning goes on without them after this.
const PATIENCE: Duration = Duration::from_secs(40);
const FIRST_POLL: Duration = Duration::from_millis(500);
const LAST_POLL: Duration = Duration::from_secs(3);

/// What logs and earlier tunings say of `function`. What can't be read is said, and no reason to fail.
///
/// Where the request does not bring what logs say, a sample of them is read first, which is free; where it is not all there is,
/// one query over them is made.
pub async fn known(ctx: &Context, request: &TuningRequest, function: &FunctionConfiguration) -> Known {
    let logs = match &request.known {
        Some(given) => given.clone(),
        None => of_logs(ctx, function).await,
    };
    logs.and(of_tunings(ctx, function).await)
}

/// What earlier tunings of `function` say.
async fn of_tunings(ctx: &Context, function: &FunctionConfiguration) -> Known {
    let Some(tunings) = &ctx.tunings else {
        return Known::default();
    };
    let code = function.code_sha256.as_deref();
    match tunings.of(&function.arn).await {
        Ok(earlier) => Known {
            needs: earlier
                .iter()
                .flat_map(|tuning| Need::of_tuning(tuning, code))
                .collect(),
            ..Known::default()
        },
        Err(reason) => Known {
            unknown: vec![format!("what earlier tunings found is not known: {reason}")],
            ..Known::default()
        },
    }
}

async fn of_logs(ctx: &Context, function: &FunctionConfiguration) -> Known {
    let Some(source) = ctx.reports.as_deref() else {
        return Known::default();
    };
    if function.reports_hidden {
        return unknown("its system log level hides the reports of invocations that succeed");
    }
    let reader = Reader {
        ctx,
        source,
        function,
        until: ctx.clock.now(),
    };
    tokio::select! {
        known = read(&reader) => known,
        () = ctx.clock.sleep(PATIENCE) => unknown(&format!("its logs gave no answer within {} s", PATIENCE.as_secs())),
    }
}

fn unknown(why: &str) -> Known {
    Known {
        unknown: vec![format!("memory used in production is not known: {why}")],
        ..Known::default()
    }
}

async fn read(reader: &Reader<'_>) -> Known {
    let function = reader.function;
    let sampled = reader.sample().await;
    if let Ok(sample) = &sampled
        && sample.complete
    {
        return found(&sample.sizes, 0, None);
    }
    if let Err(error) = &sampled
        && error.kind == PortErrorKind::NotFound
    {
        return unknown(&format!("there is no log group {}", function.log_group));
    }
    let scanned = reader.query().await;
    match (scanned, sampled) {
        (Ok(scan), _) => found(&scan.sizes, scan.bytes, None),
        (Err(failed), Ok(sample)) => {
            let reports: u64 = sample.sizes.iter().map(|size| size.invocations).sum();
            let partly = format!(
                "of its logs only the latest {reports} reports were read ({}): more memory may have been used before",
                failed.why
            );
            found(&sample.sizes, failed.bytes, Some(partly))
        }
        (Err(failed), Err(error)) => Known {
            scanned_bytes: failed.bytes,
            ..unknown(&format!("{}; {}", said(&error, "logs:FilterLogEvents"), failed.why))
        },
    }
}

/// `partly` is what was not read, if not all was.
fn found(sizes: &[SizeEvidence], scanned_bytes: u64, partly: Option<String>) -> Known {
    Known {
        needs: Need::of_reports(sizes, &[], Source::Logs),
        unknown: partly.into_iter().collect(),
        scanned_bytes,
    }
}

fn said(error: &PortError, permission: &str) -> String {
    match error.kind {
        PortErrorKind::Denied => format!("{permission} is missing"),
        _ => error.to_string(),
    }
}

struct Reader<'a> {
    ctx: &'a Context,
    source: &'a dyn Reports,
    function: &'a FunctionConfiguration,
    until: Timestamp,
}

struct Sample {
    sizes: Vec<SizeEvidence>,
    complete: bool,
}

struct Scan {
    sizes: Vec<SizeEvidence>,
    bytes: u64,
}

struct Failed {
    why: String,
    bytes: u64,
}

/// Somebody waits for the answer: where nothing listens or answers, the tuning goes on without it.
const fn worth_it(kind: PortErrorKind) -> bool {
    matches!(kind, PortErrorKind::Throttled | PortErrorKind::Service)
}

impl Reader<'_> {
    fn back(&self, hours: i64) -> Timestamp {
        let ago = SignedDuration::from_hours(hours);
        self.until.checked_sub(ago).unwrap_or(self.until)
    }

    /// Whether a line of this stream is the function's: in a group that functions share, streams are named after them.
    fn is_ours(&self, stream_function: Option<&str>) -> bool {
        let name = self.function.arn.name();
        let owner = stream_function.or_else(|| function_of_log_group(&self.function.log_group));
        owner.is_none_or(|owner| owner == name)
    }

    /// The latest reports, read line by line.
    async fn sample(&self) -> Result<Sample, PortError> {
        let ctx = self.ctx;
        let mut sampled = Sampled::default();
        let (mut reports, mut pages) = (0, 0);
        let mut complete = true;
        let mut until = self.until;
        'steps: for hours in BACK_HOURS {
            let window = Window {
                from: self.back(hours),
                until,
            };
            until = window
                .from
                .checked_sub(SignedDuration::from_millis(1))
                .unwrap_or(window.from);
            let mut token: Option<String> = None;
            loop {
                if reports >= ENOUGH || pages >= MOST_PAGES || ctx.is_late() || ctx.cancel.is_cancelled() {
                    complete = false;
                    break 'steps;
                }
                pages += 1;
                let group = &self.function.log_group;
                let lines = || {
                    self.source
                        .lines(group, self.function.json_logs, window, token.as_deref())
                };
                let page = match retrying_if(ctx, worth_it, lines).await {
                    Ok(page) => page,
                    // What was read is worth something.
                    Err(_) if reports > 0 => {
                        complete = false;
                        break 'steps;
                    }
                    Err(error) => return Err(error),
                };
                for line in page.items {
                    if !self.is_ours(function_of_log_stream(line.stream.as_bytes())) {
                        continue;
                    }
                    if let Some(Event::Report(report)) = parse_line(line.message.as_bytes()) {
                        sampled.add(&report, line.at, None);
                        reports += 1;
                    }
                }
                match page.next.filter(|next| Some(next) != token.as_ref()) {
                    Some(next) => token = Some(next),
                    None => break,
                }
            }
        }
        Ok(Sample {
            sizes: sampled.sizes(),
            complete,
        })
    }

    /// All reports of the time looked back on, added up by CloudWatch Logs Insights.
    async fn query(&self) -> Result<Scan, Failed> {
        let ctx = self.ctx;
        let groups = [self.function.log_group.clone()];
        let window = Window {
            from: self.back(DAYS * 24),
            until: self.until,
        };
        let id = match retrying_if(ctx, worth_it, || self.source.start(&groups, window)).await {
            Ok(id) => id,
            Err(error) => {
                return Err(Failed {
                    why: said(&error, "logs:StartQuery"),
                    bytes: 0,
                });
            }
        };
        let query = Query {
            source: self.source,
            id: &id,
            clock: ctx.clock.as_ref(),
            cancel: &ctx.cancel,
            pauses: (FIRST_POLL, LAST_POLL),
            most_bytes: MOST_SCANNED_BYTES,
            until: ctx.clock.now().saturating_add(QUERY_PATIENCE).unwrap_or(self.until),
            hand_back_at: ctx.hand_back_at,
        };
        let poll = |token: Option<String>| {
            let id = &id;
            async move { retrying_if(ctx, worth_it, || self.source.poll(id, token.as_deref())).await }
        };
        let (end, bytes) = query.follow(poll).await;
        let why = match end {
            End::Answered(rows) => {
                let ours = |row: &&ReportRow| self.is_ours(row.function.as_deref());
                let rows: Vec<&ReportRow> = rows.iter().filter(ours).collect();
                return Ok(Scan {
                    sizes: rows::sizes(&rows),
                    bytes,
                });
            }
            End::Ended(how) => format!("a query over the rest ended without an answer ({how})"),
            End::TooMuch => "a query over the rest would have scanned too much".to_owned(),
            End::Failed(error) | End::Unread(error) => said(&error, "logs:GetQueryResults"),
            End::TooLong | End::Interrupted => NOT_IN_TIME.to_owned(),
            End::Late => {
                query.stop().await;
                NOT_IN_TIME.to_owned()
            }
        };
        Err(Failed { why, bytes })
    }
}
