//! What a maintainer can type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  out of step: the generated code, the overlay or the provenance does not fit the pin
  2  wrong usage
  3  could not be done; nothing was changed";

/// From the published contract to the client crate.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXIT_STATUS, disable_help_subcommand = true)]
pub struct Cli {
    /// The workspace to work on, for tests; otherwise the one round the current folder.
    #[arg(long, global = true, hide = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Regenerate anboto-api/src/generated/ from the pinned contract and the overlay
    Regen(Regen),
    /// Say whether generated code, overlay, effects and provenance are in step with the pin
    ///
    /// Offline and read-only, for CI. Prints every problem, each with the command that mends it.
    #[command(after_help = EXIT_STATUS)]
    Check,
}

/// `regen`.
#[derive(Debug, Default, Args)]
pub struct Regen {}
