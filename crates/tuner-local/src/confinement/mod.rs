//! Limits a process in CPU and memory the way Lambda does, by the best means this host allows.
//!
//! The ladder, best first: a delegated cgroup v2, a writable cgroup v1, duty-cycling the process by signals (needs no
//! right at all), nothing. Which one it was is said in the [`ConfinementDescription`], with what it can't do.

mod cell;
mod cgroup_v1;
mod cgroup_v2;
mod choice;
mod cpu_bandwidth;
mod duty_cycle;
mod hierarchy;
mod host;
mod names;
mod processes;
mod waits;

pub(crate) use cell::Cell;
pub use choice::{ConfinementChoice, ConfinementDescription, ConfinementError, ConfinementKind, CpuPeriod};

use crate::network::Network;
use cpu_bandwidth::BandwidthRule;
use hierarchy::Hierarchies;
use names::Family;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tuner_core::tuning::MeasuringEnvironment;

/// How long a limit on this process, such as that of its container, has stopped it so far.
pub(crate) fn throttled_so_far() -> Option<std::time::Duration> {
    host::throttled(&Hierarchies::of_this_process())
}

/// The means by which processes are confined, chosen once for a server.
#[derive(Debug)]
pub struct Confinement {
    means: Means,
    rule: BandwidthRule,
    description: ConfinementDescription,
    network: Network,
    /// Of the cells made here.
    family: Family,
    /// Whether all cells have been ended.
    closed: Arc<AtomicBool>,
}

/// Lambda's limit of processes and threads in an execution environment. Source: "Lambda quotas".
const MOST_PROCESSES: u64 = 1024;

/// Where cells are made.
#[derive(Debug, Clone)]
enum Means {
    CgroupV2(cgroup_v2::Parent),
    CgroupV1(cgroup_v1::Parents),
    DutyCycle,
    None,
}

impl Confinement {
    /// Finds the best means, or the one asked for, and tries it. What an earlier, killed run left behind is removed:
    /// cgroups with the processes in them, and processes that have left their group and bear the name of its cell.
    ///
    /// # Errors
    /// When the one asked for is not possible here; the message says what is missing. [`ConfinementChoice::Auto`]
    /// always finds something.
    pub fn detect(choice: ConfinementChoice, period: CpuPeriod) -> Result<Self, ConfinementError> {
        let hierarchies = Hierarchies::of_this_process();
        let host_cpus = host::usable_cpus(&hierarchies);
        let rule = BandwidthRule { period, host_cpus };
        let mut notes = Vec::new();
        let means = match choice {
            ConfinementChoice::CgroupV2 => Means::CgroupV2(find_v2(&hierarchies)?),
            ConfinementChoice::CgroupV1 => Means::CgroupV1(find_v1(&hierarchies)?),
            ConfinementChoice::DutyCycle => Means::DutyCycle,
            ConfinementChoice::None => Means::None,
            ConfinementChoice::Auto => find_v2(&hierarchies)
                .map(Means::CgroupV2)
                .or_else(|v2| {
                    find_v1(&hierarchies)
                        .map(Means::CgroupV1)
                        .inspect_err(|v1| notes.extend([v2.to_string(), v1.to_string()]))
                })
                .unwrap_or(Means::DutyCycle),
        };
        processes::end_with_variable(names::VARIABLE, names::is_left_over);
        if !means.limits_processes() && nix::unistd::getuid().is_root() {
            notes.push(
                "the number of processes that a function starts is not limited: a limit by user does not hold for root"
                    .to_owned(),
            );
        }
        let description = ConfinementDescription::new(means.kind(), period, host_cpus, notes);
        Ok(Self::new(means, rule, description))
    }

    fn new(means: Means, rule: BandwidthRule, description: ConfinementDescription) -> Self {
        Self {
            means,
            rule,
            description,
            network: Network::Host,
            family: Family::new(),
            closed: Arc::default(),
        }
    }

    /// No limits at all.
    pub fn none() -> Self {
        let host_cpus = host::usable_cpus(&Hierarchies::of_this_process());
        let period = CpuPeriod::default();
        let description = ConfinementDescription::new(ConfinementKind::None, period, host_cpus, Vec::new());
        Self::new(Means::None, BandwidthRule { period, host_cpus }, description)
    }

    /// The same, with bandwidth limited or not.
    #[must_use]
    pub fn with_network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// Whether bandwidth is limited.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// The same as [`description`](Self::description) for the document of a tuning.
    pub fn environment(&self) -> MeasuringEnvironment {
        let ConfinementDescription {
            kind,
            cpu_limited,
            memory_limited,
            host_cpus,
            largest_distinct_memory_mb,
            ..
        } = self.description;
        MeasuringEnvironment::Local {
            host_cpus,
            confinement: kind.to_string(),
            cpu_limited,
            memory_limited,
            largest_distinct_memory_mb,
            network: match self.network {
                Network::Host => None,
                Network::Lambda => Some("a proxy".to_owned()),
            },
            machine: None,
        }
    }

    /// What is used and what it can't do, for the output and the report.
    pub fn description(&self) -> ConfinementDescription {
        self.description.clone()
    }

    /// A cell for one process of a function with this memory size.
    pub(crate) fn cell(&self, memory_size_mb: u32) -> std::io::Result<Cell> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("the local Lambda is being stopped"));
        }
        let name = self.family.member();
        Cell::new(&self.means, self.rule, memory_size_mb, name, Arc::clone(&self.closed))
    }

    /// Ends the processes of all cells, and makes no more. Each cell could do so by itself, but for a thousand of them
    /// one look at the processes of this host is quicker than a thousand.
    pub(crate) fn end_all(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let is_ours = |name: &str| self.family.contains(name);
        match &self.means {
            Means::CgroupV2(parent) => parent.end(is_ours),
            Means::CgroupV1(parents) => parents.end(is_ours),
            Means::DutyCycle | Means::None => processes::end_with_variable(names::VARIABLE, is_ours),
        }
    }
}

impl Means {
    /// Whether a cgroup limits the number of processes.
    fn limits_processes(&self) -> bool {
        match self {
            Self::CgroupV2(parent) => parent.limits_processes(),
            Self::CgroupV1(parents) => parents.limits_processes(),
            Self::DutyCycle | Self::None => false,
        }
    }

    fn kind(&self) -> ConfinementKind {
        match self {
            Self::CgroupV2(_) => ConfinementKind::CgroupV2,
            Self::CgroupV1(_) => ConfinementKind::CgroupV1,
            Self::DutyCycle => ConfinementKind::DutyCycle,
            Self::None => ConfinementKind::None,
        }
    }
}

fn find_v2(hierarchies: &Hierarchies) -> Result<cgroup_v2::Parent, ConfinementError> {
    cgroup_v2::Parent::find(hierarchies)
        .map_err(|reason| ConfinementError {
            kind: ConfinementKind::CgroupV2,
            reason,
        })
        .inspect(cgroup_v2::Parent::sweep)
}

fn find_v1(hierarchies: &Hierarchies) -> Result<cgroup_v1::Parents, ConfinementError> {
    cgroup_v1::Parents::find(hierarchies)
        .map_err(|reason| ConfinementError {
            kind: ConfinementKind::CgroupV1,
            reason,
        })
        .inspect(cgroup_v1::Parents::sweep)
}
