use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::FunctionName;

/// What the reader can do about something that went wrong, or was left behind.
///
/// It is said in words where the reader is known: somebody with the command line is told flags, somebody in the console the
/// fields of an execution's input and the parameters of the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Remedy {
    /// Check the function's name, region and account.
    CheckFunction,
    /// Allow what was denied.
    Allow {
        /// The action, such as `lambda:PublishVersion`.
        action: String,
    },
    /// Allow that the role is taken on which the request names.
    AllowRole,
    /// Give credentials, and a region.
    SignIn,
    /// Make fewer invocations at the same time.
    LowerConcurrency,
    /// Check the way to the endpoints of AWS.
    CheckNetwork,
    /// Leave out the larger memory sizes, or have the account's quota raised.
    LeaveOutLargerSizes,
    /// Ask for memory sizes from the floor on, or accept failures below it.
    StayAboveFloor {
        /// The smallest size that may be used, in MB.
        floor_mb: u32,
    },
    /// Say that $LATEST is meant as it is, or deploy what the alias runs.
    ConfirmLatest,
    /// Wait for the other tuning; if it was broken off, put the function back.
    WaitOrRestore {
        /// The function.
        function: FunctionName,
    },
    /// Put the function back: its configuration, and the versions that tunings left.
    Restore {
        /// The function.
        function: FunctionName,
    },
    /// Delete a version that was published to apply a recommendation, and is not used.
    DeleteApplied {
        /// The function.
        function: FunctionName,
        /// The tuning whose recommendation it was.
        tuning_id: Uuid,
    },
    /// Tune again when no deployment is under way.
    TuneAgain,
    /// Shorten the function's description.
    ShortenDescription {
        /// To so many characters, or fewer.
        characters: u32,
    },
    /// Keep the files elsewhere, or make room for them.
    ChangeStore,
    /// Give prices that the tool does not have.
    GivePrices {
        /// Whether AWS publishes a list that has them.
        published: bool,
    },
    /// Name the regions to review.
    NameRegions,
    /// Say which memory sizes to measure.
    NameSizes,
}

impl Remedy {
    /// Adds `more` to `all`, each remedy once.
    pub fn add(all: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        for remedy in more {
            if !all.contains(&remedy) {
                all.push(remedy);
            }
        }
    }
}
