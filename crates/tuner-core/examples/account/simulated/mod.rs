//! An account of functions whose truth is known: what each needs, and what a review that knew everything would find.
//!
//! Reused by other crates with `#[path]`: [`Account::new`], [`SimulatedFunction::invocations`] for their reports one by one
//! (to write them as log files, say), [`Account::truth`] for the labels, [`evidence::of`] for what a perfect reader of logs
//! and metrics would have gathered.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::large_types_passed_by_value,
    reason = "a program of its own, and each of those who reuse it uses some of it"
)]

pub mod evidence;
pub mod function;
#[path = "../../replay/random.rs"]
pub mod random;

use std::collections::BTreeMap;

pub use function::{Blind, Reported, SimulatedFunction};
use random::Random;
use tuner_core::review::{FindingKind, Gathered, RegionReview, Window};
use uuid::Uuid;

/// Thirty days.
pub fn window() -> Window {
    Window {
        from: "2026-10-01T00:00:00Z".parse().unwrap(),
        until: "2026-10-31T00:00:00Z".parse().unwrap(),
    }
}

/// All functions of an account.
pub struct Account {
    pub functions: Vec<SimulatedFunction>,
}

impl Account {
    /// `functions` of them, each invoked up to `most_calls` times; the same ones for the same seed.
    pub fn new(functions: u32, most_calls: u64, seed: u64) -> Self {
        let mut random = Random(seed);
        let functions = (0..functions)
            .map(|index| {
                // One in twenty is never called, as in real accounts.
                let called = random.uniform() >= 0.05;
                let calls = function::log_uniform(&mut random, 8.0, most_calls.max(8) as f64) as u64;
                SimulatedFunction::draw(index, if called { calls } else { 0 }, window(), &mut random)
            })
            .collect();
        Self { functions }
    }

    /// The labels, by function name: what is true of it, and what a review should find.
    pub fn truth(&self) -> BTreeMap<&str, Vec<FindingKind>> {
        self.functions.iter().map(|f| (f.name.as_str(), f.truth())).collect()
    }

    /// The same account a month before.
    pub fn month_before(&self) -> Self {
        Self {
            functions: self.functions.iter().map(SimulatedFunction::month_before).collect(),
        }
    }

    /// What a perfect reader of logs and metrics would gather.
    pub fn gathered(&self) -> Gathered {
        let window = self.functions.first().map_or_else(window, |function| function.window);
        let functions: Vec<_> = self.functions.iter().map(|f| (f.listed(), evidence::of(f))).collect();
        let regions = ["us-east-1", "eu-west-1"].map(|region| RegionReview {
            region: region.into(),
            functions: self.functions.iter().filter(|f| f.region == region).count() as u64,
            problem: None,
        });
        Gathered {
            review_id: Uuid::from_u128(u128::from(window.until.as_second().unsigned_abs())),
            tool_version: "0.1.0".into(),
            started_at: window.until,
            finished_at: window.until,
            account: Some("123456789012".into()),
            window: Some(window),
            regions: regions.into(),
            functions,
            scan: None,
            warnings: Vec::new(),
        }
    }
}
