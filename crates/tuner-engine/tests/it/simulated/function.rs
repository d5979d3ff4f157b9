use std::collections::BTreeMap;

use tuner_core::{Architecture, FunctionName};
use tuner_engine::marker::{MAX_DESCRIPTION, MAX_VARIABLES_BYTES, Marker, version_owner};
use tuner_engine::ports::{
    AliasPointer, ConfigurationChange, FunctionConfiguration, FunctionState, PortError, PortErrorKind as Kind, Setting,
    Settings, UpdateStatus, VersionInfo,
};
use uuid::Uuid;

/// Where Lambda's behaviour is not documented, or differs by function.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Reads that still say InProgress after an update.
    pub polls_per_update: u32,
    /// Whether the revision moves once more when an update is done.
    pub moves_when_done: bool,
    /// Whether publishing moves the revision of `$LATEST`.
    pub publishing_moves: bool,
    /// Whether another description makes PublishVersion publish although nothing else changed.
    pub description_counts: bool,
    /// Reads that say Pending after a version was published.
    pub polls_per_version: u32,
    /// Largest memory size of the account, in MB.
    pub memory_quota_mb: u32,
    /// Whether the caller may not read the environment variables.
    pub variables_hidden: bool,
    /// Memory size at which published versions never come up, in MB.
    pub broken_version_mb: Option<u32>,
    /// Memory size at which updates end as Failed, in MB.
    pub broken_update_mb: Option<u32>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            polls_per_update: 1,
            moves_when_done: true,
            publishing_moves: true,
            description_counts: true,
            polls_per_version: 0,
            memory_quota_mb: 10_240,
            variables_hidden: false,
            broken_version_mb: None,
            broken_update_mb: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub version: u64,
    pub weighted: bool,
    pub revision: u64,
}

/// What a tuning must leave as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub memory_size_mb: u32,
    pub description: String,
    pub variables: Option<BTreeMap<String, String>>,
    pub code: Option<String>,
    pub settings: Settings,
    pub versions: BTreeMap<u64, (String, u32)>,
    pub aliases: BTreeMap<String, Alias>,
}

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    pub latest: FunctionConfiguration,
    pub versions: BTreeMap<u64, FunctionConfiguration>,
    pub aliases: BTreeMap<String, Alias>,
    pub rules: Rules,
    pending: BTreeMap<String, u32>,
    last_version: u64,
    revisions: u64,
}

impl Function {
    pub fn new(memory_size_mb: u32) -> Self {
        Self {
            latest: FunctionConfiguration {
                arn: "arn:aws:lambda:eu-west-1:123456789012:function:resize".parse().unwrap(),
                version: "$LATEST".to_owned(),
                memory_size_mb,
                timeout_s: 30,
                description: "resizes images".to_owned(),
                revision_id: "r0".to_owned(),
                code_sha256: Some("code-1".to_owned()),
                architecture: Architecture::X86_64,
                runtime: Some("provided.al2023".to_owned()),
                ephemeral_storage_mb: 512,
                variables: Some(BTreeMap::from([("BUCKET".to_owned(), "images".to_owned())])),
                snap_start: false,
                json_logs: false,
                reports_hidden: false,
                log_group: "/aws/lambda/resize".to_owned(),
                untunable: None,
                state: FunctionState::Active,
                update_status: UpdateStatus::Successful,
                settings: Settings::read([(Setting::Handler, "main".into())]),
            },
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            rules: Rules::default(),
            pending: BTreeMap::new(),
            last_version: 0,
            revisions: 0,
        }
    }

    /// With versions 1 to 3 of the user, the aliases `live` and `RAM128`, and version 4 deleted.
    pub fn with_history(mut self) -> Self {
        for mb in [128, 512, 1024, 2048] {
            self.last_version += 1;
            self.versions.insert(
                self.last_version,
                FunctionConfiguration {
                    version: self.last_version.to_string(),
                    description: format!("release {mb}"),
                    memory_size_mb: mb,
                    code_sha256: Some("code-0".to_owned()),
                    ..self.latest.clone()
                },
            );
        }
        self.versions.remove(&4);
        for (name, version) in [("live", 2), ("RAM128", 1)] {
            self.aliases.insert(
                name.to_owned(),
                Alias {
                    version,
                    weighted: false,
                    revision: 0,
                },
            );
        }
        self
    }

