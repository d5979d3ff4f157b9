use std::fmt;

use super::Partition;
use crate::{Architecture, Remedy};

/// A price that is not known. It is never replaced by another region's, nor by zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceUnknown {
    /// The table has no prices for the region.
    #[error("{}", region_message(.region, *.exists))]
    Region {
        /// As asked for.
        region: String,
        /// Whether it is a region of AWS whose figures are not public or not collected; otherwise it may be misspelt.
        exists: bool,
    },
    /// The table knows the region, but not what this architecture costs there.
    #[error("the price of {architecture} in region `{region}` is not known")]
    Architecture {
        /// As asked for.
        region: String,
        /// As asked for.
        architecture: Architecture,
    },
    /// One figure that the calculation needs is not known.
    #[error("the {figure} price in region `{region}` is not known")]
    Figure {
        /// As asked for.
        region: String,
        /// What is missing.
        figure: PricedItem,
    },
}

impl PriceUnknown {
    /// What the reader can do about it.
    pub fn remedy(&self) -> Option<Remedy> {
        let (Self::Region { region, .. } | Self::Architecture { region, .. } | Self::Figure { region, .. }) = self;
        Some(Remedy::GivePrices {
            published: Partition::of_region(region) != Partition::AwsIso,
        })
    }
}

fn region_message(region: &str, exists: bool) -> String {
    let why = match (exists, Partition::of_region(region)) {
        (true, Partition::AwsIso) => format!("AWS publishes none for {}", Partition::AwsIso),
        (true, _) => "the region exists, but no figure was found".to_owned(),
        (false, _) => "the price table has no such region; check the spelling".to_owned(),
    };
    format!("prices in region `{region}` are not known: {why}")
}

/// What AWS puts a price on, as far as a function's memory size bears on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PricedItem {
    /// One invocation.
    Request,
    /// A GB-second of `/tmp` above 512 MB.
    EphemeralStorage,
    /// A GB-second of provisioned concurrency, allocated.
    ProvisionedConcurrency,
    /// A GB-second of duration under provisioned concurrency.
    ProvisionedDuration,
    /// A GB-second of a cached snapshot.
    SnapStartCache,
    /// A GB restored from a snapshot.
    SnapStartRestore,
    /// The monthly free allowance of the partition.
    FreeTier,
    /// A state transition of a Standard workflow of Step Functions.
    StateTransition,
    /// A GB ingested by CloudWatch Logs.
    LogIngest,
}

impl fmt::Display for PricedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::EphemeralStorage => "ephemeral storage",
            Self::ProvisionedConcurrency => "provisioned concurrency",
            Self::ProvisionedDuration => "provisioned duration",
            Self::SnapStartCache => "SnapStart cache",
            Self::SnapStartRestore => "SnapStart restore",
            Self::FreeTier => "free tier",
            Self::StateTransition => "Step Functions state transition",
            Self::LogIngest => "CloudWatch Logs ingestion",
        })
    }
}
