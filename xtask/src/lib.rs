//! The maintainer's commands: files, network and terminal round the pure `anboto-gen`.
//!
//! ```text
//! regen            pin + overlay -> generate -> compare with anboto-api/src/generated/ -> write what differs
//! check            pin + overlay -> generate -> compare with anboto-api/src/generated/ -> report what differs
//! fetch            published contract + overlay -> generate -> write pin and provenance
//! drift            two contracts -> report
//! regen --fetch    both, in one transaction
//! ```
//!
//! [`cli`] says what can be typed, [`run`] sends it to its room. Everything that would make two runs differ comes in through
//! [`Outside`], so a test decides it.

pub mod check;
pub mod cli;
pub mod drift;
pub mod fetch;
pub mod generated;
pub mod hand_over;
pub mod pin;
pub mod provenance;
pub mod regen;
pub mod terminal;
pub mod transaction;
pub mod workspace;

use std::time::SystemTime;

use anboto_gen::{Generation, Source};
use anyhow::Result;

use cli::{Cli, Command, Fetch, Handed, Regen};
use fetch::Limits;
use terminal::Terminal;
use transaction::Step;
use workspace::Workspace;

/// The contract and the overlay in, the files out.
pub type Generate<'a> =
    &'a (dyn Fn(Source<'_>, Source<'_>) -> Result<Generation, anboto_gen::Error> + Sync);

/// What a command needs of the world beside the files: all of it given by the caller.
pub struct Outside<'a> {
    /// `anboto_gen::generate`, or a test's stand-in: the contract and the overlay in, the files out.
    pub generate: Generate<'a>,
    /// The clock.
    pub now: &'a dyn Fn() -> SystemTime,
    /// Where the contract is fetched from unless the command says otherwise; without it, from the vendor.
    pub contract_url: Option<String>,
    /// What a download may take.
    pub limits: Limits,
    /// Where steps, warnings and reports go.
    pub terminal: Terminal,
    /// Hears of every step of a change of files; a test ends the process there.
    pub checkpoint: &'a dyn Fn(Step),
}

/// How a command that could be carried out has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done, or nothing to complain of.
    Done,
    /// The files are out of step with the pin; what and how to mend it has been printed.
    OutOfStep,
    /// Two contracts differ at or above the level that was asked for; how has been printed.
    Drifted,
    /// As the package has ended that was handed over to, with its exit status.
    HandedOver(u8),
}

/// Carries out one command.
///
/// # Errors
/// When it could not be done; nothing has been changed then, unless the error says otherwise.
pub fn run(cli: &Cli, outside: &Outside<'_>) -> Result<Verdict> {
    let workspace = Workspace::open(cli.root.as_deref())?;
    match &cli.command {
        Command::Regen(Regen {
            spec: Some(spec),
            out: Some(out),
            ..
        }) => {
            regen::regen_elsewhere(&workspace, spec, out, outside)?;
        }
        Command::Regen(Regen {
            fetch: true, from, ..
        }) => {
            regen::regen_from_published(&workspace, from.as_deref(), outside)?;
        }
        Command::Regen(_) => regen::regen(&workspace, outside)?,
        Command::Fetch(Fetch { from }) => regen::fetch(&workspace, from.as_deref(), outside)?,
        Command::Drift(arguments) => return drift::drift(&workspace, arguments, outside),
        Command::Check => return check::check(&workspace, outside),
        Command::Testnet(Handed { arguments }) => {
            return hand_over::run(&workspace, "xtask-testnet", arguments).map(Verdict::HandedOver);
        }
        Command::Doctor(Handed { arguments }) => {
            return hand_over::run(&workspace, "xtask-doctor", arguments).map(Verdict::HandedOver);
        }
    }
    Ok(Verdict::Done)
}
