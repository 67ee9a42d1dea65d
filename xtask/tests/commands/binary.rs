//! The built program: exit status, what stands where, and what a pipe sees.

use std::path::Path;
use std::process::{Command, Output};

use crate::server::Server;
use crate::world::World;

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
