use std::fmt;
use std::hash::{Hash, Hasher};

/// The text of an enum value that this version of the crate does not list.
///
/// Enum values of this API come and go. A value that is not listed decodes to the `Unknown` variant of its enum, with its text
/// kept, and encodes to that text again, so that nothing is lost between reading and writing.
///
/// The text can be read ([`as_str`](Self::as_str)) but not matched on in a pattern. So when a later version lists the value as a
/// variant of its own, no `match` goes on silently looking for it in `Unknown`.
#[derive(Clone)]
pub struct UnknownValue {
    text: Box<str>,
    /// Whether the caller asked for exactly this text to be sent.
    verbatim: bool,
}

impl UnknownValue {
    pub(crate) fn received(text: &str) -> Self {
        Self {
            text: text.into(),
            verbatim: false,
        }
    }

    pub(crate) fn verbatim(text: String) -> Self {
        Self {
            text: text.into(),
            verbatim: true,
        }
    }

    /// The text as it was received or asked for.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn may_be_sent(&self) -> bool {
        self.verbatim
    }
}

// Two values are the same when their texts are; where the text came from does not count.
impl PartialEq for UnknownValue {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for UnknownValue {}
impl PartialOrd for UnknownValue {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for UnknownValue {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}
impl Hash for UnknownValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What each generated open enum has besides its variants and `as_str`; [`open_enum!`] makes the rest from it.
pub(crate) trait OpenEnum: Sized + Clone + 'static {
    /// The type's name, for error messages.
    const NAME: &'static str;
    /// Every listed value with its text.
    const LISTED: &'static [(&'static str, Self)];
    /// Listed values that left the contract.
    const RETIRED: &'static [&'static str];

    fn unknown(value: UnknownValue) -> Self;
    fn as_unknown(&self) -> Option<&UnknownValue>;

    /// The variant whose text this is, without regard to ASCII case: the API takes and gives names in either case.
    fn listed(text: &str) -> Option<Self> {
        let same = Self::LISTED.iter().find(|(listed, _)| *listed == text);
        same.or_else(|| {
            Self::LISTED
                .iter()
                .find(|(listed, _)| listed.eq_ignore_ascii_case(text))
        })
        .map(|(_, variant)| variant.clone())
    }

    fn from_text(text: &str) -> Self {
        Self::listed(text).unwrap_or_else(|| Self::unknown(UnknownValue::received(text)))
    }
}

/// The behaviour that all open enums share, for a type that has the variants, `as_str` and [`OpenEnum`].
macro_rules! open_enum {
    ($name:ident) => {
        impl $name {
            /// The value with exactly this text, which is sent as it is even if this version does not list it.
            ///
            /// An unlisted value that came in any other way (parsed, or out of an answer) is refused in a request, since it is
            /// more likely a mistake than a wish.
            pub fn verbatim(text: impl Into<String>) -> Self {
                use crate::open_enum::{OpenEnum, UnknownValue};
                let text = text.into();
                Self::LISTED
                    .iter()
                    .find(|(listed, _)| *listed == text)
                    .map_or_else(
                        || Self::unknown(UnknownValue::verbatim(text)),
                        |(_, variant)| variant.clone(),
                    )
            }

            /// Whether this version of the crate does not list the value.
            pub fn is_unknown(&self) -> bool {
                crate::open_enum::OpenEnum::as_unknown(self).is_some()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// Takes any text, in any ASCII case; what is not listed becomes `Unknown`.
        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Ok(<Self as crate::open_enum::OpenEnum>::from_text(text))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                deserializer.deserialize_any(crate::open_enum::Visitor(::std::marker::PhantomData))
            }
        }

        impl crate::outgoing::Outgoing for $name {
            fn check(&self) -> ::std::result::Result<(), crate::InvalidRequest> {
                crate::open_enum::check_outgoing(self)
            }
        }
    };
}
pub(crate) use open_enum;

/// The conversion between two enums by the values they share.
macro_rules! convert_enum {
    ($from:ident => $to:ident) => {
        /// Succeeds for the values that both lists hold today; one that left the contract of the target does not convert.
        impl TryFrom<&$from> for $to {
            type Error = crate::NotListed;
            fn try_from(value: &$from) -> ::std::result::Result<Self, crate::NotListed> {
                crate::open_enum::convert(value)
            }
        }

        /// As the conversion of a reference.
        impl TryFrom<$from> for $to {
            type Error = crate::NotListed;
            fn try_from(value: $from) -> ::std::result::Result<Self, crate::NotListed> {
                Self::try_from(&value)
            }
        }
    };
}
pub(crate) use convert_enum;

pub(crate) fn convert<From: OpenEnum + AsRef<str>, To: OpenEnum>(
    value: &From,
) -> Result<To, NotListed> {
    let text = value.as_ref();
    // An unknown value stands for itself alone, also where its text is a listed one in another case.
    let listed = To::LISTED
        .iter()
        .find(|(listed, _)| value.as_unknown().is_none() && *listed == text);
    listed
        .filter(|(listed, _)| !To::RETIRED.contains(listed))
        .map(|(_, variant)| variant.clone())
        .ok_or_else(|| NotListed {
            text: text.to_owned(),
            target: To::NAME,
        })
}

/// Why a value of one enum is none of another: the other does not list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotListed {
    text: String,
    target: &'static str,
}

impl fmt::Display for NotListed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a {}", self.text, self.target)
    }
}

impl std::error::Error for NotListed {}

pub(crate) fn check_outgoing<E: OpenEnum>(value: &E) -> Result<(), crate::InvalidRequest> {
    match value.as_unknown() {
        Some(unknown) if !unknown.may_be_sent() => Err(crate::InvalidRequest::new(format!(
            "{unknown:?} is not a {name} that this version lists; if it is meant, say `{name}::verbatim({unknown:?})`",
            name = E::NAME
        ))),
        _ => Ok(()),
    }
}

pub(crate) struct Visitor<E>(pub(crate) std::marker::PhantomData<E>);

impl<E: OpenEnum> serde::de::Visitor<'_> for Visitor<E> {
    type Value = E;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text of a {}", E::NAME)
    }

    fn visit_str<Error>(self, text: &str) -> Result<E, Error> {
        Ok(E::from_text(text))
    }

    // Some of the vendor's pages speak of integer ids where others have names. Nobody's number may lose a whole answer.
    fn visit_i64<Error>(self, number: i64) -> Result<E, Error> {
        Ok(E::from_text(&number.to_string()))
    }

    fn visit_u64<Error>(self, number: u64) -> Result<E, Error> {
        Ok(E::from_text(&number.to_string()))
    }
}
