//! The tunings that a review asks for, in this process.

use std::sync::Arc;

use tuner_core::Payloads;
use tuner_core::pricing::PriceTable;
use tuner_core::review::Tuned;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_engine::driver::{self, Setting};
use tuner_engine::execution::{Defaults, ExecutionInput, PayloadSource};
use tuner_engine::ports::LogSource;
use tuner_engine::review::TuningToStart;
use tuner_engine::{Backoff, CancellationToken, Context, Prices, SystemClock, steps};

use crate::commands::out_folder::OutFolder;
use crate::error::CliError;
use crate::payload;
use crate::progress::Progress;
use crate::reach::Reach;

/// What tunings of a review share.
pub(super) struct Bench<'a> {
    pub(super) reach: &'a Reach,
    pub(super) prices: &'a PriceTable,
    pub(super) progress: &'a Arc<Progress>,
    pub(super) cancel: &'a CancellationToken,
    /// Where the review's files go.
    pub(super) folder: &'a OutFolder,
}

/// The function and the sizes that it is measured at.
pub(super) fn described(tuning: &TuningToStart) -> String {
    match input(tuning) {
        Ok(input) => {
            let sizes: Vec<String> = input
                .request
                .memory_sizes
                .iter()
                .map(|size| size.mb().to_string())
                .collect();
            format!("{} at {} MB", tuning.function, sizes.join(", "))
        }
        Err(error) => format!("{}: {}", tuning.function, error.in_a_line()),
    }
}

fn input(tuning: &TuningToStart) -> Result<ExecutionInput, CliError> {
    ExecutionInput::parse(tuning.input.get(), &Defaults::default())
        .map_err(|e| CliError::usage(format!("what is registered for {} is no tuning", tuning.function)).cause(e))
}

impl Bench<'_> {
    /// Tunes one function. What fails is a row of the review and does not stop the others.
    pub(super) async fn tune(&self, tuning: &TuningToStart) -> Tuned {
        match self.try_tune(tuning).await {
            Ok(tuned) => tuned,
            Err(error) => {
                let reason = error.in_a_line();
                self.progress.say(&reason);
                Tuned::failed(reason)
            }
        }
    }

    async fn try_tune(&self, tuning: &TuningToStart) -> Result<Tuned, CliError> {
        let ExecutionInput { request, payload, .. } = input(tuning)?;
        let there = request.function.region();
        let connection = self.reach.lambda(there, request.role_arn.as_deref()).await;
        let own = self.reach.lambda(there, None).await;
        let payloads = match &payload {
            PayloadSource::None => Payloads::single("{}"),
            PayloadSource::Inline(text) => Payloads::parse(text, "the registry").map_err(payload::error)?,
            PayloadSource::S3(object) => payload::from_s3(object, &own.objects()).await?,
        };
        let lambda = Arc::new(connection.lambda());
        // A function of one region may have the name of another's.
        let name = format!("{}-{}", there.unwrap_or("function"), request.function.name());
        let store = self.folder.store.within("tunings").within(&name);
        let records = store.within(&format!("records-{}", uuid::Uuid::now_v7().simple()));
        let ctx = Context {
            control: lambda.clone(),
            invoker: lambda,
            processors: Arc::new(own.anywhere()),
            logs: Some(Arc::new(connection.logs()) as Arc<dyn LogSource>),
            tunings: None,
            store: Arc::new(records),
            clock: Arc::new(SystemClock),
            observer: self.progress.clone(),
            cancel: self.cancel.clone(),
            backoff: Backoff::default(),
            hand_back_at: None,
        };
        let setting = Setting {
            prices: Prices {
                table: self.prices,
                instead_of_region: None,
            },
            environment: MeasuringEnvironment::Aws,
        };
        let tuned = driver::run(&ctx, &request, &payloads, setting)
            .await
            .map_err(|failure| crate::commands::results::failed(&request, &failure))?;
        let written = steps::report(&store, &tuned).await;
        let report = match written {
            Ok([_, _, page]) => Some(page),
            Err(error) => {
                self.progress.say(&format!(
                    "the report of {} could not be written: {error}",
                    tuning.function
                ));
                None
            }
        };
        Ok(Tuned::of(&tuned, report))
    }
}
