//! From bounds to measured numbers: what tuning a function in a review changes about it.

use std::collections::BTreeMap;

use super::judge::memory::floor_mb;
use super::{Action, Advice, Beside, FindingKind, FunctionReview, MemoryReview, Saving, SavingBasis, Tuned, rank};
use crate::pricing::Confidence;
use crate::tuning::{MeasuringEnvironment, SizeStatus, TuningStatus};
use crate::{FunctionName, Tuning, Verdict};

/// Findings that a tuning answers.
const MEASURED: [FindingKind; 2] = [FindingKind::MemoryOverprovisioned, FindingKind::CpuBound];

impl Tuned {
    /// What came of `tuning`, whose report is at `report`.
    pub fn of(tuning: &Tuning, report: Option<String>) -> Self {
        let failed = (tuning.status == TuningStatus::Failed).then(|| {
            let failures = tuning
                .sizes
                .iter()
                .filter_map(|size| match (&size.first_failure, &size.status) {
                    (Some(failure), _) => Some(failure.clone()),
                    (None, SizeStatus::Skipped { reason }) => Some(reason.clone()),
                    (None, _) => None,
                });
            let first = failures.map(|failure| format!(": {failure}")).next();
            format!("no memory size could be measured{}", first.unwrap_or_default())
        });
        Self {
            tuning_id: Some(tuning.tuning_id),
            status: Some(tuning.status),
            verdict: Some(tuning.decision.verdict),
            memory_size_mb: tuning.decision.memory_size_mb,
            cost_change: tuning.decision.cost_change,
            duration_change: tuning.decision.duration_change,
            cost: match tuning.environment {
                // What it would have cost.
                MeasuringEnvironment::Local { .. } => None,
                MeasuringEnvironment::Aws => tuning.cost().or(tuning.exploration.total()),
            },
            report,
            code_sha256: tuning.function.code_sha256.clone(),
            finished_at: Some(tuning.finished_at),
            from_mb: tuning.function.memory_size_mb,
            mean_ms: (tuning.sizes.iter())
                .filter_map(|size| Some((size.memory_size_mb, tuning.mean_duration_ms(size.memory_size_mb)?.value)))
                .collect(),
            problem: failed,
        }
    }

    /// A tuning that did not begin, or failed as a whole.
    pub fn failed(problem: impl Into<String>) -> Self {
        Self {
            tuning_id: None,
            status: None,
            verdict: None,
            memory_size_mb: None,
            cost_change: None,
            duration_change: None,
            cost: None,
            report: None,
            code_sha256: None,
            finished_at: None,
            from_mb: None,
            mean_ms: BTreeMap::new(),
            problem: Some(problem.into()),
        }
    }
}

impl MemoryReview {
    /// The same with what came of tuning some of its functions: ranges of savings become measured numbers, and the advice
    /// to measure becomes the advice to change the size, or none. Ranked and summed up again.
    #[must_use]
    pub fn with_tuned(mut self, mut tuned: BTreeMap<FunctionName, Tuned>) -> Self {
        for function in &mut self.functions {
            if let Some(tuned) = tuned.remove(&function.function.name) {
                function.apply(tuned);
                function.beside = Beside::of(function);
            }
        }
        let unmatched: Vec<String> = tuned.keys().map(ToString::to_string).collect();
        if !unmatched.is_empty() {
            self.warnings.push(format!(
                "tuned, but not among the functions of this review: {}",
                unmatched.join(", ")
            ));
        }
        rank::rank(&mut self);
        self
    }
}

impl FunctionReview {
    /// The sizes that are advised to be measured, in MB.
    pub fn tuning_sizes(&self) -> Option<&[u32]> {
        self.advice.iter().find_map(|advice| match &advice.action {
            Action::Tune { memory_sizes_mb } => Some(memory_sizes_mb.as_slice()),
            _ => None,
        })
    }

