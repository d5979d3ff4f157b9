//! The steps of a memory review.

fn main() -> Result<(), lambda_runtime::Error> {
    tuner_lambdas::review()
}
