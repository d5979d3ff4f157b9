//! AWS's runtime clients: which versions, and what stands in for their compiled parts.

/// The version of `awslambdaric` for a minor version of Python; none is named for those that it was not made for.
/// <https://pypi.org/project/awslambdaric/#history>
pub(super) fn python(minor: u32) -> &'static str {
    match minor {
        8 => "awslambdaric==2.2.1",
        9 => "awslambdaric==4.0.4",
        10..=14 => "awslambdaric==4.2.2",
        _ => "awslambdaric",
    }
}

/// <https://www.npmjs.com/package/aws-lambda-ric?activeTab=versions>
pub(super) const NODE_PACKAGE: &str = "aws-lambda-ric@4.0.2";
/// The module that `awslambdaric` imports.
pub(super) const PYTHON_PART: &str = include_str!("runtime_client.py");
/// What `aws-lambda-ric` requires.
pub(super) const NODE_PART: &str = include_str!("rapid_client.cjs");
