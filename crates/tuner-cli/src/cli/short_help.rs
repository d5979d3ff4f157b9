//! What `-h` shows of `tuner run` and `tuner plan`: what most people use, and examples. `--help` shows all.

use clap::{Command, CommandFactory};

use super::Cli;

/// Options that most people use.
const SHOWN: [&str; 12] = [
    "function",
    "local_run",
    "list",
    "direct",
    "payload",
    "preset",
    "memory",
    "objective",
    "max_p95",
    "apply",
    "yes",
    "out",
];

const EXAMPLES: &str = "\
Examples:
  tuner run --local
      a function of the project in this folder
  tuner run --function resize --payload event.json
      a function in AWS, by the service
  tuner run --function resize --direct --max-p95 300 --apply
      from here, and set the size that is found

`--help` shows all options.";

/// The command line.
pub(crate) fn command() -> Command {
    ["run", "plan"].into_iter().fold(Cli::command(), |cli, name| {
        cli.mut_subcommand(name, |command| {
            command
                .mut_args(|arg| {
                    let is_shown = arg.is_positional() || SHOWN.contains(&arg.get_id().as_str());
                    arg.hide_short_help(!is_shown)
                })
                .after_help(EXAMPLES)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_shows_a_dozen_options_and_each_is_there() {
        let cli = command();
        for name in ["run", "plan"] {
            let run = cli.find_subcommand(name).unwrap();
            let shown = run
                .get_arguments()
                .filter(|arg| !arg.is_positional() && !arg.is_hide_short_help_set());
            let mut shown: Vec<&str> = shown.map(|arg| arg.get_id().as_str()).collect();
            let mut expected = SHOWN;
            shown.sort_unstable();
            expected.sort_unstable();
            assert_eq!(shown, expected);
        }
        cli.debug_assert();
    }

    #[test]
    fn examples_are_commands_that_are_understood() {
        let lines = EXAMPLES
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("tuner "));
        let mut seen = 0;
        for line in lines {
            let words = line.split_whitespace();
            let arguments = std::iter::once("tuner").chain(words);
            command().try_get_matches_from(arguments).unwrap();
            seen += 1;
        }
        assert_eq!(seen, 3);
    }
}
