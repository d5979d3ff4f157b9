//! Invocations in, what they show of every limit out.

use serde::{Deserialize, Serialize};

use super::{CheckVerdict, Figure, Limit, LimitResult, LimitVerdict, MeanTest, Metric, ShareTest, Shown};
use crate::pricing::PriceQuote;
use crate::{InvocationRecord, Outcome, StartKind};

/// What invocations are judged by.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Prices; without them nothing is said of cost.
    pub price: Option<PriceQuote>,
    /// Size of /tmp, in MB; above 512 it is charged.
    pub ephemeral_storage_mb: u32,
    /// Whether the invocations are those of production. Then cold starts are in all figures and their share is one; else they
    /// were caused by the check itself, and figures are those of warm invocations.
    pub of_production: bool,
}

/// What a limit that is neither shown to be kept nor broken stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undecided {
    /// "Cannot tell".
    #[default]
    CannotTell,
    /// As if it were kept.
    Pass,
}

/// Takes invocations as they come, and says what all of them show of every limit.
#[derive(Debug, Clone)]
pub struct Judge {
    terms: Terms,
    asked: Vec<Asked>,
    durations: Vec<f64>,
    costs: Vec<f64>,
    inits: Vec<f64>,
    ended: u64,
    succeeded: u64,
    timed_out: u64,
    started: u64,
    cold: u64,
    memory_known: u64,
    most_memory: Option<f64>,
}

#[derive(Debug, Clone)]
struct Asked {
    limit: Limit,
    test: Test,
    /// What was shown at a look, which stands.
    shown: Shown,
}

#[derive(Debug, Clone)]
enum Test {
    Share(ShareTest),
    Mean(MeanTest),
}

impl Judge {
    /// Nothing was measured yet.
    pub fn new(limits: &[Limit], terms: Terms) -> Self {
        let asked = |limit: &Limit| Asked {
            limit: *limit,
            test: match limit.share() {
                Some(share) => Test::Share(ShareTest::new(share)),
                None => Test::Mean(MeanTest::new(limit.limit)),
            },
            shown: Shown::Open,
        };
        Self {
            terms,
            asked: limits.iter().map(asked).collect(),
            durations: Vec::new(),
            costs: Vec::new(),
            inits: Vec::new(),
            ended: 0,
            succeeded: 0,
            timed_out: 0,
            started: 0,
            cold: 0,
            memory_known: 0,
            most_memory: None,
        }
    }

    /// Takes one invocation. What others on the machine disturbed counts for success only.
    pub fn add(&mut self, record: &InvocationRecord) {
        let has_run = !matches!(record.outcome, Outcome::Throttled | Outcome::Unmeasured);
        if has_run {
            self.ended += 1;
            self.succeeded += u64::from(record.outcome == Outcome::Success);
            self.timed_out += u64::from(record.outcome == Outcome::Timeout);
            self.count(Metric::Success, record.outcome != Outcome::Success);
            self.count(Metric::Timeouts, record.outcome == Outcome::Timeout);
        }
        if record.outcome == Outcome::Throttled || record.set_aside {
            return;
        }
        let is_cold = record.start.map(|start| start != StartKind::Warm);
        if let Some(cold) = is_cold
            && self.terms.of_production
        {
            self.started += 1;
            self.cold += u64::from(cold);
            self.count(Metric::ColdStarts, cold);
        }
        if let Some(ms) = record.init_duration_ms.or(record.restore_duration_ms) {
            self.inits.push(ms);
            self.value(Metric::Init, ms);
        }
        if let Some(used) = record.max_memory_used_mb
            && record.memory_size_mb > 0
        {
            let percent = 100.0 * f64::from(used) / f64::from(record.memory_size_mb);
            self.memory_known += 1;
            self.most_memory = Some(self.most_memory.map_or(percent, |most| most.max(percent)));
            self.value(Metric::MemoryUsed, percent);
        }
        let counts = self.terms.of_production || is_cold == Some(false);
        if !counts {
            return;
        }
        if let Some(ms) = record.duration_ms
            && matches!(record.outcome, Outcome::Success | Outcome::Timeout)
        {
            self.durations.push(ms);
            for metric in [Metric::Mean, Metric::P50, Metric::P95, Metric::P99] {
                self.value(metric, ms);
            }
        }
        if let Some(cost) = self.cost(record) {
            self.costs.push(cost);
            self.value(Metric::CostPerMillion, cost);
        }
    }

