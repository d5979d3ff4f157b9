//! What is shown while a tuning runs: bars on a terminal, plain lines elsewhere, nothing with `--quiet`.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::{Arc, Mutex};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tuner_core::{InvocationRecord, MemorySize, Outcome};
use tuner_engine::{Event, Observer};
use tuner_report::escape;

use crate::guarded;
use crate::terminal;
use crate::units::{duration, plural};

/// Shows events on standard error.
pub(crate) enum Progress {
    /// Nothing.
    Quiet,
    /// A line when something is done.
    Lines(Lines),
    /// A bar for each size.
    Bars(Box<Bars>),
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if terminal::shows_progress() {
            Self::Bars(Box::default())
        } else {
            Self::Lines(Lines::default())
        }
    }

    /// Of one function of several: lines that begin with its name.
    pub(crate) fn of_one(name: &str, quiet: bool) -> Self {
        match quiet {
            true => Self::Quiet,
            false => Self::Lines(Lines {
                lead: format!("{name}: "),
                ..Lines::default()
            }),
        }
    }

    /// Takes the bars off the screen, so that other text can follow.
    pub(crate) fn finish(&self) {
        if let Self::Bars(bars) = self {
            let _ = bars.all.clear();
            // A spinner that still ticks would draw itself again.
            bars.all.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// Shows the bars again, after [`finish`](Self::finish).
    pub(crate) fn resume(&self) {
        if let Self::Bars(bars) = self {
            bars.all.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the sizes of a tuning that is over off the screen: the next one has sizes of its own.
    pub(crate) fn forget_sizes(&self) {
        if let Self::Bars(bars) = self
            && let Ok(mut by_size) = bars.by_size.lock()
        {
            for bar in std::mem::take(&mut *by_size).into_values() {
                bar.finish_and_clear();
                bars.all.remove(&bar);
            }
        }
    }

    /// Begins to show a tuning of which no more is known than its name.
    pub(crate) fn begin(&self, name: &str) {
        if let Self::Bars(bars) = self {
            bars.begin(name);
        }
    }

    /// What is being done elsewhere.
    pub(crate) fn stage(&self, words: &str) {
        match self {
            Self::Quiet => {}
            Self::Lines(lines) => lines.print(words),
            Self::Bars(bars) => bars.headline(words),
        }
    }

    /// So many invocations have been made elsewhere at this size, the last of which was `last`.
    pub(crate) fn made(&self, size: MemorySize, invocations: u32, last: Option<&InvocationRecord>) {
        match self {
            Self::Quiet => {}
            Self::Lines(lines) => lines.made(size, invocations),
            Self::Bars(bars) => bars.made(size, invocations, last),
        }
    }

    /// Says something above the bars.
    pub(crate) fn say(&self, line: &str) {
        match self {
            Self::Quiet => {}
            Self::Lines(lines) => lines.print(line),
            Self::Bars(bars) => bars.all.suspend(|| print_line(line)),
        }
    }
}

fn print_line(line: &str) {
    let _ = writeln!(guarded::stderr(), "{line}");
}

/// What is shown of a program on this machine, which has no size of its own that could be put back.
pub(crate) struct OfLocalProgram(pub(crate) Arc<Progress>);

impl Observer for OfLocalProgram {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Restored { .. } => self.0.stage("measuring"),
            other => self.0.event(other),
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Warning { text } => self.say(&format!("{}warning{}: {text}", terminal::YELLOW, terminal::RESET)),
            Event::Waiting { what } => self.say(&format!("waiting: {what}")),
            Event::Skipped { size, reason } => self.say(&format!("{size}: skipped, {reason}")),
            Event::GivenUp { size, reason } => {
                self.say(&format!("{size}: {reason}; no more invocations at this size"));
                if let Self::Bars(bars) = self {
                    bars.end(size, reason);
                }
            }
            other => match self {
                Self::Quiet => {}
                Self::Lines(lines) => lines.event(other),
                Self::Bars(bars) => bars.event(other),
            },
        }
    }
}

/// What plain lines keep of a size until its batch is over.
#[derive(Default)]
pub(crate) struct Tally {
    left: u32,
    made: u32,
    sum_ms: f64,
    measured: u32,
}

/// Plain lines.
#[derive(Default)]
pub(crate) struct Lines {
    /// What each begins with.
    lead: String,
    tallies: Mutex<HashMap<u32, Tally>>,
}

impl Lines {
    fn print(&self, line: &str) {
        print_line(&format!("{}{line}", self.lead));
    }

    fn made(&self, size: MemorySize, invocations: u32) {
        let Ok(mut tallies) = self.tallies.lock() else { return };
        let tally = tallies.entry(size.mb()).or_insert_with(|| {
            // A size that was chosen on the way: how often it will be invoked is not known.
            self.print(&format!("{size}: being measured"));
            Tally::default()
        });
        // Nothing is left of a size that was told already.
        if tally.left > 0 && invocations >= tally.left {
            tally.left = 0;
            self.print(&format!("{size}: {}", plural(u64::from(invocations), "invocation")));
        }
    }

    fn event(&self, event: Event<'_>) {
        let Ok(mut tallies) = self.tallies.lock() else { return };
        match event {
            Event::Initialized { function, sizes } => {
                self.print(&match sizes.len() {
                    // Chosen on the way.
                    0 => format!("tuning {function}"),
                    n => format!("tuning {function} at {}", plural(n as u64, "memory size")),
                });
            }
            Event::Published { size, version } => self.print(&format!("{size}: published as version {version}")),
            Event::Restored { memory_size_mb } => self.print(&format!("configuration put back to {memory_size_mb} MB")),
            Event::Planned { size, invocations } => {
                tallies.insert(
                    size.mb(),
                    Tally {
                        left: invocations,
                        ..Tally::default()
                    },
                );
            }
            Event::Invoked { record } => {
                let Some(tally) = tallies.get_mut(&record.memory_size_mb) else {
                    return;
                };
                tally.left = tally.left.saturating_sub(1);
                tally.made += 1;
                if let (true, Some(ms)) = (record.is_measured(), record.duration_ms) {
                    tally.sum_ms += ms;
                    tally.measured += 1;
                }
                if tally.left == 0 && tally.made > 1 {
                    let mean = duration(tally.sum_ms / f64::from(tally.measured.max(1)));
                    self.print(&format!(
                        "{} MB: {} of {} invocations measured, mean duration {mean}",
                        record.memory_size_mb, tally.measured, tally.made
                    ));
                }
            }
            Event::Deleted { version } => self.print(&format!("version {version} deleted")),
            _ => {}
        }
    }
}

/// One bar for each size.
#[derive(Default)]
pub(crate) struct Bars {
    all: MultiProgress,
    by_size: Mutex<BTreeMap<u32, ProgressBar>>,
    head: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Initialized { function, sizes } => self.start(function, sizes),
            Event::Published { size, version } => self.message(size, &format!("published as version {version}")),
            Event::Restored { memory_size_mb } => {
                self.headline(&format!("measuring (the function is back at {memory_size_mb} MB)"));
            }
            Event::Planned { size, invocations } => {
                self.add(size.mb());
                self.with(size.mb(), |bar| bar.set_length(bar.position() + u64::from(invocations)));
            }
            Event::Invoked { record } => self.with(record.memory_size_mb, |bar| {
                bar.inc(1);
                bar.set_message(last(record));
            }),
            Event::Deleted { .. } => self.headline("cleaning up"),
            _ => {}
        }
    }

    fn begin(&self, name: &str) {
        let Ok(mut slot) = self.head.lock() else { return };
        let head = slot.get_or_insert_with(|| {
            let head = self.all.add(ProgressBar::new_spinner());
            head.set_style(style("{spinner} {prefix}: {wide_msg}"));
            head.enable_steady_tick(std::time::Duration::from_millis(120));
            head
        });
        head.set_prefix(escape::line(name));
    }

    fn start(&self, function: &str, sizes: &[MemorySize]) {
        self.begin(function.rsplit(':').next().unwrap_or(function));
        self.headline("publishing a version for each memory size");
        for size in sizes {
            self.add(size.mb());
        }
    }

    fn headline(&self, text: &str) {
        if let Ok(head) = self.head.lock()
            && let Some(head) = head.as_ref()
        {
            head.set_message(escape::line(text));
        }
    }

    fn message(&self, size: MemorySize, text: &str) {
        self.with(size.mb(), |bar| bar.set_message(escape::line(text)));
    }

    fn made(&self, size: MemorySize, invocations: u32, record: Option<&InvocationRecord>) {
        self.add(size.mb());
        self.with(size.mb(), |bar| {
            let made = u64::from(invocations);
            bar.set_length(bar.length().unwrap_or(0).max(made));
            bar.set_position(made);
            if let Some(record) = record {
                bar.set_message(last(record));
            }
        });
    }

    fn end(&self, size: MemorySize, reason: &str) {
        self.with(size.mb(), |bar| bar.abandon_with_message(escape::line(reason)));
    }

    fn with(&self, memory_size_mb: u32, change: impl FnOnce(&ProgressBar)) {
        if let Ok(bars) = self.by_size.lock()
            && let Some(bar) = bars.get(&memory_size_mb)
        {
            change(bar);
        }
    }

    /// Adds the bar of a size: which ones there are may show only on the way.
    fn add(&self, memory_size_mb: u32) {
        let Ok(mut bars) = self.by_size.lock() else { return };
        if bars.contains_key(&memory_size_mb) {
            return;
        }
        let bar = ProgressBar::new(0);
        let smaller = bars.range(..memory_size_mb).next_back();
        let bar = match (smaller, bars.first_key_value()) {
            (Some((_, smaller)), _) => self.all.insert_after(smaller, bar),
            (None, Some((_, larger))) => self.all.insert_before(larger, bar),
            (None, None) => self.all.add(bar),
        };
        bar.set_style(style("{prefix:>9} {bar:24} {pos:>3}/{len:3} {wide_msg}"));
        bar.set_prefix(format!("{memory_size_mb} MB"));
        bars.insert(memory_size_mb, bar);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn last(record: &InvocationRecord) -> String {
    match (record.outcome, record.duration_ms, record.init_duration_ms) {
        (Outcome::Success, Some(ms), Some(init)) => format!("{} (cold, init {})", duration(ms), duration(init)),
        (Outcome::Success, Some(ms), None) => duration(ms),
        (outcome, _, _) => outcome.words().to_owned(),
    }
}
