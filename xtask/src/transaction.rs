//! Several files changed together: all of them or none, even if the process is killed between any two steps.
//!
//! Everything happens in a journal folder inside the folder whose files change, so on the same file system:
//!
//! ```text
//! .regen-journal/lock       locked by the command at work; the system lets go of it however the process ends
//! .regen-journal/staged/N   the new contents, on disk before anything else happens
//! .regen-journal/plan       which staged file goes where, and what goes away
//! ```
//!
//! The plan appears whole, by one rename. Before that moment nothing has changed, and what an interrupted command has left is
//! thrown away; after it the change is decided, and the next command carries out what is left of it. Every step of that can be
//! repeated, so it may be interrupted in its turn. When the work is done the journal is gone.
//!
//! A file system that refuses a rename after the plan is there (no permission, say) stops the command with an error; the
//! journal stays, and the next command goes on from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use same_file::Handle;
use serde::{Deserialize, Serialize};

/// The journal's name. It is no part of the folder that it is in.
pub const JOURNAL: &str = ".regen-journal";

/// What shall become of some files, by their names below the folder, with `/`.
#[derive(Debug, Default)]
pub struct Changes(BTreeMap<String, Option<Vec<u8>>>);

impl Changes {
    /// The file shall have these contents.
    pub fn write(&mut self, name: impl Into<String>, contents: impl Into<Vec<u8>>) {
        self.0.insert(name.into(), Some(contents.into()));
    }

    /// The file shall not be.
    pub fn delete(&mut self, name: impl Into<String>) {
        self.0.insert(name.into(), None);
    }
}

/// What [`Claim::apply`] has changed. A file that already was as it should be is in neither list and was not touched.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Files with new contents.
    pub written: Vec<String>,
    /// Files that are gone.
    pub deleted: Vec<String>,
}

/// What was left by a command that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing: the last command came to its end.
    Nothing,
    /// A change that was decided; it has now been carried out.
    Completed,
    /// A change that was not decided, or was already carried out; its leftovers have been thrown away.
    Discarded,
}

/// A step of [`Claim::apply`] or of a recovery, told to the checkpoint before it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One new content is written to the journal.
    Stage,
    /// The plan is written, under a name that does not count yet.
    Plan,
    /// The plan gets its name: the change is decided.
    Commit,
    /// One staged file is moved to its place.
    Replace,
    /// One file is deleted.
    Delete,
    /// The plan is deleted: the change is carried out.
    Close,
    /// The rest of the journal is deleted.
    Clear,
}

/// A folder whose files nobody else changes through this module until the claim is dropped.
pub struct Claim<'a> {
    root: PathBuf,
    journal: PathBuf,
    checkpoint: &'a dyn Fn(Step),
    _lock: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// Where `staged/0`, `staged/1` and so on go.
    replace: Vec<String>,
    delete: Vec<String>,
}

impl<'a> Claim<'a> {
    /// Claims the folder and settles what an interrupted command has left in it.
    ///
    /// `checkpoint` hears of every step; a test kills the process there, everyone else does nothing.
    ///
    /// # Errors
    /// When another process has the claim, or the folder can't be written to.
    pub fn take(root: &Path, checkpoint: &'a dyn Fn(Step)) -> Result<(Self, Recovery)> {
        let journal = root.join(JOURNAL);
        match fs::create_dir_all(&journal) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("{} can't be made", journal.display()));
            }
            _ => {}
        }
        let lock = lock(&journal)?;
        let claim = Self {
            root: root.to_owned(),
            journal,
            checkpoint,
            _lock: lock,
        };
        let recovery = claim
            .recover()
            .context("what an interrupted command has left can't be settled")?;
        Ok((claim, recovery))
    }

    /// Makes all the changes, or none of them.
    ///
    /// # Errors
    /// When the file system refuses. Unless the error speaks of the next command, nothing has changed.
    pub fn apply(&self, changes: Changes) -> Result<Applied> {
        let mut plan = Plan::default();
        let mut contents = Vec::new();
        for (name, change) in changes.0 {
            let path = self.root.join(&name);
            match (change, path.symlink_metadata().is_ok()) {
                (Some(new), _) if !is_file_with(&path, &new)? => {
                    plan.replace.push(name);
                    contents.push(new);
                }
                (None, true) => plan.delete.push(name),
                (Some(_), _) | (None, false) => {}
            }
        }
        if !plan.replace.is_empty() || !plan.delete.is_empty() {
            if let Err(error) = self.commit(&plan, &contents) {
                // A plan must never outlive its staged files.
                let _ = unless_gone(fs::remove_file(self.plan())).map(|()| self.discard());
                return Err(error);
            }
            self.carry_out(&plan).context(
                "the change is decided but not complete; the next command will go on with it",
            )?;
        }
        Ok(Applied {
            written: plan.replace,
            deleted: plan.delete,
        })
    }

    fn commit(&self, plan: &Plan, contents: &[Vec<u8>]) -> Result<()> {
        for name in &plan.replace {
            let path = self.root.join(name);
            fs::create_dir_all(parent(&path))
                .with_context(|| format!("the folder of {name} can't be made"))?;
        }
        let staged = self.journal.join("staged");
        fs::create_dir_all(&staged)
            .with_context(|| format!("{} can't be made", staged.display()))?;
        for (number, contents) in contents.iter().enumerate() {
            (self.checkpoint)(Step::Stage);
            write_through(&self.staged(number), contents)?;
        }
        sync(&staged)?;
        (self.checkpoint)(Step::Plan);
        let draft = self.journal.join("plan.draft");
        write_through(&draft, toml::to_string(plan)?.as_bytes())?;
        sync(&self.journal)?;
        sync(&self.root)?;
        (self.checkpoint)(Step::Commit);
        fs::rename(&draft, self.plan())
            .with_context(|| format!("{} can't be renamed", draft.display()))?;
        sync(&self.journal)
    }

    fn carry_out(&self, plan: &Plan) -> Result<()> {
        let mut folders = BTreeSet::new();
        for (number, name) in plan.replace.iter().enumerate() {
            let (from, to) = (self.staged(number), self.root.join(name));
            (self.checkpoint)(Step::Replace);
            unless_gone(fs::rename(&from, &to))
                .with_context(|| format!("{} can't be replaced", to.display()))?;
            folders.extend(
                to.ancestors()
                    .skip(1)
                    .take_while(|folder| folder.starts_with(&self.root))
                    .map(Path::to_owned),
            );
        }
        for name in &plan.delete {
            let path = self.root.join(name);
            (self.checkpoint)(Step::Delete);
            unless_gone(fs::remove_file(&path))
                .with_context(|| format!("{} can't be deleted", path.display()))?;
            folders.insert(parent(&path).to_owned());
        }
        folders.iter().try_for_each(|folder| sync(folder))?;
        (self.checkpoint)(Step::Close);
        fs::remove_file(self.plan())
            .with_context(|| format!("{} can't be deleted", self.plan().display()))?;
        sync(&self.journal)?;
        self.discard()
    }

    fn recover(&self) -> Result<Recovery> {
        if let Some(plan) = read_plan(&self.plan())? {
            self.carry_out(&plan)?;
            return Ok(Recovery::Completed);
        }
        if !self.journal.join("staged").exists() && !self.journal.join("plan.draft").exists() {
            return Ok(Recovery::Nothing);
        }
        self.discard()?;
        Ok(Recovery::Discarded)
    }

    /// Throws away what does not count: everything but a plan.
    fn discard(&self) -> Result<()> {
        (self.checkpoint)(Step::Clear);
        let staged = self.journal.join("staged");
        unless_gone(fs::remove_dir_all(&staged))
            .with_context(|| format!("{} can't be deleted", staged.display()))?;
        let draft = self.journal.join("plan.draft");
        unless_gone(fs::remove_file(&draft))
            .with_context(|| format!("{} can't be deleted", draft.display()))
    }

    fn staged(&self, number: usize) -> PathBuf {
        self.journal.join("staged").join(number.to_string())
    }

    fn plan(&self) -> PathBuf {
        self.journal.join("plan")
    }
}

