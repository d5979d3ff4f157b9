use std::path::PathBuf;

use clap::Args;
use tuner_core::{Architecture, FunctionName, MemorySize};

/// Arguments of `tuner patch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --write it prints a unified diff and touches nothing. A value that other functions take
too is never changed: this one gets a value of its own, or the places are listed (exit 4).

  tuner patch tuner-out/orders/tuning.json --path infra
  tuner patch --function orders --memory 1024 --path infra --write")]
pub(crate) struct PatchArgs {
    /// A tuning.json or review.json: the function, and the values that it recommends; - for standard input
    #[arg(value_name = "DOCUMENT.json")]
    pub(crate) document: Option<PathBuf>,
    /// The function's name in AWS, or its ARN; of a review, this function only
    #[arg(long, alias = "function-name", value_name = "NAME|ARN")]
    pub(crate) function: Option<FunctionName>,
    /// The memory size to write, in MB
    #[arg(long, value_name = "MB", conflicts_with = "document")]
    pub(crate) memory: Option<MemorySize>,
    /// The time-out to write, in seconds
    #[arg(long, value_name = "S", conflicts_with = "document", value_parser = clap::value_parser!(u32).range(1..=900))]
    pub(crate) timeout: Option<u32>,
    /// The architecture to write: x86_64 or arm64
    #[arg(long, value_name = "ARCH", conflicts_with = "document")]
    pub(crate) arch: Option<Architecture>,
    /// Folder of infrastructure code
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) path: PathBuf,
    /// Write the files; refused where one has changes that are not committed
    #[arg(long)]
    pub(crate) write: bool,
    /// Write files with changes that are not committed too
    #[arg(long, requires = "write")]
    pub(crate) allow_dirty: bool,
    /// The function's stack: its tag aws:cloudformation:stack-name
    #[arg(long, value_name = "NAME", help_heading = "Which function")]
    pub(crate) stack: Option<String>,
    /// The function's tag aws:cloudformation:logical-id
    #[arg(long, value_name = "ID", help_heading = "Which function")]
    pub(crate) logical_id: Option<String>,
    /// Where the function is defined, below DIR: a file, a folder, or FILE#ADDRESS such as main.tf#aws_lambda_function.orders
    #[arg(long, value_name = "FILE|FOLDER|FILE#ADDRESS", help_heading = "Which function")]
    pub(crate) source: Option<String>,
}
