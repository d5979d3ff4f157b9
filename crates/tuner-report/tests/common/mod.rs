//! Simulated tunings: what an example would measure, worked out by the same analysis that real records go through.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every user of this module needs another part of it"
)]
#![allow(
    clippy::unwrap_used,
    reason = "it is made for tests, and only then for what shares their data"
)]

use std::collections::BTreeMap;

use tuner_core::TuningOptions;
use tuner_core::analysis::{Terms, analyze, exploration};
use tuner_core::planning::{AdaptivePlanner, Budget, Candidates, Preset};
use tuner_core::pricing::{PriceQuote, PriceTable, Rate};
use tuner_core::tuning::{FunctionUnderTest, MeasuringEnvironment, RequestRecord, SCHEMA_VERSION, Tuning, Withheld};
use tuner_core::{
    Architecture, Constraint, InvocationRecord, Machinery, MemorySize, Objective, Outcome, Planner, Progress, Question,
    Remedy, StartKind, Statistic,
};

/// A function to simulate and a question to ask about it.
#[derive(Clone)]
pub struct Study {
    pub function: String,
    pub region: Option<&'static str>,
    pub currency: Option<&'static str>,
    pub present_mb: u32,
    /// Sizes of a grid; an adaptive planner chooses from the first to the last.
    pub sizes: Vec<u32>,
    /// At each size of a grid.
    pub invocations: u32,
    pub preset: Preset,
    pub objective: Objective,
    pub constraints: Vec<Constraint>,
    pub cold_share: f64,
    pub budget: Budget,
    pub monthly_invocations: Option<f64>,
    /// Duration at a size, without noise.
    pub duration_ms: fn(u32) -> f64,
    /// Relative noise of a single invocation.
    pub noise: f64,
    /// One of so many invocations takes so many times as long.
    pub slow_one_in: Option<(u32, f64)>,
    pub init_ms: f64,
    /// What the function needs; below it runs out.
    pub needs_mb: u32,
    /// One of so many invocations fails.
    pub fails_one_in: Option<u32>,
    /// Durations above it time out.
    pub timeout_s: u32,
    pub local_cpus: Option<f64>,
    pub skipped: BTreeMap<u32, &'static str>,
    pub warnings: Vec<String>,
    pub leftovers: Vec<String>,
    pub remedies: Vec<Remedy>,
    /// What the state machine took, if it ran in one.
    pub machinery: Option<Machinery>,
    pub seed: u64,
}

/// "p95 at most this".
pub fn p95_at_most(max_ms: f64) -> Vec<Constraint> {
    vec![Constraint::Duration {
        statistic: Statistic::P95,
        max_ms,
    }]
}

/// Work of `single_ms` at one vCPU, on one thread: throttled below, flat above.
pub fn one_thread(mb: u32, single_ms: f64) -> f64 {
    single_ms / (f64::from(mb) / 1769.0).min(1.0)
}

impl Default for Study {
    fn default() -> Self {
        Self {
            function: "arn:aws:lambda:eu-west-1:123456789012:function:image-resize".to_owned(),
            region: Some("eu-west-1"),
            currency: Some("USD"),
            present_mb: 128,
            sizes: vec![128, 256, 512, 1024, 1769, 3008],
            invocations: 20,
            preset: Preset::Grid,
            objective: Objective::Cost,
            constraints: Vec::new(),
            cold_share: 0.0,
            budget: Budget::default(),
            monthly_invocations: None,
            duration_ms: |mb| 12.0 + one_thread(mb, 60.0),
            noise: 0.03,
            slow_one_in: None,
            init_ms: 180.0,
            needs_mb: 60,
            fails_one_in: None,
            timeout_s: 30,
            local_cpus: None,
            skipped: BTreeMap::new(),
            warnings: Vec::new(),
            leftovers: Vec::new(),
            remedies: Vec::new(),
            machinery: None,
            seed: 1,
        }
    }
}

impl Study {
    /// An example of the command line, as `tuner run --local` would measure it on two processors.
    pub fn local(function: &str, seed: u64) -> Self {
        Self {
            function: function.to_owned(),
            region: None,
            currency: Some("USD"),
            local_cpus: Some(2.0),
            init_ms: 9.0,
            needs_mb: 12,
            seed,
            ..Self::default()
        }
    }

