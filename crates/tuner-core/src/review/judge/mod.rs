//! What the evidence means: one file per family of findings.
//!
//! What is usual is judged at the memory size at which most traffic runs ([`Serving`]); reports of other sizes say how the
//! duration changes with memory ([`bounds`]). What failed counts at every size: at those that serve it may fail again, and of
//! those that were replaced it is said until when.

mod arm64;
mod bounds;
mod gaps;
mod init;
pub(super) mod memory;
mod processor;
mod provisioned;
mod risks;
mod versions;
pub(super) mod words;

pub(super) use self::bounds::Slowdown;
use super::money::Priced;
use super::usage::Usage;
use super::{
    Action, Advice, Evidence, Finding, FindingKind, ListedFunction, Saving, Serving, SizeEvidence, Window, serving,
};
use crate::pricing::Confidence;

/// So many invocations say something of a function. Source: Compute Optimizer asks for as many in its 14 days.
pub(super) const ENOUGH: u64 = 50;
/// So many say it with medium confidence: the rarest event that is seen, but for chance, is then one in a hundred.
const MANY: u64 = 300;
/// So many with high confidence: one in a thousand.
const VERY_MANY: u64 = 3_000;
/// With less than a week, what happens on other days was not seen.
const WHOLE_WEEK_DAYS: f64 = 6.5;

/// One function, with what was made of its evidence.
pub(super) struct Case<'a> {
    pub(super) function: &'a ListedFunction,
    pub(super) evidence: &'a Evidence,
    pub(super) usage: Option<&'a Usage>,
    pub(super) priced: &'a Priced,
    pub(super) window: Option<Window>,
    /// At which sizes traffic runs.
    pub(super) serving: Serving<'a>,
    /// The size at which most of it does, in MB.
    pub(super) memory_size_mb: Option<u32>,
    /// The reports made at it. Where those of successful invocations are hidden, the failures only.
    pub(super) reports: Option<&'a SizeEvidence>,
}

/// A finding, and what to do about it.
struct Judged {
    finding: Finding,
    actions: Vec<Action>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        function: &'a ListedFunction,
        evidence: &'a Evidence,
        usage: Option<&'a Usage>,
        priced: &'a Priced,
        window: Option<Window>,
    ) -> Self {
        let serving = Serving::of(function, evidence);
        let memory_size_mb = serving.memory_size_mb;
        Self {
            function,
            evidence,
            usage,
            priced,
            window,
            memory_size_mb,
            reports: serving.reports(),
            serving,
        }
    }

    /// The time-out of invocations at this size, in seconds.
    fn timeout_s(&self, size: &SizeEvidence) -> Option<u32> {
        serving::timeout_s(self.function, size)
    }

    /// How many invocations at this size there are, in words.
    fn seen(&self, size: &SizeEvidence) -> String {
        match self.function.reports_hidden {
            false => words::counted(size.invocations, "invocation"),
            true => words::counted(size.invocations, "reported failure"),
        }
    }

    /// Of a size that is not `$LATEST`'s, or not the only one: whose it is. A sentence behind others.
    fn whose(&self, size: &SizeEvidence) -> String {
        let mb = size.memory_size_mb;
        let place = serving::place(self.function, size);
        match self.function.memory_size_mb {
            Some(latest) if latest != mb => format!(" $LATEST is {latest} MB; traffic runs at {mb} MB{place}."),
            _ if self.serving.now.len() > 1 => format!(" Traffic runs at {mb} MB{place} and at other sizes."),
            _ => String::new(),
        }
    }

    /// What became of something that failed at a size that was replaced: "until 2026-10-30; at 512 MB none of 300
    /// invocations has since".
    fn since(&self, size: &SizeEvidence) -> String {
        let until = match size.last_seen {
            Some(at) => format!("until {}", at.strftime("%Y-%m-%d")),
            None => "before that was changed".to_owned(),
        };
        match (self.reports, self.memory_size_mb) {
            (Some(now), _) => format!(
                "{until}; at {} MB none of {} has since",
                now.memory_size_mb,
                self.seen(now)
            ),
            (None, Some(mb)) => format!("{until}; nothing was seen at {mb} MB since"),
            (None, None) => until,
        }
    }

    /// The reports at the present size, if there are enough to say what is usual.
    fn usual(&self) -> Option<&'a SizeEvidence> {
        self.reports
            .filter(|size| size.invocations >= ENOUGH && !self.function.reports_hidden)
    }

    /// How far something seen in `invocations` is to be trusted.
    fn confidence(&self, invocations: u64) -> Confidence {
        let whole_week = self.seen_days().is_some_and(|days| days >= WHOLE_WEEK_DAYS);
        match invocations {
            VERY_MANY.. if whole_week => Confidence::High,
            MANY.. => Confidence::Medium,
            _ => Confidence::Low,
        }
    }

    /// The days of which something was seen at the present size; `None` where logs have no time.
    fn seen_days(&self) -> Option<f64> {
        let window = self.window?;
        let present = self.reports.and_then(|size| {
            let (from, until) = (size.first_seen?, size.last_seen?);
            Some(Window { from, until }.days())
        });
        Some(present.map_or_else(|| window.days(), |days| days.min(window.days())))
    }

    /// Invocations as far as anything counted them.
    fn invocations(&self) -> Option<u64> {
        let counted = self.evidence.metrics.map(|metrics| metrics.invocations);
        let read = self.evidence.logs.as_ref().map(|_| self.evidence.reports());
        counted.max(read)
    }
}

impl Judged {
    fn new(kind: FindingKind, confidence: Confidence, text: String) -> Self {
        Self {
            finding: Finding {
                kind,
                confidence,
                text,
                saving: None,
                probability: None,
            },
            actions: Vec::new(),
        }
    }

    fn saving(mut self, saving: Option<Saving>) -> Self {
        self.finding.saving = saving;
        self
    }

    fn advise(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }
}

/// Everything that is found about a function, what matters most first, and what to do about it in that order.
pub(super) fn judge(case: &Case<'_>) -> (Vec<Finding>, Vec<Advice>) {
    let mut judged = gaps::judge(case);
    if case.function.unsupported.is_none() {
        judged.extend(memory::underprovisioned(case));
        judged.extend(risks::timeout(case));
        judged.extend(memory::overprovisioned(case));
        judged.extend(processor::judge(case));
        judged.extend(init::judge(case));
        judged.extend(provisioned::judge(case));
        judged.extend(versions::judge(case));
        judged.extend(risks::timeout_too_long(case));
        judged.extend(arm64::judge(case));
    }
    judged.extend(risks::errors(case));
    judged.extend(risks::throttles(case));
    judged.sort_by_key(|judged| judged.finding.kind);
    let advice = advice(&judged);
    (judged.into_iter().map(|judged| judged.finding).collect(), advice)
}

/// What to do, in the order of the findings. A function is tuned once: what several findings want measured is one list.
fn advice(judged: &[Judged]) -> Vec<Advice> {
    let mut advice: Vec<Advice> = Vec::new();
    for (about, action) in judged
        .iter()
        .flat_map(|j| j.actions.iter().map(|action| (j.finding.kind, action)))
    {
        let same = advice.iter_mut().find_map(|advice| match (&mut advice.action, action) {
            (Action::Tune { memory_sizes_mb: all }, Action::Tune { memory_sizes_mb: more }) => Some((all, more)),
            _ => None,
        });
        match same {
            Some((all, more)) => {
                all.extend(more);
                all.sort_unstable();
                all.dedup();
            }
            None => advice.push(Advice {
                about,
                action: action.clone(),
            }),
        }
    }
    advice
}
