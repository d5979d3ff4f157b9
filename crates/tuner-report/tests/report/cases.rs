//! Tunings at the edges of what there can be.

use std::sync::LazyLock;

use tuner_core::decision::{Exclusion, ExclusionReason};
use tuner_core::machinery::{Place, Work};
use tuner_core::planning::Preset;
use tuner_core::pricing::PriceTable;
use tuner_core::tuning::{SizeStatus, Tuning};
use tuner_core::{
    Architecture, Constraint, Decision, MemorySize, Objective, Outcome, Remedy, StartKind, Statistic, Verdict,
};
use tuner_report::{Format, Options, render};

use crate::common::{self, Study, one_thread, p95_at_most};

/// Every case with its name.
pub(crate) fn all() -> &'static [(&'static str, Tuning)] {
    static ALL: LazyLock<Vec<(&'static str, Tuning)>> = LazyLock::new(made);
    &ALL
}

fn made() -> Vec<(&'static str, Tuning)> {
    let twenty: Vec<u32> = (1..=20).map(|i| 512 * i).collect();
    let study = Study::default;
    vec![
        ("move", moved().run()),
        (
            "keep",
            Study {
                present_mb: 1024,
                ..study()
            }
            .run(),
        ),
        (
            "all-failed",
            Study {
                needs_mb: 20_000,
                ..study()
            }
            .run(),
        ),
        (
            "single",
            Study {
                sizes: vec![512],
                present_mb: 512,
                ..study()
            }
            .run(),
        ),
        (
            "one-measured",
            Study {
                needs_mb: 2000,
                ..study()
            }
            .run(),
        ),
        (
            "ten-sizes",
            Study {
                sizes: (1..=10).map(|i| 128 * i).collect(),
                ..study()
            }
            .run(),
        ),
        (
            "twenty-sizes",
            Study {
                sizes: twenty.clone(),
                present_mb: 5120,
                ..study()
            }
            .run(),
        ),
        ("twenty-failed", twenty_failed(&twenty)),
        (
            "china",
            Study {
                region: Some("cn-north-1"),
                currency: Some("CNY"),
                ..moved()
            }
            .run(),
        ),
        (
            "price-unknown",
            Study {
                currency: None,
                ..moved()
            }
            .run(),
        ),
        (
            "beyond-host",
            Study {
                sizes: vec![1024, 1769, 3008, 5120, 10_240],
                ..Study::local("parallel", 3)
            }
            .run(),
        ),
        (
            "long-name",
            Study {
                function: format!("{}:{}", "n".repeat(64), "q".repeat(128)),
                ..study()
            }
            .run(),
        ),
        ("hostile", hostile()),
        (
            "limit-met",
            Study {
                constraints: p95_at_most(300.0),
                ..study()
            }
            .run(),
        ),
        (
            "limit-not-met",
            Study {
                constraints: p95_at_most(40.0),
                ..study()
            }
            .run(),
        ),
        (
            "limit-far-away",
            Study {
                constraints: p95_at_most(60_000.0),
                ..study()
            }
            .run(),
        ),
        (
            "present-not-measured",
            Study {
                present_mb: 10_240,
                ..study()
            }
            .run(),
        ),
        (
            "present-failed",
            Study {
                needs_mb: 200,
                ..study()
            }
            .run(),
        ),
        ("no-clear-winner", no_clear_winner()),
        (
            "speed",
            Study {
                objective: Objective::Speed,
                ..study()
            }
            .run(),
        ),
        (
            "balanced",
            Study {
                objective: Objective::Balanced { cost_weight: 0.3 },
                ..study()
            }
            .run(),
        ),
        (
            "timeouts",
            Study {
                duration_ms: |mb| one_thread(mb, 9_000.0),
                ..study()
            }
            .run(),
        ),
        (
            "neighbours",
            Study {
                sizes: vec![1024, 1025, 1026, 1027],
                present_mb: 1024,
                ..study()
            }
            .run(),
        ),
        (
            "skipped",
            Study {
                skipped: [(3008, "above the account's quota of 2048 MB; ask AWS to raise it")].into(),
                ..study()
            }
            .run(),
        ),
        (
            "instant",
            Study {
                duration_ms: |_| 0.0,
                ..study()
            }
            .run(),
        ),
        (
            "one-invocation",
            Study {
                invocations: 1,
                ..study()
            }
            .run(),
        ),
        ("state-machine", in_a_state_machine().run()),
        ("adaptive", common::adaptive().run()),
        ("constraints-not-met", common::limit_not_met().run()),
        ("bimodal", common::bimodal().run()),
        ("every-constraint", every_constraint().run()),
        (
            "frugal",
            Study {
                preset: Preset::Frugal,
                ..study()
            }
            .run(),
        ),
        (
            "heavy-tail",
            Study {
                slow_one_in: Some((30, 9.0)),
                ..study()
            }
            .run(),
        ),
        ("follows-no-model", follows_no_model().run()),
        ("cold-only", cold_only()),
        ("not-enough-evidence", not_enough_evidence()),
        ("nothing", nothing()),
        (
            "much-slower",
            Study {
                present_mb: 3008,
                duration_ms: |mb| one_thread(mb, 60.0),
                noise: 0.001,
                ..study()
            }
            .run(),
        ),
    ]
}

/// One size is clearly better than the present one.
pub(crate) fn moved() -> Study {
    Study {
        duration_ms: |mb| 3.0 + 4.0e6 / f64::from(mb).powi(2) + one_thread(mb, 20.0),
        monthly_invocations: Some(3e6),
        ..Study::default()
    }
}

/// The same, run by a state machine in eu-west-1.
pub(crate) fn in_a_state_machine() -> Study {
    let work = Work {
        counted: true,
        state_transitions: 31,
        requests: 24,
        gb_seconds: 12.5,
    };
    let place = Place {
        region: "eu-west-1",
        architecture: Architecture::Arm64,
    };
    Study {
        machinery: Some(work.priced(PriceTable::embedded(), place)),
        ..moved()
    }
}

/// One constraint of each kind, all kept by some sizes; the limits of duration lie close together.
pub(crate) fn every_constraint() -> Study {
    let duration = |statistic, max_ms| Constraint::Duration { statistic, max_ms };
    Study {
        objective: Objective::Speed,
        constraints: vec![
            duration(Statistic::Mean, 190.0),
            duration(Statistic::P50, 195.0),
            duration(Statistic::P95, 200.0),
            duration(Statistic::P99, 2_000_000.0),
            Constraint::CostAboveCheapest { max_pct: 40.0 },
            Constraint::CostPerMillion { max: 2.9 },
        ],
        cold_share: 0.01,
        ..Study::default()
    }
}

/// Faster and slower without any order.
pub(crate) fn follows_no_model() -> Study {
    Study {
        duration_ms: |mb| if mb.is_multiple_of(512) { 900.0 } else { 90.0 },
        ..Study::default()
    }
}

fn twenty_failed(sizes: &[u32]) -> Tuning {
    let mut tuning = Study {
        sizes: sizes.to_vec(),
        needs_mb: 20_000,
        ..Study::default()
    }
    .run();
    // Each in another way than its neighbour.
    for (index, size) in tuning.sizes.iter_mut().enumerate() {
        let outcome = [
            Outcome::OutOfMemory,
            Outcome::Timeout,
            Outcome::InitError,
            Outcome::FunctionError,
        ][index % 4];
        size.status = SizeStatus::Failed { outcome };
    }
    tuning
}

pub(crate) const HOSTILE: &str = "<script>alert(\"&'\")</script> ]]> --> \u{202e}drawkcab \u{2066}x\u{2069} pay\u{200b}ments \u{9b}2J\u{7f} =1+1 |cell| \u{1b}[31m `x` שלום 日本語 🦀";

fn hostile() -> Tuning {
    let mut tuning = Study {
        needs_mb: 300,
        ..moved()
    }
    .run();
    tuning.tool_version = HOSTILE.to_owned();
    tuning.function.runtime = Some(HOSTILE.to_owned());
    tuning.function.region = Some(HOSTILE.to_owned());
    tuning.function.code_sha256 = Some(HOSTILE.to_owned());
    tuning.request.options.name = Some(format!("={HOSTILE}"));
    tuning.request.options.allowed_errors = vec![HOSTILE.to_owned()];
    tuning.request.options.role_arn = Some(HOSTILE.to_owned());
    tuning.warnings = vec![HOSTILE.repeat(9); 6];
    tuning.leftovers = vec![HOSTILE.to_owned(); 2];
    tuning.remedies = vec![Remedy::Allow {
        action: HOSTILE.to_owned(),
    }];
    tuning.applied = Some(HOSTILE.to_owned());
    tuning.price_unknown = Some(HOSTILE.to_owned());
    tuning.decision.excluded = vec![Exclusion {
        memory_size_mb: 512,
        reason: ExclusionReason::InWords {
            text: HOSTILE.to_owned(),
        },
    }];
    tuning.sizes[0].first_failure = Some(format!("=cmd|{HOSTILE}"));
    tuning.sizes[1].status = SizeStatus::Skipped {
        reason: HOSTILE.to_owned(),
    };
    tuning
}

fn no_clear_winner() -> Tuning {
    let mut tuning = Study {
        sizes: vec![512, 1024],
        present_mb: 512,
        noise: 0.3,
        duration_ms: |mb| 60_000.0 / f64::from(mb),
        ..Study::default()
    }
    .run();
    tuning.decision.verdict = Verdict::NoClearWinner;
    tuning.decision.memory_size_mb = Some(512);
    tuning.decision.tied_mb = vec![512, 1024];
    tuning
}

fn cold_only() -> Tuning {
    let mut tuning = Study::default().run();
    for size in &mut tuning.sizes {
        size.warm = None;
    }
    tuning.decision.start = Some(StartKind::Cold);
    tuning
}

fn not_enough_evidence() -> Tuning {
    let mut tuning = nothing();
    for size in &mut tuning.sizes {
        size.status = SizeStatus::Failed {
            outcome: Outcome::Unmeasured,
        };
        size.outcomes.unmeasured = 3;
    }
    tuning.decision = Decision::none(Verdict::NotEnoughEvidence);
    tuning
}

/// No size was asked of, as a foreign document may have it.
fn nothing() -> Tuning {
    let mut tuning = Study {
        needs_mb: 20_000,
        ..Study::default()
    }
    .run();
    tuning.records.clear();
    tuning.sizes.truncate(3);
    for size in &mut tuning.sizes {
        size.status = SizeStatus::Skipped {
            reason: "nothing was invoked at this size".to_owned(),
        };
        size.outcomes = Default::default();
        size.first_failure = None;
        size.max_memory_used_mb = None;
    }
    tuning.request.options.memory_sizes = vec![MemorySize::MIN];
    tuning
}

pub(crate) fn shown(format: Format, tuning: &Tuning) -> String {
    let mut out = Vec::new();
    render(format, tuning, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// `text` without line breaks and markup.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    for part in text.split('<') {
        let words = if text.starts_with('<') {
            part.split_once('>').map_or(part, |(_, words)| words)
        } else {
            part
        };
        out.push(' ');
        out.push_str(words);
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ").replace("\\", "")
}
