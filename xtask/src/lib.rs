//! The maintainer's commands: files, network and terminal round the pure `anboto-gen`.
//!
//! ```text
//! regen    pin + overlay -> generate -> compare with anboto-api/src/generated/ -> write what differs
//! check    pin + overlay -> generate -> compare with anboto-api/src/generated/ -> report what differs
//! ```
//!
//! [`cli`] says what can be typed, [`run`] sends it to its room. Everything that would make two runs differ comes in through
//! [`Outside`], so a test decides it.

pub mod check;
pub mod cli;
pub mod generated;
pub mod regen;
pub mod terminal;
pub mod workspace;

use anboto_gen::{Generation, Source};

use cli::{Cli, Command};
use terminal::Terminal;
use workspace::Workspace;

/// What a command needs of the world beside the files: all of it given by the caller.
pub struct Outside<'a> {
    /// `anboto_gen::generate`, or a test's stand-in: the contract and the overlay in, the files out.
    pub generate: &'a dyn Fn(Source<'_>, Source<'_>) -> Result<Generation, anboto_gen::Error>,
}

/// How a command that could be carried out has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done, or nothing to complain of.
    Done,
    /// The files are out of step with the pin; what and how to mend it has been printed.
    OutOfStep,
}

/// Carries out one command.
///
/// # Errors
/// When it could not be done; nothing has been changed then, unless the error says otherwise.
pub fn run(cli: &Cli, outside: &Outside<'_>, terminal: &Terminal) -> anyhow::Result<Verdict> {
    let workspace = Workspace::open(cli.root.as_deref())?;
    match &cli.command {
        Command::Regen(_) => {
            regen::regen(&workspace, outside, terminal)?;
            Ok(Verdict::Done)
        }
        Command::Check => {
            let problems = check::problems(&workspace, outside)?;
            Ok(check::report(&problems, terminal))
        }
    }
}
