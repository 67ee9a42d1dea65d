//! The command as a person runs it who has just cloned.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::process::{Command, Output, Stdio};

/// A run with these variables and no others of its kind.
fn run(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    for name in [
        "ANBOTO_BASE_URL",
        "ANBOTO_API_KEY",
        "ANBOTO_API_SECRET",
        "ANBOTO_RSA_PRIVATE_KEY_FILE",
    ] {
        command.env_remove(name);
    }
    command
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn without_a_key_an_order_fills_and_another_is_cancelled() {
    let run = run(&[]);
    let shown = String::from_utf8(run.stdout).unwrap();
    assert!(
        run.status.success(),
        "{shown}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(
        !shown.contains('\x1b'),
        "there is no terminal to redraw: {shown}"
    );
    let last = shown.lines().rfind(|line| line.starts_with("  FILLED "));
    let columns: Vec<_> = last.unwrap().split_whitespace().collect();
    assert_eq!(columns[1..3], ["0.25", "0"], "filled and left");
    assert!(
        shown.contains("\n  ended: CANCELLED, 0 filled\n"),
        "{shown}"
    );
    assert!(
        shown.contains("\n  BTC                 10.25   free"),
        "{shown}"
    );
    assert!(
        shown.contains("\n  filled     0.25 BTC/USDT in "),
        "{shown}"
    );
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn a_key_for_a_server_with_tls_is_told_which_command_has_it() {
    let run = run(&[("ANBOTO_API_KEY", "key"), ("ANBOTO_API_SECRET", "AAEC")]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.is_empty(), "it has done something");
    let error = String::from_utf8(run.stderr).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains("needs TLS"), "{error}");
    assert!(
        error.contains("cargo run -p anboto-api --example quickstart --features testnet"),
        "{error}"
    );
}

#[test]
fn it_does_not_trade_where_that_costs_money() {
    for base_url in [
        "https://api.trade.anboto.xyz",
        "https://api.pro.anboto.xyz",
        "https://api.trade.anboto.xyz/with/a/path",
    ] {
        let run = run(&[
            ("ANBOTO_BASE_URL", base_url),
            ("ANBOTO_API_KEY", "key"),
            ("ANBOTO_API_SECRET", "AAEC"),
        ]);
        let error = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(1), "{error}");
        assert!(error.contains("where they cost money"), "{error}");
    }
}