    /// Cost of a million such invocations.
    fn cost(&self, record: &InvocationRecord) -> Option<f64> {
        let quote = self.terms.price.as_ref()?;
        let billed = record.billed_duration_ms?;
        let cost = quote.invocation(record.memory_size_mb, billed, self.terms.ephemeral_storage_mb);
        cost.ok().map(|cost| cost.amount * 1e6)
    }

    fn count(&mut self, metric: Metric, missed: bool) {
        for asked in self.asked.iter_mut().filter(|asked| asked.limit.metric == metric) {
            if let Test::Share(test) = &mut asked.test {
                test.add(missed);
            }
        }
    }

    fn value(&mut self, metric: Metric, value: f64) {
        for asked in self.asked.iter_mut().filter(|asked| asked.limit.metric == metric) {
            let limit = asked.limit.limit;
            match &mut asked.test {
                // The largest use is what it is: one near the limit does not make one above it likely.
                Test::Share(test) if metric == Metric::MemoryUsed => test.add(value > limit),
                Test::Share(test) => test.add_value(value > limit, value > ShareTest::CLOSE * limit),
                Test::Mean(test) => test.add(value),
            }
        }
    }

    /// Looks at what there is: what is shown now stays so, whatever comes later. `true` if nothing is open that more calls
    /// of this kind could decide.
    pub fn look(&mut self) -> bool {
        for asked in self.asked.iter_mut().filter(|asked| asked.shown == Shown::Open) {
            asked.shown = asked.now();
        }
        let is_open = |asked: &&Asked| asked.shown == Shown::Open && is_measurable(asked.limit.metric, &self.terms);
        !self.asked.iter().any(|asked| is_open(&asked))
    }

    /// Invocations of which the outcome is known.
    pub const fn ended(&self) -> u64 {
        self.ended
    }

    /// Every figure there is, whether it has a limit or not.
    pub fn figures(&self) -> Vec<Figure> {
        let figure = |metric: Metric| match metric {
            Metric::Mean => Figure::mean(metric, &self.durations),
            Metric::CostPerMillion => Figure::mean(metric, &self.costs),
            Metric::P50 | Metric::P95 | Metric::P99 => Figure::quantile(metric, &self.durations, metric.share_above()?),
            Metric::Init => Figure::quantile(metric, &self.inits, metric.share_above()?),
            Metric::Success => Figure::share(metric, self.ended, self.succeeded),
            Metric::Timeouts => Figure::share(metric, self.ended, self.timed_out),
            Metric::ColdStarts => Figure::share(metric, self.started, self.cold),
            Metric::MemoryUsed => Some(Figure::fact(metric, self.most_memory?, self.memory_known)),
        };
        Metric::ALL.into_iter().filter_map(figure).collect()
    }

    /// What became of every limit.
    pub fn results(&self) -> Vec<LimitResult> {
        let result = |asked: &Asked| {
            let (calls, missed) = match &asked.test {
                Test::Share(test) => (test.calls(), Some(test.misses())),
                Test::Mean(test) => (test.count(), None),
            };
            LimitResult {
                limit: asked.limit,
                verdict: match asked.shown {
                    Shown::Kept => LimitVerdict::Kept,
                    Shown::Broken => LimitVerdict::Broken,
                    Shown::Open if calls == 0 => LimitVerdict::NotMeasured,
                    Shown::Open => LimitVerdict::CannotTell,
                },
                calls,
                missed,
                baseline: None,
                worse_pct: None,
            }
        };
        self.asked.iter().map(result).collect()
    }
}

impl Asked {
    fn now(&self) -> Shown {
        match &self.test {
            // One environment that used more is a fact.
            Test::Share(test) if self.limit.metric == Metric::MemoryUsed && test.misses() > 0 => Shown::Broken,
            Test::Share(test) => test.shown(),
            Test::Mean(test) => test.shown(),
        }
    }
}

