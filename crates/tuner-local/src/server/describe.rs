//! A function as callers see it.

use std::time::Instant;

use super::configuration::{
    EnvironmentResponse, EphemeralStorage, FunctionConfiguration, LastUpdateStatus, SnapStart, State,
};
use super::error::ApiError;
use super::function::{Change, Function};
use super::name::{Place, Qualifier};
use super::snapshot::Snapshot;

impl Function {
    /// The function as shown for `qualifier`; the ARN carries what was asked for.
    pub(super) fn describe(
        &self,
        place: &Place,
        qualifier: Option<&Qualifier>,
        now: Instant,
    ) -> Result<FunctionConfiguration, ApiError> {
        let number = match qualifier {
            None | Some(Qualifier::Latest) => None,
            Some(Qualifier::Version(number)) => Some(*number),
            Some(Qualifier::Alias(alias)) => self.alias(place, alias)?.version,
        };
        let mut shown = match number {
            None => {
                let mut shown = show(place, &self.latest, &self.revision_id, &self.last_modified);
                match &self.change {
                    Some(Change { before: None, .. }) => {
                        shown.state = Some(State::Pending);
                        shown.state_reason = Some("The function is being created.");
                        shown.state_reason_code = Some("Creating");
                        // Lambda says so too, though nothing was updated.
                        shown.last_update_status = Some(LastUpdateStatus::InProgress);
                    }
                    Some(_) => {
                        shown.last_update_status = Some(LastUpdateStatus::InProgress);
                        shown.last_update_status_reason = Some("The function is being updated.");
                        shown.last_update_status_reason_code = Some("Updating");
                    }
                    None => {}
                }
                shown
            }
            Some(number) => {
                let version = self.version(place, number)?;
                let mut shown = show(place, &version.snapshot, &version.revision_id, &version.last_modified);
                if version.active_from > now {
                    shown.state = Some(State::Pending);
                    shown.state_reason = Some("The function is being created.");
                    shown.state_reason_code = Some("Creating");
                }
                shown
            }
        };
        if let Some(qualifier) = qualifier {
            shown.function_arn = place.qualified_arn(&self.name, &qualifier.to_string());
        }
        Ok(shown)
    }

    /// `$LATEST` and every version as lists show them: without state, with qualified ARNs.
    pub(super) fn listed(&self, place: &Place) -> Vec<FunctionConfiguration> {
        let latest = std::iter::once(show(place, &self.latest, &self.revision_id, &self.last_modified));
        let versions = self
            .versions
            .values()
            .map(|v| show(place, &v.snapshot, &v.revision_id, &v.last_modified));
        latest
            .chain(versions)
            .map(|mut shown| {
                shown.function_arn = place.qualified_arn(&self.name, &shown.version);
                unlisted(&mut shown);
                shown
            })
            .collect()
    }

    /// `$LATEST` as ListFunctions shows it.
    pub(super) fn listed_latest(&self, place: &Place) -> FunctionConfiguration {
        let mut shown = show(place, &self.latest, &self.revision_id, &self.last_modified);
        unlisted(&mut shown);
        shown
    }
}

fn unlisted(shown: &mut FunctionConfiguration) {
    shown.state = None;
    shown.last_update_status = None;
}

fn show(place: &Place, snapshot: &Snapshot, revision_id: &str, last_modified: &str) -> FunctionConfiguration {
    let settings = &snapshot.settings;
    let mut logging_config = settings.logging.clone();
    logging_config.log_group = Some(snapshot.log_group());
    FunctionConfiguration {
        function_name: snapshot.function.clone(),
        function_arn: place.arn(&snapshot.function),
        runtime: settings.runtime.clone(),
        role: settings.role.clone(),
        handler: settings.handler.clone(),
        code_size: snapshot.code.size,
        description: settings.description.clone(),
        timeout: settings.timeout_seconds,
        memory_size: settings.memory_size_mb,
        last_modified: last_modified.to_owned(),
        code_sha256: snapshot.code.sha256.clone(),
        version: snapshot.version_text(),
        environment: (!settings.variables.is_empty()).then(|| EnvironmentResponse {
            variables: settings.variables.clone(),
        }),
        revision_id: revision_id.to_owned(),
        state: Some(State::Active),
        state_reason: None,
        state_reason_code: None,
        last_update_status: Some(LastUpdateStatus::Successful),
        last_update_status_reason: None,
        last_update_status_reason_code: None,
        package_type: "Zip",
        architectures: [settings.architecture.clone()],
        ephemeral_storage: EphemeralStorage {
            size: settings.ephemeral_storage_mb,
        },
        logging_config,
        snap_start: SnapStart {
            apply_on: "None",
            optimization_status: "Off",
        },
        kept: settings.kept.clone(),
    }
}
