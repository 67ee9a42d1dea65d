//! `regen`: the contract becomes the client.

use std::fs;

use anboto_gen::{Generation, Source};
use anyhow::{Context, Result, anyhow, bail};

use crate::Outside;
use crate::generated::{self, Difference, DifferenceKind};
use crate::terminal::Terminal;
use crate::workspace::{GENERATED, OVERLAY, PIN, Workspace};

/// Regenerates the client from the pin.
///
/// # Errors
/// When it can't be done; nothing has been written then.
pub fn regen(workspace: &Workspace, outside: &Outside<'_>, terminal: &Terminal) -> Result<()> {
    let pin = workspace.read(PIN)?;
    let generation = generate(workspace, PIN, &pin, outside, terminal)?;
    let folder = workspace.path(GENERATED);
    let differences = generated::differences(&folder, &generation)?;
    refuse_hand_written(GENERATED, &differences)?;
    for Difference { name, kind } in &differences {
        let path = folder.join(name);
        match kind {
            DifferenceKind::Missing { new } | DifferenceKind::Stale { new, .. } => {
                fs::create_dir_all(path.parent().unwrap_or(&folder))?;
                fs::write(&path, new)
                    .with_context(|| format!("{} can't be written", path.display()))?;
                terminal.step("Wrote", path.display());
            }
            DifferenceKind::Surplus => {
                fs::remove_file(&path)
                    .with_context(|| format!("{} can't be deleted", path.display()))?;
                terminal.step("Deleted", path.display());
            }
            DifferenceKind::HandWritten => {}
        }
    }
    Ok(())
}

/// Generates from the contract and the workspace's overlay, and prints the findings as warnings.
///
/// # Errors
/// When the overlay can't be read, or the generator refuses.
pub fn generate(
    workspace: &Workspace,
    name: &str,
    contract: &[u8],
    outside: &Outside<'_>,
    terminal: &Terminal,
) -> Result<Generation> {
    let overlay = workspace.read(OVERLAY)?;
    terminal.step("Generating", format_args!("from {name} and {OVERLAY}"));
    let contract = Source {
        name,
        bytes: contract,
    };
    let overlay = Source {
        name: OVERLAY,
        bytes: &overlay,
    };
    let generation = (outside.generate)(contract, overlay).map_err(|error| anyhow!("{error}"))?;
    for finding in &generation.findings {
        terminal.warning(format_args!("{}: {}", finding.place, finding.message));
    }
    Ok(generation)
}

fn refuse_hand_written(folder: &str, differences: &[Difference]) -> Result<()> {
    let names: Vec<_> = differences
        .iter()
        .filter(|difference| difference.kind == DifferenceKind::HandWritten)
        .map(|difference| format!("{folder}/{}", difference.name))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    bail!(
        "written by hand, and {folder} is the generator's alone: {}; move it elsewhere and try again",
        names.join(", ")
    )
}