    pub fn run(&self) -> Tuning {
        let price = self
            .currency
            .map(|currency| price(self.region.unwrap_or("us-east-1"), currency));
        let question = self.question(price.as_ref());
        let records = self.measure(&question);
        let is_grid = self.preset == Preset::Grid;
        let mut asked: Vec<u32> = records.iter().map(|r| r.memory_size_mb).collect();
        if is_grid {
            asked.clone_from(&self.sizes);
        }
        let mut asked: Vec<MemorySize> = asked.into_iter().map(|mb| MemorySize::new(mb).unwrap()).collect();
        asked.sort_unstable();
        asked.dedup();
        let skipped = self
            .skipped
            .iter()
            .map(|(&mb, why)| (MemorySize::new(mb).unwrap(), (*why).to_owned()))
            .collect();
        let terms = Terms {
            price: price.as_ref(),
            ephemeral_storage_mb: 512,
            question: &question,
            trim_share: 0.0,
            only_cold_starts: false,
        };
        let findings = analyze(&asked, &records, &skipped, &terms);
        let exploration = exploration(&records, price.as_ref(), 512, 48_211);
        Tuning {
            schema_version: SCHEMA_VERSION,
            tuning_id: format!("019aa5c4-2b00-7000-8000-{:012x}", self.seed).parse().unwrap(),
            tool_version: "0.1.0".to_owned(),
            started_at: "2026-11-21T09:30:00Z".parse().unwrap(),
            finished_at: "2026-11-21T09:30:48Z".parse().unwrap(),
            status: findings.status,
            function: FunctionUnderTest {
                name: self.function.parse().unwrap(),
                region: self.region.map(str::to_owned),
                architecture: Architecture::X86_64,
                runtime: Some("provided.al2023".to_owned()),
                memory_size_mb: Some(self.present_mb),
                timeout_s: self.timeout_s,
                ephemeral_storage_mb: 512,
                snap_start: false,
                code_sha256: None,
            },
            environment: self
                .local_cpus
                .map_or(MeasuringEnvironment::Aws, |host_cpus| MeasuringEnvironment::Local {
                    host_cpus,
                    confinement: "cgroup v1".to_owned(),
                    cpu_limited: true,
                    memory_limited: true,
                    largest_distinct_memory_mb: (host_cpus * 1769.0) as u32,
                    network: None,
                    machine: None,
                }),
            request: RequestRecord::new(
                &TuningOptions {
                    objective: self.objective,
                    constraints: self.constraints.clone(),
                    cold_share: self.cold_share,
                    budget: self.budget,
                    memory_sizes: if is_grid { asked } else { Vec::new() },
                    preset: self.preset,
                    invocations: self.invocations,
                    dry_run: self.invocations == 0,
                    max_concurrency: if self.local_cpus.is_some() { 1 } else { 10 },
                    monthly_invocations: self.monthly_invocations,
                    ..TuningOptions::default()
                },
                Withheld {
                    count: 1,
                    bytes: Some(2),
                    largest_bytes: Some(2),
                    keyed_sha256: Some("0".repeat(64)),
                },
            ),
            price_unknown: price
                .is_none()
                .then(|| "prices in region `eu-nowhere-1` are not known".to_owned()),
            price,
            sizes: findings.sizes,
            decision: findings.decision,
            exploration,
            machinery: self.machinery,
            warnings: self.warnings.clone(),
            leftovers: self.leftovers.clone(),
            remedies: self.remedies.clone(),
            applied: None,
            floor: tuner_core::Floor::default(),
            records,
        }
    }

    fn question(&self, price: Option<&PriceQuote>) -> Question {
        let rate = price.and_then(|quote| Rate::of(quote, 512)).unwrap_or(Rate::GB_SECONDS);
        let range = (self.sizes[0], self.sizes[self.sizes.len() - 1]);
        Question {
            constraints: self.constraints.clone(),
            cold_share: self.cold_share,
            present_memory_size_mb: Some(self.present_mb),
            ..Question::plain(self.objective, rate, range)
        }
    }

