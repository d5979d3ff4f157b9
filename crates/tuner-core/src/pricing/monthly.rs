use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Money, PriceQuote, PriceUnknown, PricedItem, SnapStartBilling};

/// What is free each month: per account, all regions of the partition and both architectures together. Not for
/// provisioned concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreeAllowance {
    /// Free invocations.
    pub requests_per_month: u64,
    /// Free GB-seconds of billed duration.
    pub gb_seconds_per_month: f64,
}

/// Whether the monthly free allowance is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FreeTier {
    /// It is not: other functions of the account use it up. The default.
    #[default]
    Exclude,
    /// All of it is.
    Include,
    /// What an earlier bill left of it is ([`MonthlyBill::free_tier_left`]): architectures and regions share one
    /// allowance.
    Remaining(FreeAllowance),
}

/// What a function uses in a month, in one region and architecture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MonthlyUsage {
    /// Invocations on demand; on average, so that there may be less than one.
    pub invocations: f64,
    /// Billed duration on demand: configured GB x billed seconds.
    pub gb_seconds: f64,
    /// Ephemeral storage above 512 MB during billed duration, on demand and provisioned; see
    /// [`ephemeral_storage_gb_seconds`](super::ephemeral_storage_gb_seconds).
    pub ephemeral_storage_gb_seconds: f64,
    /// What runs under provisioned concurrency.
    pub provisioned: Option<ProvisionedUsage>,
    /// What SnapStart caches and restores.
    pub snapstart: Option<SnapStartUsage>,
}

/// Use under provisioned concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProvisionedUsage {
    /// Configured GB x environments x seconds for which they are kept, used or not.
    pub allocated_gb_seconds: f64,
    /// Billed duration: configured GB x billed seconds.
    pub gb_seconds: f64,
    /// Invocations.
    pub invocations: f64,
}

/// Use of SnapStart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SnapStartUsage {
    /// Whether the runtime pays for it.
    pub billing: SnapStartBilling,
    /// Configured GB x seconds for which published versions exist (each at least 3 hours).
    pub cached_gb_seconds: f64,
    /// Configured GB x restored starts.
    pub restored_gb: f64,
}

/// What [`MonthlyUsage`] costs, by what it is charged for. All parts are of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MonthlyBill {
    /// Duration on demand, by volume tier.
    pub duration: Money,
    /// Invocations.
    pub requests: Money,
    /// Ephemeral storage above 512 MB.
    pub ephemeral_storage: Money,
    /// Provisioned concurrency: allocation and duration.
    pub provisioned_concurrency: Money,
    /// SnapStart cache and restores.
    pub snapstart: Money,
    /// Their sum.
    pub total: Money,
    /// What the free allowance still holds; `None` when it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_tier_left: Option<FreeAllowance>,
    /// Whether a price that went into it is derived.
    pub estimated: bool,
}

impl PriceQuote {
    /// What a month of `usage` costs.
    ///
    /// The free allowance goes off first. The rest walks through the volume tiers, each GB-second at the price of its
    /// tier, from [`volume_gb_seconds_per_month`](Self::volume_gb_seconds_per_month) on. Provisioned concurrency has
    /// one price at any volume.
    ///
    /// # Errors
    /// When something that is used has no known price, or the free tier is asked for where it is not known.
    pub fn monthly(&self, usage: &MonthlyUsage, free_tier: FreeTier) -> Result<MonthlyBill, PriceUnknown> {
        let allowance = match free_tier {
            FreeTier::Exclude => None,
            FreeTier::Remaining(left) => Some(left),
            FreeTier::Include => Some(self.free_tier.ok_or_else(|| self.unknown(PricedItem::FreeTier))?),
        };
        let used_gb_seconds = usage.gb_seconds.max(0.0);
        let used_requests = usage.invocations.max(0.0);
        let free_requests = allowance.map_or(0.0, |free| (free.requests_per_month as f64).min(used_requests));
        let free_gb_seconds = allowance.map_or(0.0, |free| free.gb_seconds_per_month.min(used_gb_seconds));
        let charged_gb_seconds = used_gb_seconds - free_gb_seconds;
        let provisioned = usage.provisioned.unwrap_or_default();
        let charged_requests = used_requests - free_requests + provisioned.invocations.max(0.0);

        let duration = self.money(
            self.gb_second
                .walk(self.volume_gb_seconds_per_month, charged_gb_seconds),
        );
        let requests = self.charge(self.request, PricedItem::Request, charged_requests)?;
        let ephemeral_storage = self.storage_charge(usage.ephemeral_storage_gb_seconds)?;
        let provisioned_concurrency = self.provisioned_charge(provisioned)?;
        let snapstart = usage
            .snapstart
            .map_or(Ok(self.money(0.0)), |used| self.snapstart_charge(used))?;
        let total = [
            duration,
            requests,
            ephemeral_storage,
            provisioned_concurrency,
            snapstart,
        ];
        Ok(MonthlyBill {
            duration,
            requests,
            ephemeral_storage,
            provisioned_concurrency,
            snapstart,
            total: self.money(total.iter().map(|part| part.amount).sum()),
            free_tier_left: allowance.map(|free| FreeAllowance {
                requests_per_month: free.requests_per_month - free_requests.ceil() as u64,
                gb_seconds_per_month: free.gb_seconds_per_month - free_gb_seconds,
            }),
            estimated: self.bill_is_estimated(usage, charged_gb_seconds, charged_requests),
        })
    }

    fn provisioned_charge(&self, used: ProvisionedUsage) -> Result<Money, PriceUnknown> {
        let allocated = self.charge(
            self.provisioned_concurrency_gb_second,
            PricedItem::ProvisionedConcurrency,
            used.allocated_gb_seconds,
        )?;
        let duration = self.charge(
            self.provisioned_duration_gb_second,
            PricedItem::ProvisionedDuration,
            used.gb_seconds,
        )?;
        Ok(self.money(allocated.amount + duration.amount))
    }

    fn snapstart_charge(&self, used: SnapStartUsage) -> Result<Money, PriceUnknown> {
        let cache = self.snapstart_cache_of(used.billing, used.cached_gb_seconds)?;
        let restore = self.snapstart_restore_of(used.billing, used.restored_gb)?;
        Ok(self.money(cache.amount + restore.amount))
    }

    fn bill_is_estimated(&self, usage: &MonthlyUsage, charged_gb_seconds: f64, charged_requests: f64) -> bool {
        let provisioned = usage.provisioned.unwrap_or_default();
        let snapstart = usage.snapstart.filter(|used| used.billing == SnapStartBilling::Charged);
        let used = [
            (self.request, charged_requests),
            (self.ephemeral_storage_gb_second, usage.ephemeral_storage_gb_seconds),
            (self.provisioned_concurrency_gb_second, provisioned.allocated_gb_seconds),
            (self.provisioned_duration_gb_second, provisioned.gb_seconds),
            (
                self.snapstart_cache_gb_second,
                snapstart.map_or(0.0, |used| used.cached_gb_seconds),
            ),
            (
                self.snapstart_restore_gb,
                snapstart.map_or(0.0, |used| used.restored_gb),
            ),
        ];
        let duration = charged_gb_seconds > 0.0
            && self
                .gb_second
                .walk_is_estimated(self.volume_gb_seconds_per_month, charged_gb_seconds);
        duration
            || used
                .iter()
                .any(|(price, amount)| *amount > 0.0 && price.is_some_and(|price| price.estimated))
    }
}
