//! Whenever the process ends, the next command finds all of a change or nothing of it.

use std::cell::Cell;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use anyhow::Result;
use xtask::regen::{regen, regen_from_published};
use xtask::transaction::{Changes, Claim, Recovery, Step};

use crate::world::{NEW, World};

/// Carries out the work and ends it, as a kill would, before its step number `last`. Tells whether it came so far.
fn killed_at(last: usize, work: impl FnOnce(&dyn Fn(Step)) -> Result<()>) -> bool {
    let steps = Cell::new(0);
    let checkpoint = |_| {
        if steps.replace(steps.get() + 1) == last {
            panic::resume_unwind(Box::new("killed"));
        }
    };
    match panic::catch_unwind(AssertUnwindSafe(|| work(&checkpoint))) {
        Ok(result) => {
            result.unwrap();
            false
        }
        Err(_) => true,
    }
}

/// The change that all of these tests interrupt: pin, provenance, a changed, an added and a deleted file.
fn change(world: &World, checkpoint: &dyn Fn(Step)) -> Result<()> {
    let from = world.root().join("new.yml");
    world.run_with(checkpoint, |workspace, outside| {
        regen_from_published(workspace, from.to_str(), outside)
    })
}

fn recover(root: &Path, checkpoint: &dyn Fn(Step)) -> Recovery {
    Claim::take(root, checkpoint).unwrap().1
}

/// A world with the new contract at hand.
fn world() -> World {
    let world = World::new();
    fs::write(world.root().join("new.yml"), NEW).unwrap();
    world
}

#[test]
fn killed_at_any_step_a_fetch_is_done_or_not_begun() {
    let world_old = world();
    let old = world_old.texts();
    change(&world_old, &|_| {}).unwrap();
    let new = world_old.texts();
    let differing = old
        .iter()
        .filter(|(name, text)| new.get(*name) != Some(text));
    assert_eq!(
        differing.count(),
        4,
        "pin, provenance, a changed and a dropped file"
    );

    let mut outcomes = Vec::new();
    for last in 0.. {
        let world = world();
        if !killed_at(last, |checkpoint| change(&world, checkpoint)) {
            break;
        }
        let recovery = recover(world.root(), &|_| {});
        let texts = world.texts();
        assert!(
            texts == old || texts == new,
            "killed at step {last}: {texts:#?}"
        );
        assert!(!world.has_journal());
        outcomes.push((recovery, texts == new));
        // And the next command finds nothing in its way.
        change(&world, &|_| {}).unwrap();
        assert_eq!(world.texts(), new);
    }
    // Four files staged, plan, commit; four moved, one deleted, plan deleted, rest deleted.
    let mut expected = vec![(Recovery::Discarded, false); 6];
    expected.resize(12, (Recovery::Completed, true));
    expected.push((Recovery::Discarded, true));
    assert_eq!(outcomes, expected);
}

#[test]
fn a_recovery_may_itself_be_killed_at_any_step() {
    let reference = world();
    let old = reference.texts();
    change(&reference, &|_| {}).unwrap();
    let new = reference.texts();

    for first in 0..13 {
        for second in 0.. {
            let world = world();
            assert!(killed_at(first, |checkpoint| change(&world, checkpoint)));
            let again = killed_at(second, |checkpoint| {
                recover(world.root(), checkpoint);
                Ok(())
            });
            recover(world.root(), &|_| {});
            let expected = if first < 6 { &old } else { &new };
            assert_eq!(
                &world.texts(),
                expected,
                "killed at {first}, then at {second}"
            );
            if !again {
                break;
            }
        }
    }
}

