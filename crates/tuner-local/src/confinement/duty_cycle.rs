//! CPU and memory limits without any right: a thread that stops and continues the processes by signals.
//!
//! It counts the CPU time they use, as the kernel's own bandwidth control does: a quota in each period, and a stop when
//! it is used up. Overshoot is carried over, so that the mean is right also with several threads or when this thread
//! comes late. A process that only waits is never stopped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, killpg};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use super::cpu_bandwidth::Bandwidth;
use super::processes;

/// How often memory is looked at while processes run.
const MEMORY_INTERVAL: Duration = Duration::from_millis(20);
/// How often the list of processes is renewed: it takes a walk through `/proc`.
const MEMBERS_INTERVAL: Duration = Duration::from_millis(500);
/// How old that list may be: all keepers share it.
const MEMBERS_AGE: Duration = Duration::from_millis(250);
/// In a shorter period the signals and this thread would take a good part of it.
const SHORTEST_PERIOD_US: u64 = 5000;
/// No shorter sleep than this is worth its own cost.
const SHORTEST_SLEEP: Duration = Duration::from_micros(50);

/// The limits of one process group.
#[derive(Debug)]
pub(super) struct DutyCycle {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    group: Pid,
    limit_bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
    peak_bytes: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Counts changes of mode, so that the keeper sees one even if it is the same mode again.
    turn: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Running(Bandwidth),
    Frozen,
    Ended,
}

impl DutyCycle {
    /// Watches over the process group, which runs freely at first.
    pub(super) fn new(group: Pid, memory_size_mb: u32) -> Self {
        let free = Mode::Running(Bandwidth {
            quota_us: None,
            period_us: 20_000,
        });
        let shared = Arc::new(Shared {
            group,
            limit_bytes: u64::from(memory_size_mb) << 20,
            state: Mutex::new(State { mode: free, turn: 0 }),
            changed: Condvar::new(),
            peak_bytes: AtomicU64::new(0),
        });
        let keeper = thread::Builder::new().name("duty-cycle".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.keep()
        });
        let keeper = keeper
            .inspect_err(|e| tracing::error!("cannot start a thread that limits CPU: {e}"))
            .ok();
        Self { shared, keeper }
    }

    /// Lets the processes run with this bandwidth, in a period that begins now.
    pub(super) fn run(&self, bandwidth: Bandwidth) {
        self.shared.set(Mode::Running(stretched(bandwidth)), Signal::SIGCONT);
    }

    pub(super) fn freeze(&self) {
        self.shared.set(Mode::Frozen, Signal::SIGSTOP);
    }

    pub(super) fn end(&self) {
        self.shared.set(Mode::Ended, Signal::SIGKILL);
    }

    /// Ends the watch over processes that are gone.
    pub(super) fn release(&self) {
        let mut state = self.shared.lock();
        state.mode = Mode::Ended;
        state.turn += 1;
        drop(state);
        self.shared.changed.notify_one();
    }

    /// The most memory that was seen, if it was looked at.
    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        Some(self.shared.peak_bytes.load(Ordering::Relaxed)).filter(|&bytes| bytes > 0)
    }

    /// Whether the processes had more memory than they may, which ends them.
    pub(super) fn is_out_of_memory(&self) -> bool {
        self.shared.peak_bytes.load(Ordering::Relaxed) > self.shared.limit_bytes
    }

    /// Looks now: an event may be over before the next look.
    pub(super) fn check_memory(&self) {
        self.shared.check_memory(&processes::of_group(self.shared.group));
    }
}

