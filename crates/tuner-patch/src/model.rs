//! What all tools have in common: functions, and where their values are written.

use std::fmt;

use crate::name::{Known, Pattern};
use crate::span::Span;

/// The processor's instruction set, in the word of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// `x86_64`.
    X86_64,
    /// `arm64`.
    Arm64,
}

impl Arch {
    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// One value that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wanted {
    /// In MB.
    Memory(u32),
    /// In seconds.
    Timeout(u32),
    /// The architecture.
    Arch(Arch),
}

impl Wanted {
    /// As it is written in most tools.
    pub fn text(self) -> String {
        match self {
            Self::Memory(number) | Self::Timeout(number) => number.to_string(),
            Self::Arch(arch) => arch.word().to_owned(),
        }
    }

    /// Whether `text` is this value already.
    pub(crate) fn is(self, text: &str) -> bool {
        match self {
            Self::Memory(number) | Self::Timeout(number) => {
                let text = text.trim();
                text.parse() == Ok(number) || text.parse::<f64>().is_ok_and(|value| value == f64::from(number))
            }
            Self::Arch(arch) => text.trim() == arch.word(),
        }
    }

    /// Whether `text` is a value of this kind at all, so that replacing it says the same in another amount.
    pub(crate) fn is_kind_of(self, text: &str) -> bool {
        match self {
            Self::Memory(_) | Self::Timeout(_) => text
                .trim()
                .parse::<f64>()
                .is_ok_and(|value| value >= 0.0 && value.fract() == 0.0),
            Self::Arch(_) => matches!(text.trim(), "x86_64" | "arm64"),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(size) => write!(f, "{size} MB"),
            Self::Timeout(seconds) => write!(f, "a time-out of {seconds} s"),
            Self::Arch(arch) => f.write_str(arch.word()),
        }
    }
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Tool {
    Terraform,
    CloudFormation,
    Serverless,
    Cdk,
    Pulumi,
    Sst,
    Amplify,
    Chalice,
    Zappa,
    Architect,
    CargoLambda,
    DotnetLambda,
    Lambroll,
    Ansible,
}

impl Tool {
    /// The tool's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::CloudFormation => "CloudFormation",
            Self::Serverless => "Serverless Framework",
            Self::Cdk => "CDK",
            Self::Pulumi => "Pulumi",
            Self::Sst => "SST",
            Self::Amplify => "Amplify",
            Self::Chalice => "Chalice",
            Self::Zappa => "Zappa",
            Self::Architect => "Architect",
            Self::CargoLambda => "cargo lambda",
            Self::DotnetLambda => "Amazon.Lambda.Tools",
            Self::Lambroll => "lambroll",
            Self::Ansible => "Ansible",
        }
    }

    /// Memory, time-out and architecture where nothing is written. SST, Amplify and Zappa say other than the service.
    pub(crate) const fn default(self, wanted: Wanted) -> Option<Wanted> {
        Some(match (self, wanted) {
            (Self::Serverless | Self::Sst, Wanted::Memory(_)) => Wanted::Memory(1024),
            (Self::Serverless, Wanted::Timeout(_)) => Wanted::Timeout(6),
            (Self::Amplify | Self::Zappa, Wanted::Memory(_)) => Wanted::Memory(512),
            (Self::Sst, Wanted::Timeout(_)) => Wanted::Timeout(20),
            (Self::Zappa, Wanted::Timeout(_)) => Wanted::Timeout(30),
            // What these do where nothing is written depends on the version or on what is deployed.
            (
                Self::Architect
                | Self::Chalice
                | Self::DotnetLambda
                | Self::Lambroll
                | Self::CargoLambda
                | Self::Ansible,
                _,
            ) => return None,
            (_, Wanted::Memory(_)) => Wanted::Memory(128),
            (_, Wanted::Timeout(_)) => Wanted::Timeout(3),
            (_, Wanted::Arch(_)) => Wanted::Arch(Arch::X86_64),
        })
    }
}

/// Which function is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The name that AWS has.
    pub function: String,
    /// The tag `aws:cloudformation:logical-id`.
    pub logical_id: Option<String>,
    /// The tag `aws:cloudformation:stack-name`.
    pub stack: Option<String>,
    /// `FILE`, `FOLDER` or `FILE#ADDRESS` below the folder.
    pub source: Option<String>,
}

/// Bytes to be put in the place of others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Splice {
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// A place that matters, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Note {
    pub(crate) span: Span,
    pub(crate) what: String,
}

impl Note {
    pub(crate) fn new(span: Span, what: impl Into<String>) -> Self {
        Self {
            span,
            what: what.into(),
        }
    }
}

/// What stands in the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The value that is wanted.
    Same(Span),
    /// Another value; this splice makes it the one that is wanted.
    Other(Splice),
    /// Nothing is written for this function.
    Absent,
    /// An expression, a condition, something that only the deployment knows.
    Unclear(Vec<Note>),
}

/// One property followed to where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traced {
    pub(crate) found: Found,
    /// Others that take the same value.
    pub(crate) users: Vec<Note>,
    /// How this function gets a value of its own; none where its tool has no such thing here.
    pub(crate) own: Option<Splice>,
    /// Rules of the tree that forbid the new value.
    pub(crate) rules: Vec<Note>,
}

impl Traced {
    pub(crate) const fn new(found: Found) -> Self {
        Self {
            found,
            users: Vec::new(),
            own: None,
            rules: Vec::new(),
        }
    }

    pub(crate) fn unclear(span: Span, what: impl Into<String>) -> Self {
        Self::new(Found::Unclear(vec![Note::new(span, what)]))
    }

    pub(crate) fn own(self, own: Option<Splice>) -> Self {
        Self { own, ..self }
    }
}

/// How sure it is that a definition is the function that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// The name says nothing: it may be any function.
    Any,
    /// The name has holes.
    Open,
    /// The whole name, or the tags.
    Sure,
}

/// A definition that can be the function.
pub(crate) struct Candidate<'a> {
    pub(crate) tool: Tool,
    /// As its tool would name it: `aws_lambda_function.orders`.
    pub(crate) address: String,
    /// Where it is defined.
    pub(crate) at: Span,
    pub(crate) certainty: Certainty,
    /// Follows a property to its place.
    pub(crate) trace: Box<dyn Fn(Wanted) -> Traced + 'a>,
}

impl Candidate<'_> {
    /// How sure a name is; none where it is another's.
    pub(crate) fn certainty(pattern: &Pattern, name: &str) -> Option<(Certainty, Known)> {
        let fit = pattern.fits(name)?;
        let certainty = if fit.exact {
            Certainty::Sure
        } else if pattern.says_something() {
            Certainty::Open
        } else {
            Certainty::Any
        };
        Some((certainty, fit.known))
    }
}
