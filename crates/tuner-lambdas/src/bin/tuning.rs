//! The steps of a tuning.

fn main() -> Result<(), lambda_runtime::Error> {
    tuner_lambdas::tuning()
}
