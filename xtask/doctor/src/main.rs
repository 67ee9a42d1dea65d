//! `cargo xtask doctor`: asks the server what fits the key in the environment, and says what to do.

use std::error::Error;
use std::io::{Write as _, stdout};
use std::process::ExitCode;

use anboto_api::{Calibration, Client};
use clap::Parser;

const ENVIRONMENT: &str = "\
Environment:
  ANBOTO_BASE_URL               such as https://api.testnet.anboto.xyz
  ANBOTO_API_KEY                the API key
  ANBOTO_API_SECRET             the secret of a system-generated key, or else
  ANBOTO_RSA_PRIVATE_KEY_FILE   the private key of a self-generated one

Examples:
  cargo xtask testnet --write-env testnet.env     in one terminal
  (set -a; . ./testnet.env; cargo xtask doctor)   in another

Exit status:
  0  all is well: the client's defaults fit
  1  something is to be done; what, has been printed
  2  wrong usage
  3  could not be done: a variable is missing or unusable, the server can't be reached";

/// Find out what fits the server and the key in the environment: clock, signature encoding, query form, lists. Reads alone; neither
/// key nor secret is printed
#[derive(Debug, Parser)]
#[command(name = "cargo xtask doctor", bin_name = "cargo xtask doctor", after_help = ENVIRONMENT)]
struct Cli {}

fn main() -> ExitCode {
    Cli::parse(); // Exits with 2 on wrong usage.
    match examine() {
        Ok(calibration) => {
            say(&format!("{calibration}\n"));
            ExitCode::from(u8::from(!calibration.is_well()))
        }
        Err(error) => {
            eprintln!("error: {}", described(&*error));
            ExitCode::from(3)
        }
    }
}

fn examine() -> Result<Calibration, Box<dyn Error>> {
    let client = Client::from_env()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(client.calibrate())?)
}

/// An error on one line, with those of its causes that it does not tell itself.
fn described(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// A report that can't be written, as in `… | head -1`, is dropped.
fn say(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
