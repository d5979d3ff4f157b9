//! What a function's duration depends on: laws of how Lambda runs code, not of how the planner sees it.

/// Memory at which an environment has one vCPU, in MB (source: Lambda's documentation of memory).
const ONE_VCPU_MB: f64 = 1769.0;
/// Period in which a quota of the processor is given out, in ms (measured by others: AWS's scheduler).
const PERIOD_MS: f64 = 20.0;

/// What one payload takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Waiting for others, in ms: the same at every memory size.
    pub wait_ms: f64,
    /// On a whole vCPU, in ms.
    pub cpu_ms: f64,
    /// What is transferred, in megabits.
    pub megabits: f64,
}

/// What all payloads have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// Threads that the work is split over, as far as it can be.
    pub threads: f64,
    /// Share of the work that cannot be split.
    pub serial: f64,
    /// The processor is given out in quotas of whole periods.
    pub stepped: bool,
    /// Outside a VPC bandwidth grows with the memory size.
    pub bandwidth_grows: bool,
    /// Memory needed, in MB: below it, it is killed.
    pub need_mb: f64,
    /// How much more work there is for the processor where memory is just enough, as a share: collecting garbage, more passes.
    pub pressure: f64,
    /// Passes over data that fits into a buffer of a quarter of the memory size; 0 where there is none, in MB.
    pub sorted_mb: f64,
}

impl Law {
    pub const PLAIN: Self = Self {
        threads: 1.0,
        serial: 1.0,
        stepped: false,
        bandwidth_grows: false,
        need_mb: 0.0,
        pressure: 0.0,
        sorted_mb: 0.0,
    };

    /// Duration of `work` at `mb`, in ms: with `noise` times the work, begun at `phase` (0 to 1) of a period.
    pub fn duration(&self, work: &Work, mb: u32, noise: f64, phase: f64) -> f64 {
        let vcpus = f64::from(mb) / ONE_VCPU_MB;
        let pressure = 1.0 + self.pressure * (self.need_mb / f64::from(mb)).powi(3);
        let passes = match self.sorted_mb > 0.0 {
            true => (self.sorted_mb / (f64::from(mb) / 4.0).clamp(1.0, self.sorted_mb).floor()).ceil(),
            false => 1.0,
        };
        let cpu = work.cpu_ms * pressure * passes * noise;
        let cpu_ms = match self.stepped && vcpus < 1.0 {
            true => in_quotas(cpu, vcpus, phase),
            false => cpu / self.speed(vcpus),
        };
        work.wait_ms * noise + cpu_ms + work.megabits / self.bandwidth(mb) * 1000.0 * noise
    }

    fn speed(&self, vcpus: f64) -> f64 {
        if vcpus <= 1.0 {
            return vcpus;
        }
        let at_once = vcpus.min(self.threads);
        1.0 / (self.serial + (1.0 - self.serial) / at_once)
    }

    /// In megabits per second (source: AWS's announcement of August 2026).
    fn bandwidth(&self, mb: u32) -> f64 {
        const LEAST: f64 = 625.0;
        const MOST: f64 = 3000.0;
        match self.bandwidth_grows {
            true => (MOST * f64::from(mb) / 10_240.0).clamp(LEAST, MOST),
            false => LEAST,
        }
    }
}

/// Time for `cpu` ms of work where every period gives a quota of `vcpus` of it, begun at `phase` of a period.
fn in_quotas(cpu: f64, vcpus: f64, phase: f64) -> f64 {
    let quota = PERIOD_MS * vcpus;
    let left_of_period = PERIOD_MS * (1.0 - phase);
    let first = quota.min(left_of_period);
    if cpu <= first {
        return cpu;
    }
    let rest = cpu - first;
    let whole = (rest / quota).ceil() - 1.0;
    left_of_period + whole * PERIOD_MS + (rest - whole * quota)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: Work = Work {
        wait_ms: 0.0,
        cpu_ms: 100.0,
        megabits: 0.0,
    };

    #[test]
    fn quotas_take_as_long_on_average_as_a_share_of_the_processor() {
        // A quarter of a vCPU: 5 ms in every 20.
        assert!((in_quotas(12.0, 0.25, 0.0) - 42.0).abs() < 1e-9);
        // Two of the five are left in the first period.
        assert!((in_quotas(5.0, 0.25, 0.9) - 5.0).abs() < 1e-9);
        let stepped = Law {
            stepped: true,
            ..Law::PLAIN
        };
        let mean: f64 = (0..1000)
            .map(|i| stepped.duration(&CPU, 442, 1.0, f64::from(i) / 1000.0))
            .sum::<f64>()
            / 1000.0;
        let share = Law::PLAIN.duration(&CPU, 442, 1.0, 0.0);
        assert!((mean / share - 1.0).abs() < 0.08, "{mean} {share}");
    }

    #[test]
    fn bandwidth_grows_from_two_gigabytes_where_it_does() {
        let load = Work {
            megabits: 625.0,
            cpu_ms: 0.0,
            ..CPU
        };
        let outside = Law {
            bandwidth_grows: true,
            ..Law::PLAIN
        };
        let at = |law: &Law, mb| law.duration(&load, mb, 1.0, 0.0).round();
        assert_eq!([128, 2048, 10_240].map(|mb| at(&outside, mb)), [1000.0, 1000.0, 208.0]);
        assert_eq!(at(&Law::PLAIN, 10_240), 1000.0);
    }
}
