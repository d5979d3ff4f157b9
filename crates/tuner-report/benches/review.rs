//! How long the views of a review of 2,000 functions take. The page must stay under a second.

#[path = "../tests/common/reviews.rs"]
mod reviews;

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use tuner_report::{Format, Options, render_review};

fn views(c: &mut Criterion) {
    let review = reviews::many(2000);
    let mut group = c.benchmark_group("review of 2,000 functions");
    group.sample_size(10);
    for format in Format::ALL {
        group.bench_function(format.as_str(), |b| {
            b.iter(|| {
                let mut out = Vec::new();
                render_review(format, black_box(&review), &Options::default(), &mut out).map(|()| out)
            });
        });
    }
}

criterion_group!(benches, views);
criterion_main!(benches);
