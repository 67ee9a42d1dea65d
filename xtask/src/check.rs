//! `check`: is everything in step with the pin?

use std::fmt::Write;

use anboto_gen::FindingKind;
use anyhow::Result;
use similar::TextDiff;

use crate::generated::{self, Difference, DifferenceKind};
use crate::terminal::Terminal;
use crate::workspace::{GENERATED, OVERLAY, PIN, Workspace};
use crate::{Outside, Verdict, regen};

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

/// Everything that is out of step with the pin.
///
/// # Errors
/// When it can't be found out.
pub fn problems(workspace: &Workspace, outside: &Outside<'_>) -> Result<Vec<Problem>> {
    let pin = workspace.read(PIN)?;
    let generation = regen::generate(workspace, PIN, &pin, outside, &Terminal::silent())?;
    let mut problems: Vec<_> = generation
        .findings
        .iter()
        .map(|finding| Problem {
            what: format!("{}: {}", finding.place, finding.message),
            diff: None,
            mend: match finding.kind {
                FindingKind::UnclassifiedOperation => {
                    format!("give it its x-anboto-effect in {OVERLAY}, then {REGEN}")
                }
                _ => format!("mend or delete the action in {OVERLAY}, then {REGEN}"),
            },
        })
        .collect();
    let differences = generated::differences(&workspace.path(GENERATED), &generation)?;
    problems.extend(differences.into_iter().map(stale));
    Ok(problems)
}

fn stale(Difference { name, kind }: Difference) -> Problem {
    let path = format!("{GENERATED}/{name}");
    match kind {
        DifferenceKind::Missing { .. } => Problem {
            what: format!("{path}: missing"),
            diff: None,
            mend: REGEN.to_owned(),
        },
        DifferenceKind::Stale { old, new } => Problem {
            what: format!("{path}: not what {PIN} and {OVERLAY} give"),
            diff: Some(first_difference(
                &path,
                &String::from_utf8_lossy(&old),
                &new,
            )),
            mend: REGEN.to_owned(),
        },
        DifferenceKind::Surplus => Problem {
            what: format!("{path}: no longer generated"),
            diff: None,
            mend: REGEN.to_owned(),
        },
        DifferenceKind::HandWritten => Problem {
            what: format!("{path}: written by hand, in the generator's folder"),
            diff: None,
            mend: format!("move it out of {GENERATED}, then {REGEN}"),
        },
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

/// Prints the problems, or that there are none.
pub fn report(problems: &[Problem], terminal: &Terminal) -> Verdict {
    for problem in problems {
        terminal.problem(&problem.what);
        for line in problem.diff.iter().flat_map(|diff| diff.lines()) {
            terminal.line(format_args!("    {line}"));
        }
        terminal.line(format_args!("    mend: {}", problem.mend));
    }
    match problems.len() {
        0 => {
            terminal.step("Checked", "everything is in step with the pin");
            Verdict::Done
        }
        1 => {
            terminal.line("1 problem");
            Verdict::OutOfStep
        }
        many => {
            terminal.line(format_args!("{many} problems"));
            Verdict::OutOfStep
        }
    }
}
