//! What an invocation costs.
