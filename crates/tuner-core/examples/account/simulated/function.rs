//! One simulated function: what it truly needs, and the invocations it makes.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tuner_core::review::{FindingKind, ListedFunction, PackageType, ProvisionedConcurrency, Window};
use tuner_core::{Architecture, Outcome};

use super::random::Random;

/// One vCPU, in MB.
const ONE_VCPU_MB: f64 = 1769.0;

/// How the look at a function fails, if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blind {
    No,
    NoLogGroup,
    NoAccess,
    ReportsHidden,
    Unsupported,
    Failed,
}

/// What a function truly is. Nobody who judges it sees this.
#[derive(Debug, Clone, Serialize)]
pub struct SimulatedFunction {
    pub name: String,
    pub region: String,
    #[serde(skip)]
    pub architecture: Architecture,
    /// None: a container image.
    pub runtime: Option<String>,
    pub memory_size_mb: u32,
    /// The size in the first part of the window, if it was another.
    pub earlier_memory_size_mb: Option<u32>,
    pub timeout_s: u32,
    /// Invocations in the window.
    pub calls: u64,
    /// What it uses at most, ever, in MB.
    pub need_mb: f64,
    /// Time that no memory size changes, in ms.
    pub waiting_ms: f64,
    /// Work, in ms on one vCPU.
    pub work_ms: f64,
    pub threads: f64,
    /// Spread of durations (sigma of their logarithm).
    pub spread: f64,
    pub cold_share: f64,
    pub init_ms: f64,
    pub error_share: f64,
    pub throttle_share: f64,
    pub provisioned: u32,
    /// The most of them that are busy at a time, as a share.
    pub provisioned_busy: f64,
    pub blind: Blind,
    /// It takes this many times as long as it did the month before.
    pub slower: f64,
    #[serde(skip)]
    pub window: Window,
    #[serde(skip)]
    pub seed: u64,
}

/// What the report of an invocation says.
#[derive(Debug, Clone, Copy)]
pub struct Reported {
    pub at: Timestamp,
    pub duration_ms: f64,
    pub billed_ms: u64,
    pub memory_size_mb: u32,
    pub max_memory_used_mb: u32,
    pub init_ms: Option<f64>,
    pub outcome: Outcome,
}

impl SimulatedFunction {
    pub fn draw(index: u32, calls: u64, window: Window, random: &mut Random) -> Self {
        const SIZES: [u32; 10] = [128, 128, 256, 512, 512, 1024, 1024, 1536, 2048, 3008];
        let memory_size_mb = SIZES[random.below(SIZES.len())];
        let mb = f64::from(memory_size_mb);
        // From a tenth of its size to a bit more than all of it; no runtime is smaller than 35 MB.
        let need_mb = (mb * random.uniform().mul_add(1.0, 0.05)).max(35.0);
        let runtimes = [
            "python3.12",
            "nodejs22.x",
            "java21",
            "provided.al2023",
            "python3.7",
            "dotnet8",
        ];
        let is_image = random.uniform() < 0.1;
        let total_ms = log_uniform(random, 5.0, 8_000.0);
        let work_share = if random.uniform() < 0.4 {
            random.uniform().mul_add(0.3, 0.7)
        } else {
            random.uniform() * 0.5
        };
        let threads = if random.uniform() < 0.2 { 4.0 } else { 1.0 };
        let vcpus = (mb / ONE_VCPU_MB).min(threads);
        let provisioned = if random.uniform() < 0.05 {
            5 + random.below(20) as u32
        } else {
            0
        };
        let blind = match random.uniform() {
            u if u < 0.02 => Blind::NoLogGroup,
            u if u < 0.04 => Blind::NoAccess,
            u if u < 0.05 => Blind::ReportsHidden,
            u if u < 0.06 => Blind::Unsupported,
            u if u < 0.07 => Blind::Failed,
            _ => Blind::No,
        };
        let spread = random.uniform().mul_add(0.4, 0.05);
        // Mostly with time to spare, some close to it.
        let patience = log_uniform(random, 1.5, 60.0);
        Self {
            name: format!("function-{index:05}"),
            region: if random.uniform() < 0.7 {
                "us-east-1"
            } else {
                "eu-west-1"
            }
            .into(),
            architecture: if random.uniform() < 0.3 {
                Architecture::Arm64
            } else {
                Architecture::X86_64
            },
            runtime: (!is_image).then(|| runtimes[random.below(runtimes.len())].to_owned()),
            memory_size_mb,
            earlier_memory_size_mb: (random.uniform() < 0.15)
                .then(|| [128, 512, 1024, 3008][random.below(4)])
                .filter(|&other| other != memory_size_mb && f64::from(other) > need_mb * 1.1),
            // Some with what somebody once gave to all of them.
            timeout_s: match index % 20 == 7 {
                true => 900,
                false => ((total_ms * patience / 1000.0).ceil() as u32).clamp(1, 900),
            },
            calls,
            need_mb,
            waiting_ms: total_ms * (1.0 - work_share),
            work_ms: total_ms * work_share * vcpus,
            threads,
            spread,
            cold_share: if random.uniform() < 0.25 {
                random.uniform() * 0.6
            } else {
                random.uniform() * 0.02
            },
            init_ms: log_uniform(random, 100.0, 4_000.0),
            error_share: if random.uniform() < 0.1 {
                random.uniform() * 0.1
            } else {
                random.uniform() * 0.002
            },
            throttle_share: if random.uniform() < 0.05 {
                random.uniform() * 0.05
            } else {
                0.0
            },
            provisioned,
            provisioned_busy: random.uniform(),
            blind,
            slower: if random.uniform() < 0.08 {
                random.uniform().mul_add(0.8, 1.3)
            } else {
                1.0
            },
            window,
            seed: (random.uniform() * 2_f64.powi(52)) as u64,
        }
    }