const CHILD: &str = "crash::child_that_gets_killed";

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn child_that_gets_killed() {
    let (Ok(root), Ok(last)) = (env::var("XTASK_TEST_ROOT"), env::var("XTASK_TEST_STEP")) else {
        return;
    };
    let (steps, last) = (Cell::new(0), last.parse::<usize>().unwrap());
    let checkpoint = |_| {
        if steps.replace(steps.get() + 1) == last {
            println!("\nreached");
            let _ = std::io::stdin().read(&mut [0]); // The parent kills us here.
            unreachable!("the parent is gone");
        }
    };
    apply_in(Path::new(&root), &checkpoint);
}

fn apply_in(root: &Path, checkpoint: &dyn Fn(Step)) {
    let (claim, _) = Claim::take(root, checkpoint).unwrap();
    let mut changes = Changes::default();
    changes.write("a", "new");
    changes.write("below/b", "new");
    changes.delete("c");
    claim.apply(changes).unwrap();
}

#[test]
fn a_process_killed_at_any_step_leaves_all_or_nothing() {
    let states =
        |root: &Path| ["a", "below/b", "c"].map(|name| fs::read_to_string(root.join(name)).ok());
    let old = [Some("old".to_owned()), None, Some("old".to_owned())];
    let new = [Some("new".to_owned()), Some("new".to_owned()), None];
    let mut decided = Vec::new();
    for last in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("a"), "old").unwrap();
        fs::write(root.join("c"), "old").unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .env("XTASK_TEST_ROOT", root)
            .env("XTASK_TEST_STEP", last.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reached = output.lines().any(|line| line.unwrap() == "reached");
        if !reached {
            assert!(child.wait().unwrap().success());
            assert_eq!(states(root), new);
            break;
        }
        // While it lives, it has the claim.
        let error = Claim::take(root, &|_| {}).err().unwrap().to_string();
        assert!(error.contains("another command is at work"), "{error}");
        child.kill().unwrap();
        child.wait().unwrap();
        recover(root, &|_| {});
        let state = states(root);
        assert!(
            state == old || state == new,
            "killed at step {last}: {state:?}"
        );
        assert!(!root.join(".regen-journal").exists());
        decided.push(state == new);
    }
    // Two staged, plan, commit; two moved, one deleted, plan deleted, rest deleted.
    assert_eq!(decided, [[false; 4].as_slice(), &[true; 5]].concat());
}

#[test]
fn two_commands_do_not_mix() {
    let world = world();
    let before = world.tree();
    let claim = Claim::take(world.root(), &|_| {}).unwrap();
    let error = world.run(regen).unwrap_err().to_string();
    assert!(error.contains("another command is at work"), "{error}");
    let error = world.run(xtask::check::check).unwrap_err().to_string();
    assert!(error.contains("another command is at work"), "{error}");
    assert_eq!(world.tree(), before);
    drop(claim);
    world.run(regen).unwrap();
}

#[test]
fn a_claim_is_one_commands_alone_however_often_the_lock_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while taken.load(SeqCst) < 1000 {
                    match Claim::take(folder.path(), &|_| {}) {
                        Ok(claim) => {
                            assert_eq!(holders.fetch_add(1, SeqCst), 0, "two claims at once");
                            taken.fetch_add(1, SeqCst);
                            holders.fetch_sub(1, SeqCst);
                            drop(claim);
                        }
                        Err(error) => {
                            assert!(error.to_string().contains("another command"), "{error:#}")
                        }
                    }
                }
            });
        }
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_plan_is_not_carried_out() {
    let world = world();
    world.write(".regen-journal/plan", "replace = [\"spec");
    let before = world.tree();
    let error = format!("{:#}", world.run(regen).unwrap_err());
    assert!(error.contains("is damaged"), "{error}");
    assert_eq!(world.tree(), before);
}

#[test]
fn a_change_that_can_not_be_staged_changes_nothing_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "old").unwrap();
    let (claim, _) = Claim::take(folder.path(), &|_| {}).unwrap();
    let mut changes = Changes::default();
    changes.write("b", "new");
    changes.write("a/b", "new"); // There is a file where a folder is needed.
    claim.apply(changes).unwrap_err();
    drop(claim);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
