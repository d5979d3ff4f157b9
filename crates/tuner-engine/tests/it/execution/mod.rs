//! The door of the state machine: what goes in, what comes out, and that the schemas say the same.

mod input;
mod payloads;
mod round_trip;
mod schema;
