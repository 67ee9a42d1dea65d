//! Where requests go: the vendor's environments, and any other base URL.

use std::{borrow::Cow, fmt, str::FromStr};

use url::{Host, Position, Url};

use crate::error::{ConfigError, ConfigErrorKind};

/// An environment of the Anboto Trading API: a base URL, and the origin that a [`Signer`](crate::Signer) is bound to.
///
/// ```
/// use anboto_auth::Environment;
///
/// assert_eq!(Environment::testnet().base_url(), "https://api.testnet.anboto.xyz");
/// let local: Environment = "http://127.0.0.1:8080".parse()?;
/// assert_eq!(local.origin().to_string(), "http://127.0.0.1:8080");
/// assert!("http://api.example.org".parse::<Environment>().is_err(), "plain http is for loopback");
/// # Ok::<(), anboto_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Environment {
    base_url: Cow<'static, str>,
    origin: Origin,
}

impl Environment {
    /// The variable that [`from_env`](Self::from_env) reads.
    pub const BASE_URL_VARIABLE: &'static str = "ANBOTO_BASE_URL";

    /// Real money: `https://api.trade.anboto.xyz`.
    #[must_use]
    pub const fn mainnet() -> Self {
        Self::known("https://api.trade.anboto.xyz")
    }

    /// Real money, the vendor's professional tier: `https://api.pro.anboto.xyz`.
    #[must_use]
    pub const fn pro() -> Self {
        Self::known("https://api.pro.anboto.xyz")
    }

    /// Simulated fills: `https://api.testnet.anboto.xyz`.
    #[must_use]
    pub const fn testnet() -> Self {
        Self::known("https://api.testnet.anboto.xyz")
    }

    /// A base URL that is an origin: it has no path.
    const fn known(origin: &'static str) -> Self {
        Self {
            base_url: Cow::Borrowed(origin),
            origin: Origin(Cow::Borrowed(origin)),
        }
    }

    /// Any other base URL: a proxy of your own, a simulator. A path is kept as a prefix.
    ///
    /// # Errors
    /// When it is not an absolute http or https URL, holds credentials, a query or a fragment, or is plain http to a
    /// host that is not loopback.
    pub fn custom(base_url: &str) -> Result<Self, ConfigError> {
        let malformed = || ConfigError::new(ConfigErrorKind::MalformedBaseUrl);
        let url = Url::parse(base_url).map_err(|_| malformed())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::new(ConfigErrorKind::BaseUrlHoldsCredentials));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(malformed());
        }
        let origin = Origin::of(&url).ok_or_else(malformed)?;
        if origin.is_insecure() {
            return Err(ConfigError::new(ConfigErrorKind::InsecureBaseUrl).about(origin.0));
        }
        Ok(Self {
            base_url: Cow::Owned(url.as_str().trim_end_matches('/').to_owned()),
            origin,
        })
    }

    /// The environment that the variable `ANBOTO_BASE_URL` names.
    ///
    /// There is no default: whether orders are simulated or real is not to be decided by a variable that is missing.
    ///
    /// # Errors
    /// When the variable is not set or empty, or its value is not a usable base URL.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// As [`from_env`](Self::from_env), with another source of variables than the process environment.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_lookup<T>(lookup: impl FnMut(&str) -> Option<T>) -> Result<Self, ConfigError>
    where
        T: Into<std::ffi::OsString>,
    {
        let value = crate::variables::required(lookup, Self::BASE_URL_VARIABLE)?;
        Self::custom(&value).map_err(|error| error.about(Self::BASE_URL_VARIABLE))
    }

    /// The base URL, without a slash at its end: append a path that begins with one.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The path of the base URL, without a slash at its end; empty if there is none.
    pub(crate) fn base_path(&self) -> &str {
        let after_scheme = self.base_url.split_once("://").map_or("", |(_, rest)| rest);
        let path = after_scheme.find('/').unwrap_or(after_scheme.len());
        &after_scheme[path..]
    }

    /// The origin: scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl FromStr for Environment {
    type Err = ConfigError;

    fn from_str(base_url: &str) -> Result<Self, ConfigError> {
        Self::custom(base_url)
    }
}

/// Scheme, host and port (RFC 6454): what a signer is bound to.
///
/// Held as its ASCII serialization (section 6.2 there), which is how a parsed URL begins: `https://api.testnet.anboto.xyz`,
/// the port only where it is not the scheme's own. One comparison of texts then covers all three parts, and whatever else
/// may stand before a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(Cow<'static, str>);

impl Origin {
    /// The origin of an http or https URL; none for any other.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        matches!(url.scheme(), "http" | "https")
            .then(|| Self(Cow::Owned(url.origin().ascii_serialization())))
    }

    /// Whether a URL belongs to this origin. One that holds credentials doesn't, whoever its host is.
    #[must_use]
    pub fn contains(&self, url: &Url) -> bool {
        url[..Position::BeforePath] == *self.0
    }

    /// Whether requests would travel in the clear: plain http to a host that is not loopback.
    pub(crate) fn is_insecure(&self) -> bool {
        self.0.starts_with("http:") && !self.is_loopback()
    }

    /// Whether the host is this very machine: 127.0.0.0/8, `::1` or `localhost` (RFC 6761 section 6.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let url = Url::parse(&self.0);
        match url.as_ref().ok().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_environments_say_what_parsing_them_says() {
        for known in [
            Environment::mainnet(),
            Environment::pro(),
            Environment::testnet(),
        ] {
            assert_eq!(known, Environment::custom(known.base_url()).unwrap());
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_less() {
        let parse = |url: &str| Url::parse(url).unwrap();
        for (base_url, same, other) in [
            (
                "https://api.example.org",
                [
                    "https://api.example.org/x?y",
                    "https://API.example.org:443",
                    "HTTPS:\\\\api.example.org",
                ],
                [
                    "http://api.example.org/",
                    "https://api.example.org:444/",
                    "https://api.example.org.evil.example/",
                    "https://api.example.org@evil.example/",
                    "https://user@api.example.org/",
                    "https://:secret@api.example.org/",
                    "wss://api.example.org/",
                    "blob:https://api.example.org/",
                ],
            ),
            (
                "http://[::1]:8080/prefix",
                [
                    "http://[::1]:8080/",
                    "http://[0:0::1]:8080/prefix/x",
                    "http://[::1]:08080",
                ],
                [
                    "http://[::1]/",
                    "http://[::1]:8081/",
                    "http://[::2]:8080/",
                    "http://127.0.0.1:8080/",
                    "http://localhost:8080/",
                    "https://[::1]:8080/",
                    "http://user:secret@[::1]:8080/",
                    "file:///http://[::1]:8080/",
                ],
            ),
        ] {
            let environment = Environment::custom(base_url).unwrap();
            let origin = environment.origin();
            for url in same.map(parse) {
                assert!(origin.contains(&url), "{url}");
                assert_eq!(Origin::of(&url).as_ref(), Some(origin));
            }
            for url in other.map(parse) {
                assert!(!origin.contains(&url), "{url}");
            }
        }
    }
}
