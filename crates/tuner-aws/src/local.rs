//! What a local Lambda says besides what Lambda says: in headers, which are in no type of the SDK.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::de::DeserializeOwned;

/// With the answer to Invoke: a [`LocalReading`](tuner_core::LocalReading).
pub(crate) const READING: &str = "x-tuner-local-reading";
/// With the answer to GetFunction: a [`MeasuringEnvironment`](tuner_core::tuning::MeasuringEnvironment).
pub(crate) const ENVIRONMENT: &str = "x-tuner-local-environment";

/// Keeps one header of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    name: &'static str,
    value: Arc<Mutex<Option<String>>>,
}

impl Header {
    pub(crate) fn of(name: &'static str) -> Self {
        Self {
            name,
            value: Arc::default(),
        }
    }

    /// What it held, if it was there and can be read.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_str(value.as_deref()?).ok()
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Header {
    fn name(&self) -> &'static str {
        "what a local Lambda says"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let value = context.response().headers().get(self.name).map(str::to_owned);
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = value;
        Ok(())
    }
}
