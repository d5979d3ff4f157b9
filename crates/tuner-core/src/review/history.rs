//! What is different from the last review, and what came of its advice.

use super::MemoryReview;

/// Compares `review` with `previous`: changes per function, advice followed, regressions.
pub(super) fn compare(_review: &mut MemoryReview, _previous: &MemoryReview) {}