/// Whether more invocations of the same kind tell more of this figure.
fn is_measurable(metric: Metric, terms: &Terms) -> bool {
    match metric {
        Metric::ColdStarts => terms.of_production,
        Metric::CostPerMillion => terms.price.is_some(),
        // Environments start when Lambda wants, not when somebody waits for it.
        Metric::Init => terms.of_production,
        _ => true,
    }
}

/// The fewest calls that can show a limit to be kept: without a miss; a mean, where all take half of what is allowed.
/// `None` where no number of calls from here does.
pub fn fewest_calls(limit: &Limit, of_production: bool) -> Option<u64> {
    match limit.share() {
        _ if limit.metric == Metric::ColdStarts && !of_production => None,
        Some(share) => Some(ShareTest::fewest_without_a_miss(share)),
        None => MeanTest::fewest(0.5),
    }
}

/// Calls after which "cannot tell" is said unless something else is asked for: enough for functions that are a quarter away
/// from their limits.
pub fn budget(limits: &[Limit]) -> u32 {
    const LEAST: u64 = 100;
    let needed = |limit: &Limit| match limit.metric {
        Metric::P95 | Metric::P99 => fewest_calls(limit, false).map(|fewest| (5 * fewest).next_multiple_of(100)),
        Metric::Init | Metric::ColdStarts => None,
        _ => fewest_calls(limit, false).map(|fewest| (fewest + fewest / 2).next_multiple_of(50)),
    };
    let most = limits.iter().filter_map(needed).max().unwrap_or(LEAST).max(LEAST);
    u32::try_from(most).unwrap_or(u32::MAX)
}

impl CheckVerdict {
    /// What all limits together come to. What could not be measured decides nothing, unless nothing could.
    pub fn of(results: &[LimitResult], undecided: Undecided) -> Self {
        let has = |verdict: LimitVerdict| results.iter().any(|result| result.verdict == verdict);
        let passes = undecided == Undecided::Pass;
        if has(LimitVerdict::Broken) {
            Self::Broken
        } else if has(LimitVerdict::CannotTell) && !passes {
            Self::CannotTell
        } else if has(LimitVerdict::Kept) || (passes && has(LimitVerdict::CannotTell)) {
            Self::Kept
        } else {
            Self::NotMeasured
        }
    }