    /// Invokes what the planner asks for: the first time at a size is a cold start.
    fn measure(&self, question: &Question) -> Vec<InvocationRecord> {
        let mut noise = Noise(self.seed);
        let mut records = Vec::new();
        let Some(effort) = self.preset.effort() else {
            for &mb in self.sizes.iter().filter(|mb| !self.skipped.contains_key(mb)) {
                for index in 0..=self.invocations {
                    records.push(self.invoke(mb, index, &mut noise));
                    if self.needs_mb > mb || (self.duration_ms)(mb) > f64::from(self.timeout_s) * 1000.0 {
                        break;
                    }
                }
            }
            return records;
        };
        let planner = AdaptivePlanner {
            effort,
            question: question.clone(),
            candidates: Candidates::Range(question.range_mb.0, question.range_mb.1),
            timeout_ms: Some(f64::from(self.timeout_s) * 1000.0),
            budget: self.budget,
            elapsed_ms: 0.0,
            concurrency: 1,
            all_payloads: 1,
        };
        let mut progress = Progress::new();
        loop {
            let batches = planner.next(&progress);
            if batches.is_empty() {
                return records;
            }
            for batch in batches {
                let size = progress.entry(batch.memory_size).or_default();
                for _ in 0..batch.invocations {
                    let record = self.invoke(batch.memory_size.mb(), size.outcomes.total(), &mut noise);
                    size.add(&record);
                    records.push(record);
                }
            }
        }
    }

    fn invoke(&self, mb: u32, index: u32, noise: &mut Noise) -> InvocationRecord {
        let outcome = match () {
            () if self.needs_mb > mb => Outcome::OutOfMemory,
            () if (self.duration_ms)(mb) > f64::from(self.timeout_s) * 1000.0 => Outcome::Timeout,
            () if self.fails_one_in.is_some_and(|n| noise.next() < 1.0 / f64::from(n)) => Outcome::FunctionError,
            () => Outcome::Success,
        };
        let mut record = InvocationRecord::bare(mb, outcome);
        record.request_id = format!(
            "{:08x}-0000-4000-8000-{:012x}",
            self.seed,
            u64::from(mb) * 1000 + u64::from(index)
        );
        // Skewed to the right, as durations are, with a straggler now and then.
        let straggler = if noise.next() < 0.04 {
            1.0 + 6.0 * self.noise
        } else {
            1.0
        };
        let factor = (self.noise * (noise.normal() + 0.5 * noise.normal().abs())).exp() * straggler;
        let slow = match self.slow_one_in {
            Some((n, times)) if noise.next() < 1.0 / f64::from(n) => times,
            _ => 1.0,
        };
        let handler_ms = match outcome {
            Outcome::Timeout => f64::from(self.timeout_s) * 1000.0,
            _ => (self.duration_ms)(mb) * factor * slow,
        };
        let init_ms = (index == 0).then(|| round(self.init_ms * (1.0 + 0.05 * noise.normal()), 2));
        record.start = Some(if index == 0 { StartKind::Cold } else { StartKind::Warm });
        record.duration_ms = Some(round(handler_ms, 2));
        record.init_duration_ms = init_ms;
        record.billed_duration_ms = Some((handler_ms + init_ms.unwrap_or(0.0)).ceil() as u64);
        record.max_memory_used_mb = Some(self.needs_mb.min(mb));
        match outcome {
            Outcome::OutOfMemory => record.error_type = Some("Runtime.OutOfMemory".to_owned()),
            Outcome::FunctionError => {
                record.error_type = Some("Downstream.Unavailable".to_owned());
                record.error_message = Some("the service did not answer".to_owned());
            }
            _ => {}
        }
        record
    }
}

/// A price quote; the one place that knows which fields it has.
pub fn price(region: &str, currency: &str) -> PriceQuote {
    let quote = PriceTable::embedded().quote(region, Architecture::X86_64).unwrap();
    assert_eq!(
        quote.currency.code(),
        currency,
        "{region} is billed in another currency"
    );
    quote
}

