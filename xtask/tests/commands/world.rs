//! A workspace in a temporary folder, and what the commands need beside it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anboto_gen::{Error, Finding, FindingKind, Generation, Place, Source};
use anyhow::Result;
use tempfile::TempDir;
use xtask::Outside;
use xtask::fetch::Limits;
use xtask::provenance::{Provenance, sha256};
use xtask::terminal::Terminal;
use xtask::transaction::Step;
use xtask::workspace::{GENERATED, OVERLAY, PIN, PROVENANCE, Workspace};

pub(crate) const OLD: &str = "openapi: 3.0.1\nfile kept\nfile changed\nfile dropped\n";
pub(crate) const NEW: &str =
    "openapi: 3.0.1\n# revised\nfile kept\nfile changed differently\nfile added\n";

/// Of a file: contents and time of last change.
pub(crate) type Tree = BTreeMap<String, (String, SystemTime)>;

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) workspace: Workspace,
    pub(crate) contract_url: Option<String>,
    pub(crate) limits: Limits,
    pub(crate) now: Cell<SystemTime>,
}

impl World {
    /// Pinned, recorded and generated from `OLD`.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let workspace = Workspace::open(Some(folder.path())).unwrap();
        let limits = Limits {
            size: 10_000,
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(5),
            total: Duration::from_secs(10),
        };
        // 2026-01-02T03:04:05Z
        let now = Cell::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045));
        let world = Self {
            folder,
            workspace,
            contract_url: None,
            limits,
            now,
        };
        world.write(PIN, OLD);
        world.write(OVERLAY, "overlay: 1.0.0\n");
        world.record("https://example.com/contract.yml", None);
        world.run(xtask::regen::regen).unwrap();
        world.age();
        world
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn write_generated(&self, name: &str, text: &str) {
        self.write(&format!("{GENERATED}/{name}"), text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.root().join(name)).unwrap()
    }

    /// Writes a provenance that fits the pin.
    pub(crate) fn record(&self, url: &str, etag: Option<&str>) {
        let provenance = Provenance {
            url: url.to_owned(),
            sha256: sha256(self.read(PIN).as_bytes()),
            etag: etag.map(str::to_owned),
            date: "2025-12-31T00:00:00Z".to_owned(),
        };
        self.write(PROVENANCE, &provenance.to_text().unwrap());
    }

    pub(crate) fn provenance(&self) -> Provenance {
        Provenance::parse(&self.read(PROVENANCE)).unwrap()
    }

    /// Dates every file back, so that whoever touches one is found out.
    pub(crate) fn age(&self) {
        for name in self.tree().keys() {
            let file = File::options()
                .write(true)
                .open(self.root().join(name))
                .unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
                .unwrap();
        }
    }

    /// Every file of the workspace. What a journal holds is left out; that it is gone is told by `has_journal`.
    pub(crate) fn tree(&self) -> Tree {
        tree(self.root())
    }

    pub(crate) fn texts(&self) -> BTreeMap<String, String> {
        self.tree()
            .into_iter()
            .map(|(name, (text, _))| (name, text))
            .collect()
    }

    pub(crate) fn has_journal(&self) -> bool {
        self.root().join(".regen-journal").exists()
    }

    pub(crate) fn run<T>(
        &self,
        command: impl FnOnce(&Workspace, &Outside<'_>) -> Result<T>,
    ) -> Result<T> {
        self.run_with(&|_| {}, command)
    }

    pub(crate) fn run_with<T>(
        &self,
        checkpoint: &dyn Fn(Step),
        command: impl FnOnce(&Workspace, &Outside<'_>) -> Result<T>,
    ) -> Result<T> {
        let outside = Outside {
            generate: &generate,
            now: &|| self.now.get(),
            contract_url: self.contract_url.clone(),
            limits: self.limits,
            terminal: Terminal::silent(),
            checkpoint,
        };
        command(&self.workspace, &outside)
    }

    pub(crate) fn regen_from(&self, from: &str) -> Result<()> {
        self.run(|workspace, outside| {
            xtask::regen::regen_from_published(workspace, Some(from), outside)
        })
    }

    pub(crate) fn fetch_from(&self, from: &str) -> Result<()> {
        self.run(|workspace, outside| xtask::regen::fetch(workspace, Some(from), outside))
    }
}

pub(crate) fn tree(folder: &Path) -> Tree {
    fn below(folder: &Path, prefix: &str, tree: &mut Tree) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
            if name.ends_with(".regen-journal") {
                continue;
            }
            if entry.path().is_dir() {
                below(&entry.path(), &format!("{name}/"), tree);
            } else {
                let changed = entry.metadata().unwrap().modified().unwrap();
                tree.insert(name, (fs::read_to_string(entry.path()).unwrap(), changed));
            }
        }
    }
    let mut files = Tree::new();
    below(folder, "", &mut files);
    files
}

/// Stands in for the real generator: a file for each line `file NAME …`, a finding for each line `finding …`, an error for
/// what is not OpenAPI 3.0.
fn generate(contract: Source<'_>, overlay: Source<'_>) -> Result<Generation, Error> {
    let text = String::from_utf8_lossy(contract.bytes);
    let place = |line| Place {
        document: contract.name.to_owned(),
        position: Some((line, 1)),
    };
    if !text.starts_with("openapi: 3.0") {
        return Err(Error::at(place(1), "not OpenAPI 3.0"));
    }
    let mut generation = Generation {
        files: BTreeMap::new(),
        findings: Vec::new(),
    };
    for (number, line) in text.lines().enumerate() {
        match line.split_once(' ') {
            Some(("file", rest)) => {
                let name = format!("{}.rs", rest.split(' ').next().unwrap_or(rest));
                let overlay = String::from_utf8_lossy(overlay.bytes);
                generation.files.insert(
                    name,
                    format!("// @generated\n// {rest}\n// {}\n", overlay.trim()),
                );
            }
            Some(("finding", rest)) => generation.findings.push(Finding {
                kind: FindingKind::UnclassifiedOperation,
                place: place(number + 1),
                message: rest.to_owned(),
            }),
            _ => {}
        }
    }
    Ok(generation)
}
