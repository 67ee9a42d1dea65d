//! Where things are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

/// The pinned contract.
pub const PIN: &str = "spec/anboto-trading-api-2.0.yml";
/// What we know better than the contract.
pub const OVERLAY: &str = "spec/overlay.yml";
/// Where the pin came from.
pub const PROVENANCE: &str = "spec/provenance.toml";
/// The generated code.
pub const GENERATED: &str = "anboto-api/src/generated";

/// The workspace's root folder. Every path below it is written as the maintainer would type it there.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace at `root`, or else the one round the current folder.
    ///
    /// # Errors
    /// When the current folder is in no such workspace.
    pub fn open(root: Option<&Path>) -> Result<Self> {
        if let Some(root) = root {
            return Ok(Self {
                root: root.to_owned(),
            });
        }
        let current = env::current_dir().context("the current folder can't be found out")?;
        let root = current
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .ok_or_else(|| {
                anyhow!(
                    "{} is not inside the workspace: there is no xtask/Cargo.toml above it",
                    current.display()
                )
            })?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root, for the file system.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Reads a file that must be there.
    ///
    /// # Errors
    /// When it can't be read, naming it.
    pub fn read(&self, relative: &str) -> Result<Vec<u8>> {
        fs::read(self.path(relative)).with_context(|| format!("{relative} can't be read"))
    }
}
