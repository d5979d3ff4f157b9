use tuner_engine::ports::{PortError, PortErrorKind, Setting};

use super::Function;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call fails and has no effect.
    Before(PortErrorKind),
    /// The call has its effect, and fails all the same.
    After(PortErrorKind),
    /// No answer, and the effect comes some calls later.
    Late {
        /// How many calls later.
        calls: u32,
    },
    /// Somebody else changes the function just before.
    Foreign(Foreign),
    /// Somebody asks to stop just before the call.
    CancelBefore,
    /// Somebody asks to stop while the call is under way.
    CancelAfter,
    /// The process ends before the call.
    CrashBefore,
    /// The process ends when the call had its effect.
    CrashAfter,
}

/// What somebody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    Code,
    Memory,
    Description,
    Variables,
    Settings,
    /// As the platform may: nothing but the revision.
    RevisionOnly,
    /// Publishes what there is.
    Publish,
    /// Points alias `live` to version 3.
    MoveAlias,
    DeleteFunction,
}

/// At which calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    At(u32),
    From(u32),
}

impl When {
    pub const fn includes(self, call: u32) -> bool {
        match self {
            Self::At(n) => call == n,
            Self::From(n) => call >= n,
        }
    }
}

/// Memory size that somebody else sets; none that a test measures.
pub const FOREIGN_MB: u32 = 777;

impl Foreign {
    /// Does it to the function.
    pub fn act(self, slot: &mut Option<Function>) {
        let Some(function) = slot else { return };
        self.change(function);
        if self == Self::DeleteFunction {
            *slot = None;
        }
    }

    /// The change alone, on a function as it would be without a tuning.
    pub fn change(self, function: &mut Function) {
        let latest = &mut function.latest;
        match self {
            Self::Code => latest.code_sha256 = Some("code-2".to_owned()),
            Self::Memory => latest.memory_size_mb = FOREIGN_MB,
            Self::Description => latest.description = "their words".to_owned(),
            Self::Variables => {
                latest
                    .variables
                    .get_or_insert_default()
                    .insert("THEIRS".to_owned(), "1".to_owned());
            }
            Self::Settings => {
                latest.settings.insert(Setting::Handler, "other".into());
            }
            Self::MoveAlias => {
                let alias = function.aliases.get_mut("live").unwrap();
                (alias.version, alias.revision) = (3, alias.revision + 1);
                return;
            }
            Self::RevisionOnly | Self::DeleteFunction => {}
            Self::Publish => {
                let revision = latest.revision_id.clone();
                // In the middle of an update Lambda refuses them.
                let _ = function.publish("", &revision);
                return;
            }
        }
        function.touch();
    }
}

pub fn error(kind: PortErrorKind, operation: &'static str) -> PortError {
    PortError::new(kind, operation, "injected")
}
