//! What the evidence means.

use super::money::Priced;
use super::usage::Usage;
use super::{Advice, Evidence, Finding, ListedFunction, SizeEvidence, Window};

/// One function, with what was made of its evidence.
pub(super) struct Case<'a> {
    pub(super) function: &'a ListedFunction,
    pub(super) evidence: &'a Evidence,
    pub(super) usage: Option<&'a Usage>,
    pub(super) priced: &'a Priced,
    pub(super) window: Option<Window>,
    /// Reports at the present size, unless those of successful invocations are hidden.
    pub(super) present: Option<&'a SizeEvidence>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        function: &'a ListedFunction,
        evidence: &'a Evidence,
        usage: Option<&'a Usage>,
        priced: &'a Priced,
        window: Option<Window>,
    ) -> Self {
        let present_mb = function
            .memory_size_mb
            .or_else(|| Some(evidence.latest()?.memory_size_mb));
        Self {
            function,
            evidence,
            usage,
            priced,
            window,
            present: present_mb.and_then(|mb| evidence.at(mb)),
        }
    }
}

/// Everything that is found about a function, what matters most first, and what to do about it.
pub(super) fn judge(_case: &Case<'_>) -> (Vec<Finding>, Vec<Advice>) {
    (Vec::new(), Vec::new())
}
