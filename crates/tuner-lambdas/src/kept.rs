use serde::{Deserialize, Serialize};
use tuner_core::{ControlCalls, Tuning};
use tuner_engine::steps::{DOCUMENT, Restored};
use tuner_engine::{Context, TuningState};

use crate::failure::{Failed, named, of_store};

/// What one step of a tuning leaves for those after it, in the store.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    /// ARN of the execution.
    pub(crate) execution: String,
    pub(crate) state: TuningState,
    /// Whether the output is to hold every size's figures.
    pub(crate) include_output_results: bool,
    /// What putting the function back came to.
    pub(crate) restored: Option<Restored>,
    /// How often something was measured.
    #[serde(default)]
    pub(crate) rounds: u32,
    /// Rounds in which something was throttled: each after them takes half of the concurrency of the one before.
    #[serde(default)]
    pub(crate) throttled_rounds: u32,
    /// Such rounds, one after the other, in which nothing could be invoked at all.
    #[serde(default)]
    pub(crate) fruitless_rounds: u32,
    /// Why the recommendation was not applied, if it was to be.
    pub(crate) not_applied: Option<String>,
    /// The limited calls of this step that are counted in the state already, by the port's own count.
    #[serde(skip)]
    pub(crate) counted: ControlCalls,
}

const STATE: &str = "state.json";

impl Kept {
    pub(crate) async fn load(ctx: &Context) -> Failed<Option<Self>> {
        let bytes = ctx.store.get(STATE).await.map_err(|e| of_store(&e))?;
        bytes.as_deref().map(|bytes| parse(bytes, STATE)).transpose()
    }

    /// Counts the step's own limited calls so far.
    pub(crate) fn count_calls(&mut self, ctx: &Context) {
        let now = ctx.control.calls();
        self.state.control_calls += now - self.counted;
        self.counted = now;
    }

    pub(crate) async fn save(&mut self, ctx: &Context) -> Failed<()> {
        self.count_calls(ctx);
        ctx.store
            .put(STATE, &write(self)?)
            .await
            .map(drop)
            .map_err(|e| of_store(&e))
    }
}

pub(crate) async fn keep_document(ctx: &Context, tuning: &Tuning) -> Failed<()> {
    ctx.store
        .put(DOCUMENT, &write(tuning)?)
        .await
        .map(drop)
        .map_err(|e| of_store(&e))
}

pub(crate) async fn document(ctx: &Context) -> Failed<Tuning> {
    let bytes = ctx.store.get(DOCUMENT).await.map_err(|e| of_store(&e))?;
    let bytes = bytes.ok_or_else(|| named("Tuner.Store", "this tuning has not been analyzed yet"))?;
    parse(&bytes, DOCUMENT)
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Failed<T> {
    serde_json::from_slice(bytes).map_err(|e| named("Tuner.Store", format!("{what} in the store can't be read: {e}")))
}

fn write(value: &impl Serialize) -> Failed<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| named("Tuner.Store", e))
}
