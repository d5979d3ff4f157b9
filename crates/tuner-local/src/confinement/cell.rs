//! The confinement of one process and everything it starts.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sched::CpuSet;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::cpu_bandwidth::{Bandwidth, BandwidthRule, visible_cpus};
use super::duty_cycle::DutyCycle;
use super::waits::Waits;
use super::{MOST_PROCESSES, Means, cgroup_v1, cgroup_v2, host, names, processes};

/// What holds one process: its limits, its freezer, and the means to end all of it.
#[derive(Debug)]
pub(crate) struct Cell {
    hold: Hold,
    /// The process, which leads a process group of its own.
    process: Option<Pid>,
    memory_size_mb: u32,
    /// What its cgroups are called, and the processes bear in their environment.
    name: String,
    /// Whether all processes of all cells have been ended.
    closed: Arc<AtomicBool>,
    /// How many threads the user may run, where no cgroup limits processes.
    most_threads: Option<u64>,
    init: Bandwidth,
    events: Bandwidth,
    host_cpus: f64,
}

/// The most memory used so far, in MB, by what it was counted with; `None` where that can't be known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Peak {
    /// What counts, not above the memory size where that is a limit.
    pub used_mb: Option<u32>,
    /// Of a single process, resident.
    pub resident_mb: Option<u32>,
    /// By the cgroup.
    pub cgroup_mb: Option<u32>,
}

#[derive(Debug)]
enum Hold {
    V2(cgroup_v2::Group),
    V1(cgroup_v1::Group),
    /// From when the process is there.
    DutyCycle(Option<DutyCycle>),
    None,
}

impl Cell {
    pub(super) fn new(
        means: &Means,
        rule: BandwidthRule,
        memory_size_mb: u32,
        name: String,
        closed: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let (init, events) = (rule.for_init(memory_size_mb), rule.for_events(memory_size_mb));
        let hold = match means {
            Means::CgroupV2(parent) => Hold::V2(parent.group(&name, memory_size_mb)?),
            Means::CgroupV1(parents) => Hold::V1(parents.group(&name, memory_size_mb, events.period_us)?),
            Means::DutyCycle => Hold::DutyCycle(None),
            Means::None => Hold::None,
        };
        Ok(Self {
            hold,
            process: None,
            memory_size_mb,
            name,
            closed,
            most_threads: (!means.limits_processes())
                .then(|| processes::Table::not_before(Instant::now()).threads_of_user() + MOST_PROCESSES),
            init,
            events,
            host_cpus: rule.host_cpus,
        })
    }

    /// Files into which the process must write `0` before it becomes the program.
    pub(crate) fn entrances(&self) -> io::Result<Vec<File>> {
        match &self.hold {
            Hold::V2(group) => group.entrances(),
            Hold::V1(group) => group.entrances(),
            Hold::DutyCycle(_) | Hold::None => Ok(Vec::new()),
        }
    }

    /// The processors the process may see, if the host has more than Lambda would show it: a program that starts a
    /// thread for each must not start 64 at 128 MB.
    pub(crate) fn processors(&self) -> Option<CpuSet> {
        static TURN: AtomicUsize = AtomicUsize::new(0);
        if matches!(self.hold, Hold::None) {
            return None;
        }
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let chosen = choose(&host::allowed_cpus(), visible_cpus(self.memory_size_mb), turn)?;
        let mut set = CpuSet::new();
        chosen.into_iter().try_for_each(|cpu| set.set(cpu)).ok()?;
        Some(set)
    }

