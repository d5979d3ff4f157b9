//! `tuner mcp`: the other commands as tools.

use tuner_mcp::{Allowed, ServeError};

use crate::cli::McpArgs;
use crate::error::CliError;
use crate::exit::Exit;

/// Serves until the input ends.
pub(super) fn mcp(args: McpArgs) -> Result<Exit, CliError> {
    let program = std::env::current_exe()
        .map_err(|e| CliError::new(Exit::Unexpected, "cannot tell where this program is").cause(e))?;
    let allowed = Allowed {
        tuning: args.allow_tuning,
        applying: args.allow_applying,
    };
    match tuner_mcp::serve(program, allowed) {
        Ok(()) => Ok(Exit::Done),
        Err(error @ ServeError::Handshake(_)) => Err(CliError::usage(&error).hint(
            "`tuner mcp` is started by a client of the protocol; docs/guide/mcp.md has what to write into its settings",
        )),
        Err(error) => Err(CliError::new(Exit::Unexpected, &error)
            .cause(std::error::Error::source(&error).map_or_else(String::new, ToString::to_string))),
    }
}
