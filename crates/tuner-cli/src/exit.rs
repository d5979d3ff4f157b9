//! What the exit code tells a script. Documented in `tuner --help` and in the README; they never change their meaning.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Something unexpected went wrong.
    Unexpected = 1,
    /// The command line, a payload or a file given makes no sense.
    Usage = 2,
    /// A constraint or gate is not met.
    GateNotMet = 3,
    /// There is not enough evidence to say anything.
    NotEnoughEvidence = 4,
    /// AWS refused or could not be reached, an execution failed, or something could not be applied or put back.
    Refused = 5,
    /// The function under test failed at every size.
    FunctionFailed = 6,
    /// Interrupted; the function was put back first. An execution that is only followed goes on.
    Interrupted = 130,
}

/// For the end of `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    something unexpected went wrong
  2    the command line, a payload or a file makes no sense; nothing was changed
  3    none of the memory sizes tried keeps the limits, a check shows one to be broken, or what --fail-on names was found
  4    not enough evidence: no invocation could be measured, it cannot be told yet whether the best size, or the
       one that is checked, keeps the limits, no report was found in logs, no function of a review could be judged in full, or the place of a value in
       code is not sure
  5    AWS refused or could not be reached, the execution failed, or something could not be applied or put back
  6    the function under test failed at every memory size
  130  interrupted; the function was put back first";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