/// What each example of the command line is expected to show, with its name, and what none of them does.
pub fn examples() -> Vec<(&'static str, Study)> {
    let simulated = |study: Study| Study {
        warnings: vec!["these figures are simulated; they stand in until the example is recorded".to_owned()],
        ..study
    };
    let made_up = |study: Study| Study {
        warnings: vec!["these figures are simulated, to show what the report makes of them".to_owned()],
        ..study
    };
    vec![
        ("adaptive", made_up(adaptive())),
        ("limit-not-met", made_up(limit_not_met())),
        ("bimodal", made_up(bimodal())),
        (
            "hash",
            simulated(Study {
                duration_ms: |mb| 0.4 + one_thread(mb, 212.0),
                monthly_invocations: Some(3e6),
                ..Study::local("hash", 11)
            }),
        ),
        (
            "parallel",
            simulated(Study {
                sizes: vec![256, 512, 1024, 1769, 2400, 3008, 3538, 5120],
                present_mb: 1024,
                duration_ms: |mb| 9.0 + 390.0 / (f64::from(mb) / 1769.0).min(2.0),
                objective: Objective::Speed,
                ..Study::local("parallel", 12)
            }),
        ),
        (
            "wait",
            simulated(Study {
                present_mb: 512,
                duration_ms: |_| 121.0,
                noise: 0.004,
                ..Study::local("wait", 13)
            }),
        ),
        (
            "memory",
            simulated(Study {
                sizes: vec![128, 256, 384, 512, 1024, 1769],
                needs_mb: 300,
                present_mb: 256,
                duration_ms: |mb| 3.0 + one_thread(mb, 96.0),
                ..Study::local("memory", 14)
            }),
        ),
        (
            "mixed",
            simulated(Study {
                sizes: vec![128, 192, 256, 512, 768, 1024, 1536, 1769, 3008],
                objective: Objective::Balanced { cost_weight: 0.5 },
                duration_ms: |mb| 55.0 + one_thread(mb, 64.0),
                monthly_invocations: Some(2.5e6),
                constraints: p95_at_most(600.0),
                ..Study::local("mixed", 15)
            }),
        ),
        (
            "flaky",
            simulated(Study {
                present_mb: 512,
                sizes: vec![128, 256, 512, 1024],
                duration_ms: |mb| 38.0 + one_thread(mb, 9.0),
                noise: 0.12,
                fails_one_in: Some(5),
                ..Study::local("flaky", 16)
            }),
        ),
        (
            "slow-init",
            simulated(Study {
                present_mb: 256,
                init_ms: 2_300.0,
                duration_ms: |mb| 5.0 + one_thread(mb, 21.0),
                ..Study::local("slow-init", 17)
            }),
        ),
    ]
}

/// The standard planner on a function that waits and works, and levels off: few invocations, a model and its knee.
pub fn adaptive() -> Study {
    Study {
        function: "arn:aws:lambda:eu-west-1:123456789012:function:thumbnail".to_owned(),
        preset: Preset::Thorough,
        present_mb: 512,
        sizes: vec![128, 10_240],
        objective: Objective::Speed,
        duration_ms: |mb| 48.0 + one_thread(mb, 160.0),
        noise: 0.04,
        monthly_invocations: Some(4e6),
        cold_share: 0.05,
        budget: Budget {
            invocations: Some(120),
            cost: Some(0.05),
            time_ms: Some(300_000),
        },
        seed: 21,
        ..Study::default()
    }
}

/// Nothing makes it as fast as it should be, at that price.
pub fn limit_not_met() -> Study {
    Study {
        function: "arn:aws:lambda:eu-west-1:123456789012:function:report-builder".to_owned(),
        preset: Preset::Standard,
        present_mb: 1024,
        sizes: vec![128, 10_240],
        duration_ms: |mb| 150.0 + one_thread(mb, 70.0),
        constraints: vec![
            Constraint::Duration {
                statistic: Statistic::P95,
                max_ms: 200.0,
            },
            Constraint::CostAboveCheapest { max_pct: 150.0 },
        ],
        seed: 22,
        ..Study::default()
    }
}

/// One of three invocations misses the cache and takes six times as long.
pub fn bimodal() -> Study {
    Study {
        function: "arn:aws:lambda:eu-west-1:123456789012:function:catalogue".to_owned(),
        present_mb: 256,
        sizes: vec![128, 256, 512, 1024, 1769],
        invocations: 25,
        duration_ms: |mb| 20.0 + one_thread(mb, 15.0),
        slow_one_in: Some((3, 6.0)),
        objective: Objective::Balanced { cost_weight: 0.5 },
        seed: 23,
        ..Study::default()
    }
}

fn round(x: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (x * unit).round() / unit
}

/// SplitMix64: the same numbers everywhere, for ever.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}
