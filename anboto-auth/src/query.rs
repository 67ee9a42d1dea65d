//! The query in its canonical form: sorted, and encoded as little as RFC 3986 allows.

use std::{borrow::Cow, fmt::Display};

use crate::error::{QueryError, QueryErrorKind};

/// A query ready for the wire and for the signature.
///
/// The scheme signs the *decoded* query and sends an *encoded* one; where the two differ, clients have long produced
/// signatures that break on a comma. So this type does two things:
///
/// - parameters stand in the alphabetical order of their names (vendor's contract, authentication section); parameters
///   of one name keep the order they were given in;
/// - only what must be percent-encoded is. RFC 3986 section 3.4 allows `,` `/` `:` `@` and more to stand literally, so
///   that for every ordinary value (`BTC/USDT:USDT`, ids, enum values) the sent and the decoded text are one and the
///   same.
///
/// ```
/// use anboto_auth::CanonicalQuery;
///
/// let query = CanonicalQuery::from_pairs([("symbol", "BTC/USDT:USDT"), ("exchange", "binance")]);
/// assert_eq!(query.as_sent(), "exchange=binance&symbol=BTC/USDT:USDT");
/// assert_eq!(query.decoded(), query.as_sent());
///
/// let query = CanonicalQuery::from_pairs([("subaccount", "my desk")]);
/// assert_eq!(query.as_sent(), "subaccount=my%20desk");
/// assert_eq!(query.decoded(), "subaccount=my desk");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CanonicalQuery {
    sent: String,
    /// Only where it differs from `sent`.
    decoded: Option<String>,
}

/// Which text of the query is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryForm {
    /// The decoded text, as the vendor's example clients do.
    #[default]
    Decoded,
    /// The text as it stands in the URL: for a server that reads the raw query before it checks the signature.
    AsSent,
}

/// How a list parameter (`orderIds`, `clientOrderIds`) is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListStyle {
    /// One parameter, its items joined by commas, as the vendor's example clients do. An item must not hold a comma.
    #[default]
    CommaJoined,
    /// One parameter for each item: what OpenAPI understands by the contract's silence on the matter.
    Repeated,
}

impl CanonicalQuery {
    /// The canonical form of decoded pairs.
    #[must_use]
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        // A stable sort: the items of a repeated parameter keep their order.
        pairs.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let size = pairs
            .iter()
            .map(|(name, value)| name.as_ref().len() + value.as_ref().len() + 2)
            .sum();
        let mut sent = String::with_capacity(size);
        let mut differs = false;
        for (name, value) in &pairs {
            if !sent.is_empty() {
                sent.push('&');
            }
            differs |= encode_into(&mut sent, name.as_ref());
            sent.push('=');
            differs |= encode_into(&mut sent, value.as_ref());
        }
        let decoded = differs.then(|| {
            let mut decoded = String::with_capacity(size);
            for (name, value) in &pairs {
                if !decoded.is_empty() {
                    decoded.push('&');
                }
                decoded.push_str(name.as_ref());
                decoded.push('=');
                decoded.push_str(value.as_ref());
            }
            decoded
        });
        Self { sent, decoded }
    }

    /// The canonical form of a query as it stands in a URL, without its `?`.
    ///
    /// Reads what every HTTP client writes: `+` is a space, empty segments are skipped, a name without `=` has an empty
    /// value.
    ///
    /// # Errors
    /// When a `%` begins no escape, or the decoded text is not UTF-8.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let pairs = query
            .split('&')
            .filter(|segment| !segment.is_empty())
            .map(|segment| {
                let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<Vec<_>, QueryError>>()?;
        Ok(Self::from_pairs(pairs))
    }

    /// A builder, for queries with list parameters.
    #[must_use]
    pub fn builder(lists: ListStyle) -> QueryBuilder {
        QueryBuilder {
            pairs: Vec::new(),
            lists,
        }
    }

    /// The text that belongs into the URL, after the `?`.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        &self.sent
    }

    /// The text with every escape decoded.
    #[must_use]
    pub fn decoded(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.sent)
    }

    /// The text in the form that is signed.
    #[must_use]
    pub fn signed(&self, form: QueryForm) -> &str {
        match form {
            QueryForm::Decoded => self.decoded(),
            QueryForm::AsSent => self.as_sent(),
        }
    }

    /// Whether there is no parameter at all. Then a URL takes no query, not even a `?`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// The query for `Url::set_query`: nothing when there is no parameter.
    #[must_use]
    pub fn to_url_query(&self) -> Option<&str> {
        (!self.is_empty()).then_some(self.as_sent())
    }
}

/// Gathers the parameters of a query; the order doesn't matter.
///
/// ```
/// use anboto_auth::{CanonicalQuery, ListStyle};
///
/// let mut query = CanonicalQuery::builder(ListStyle::CommaJoined);
/// query.push("include_trades", true).list("orderIds", [1, 2])?;
/// assert_eq!(query.build().as_sent(), "include_trades=true&orderIds=1,2");
/// # Ok::<(), anboto_auth::QueryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct QueryBuilder {
    pairs: Vec<(Cow<'static, str>, String)>,
    lists: ListStyle,
}

impl QueryBuilder {
    /// Adds a parameter.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Display) -> &mut Self {
        self.pairs.push((name.into(), value.to_string()));
        self
    }

    /// Adds a list parameter, in the builder's [`ListStyle`]. An empty list adds nothing.
    ///
    /// # Errors
    /// When an item of a comma-joined list holds a comma. Nothing is added then.
    pub fn list<I>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        items: I,
    ) -> Result<&mut Self, QueryError>
    where
        I: IntoIterator,
        I::Item: Display,
    {
        let name = name.into();
        let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
        match self.lists {
            ListStyle::CommaJoined => {
                if items.iter().any(|item| item.contains(',')) {
                    return Err(QueryError::new(QueryErrorKind::CommaInListItem));
                }
                if !items.is_empty() {
                    self.pairs.push((name, items.join(",")));
                }
            }
            ListStyle::Repeated => self
                .pairs
                .extend(items.into_iter().map(|item| (name.clone(), item))),
        }
        Ok(self)
    }

    /// The canonical query of what was added.
    #[must_use]
    pub fn build(&self) -> CanonicalQuery {
        CanonicalQuery::from_pairs(self.pairs.iter().map(|(name, value)| (name, value)))
    }
}

/// Whether a byte may stand literally in a name or a value.
///
/// RFC 3986 section 3.4 lets a query hold `pchar`, `/` and `?`. Of these are encoded all the same: `&`, `=` and `+`,
/// which mean something in a query; `;`, which some servers (Netty's among them) take for `&`; `'`, which URL libraries
/// encode on their own.
const fn stands_literally(byte: u8) -> bool {
    matches!(byte,
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9'
        | b'-' | b'.' | b'_' | b'~'
        | b'!' | b'$' | b'(' | b')' | b'*' | b','
        | b':' | b'@' | b'/' | b'?')
}

/// Appends the text with the least percent-encoding; tells whether any was needed.
fn encode_into(out: &mut String, text: &str) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if text.bytes().all(stands_literally) {
        out.push_str(text);
        return false;
    }
    for byte in text.bytes() {
        if stands_literally(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 0x0f)]));
        }
    }
    true
}

/// Decodes a name or a value as it stands in a URL.
fn decode(text: &str) -> Result<Cow<'_, str>, QueryError> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (
                bytes.next().and_then(hex_value),
                bytes.next().and_then(hex_value),
            ) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(QueryError::new(QueryErrorKind::MalformedEscape)),
            },
            byte => byte,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| QueryError::new(QueryErrorKind::NotUtf8))
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
