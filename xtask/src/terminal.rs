//! What a maintainer sees: one line a step, cargo's way, coloured in a terminal and plain in a pipe.

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

const BOLD_GREEN: &str = "\x1b[1;32m";
const BOLD_YELLOW: &str = "\x1b[1;33m";
const BOLD_RED: &str = "\x1b[1;31m";
const RESET: &str = "\x1b[0m";

/// Standard output for steps and reports, standard error for warnings, errors and the progress bar.
///
/// A line that can't be written, as in `… | head -1`, is no reason to leave the work half done: it is dropped.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    silent: bool,
    colour_out: bool,
    colour_err: bool,
    bar: bool,
}

impl Terminal {
    /// Looks at what standard output and standard error are, at `NO_COLOR` and at `TERM`.
    pub fn detect() -> Self {
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
        let may_colour = !plain && !dumb;
        Self {
            silent: false,
            colour_out: may_colour && io::stdout().is_terminal(),
            colour_err: may_colour && io::stderr().is_terminal(),
            bar: !dumb && io::stderr().is_terminal(),
        }
    }

    /// Says nothing.
    pub fn silent() -> Self {
        Self {
            silent: true,
            colour_out: false,
            colour_err: false,
            bar: false,
        }
    }

    /// Whether standard output understands colours.
    pub fn colours(&self) -> bool {
        self.colour_out
    }

    /// A step that begins or is done: a verb, and what it is about.
    pub fn step(&self, verb: &str, what: impl Display) {
        self.out(format_args!(
            "{} {what}",
            paint(self.colour_out, BOLD_GREEN, &format!("{verb:>12}"))
        ));
    }

    /// A line of a report.
    pub fn line(&self, text: impl Display) {
        self.out(format_args!("{text}"));
    }

    /// A line of a report that says what is wrong.
    pub fn problem(&self, text: impl Display) {
        self.out(format_args!(
            "{} {text}",
            paint(self.colour_out, BOLD_RED, "out of step:")
        ));
    }

    /// Something to look at that did not stop the work.
    pub fn warning(&self, text: impl Display) {
        self.err(format_args!(
            "{} {text}",
            paint(self.colour_err, BOLD_YELLOW, "warning:")
        ));
    }

    /// Why the command could not be done, with its causes.
    pub fn error(&self, error: &anyhow::Error) {
        self.err(format_args!(
            "{} {error:#}",
            paint(self.colour_err, BOLD_RED, "error:")
        ));
    }

    /// A progress bar for a download, on standard error; hidden unless that is a terminal.
    pub fn download(&self) -> ProgressBar {
        if self.silent || !self.bar {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::no_length();
        match ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {elapsed}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    fn out(&self, line: impl Display) {
        if !self.silent {
            let _ = writeln!(io::stdout().lock(), "{line}");
        }
    }

    fn err(&self, line: impl Display) {
        if !self.silent {
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }
}

fn paint(on: bool, style: &str, text: &str) -> String {
    if on {
        format!("{style}{text}{RESET}")
    } else {
        text.to_owned()
    }
}
