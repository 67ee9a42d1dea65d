//! Where requests go: the vendor's environments, and any other base URL.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

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
        Self::known("https://api.trade.anboto.xyz", "api.trade.anboto.xyz")
    }

    /// Real money, the vendor's professional tier: `https://api.pro.anboto.xyz`.
    #[must_use]
    pub const fn pro() -> Self {
        Self::known("https://api.pro.anboto.xyz", "api.pro.anboto.xyz")
    }

    /// Simulated fills: `https://api.testnet.anboto.xyz`.
    #[must_use]
    pub const fn testnet() -> Self {
        Self::known("https://api.testnet.anboto.xyz", "api.testnet.anboto.xyz")
    }

    const fn known(base_url: &'static str, host: &'static str) -> Self {
        Self {
            base_url: Cow::Borrowed(base_url),
            origin: Origin {
                scheme: Scheme::Https,
                host: Cow::Borrowed(host),
                port: 443,
            },
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
            return Err(ConfigError::new(ConfigErrorKind::InsecureBaseUrl).about(origin.host));
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Cow<'static, str>,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn of(url: &Url) -> Option<Self> {
        match url.scheme() {
            "https" => Some(Self::Https),
            "http" => Some(Self::Http),
            _ => None,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Origin {
    /// The origin of an http or https URL; none for any other.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        let scheme = Scheme::of(url)?;
        Some(Self {
            scheme,
            host: Cow::Owned(url.host_str()?.to_owned()),
            port: url.port().unwrap_or(scheme.default_port()),
        })
    }

    /// Whether a URL belongs to this origin.
    #[must_use]
    pub fn contains(&self, url: &Url) -> bool {
        Scheme::of(url) == Some(self.scheme)
            && url.host_str() == Some(&*self.host)
            && url.port().unwrap_or(self.scheme.default_port()) == self.port
    }

    /// Whether requests would travel in the clear: plain http to a host that is not loopback.
    pub(crate) fn is_insecure(&self) -> bool {
        self.scheme == Scheme::Http && !self.is_loopback()
    }

    /// Whether the host is this very machine: 127.0.0.0/8, `::1` or `localhost` (RFC 6761 section 6.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match Host::parse(&self.host) {
            Ok(Host::Domain(name)) => name == "localhost",
            Ok(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Ok(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            Err(_) => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
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
}