impl Drop for Claim<'_> {
    /// Takes the journal away, unless there is still something in it.
    fn drop(&mut self) {
        let _ = fs::remove_file(self.journal.join("lock"));
        let _ = fs::remove_dir(&self.journal);
    }
}

/// Looks, without touching anything, whether a decided change of the folder's files is waiting to be carried out.
///
/// # Errors
/// When a command is at work in the folder right now.
pub fn is_half_done(root: &Path) -> Result<bool> {
    let journal = root.join(JOURNAL);
    // Without this file nobody is at work. Somebody may begin while we read: then the answer is out of date, not harmful.
    if let Ok(file) = File::open(journal.join("lock")) {
        file.try_lock_shared()
            .map_err(|error| busy(&journal, error))?;
    }
    Ok(read_plan(&journal.join("plan"))?.is_some())
}

fn lock(journal: &Path) -> Result<File> {
    let path = journal.join("lock");
    // What the command before us leaves to the last moment, and then deletes, may go between any two of these lines. Whoever
    // meets that has come too early, as if the lock were still held.
    let too_early = || busy(journal, TryLockError::WouldBlock);
    let file = match File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(too_early()),
        Err(error) => {
            return Err(error).with_context(|| format!("{} can't be opened", path.display()));
        }
    };
    file.try_lock().map_err(|error| busy(journal, error))?;
    // What we have locked may be deleted by now, and another file of its name locked by somebody else.
    let ours = Handle::from_file(file.try_clone()?)?;
    match Handle::from_path(&path) {
        Ok(found) if found == ours => Ok(file),
        _ => Err(too_early()),
    }
}

fn busy(journal: &Path, error: TryLockError) -> anyhow::Error {
    match error {
        TryLockError::WouldBlock => {
            anyhow::anyhow!(
                "another command is at work on {}: try again when it has ended",
                parent(journal).display()
            )
        }
        TryLockError::Error(error) => {
            anyhow::Error::new(error).context(format!("{} can't be locked", journal.display()))
        }
    }
}

fn read_plan(path: &Path) -> Result<Option<Plan>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} can't be read", path.display()));
        }
    };
    match toml::from_str(&text) {
        Ok(plan) => Ok(Some(plan)),
        Err(_) => bail!(
            "{} is damaged: delete {} and restore the files with git",
            path.display(),
            parent(path).display()
        ),
    }
}

fn is_file_with(path: &Path, contents: &[u8]) -> Result<bool> {
    match fs::read(path) {
        Ok(old) => Ok(old == contents),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", path.display())),
    }
}

fn write_through(path: &Path, contents: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(contents)?;
        file.sync_all()
    };
    write().with_context(|| format!("{} can't be written", path.display()))
}

/// Makes the names in a folder last. Elsewhere than on Unix a folder can't be opened, and the file system sees to it itself.
fn sync(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("{} can't be written through to disk", folder.display()))?;
    }
    Ok(())
}

/// A step that has already been taken is no error.
fn unless_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
