//! What a maintainer can type.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  out of step: generated code, overlay, effects or provenance do not fit the pin
  2  wrong usage
  3  could not be done; nothing was changed, or the error says that the next command completes the change";

const REGEN_ABOUT: &str = "\
Regenerates anboto-api/src/generated/ from the contract pinned in spec/ and the overlay. Offline, and the same bytes every time.
All files change or none; a file that stays as it is is not touched.";

const FETCH_ABOUT: &str = "\
Downloads the published contract and, if the client can be generated from it, makes it the pin in spec/.
The client is left as it is.";

const CHECK_ABOUT: &str = "\
Says whether generated code, overlay, effects of the operations and provenance are in step with the pin.
Offline and read-only, for CI. Prints every problem, each with the command that mends it.";

const FETCHING: &str = "\
The contract is fetched from --from, or else from the environment variable ANBOTO_CONTRACT_URL, or else from where the vendor
publishes it. https only; plain http is for this very machine. spec/provenance.toml records what was asked, so a URL with a
user name or password in it is refused.";

const DRIFT_ABOUT: &str = "\
Says what another contract means for those who trade on the pinned one: whether a client already built goes on working (wire),
whether its code still compiles after a regen (source), and what a person must read. Nothing is pinned or written.";

const DRIFT_EXAMPLES: &str = "\
Examples:
  cargo xtask drift                                     the pin against the published contract
  cargo xtask drift contract.yml                        the pin against that
  cargo xtask drift old.yml new.yml --format markdown   any two, for an issue";

const DRIFT_STATUS: &str = "\
Exit status:
  0  nothing at or above the level of --fail-on
  1  something is; what a person must read always is, unless the level is never
  2  wrong usage
  3  could not be compared";

const REGEN_EXAMPLES: &str = "\
Examples:
  cargo xtask regen                                  after an edit of the overlay or of anboto-gen
  cargo xtask regen --fetch                          after the vendor has changed the contract
  cargo xtask regen --fetch --from contract.yml      the same, with a file that came by another way
  cargo xtask regen --spec old.yml --out target/old  a look at what another contract would give";

const FETCH_EXAMPLES: &str = "\
Examples:
  cargo xtask fetch
  cargo xtask fetch --from http://localhost:8000/anboto-trading-api-2.0.yml";

/// From the published contract to the client crate.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXIT_STATUS, disable_help_subcommand = true)]
pub struct Cli {
    /// The workspace to work on, for tests; otherwise the one round the current folder.
    #[arg(long, global = true, hide = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Regenerate the client from the contract
    #[command(
        long_about = REGEN_ABOUT,
        after_help = REGEN_EXAMPLES,
        after_long_help = format!("{FETCHING}\n\n{REGEN_EXAMPLES}\n\n{EXIT_STATUS}"),
    )]
    Regen(Regen),
    /// Download the published contract and pin it, no more
    #[command(
        long_about = FETCH_ABOUT,
        after_help = FETCH_EXAMPLES,
        after_long_help = format!("{FETCHING}\n\n{FETCH_EXAMPLES}\n\n{EXIT_STATUS}"),
    )]
    Fetch(Fetch),
    /// Say what another contract means for those who trade on this one
    #[command(
        override_usage = "cargo xtask drift [OPTIONS] [[OLD] NEW]",
        long_about = DRIFT_ABOUT,
        after_help = DRIFT_EXAMPLES,
        after_long_help = format!("{DRIFT_EXAMPLES}\n\n{DRIFT_STATUS}"),
    )]
    Drift(Drift),
    /// Say whether everything is in step with the pin
    #[command(long_about = CHECK_ABOUT, after_help = EXIT_STATUS)]
    Check,
    /// Serve a testnet in a box: a local Anboto, for programs in any language
    #[command(disable_help_flag = true)]
    Testnet(Handed),
    /// Ask the server what fits the key in the environment, and say what to do
    #[command(disable_help_flag = true)]
    Doctor(Handed),
}

/// `regen`.
#[derive(Debug, Default, Args)]
pub struct Regen {
    /// Fetch the published contract first, and pin it
    #[arg(long)]
    pub fetch: bool,
    /// Fetch it from there
    #[arg(long, value_name = "FILE_OR_URL", requires = "fetch")]
    pub from: Option<String>,
    /// Generate from this contract, leaving pin and client alone
    #[arg(
        long,
        value_name = "FILE_OR_URL",
        requires = "out",
        conflicts_with = "fetch"
    )]
    pub spec: Option<String>,
    /// Generate into this folder
    #[arg(long, value_name = "DIR", requires = "spec")]
    pub out: Option<PathBuf>,
}

/// `fetch`.
#[derive(Debug, Default, Args)]
pub struct Fetch {
    /// Download it from there
    #[arg(long, value_name = "FILE_OR_URL")]
    pub from: Option<String>,
}

/// `drift`.
#[derive(Debug, Args)]
pub struct Drift {
    /// The old contract, a file or a URL; the pin, unless two are given
    #[arg(value_name = "OLD")]
    pub first: Option<String>,
    /// The new contract, a file or a URL; the published one, unless any is given
    #[arg(value_name = "NEW")]
    pub second: Option<String>,
    /// How to tell it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// From which level on the exit status is 1
    #[arg(long, value_enum, default_value_t = FailOn::Breaking, value_name = "LEVEL")]
    pub fail_on: FailOn,
    /// List documentation, positions and everything that a change reaches
    #[arg(short, long)]
    pub verbose: bool,
}

/// How a drift report is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal or a pipe
    Text,
    /// For an issue
    Markdown,
    /// For programs
    Json,
}

/// What a drift report fails on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// What breaks, and what a person must read
    Breaking,
    /// Anything that clients could notice
    Compatible,
    /// Any difference
    Docs,
    /// Nothing
    Never,
}

/// `testnet` and `doctor`, which are packages of their own.
#[derive(Debug, Args)]
pub struct Handed {
    /// What the package makes of it, `--help` included
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "OPTIONS"
    )]
    pub arguments: Vec<OsString>,
}
