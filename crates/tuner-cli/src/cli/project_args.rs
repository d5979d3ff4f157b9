use std::path::PathBuf;

use clap::Args;

/// Functions in AWS that are measured at the same time, unless said otherwise: few enough for the calls that publish versions.
pub(super) const AT_ONCE: u32 = 4;

/// The functions of a project folder, for `--local`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Project folders")]
pub(crate) struct ProjectArgs {
    /// A function of tuner.toml; with --local also the folder whose functions are found [default: .]
    #[arg(value_name = "NAME|DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Further functions of tuner.toml
    #[arg(value_name = "NAME", conflicts_with_all = ["function", "list", "zip"])]
    pub(crate) more: Vec<String>,
    /// Only say which functions the folder has; nothing is started or written
    #[arg(long, requires = "local_run")]
    pub(crate) list: bool,
    /// Every function of tuner.toml; with --local every function of the folder that can run here. Those on this machine are
    /// measured one after the other
    #[arg(long, conflicts_with_all = ["function", "more"])]
    pub(crate) all: bool,
    /// Of several functions those in AWS that are measured at the same time
    #[arg(long, default_value_t = AT_ONCE, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) at_once: u32,
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
    /// The function's name in tuner.toml, by which a program on this machine is called.
    #[arg(skip)]
    pub(crate) entry: Option<String>,
}
