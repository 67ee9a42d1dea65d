//! `cargo xtask testnet`: serves a testnet in a box until it is stopped.

mod files;

use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anboto_api::testnet::{SignatureEncodings, Testnet};
use clap::{Parser, ValueEnum};

use files::Written;

const EXAMPLES: &str = "\
Examples:
  cargo xtask testnet --speed 60 --write-env testnet.env
  (set -a; . ./testnet.env; my-service)              a program in any language, with the key in its environment

Beside the vendor's API there is an admin surface below /_testnet: faults, clock, orders, requests.
Its documentation is that of anboto_api::testnet.

Exit status:
  0  stopped by Ctrl-C
  2  wrong usage
  3  could not be started: the port is in use, a file can't be written";

/// Serve a testnet in a box until Ctrl-C: in memory, on loopback
#[derive(Debug, Parser)]
#[command(name = "cargo xtask testnet", bin_name = "cargo xtask testnet", after_help = EXAMPLES)]
struct Cli {
    /// Port on loopback; one that is free unless given
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Seed of prices, fills, faults and of the secret
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many times as fast as the wall clock the market's clock runs
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Start with the market's clock stopped; POST /_testnet/clock steps it
    #[arg(long)]
    paused: bool,
    /// Write base URL and key as environment variables
    #[arg(long, value_name = "FILE")]
    write_env: Option<PathBuf>,
    /// Which key --write-env writes; the other stands there as a comment
    #[arg(long, value_enum, default_value_t = KeyKind::Hmac)]
    key: KeyKind,
    /// In which encoding HMAC signatures are accepted
    #[arg(long, value_enum, default_value_t = Encoding::Base64)]
    signature_encoding: Encoding,
    /// Refuse a client order id that is in use
    #[arg(long)]
    refuse_duplicates: bool,
    /// Refuse a request that was served before
    #[arg(long)]
    refuse_replays: bool,
    /// How many orders a batch may hold
    #[arg(long, value_name = "N", default_value_t = 200)]
    batch_limit: usize,
    /// Serve no admin surface
    #[arg(long)]
    no_admin: bool,
    /// Print no line for each request
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum KeyKind {
    Hmac,
    Rsa,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Encoding {
    Base64,
    Hex,
    Both,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if speed > 0.0 && speed <= 1_000_000.0 => Ok(speed),
        _ => Err("a number above 0, up to 1000000".to_owned()),
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse(); // Exits with 2 on wrong usage.
    match serve(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(3)
        }
    }
}

fn serve(cli: &Cli) -> Result<(), String> {
    let testnet = start(cli).map_err(|error| error.to_string())?;
    let key_file = Written::private_key(&testnet.rsa_private_key())?;
    let environment = variables(&testnet, &key_file, cli.key);
    if let Some(path) = &cli.write_env {
        files::write_secret(path, &environment)?;
    }
    say(&format!(
        "Serving {}; Ctrl-C stops it\n\n{environment}\n",
        testnet.environment().base_url()
    ));
    // Nothing is lost by stopping in mid-sentence; the runtime is there for the signal alone.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(tokio::signal::ctrl_c()))
        .map_err(|error| format!("Ctrl-C can't be listened for: {error}"))
}

fn start(cli: &Cli) -> Result<Testnet, anboto_api::testnet::StartError> {
    let mut builder = Testnet::builder()
        .port(cli.port)
        .seed(cli.seed)
        .speed(cli.speed)
        .rules(|rules| {
            rules.duplicate_client_order_ids = !cli.refuse_duplicates;
            rules.replay_protection = cli.refuse_replays;
            rules.batch_limit = cli.batch_limit;
            rules.signature_encoding = match cli.signature_encoding {
                Encoding::Base64 => SignatureEncodings::Base64,
                Encoding::Hex => SignatureEncodings::Hex,
                Encoding::Both => SignatureEncodings::Both,
            };
        });
    if cli.paused {
        builder = builder.paused();
    }
    if cli.no_admin {
        builder = builder.admin(false);
    }
    if !cli.quiet {
        builder = builder.on_request(|request| say(&format!("{request}\n")));
    }
    builder.start()
}

/// What the `from_env` functions of the client read. Both kinds of key at once would be refused there, so one of them is a
/// comment.
fn variables(testnet: &Testnet, key_file: &Written, key: KeyKind) -> String {
    let hmac = [
        ("ANBOTO_API_KEY", Testnet::API_KEY.to_owned()),
        ("ANBOTO_API_SECRET", testnet.secret().to_owned()),
    ];
    let rsa = [
        ("ANBOTO_API_KEY", Testnet::RSA_API_KEY.to_owned()),
        (
            "ANBOTO_RSA_PRIVATE_KEY_FILE",
            key_file.path().display().to_string(),
        ),
    ];
    let (chosen, other) = match key {
        KeyKind::Hmac => (hmac, rsa),
        KeyKind::Rsa => (rsa, hmac),
    };
    let mut text = format!("ANBOTO_BASE_URL={}\n", testnet.environment().base_url());
    for (name, value) in chosen {
        let _ = writeln!(text, "{name}={value}");
    }
    text.push_str("# Or, with the other kind of key, in place of the last two:\n");
    for (name, value) in other {
        let _ = writeln!(text, "# {name}={value}");
    }
    text
}

/// A line that can't be written, as in `… | head -1`, is dropped.
fn say(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