    /// The same function a month before.
    pub fn month_before(&self) -> Self {
        let month = SignedDuration::from_hours(24 * 30);
        Self {
            window: Window {
                from: self.window.from - month,
                until: self.window.until - month,
            },
            waiting_ms: self.waiting_ms / self.slower,
            work_ms: self.work_ms / self.slower,
            earlier_memory_size_mb: None,
            seed: self.seed ^ 0x5555,
            ..self.clone()
        }
    }

    /// Mean duration at a size, init not included, in ms.
    pub fn duration_ms(&self, memory_size_mb: u32) -> f64 {
        self.waiting_ms + self.work_ms / (f64::from(memory_size_mb) / ONE_VCPU_MB).min(self.threads)
    }

    /// GB-milliseconds billed for an invocation at a size, on average, if nothing fails.
    pub fn gb_ms(&self, memory_size_mb: u32) -> f64 {
        f64::from(memory_size_mb) / 1024.0 * (self.duration_ms(memory_size_mb) + self.cold_share * self.init_ms)
    }

    /// The memory size in force before and after `share` of the window.
    fn size_at(&self, share: f64) -> u32 {
        match self.earlier_memory_size_mb {
            Some(earlier) if share < 0.4 => earlier,
            _ => self.memory_size_mb,
        }
    }

