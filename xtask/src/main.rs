//! `cargo xtask`: parses the command line, runs the command, sets the exit status.

use std::process::ExitCode;

use clap::Parser;
use xtask::cli::Cli;
use xtask::terminal::Terminal;
use xtask::{Outside, Verdict};

fn main() -> ExitCode {
    let cli = Cli::parse(); // Exits with 2 on wrong usage.
    let terminal = Terminal::detect();
    let outside = Outside {
        generate: &anboto_gen::generate,
    };
    match xtask::run(&cli, &outside, &terminal) {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::OutOfStep) => ExitCode::from(1),
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(3)
        }
    }
}
