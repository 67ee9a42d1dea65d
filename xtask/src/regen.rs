//! `regen` and `fetch`: the contract becomes the pin and the client.
//!
//! Whatever a command changes, it changes in one transaction, and only after the generator has accepted the contract.

use std::path::Path;

use anboto_gen::{Generation, Source};
use anyhow::{Result, anyhow};

use crate::Outside;
use crate::drift;
use crate::fetch::Origin;
use crate::generated;
use crate::pin::{self, Candidate};
use crate::terminal::Terminal;
use crate::transaction::{Applied, Changes, Claim, Recovery};
use crate::workspace::{GENERATED, OVERLAY, PIN, PROVENANCE, Workspace};

/// `regen`: regenerates the client from the pin.
///
/// # Errors
/// When it can't be done.
pub fn regen(workspace: &Workspace, outside: &Outside<'_>) -> Result<()> {
    let claim = claim(workspace.root(), outside)?;
    from_pin(workspace, &claim, outside)
}

/// `regen --fetch`: fetches the published contract, pins it, and regenerates the client from it.
///
/// # Errors
/// When it can't be done; the pin and the client are then what they were.
pub fn regen_from_published(
    workspace: &Workspace,
    from: Option<&str>,
    outside: &Outside<'_>,
) -> Result<()> {
    let claim = claim(workspace.root(), outside)?;
    let Some(candidate) = Candidate::fetch(workspace, from, outside)? else {
        // The overlay or the generator may have changed all the same.
        return from_pin(workspace, &claim, outside);
    };
    let generation = generate_aloud(workspace, &candidate.name, &candidate.bytes, outside)?;
    drift::tell(workspace, &candidate.name, &candidate.bytes, outside);
    let mut changes = Changes::default();
    candidate.pin(&mut changes)?;
    write(workspace, &claim, &generation, changes, outside)
}

/// `regen --spec … --out …`: generates from any contract into any folder, and leaves pin and client alone.
///
/// # Errors
/// When it can't be done; the folder is then what it was.
pub fn regen_elsewhere(
    workspace: &Workspace,
    spec: &str,
    out: &Path,
    outside: &Outside<'_>,
) -> Result<()> {
    let origin = Origin::parse(spec)?;
    let (contract, _) =
        pin::document(&origin, None, outside)?.ok_or_else(|| anyhow!("{origin}: nothing came"))?;
    let generation = generate_aloud(workspace, &origin.to_string(), &contract, outside)?;
    let claim = claim(out, outside)?;
    let mut changes = Changes::default();
    generated::mend("", generated::differences(out, &generation)?, &mut changes)?;
    report(
        &claim.apply(changes)?,
        &format!("{}/", out.display()),
        &generation,
        outside.terminal,
    );
    Ok(())
}

/// `fetch`: pins the published contract, if it generates, and leaves the client alone.
///
/// # Errors
/// When it can't be done; the pin is then what it was.
pub fn fetch(workspace: &Workspace, from: Option<&str>, outside: &Outside<'_>) -> Result<()> {
    let claim = claim(workspace.root(), outside)?;
    let Some(candidate) = Candidate::fetch(workspace, from, outside)? else {
        return Ok(());
    };
    generate_aloud(workspace, &candidate.name, &candidate.bytes, outside)?;
    drift::tell(workspace, &candidate.name, &candidate.bytes, outside);
    let mut changes = Changes::default();
    candidate.pin(&mut changes)?;
    let applied = claim.apply(changes)?;
    for name in &applied.written {
        outside.terminal.step("Pinned", name);
    }
    if applied.written.iter().any(|name| name == PIN) {
        outside.terminal.step("Next", "cargo xtask regen");
    } else {
        outside.terminal.step("Unchanged", format_args!("{PIN}"));
    }
    Ok(())
}

/// Generates from the contract and the workspace's overlay.
///
/// # Errors
/// When the overlay can't be read, or the generator refuses.
pub fn generate(
    workspace: &Workspace,
    name: &str,
    contract: &[u8],
    outside: &Outside<'_>,
) -> Result<Generation> {
    let overlay = workspace.read(OVERLAY)?;
    let contract = Source {
        name,
        bytes: contract,
    };
    let overlay = Source {
        name: OVERLAY,
        bytes: &overlay,
    };
    Ok((outside.generate)(contract, overlay)?)
}

/// Generates, and tells the terminal; findings are warnings.
fn generate_aloud(
    workspace: &Workspace,
    name: &str,
    contract: &[u8],
    outside: &Outside<'_>,
) -> Result<Generation> {
    outside
        .terminal
        .step("Generating", format_args!("from {name} and {OVERLAY}"));
    let generation = generate(workspace, name, contract, outside)?;
    for finding in &generation.findings {
        outside
            .terminal
            .warning(format_args!("{}: {}", finding.place, finding.message));
    }
    Ok(generation)
}

fn claim<'a>(folder: &Path, outside: &'a Outside<'a>) -> Result<Claim<'a>> {
    let (claim, recovery) = Claim::take(folder, outside.checkpoint)?;
    match recovery {
        Recovery::Nothing => {}
        Recovery::Completed => outside.terminal.step(
            "Recovered",
            "completed the change that an interrupted command had begun",
        ),
        Recovery::Discarded => outside.terminal.step(
            "Recovered",
            "threw away what an interrupted command had left",
        ),
    }
    Ok(claim)
}

fn from_pin(workspace: &Workspace, claim: &Claim<'_>, outside: &Outside<'_>) -> Result<()> {
    let pin = workspace.read(PIN)?;
    let generation = generate_aloud(workspace, PIN, &pin, outside)?;
    write(workspace, claim, &generation, Changes::default(), outside)
}

fn write(
    workspace: &Workspace,
    claim: &Claim<'_>,
    generation: &Generation,
    mut changes: Changes,
    outside: &Outside<'_>,
) -> Result<()> {
    let differences = generated::differences(&workspace.path(GENERATED), generation)?;
    generated::mend(GENERATED, differences, &mut changes)?;
    report(&claim.apply(changes)?, "", generation, outside.terminal);
    Ok(())
}

fn report(applied: &Applied, prefix: &str, generation: &Generation, terminal: Terminal) {
    let (pinned, written): (Vec<_>, Vec<_>) = applied
        .written
        .iter()
        .partition(|name| [PIN, PROVENANCE].contains(&name.as_str()));
    for name in pinned {
        terminal.step("Pinned", name);
    }
    for name in &written {
        terminal.step("Wrote", format_args!("{prefix}{name}"));
    }
    for name in &applied.deleted {
        terminal.step("Deleted", format_args!("{prefix}{name}"));
    }
    let (written, deleted) = (written.len(), applied.deleted.len());
    let unchanged = generation.files.len() - written;
    terminal.step(
        "Finished",
        format_args!("files: {written} written, {deleted} deleted, {unchanged} as they were"),
    );
}