    /// The environment variable by which processes are found that have left their group, and its value.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (names::VARIABLE, &self.name)
    }

    /// `RLIMIT_NPROC` for the process, where no cgroup limits how many it starts. It counts all threads of the user, so
    /// that is how many there are now and as many more as Lambda allows.
    pub(crate) const fn most_threads(&self) -> Option<u64> {
        self.most_threads
    }

    /// The process is running; it leads the process group of its own ID.
    pub(crate) fn entered(&mut self, process: Pid) {
        self.process = Some(process);
        if let Hold::DutyCycle(duty_cycle) = &mut self.hold {
            *duty_cycle = Some(DutyCycle::new(process, self.memory_size_mb));
        }
    }

    /// The process has ended and its ID may be somebody else's from now on: no more signals to it or its group.
    pub(crate) fn left(&mut self) {
        self.process = None;
        if let Hold::DutyCycle(Some(duty_cycle)) = &self.hold {
            duty_cycle.release();
        }
    }

    /// CPU as in Lambda's init: not limited by the memory size.
    pub(crate) fn release_cpu(&self) {
        self.set_bandwidth(self.init);
    }

    /// CPU in proportion to the memory size, in a period that begins now.
    pub(crate) fn limit_cpu(&self) {
        self.set_bandwidth(self.events);
    }

    fn set_bandwidth(&self, bandwidth: Bandwidth) {
        let set = match &self.hold {
            Hold::V2(group) => group.set_bandwidth(bandwidth),
            Hold::V1(group) => group.set_bandwidth(bandwidth),
            Hold::DutyCycle(duty_cycle) => {
                duty_cycle.iter().for_each(|d| d.run(bandwidth));
                Ok(())
            }
            Hold::None => Ok(()),
        };
        // It was tried when the means was chosen, so this is for somebody who changes cgroups under us.
        if let Err(e) = set {
            tracing::error!("CPU could not be limited, durations will be wrong: {e}");
        }
    }

    /// Stops every process between events, as Lambda freezes an idle environment.
    pub(crate) fn freeze(&self) {
        match &self.hold {
            Hold::V2(group) => group.set_frozen(true),
            Hold::V1(group) => group.signal(Signal::SIGSTOP),
            Hold::DutyCycle(Some(duty_cycle)) => duty_cycle.freeze(),
            Hold::DutyCycle(None) | Hold::None => self.signal_group(Signal::SIGSTOP),
        }
    }

    /// Lets them go on.
    pub(crate) fn thaw(&self) {
        match &self.hold {
            Hold::V2(group) => group.set_frozen(false),
            Hold::V1(group) => group.signal(Signal::SIGCONT),
            // It goes on with the bandwidth that is set next.
            Hold::DutyCycle(Some(_)) => {}
            Hold::DutyCycle(None) | Hold::None => self.signal_group(Signal::SIGCONT),
        }
    }

    /// The most memory used so far. For one process `used` is what that had resident, which a cgroup can't tell from the
    /// files it read and wrote; for several, or when the process is gone, it is what the cgroup counted, which leaves out
    /// mapped files that others had loaded, so that one of them may have had more.
    pub(crate) fn peak_memory(&self) -> Peak {
        let (listed, counted) = match &self.hold {
            Hold::V2(group) => (group.processes(), group.peak_memory_bytes()),
            Hold::V1(group) => (group.processes(), group.peak_memory_bytes()),
            Hold::DutyCycle(duty_cycle) => {
                let listed = self.process.map(processes::of_group).unwrap_or_default();
                (listed, duty_cycle.as_ref().and_then(DutyCycle::peak_memory_bytes))
            }
            Hold::None => (self.process.into_iter().collect(), None),
        };
        let resident: Vec<u64> = listed
            .iter()
            .filter_map(|&pid| processes::peak_memory_bytes(pid))
            .collect();
        let largest = resident.iter().copied().max();
        let used = match (&resident[..], counted) {
            ([alone], _) if listed.len() == 1 => Some(*alone),
            ([], counted) => counted,
            (_, Some(counted)) => Some(counted.max(largest.unwrap_or(0))),
            (several, None) => Some(several.iter().sum()),
        };
        let mb = |bytes: u64| u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX);
        let is_cgroup = matches!(self.hold, Hold::V1(_) | Hold::V2(_));
        Peak {
            used_mb: used.map(mb).map(|mb| match self.hold {
                Hold::None => mb,
                _ => mb.min(self.memory_size_mb),
            }),
            // What processes share would count several times.
            resident_mb: largest.filter(|_| listed.len() == 1).map(mb),
            cgroup_mb: counted.filter(|_| is_cgroup).map(mb),
        }
    }

    /// How long its threads ran and queued so far.
    pub(crate) fn waits(&self) -> Waits {
        Waits::of(&match &self.hold {
            Hold::V2(group) => group.processes(),
            Hold::V1(group) => group.processes(),
            Hold::DutyCycle(_) | Hold::None => self.process.into_iter().collect(),
        })
    }

    /// How long others had the processor since then while an event was handled.
    pub(crate) fn waited_since(&self, before: &Waits) -> Option<Duration> {
        // A process that is stopped by signals is in no queue.
        let share = match (&self.hold, self.events.quota_us) {
            (Hold::V1(_) | Hold::V2(_), Some(quota_us)) => quota_us as f64 / self.events.period_us as f64,
            _ => self.host_cpus,
        };
        self.waits().since(before, share)
    }

    /// Whether a process was killed for want of memory.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        match &self.hold {
            Hold::V2(group) => group.is_out_of_memory(),
            Hold::V1(group) => group.is_out_of_memory(),
            Hold::DutyCycle(duty_cycle) => duty_cycle.as_ref().is_some_and(DutyCycle::is_out_of_memory),
            Hold::None => false,
        }
    }

    /// Whether the event that was just handled took more memory than there is. The kernel would have ended it; where we
    /// only look from time to time, it may come through.
    pub(crate) fn has_slipped_through(&self) -> bool {
        match &self.hold {
            Hold::DutyCycle(Some(duty_cycle)) => {
                duty_cycle.check_memory();
                duty_cycle.is_out_of_memory()
            }
            _ => false,
        }
    }

    /// Ends every process, also those that have left the process group.
    pub(crate) fn kill(&self) {
        match &self.hold {
            Hold::V2(group) => group.kill(),
            Hold::V1(group) => group.kill(),
            Hold::DutyCycle(duty_cycle) => {
                duty_cycle.iter().for_each(DutyCycle::end);
                self.kill_marked();
            }
            Hold::None => self.kill_marked(),
        }
    }

    fn kill_marked(&self) {
        self.signal_group(Signal::SIGKILL);
        if !self.closed.load(Ordering::Relaxed) {
            processes::end_with_variable(names::VARIABLE, |name| name == self.name);
        }
    }

    fn signal_group(&self, signal: Signal) {
        if let Some(group) = self.process {
            // A group that is gone needs no signal.
            let _ = killpg(group, signal);
        }
    }
}

/// `count` of the allowed processors, others at each turn; `None` if there are no more than that.
fn choose(allowed: &[usize], count: usize, turn: usize) -> Option<Vec<usize>> {
    let start = turn.wrapping_mul(count);
    (allowed.len() > count).then(|| {
        (0..count)
            .map(|n| allowed[start.wrapping_add(n) % allowed.len()])
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_as_many_processors_as_on_lambda() {
        assert_eq!(choose(&[0, 1], 2, 0), None);
        assert_eq!(choose(&[0, 2, 4, 6, 8], 2, 0), Some(vec![0, 2]));
        assert_eq!(choose(&[0, 2, 4, 6, 8], 2, 2), Some(vec![8, 0]));
        assert_eq!(visible_cpus(1769), 2);
        assert_eq!(visible_cpus(10_240), 6);
    }
}