    /// The same where there is a baseline, and none of its figures could be compared: that nothing got worse is not shown then,
    /// whatever other limits are kept.
    #[must_use]
    pub const fn without_comparison(self) -> Self {
        match self {
            Self::Broken => Self::Broken,
            Self::Kept | Self::CannotTell | Self::NotMeasured => Self::CannotTell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Condition;
    use crate::pricing::PriceTable;

    fn limits(text: &str) -> Vec<Limit> {
        let parse = |text: &str| text.parse::<Condition>().unwrap().limit(None).unwrap();
        text.split(',').map(parse).collect()
    }

    fn terms(of_production: bool) -> Terms {
        Terms {
            price: PriceTable::embedded()
                .quote("us-east-1", crate::Architecture::X86_64)
                .ok(),
            ephemeral_storage_mb: 512,
            of_production,
        }
    }

    fn warm(ms: f64) -> InvocationRecord {
        InvocationRecord {
            start: Some(StartKind::Warm),
            duration_ms: Some(ms),
            billed_duration_ms: Some(ms.ceil() as u64),
            max_memory_used_mb: Some(60),
            ..InvocationRecord::bare(128, Outcome::Success)
        }
    }

    fn judged(text: &str, records: &[InvocationRecord], of_production: bool) -> Vec<LimitVerdict> {
        let mut judge = Judge::new(&limits(text), terms(of_production));
        records.iter().for_each(|record| judge.add(record));
        judge.look();
        judge.results().iter().map(|result| result.verdict).collect()
    }

    use LimitVerdict::{Broken, CannotTell, Kept, NotMeasured};

    #[test]
    fn every_figure_has_its_test() {
        let records: Vec<_> = (0..100).map(|i| warm(100.0 + f64::from(i % 7))).collect();
        let verdicts = |text| judged(text, &records, false);
        assert_eq!(verdicts("mean>200,p50>120,p95>150,success<95"), [Kept; 4]);
        assert_eq!(verdicts("mean>50,p50>90,p95>90"), [Broken; 3]);
        assert_eq!(verdicts("p99>150,memory>50,memory>40"), [CannotTell, Kept, Broken]);
        assert_eq!(verdicts("cold-starts>20,init>100"), [NotMeasured, NotMeasured]);
        // 0.103 s at 128 MB: $0.21 + $0.20 a million.
        assert_eq!(verdicts("cost>1,cost>0.2"), [Kept, Broken]);
    }

    #[test]
    fn cold_starts_count_where_production_made_them() {
        let cold = InvocationRecord {
            start: Some(StartKind::Cold),
            init_duration_ms: Some(300.0),
            ..warm(900.0)
        };
        let mut records = vec![cold; 30];
        records.extend(vec![warm(100.0); 70]);
        assert_eq!(
            judged("p50>200,cold-starts>20,init>200", &records, true),
            [Kept, CannotTell, Broken]
        );
        assert_eq!(judged("cold-starts>10,cold-starts>60", &records, true), [Broken, Kept]);
        // Those that the check caused are no figures of it.
        assert_eq!(judged("p95>200,cold-starts>20", &records, false), [Kept, NotMeasured]);
    }

    #[test]
    fn failures_break_success_and_throttles_do_not() {
        let mut records = vec![warm(10.0); 60];
        records.extend(vec![InvocationRecord::bare(128, Outcome::Throttled); 20]);
        assert_eq!(judged("success<95", &records, false), [Kept]);
        records.extend(vec![InvocationRecord::bare(128, Outcome::Timeout); 20]);
        assert_eq!(
            judged("success<95,timeouts>5,timeouts>60", &records, false),
            [Broken, Broken, Kept]
        );
    }

    #[test]
    fn what_was_shown_at_a_look_stands() {
        let mut judge = Judge::new(&limits("p50>100"), terms(false));
        (0..5).for_each(|_| judge.add(&warm(10.0)));
        assert!(judge.look());
        (0..50).for_each(|_| judge.add(&warm(500.0)));
        judge.look();
        assert_eq!(judge.results()[0].verdict, Kept);
    }

    #[test]
    fn the_verdict_is_that_of_the_worst_limit() {
        let result = |verdict| LimitResult {
            limit: Limit::GUIDE[0],
            verdict,
            calls: 1,
            missed: None,
            baseline: None,
            worse_pct: None,
        };
        let of = |verdicts: &[LimitVerdict], undecided| {
            CheckVerdict::of(&verdicts.iter().map(|v| result(*v)).collect::<Vec<_>>(), undecided)
        };
        let fail = Undecided::CannotTell;
        assert_eq!(of(&[Kept, NotMeasured], fail), CheckVerdict::Kept);
        assert_eq!(of(&[Kept, CannotTell], fail), CheckVerdict::CannotTell);
        assert_eq!(of(&[Kept, CannotTell], Undecided::Pass), CheckVerdict::Kept);
        assert_eq!(of(&[CannotTell, Broken], Undecided::Pass), CheckVerdict::Broken);
        assert_eq!(of(&[NotMeasured], Undecided::Pass), CheckVerdict::NotMeasured);
        let alone = |verdict: CheckVerdict| verdict.without_comparison();
        assert_eq!(alone(CheckVerdict::Kept), CheckVerdict::CannotTell);
        assert_eq!(alone(CheckVerdict::NotMeasured), CheckVerdict::CannotTell);
        assert_eq!(alone(CheckVerdict::Broken), CheckVerdict::Broken);
    }

    #[test]
    fn the_plan_knows_how_many_calls_it_takes() {
        let fewest = |text: &str| fewest_calls(&limits(text)[0], false);
        assert_eq!(fewest("p95>1"), Some(59));
        assert_eq!(fewest("success<95"), Some(59));
        assert_eq!(fewest("p99>1"), Some(299));
        assert_eq!(fewest("p50>1"), Some(5));
        assert_eq!(fewest("cold-starts>20"), None);
        assert!((20..60).contains(&fewest("mean>1").unwrap()));
        assert_eq!(budget(&limits("mean>1,success<95")), 100);
        assert_eq!(budget(&limits("mean>1,p95>1")), 300);
        assert_eq!(budget(&limits("p99>1")), 1_500);
    }
}
