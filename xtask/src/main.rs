//! `cargo xtask`: parses the command line, runs the command, sets the exit status.

use std::env;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use xtask::cli::Cli;
use xtask::fetch::Limits;
use xtask::terminal::Terminal;
use xtask::{Outside, Verdict};

fn main() -> ExitCode {
    let cli = Cli::parse(); // Exits with 2 on wrong usage.
    let terminal = Terminal::detect();
    let outside = Outside {
        generate: &anboto_gen::generate,
        now: &SystemTime::now,
        contract_url: env::var_os("ANBOTO_CONTRACT_URL")
            .filter(|url| !url.is_empty())
            .map(|url| url.to_string_lossy().into_owned()),
        limits: Limits::default(),
        terminal,
        checkpoint: &|_| {},
    };
    match xtask::run(&cli, &outside) {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::OutOfStep | Verdict::Drifted) => ExitCode::from(1),
        Ok(Verdict::HandedOver(status)) => ExitCode::from(status),
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(3)
        }
    }
}