    /// As [`with_history`](Self::with_history), and alias `live` runs what `$LATEST` is, at its memory size.
    pub fn deployed(self) -> Self {
        let mut function = self.with_history();
        let live = function.versions.get_mut(&2).unwrap();
        *live = FunctionConfiguration {
            version: "2".to_owned(),
            description: "release".to_owned(),
            ..function.latest.clone()
        };
        function
    }

    pub fn facts(&self) -> Facts {
        Facts {
            memory_size_mb: self.latest.memory_size_mb,
            description: self.latest.description.clone(),
            variables: self.latest.variables.clone(),
            code: self.latest.code_sha256.clone(),
            settings: self.latest.settings.clone(),
            versions: self
                .versions
                .iter()
                .map(|(&n, v)| (n, (v.description.clone(), v.memory_size_mb)))
                .collect(),
            aliases: self.aliases.clone(),
        }
    }

    /// Gives `$LATEST` another revision.
    pub fn touch(&mut self) {
        self.revisions += 1;
        self.latest.revision_id = format!("r{}", self.revisions);
    }

    /// The version a qualifier names.
    pub fn resolve(&self, function: &FunctionName) -> Option<&FunctionConfiguration> {
        match function.qualifier() {
            None | Some("$LATEST") => Some(&self.latest),
            Some(q) => {
                let number = q.parse().ok().or_else(|| self.aliases.get(q).map(|a| a.version))?;
                self.versions.get(&number)
            }
        }
    }

    pub fn read(&mut self, function: &FunctionName) -> Result<FunctionConfiguration, PortError> {
        let mut found = self
            .resolve(function)
            .cloned()
            .ok_or_else(|| PortError::new(Kind::NotFound, "GetFunction", "Function not found"))?;
        if let Some(left) = self.pending.get_mut(&found.version) {
            if found.version == "$LATEST" {
                found.update_status = UpdateStatus::InProgress;
            } else {
                found.state = FunctionState::Pending;
            }
            *left -= 1;
            if *left == 0 {
                self.pending.remove(&found.version);
                if found.version == "$LATEST" && self.rules.moves_when_done {
                    self.touch();
                }
            }
        }
        if self.rules.variables_hidden {
            found.variables = None;
        }
        Ok(found)
    }

    fn guard(&self, operation: &'static str, revision_id: &str) -> Result<(), PortError> {
        if self.pending.contains_key("$LATEST") {
            return Err(PortError::new(
                Kind::Conflict,
                operation,
                "The operation cannot be performed at this time. An update is in progress",
            ));
        }
        if revision_id != self.latest.revision_id {
            return Err(PortError::new(
                Kind::Precondition,
                operation,
                "The Revision Id provided does not match the latest Revision Id",
            ));
        }
        Ok(())
    }

    pub fn update(
        &mut self,
        change: &ConfigurationChange,
        revision_id: &str,
    ) -> Result<FunctionConfiguration, PortError> {
        let refuse = |kind, why: &str| Err(PortError::new(kind, "UpdateFunctionConfiguration", why));
        self.guard("UpdateFunctionConfiguration", revision_id)?;
        if change.description.chars().count() > MAX_DESCRIPTION {
            return refuse(Kind::Invalid, "description is longer than 256");
        }
        if let Some(variables) = &change.variables {
            let bytes: usize = variables.iter().map(|(n, v)| n.len() + v.len()).sum();
            if bytes > MAX_VARIABLES_BYTES {
                return refuse(Kind::Invalid, "environment variables exceed 4 KB");
            }
        }
        if change.memory_size_mb > self.rules.memory_quota_mb {
            return refuse(
                Kind::MemoryQuota,
                "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008",
            );
        }
        self.latest.memory_size_mb = change.memory_size_mb;
        self.latest.description = change.description.clone();
        if let Some(variables) = &change.variables {
            self.latest.variables = Some(variables.clone());
        }
        self.latest.update_status = if self.rules.broken_update_mb == Some(change.memory_size_mb) {
            UpdateStatus::Failed("InternalError: KMS key is disabled".to_owned())
        } else {
            UpdateStatus::Successful
        };
        self.touch();
        if self.rules.polls_per_update > 0 {
            self.pending.insert("$LATEST".to_owned(), self.rules.polls_per_update);
        }
        Ok(self.latest.clone())
    }

