//! Whatever bytes a log holds, reading it does not panic and does not take long.

mod mutations;

use mutations::{Random, mutated, read, seeds, slow_shapes};

#[test]
fn changed_logs_are_read() {
    let (seeds, mut random) = (seeds(), Random(11));
    for seed in &seeds {
        read(seed, &mut random);
    }
    for _ in 0..300 {
        read(&mutated(&seeds, &mut random), &mut random);
    }
}

/// A megabyte of each is handed on at most four times; before there was a bound it was up to a thousand times.
#[test]
fn slow_shapes_are_not_slow() {
    for (name, shape) in slow_shapes(1 << 20) {
        let counts = read(&shape, &mut Random(1));
        assert!(counts.handed <= 4 * shape.len() as u64, "{name}: {counts:?}");
    }
}
