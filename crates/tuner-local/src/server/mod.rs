//! The Lambda HTTP API over functions, versions and aliases.
