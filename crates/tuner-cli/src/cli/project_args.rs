use std::path::PathBuf;

use clap::Args;

/// The functions of a project folder, for `--local`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Project folders")]
pub(crate) struct ProjectArgs {
    /// A function of tuner.toml; with --local also the folder whose functions are found [default: .]
    #[arg(value_name = "NAME|DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Only say which functions the folder has; nothing is started or written
    #[arg(long, requires = "local_run")]
    pub(crate) list: bool,
    /// Tune every function of the folder that can run here, one after the other
    #[arg(long, requires = "local_run", conflicts_with = "function")]
    pub(crate) all: bool,
    /// A deployment package instead of a folder; with --runtime and --handler
    #[arg(long, value_name = "FILE", requires_all = ["local_run", "runtime", "handler"], conflicts_with_all = ["dir", "function", "all"])]
    pub(crate) zip: Option<PathBuf>,
    /// Runtime of the package of --zip, such as python3.13
    #[arg(long, value_name = "RUNTIME", requires = "zip")]
    pub(crate) runtime: Option<String>,
    /// Python interpreter to take; the nearest to the function's runtime unless given
    #[arg(long, value_name = "PROGRAM", requires = "local_run")]
    pub(crate) python: Option<PathBuf>,
    /// Node program to take; the nearest to the function's runtime unless given
    #[arg(long, value_name = "PROGRAM", requires = "local_run")]
    pub(crate) node: Option<PathBuf>,
}