    /// Its invocations, oldest first; the same ones whenever it is asked.
    pub fn invocations(&self) -> impl Iterator<Item = Reported> + '_ {
        let mut random = Random(self.seed);
        let span = self.window.until.duration_since(self.window.from).as_secs_f64();
        (0..self.calls).map(move |i| {
            let share = (i as f64 + random.uniform()) / self.calls as f64;
            let at = self.window.from + SignedDuration::from_millis((share * span * 1000.0) as i64);
            self.invocation(at, self.size_at(share), &mut random)
        })
    }

    fn invocation(&self, at: Timestamp, memory_size_mb: u32, random: &mut Random) -> Reported {
        let limit_ms = f64::from(self.timeout_s) * 1000.0;
        let init_ms = (random.uniform() < self.cold_share).then(|| self.init_ms * random.noise(0.1));
        let mut duration_ms = self.duration_ms(memory_size_mb) * random.noise(self.spread);
        // Most invocations use most of what is ever used.
        let used_mb = self.need_mb * (1.0 - 0.3 * random.uniform().powi(2));
        let failed = random.uniform() < self.error_share;
        let mut outcome = if failed {
            Outcome::FunctionError
        } else {
            Outcome::Success
        };
        if used_mb > f64::from(memory_size_mb) {
            outcome = Outcome::OutOfMemory;
            duration_ms *= random.uniform();
        }
        if duration_ms > limit_ms {
            outcome = Outcome::Timeout;
            duration_ms = limit_ms;
        }
        Reported {
            at,
            duration_ms,
            billed_ms: (duration_ms + init_ms.unwrap_or(0.0)).ceil() as u64,
            memory_size_mb,
            max_memory_used_mb: (used_mb.ceil() as u32).min(memory_size_mb),
            init_ms,
            outcome,
        }
    }

    /// As Lambda's API would describe it.
    pub fn listed(&self) -> ListedFunction {
        let name = format!("arn:aws:lambda:{}:123456789012:function:{}", self.region, self.name);
        let provisioned = (self.provisioned > 0).then(|| ProvisionedConcurrency {
            qualifier: "live".into(),
            environments: self.provisioned,
        });
        ListedFunction {
            memory_size_mb: Some(self.memory_size_mb),
            architecture: Some(self.architecture),
            package: Some(if self.runtime.is_some() {
                PackageType::Zip
            } else {
                PackageType::Image
            }),
            runtime: self.runtime.clone(),
            timeout_s: Some(self.timeout_s),
            ephemeral_storage_mb: Some(512),
            log_group: Some(format!("/aws/lambda/{}", self.name)),
            json_logs: self.blind == Blind::ReportsHidden,
            reports_hidden: self.blind == Blind::ReportsHidden,
            provisioned: provisioned.into_iter().collect(),
            unsupported: (self.blind == Blind::Unsupported).then(|| "it runs on Managed Instances".into()),
            ..ListedFunction::named(name.parse().unwrap())
        }
    }

    /// Share of its invocations that fail: by its own doing, or, where no log tells why, for whatever reason.
    fn fails(&self) -> f64 {
        let is_told = |outcome| {
            matches!(self.blind, Blind::NoLogGroup | Blind::Unsupported)
                || !matches!(outcome, Outcome::Timeout | Outcome::OutOfMemory)
        };
        let failed = self
            .invocations()
            .filter(|report| report.outcome != Outcome::Success && is_told(report.outcome))
            .count();
        failed as f64 / self.calls.max(1) as f64
    }

    /// Its time-out is a minute or more, and a hundred times what any invocation took at any size, of many.
    fn far_too_patient(&self, looked_at: bool) -> bool {
        let present = self
            .invocations()
            .filter(|report| report.memory_size_mb == self.memory_size_mb)
            .count();
        let longest = self.invocations().map(|report| report.duration_ms).fold(0.0, f64::max);
        looked_at && self.timeout_s >= 60 && present >= 300 && f64::from(self.timeout_s) * 1000.0 >= longest * 100.0
    }

    /// From this share of its memory on it may run out of it.
    fn memory_at_risk(&self) -> f64 {
        let follows = |runtime: &String| {
            ["java", "dotnet", "nodejs"]
                .iter()
                .any(|name| runtime.starts_with(name))
        };
        match self.memory_size_mb {
            ..=128 => 126.0 / 128.0,
            _ if self.runtime.as_ref().is_some_and(follows) => 0.97,
            _ => 0.9,
        }
    }

    /// What a review that knew everything would find.
    pub fn truth(&self) -> Vec<FindingKind> {
        use FindingKind as K;
        let mb = f64::from(self.memory_size_mb);
        let now_ms = self.duration_ms(self.memory_size_mb);
        let looked_at = self.blind == Blind::No;
        // Those of the present size: the rest is of another.
        let at_present = self.calls as f64
            * if self.earlier_memory_size_mb.is_some() {
                0.6
            } else {
                1.0
            };
        let judged = looked_at && at_present >= 50.0;
        let close_ms = f64::from(self.timeout_s) * 800.0;
        // Share of invocations beyond four fifths of the timeout, at least one in a thousand.
        let z = ((close_ms / now_ms).ln() + self.spread * self.spread / 2.0) / self.spread;
        let init_share = self.cold_share * self.init_ms / (self.cold_share * self.init_ms + now_ms);
        let waste = mb * 0.75 >= 128.0 && self.need_mb * 1.2 <= mb * 0.75;
        let spare = f64::from(self.provisioned) * (1.0 - self.provisioned_busy) / f64::from(self.provisioned.max(1));
        let x86_only = self.runtime.as_deref() == Some("python3.7");
        let counted = !matches!(self.blind, Blind::NoAccess | Blind::Failed);
        let work = self.work_ms / (mb / ONE_VCPU_MB).min(self.threads);
        let truths = [
            (
                K::MemoryUnderprovisioned,
                // What the smallest runtime takes of the smallest size is no risk before it is all of it; a heap that follows the
                // size, none before it fills it.
                looked_at && self.calls > 0 && self.need_mb >= mb * self.memory_at_risk(),
            ),
            (K::TimeoutRisk, looked_at && self.calls > 0 && z < 3.09),
            (K::Errors, counted && self.fails() >= 0.01),
            (K::Throttles, counted && self.calls > 0 && self.throttle_share >= 0.001),
            (K::Regression, judged && self.slower >= 1.2),
            (K::MemoryOverprovisioned, judged && waste),
            (K::CpuBound, judged && mb < ONE_VCPU_MB && work / now_ms >= 0.6),
            (K::InitHeavy, judged && init_share >= 0.2),
            (
                K::ProvisionedConcurrencyUnused,
                counted && self.blind != Blind::Unsupported && self.provisioned > 0 && spare >= 0.25,
            ),
            (
                K::Arm64Candidate,
                counted
                    && self.blind != Blind::Unsupported
                    && self.calls > 0
                    && self.runtime.is_some()
                    && !x86_only
                    && self.architecture == Architecture::X86_64,
            ),
            (K::TimeoutTooLong, self.far_too_patient(looked_at)),
            (
                K::NotEnoughData,
                (looked_at && at_present < 50.0) || (counted && self.blind != Blind::Unsupported && self.calls == 0),
            ),
            (
                K::NoLogs,
                matches!(self.blind, Blind::NoLogGroup | Blind::ReportsHidden) && self.calls > 0,
            ),
            (K::NoAccess, self.blind == Blind::NoAccess),
            (K::Unsupported, self.blind == Blind::Unsupported),
            (K::Failed, self.blind == Blind::Failed),
        ];
        truths
            .into_iter()
            .filter_map(|(kind, holds)| holds.then_some(kind))
            .collect()
    }
}

pub fn log_uniform(random: &mut Random, from: f64, to: f64) -> f64 {
    from * (to / from).powf(random.uniform())
}
