//! Reviews a simulated account of known truth and prints how well the findings meet it.
//!
//! `cargo run -p tuner-core --example account -- [FUNCTIONS] [--truth | --review]`; `--truth` prints the labels as JSON instead,
//! `--review` the document.
#![allow(
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a program of its own: nobody depends on it"
)]

mod score;
mod simulated;

use simulated::Account;
use tuner_core::pricing::PriceTable;
use tuner_core::review::{Fallback, MemoryReview};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let functions = arguments
        .iter()
        .find(|argument| !argument.starts_with('-'))
        .map_or(Ok(2_000), |n| n.parse())?;
    let account = Account::new(functions, 5_000, 1);
    if arguments.iter().any(|argument| argument == "--truth") {
        let labels: Vec<_> = account
            .functions
            .iter()
            .map(|f| serde_json::json!({"function": f, "findings": f.truth()}))
            .collect();
        println!("{}", serde_json::to_string_pretty(&labels)?);
        return Ok(());
    }
    let prices = PriceTable::embedded();
    let before = MemoryReview::new(account.month_before().gathered(), prices, Fallback::default(), None);
    let review = MemoryReview::new(account.gathered(), prices, Fallback::default(), Some(&before));
    if arguments.iter().any(|argument| argument == "--review") {
        println!("{}", serde_json::to_string(&review)?);
        return Ok(());
    }
    println!("{}", score::Scores::of(&review, &account));
    Ok(())
}
