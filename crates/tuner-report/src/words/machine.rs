//! How far the figures of a local tuning can be trusted: what else the machine did meanwhile.

use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{Disturbance, LocalReading, MachineUse};

use crate::numbers;
use crate::view::View;

/// From this share of the machine's time on others are worth a word where it is not known how long functions waited.
const NOTICED: f64 = 0.1;
/// From this share on a hypervisor is: it makes everything slower.
const STEAL_NOTICED: f64 = 0.01;

/// Whether others made durations longer, and by how much: a sentence, if there is something to say.
pub(super) fn disturbance(view: &View<'_>) -> Option<String> {
    let machine = machine(view);
    let steal = machine
        .and_then(|m| m.steal_share)
        .filter(|&share| share >= STEAL_NOTICED);
    let steal = steal.map(|share| {
        format!(
            "the hypervisor gave {} of the processors' time to others",
            numbers::percent(share)
        )
    });
    let throttled = machine.and_then(|m| m.throttled_ms).filter(|&ms| ms >= 100.0);
    let throttled =
        throttled.map(|ms| format!("a limit on tuner itself stopped everything for {} ms", numbers::ms(ms)));
    let paging = machine
        .and_then(|m| m.memory_pressure)
        .filter(|&share| share >= NOTICED);
    let paging = paging.map(|share| format!("memory was short for {} of the time", numbers::percent(share)));
    let known = Disturbance::of(&view.tuning.records);
    let others = match known {
        Some(found) if found.is_worth_a_word() => Some(format!(
            "other work used the processors{}: up to {} of a duration was spent waiting for it, on average{}{}",
            load(machine),
            numbers::percent(found.mean_share),
            worst(found),
            set_aside(found)
        )),
        None => machine.and_then(|m| m.others_cpu_share).filter(|&share| share >= NOTICED).map(|share| {
            format!(
                "other work used {} of the processors' time: durations may be too long, by how much is not known here",
                numbers::percent(share)
            )
        }),
        Some(_) => None,
    };
    let parts: Vec<String> = [others, steal, throttled, paging].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Meanwhile {}.", parts.join("; ")))
}

fn machine<'a>(view: &View<'a>) -> Option<&'a MachineUse> {
    match &view.tuning.environment {
        MeasuringEnvironment::Local { machine, .. } => machine.as_ref(),
        MeasuringEnvironment::Aws => None,
    }
}

fn load(machine: Option<&MachineUse>) -> String {
    let share = machine.and_then(|m| m.others_cpu_share);
    let share = share.map(|share| format!("{} of their time", numbers::percent(share)));
    let load = machine.and_then(|m| m.load_average);
    let load = load.map(|load| format!("load average {}", numbers::decimal(load, 1)));
    match [share, load].into_iter().flatten().collect::<Vec<_>>() {
        parts if parts.is_empty() => String::new(),
        parts => format!(" ({})", parts.join(", ")),
    }
}

fn worst(found: Disturbance) -> String {
    match found.worst_share > 1.5 * found.mean_share {
        true => format!(", {} at the worst size", numbers::percent(found.worst_share)),
        false => String::new(),
    }
}

fn set_aside(found: Disturbance) -> String {
    match found.set_aside {
        0 => String::new(),
        1 => "; 1 invocation that was disturbed more was set aside".to_owned(),
        n => format!(
            "; {} invocations that were disturbed more were set aside",
            numbers::count(n.into())
        ),
    }
}

/// Memory counted in two ways, where they differ: a sentence.
pub(crate) fn memory(view: &View<'_>) -> Option<String> {
    let readings = || view.tuning.records.iter().filter_map(|r| r.local);
    let most = |of: fn(&LocalReading) -> Option<u32>| readings().filter_map(|reading| of(&reading)).max();
    let (resident, cgroup) = (most(|r| r.resident_memory_mb)?, most(|r| r.cgroup_memory_mb)?);
    let differ =
        resident.abs_diff(cgroup) > 8 && f64::from(resident.abs_diff(cgroup)) > 0.1 * f64::from(resident.max(cgroup));
    differ.then(|| {
        let why = match resident > cgroup {
            true => "the latter leaves out files that it maps and other programs had loaded before, such as libraries; Lambda counts them, so the former is used",
            false => "the latter holds files that it only read or wrote; the kernel takes that back when memory is short, so the former is used",
        };
        format!("At most {resident} MB were resident (VmHWM) and {cgroup} MB were counted by the cgroup: {why}.")
    })
}
