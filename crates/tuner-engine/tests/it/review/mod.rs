//! Memory reviews of a simulated account.

mod account;
mod concluding;
mod faults;
mod health;
mod listing;
mod looking;
mod ranking;
mod registry;
mod scale;
