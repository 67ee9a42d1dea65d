//! `check`: every problem, in one run, each with its remedy.

use std::fs;

use xtask::check::{Problem, check, find};
use xtask::regen::regen;
use xtask::workspace::{GENERATED, PIN, PROVENANCE};
use xtask::{Verdict, workspace::OVERLAY};

use crate::world::{OLD, World};

fn problems(world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    world
        .run(|workspace, outside| find(workspace, outside, &mut problems))
        .unwrap();
    problems
}

fn said(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|problem| format!("{} => {}", problem.what, problem.mend))
        .collect()
}

#[test]
fn nothing_is_found_after_a_regen() {
    let world = World::new();
    assert_eq!(problems(&world), []);
    assert_eq!(world.run(check).unwrap(), Verdict::Done);
}

#[test]
fn every_problem_is_found_in_one_run_and_nothing_is_touched() {
    let world = World::new();
    world.write(PIN, &format!("{OLD}file missing\nfinding no effect\n"));
    world.write_generated("kept.rs", "// @generated\n// edited\n");
    world.write_generated("surplus.rs", "// @generated\n// of old\n");
    world.write_generated("mine.rs", "// mine\n");
    let before = world.tree();
    let found = said(&problems(&world));
    let expected = [
        format!("{PIN}: not the file that {PROVENANCE} tells of"),
        format!("{PIN}:6:1: no effect => settle it in {OVERLAY}, then cargo xtask regen"),
        format!("{GENERATED}/kept.rs: not what {PIN} and {OVERLAY} give => cargo xtask regen"),
        format!(
            "{GENERATED}/mine.rs: written by hand, in the generator's folder => move it out of {GENERATED}"
        ),
        format!("{GENERATED}/missing.rs: missing => cargo xtask regen"),
        format!("{GENERATED}/surplus.rs: no longer generated => cargo xtask regen"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
    assert_eq!(world.run(check).unwrap(), Verdict::OutOfStep);
    assert_eq!(world.tree(), before);
    assert!(!world.has_journal());
}

#[test]
fn a_stale_file_comes_with_its_first_differing_lines() {
    let world = World::new();
    world.write_generated("kept.rs", "// @generated\n// edited\n// overlay: 1.0.0\n");
    let found = problems(&world);
    assert_eq!(
        found[0].diff.as_deref().unwrap(),
        format!(
            "--- {GENERATED}/kept.rs (as it is)\n\
             +++ {GENERATED}/kept.rs (as generated)\n\
             @@ -1,3 +1,3 @@\n\
             \x20// @generated\n\
             -// edited\n\
             +// kept\n\
             \x20// overlay: 1.0.0\n"
        )
    );
}

#[test]
fn a_long_difference_is_cut() {
    let world = World::new();
    world.write_generated(
        "kept.rs",
        &format!("// @generated\n{}", "// edited\n".repeat(1000)),
    );
    let found = problems(&world);
    let diff = found[0].diff.as_deref().unwrap();
    assert!(diff.lines().count() <= 16, "{diff}");
    assert!(diff.contains("more lines"), "{diff}");
}

#[test]
fn line_ends_are_a_difference() {
    let world = World::new();
    world.write_generated(
        "kept.rs",
        &world
            .read(&format!("{GENERATED}/kept.rs"))
            .replace('\n', "\r\n"),
    );
    let found = said(&problems(&world));
    assert_eq!(
        found,
        [format!(
            "{GENERATED}/kept.rs: has line ends of another system => cargo xtask regen"
        )]
    );
}

#[test]
fn a_provenance_that_is_missing_or_wrong_is_a_problem() {
    let world = World::new();
    world.write(
        PROVENANCE,
        &format!("{}surprise = 1\n", world.read(PROVENANCE)),
    );
    let found = said(&problems(&world));
    assert!(found[0].contains("unknown field `surprise`"), "{found:?}");
    fs::remove_file(world.root().join(PROVENANCE)).unwrap();
    let found = said(&problems(&world));
    assert!(
        found[0].contains(PROVENANCE) && found[0].ends_with("=> cargo xtask regen --fetch"),
        "{found:?}"
    );
}

#[test]
fn a_pin_that_does_not_generate_can_not_be_checked() {
    let world = World::new();
    world.write(PIN, "openapi: 3.1.0\n");
    assert!(world.run(check).is_err());
}

#[test]
fn a_change_that_was_interrupted_is_a_problem_and_is_left_as_it_is() {
    let world = World::new();
    world.write(
        ".regen-journal/plan",
        "replace = [\"spec/overlay.yml\"]\ndelete = []\n",
    );
    world.write(".regen-journal/staged/0", "overlay: 1.0.1\n");
    let found = said(&problems(&world));
    assert_eq!(
        found,
        ["a command was interrupted while it replaced files => cargo xtask regen"]
    );
    assert_eq!(world.read(OVERLAY), "overlay: 1.0.0\n");

    world.run(regen).unwrap();
    assert_eq!(world.read(OVERLAY), "overlay: 1.0.1\n");
    assert_eq!(problems(&world), []);
}