impl Drop for DutyCycle {
    fn drop(&mut self) {
        self.end();
        if let Some(keeper) = self.keeper.take() {
            // It ends at once; a panic in it has been printed.
            let _ = keeper.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signals go out under the lock only, so that none of the keeper's comes after a change of mode.
    fn signal(&self, _state: &MutexGuard<'_, State>, signal: Signal) {
        let _ = killpg(self.group, signal);
    }

    fn set(&self, mode: Mode, signal: Signal) {
        let mut state = self.lock();
        if state.mode == Mode::Ended {
            return;
        }
        state.mode = mode;
        state.turn += 1;
        self.signal(&state, signal);
        drop(state);
        self.changed.notify_one();
    }

    /// Waits, but not beyond the next change of mode.
    fn sleep<'a>(&'a self, state: MutexGuard<'a, State>, turn: u64, time: Duration) -> MutexGuard<'a, State> {
        let unchanged = |state: &mut State| state.turn == turn;
        let waited = self
            .changed
            .wait_timeout_while(state, time.max(SHORTEST_SLEEP), unchanged);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn keep(&self) {
        // The default would add 50 microseconds to every sleep.
        if let Err(e) = prctl::set_timerslack(1) {
            tracing::debug!("cannot ask for exact timers: {e}");
        }
        loop {
            let state = self.lock();
            let turn = state.turn;
            match state.mode {
                Mode::Ended => return,
                Mode::Frozen => drop(self.changed.wait_while(state, |s| s.turn == turn)),
                Mode::Running(bandwidth) => {
                    drop(state);
                    self.keep_running(bandwidth, turn);
                }
            }
        }
    }

    /// Until the mode changes.
    fn keep_running(&self, bandwidth: Bandwidth, turn: u64) {
        let mut members = Members::new(self.group);
        let mut budget = bandwidth
            .quota_us
            .map(|us| Budget::new(us, bandwidth.period_us, Instant::now()));
        let mut memory_due = Instant::now() + MEMORY_INTERVAL;
        loop {
            let now = Instant::now();
            if now >= memory_due {
                members.renew(now);
                memory_due = now + MEMORY_INTERVAL;
                self.check_memory(&members.pids);
            }
            let action = match &mut budget {
                Some(budget) => budget.spend(members.cpu_time_used(), now),
                None => Action::Run(MEMORY_INTERVAL),
            };
            let mut state = self.lock();
            if state.turn != turn {
                return;
            }
            match action {
                Action::Run(time) => state = self.sleep(state, turn, time.min(MEMORY_INTERVAL)),
                Action::Stop(time) => {
                    self.signal(&state, Signal::SIGSTOP);
                    state = self.sleep(state, turn, time);
                    if state.turn == turn {
                        self.signal(&state, Signal::SIGCONT);
                    }
                }
            }
            if state.turn != turn {
                return;
            }
        }
    }

    fn check_memory(&self, members: &[Pid]) {
        let used: u64 = members
            .iter()
            .filter_map(|&pid| processes::peak_memory_bytes(pid))
            .sum();
        self.peak_bytes.fetch_max(used, Ordering::Relaxed);
        if used > self.limit_bytes {
            self.set(Mode::Ended, Signal::SIGKILL);
        }
    }
}

/// The same share over at least the shortest period.
fn stretched(bandwidth: Bandwidth) -> Bandwidth {
    let times = SHORTEST_PERIOD_US.div_ceil(bandwidth.period_us.max(1));
    Bandwidth {
        quota_us: bandwidth.quota_us.map(|us| us * times),
        period_us: bandwidth.period_us * times,
    }
}

/// What to do next, and for how long.
#[derive(Debug, PartialEq, Eq)]
enum Action {
    Run(Duration),
    Stop(Duration),
}

/// The quota of the period, less what was used.
struct Budget {
    quota_ns: i64,
    period: Duration,
    left_ns: i64,
    period_ends: Instant,
}

impl Budget {
    fn new(quota_us: u64, period_us: u64, now: Instant) -> Self {
        let quota_ns = i64::try_from(quota_us * 1000).unwrap_or(i64::MAX);
        let period = Duration::from_micros(period_us.max(1));
        Self {
            quota_ns,
            period,
            left_ns: quota_ns,
            period_ends: now + period,
        }
    }

    fn spend(&mut self, used: Duration, now: Instant) -> Action {
        self.left_ns -= i64::try_from(used.as_nanos()).unwrap_or(i64::MAX);
        while now >= self.period_ends {
            self.begin_period();
        }
        if self.left_ns > 0 {
            let at_full_speed = Duration::from_nanos(self.left_ns.unsigned_abs());
            return Action::Run(at_full_speed.min(self.period_ends - now));
        }
        // What was used too much is paid back, if need be over several periods.
        while self.left_ns <= 0 {
            self.begin_period();
        }
        Action::Stop(self.period_ends - self.period - now)
    }

    /// What is left of the quota is lost, what was used too much is not forgotten.
    fn begin_period(&mut self) {
        self.left_ns = (self.left_ns + self.quota_ns).min(self.quota_ns);
        self.period_ends += self.period;
    }
}

/// The processes of the group and the CPU time they have used.
struct Members {
    group: Pid,
    pids: Vec<Pid>,
    clocks: Vec<(ClockId, Duration)>,
    renewed: Option<Instant>,
}

impl Members {
    fn new(group: Pid) -> Self {
        let mut members = Self {
            group,
            pids: Vec::new(),
            clocks: Vec::new(),
            renewed: None,
        };
        members.set(vec![group]);
        members
    }

    fn renew(&mut self, now: Instant) {
        if self.renewed.is_none_or(|at| now - at >= MEMBERS_INTERVAL) {
            // The first list of a run is of now: an older one can lack the whole group, which then has no limit.
            let oldest = match self.renewed {
                Some(_) => now.checked_sub(MEMBERS_AGE).unwrap_or(now),
                None => now,
            };
            self.renewed = Some(now);
            self.set(processes::Table::not_before(oldest).of_group(self.group));
        }
    }

    /// Known processes keep their count; that of new ones begins now.
    fn set(&mut self, pids: Vec<Pid>) {
        let known = std::mem::take(&mut self.clocks);
        let clock = |&pid: &Pid| {
            let clock = ClockId::pid_cpu_clock_id(pid).ok()?;
            let before = known.iter().find(|(c, _)| *c == clock).map(|(_, used)| *used);
            Some((clock, before.or_else(|| time_of(clock))?))
        };
        self.clocks = pids.iter().filter_map(clock).collect();
        self.pids = pids;
    }

    /// Since the last call.
    fn cpu_time_used(&mut self) -> Duration {
        let mut sum = Duration::ZERO;
        for (clock, before) in &mut self.clocks {
            if let Some(now) = time_of(*clock) {
                sum += now.saturating_sub(*before);
                *before = now;
            }
        }
        sum
    }
}

fn time_of(clock: ClockId) -> Option<Duration> {
    clock_gettime(clock).ok().map(Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn it_runs_for_the_quota_and_stops_for_the_rest_of_the_period() {
        let start = Instant::now();
        let mut budget = Budget::new(5_000, 20_000, start);
        assert_eq!(budget.spend(Duration::ZERO, start), Action::Run(5 * MS));
        assert_eq!(budget.spend(3 * MS, start + 3 * MS), Action::Run(2 * MS));
        assert_eq!(budget.spend(2 * MS, start + 5 * MS), Action::Stop(15 * MS));
        assert_eq!(budget.spend(Duration::ZERO, start + 20 * MS), Action::Run(5 * MS));
    }

    #[test]
    fn a_process_younger_than_the_shared_table_is_counted() {
        use std::os::unix::process::CommandExt as _;

        processes::Table::not_before(Instant::now());
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .process_group(0)
            .spawn()
            .unwrap();
        let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let mut members = Members::new(group);
        members.renew(Instant::now());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(members.pids, [group]);
    }

    #[test]
    fn a_short_period_is_stretched_to_the_same_share() {
        let bandwidth = |quota_us, period_us| Bandwidth { quota_us, period_us };
        assert_eq!(stretched(bandwidth(Some(1000), 1728)), bandwidth(Some(3000), 5184));
        assert_eq!(stretched(bandwidth(Some(1447), 20_000)), bandwidth(Some(1447), 20_000));
        assert_eq!(stretched(bandwidth(None, 2000)).quota_us, None);
    }

    #[test]
    fn what_was_used_too_much_is_paid_back() {
        let start = Instant::now();
        let mut budget = Budget::new(5_000, 20_000, start);
        // Two threads: 11 ms of CPU before the stop. 5 + 5 pay for it but for 1 ms, which the third period pays.
        assert_eq!(budget.spend(11 * MS, start + 6 * MS), Action::Stop(34 * MS));
        assert_eq!(budget.spend(Duration::ZERO, start + 40 * MS), Action::Run(4 * MS));
    }

    #[test]
    fn waiting_is_never_stopped_and_saves_nothing() {
        let start = Instant::now();
        let mut budget = Budget::new(5_000, 20_000, start);
        assert_eq!(budget.spend(Duration::ZERO, start + 1000 * MS), Action::Run(5 * MS));
        assert_eq!(budget.spend(5 * MS, start + 1005 * MS), Action::Stop(15 * MS));
    }
}
