//! The functions of the account and the quotas they share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alias::Alias;
use super::code::Code;
use super::configuration::FunctionConfiguration;
use super::error::{ApiError, ThrottleReason};
use super::function::{Function, PublishRequest};
use super::name::{Place, Qualifier, Target, is_word};
use super::settings::{Changes, Settings};
use super::snapshot::Snapshot;

pub(super) struct Account {
    pub(super) place: Place,
    pub(super) concurrency_limit: u32,
    memory_quota_mb: u32,
    update_delay: Duration,
    pub(super) functions: BTreeMap<String, Function>,
    /// Snapshots whose execution environments are to be ended; taken by the pool after each call.
    pub(super) retired: Vec<Arc<Snapshot>>,
}

/// An invocation that was let in.
pub(super) struct Admitted {
    pub(super) snapshot: Arc<Snapshot>,
    /// As the caller named it: with the qualifier, if there was one.
    pub(super) invoked_arn: String,
}

impl Account {
    pub(super) fn new(place: Place, concurrency_limit: u32, memory_quota_mb: u32, update_delay: Duration) -> Self {
        Self {
            place,
            concurrency_limit,
            memory_quota_mb,
            update_delay,
            functions: BTreeMap::new(),
            retired: Vec::new(),
        }
    }

    /// The role of functions that were given none.
    pub(super) fn default_role(&self) -> String {
        let lambda = self.place.arn("");
        let partition = lambda.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:iam::{}:role/tuner-local", self.place.account_id)
    }

    /// The function, its change completed if its time has come.
    pub(super) fn function(&mut self, name: &str, now: Instant) -> Result<&mut Function, ApiError> {
        let function = self
            .functions
            .get_mut(name)
            .ok_or_else(|| ApiError::function_not_found(&self.place.arn(name)))?;
        if let Some(before) = function.settle(now) {
            before.retire();
            self.retired.push(before);
        }
        Ok(function)
    }

    /// The function as the last call left it, even if its change could be completed by now.
    pub(super) fn function_unsettled(&mut self, name: &str) -> Result<&mut Function, ApiError> {
        self.functions
            .get_mut(name)
            .ok_or_else(|| ApiError::function_not_found(&self.place.arn(name)))
    }

    pub(super) fn describe(&mut self, target: &Target, now: Instant) -> Result<FunctionConfiguration, ApiError> {
        let place = self.place.clone();
        let function = self
            .function(&target.name, now)
            .map_err(|_| ApiError::function_not_found(&arn(&place, target)))?;
        function.describe(&place, target.qualifier.as_ref(), now)
    }

    pub(super) fn create(
        &mut self,
        name: &str,
        settings: &Settings,
        changes: Changes,
        code: Code,
        now: Instant,
    ) -> Result<&mut Function, ApiError> {
        if !is_word(name) || name.len() > 64 {
            return Err(ApiError::constraint(
                "functionName",
                name,
                "have length less than or equal to 64 and satisfy regular expression pattern: [a-zA-Z0-9-_]+",
            ));
        }
        if self.functions.contains_key(name) {
            return Err(ApiError::conflict(format!("Function already exist: {name}")));
        }
        let settings = settings.changed(changes, self.memory_quota_mb)?;
        let function = Function::new(name.to_owned(), settings, Arc::new(code), now, self.update_delay);
        Ok(self.functions.entry(name.to_owned()).or_insert(function))
    }

    pub(super) fn update_settings(&mut self, name: &str, mut changes: Changes, now: Instant) -> Result<(), ApiError> {
        let (place, delay, quota) = (self.place.clone(), self.update_delay, self.memory_quota_mb);
        let revision = changes.revision_id.take();
        self.function(name, now)?
            .update(&place, revision.as_deref(), now, delay, |latest| {
                Ok((latest.settings.changed(changes, quota)?, Arc::clone(&latest.code)))
            })
    }

    pub(super) fn update_code(
        &mut self,
        name: &str,
        revision_id: Option<&str>,
        changes: Changes,
        code: Code,
        now: Instant,
    ) -> Result<(), ApiError> {
        let (place, delay, quota) = (self.place.clone(), self.update_delay, self.memory_quota_mb);
        self.function(name, now)?
            .update(&place, revision_id, now, delay, |latest| {
                Ok((latest.settings.changed(changes, quota)?, Arc::new(code)))
            })
    }

    pub(super) fn publish(&mut self, name: &str, request: PublishRequest, now: Instant) -> Result<u64, ApiError> {
        let (place, delay) = (self.place.clone(), self.update_delay);
        self.function(name, now)?.publish(&place, request, now, delay)
    }

