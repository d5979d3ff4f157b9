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

pub(crate) use cell::Cell;
pub use choice::{ConfinementChoice, ConfinementDescription, ConfinementError, ConfinementKind, CpuPeriod};

use cpu_bandwidth::BandwidthRule;
use hierarchy::Hierarchies;

/// The means by which processes are confined, chosen once for a server.
#[derive(Debug)]
pub struct Confinement {
    means: Means,
    rule: BandwidthRule,
    description: ConfinementDescription,
}

/// Where cells are made.
#[derive(Debug, Clone)]
enum Means {
    CgroupV2(cgroup_v2::Parent),
    CgroupV1(cgroup_v1::Parents),
    DutyCycle,
    None,
}

impl Confinement {
    /// Finds the best means, or the one asked for, and tries it. Cgroups that an earlier, killed run left behind are
    /// removed, with the processes in them.
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
        let description = ConfinementDescription::new(means.kind(), period, host_cpus, notes);
        Ok(Self {
            means,
            rule,
            description,
        })
    }

    /// No limits at all.
    pub fn none() -> Self {
        let host_cpus = host::usable_cpus(&Hierarchies::of_this_process());
        let period = CpuPeriod::default();
        let description = ConfinementDescription::new(ConfinementKind::None, period, host_cpus, Vec::new());
        Self {
            means: Means::None,
            rule: BandwidthRule { period, host_cpus },
            description,
        }
    }

    /// What is used and what it can't do, for the output and the report.
    pub fn description(&self) -> ConfinementDescription {
        self.description.clone()
    }

    /// A cell for one process of a function with this memory size. `marks` are environment variables
    /// (`NAME=value`) which only the process and what it starts have, both of them.
    pub(crate) fn cell(&self, memory_size_mb: u32, marks: [String; 2]) -> std::io::Result<Cell> {
        Cell::new(&self.means, self.rule, memory_size_mb, marks)
    }
}

impl Means {
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
