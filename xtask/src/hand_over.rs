//! `cargo xtask testnet` and `cargo xtask doctor`: hand over to the packages `xtask-testnet` and `xtask-doctor`, whose Cargo.toml
//! says why they are ones of their own.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Runs the command of one of these packages, and ends as it does.
///
/// # Errors
/// When cargo can't be started.
pub fn run(workspace: &Workspace, package: &str, arguments: &[OsString]) -> Result<u8> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--quiet", "--package", package, "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .arg("--")
        .args(arguments);
    hand_over(command).context("cargo can't be started")
}

/// In place of this process, so that Ctrl-C reaches the command and nobody else.
#[cfg(unix)]
fn hand_over(mut command: Command) -> Result<u8> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn hand_over(mut command: Command) -> Result<u8> {
    let code = command.status()?.code();
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
