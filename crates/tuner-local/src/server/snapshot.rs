//! What an execution environment is made from.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::code::Code;
use super::settings::Settings;

/// Code and settings at one moment. Execution environments are made from a snapshot and belong to it.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Tells snapshots apart; no two have the same.
    pub(super) generation: u64,
    pub(super) function: String,
    /// None is `$LATEST`.
    pub(super) version: Option<u64>,
    pub(super) settings: Settings,
    pub(super) code: Arc<Code>,
    retired: AtomicBool,
}

impl Snapshot {
    pub(super) fn new(function: &str, version: Option<u64>, settings: Settings, code: Arc<Code>) -> Arc<Self> {
        static GENERATIONS: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self {
            generation: GENERATIONS.fetch_add(1, Ordering::Relaxed),
            function: function.to_owned(),
            version,
            settings,
            code,
            retired: AtomicBool::new(false),
        })
    }

    pub(super) fn version_text(&self) -> String {
        self.version
            .map_or_else(|| "$LATEST".to_owned(), |number| number.to_string())
    }

    /// `/aws/lambda/NAME` unless the function names another.
    pub(super) fn log_group(&self) -> String {
        let named = self.settings.logging.log_group.clone();
        named.unwrap_or_else(|| format!("/aws/lambda/{}", self.function))
    }

    /// Its environments must not be used again.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }
}
