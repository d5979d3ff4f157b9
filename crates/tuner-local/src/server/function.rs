//! One function: its unpublished version, its published ones, and what becomes of changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::alias::Alias;
use super::code::Code;
use super::error::ApiError;
use super::name::Place;
use super::settings::Settings;
use super::snapshot::Snapshot;

/// A change that Lambda is still carrying out.
#[derive(Debug)]
pub(super) struct Change {
    until: Instant,
    /// What invocations still run meanwhile; none while the function is being created.
    pub(super) before: Option<Arc<Snapshot>>,
}

#[derive(Debug)]
pub(super) struct Version {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) revision_id: String,
    pub(super) last_modified: String,
    pub(super) active_from: Instant,
}

/// What PublishVersion may insist on.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PublishRequest {
    revision_id: Option<String>,
    code_sha256: Option<String>,
    description: Option<String>,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) latest: Arc<Snapshot>,
    pub(super) revision_id: String,
    pub(super) last_modified: String,
    pub(super) change: Option<Change>,
    pub(super) versions: BTreeMap<u64, Version>,
    /// The number of the last version published and the snapshot of `$LATEST` that it was published from.
    published: Option<(u64, Arc<Snapshot>)>,
    last_number: u64,
    pub(super) aliases: BTreeMap<String, Alias>,
    pub(super) reserved_concurrency: Option<u32>,
    pub(super) in_flight: u32,
    pub(super) tags: BTreeMap<String, String>,
}

impl Function {
    /// A function that becomes active `delay` after `now`.
    pub(super) fn new(name: String, settings: Settings, code: Arc<Code>, now: Instant, delay: Duration) -> Self {
        Self {
            latest: Snapshot::new(&name, None, settings, code),
            name,
            revision_id: new_revision(),
            last_modified: timestamp(),
            change: Some(Change {
                until: now + delay,
                before: None,
            }),
            versions: BTreeMap::new(),
            published: None,
            last_number: 0,
            aliases: BTreeMap::new(),
            reserved_concurrency: None,
            in_flight: 0,
            tags: BTreeMap::new(),
        }
    }

    /// Completes a change whose time has come. As on Lambda, that gives `$LATEST` a new RevisionId.
    ///
    /// Returns the snapshot that nothing runs any more.
    pub(super) fn settle(&mut self, now: Instant) -> Option<Arc<Snapshot>> {
        let change = self.change.take_if(|change| change.until <= now)?;
        self.revision_id = new_revision();
        change.before
    }

    /// Makes the change under way complete at `now`.
    pub(super) fn hasten(&mut self, now: Instant) {
        if let Some(change) = &mut self.change {
            change.until = now;
        }
    }

    /// Refuses while a change is under way, or when `revision_id` is not the current one.
    fn may_change(&self, place: &Place, revision_id: Option<&str>) -> Result<(), ApiError> {
        match &self.change {
            Some(Change { before: None, .. }) => return Err(pending()),
            Some(_) => {
                return Err(ApiError::conflict(format!(
                    "The operation cannot be performed at this time. An update is in progress for resource: {}",
                    place.arn(&self.name)
                )));
            }
            None => {}
        }
        match revision_id {
            Some(given) if given != self.revision_id => Err(ApiError::stale_revision()),
            _ => Ok(()),
        }
    }

    /// Replaces settings, code or both, which takes until `now + delay`.
    pub(super) fn update(
        &mut self,
        place: &Place,
        revision_id: Option<&str>,
        now: Instant,
        delay: Duration,
        make: impl FnOnce(&Snapshot) -> Result<(Settings, Arc<Code>), ApiError>,
    ) -> Result<(), ApiError> {
        self.may_change(place, revision_id)?;
        let (settings, code) = make(&self.latest)?;
        let new = Snapshot::new(&self.name, None, settings, code);
        let before = std::mem::replace(&mut self.latest, new);
        self.change = Some(Change {
            until: now + delay,
            before: Some(before),
        });
        self.revision_id = new_revision();
        self.last_modified = timestamp();
        Ok(())
    }

    /// Publishes `$LATEST`, unless it equals what was published last. Publishing gives `$LATEST` a new RevisionId.
    pub(super) fn publish(
        &mut self,
        place: &Place,
        request: PublishRequest,
        now: Instant,
        delay: Duration,
    ) -> Result<u64, ApiError> {
        self.may_change(place, request.revision_id.as_deref())?;
        if let Some(given) = request.code_sha256
            && given != self.latest.code.sha256
        {
            return Err(ApiError::invalid(format!(
                "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the \
                 CodeSHA256 in $LATEST.",
                self.latest.code.sha256
            )));
        }
        if let Some((number, from)) = &self.published
            && from.settings == self.latest.settings
            && from.code.sha256 == self.latest.code.sha256
            && self.versions.contains_key(number)
        {
            return Ok(*number);
        }
        let mut settings = self.latest.settings.clone();
        if let Some(description) = request.description {
            super::rules::at_most("description", &description, 256)?;
            settings.description = description;
        }
        self.last_number += 1;
        let number = self.last_number;
        let version = Version {
            snapshot: Snapshot::new(&self.name, Some(number), settings, Arc::clone(&self.latest.code)),
            revision_id: new_revision(),
            last_modified: timestamp(),
            active_from: now + delay,
        };
        self.versions.insert(number, version);
        self.published = Some((number, Arc::clone(&self.latest)));
        self.revision_id = new_revision();
        Ok(number)
    }

    /// What an invocation of `$LATEST` or a version runs now.
    pub(super) fn runnable(
        &self,
        place: &Place,
        version: Option<u64>,
        now: Instant,
    ) -> Result<Arc<Snapshot>, ApiError> {
        match version {
            None => match &self.change {
                Some(Change { before: None, .. }) => Err(pending()),
                Some(Change {
                    before: Some(before), ..
                }) => Ok(Arc::clone(before)),
                None => Ok(Arc::clone(&self.latest)),
            },
            Some(number) => {
                let version = self.version(place, number)?;
                if version.active_from > now {
                    Err(pending())
                } else {
                    Ok(Arc::clone(&version.snapshot))
                }
            }
        }
    }

    pub(super) fn version(&self, place: &Place, number: u64) -> Result<&Version, ApiError> {
        self.versions
            .get(&number)
            .ok_or_else(|| ApiError::function_not_found(&place.qualified_arn(&self.name, &number.to_string())))
    }

    /// Every snapshot that may have execution environments.
    pub(super) fn snapshots(&self) -> impl Iterator<Item = &Arc<Snapshot>> {
        let before = self.change.as_ref().and_then(|change| change.before.as_ref());
        std::iter::once(&self.latest)
            .chain(before)
            .chain(self.versions.values().map(|v| &v.snapshot))
    }
}

fn pending() -> ApiError {
    ApiError::conflict(
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    )
}

pub(super) fn new_revision() -> String {
    Uuid::new_v4().to_string()
}

fn timestamp() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%3f+0000")
        .to_string()
}
