//! The door of the state machine: what goes in, what comes out, and that the schemas say the same.

mod input;
mod output;
mod payloads;
mod review_schema;
mod round_trip;
mod schema;
