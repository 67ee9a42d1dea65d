//! A new pin: fetched, not yet written, for it has to generate first.

use std::fs;

use anyhow::{Context, Result};

use crate::Outside;
use crate::fetch::{self, Fetched, Origin};
use crate::provenance::{Provenance, sha256};
use crate::transaction::Changes;
use crate::workspace::{PIN, PROVENANCE, Workspace};

/// Where the vendor publishes the contract.
pub const PUBLISHED: &str =
    "https://anbotolabs.github.io/anboto-api-docs/anboto-trading-api-2.0.yml";

/// A document that may become the pin.
#[derive(Debug)]
pub struct Candidate {
    /// What messages call it.
    pub name: String,
    /// The document.
    pub bytes: Vec<u8>,
    provenance: Provenance,
    recorded: Option<Provenance>,
}

impl Candidate {
    /// Fetches from what was typed, or else from where the environment says, or else from the vendor. None if the server
    /// says that the pin is still what it has.
    ///
    /// # Errors
    /// When nothing came that could be a contract.
    pub fn fetch(
        workspace: &Workspace,
        from: Option<&str>,
        outside: &Outside<'_>,
    ) -> Result<Option<Self>> {
        let origin = Origin::parse(
            from.or(outside.contract_url.as_deref())
                .unwrap_or(PUBLISHED),
        )?;
        let recorded = recorded(workspace, outside);
        let pin = fs::read(workspace.path(PIN)).unwrap_or_default();
        let etag = recorded
            .as_ref()
            .and_then(|recorded| recorded.etag_for(&origin.record(), &pin));
        let Some((bytes, etag)) = document(&origin, etag, outside)? else {
            outside
                .terminal
                .step("Unchanged", format_args!("{origin} is what is pinned"));
            return Ok(None);
        };
        let date = humantime::format_rfc3339_seconds((outside.now)()).to_string();
        let provenance = Provenance {
            url: origin.record(),
            sha256: sha256(&bytes),
            etag,
            date,
        };
        Ok(Some(Self {
            name: origin.to_string(),
            bytes,
            provenance,
            recorded,
        }))
    }

    /// Notes that the pin and its provenance shall be these. The date is that of the first fetch that gave them.
    ///
    /// # Errors
    /// Never, with a provenance as this.
    pub fn pin(self, changes: &mut Changes) -> Result<()> {
        let Self {
            bytes,
            mut provenance,
            recorded,
            ..
        } = self;
        if let Some(recorded) = recorded {
            let undated = Provenance {
                date: recorded.date.clone(),
                ..provenance.clone()
            };
            if undated == recorded {
                provenance = recorded;
            }
        }
        changes.write(PIN, bytes);
        changes.write(PROVENANCE, provenance.to_text()?);
        Ok(())
    }
}

/// Fetches a document and tells the terminal; None if the server says that it is still what the `ETag` stands for.
///
/// # Errors
/// When nothing came that could be a contract.
pub fn document(
    origin: &Origin,
    etag: Option<&str>,
    outside: &Outside<'_>,
) -> Result<Option<(Vec<u8>, Option<String>)>> {
    outside.terminal.step("Fetching", origin);
    Ok(match fetch::with_bar(origin, etag, outside)? {
        Fetched::Unchanged => None,
        Fetched::Document { bytes, etag } => {
            outside.terminal.step(
                "Fetched",
                format_args!("{} bytes, sha256 {}", bytes.len(), sha256(&bytes)),
            );
            Some((bytes, etag))
        }
    })
}

/// Where the pin came from.
///
/// # Errors
/// When the record is not there or can't be understood.
pub fn provenance(workspace: &Workspace) -> Result<Provenance> {
    let text = workspace.read(PROVENANCE)?;
    let text = String::from_utf8(text).with_context(|| format!("{PROVENANCE} is not UTF-8"))?;
    Provenance::parse(&text).with_context(|| format!("{PROVENANCE} can't be understood"))
}

/// The record as it stands. Without one, or with one that can't be read, everything is fetched afresh: that mends it.
fn recorded(workspace: &Workspace, outside: &Outside<'_>) -> Option<Provenance> {
    provenance(workspace)
        .inspect_err(|error| {
            outside
                .terminal
                .warning(format_args!("{error:#}; the contract is fetched afresh"))
        })
        .ok()
}
