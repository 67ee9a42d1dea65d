//! The command as a person or a script runs it.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may what several tests share"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anboto_api::types::TradingExchange;
use anboto_api::{Client, Credentials, Environment};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask-testnet"));
    command.stdin(Stdio::null());
    command
}

/// A testnet that serves, and what it says.
struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command()
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    /// Ctrl-C, and how long it took to end.
    fn interrupt(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        let status = self.child.wait().unwrap();
        (status.code(), began.elapsed())
    }
}

fn variables(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("xtask-testnet-test-{}-{name}", std::process::id()))
}

fn fails(arguments: &[&str], status: i32) -> String {
    let Output {
        status: ended,
        stderr,
        stdout,
    } = command().args(arguments).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(ended.code(), Some(status), "{said}");
    assert!(stdout.is_empty());
    said
}

#[test]
fn it_writes_what_from_env_reads_logs_a_line_a_request_and_stops_at_once() {
    for kind in ["hmac", "rsa"] {
        let file = temporary(kind);
        let path = file.to_str().unwrap();
        let mut serving = Serving::start(&["--write-env", path, "--key", kind, "--seed", "7"]);
        assert!(serving.line().starts_with("Serving http://127.0.0.1:"));
        let variables = variables(&file);
        let look = |name: &str| variables.get(name).cloned();
        let credentials = Credentials::from_lookup(look).unwrap();
        let environment = Environment::from_lookup(look).unwrap();
        let client = Client::with_credentials(environment, credentials).unwrap();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(
                client
                    .get_balance()
                    .exchange(TradingExchange::Binance)
                    .send(),
            )
            .unwrap();
        let mut line = serving.line();
        while !line.contains("/api/") {
            line = serving.line();
        }
        assert!(line.starts_with("GET  /api/v2/trading/balance "), "{line}");
        assert!(line.contains("getBalance") && line.contains(" 200 ") && line.contains(" ms"));
        for secret in variables
            .iter()
            .filter(|(name, _)| *name != "ANBOTO_BASE_URL")
        {
            assert!(!line.contains(secret.1));
        }

        // A connection that is open does not hold it up.
        let address = variables["ANBOTO_BASE_URL"]
            .trim_start_matches("http://")
            .to_owned();
        let mut idle = TcpStream::connect(address).unwrap();
        idle.write_all(b"GET /status/ping HTTP/1.1\r\n").unwrap();
        let (code, took) = serving.interrupt();
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(2), "{took:?}");
        let _ = idle.read(&mut [0; 16]);
        if let Some(key) = variables.get("ANBOTO_RSA_PRIVATE_KEY_FILE") {
            assert!(!Path::new(key).exists(), "the key goes with the testnet");
        }
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn what_can_not_be_done_is_one_line_and_status_3() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_eq!(
        fails(&["--port", &port], 3),
        format!("error: port {port} is in use\n")
    );
    let said = fails(&["--write-env", "/nowhere/at/all"], 3);
    assert!(said.starts_with("error: /nowhere/at/all can't be written: "));
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn wrong_usage_is_status_2() {
    for wrong in [
        ["--speed", "0"],
        ["--speed", "NaN"],
        ["--port", "70000"],
        ["--signature-encoding", "morse"],
    ] {
        fails(&wrong, 2);
    }
}
