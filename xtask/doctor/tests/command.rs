//! The command as a person or a script runs it, against a testnet in this process.
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may what several tests share"
)]

use std::process::{Command, Stdio};

use anboto_api::QueryForm;
use anboto_api::testnet::{Rules, SignatureEncodings, Testnet};

/// A secret that is none of any testnet's.
const WRONG_SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// How a run has ended, and what it said.
struct Run {
    status: i32,
    out: String,
    error: String,
}

/// A run with these variables and no others of its kind, which never shows a key or a secret.
fn run(variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask-doctor"));
    for name in [
        "ANBOTO_BASE_URL",
        "ANBOTO_API_KEY",
        "ANBOTO_API_SECRET",
        "ANBOTO_RSA_PRIVATE_KEY_FILE",
    ] {
        command.env_remove(name);
    }
    let output = command
        .envs(variables.iter().copied())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let run = Run {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    };
    for (name, value) in variables {
        let may_be_shown = ["ANBOTO_BASE_URL", "ANBOTO_RSA_PRIVATE_KEY_FILE"].contains(name);
        let is_shown = run.out.contains(value) || run.error.contains(value);
        assert!(may_be_shown || !is_shown, "{name} is shown");
    }
    run
}

/// A run with the testnet's own key.
fn examine(testnet: &Testnet) -> Run {
    let environment = testnet.environment();
    run(
        &[
            ("ANBOTO_BASE_URL", environment.base_url()),
            ("ANBOTO_API_KEY", Testnet::API_KEY),
            ("ANBOTO_API_SECRET", testnet.secret()),
        ],
        &[],
    )
}

fn testnet(set: impl FnOnce(&mut Rules)) -> Testnet {
    Testnet::builder().paused().rules(set).start().unwrap()
}

/// What stands below `to do`.
fn to_do(run: &Run) -> Vec<&str> {
    let (_, list) = run.out.split_once("\nto do\n").unwrap();
    list.lines().map(str::trim).collect()
}

#[test]
fn where_all_is_well_the_status_is_0() {
    let testnet = testnet(|_| {});
    let run = examine(&testnet);
    assert_eq!((run.status, run.error.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.starts_with(testnet.environment().base_url()));
    assert_eq!(to_do(&run), ["nothing: the settings fit"]);
}

#[test]
fn each_finding_comes_with_what_to_do_and_status_1() {
    let hex = testnet(|rules| rules.signature_encoding = SignatureEncodings::Hex);
    let run = examine(&hex);
    assert_eq!(run.status, 1);
    assert_eq!(
        to_do(&run),
        ["- Write signatures in hexadecimal: Signer::with_encoding(SignatureEncoding::Hex)."]
    );

    let as_sent = testnet(|rules| rules.query_form = QueryForm::AsSent);
    let run = examine(&as_sent);
    assert_eq!(run.status, 1);
    assert_eq!(
        to_do(&run),
        ["- Sign the query as sent: Signer::with_query_form(QueryForm::AsSent)."]
    );

    for skew in [60_000, -60_000] {
        let skewed = testnet(|_| {});
        skewed.set_clock_skew(skew);
        let run = examine(&skewed);
        assert_eq!(run.status, 1);
        let direction = if skew < 0 { "ahead of" } else { "behind" };
        assert!(
            run.out.contains(&format!("{direction} the server's")),
            "{}",
            run.out
        );
        let to_do = to_do(&run);
        assert_eq!(to_do.len(), 1);
        assert!(to_do[0].starts_with("- Set the clock of this machine right"));
    }
}

#[test]
fn a_wrong_key_is_told_with_what_to_check_and_never_shown() {
    let testnet = testnet(|_| {});
    let environment = testnet.environment();
    for api_key in ["a-key-of-nobody", Testnet::API_KEY] {
        let run = run(
            &[
                ("ANBOTO_BASE_URL", environment.base_url()),
                ("ANBOTO_API_KEY", api_key),
                ("ANBOTO_API_SECRET", WRONG_SECRET),
            ],
            &[],
        );
        assert_eq!(run.status, 1);
        assert!(
            run.out
                .contains("nothing that was signed with this key was accepted")
        );
        let to_do = to_do(&run);
        assert_eq!(to_do.len(), 1);
        assert!(to_do[0].starts_with("- Check that the API key belongs to http://127.0.0.1:"));
    }
}

#[test]
fn what_can_not_be_done_is_one_line_and_status_3() {
    let key = ("ANBOTO_API_KEY", "a-key-of-nobody");
    let secret = ("ANBOTO_API_SECRET", WRONG_SECRET);
    // Where nothing listens, whoever else is running: port 1 is given to nobody who asks for one that is free.
    let base_url = ("ANBOTO_BASE_URL", "http://127.0.0.1:1");
    for (variables, said) in [
        (&[][..], "ANBOTO_BASE_URL"),
        (&[base_url], "ANBOTO_API_KEY"),
        (
            &[base_url, key, ("ANBOTO_API_SECRET", "no!base64")],
            "error: ",
        ),
        (
            &[base_url, key, secret],
            "status: not sent: no connection to the server",
        ),
    ] {
        let run = run(variables, &[]);
        assert_eq!((run.status, run.out.as_str()), (3, ""), "{}", run.error);
        assert!(
            run.error.starts_with("error: ") && run.error.contains(said),
            "{}",
            run.error
        );
        assert_eq!(run.error.lines().count(), 1, "{}", run.error);
    }
}

#[test]
fn wrong_usage_is_status_2_and_help_names_what_is_read() {
    assert_eq!(run(&[], &["--key", "x"]).status, 2);
    assert_eq!(run(&[], &["me"]).status, 2);
    let help = run(&[], &["--help"]);
    assert_eq!(help.status, 0);
    assert!(help.out.contains("ANBOTO_API_SECRET") && help.out.contains("Exit status"));
}
