use serde::Serialize;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{Tuning, Verdict};

use crate::Options;
use crate::escape::line;
use crate::review::actions::shell;

/// The name of a tuning's document, beside which its reports are written.
const DOCUMENT: &str = "tuning.json";

/// What to do with the answer, and the command that does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NextStep {
    /// A clause that ends in a colon.
    pub(crate) words: String,
    /// Complete, and the same to a shell wherever it is pasted.
    pub(crate) command: String,
}

/// How the size comes to the code that sets it: what is changed on the function alone, the next deployment undoes. None where nothing
/// is to be changed, and of a program on somebody's machine, which no such code sets.
pub(crate) fn next_step(tuning: &Tuning, options: &Options) -> Option<NextStep> {
    let size = tuning.decision.memory_size_mb?;
    let is_change = matches!(tuning.decision.verdict, Verdict::Move | Verdict::Choose);
    let in_aws = matches!(tuning.environment, MeasuringEnvironment::Aws);
    (is_change && in_aws).then(|| NextStep {
        words: format!(
            "In the folder of your infrastructure code, this shows the line that sets {size} MB (--write writes it):"
        ),
        command: format!(
            "tuner patch {} --path .",
            shell(&line(options.document.as_deref().unwrap_or(DOCUMENT)))
        ),
    })
}
