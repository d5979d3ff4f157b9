use tuner_engine::review::{ReviewEvent, ReviewObserver};

use crate::progress::Progress;
use crate::terminal::{RESET, YELLOW};
use crate::units::{self, count, plural};

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
            } => {
                let scanned = match bytes_scanned {
                    0 => String::new(),
                    bytes => format!(", {} of logs scanned", units::bytes(bytes)),
                };
                self.stage(&format!(
                    "{region}: looked at {} of {}{scanned}",
                    count(functions as u64),
                    plural(of as u64, "function")
                ));
            }
            ReviewEvent::Waiting { what } => self.say(&format!("waiting: {what}")),
            ReviewEvent::Warning { text } => self.say(&format!("{YELLOW}warning{RESET}: {text}")),
        }
    }
}
