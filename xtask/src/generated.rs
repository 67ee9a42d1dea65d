//! The generated folder against what the generator makes: the one comparison behind `regen` and `check`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use anboto_gen::Generation;
use anyhow::{Context, Result, bail, ensure};

use crate::transaction::{Changes, JOURNAL};

/// How the first line of a generated file begins. A file without it is somebody's work and is never replaced or deleted.
const MARKER: &str = "// @generated";

/// One file that is not as the generator would have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name below the folder, with `/`.
    pub name: String,
    /// What is the matter.
    pub kind: DifferenceKind,
}

/// What is the matter with a file of the generated folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It is not there.
    Missing {
        /// The text that it should have.
        new: String,
    },
    /// It has another text.
    Stale {
        /// The text that it has.
        old: Vec<u8>,
        /// The text that it should have.
        new: String,
    },
    /// An earlier generation made it; this one does not.
    Surplus,
    /// Somebody wrote it by hand.
    HandWritten,
}

/// Every difference between a folder and a generation, in the order of the names.
///
/// # Errors
/// When the folder can't be read, or the generator broke its word on names and first lines.
pub fn differences(folder: &Path, generation: &Generation) -> Result<Vec<Difference>> {
    let mut found = read(folder)?;
    let mut differences = Vec::new();
    for (name, new) in &generation.files {
        ensure!(
            is_below(name),
            "the generator made a file of the name {name:?}, which is not below the generated folder"
        );
        ensure!(
            is_generated(new.as_bytes()),
            "the generator made {name} without {MARKER:?} in its first line"
        );
        let kind = match found.remove(name) {
            None => DifferenceKind::Missing { new: new.clone() },
            Some(old) if old == new.as_bytes() => continue,
            // What a file system leaves of a file when the machine goes down is nobody's work.
            Some(old) if old.is_empty() || is_generated(&old) => DifferenceKind::Stale {
                old,
                new: new.clone(),
            },
            Some(_) => DifferenceKind::HandWritten,
        };
        differences.push(Difference {
            name: name.clone(),
            kind,
        });
    }
    differences.extend(found.into_iter().map(|(name, old)| {
        let kind = if is_generated(&old) {
            DifferenceKind::Surplus
        } else {
            DifferenceKind::HandWritten
        };
        Difference { name, kind }
    }));
    differences.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(differences)
}

/// Notes what has to be done to `folder`, whose differences these are.
///
/// # Errors
/// When somebody's own work is in the way.
pub fn mend(folder: &str, differences: Vec<Difference>, changes: &mut Changes) -> Result<()> {
    let mut in_the_way = Vec::new();
    for Difference { name, kind } in differences {
        let name = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        match kind {
            DifferenceKind::Missing { new } | DifferenceKind::Stale { new, .. } => {
                changes.write(name, new)
            }
            DifferenceKind::Surplus => changes.delete(name),
            DifferenceKind::HandWritten => in_the_way.push(name),
        }
    }
    if in_the_way.is_empty() {
        return Ok(());
    }
    bail!(
        "written by hand, in a folder that is the generator's alone: {}; move it elsewhere and try again",
        in_the_way.join(", ")
    )
}

fn is_generated(bytes: &[u8]) -> bool {
    bytes.starts_with(MARKER.as_bytes())
}

fn is_below(name: &str) -> bool {
    Path::new(name)
        .components()
        .all(|component| matches!(component, Component::Normal(_)))
}

/// Every file below the folder, by its name with `/`. A folder that is not there has none.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if folder.exists() {
        read_below(folder, "", &mut files)
            .with_context(|| format!("{} can't be read", folder.display()))?;
    }
    Ok(files)
}

fn read_below(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if name == JOURNAL {
            continue;
        }
        if entry.file_type()?.is_dir() {
            read_below(&entry.path(), &format!("{name}/"), files)?;
        } else {
            let bytes = fs::read(entry.path()).with_context(|| name.clone())?;
            files.insert(name, bytes);
        }
    }
    Ok(())
}
