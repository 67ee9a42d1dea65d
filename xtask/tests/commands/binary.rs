//! The built program: exit status, what stands where, and what a pipe sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use xtask::provenance::sha256;
use xtask::workspace::{GENERATED, OVERLAY, PIN, PROVENANCE};

use crate::server::Server;
use crate::world::{World, tree};

fn xtask(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .arg("--root")
        .arg(root)
        .env_remove("ANBOTO_CONTRACT_URL")
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color");
    command
}

/// Runs the program and expects this exit status and nothing but plain lines.
fn run(root: &Path, arguments: &[&str], status: i32) -> String {
    said(xtask(root).args(arguments).output().unwrap(), status)
}

fn said(output: Output, status: i32) -> String {
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(!text.contains(['\x1b', '\r']), "{text:?}");
    text
}

#[test]
fn wrong_usage_is_2_and_touches_nothing() {
    let world = World::new();
    let before = world.tree();
    for arguments in [
        &[][..],
        &["regenerate"],
        &["regen", "--spec", "a.yml"],
        &["regen", "--out", "a"],
        &["regen", "--from", "a.yml"],
        &["regen", "--fetch", "--spec", "a.yml", "--out", "a"],
        &["fetch", "a.yml"],
        &["check", "--fetch"],
    ] {
        let said = run(world.root(), arguments, 2);
        assert!(said.contains("Usage: cargo xtask"), "{said}");
    }
    assert_eq!(world.tree(), before);
}

#[test]
fn help_tells_of_exit_statuses_and_of_the_environment() {
    let world = World::new();
    for command in [
        &["--help"][..],
        &["regen", "--help"],
        &["fetch", "--help"],
        &["check", "--help"],
    ] {
        let said = run(world.root(), command, 0);
        assert!(
            said.contains("Exit status:\n  0  done\n  1  out of step"),
            "{said}"
        );
        assert!(!said.contains("--root"), "{said}");
    }
    for command in ["regen", "fetch"] {
        let said = run(world.root(), &[command, "--help"], 0);
        assert!(
            said.contains("ANBOTO_CONTRACT_URL") && said.contains("Examples:"),
            "{said}"
        );
    }
}

#[test]
fn what_can_not_be_done_is_3_and_says_why_on_standard_error() {
    let world = World::new();
    let before = world.tree();
    let server = Server::sending("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    for arguments in [&["fetch"][..], &["regen", "--fetch"]] {
        let output = xtask(world.root())
            .args(arguments)
            .env("ANBOTO_CONTRACT_URL", server.url("/"))
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(
            error.starts_with(&format!(
                "error: {}: not the contract: status 404 Not Found",
                server.url("/")
            )),
            "{error}"
        );
        assert_eq!(
            said(output, 3).trim_start(),
            format!("Fetching {}\n{error}", server.url("/"))
        );
    }
    let said = run(world.root(), &["fetch", "--from", "http://example.com/"], 3);
    assert!(said.starts_with("error: "), "{said}");
    assert_eq!(world.tree(), before);
}

/// The smallest contract that says something, as the vendor would publish it.
const CONTRACT: &str = "\
openapi: 3.0.1
info: {title: Ten lines, version: '1'}
paths:
  /status/ping:
    get:
      operationId: status
      responses:
        '200':
          description: The time.
          content: {text/plain: {schema: {type: string}}}
";

const CORRECTIONS: &str = "\
overlay: 1.0.0
info: {title: Corrections, version: '1'}
actions:
  - target: $.paths['/status/ping'].get
    description: It reads, for whoever asks.
    x-source: this test
    update: {x-anboto-effect: read, x-anboto-unsigned: true}
";

/// A workspace that was just cloned: nothing fetched, nothing generated.
fn fresh() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("spec")).unwrap();
    fs::write(folder.path().join(PIN), CONTRACT).unwrap();
    fs::write(folder.path().join(OVERLAY), CORRECTIONS).unwrap();
    folder
}

fn texts(root: &Path) -> BTreeMap<String, String> {
    tree(root)
        .into_iter()
        .map(|(name, (text, _))| (name, text))
        .collect()
}

#[test]
fn from_a_contract_to_a_client_that_is_in_step() {
    let (one, two) = (fresh(), fresh());
    let server = Server::serving(CONTRACT, Some("\"v1\""));
    for root in [one.path(), two.path()] {
        let said = run(
            root,
            &["regen", "--fetch", "--from", &server.url("/c.yml")],
            0,
        );
        assert!(
            said.contains(&format!("Fetching {}", server.url("/c.yml"))),
            "{said}"
        );
        assert!(
            said.contains(&format!("Wrote {GENERATED}/mod.rs")),
            "{said}"
        );
        assert!(said.contains("Finished files: "), "{said}");
        let said = run(root, &["check"], 0);
        assert!(said.contains("everything is in step"), "{said}");
    }
    let first = tree(one.path());
    let but_provenance =
        |mut texts: BTreeMap<String, String>| texts.remove(PROVENANCE).map(|_| texts).unwrap();
    assert_eq!(
        but_provenance(texts(one.path())),
        but_provenance(texts(two.path())),
        "the same bytes everywhere"
    );

    run(one.path(), &["regen"], 0);
    let said = run(
        one.path(),
        &["regen", "--fetch", "--from", &server.url("/c.yml")],
        0,
    );
    assert!(said.contains("Unchanged"), "{said}");
    assert_eq!(
        tree(one.path()),
        first,
        "nothing to do, so nothing is touched"
    );
}

