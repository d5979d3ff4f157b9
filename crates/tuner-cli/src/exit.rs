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

impl Exit {
    /// The worse of two, of several functions: what must be looked after by hand first, then what says least of the others.
    pub(crate) const fn or_worse(self, other: Self) -> Self {
        const fn rank(exit: Exit) -> u8 {
            match exit {
                Exit::Done => 0,
                Exit::NotEnoughEvidence => 1,
                Exit::Usage => 2,
                Exit::GateNotMet => 3,
                Exit::FunctionFailed => 4,
                Exit::Unexpected => 5,
                Exit::Interrupted => 6,
                Exit::Refused => 7,
            }
        }
        if rank(other) > rank(self) { other } else { self }
    }
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
  130  interrupted; the function was put back first
Of several functions in one command the worst counts: 5, 130, 1, 6, 3, 2, 4, 0, in this order.";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the order that `--help` names.
    #[test]
    fn the_worst_of_several_is_the_one_that_help_puts_first() {
        let (_, order) = HELP.split_once("the worst counts: ").unwrap();
        let (order, _) = order.split_once(", in this order").unwrap();
        let order: Vec<u8> = order.split(", ").map(|code| code.parse().unwrap()).collect();
        let all = [
            Exit::Done,
            Exit::Unexpected,
            Exit::Usage,
            Exit::GateNotMet,
            Exit::NotEnoughEvidence,
            Exit::Refused,
            Exit::FunctionFailed,
            Exit::Interrupted,
        ];
        assert_eq!(order.len(), all.len());
        let place = |exit: Exit| order.iter().position(|code| *code == exit as u8).unwrap();
        for one in all {
            for other in all {
                let worse = if place(one) < place(other) { one } else { other };
                assert_eq!(one.or_worse(other), worse, "{one:?}, {other:?}");
            }
        }
    }
}
