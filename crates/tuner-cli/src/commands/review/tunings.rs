//! The tunings that a review asks for: in this process, or by the service.

use std::sync::Arc;

use tuner_core::pricing::PriceTable;
use tuner_core::review::Tuned;
use tuner_core::tuning::MeasuringEnvironment;
use tuner_core::{FunctionName, Payloads};
use tuner_engine::driver::{self, Setting};
use tuner_engine::execution::{Defaults, ExecutionInput, PayloadSource};
use tuner_engine::ports::LogSource;
use tuner_engine::review::TuningToStart;
use tuner_engine::{Backoff, CancellationToken, Context, Prices, SystemClock, TuningRequest, steps};
use tuner_report::Options;

use crate::commands::out_folder::OutFolder;
use crate::commands::plan::{self, Known, Place};
use crate::commands::service::{self, Job};
use crate::error::CliError;
use crate::payload;
use crate::progress::Progress;
use crate::reach::Reach;
use crate::states_arn::StateMachineArn;

/// What tunings of a review share.
pub(super) struct Bench<'a> {
    /// Goes where a function's ARN says.
    pub(super) reach: &'a Reach,
    pub(super) prices: &'a PriceTable,
    pub(super) progress: &'a Arc<Progress>,
    pub(super) cancel: &'a CancellationToken,
    /// Where the review's files go.
    pub(super) folder: &'a OutFolder,
    /// Tunes in place of this process.
    pub(super) machine: Option<&'a StateMachineArn>,
}

/// A tuning of which all is known that its plan says.
pub(super) struct Prepared {
    /// As the review calls it.
    pub(super) function: FunctionName,
    request: TuningRequest,
    payloads: Payloads,
    known: Known,
    /// The input of an execution.
    input: String,
}

impl Bench<'_> {
    /// Reads what is to be done, the payload and the function as it is. Changes nothing.
    pub(super) async fn prepare(&self, tuning: &TuningToStart) -> Result<Prepared, CliError> {
        let input = tuning.input.get().to_owned();
        let ExecutionInput { request, payload, .. } =
            ExecutionInput::parse(&input, &Defaults::default()).map_err(|e| {
                CliError::usage(format!("what is registered for {} is no tuning", tuning.function)).cause(e)
            })?;
        let payloads = match &payload {
            PayloadSource::None => Payloads::single("{}"),
            PayloadSource::Inline(text) => Payloads::parse(text, "the registry").map_err(payload::error)?,
            // The service reads it itself, with permissions of its own.
            PayloadSource::S3(_) if self.machine.is_some() => Payloads::single("{}"),
            PayloadSource::S3(object) => {
                let own = self.reach.lambda(request.function.region(), None).await;
                payload::from_s3(object, &own.objects()).await?
            }
        };
        let role = request.options.role_arn.as_deref();
        let lambda = Arc::new(self.reach.lambda(request.function.region(), role).await.lambda());
        let known = match self.machine {
            Some(machine) => plan::look_if_allowed(&request, &lambda, Place::of(machine), self.reach).await?,
            None => plan::look(&request, &lambda, self.reach).await?,
        };
        let mut request = request;
        known.told(&mut request);
        Ok(Prepared {
            function: tuning.function.clone(),
            request,
            payloads,
            known,
            input,
        })
    }

    /// What is going to be done, in words.
    pub(super) fn plan(&self, prepared: &Prepared) -> String {
        plan::describe(&prepared.request, &prepared.payloads, &prepared.known, self.prices)
    }

    /// Tunes one function. What fails is a row of the review and does not stop the others.
    pub(super) async fn tune(&self, prepared: Prepared) -> Tuned {
        let tuned = match self.machine {
            Some(machine) => self.by_service(prepared, machine).await,
            None => self.here(prepared).await,
        };
        self.progress.forget_sizes();
        tuned.unwrap_or_else(|error| self.failed(&error))
    }

    /// The row of a tuning that came to nothing; said, too.
    pub(super) fn failed(&self, error: &CliError) -> Tuned {
        let reason = error.in_a_line();
        self.progress.say(&reason);
        Tuned::failed(reason)
    }

    async fn by_service(&self, prepared: Prepared, machine: &StateMachineArn) -> Result<Tuned, CliError> {
        let job = Job {
            request: prepared.request,
            machine: machine.clone(),
            reach: self.reach.clone(),
            input: prepared.input,
        };
        let (tuning, page) = service::tune(&job, self.progress, self.cancel).await?;
        Ok(Tuned::of(&tuning, Some(page)))
    }

    async fn here(&self, prepared: Prepared) -> Result<Tuned, CliError> {
        let Prepared {
            function,
            request,
            payloads,
            ..
        } = prepared;
        let there = request.function.region();
        let connection = self.reach.lambda(there, request.options.role_arn.as_deref()).await;
        let own = self.reach.lambda(there, None).await;
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
            reports: None,
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
            .map_err(|failure| crate::commands::results::failed(&request, &failure))?
            .tuning;
        let written = steps::report(&store, &tuned, &Options::default()).await;
        let report = match written {
            Ok([_, _, page]) => Some(page),
            Err(error) => {
                self.progress
                    .say(&format!("the report of {function} could not be written: {error}"));
                None
            }
        };
        Ok(Tuned::of(&tuned, report))
    }
}
