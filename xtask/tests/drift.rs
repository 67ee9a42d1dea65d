//! `drift` as it is typed: exit status, formats, and what can't be compared.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use tempfile::TempDir;

const OVERLAY: &str = "overlay: 1.0.0\ninfo: { title: None, version: '1' }\nactions: []\n";

/// A contract with these values of an enum that is sent, and this description.
fn contract(values: &str, words: &str) -> String {
    format!(
        "openapi: 3.0.1
info: {{ title: Orders, version: '1', description: '{words}' }}
paths:
  /order:
    post:
      operationId: createOrder
      requestBody:
        content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Order' }} }} }}
      responses: {{ '201': {{ description: Done. }} }}
components:
  schemas:
    Order: {{ type: object, required: [side], properties: {{ side: {{ $ref: '#/components/schemas/Side' }} }} }}
    Side: {{ type: string, enum: [{values}] }}
"
    )
}

fn workspace() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("spec")).unwrap();
    write(
        "spec/anboto-trading-api-2.0.yml",
        &contract("BUY, SELL", "Words."),
    );
    write("spec/overlay.yml", OVERLAY);
    write("same.yml", &contract("SELL, BUY", "Words."));
    write("words.yml", &contract("BUY, SELL", "Other words."));
    write("more.yml", &contract("BUY, HOLD, SELL", "Words."));
    write("less.yml", &contract("BUY", "Words."));
    write(
        "hosts.yml",
        &contract("BUY, SELL", "Words. See https://api.example."),
    );
    folder
}

fn drift(root: &Path, arguments: &[&str], url: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .current_dir(root)
        .arg("--root")
        .arg(root)
        .arg("drift")
        .args(arguments)
        .env_remove("ANBOTO_CONTRACT_URL");
    if let Some(url) = url {
        command.env("ANBOTO_CONTRACT_URL", url);
    }
    command.output().unwrap()
}

#[test]
fn the_exit_status_follows_the_level() {
    let workspace = workspace();
    for (file, statuses) in [
        // breaking, compatible, docs, never
        ("same.yml", [0, 0, 0, 0]),
        ("words.yml", [0, 0, 1, 0]),
        ("more.yml", [0, 1, 1, 0]),
        ("less.yml", [1, 1, 1, 0]),
        ("hosts.yml", [1, 1, 1, 0]),
    ] {
        for (level, status) in ["breaking", "compatible", "docs", "never"]
            .iter()
            .zip(statuses)
        {
            let output = drift(workspace.path(), &["--fail-on", level, file], None);
            assert_eq!(
                output.status.code(),
                Some(status),
                "{file} {level}: {output:?}"
            );
        }
        let output = drift(workspace.path(), &[file], None);
        assert_eq!(
            output.status.code(),
            Some(statuses[0]),
            "{file}: {output:?}"
        );
    }
}

#[test]
fn two_files_and_the_published_contract() {
    let workspace = workspace();
    let output = drift(workspace.path(), &["more.yml", "less.yml"], None);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Side: HOLD, SELL") && !text.contains('\x1b'),
        "{text}"
    );

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/contract.yml", listener.local_addr().unwrap());
    let body = contract("BUY", "Words.");
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).unwrap();
    });
    let before = fs::read(workspace.path().join("spec/anboto-trading-api-2.0.yml")).unwrap();
    let output = drift(workspace.path(), &[], Some(&url));
    served.join().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Side: SELL") && text.contains(&url), "{text}");
    let after = fs::read(workspace.path().join("spec/anboto-trading-api-2.0.yml")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn formats_are_alone_on_standard_output() {
    let workspace = workspace();
    let json = drift(workspace.path(), &["--format", "json", "less.yml"], None);
    let text = String::from_utf8(json.stdout).unwrap();
    assert!(
        text.starts_with('{') && text.trim_end().ends_with('}'),
        "{text}"
    );
    assert!(text.contains("\"verdict\": \"breaking\""), "{text}");
    assert!(json.stderr.is_empty());
    let markdown = drift(
        workspace.path(),
        &["--format", "markdown", "less.yml"],
        None,
    );
    assert!(markdown.stdout.starts_with(b"**breaking**"));
}

#[test]
fn what_can_not_be_compared_is_3_and_says_where() {
    let workspace = workspace();
    let write = |name: &str, text: String| fs::write(workspace.path().join(name), text).unwrap();
    let good = contract("BUY, SELL", "Words.");
    write("html.yml", "<!doctype html><title>No</title>".to_owned());
    write("broken.yml", "openapi: 3.0.1\npaths: [".to_owned());
    write("three-one.yml", good.replace("3.0.1", "3.1.0"));
    write(
        "dangling.yml",
        good.replace("schemas/Side'", "schemas/Nobody'"),
    );
    write(
        "cyclic.yml",
        good.replace(
            "{ type: string, enum: [BUY, SELL] }",
            "{ allOf: [{ $ref: '#/components/schemas/Side' }] }",
        ),
    );
    write(
        "huge.yml",
        format!("openapi: 3.0.1\nwords: {}\n", "a".repeat(5 << 20)),
    );
    write("empty.yml", String::new());
    for name in [
        "missing.yml",
        "html.yml",
        "broken.yml",
        "three-one.yml",
        "dangling.yml",
        "cyclic.yml",
        "huge.yml",
        "empty.yml",
    ] {
        for arguments in [
            &[name][..],
            &[name, "same.yml"],
            &["--fail-on", "never", name],
        ] {
            let output = drift(workspace.path(), arguments, None);
            assert_eq!(output.status.code(), Some(3), "{arguments:?}: {output:?}");
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.starts_with("error: ") && said.contains(name), "{said}");
            assert!(output.stdout.is_empty(), "{arguments:?}");
        }
    }
    // Nobody listens on port 9 of this machine.
    let output = drift(
        workspace.path(),
        &[],
        Some("http://127.0.0.1:9/contract.yml"),
    );
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

#[test]
fn help_names_the_two_contracts_in_their_order() {
    let output = drift(workspace().path(), &["--help"], None);
    let help = String::from_utf8(output.stdout).unwrap();
    for words in [
        "Usage: cargo xtask drift [OPTIONS] [[OLD] NEW]\n",
        "\n  [OLD]\n          The old contract",
        "\n  [NEW]\n          The new contract",
    ] {
        assert!(help.contains(words), "{words}\n{help}");
    }
}

#[test]
fn wrong_usage_is_2() {
    let workspace = workspace();
    for arguments in [
        &["a", "b", "c"][..],
        &["--format", "yaml"],
        &["--fail-on", "anything"],
    ] {
        let output = drift(workspace.path(), arguments, None);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
}
