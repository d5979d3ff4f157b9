//! Names that only JSON logs say, and not beside the reports: in the initStart of an environment.

use std::sync::Arc;

use super::function::Function;
use super::link::Reported;

/// Reports that wait to learn whether there is another name; after so many the one name is believed.
const MOST_HELD: usize = 1 << 16;

/// Gives reports in their order. Those without a name get the one that initStart said, if in their whole source it said no
/// other: of several nothing tells which, for environments log side by side.
#[derive(Default)]
pub(crate) struct Naming {
    said: Said,
    held: Vec<Reported>,
}

#[derive(Default)]
enum Said {
    #[default]
    Nothing,
    One(Arc<Function>),
    Several,
}

impl Naming {
    /// An environment of `function` started.
    pub(crate) fn started(&mut self, function: &Arc<Function>, give: impl FnMut(&Reported, &str)) {
        match &self.said {
            Said::Nothing => self.said = Said::One(function.clone()),
            Said::One(one) if one == function => {}
            Said::Several => {}
            Said::One(_) => {
                self.said = Said::Several;
                self.release(give);
            }
        }
    }

    /// Gives a report, or keeps it.
    #[inline]
    pub(crate) fn give(&mut self, report: &Reported, ids: &str, mut give: impl FnMut(&Reported, &str)) {
        let is_open = report.function.is_none() && matches!(self.said, Said::One(_));
        if !is_open && self.held.is_empty() {
            give(report, ids);
            return;
        }
        self.held.push(report.to_owned(ids));
        if self.held.len() >= MOST_HELD {
            self.release(give);
        }
    }

    /// Gives what is left.
    pub(crate) fn finish(mut self, give: impl FnMut(&Reported, &str)) {
        self.release(give);
    }

    fn release(&mut self, mut give: impl FnMut(&Reported, &str)) {
        for mut report in std::mem::take(&mut self.held) {
            if let (None, Said::One(function)) = (&report.function, &self.said) {
                report.function = Some(function.clone());
            }
            give(&report, "");
        }
    }
}
