//! Lambda's runtimes, by what starts them.

/// What starts the functions of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// With the minor version of Python 3.
    Python(Option<u32>),
    /// With the major version of Node.
    Node(Option<u32>),
    Java,
    Ruby,
    DotNet,
    /// A program named `bootstrap`, or Go's old runtime.
    Provided,
}

impl Family {
    /// By the identifier that Lambda spells.
    pub(crate) fn of(runtime: &str) -> Option<Self> {
        if let Some(version) = runtime.strip_prefix("python") {
            return Some(Self::Python(version.strip_prefix("3.").and_then(|v| v.parse().ok())));
        }
        if let Some(version) = runtime.strip_prefix("nodejs") {
            return Some(Self::Node(version.split('.').next().and_then(|v| v.parse().ok())));
        }
        match runtime {
            r if r.starts_with("java") => Some(Self::Java),
            r if r.starts_with("ruby") => Some(Self::Ruby),
            r if r.starts_with("dotnet") => Some(Self::DotNet),
            r if r.starts_with("provided") || r.starts_with("go1") => Some(Self::Provided),
            _ => None,
        }
    }
}
