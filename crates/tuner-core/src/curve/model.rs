use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mean duration of a warm invocation as a function of memory size: `waiting + work / m + pressure / m^2`, in ms, where `m`
/// is the memory size in MB up to the one at which the curve levels off.
///
/// Lambda gives processor time in proportion to memory, one vCPU at 1,769 MB (source: "Configure Lambda function memory"):
/// waiting for others takes as long at any size, work on the processor is inversely proportional to it up to as many
/// vCPUs as the code has threads, and what the runtime does under pressure (garbage collection, throttling) shrinks faster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DurationModel {
    /// Part that no memory size changes, in ms.
    pub waiting_ms: f64,
    /// Work on the processor, in ms x MB: divided by the memory size it is the time it takes there.
    pub work_ms_mb: f64,
    /// What shrinks with the square of the memory size, in ms x MB x MB.
    pub pressure_ms_mb2: f64,
    /// Above this memory size nothing gets faster, in MB.
    pub levels_off_mb: f64,
}

/// The parts of a duration, in ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// Waiting, whatever the memory size.
    pub waiting_ms: f64,
    /// Work on the processor.
    pub work_ms: f64,
    /// What shrinks faster than work.
    pub pressure_ms: f64,
}

impl DurationModel {
    /// The duration at `memory_mb`, in ms.
    pub fn at(&self, memory_mb: f64) -> f64 {
        let parts = self.parts(memory_mb);
        parts.waiting_ms + parts.work_ms + parts.pressure_ms
    }

    /// What it is made of.
    pub fn parts(&self, memory_mb: f64) -> Parts {
        let m = memory_mb.min(self.levels_off_mb);
        Parts {
            waiting_ms: self.waiting_ms,
            work_ms: self.work_ms_mb / m,
            pressure_ms: self.pressure_ms_mb2 / (m * m),
        }
    }
}
