//! How long the views take. The picture must stay under 5 ms.

#[path = "../tests/common/mod.rs"]
mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use tuner_report::{Format, Options, render};

fn views(c: &mut Criterion) {
    let sizes = (1..=10).map(|i| 128 * i * i).filter(|mb| *mb <= 10_240).collect();
    let tuning = common::Study {
        sizes,
        invocations: 50,
        ..common::Study::default()
    }
    .run();
    for format in Format::ALL {
        c.bench_function(format.as_str(), |b| {
            b.iter(|| {
                let mut out = Vec::new();
                render(format, black_box(&tuning), &Options::default(), &mut out).map(|()| out)
            });
        });
    }
}

criterion_group!(benches, views);
criterion_main!(benches);
