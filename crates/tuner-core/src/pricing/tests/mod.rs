//! Tests across the parts of this module; those of one part are beside it.

mod bulk_list;
mod collected_figures;
mod costs;
mod laws;
mod price_file;
mod unknown;

use super::{PriceQuote, PriceTable};
use crate::Architecture;

fn quote(region: &str, architecture: Architecture) -> PriceQuote {
    PriceTable::embedded().quote(region, architecture).unwrap()
}

#[track_caller]
fn assert_close(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() <= 1e-12 * expected.abs().max(1e-3),
        "{actual} is not {expected}"
    );
}