    /// Why the measured size can't be advised: the events of a tuning may need less memory than those in the logs do.
    fn too_small(&self, tuned: &Tuned) -> Option<String> {
        let (mb, present) = (tuned.memory_size_mb?, self.memory_size_mb()?);
        let reports = self.evidence.at(present)?;
        let (used, floor) = (reports.max_memory_used_mb?, floor_mb(reports)?);
        (mb < present && mb < floor).then(|| {
            format!(
                "{mb} MB did best, and would leave too little above the {used} MB that invocations in the logs used; \
                 tune it with a payload that needs as much, at {floor} MB and more"
            )
        })
    }

    fn apply(&mut self, mut tuned: Tuned) {
        let (then, now) = (tuned.code_sha256.as_ref(), self.function.code_sha256.as_ref());
        if then.zip(now).is_some_and(|(then, now)| then != now) {
            self.tuned_before = Some(tuned);
            return;
        }
        if let (Some(from), Some(now)) = (tuned.from_mb, self.memory_size_mb())
            && from != now
        {
            // What it found is relative to another size.
            tuned
                .problem
                .get_or_insert_with(|| format!("it was compared with {from} MB, and traffic runs at {now} MB"));
            self.tuned = Some(tuned);
            return;
        }
        if let Some(problem) = self.too_small(&tuned) {
            tuned.problem.get_or_insert(problem);
            self.tuned = Some(tuned);
            return;
        }
        let answer = match (tuned.verdict, tuned.memory_size_mb) {
            (Some(Verdict::Move | Verdict::Choose), Some(mb)) => Some(Some(mb)),
            (Some(Verdict::Keep | Verdict::NoClearWinner), _) => Some(None),
            // Nothing was learnt: bounds and advice stay.
            _ => None,
        };
        if let Some(answer) = answer {
            let present = self.memory_size_mb();
            let saving = self.measured_saving(&tuned, answer);
            // One number for the function, though two findings may have asked for it.
            let mut saving = Some(saving);
            for finding in self
                .findings
                .iter_mut()
                .filter(|finding| MEASURED.contains(&finding.kind))
            {
                finding.saving = saving.take().flatten();
                finding.confidence = Confidence::High;
                finding.text = format!("{} {}", finding.text, measured(present, answer));
            }
            self.follow(answer.filter(|&mb| Some(mb) != present));
        }
        self.tuned = Some(tuned);
    }

    /// What moving to the measured size saves of what a month of invocations costs.
    fn measured_saving(&self, tuned: &Tuned, answer: Option<u32>) -> Option<Saving> {
        let bill = self.monthly?.bill;
        let change = match answer {
            Some(_) => tuned.cost_change?.value,
            None => 0.0,
        };
        let invocations = bill
            .duration
            .checked_add(bill.requests)
            .ok()?
            .checked_add(bill.ephemeral_storage)
            .ok()?;
        let saved = invocations * -change;
        Some(Saving {
            at_best: saved,
            at_worst: saved,
            basis: SavingBasis::Measured,
        })
    }

    /// The advice to measure becomes that to use `size`, if there is another one.
    fn follow(&mut self, size: Option<u32>) {
        let about = self
            .advice
            .iter()
            .find(|advice| matches!(advice.action, Action::Tune { .. }))
            .map(|a| a.about);
        let about = about.or_else(|| MEASURED.into_iter().find(|&kind| self.finding(kind).is_some()));
        let place = self
            .advice
            .iter()
            .position(|advice| matches!(advice.action, Action::Tune { .. }))
            .unwrap_or(0);
        self.advice
            .retain(|advice| !matches!(advice.action, Action::Tune { .. }));
        if let Some(memory_size_mb) = size {
            let advice = Advice {
                about: about.unwrap_or(FindingKind::MemoryOverprovisioned),
                action: Action::SetMemorySize { memory_size_mb },
            };
            self.advice.insert(place.min(self.advice.len()), advice);
        }
    }
}

fn measured(present: Option<u32>, answer: Option<u32>) -> String {
    match (answer, present) {
        (Some(mb), Some(present)) if mb != present => format!("Measured: {mb} MB is better."),
        (Some(mb), None) => format!("Measured: {mb} MB is best."),
        _ => "Measured: no other size is better.".to_owned(),
    }
}
