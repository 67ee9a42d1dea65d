//! `check`: is everything in step with the pin?

use std::fmt::Write;

use anboto_gen::{Finding, FindingKind};
use anyhow::Result;
use similar::TextDiff;

use crate::generated::{self, Difference, DifferenceKind};
use crate::provenance::sha256;
use crate::terminal::Terminal;
use crate::workspace::{GENERATED, OVERLAY, PIN, PROVENANCE, Workspace};
use crate::{Outside, Verdict, pin, regen, transaction};

const REGEN: &str = "cargo xtask regen";
/// Of a difference, as much as shows what kind it is; the whole is one `regen` and one `git diff` away.
const DIFF_LINES: usize = 12;

/// Something that is out of step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, beginning with where.
    pub what: String,
    /// The first lines that differ, as a unified diff, where there are any.
    pub diff: Option<String>,
    /// What to do, with the command to run.
    pub mend: String,
}

impl Problem {
    fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            diff: None,
            mend: mend.into(),
        }
    }
}

/// `check`: reports everything that is out of step with the pin.
///
/// It changes nothing, not even to complete what an interrupted `regen` has begun: CI and people may run it at any time.
///
/// # Errors
/// When it can't be found out, after what has been found out is reported.
pub fn check(workspace: &Workspace, outside: &Outside<'_>) -> Result<Verdict> {
    let mut problems = Vec::new();
    let found_out = find(workspace, outside, &mut problems);
    report(&problems, outside.terminal);
    found_out?;
    if problems.is_empty() {
        outside
            .terminal
            .step("Checked", "everything is in step with the pin");
        return Ok(Verdict::Done);
    }
    Ok(Verdict::OutOfStep)
}

/// Finds what is out of step, in the order in which it is best mended.
///
/// # Errors
/// When the pin or the overlay can't be read or the generator refuses them; what was found by then is in `problems`.
pub fn find(
    workspace: &Workspace,
    outside: &Outside<'_>,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    if transaction::is_half_done(workspace.root())? {
        // Whatever else may be wrong follows from this.
        problems.push(Problem::new(
            "a command was interrupted while it replaced files",
            REGEN,
        ));
        return Ok(());
    }
    let pin = workspace.read(PIN)?;
    problems.extend(provenance(workspace, &pin));
    let generation = regen::generate(workspace, PIN, &pin, outside)?;
    problems.extend(generation.findings.iter().map(unsettled));
    let differences = generated::differences(&workspace.path(GENERATED), &generation)?;
    problems.extend(differences.into_iter().map(stale));
    Ok(())
}

fn provenance(workspace: &Workspace, pin: &[u8]) -> Option<Problem> {
    let what = match pin::provenance(workspace) {
        Ok(provenance) if provenance.sha256 == sha256(pin) => return None,
        Ok(provenance) => format!(
            "{PIN}: not the file that {PROVENANCE} tells of\n    sha256 recorded {}\n    sha256 of file  {}",
            provenance.sha256,
            sha256(pin)
        ),
        Err(error) => format!("{error:#}"),
    };
    Some(Problem::new(what, "cargo xtask regen --fetch"))
}

fn unsettled(finding: &Finding) -> Problem {
    let what = format!("{}: {}", finding.place, finding.message);
    let mend = match finding.kind {
        FindingKind::ActionMatchesNothing
        | FindingKind::ActionChangesNothing
        | FindingKind::SignedAfterAll => "correct or delete the action",
        _ => "settle it",
    };
    Problem::new(what, format!("{mend} in {OVERLAY}, then {REGEN}"))
}

fn stale(Difference { name, kind }: Difference) -> Problem {
    let path = format!("{GENERATED}/{name}");
    match kind {
        DifferenceKind::Missing { .. } => Problem::new(format!("{path}: missing"), REGEN),
        DifferenceKind::Surplus => Problem::new(format!("{path}: no longer generated"), REGEN),
        DifferenceKind::HandWritten => Problem::new(
            format!("{path}: written by hand, in the generator's folder"),
            format!("move it out of {GENERATED}, then {REGEN}"),
        ),
        DifferenceKind::Stale { old, new } => {
            let old = String::from_utf8_lossy(&old);
            if old.replace("\r\n", "\n") == new {
                return Problem::new(format!("{path}: has line ends of another system"), REGEN);
            }
            let diff = Some(first_difference(&path, &old, &new));
            Problem {
                diff,
                ..Problem::new(format!("{path}: not what {PIN} and {OVERLAY} give"), REGEN)
            }
        }
    }
}

/// The first hunk of a unified diff, cut to [`DIFF_LINES`].
fn first_difference(path: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = format!("--- {path} (as it is)\n+++ {path} (as generated)\n");
    let mut unified = diff.unified_diff();
    if let Some(hunk) = unified.context_radius(2).iter_hunks().next() {
        let hunk = hunk.to_string();
        let total = hunk.lines().count();
        for line in hunk.lines().take(DIFF_LINES) {
            let _ = writeln!(text, "{line}");
        }
        if total > DIFF_LINES {
            let _ = writeln!(text, "… {} more lines", total - DIFF_LINES);
        }
    }
    text
}

fn report(problems: &[Problem], terminal: Terminal) {
    for problem in problems {
        terminal.problem(&problem.what);
        for line in problem.diff.iter().flat_map(|diff| diff.lines()) {
            terminal.line(format_args!("    {line}"));
        }
        terminal.line(format_args!("    to mend it: {}", problem.mend));
    }
    match problems.len() {
        0 => {}
        1 => terminal.line("1 problem"),
        many => terminal.line(format_args!("{many} problems")),
    }
}