#[test]
fn what_a_new_pin_means_is_told_in_short() {
    let news = CONTRACT.replace(
        "      responses:",
        "      description: Words that nobody sees in short.
      parameters: [{name: zone, in: query, required: true, schema: {type: string}}]
      responses:",
    );
    let short = |text: &str| sha256(text.as_bytes())[..12].to_owned();
    for command in [&["fetch", "--from"][..], &["regen", "--fetch", "--from"]] {
        let folder = fresh();
        let server = Server::serving(&news, None);
        let url = server.url("/c.yml");
        let report = format!(
            "\
  Generating from {url} and {OVERLAY}
breaking: a client already built breaks; its source still compiles after a regen; nothing that must be read
  old  {PIN} (sha256 {}…)
  new  {url} (sha256 {}…)

Breaking (1)
  wire breaking   source compatible a required parameter appeared  [required-parameter-added]
      status: zone (string)

Documentation (1), listed by cargo xtask drift OLD NEW

What it means here
  version of anboto-api: minor
      Pinned {PIN}
",
            short(CONTRACT),
            short(&news)
        );
        let said = run(folder.path(), &[command, &[&url]].concat(), 0);
        assert!(said.contains(&report), "{said}\nis without\n{report}");

        let said = run(folder.path(), &[command, &[&url]].concat(), 0);
        assert!(
            !said.contains("What it means here"),
            "nothing is new: {said}"
        );
    }
}

#[test]
fn out_of_step_is_1_with_the_difference_and_the_command() {
    let folder = fresh();
    let root = folder.path();
    run(
        root,
        &[
            "regen",
            "--fetch",
            "--from",
            &root.join(PIN).display().to_string(),
        ],
        0,
    );
    let generated = root.join(GENERATED).join("mod.rs");
    let text = fs::read_to_string(&generated).unwrap();
    fs::write(&generated, format!("{text}// edited\n")).unwrap();
    let said = run(root, &["check"], 1);
    assert!(
        said.contains(&format!("out of step: {GENERATED}/mod.rs: ")),
        "{said}"
    );
    assert!(said.contains("\n    -// edited\n"), "{said}");
    assert!(
        said.contains("\n    to mend it: cargo xtask regen\n1 problem\n"),
        "{said}"
    );
    run(root, &["regen"], 0);
    run(root, &["check"], 0);
}

#[test]
fn an_operation_without_an_effect_regenerates_with_a_warning_and_fails_the_check() {
    let folder = fresh();
    let root = folder.path();
    let news = CONTRACT.replace("      operationId: status", "      operationId: status2");
    let news = format!(
        "{CONTRACT}{}",
        &news[news.find("  /status").unwrap()..].replace("/ping", "/pong")
    );
    let server = Server::serving(&news, None);
    let said = run(root, &["regen", "--fetch", "--from", &server.url("/")], 0);
    assert!(
        said.contains("warning: ") && said.contains("status2"),
        "{said}"
    );
    let said = run(root, &["check"], 1);
    assert!(
        said.contains("status2")
            && said.contains(&format!("settle it in {OVERLAY}, then cargo xtask regen")),
        "{said}"
    );
}

#[test]
fn a_correction_that_the_vendor_has_made_himself_is_a_warning_and_fails_the_check() {
    let folder = fresh();
    let root = folder.path();
    let news = CONTRACT.replace(
        "      operationId",
        "      x-anboto-effect: read\n      x-anboto-unsigned: true\n      operationId",
    );
    let server = Server::serving(&news, None);
    let said = run(root, &["regen", "--fetch", "--from", &server.url("/")], 0);
    assert!(said.contains(&format!("warning: {OVERLAY}:4:")), "{said}");
    let said = run(root, &["check"], 1);
    assert!(
        said.contains(&format!("out of step: {OVERLAY}:4:")),
        "{said}"
    );
    assert!(
        said.contains(&format!("correct or delete the action in {OVERLAY}")),
        "{said}"
    );
}

#[test]
fn a_contract_that_does_not_generate_is_3_with_its_place_and_the_pin_stays() {
    let folder = fresh();
    let root = folder.path();
    run(
        root,
        &[
            "regen",
            "--fetch",
            "--from",
            &root.join(PIN).display().to_string(),
        ],
        0,
    );
    let before = tree(root);
    for (news, place) in [
        (CONTRACT.replace("3.0.1", "3.1.0"), ":1:"),
        (CONTRACT.replace("    get:", "    get: {}\n    get:"), ":6:"),
        (CONTRACT.replace("paths:", "paths: ["), ""),
        (format!("{CONTRACT}---\n{CONTRACT}"), ""),
        ("a: &a [x,x]\nb: &b [*a,*a]\n".to_owned(), ""),
        ("just text".to_owned(), ""),
    ] {
        let server = Server::serving(&news, None);
        for command in [&["fetch", "--from"][..], &["regen", "--fetch", "--from"]] {
            let said = run(root, &[command, &[&server.url("/")]].concat(), 3);
            assert!(
                said.contains(&format!("error: {}{place}", server.url("/"))),
                "{said}"
            );
            assert_eq!(tree(root), before);
        }
    }
}

#[test]
fn any_contract_goes_into_any_folder() {
    let folder = fresh();
    let root = folder.path();
    let before = tree(root);
    let out = TempDir::new().unwrap();
    let out = out.path().join("out");
    run(
        root,
        &[
            "regen",
            "--spec",
            &root.join(PIN).display().to_string(),
            "--out",
            &out.display().to_string(),
        ],
        0,
    );
    assert!(out.join("mod.rs").is_file());
    assert_eq!(tree(root), before);
}