    /// Deletes a version, or the function as a whole.
    pub(super) fn delete(&mut self, target: &Target, now: Instant) -> Result<(), ApiError> {
        let place = self.place.clone();
        let function = self.function(&target.name, now)?;
        match &target.qualifier {
            None => {
                let gone: Vec<_> = function.snapshots().cloned().collect();
                gone.iter().for_each(|snapshot| snapshot.retire());
                self.retired.extend(gone);
                self.functions.remove(&target.name);
                Ok(())
            }
            Some(Qualifier::Latest) => Err(ApiError::invalid(
                "$LATEST version cannot be deleted without deleting the function.",
            )),
            Some(Qualifier::Alias(_)) => Err(ApiError::invalid("Deletion of aliases is not currently supported.")),
            Some(Qualifier::Version(number)) => {
                function.version(&place, *number)?;
                let aliases: Vec<&str> = function
                    .aliases
                    .iter()
                    .filter(|(_, a)| a.refers_to(*number))
                    .map(|(n, _)| n.as_str())
                    .collect();
                if !aliases.is_empty() {
                    return Err(ApiError::conflict(format!(
                        "Unable to delete version because the following aliases reference it: [{}]",
                        aliases.join(", ")
                    )));
                }
                if let Some(version) = function.versions.remove(number) {
                    version.snapshot.retire();
                    self.retired.push(version.snapshot);
                }
                Ok(())
            }
        }
    }

    /// Whether `target` could be invoked, concurrency aside.
    pub(super) fn check(&mut self, target: &Target, now: Instant) -> Result<(), ApiError> {
        self.runnable(target, now, |alias| alias.version).map(|_| ())
    }

    /// What the next invocation of `target` runs; the alias in between takes note of it.
    pub(super) fn find(&mut self, target: &Target, now: Instant) -> Result<Arc<Snapshot>, ApiError> {
        self.runnable(target, now, Alias::route)
    }

    fn runnable(
        &mut self,
        target: &Target,
        now: Instant,
        route: impl FnOnce(&mut Alias) -> Option<u64>,
    ) -> Result<Arc<Snapshot>, ApiError> {
        let place = self.place.clone();
        // Invoke reports a missing version or alias as a missing function, with its qualifier.
        let not_found = || ApiError::function_not_found(&arn(&place, target));
        let function = self.function(&target.name, now).map_err(|_| not_found())?;
        let version = match &target.qualifier {
            None | Some(Qualifier::Latest) => None,
            Some(Qualifier::Version(number)) => Some(*number),
            Some(Qualifier::Alias(name)) => route(function.aliases.get_mut(name).ok_or_else(not_found)?),
        };
        function.runnable(&place, version, now)
    }

    /// Lets an invocation in, if concurrency allows; [`Account::leave`] must follow.
    pub(super) fn enter(&mut self, target: &Target, now: Instant) -> Result<Admitted, ApiError> {
        let snapshot = self.find(target, now)?;
        let unreserved_in_flight: u32 = self
            .functions
            .values()
            .filter(|f| f.reserved_concurrency.is_none())
            .map(|f| f.in_flight)
            .sum();
        let unreserved = self.unreserved_concurrency();
        let function = self.function(&target.name, now)?;
        match function.reserved_concurrency {
            Some(reserved) if function.in_flight >= reserved => {
                return Err(ApiError::throttled(
                    ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded,
                ));
            }
            None if unreserved_in_flight >= unreserved => {
                return Err(ApiError::throttled(ThrottleReason::ConcurrentInvocationLimitExceeded));
            }
            _ => function.in_flight += 1,
        }
        Ok(Admitted {
            snapshot,
            invoked_arn: arn(&self.place, target),
        })
    }

    /// An invocation that was let in has ended.
    pub(super) fn leave(&mut self, name: &str) {
        if let Some(function) = self.functions.get_mut(name) {
            function.in_flight = function.in_flight.saturating_sub(1);
        }
    }

    /// The account's limit less what functions have reserved.
    pub(super) fn unreserved_concurrency(&self) -> u32 {
        let reserved = self.functions.values().filter_map(|f| f.reserved_concurrency).sum();
        self.concurrency_limit.saturating_sub(reserved)
    }

    /// Lambda keeps 100 of the account's concurrency for functions that reserve none; all of it in small accounts.
    pub(super) fn reserve(&mut self, name: &str, executions: i64, now: Instant) -> Result<u32, ApiError> {
        let old = self.function(name, now)?.reserved_concurrency.unwrap_or(0);
        let Ok(wanted) = u32::try_from(executions) else {
            return Err(ApiError::constraint(
                "reservedConcurrentExecutions",
                executions,
                "have value greater than or equal to 0",
            ));
        };
        let least = self.concurrency_limit.min(100);
        let left = (self.unreserved_concurrency().saturating_add(old)).checked_sub(wanted);
        if wanted > 0 && left.is_none_or(|left| left < least) {
            return Err(ApiError::invalid(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [{least}]."
            )));
        }
        self.function(name, now)?.reserved_concurrency = Some(wanted);
        Ok(wanted)
    }
}

fn arn(place: &Place, target: &Target) -> String {
    match &target.qualifier {
        Some(qualifier) => place.qualified_arn(&target.name, &qualifier.to_string()),
        None => place.arn(&target.name),
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
