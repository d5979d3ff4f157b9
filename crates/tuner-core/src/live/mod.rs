//! Two versions of a function on the same real traffic: the one an alias has, and a candidate at another memory size.
//!
//! * [`Look`]: what both arms did in one closed window of time, in [`Observation`]s and [`Failure`]s.
//! * [`Evidence`]: looks folded one after the other into what they show of cost and duration, valid at every look.
//! * [`Guards`]: what must not get worse while it goes on, and what takes the candidate back.
//! * [`judge`] and [`Verdict`]: whether it can be told by now, and how it ended.
//! * [`Outlook`]: how long that takes at this traffic, or why it cannot end.
//!
//! Four things mislead on real traffic, and each has its own answer here. Traffic changes over the day and the candidate's
//! share with it: arms are compared within a look only (`ratio`). A new version has young environments, which are slow:
//! within a look, at equal age only (`age`). One environment differs from the next: they are the unit of what is random, not
//! the invocations (`spread`). And one looks often: intervals hold at all looks at once (`sequence`).

mod age;
mod evidence;
mod guard;
mod look;
mod outlook;
mod present;
mod quantiles;
mod ratio;
pub mod sequence;
mod spread;
mod starts;
mod verdict;

pub use evidence::{Compared, Evidence, Noise, P95};
pub use guard::{Broken, Guards, Limits, P95Guard, RateGuard, Rates};
pub use look::{Arm, Failure, FailureKind, Look, Observation, ObservationError};
pub use outlook::{Alternative, Effect, LittleTraffic, Outlook, Traffic, hours_more, outlook};
pub use present::Present;
pub use ratio::Measure;
pub use starts::{FEWEST_STARTS, Starts};
pub use verdict::{Ended, FIRST_OF_COST, FIRST_OF_DURATION, MARGIN, Standing, Terms, Verdict, Waiting, judge};
