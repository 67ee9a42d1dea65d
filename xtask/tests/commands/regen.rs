//! `regen`: what is written, what is left alone, what is refused.

use std::fs;

use tempfile::TempDir;
use xtask::regen::{regen, regen_elsewhere};
use xtask::workspace::{GENERATED, OVERLAY, PIN};

use crate::server::Server;
use crate::world::{NEW, OLD, World, tree};

#[test]
fn a_second_run_touches_nothing() {
    let world = World::new();
    let before = world.tree();
    world.run(regen).unwrap();
    assert_eq!(world.tree(), before);
    assert!(!world.has_journal());
}

#[test]
fn only_what_differs_is_written_and_what_is_no_longer_made_is_deleted() {
    let world = World::new();
    let before = world.tree();
    world.write(PIN, NEW);
    world.run(regen).unwrap();
    let after = world.tree();
    let name = |name| format!("{GENERATED}/{name}");
    assert_eq!(after[&name("kept.rs")], before[&name("kept.rs")]);
    assert_ne!(after[&name("changed.rs")], before[&name("changed.rs")]);
    assert!(after.contains_key(&name("added.rs")));
    assert!(!after.contains_key(&name("dropped.rs")));
    assert!(!world.has_journal());
}

#[test]
fn a_generated_folder_that_is_not_there_is_made() {
    let world = World::new();
    let before = world.texts();
    fs::remove_dir_all(world.root().join(GENERATED)).unwrap();
    world.run(regen).unwrap();
    assert_eq!(world.texts(), before);
}

#[test]
fn an_emptied_file_is_written_again() {
    let world = World::new();
    let before = world.texts();
    world.write_generated("kept.rs", "");
    world.run(regen).unwrap();
    assert_eq!(world.texts(), before);
}

#[test]
fn somebodys_own_file_is_neither_deleted_nor_replaced() {
    for name in ["mine.rs", "added.rs", "below/mine.rs"] {
        let world = World::new();
        world.write_generated(name, "// mine\n");
        world.write(PIN, NEW);
        let before = world.tree();
        let error = world.run(regen).unwrap_err().to_string();
        assert!(
            error.contains("written by hand") && error.contains(&format!("{GENERATED}/{name}")),
            "{error}"
        );
        assert_eq!(world.tree(), before);
    }
}

#[test]
fn a_refused_pin_changes_nothing_and_is_named() {
    let world = World::new();
    world.write(PIN, "openapi: 3.1.0\n");
    let before = world.tree();
    let error = world.run(regen).unwrap_err().to_string();
    assert_eq!(error, format!("{PIN}:1:1: not OpenAPI 3.0"));
    assert_eq!(world.tree(), before);
}

#[test]
fn a_missing_overlay_is_named() {
    let world = World::new();
    fs::remove_file(world.root().join(OVERLAY)).unwrap();
    let error = format!("{:#}", world.run(regen).unwrap_err());
    assert!(error.contains(OVERLAY), "{error}");
}

#[test]
fn elsewhere_leaves_pin_and_client_alone_and_nothing_beside_the_files() {
    let world = World::new();
    let before = world.tree();
    let server = Server::serving(NEW, None);
    let out = TempDir::new().unwrap();
    let out = out.path().join("a/b");
    let elsewhere = || {
        world.run(|workspace, outside| {
            regen_elsewhere(workspace, &server.url("/new.yml"), &out, outside)
        })
    };
    elsewhere().unwrap();
    let made = tree(&out);
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        ["added.rs", "changed.rs", "kept.rs"]
    );
    assert!(!out.join(".regen-journal").exists());
    elsewhere().unwrap();
    assert_eq!(tree(&out), made, "the second run touched a file");
    assert_eq!(world.tree(), before);
}

#[test]
fn elsewhere_keeps_out_of_a_folder_with_other_files() {
    let world = World::new();
    let out = TempDir::new().unwrap();
    fs::write(out.path().join("lib.rs"), "//! mine\n").unwrap();
    fs::write(out.path().join("old.yml"), OLD).unwrap();
    let before = tree(out.path());
    let spec = out.path().join("old.yml");
    let error = world
        .run(|workspace, outside| {
            regen_elsewhere(workspace, spec.to_str().unwrap(), out.path(), outside)
        })
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("lib.rs") && error.contains("old.yml"),
        "{error}"
    );
    assert_eq!(tree(out.path()), before);
}

#[test]
fn elsewhere_makes_no_folder_for_a_contract_that_does_not_generate() {
    let world = World::new();
    world.write("bad.yml", "openapi: 3.1.0\n");
    let (spec, out) = (world.root().join("bad.yml"), world.root().join("out"));
    let result = world.run(|workspace, outside| {
        regen_elsewhere(workspace, spec.to_str().unwrap(), &out, outside)
    });
    let error = result.unwrap_err().to_string();
    assert_eq!(error, format!("{}:1:1: not OpenAPI 3.0", spec.display()));
    assert!(!out.exists());
}