    pub fn publish(&mut self, description: &str, revision_id: &str) -> Result<VersionInfo, PortError> {
        self.guard("PublishVersion", revision_id)?;
        let description = match description {
            "" => self.latest.description.clone(),
            given => given.to_owned(),
        };
        if let Some(last) = self.versions.values().next_back()
            && last.memory_size_mb == self.latest.memory_size_mb
            && last.same_settings(&self.latest)
            && last.variables == self.latest.variables
            && (!self.rules.description_counts || last.description == description)
        {
            return Ok(info(last));
        }
        self.last_version += 1;
        let version = FunctionConfiguration {
            version: self.last_version.to_string(),
            description,
            state: match self.rules.broken_version_mb {
                Some(mb) if mb == self.latest.memory_size_mb => {
                    FunctionState::Failed("the snapshot could not be made".to_owned())
                }
                _ => FunctionState::Active,
            },
            ..self.latest.clone()
        };
        if self.rules.polls_per_version > 0 {
            self.pending
                .insert(version.version.clone(), self.rules.polls_per_version);
        }
        if self.rules.publishing_moves {
            self.touch();
        }
        let made = VersionInfo {
            active: self.rules.polls_per_version == 0 && version.state == FunctionState::Active,
            ..info(&version)
        };
        self.versions.insert(self.last_version, version);
        Ok(made)
    }

    /// Tunings that have left something on the function.
    pub fn owners(&self) -> Vec<Uuid> {
        let marked = Marker::read(&self.latest.description, self.latest.variables.as_ref());
        let versions = self.versions.values().filter_map(|v| version_owner(&v.description));
        marked
            .map(|(mark, _)| mark.tuning_id)
            .into_iter()
            .chain(versions)
            .collect()
    }

    pub fn list(&self) -> Vec<VersionInfo> {
        let info = |version: &FunctionConfiguration| VersionInfo {
            active: !self.pending.contains_key(&version.version),
            ..info(version)
        };
        self.versions.values().map(info).collect()
    }

    pub fn delete(&mut self, version: u64) -> Result<(), PortError> {
        let refuse = |kind, why: String| Err(PortError::new(kind, "DeleteFunction", why));
        if let Some((name, _)) = self.aliases.iter().find(|(_, a)| a.version == version) {
            return refuse(Kind::InUse, format!("alias {name} refers to it"));
        }
        if self.pending.contains_key(&version.to_string()) {
            return refuse(Kind::Conflict, "the version is being made".to_owned());
        }
        match self.versions.remove(&version) {
            Some(_) => Ok(()),
            None => refuse(Kind::NotFound, "Function not found".to_owned()),
        }
    }

    pub fn alias(&self, alias: &str) -> Option<AliasPointer> {
        self.aliases.get(alias).map(|a| AliasPointer {
            version: a.version.to_string(),
            revision_id: a.revision.to_string(),
            weighted: a.weighted,
        })
    }

    pub fn create_alias(&mut self, alias: &str, version: u64) -> Result<(), PortError> {
        if !self.versions.contains_key(&version) {
            return Err(PortError::new(Kind::NotFound, "CreateAlias", "Function not found"));
        }
        if self.aliases.contains_key(alias) {
            return Err(PortError::new(Kind::Conflict, "CreateAlias", "Alias already exists"));
        }
        self.aliases.insert(
            alias.to_owned(),
            Alias {
                version,
                weighted: false,
                revision: 0,
            },
        );
        Ok(())
    }

    pub fn update_alias(&mut self, alias: &str, version: u64, revision_id: &str) -> Result<(), PortError> {
        let refuse = |kind, why| Err(PortError::new(kind, "UpdateAlias", why));
        if !self.versions.contains_key(&version) {
            return refuse(Kind::NotFound, "Function not found");
        }
        match self.aliases.get_mut(alias) {
            None => refuse(Kind::NotFound, "Alias not found"),
            Some(a) if a.revision.to_string() != revision_id => refuse(Kind::Precondition, "stale revision"),
            Some(a) => {
                a.version = version;
                a.revision += 1;
                Ok(())
            }
        }
    }
}

fn info(version: &FunctionConfiguration) -> VersionInfo {
    VersionInfo {
        version: version.version.parse().unwrap(),
        description: version.description.clone(),
        memory_size_mb: version.memory_size_mb,
        active: version.state == FunctionState::Active && version.update_status == UpdateStatus::Successful,
    }
}
