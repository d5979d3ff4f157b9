use tuner_engine::review::{ReviewEvent, ReviewObserver};

use crate::progress::Progress;
use crate::terminal::{RESET, YELLOW};
use crate::units::{count, plural};

impl ReviewObserver for Progress {
    fn event(&self, event: ReviewEvent<'_>) {
        match event {
            ReviewEvent::Listed {
                region,
                functions,
                problem: None,
            } => self.say(&format!("{region}: {}", plural(functions as u64, "function"))),
            ReviewEvent::Listed {
                region,
                problem: Some(problem),
                ..
            } => self.say(&format!("{region}: {problem}")),
            ReviewEvent::Looked {
                region,
                functions,
                of,
                bytes_scanned,
            } => self.stage(&format!(
                "{region}: looked at {} of {} functions, {} of logs scanned",
                count(functions as u64),
                count(of as u64),
                gigabytes(bytes_scanned)
            )),
            ReviewEvent::Waiting { what } => self.say(&format!("waiting: {what}")),
            ReviewEvent::Warning { text } => self.say(&format!("{YELLOW}warning{RESET}: {text}")),
        }
    }
}

/// Bytes as CloudWatch charges for them: `0.00 GB`.
pub(super) fn gigabytes(bytes: u64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}
