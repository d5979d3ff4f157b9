//! Where people look: colour, width, progress, logging.

use std::io::{IsTerminal, stderr, stdout};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSeparator, WordSplitter};
use tracing_subscriber::EnvFilter;
use tuner_report::TerminalStyle;

pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const RESET: anstyle::Reset = anstyle::Reset;

/// Whether a moving picture may be drawn on standard error.
pub(crate) fn shows_progress() -> bool {
    stderr().is_terminal() && std::env::var_os("CI").is_none() && std::env::var("TERM").is_ok_and(|t| t != "dumb")
}

/// Whether standard output takes colour: a terminal, and not `NO_COLOR`.
pub(crate) fn colours_stdout() -> bool {
    anstream::AutoStream::choice(&stdout()) != anstream::ColorChoice::Never
}

/// Columns of the terminal behind standard output; 80 where there is none.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size()
        .map_or(80, |(width, _)| usize::from(width.0))
        .clamp(40, 200)
}

/// How a view is written: to the terminal behind standard output, or plain to a file.
pub(crate) fn style(file: Option<&Path>) -> TerminalStyle {
    match file {
        Some(_) => TerminalStyle::default(),
        None => TerminalStyle {
            width: width(),
            colour: colours_stdout(),
        },
    }
}

/// `text` with its lines broken between words where `stream` is a terminal; what follows a break is indented by `indent`.
pub(crate) fn wrapped(text: &str, stream: &impl IsTerminal, indent: usize) -> String {
    match stream.is_terminal() {
        true => wrap(text, width(), indent),
        false => text.to_owned(),
    }
}

fn wrap(text: &str, width: usize, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        // What is longer than a line, such as an ARN or a command, is copied whole.
        .break_words(false);
    text.lines()
        .map(|line| {
            let words = line.trim_start();
            let lead = &line[..line.len() - words.len()];
            textwrap::fill(words, options.clone().initial_indent(lead)) + "\n"
        })
        .collect()
}

/// Log lines go to standard error: `-v` debug, `-vv` trace, or as `RUST_LOG` says.
pub(crate) fn start_logging(verbose: u8) {
    let level = match verbose {
        // The AWS SDK warns of every credential source it tries; what matters of that comes back as an error.
        0 => "off,tuner=warn,tuner_engine=warn,tuner_aws=warn,tuner_local=warn",
        1 => "warn,tuner=debug,tuner_engine=debug,tuner_aws=debug,tuner_local=debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never)
        .with_target(verbose > 1)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let text = "Plan for a\n  now  one two three\n  a-very-long-word-indeed\n";
        assert_eq!(
            wrap(text, 15, 7),
            "Plan for a\n  now  one two\n       three\n  a-very-long-word-indeed\n"
        );
        assert_eq!(wrap(text, 80, 7), text);
    }
}
