//! The settings of a function that a tuning leaves alone: compared, to notice what somebody else changed, and never shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a deployment may change beside code, memory size and description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// `Runtime`.
    Runtime,
    /// `Handler`.
    Handler,
    /// `Timeout`.
    Timeout,
    /// `Environment`: names and values together.
    Variables,
    /// `Layers`.
    Layers,
    /// `Role`.
    Role,
    /// `VpcConfig`.
    Network,
    /// `Architectures`.
    Architecture,
    /// `EphemeralStorage`.
    EphemeralStorage,
    /// `FileSystemConfigs`.
    FileSystems,
    /// `DeadLetterConfig`.
    DeadLetters,
    /// `KMSKeyArn`.
    Key,
    /// `TracingConfig`.
    Tracing,
    /// `PackageType`.
    PackageType,
    /// `ImageConfigResponse`.
    Image,
    /// `LoggingConfig`.
    Logging,
    /// `SnapStart`.
    SnapStart,
    /// `DurableConfig`.
    Durable,
    /// `TenancyConfig`.
    Tenancy,
}

/// The settings of a function. As they were read they are in memory only, since variables are secrets often enough; what is
/// written of them are SHA-256 digests of their canonical JSON, with a key of their own, so that those of two tunings cannot be
/// compared. Values are made of named fields by the adapter: a digest means the same whatever version of an SDK reads them.
#[derive(Clone)]
pub struct Settings {
    key: Uuid,
    form: Form,
}

#[derive(Clone)]
enum Form {
    /// Canonical JSON.
    Read(BTreeMap<Setting, String>),
    /// Digests, in hexadecimal digits.
    Kept(BTreeMap<Setting, String>),
}

impl Settings {
    /// As they were read.
    pub fn read(values: impl IntoIterator<Item = (Setting, Value)>) -> Self {
        let mut settings = Self::default();
        for (setting, value) in values {
            settings.insert(setting, value);
        }
        settings
    }

    /// Replaces one.
    pub fn insert(&mut self, setting: Setting, mut value: Value) {
        value.sort_all_objects();
        let text = value.to_string();
        match &mut self.form {
            Form::Read(values) => values.insert(setting, text),
            Form::Kept(digests) => digests.insert(setting, digest(self.key, setting, &text)),
        };
    }

    /// Those that are not what they are in `other`. Two that were both written, each with its own key, cannot be compared: all of
    /// them count as changed.
    pub fn differing(&self, other: &Self) -> Vec<Setting> {
        let (ours, theirs) = match (&self.form, &other.form) {
            (Form::Read(ours), Form::Read(theirs)) => (ours.clone(), theirs.clone()),
            (Form::Kept(ours), Form::Kept(_)) if self.key != other.key => return ours.keys().copied().collect(),
            (Form::Kept(_), _) => (self.digests(self.key), other.digests(self.key)),
            (_, Form::Kept(_)) => (self.digests(other.key), other.digests(other.key)),
        };
        let all: BTreeSet<Setting> = ours.keys().chain(theirs.keys()).copied().collect();
        all.into_iter()
            .filter(|setting| ours.get(setting) != theirs.get(setting))
            .collect()
    }

    fn digests(&self, key: Uuid) -> BTreeMap<Setting, String> {
        match &self.form {
            Form::Kept(digests) => digests.clone(),
            Form::Read(values) => values
                .iter()
                .map(|(&setting, text)| (setting, digest(key, setting, text)))
                .collect(),
        }
    }
}

/// The name is part of it: equal values of two settings are not seen to be equal.
fn digest(key: Uuid, setting: Setting, text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(key.as_bytes());
    hasher.update(format!("{setting:?}\0{text}"));
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            key: Uuid::new_v4(),
            form: Form::Read(BTreeMap::new()),
        }
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.differing(other).is_empty()
    }
}

impl Eq for Settings {}

/// Names alone: values are nobody's business.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Form::Read(values) | Form::Kept(values)) = &self.form;
        f.debug_set().entries(values.keys()).finish()
    }
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    key: Uuid,
    digests: BTreeMap<Setting, String>,
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            key: self.key,
            digests: self.digests(self.key),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { key, digests } = Written::deserialize(deserializer)?;
        Ok(Self {
            key,
            form: Form::Kept(digests),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(memory_of_variables: &str) -> Settings {
        Settings::read([
            (Setting::Handler, json!("app.handler")),
            (
                Setting::Variables,
                json!({ "TABLE": "orders", "SECRET": memory_of_variables }),
            ),
        ])
    }

    #[test]
    fn what_is_written_holds_no_value_and_is_still_compared() {
        let read = settings("hunter2");
        let written = serde_json::to_string(&read).unwrap();
        assert!(!written.contains("hunter2") && !written.contains("orders"), "{written}");
        assert!(!format!("{read:?}").contains("hunter2"));
        let kept: Settings = serde_json::from_str(&written).unwrap();
        assert_eq!(kept, read);
        assert_eq!(kept, settings("hunter2"));
        assert_eq!(settings("other").differing(&kept), [Setting::Variables]);
        // Written once more they are what they were.
        assert_eq!(serde_json::to_string(&kept).unwrap(), written);
        assert_ne!(
            serde_json::to_string(&settings("hunter2")).unwrap(),
            written,
            "each with a key of its own"
        );
    }

    #[test]
    fn the_order_of_keys_does_not_count() {
        let other = Settings::read([
            (Setting::Variables, json!({ "SECRET": "hunter2", "TABLE": "orders" })),
            (Setting::Handler, json!("app.handler")),
        ]);
        assert_eq!(other, settings("hunter2"));
    }

    /// Computed apart from this code: a state of before is compared with what is read today.
    #[test]
    fn what_was_written_once_is_understood_for_ever() {
        let kept: Settings = serde_json::from_value(json!({
            "key": "0199a3c4-5b1e-7cc2-8f00-1234567890ab",
            "digests": {
                "handler": "f3dba838df58813f59f13071dbfd605639f3063687ec8c2e80d3df50879d5662",
                "variables": "14f52cb8539619f9693564aeb0b1adc45a882ee8fbd25d53175db471551fb17a",
            },
        }))
        .unwrap();
        assert_eq!(kept.differing(&settings("hunter2")), []);
    }

    #[test]
    fn two_that_were_written_apart_count_as_changed() {
        let kept = |settings: Settings| -> Settings {
            serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap()
        };
        assert_ne!(kept(settings("a")), kept(settings("a")));
    }
}
