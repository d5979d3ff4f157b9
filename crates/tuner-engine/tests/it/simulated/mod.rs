//! Lambda in memory: one function, its versions and aliases, with the rules of the real control plane, and faults at
//! chosen calls.

mod behaviour;
mod fault;
mod function;
mod lambda;
mod world;

pub use behaviour::{Answer, Call, Law, usual};
pub use fault::{Fault, Foreign, When};
pub use function::{Facts, Function};
pub use lambda::Lambda;
pub use world::{MemoryStore, VirtualClock, World, adaptive, initialize, request, setting};
