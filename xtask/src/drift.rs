//! `drift`: what another contract means for those who trade on the pinned one.

use std::thread;

use anboto_gen::contract::Contract;
use anboto_gen::drift::{self, Items, Level, Markdown, Report, Text, Verdict as Drift};
use anboto_gen::overlay::Overlay;
use anboto_gen::{Error, Source};
use anyhow::{Result, anyhow};

use crate::cli::{FailOn, Format};
use crate::fetch::{self, Fetched, Origin};
use crate::pin::PUBLISHED;
use crate::provenance::sha256;
use crate::workspace::{OVERLAY, PIN, Workspace};
use crate::{Outside, Verdict, cli};

/// A contract and what messages call it.
struct Document {
    name: String,
    bytes: Vec<u8>,
}

/// `drift`: compares and reports; nothing is pinned or written.
///
/// # Errors
/// When the two can't be compared, which is never to be mistaken for no drift.
pub fn drift(
    workspace: &Workspace,
    arguments: &cli::Drift,
    outside: &Outside<'_>,
) -> Result<Verdict> {
    let pin = || -> Result<Document> {
        Ok(Document {
            name: PIN.to_owned(),
            bytes: workspace.read(PIN)?,
        })
    };
    let (old, new) = match (&arguments.first, &arguments.second) {
        (Some(old), Some(new)) => (document(old, outside)?, document(new, outside)?),
        (Some(new), None) => (pin()?, document(new, outside)?),
        (None, _) => {
            let published = outside.contract_url.as_deref().unwrap_or(PUBLISHED);
            (pin()?, document(published, outside)?)
        }
    };
    let comparison = Comparison::read(&old, &new, &workspace.read(OVERLAY)?)?;
    let mut report = comparison.report()?;
    // Making two clients takes much longer than comparing two contracts. Where the code stays as it is, nobody needs them.
    if report.source != Level::None {
        let Comparison {
            before,
            after,
            overlay,
            ..
        } = &comparison;
        let (before, after) = thread::scope(|scope| {
            let before = scope.spawn(|| Items::of(before, overlay));
            let after = Items::of(after, overlay);
            (before.join(), after)
        });
        let before = before.unwrap_or_else(|_| Err(Error::new("the generator panicked")));
        hold(&mut report, before, after);
    }
    let text = match arguments.format {
        Format::Text => Text {
            report: &report,
            colour: outside.terminal.colours(),
            verbose: arguments.verbose,
            short: false,
        }
        .to_string(),
        Format::Markdown => Markdown { report: &report }.to_string(),
        Format::Json => format!("{:#}\n", report.to_json()),
    };
    outside.terminal.line(text.trim_end_matches('\n'));
    Ok(if fails(&report, arguments.fail_on) {
        Verdict::Drifted
    } else {
        Verdict::Done
    })
}

/// The report in short, for commands that replace the pin by another contract; what cannot be compared is a warning there.
pub fn tell(workspace: &Workspace, name: &str, bytes: &[u8], outside: &Outside<'_>) {
    let told = workspace.read(PIN).and_then(|pin| {
        let old = Document {
            name: PIN.to_owned(),
            bytes: pin,
        };
        let new = Document {
            name: name.to_owned(),
            bytes: bytes.to_owned(),
        };
        Comparison::read(&old, &new, &workspace.read(OVERLAY)?)?.report()
    });
    match told {
        Ok(report) if report.verdict() == Drift::None => {}
        Ok(report) => {
            let text = Text {
                report: &report,
                colour: outside.terminal.colours(),
                verbose: false,
                short: true,
            };
            outside
                .terminal
                .line(text.to_string().trim_end_matches('\n'));
        }
        Err(error) => outside
            .terminal
            .warning(format_args!("no drift report: {error:#}")),
    }
}

fn document(name: &str, outside: &Outside<'_>) -> Result<Document> {
    let origin = Origin::parse(name)?;
    match fetch::with_bar(&origin, None, outside)? {
        Fetched::Document { bytes, .. } => Ok(Document {
            name: origin.to_string(),
            bytes,
        }),
        Fetched::Unchanged => Err(anyhow!("{origin}: nothing came")),
    }
}

impl Document {
    fn source(&self) -> Source<'_> {
        Source {
            name: &self.name,
            bytes: &self.bytes,
        }
    }
}

/// What is compared, read.
struct Comparison {
    before: Contract,
    after: Contract,
    overlay: Overlay,
    sha256: [String; 2],
}

impl Comparison {
    fn read(old: &Document, new: &Document, overlay: &[u8]) -> Result<Self> {
        Ok(Self {
            before: Contract::parse(old.source())?,
            after: Contract::parse(new.source())?,
            overlay: Overlay::parse(Source {
                name: OVERLAY,
                bytes: overlay,
            })?,
            sha256: [sha256(&old.bytes), sha256(&new.bytes)],
        })
    }

    fn report(&self) -> Result<Report> {
        let mut report = drift::compare(&self.before, &self.after, Some(&self.overlay))?;
        let [old, new] = self.sha256.clone();
        report.old.sha256 = Some(old);
        report.new.sha256 = Some(new);
        Ok(report)
    }
}

/// Holds the report against what the generator makes of both. That one of them can't be generated from is part of the report.
fn hold(report: &mut Report, old: Result<Items, Error>, new: Result<Items, Error>) {
    match (old, new) {
        (Ok(old), Ok(new)) => report.hold_against(&old, &new),
        (_, Err(error)) => {
            report.source = Level::Breaking;
            report.consequences.not_generated = Some(error.to_string());
        }
        (Err(error), Ok(_)) => report.consequences.not_generated = Some(error.to_string()),
    }
}

fn fails(report: &Report, fail_on: FailOn) -> bool {
    let level = match fail_on {
        FailOn::Never => return false,
        FailOn::Breaking => Drift::Breaking,
        FailOn::Compatible => Drift::Compatible,
        FailOn::Docs => Drift::Docs,
    };
    report.verdict() >= level || report.read_me()
}
