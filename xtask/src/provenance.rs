//! `spec/provenance.toml`: where the pin came from.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const HEADER: &str =
    "# Where the pinned contract came from. Written by `cargo xtask fetch` and `regen --fetch`.\n";

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The URL that was asked; of a local file `file:` and its name, for its folder means nothing to others.
    pub url: String,
    /// SHA-256 of the pin, in lower-case hex.
    pub sha256: String,
    /// The server's `ETag`, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When it was pinned, `YYYY-MM-DDTHH:MM:SSZ`.
    pub date: String,
}

impl Provenance {
    /// Reads the file's text, strictly.
    ///
    /// # Errors
    /// When it is not TOML, or a field is missing, unknown or not of its form.
    pub fn parse(text: &str) -> Result<Self> {
        let provenance: Self = toml::from_str(text)?;
        let Self { sha256, date, .. } = &provenance;
        ensure!(
            sha256.len() == 64
                && sha256
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "sha256 = {sha256:?} is not 64 digits of lower-case hex"
        );
        let time = humantime::parse_rfc3339(date)
            .with_context(|| format!("date = {date:?} is not a date"))?;
        ensure!(
            humantime::format_rfc3339_seconds(time).to_string() == *date,
            "date = {date:?} is not of the form YYYY-MM-DDTHH:MM:SSZ"
        );
        Ok(provenance)
    }

    /// The file's text: always the same for the same record.
    ///
    /// # Errors
    /// Never, with fields as these.
    pub fn to_text(&self) -> Result<String> {
        Ok(format!("{HEADER}{}", toml::to_string(self)?))
    }

    /// The `ETag` to ask with whether `url` still gives what is pinned.
    ///
    /// None if the record is of another URL, or the pin is not the file that was recorded: then the answer "unchanged" would
    /// leave a pin in place that the server never gave.
    pub fn etag_for(&self, url: &str, pin: &[u8]) -> Option<&str> {
        self.etag
            .as_deref()
            .filter(|_| self.url == url && self.sha256 == sha256(pin))
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Provenance {
        Provenance {
            url: "https://example.com/a.yml".to_owned(),
            sha256: sha256(b"pin"),
            etag: Some("\"a\\b\"".to_owned()),
            date: "2026-07-31T12:00:00Z".to_owned(),
        }
    }

    #[test]
    fn a_record_survives_the_file() {
        for etag in [None, Some("W/\"x\"".to_owned()), record().etag] {
            let record = Provenance { etag, ..record() };
            let text = record.to_text().unwrap();
            assert_eq!(Provenance::parse(&text).unwrap(), record);
            assert_eq!(Provenance::parse(&text).unwrap().to_text().unwrap(), text);
        }
    }

    #[test]
    fn the_file_reads_well() {
        let text = Provenance {
            etag: None,
            ..record()
        }
        .to_text()
        .unwrap();
        assert_eq!(
            text,
            "# Where the pinned contract came from. Written by `cargo xtask fetch` and `regen --fetch`.\n\
             url = \"https://example.com/a.yml\"\n\
             sha256 = \"64f46a7526a186d2346552453ae478ca51244674f5b21ba150bd483b39f7c812\"\n\
             date = \"2026-07-31T12:00:00Z\"\n"
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let good = record().to_text().unwrap();
        for (from, to, why) in [
            (
                "date = \"2026-07-31T12:00:00Z\"",
                "date = \"yesterday\"",
                "not a date",
            ),
            ("12:00:00Z", "12:00:00.5Z", "not of the form"),
            ("date =", "when =", "unknown field `when`"),
            ("url =", "# url =", "missing field `url`"),
            ("sha256 = \"", "sha256 = \"F", "64 digits"),
            ("url = \"", "url = \"\"\nurl = \"", "duplicate key"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            let error = format!("{:#}", Provenance::parse(&bad).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn the_etag_is_used_for_the_recorded_url_and_pin_alone() {
        let record = record();
        assert_eq!(
            record.etag_for("https://example.com/a.yml", b"pin"),
            Some("\"a\\b\"")
        );
        assert_eq!(record.etag_for("https://example.com/b.yml", b"pin"), None);
        assert_eq!(
            record.etag_for("https://example.com/a.yml", b"edited"),
            None
        );
    }
}
