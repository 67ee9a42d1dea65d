use std::fmt;

/// Why a contract could not be turned into code.
///
/// `Display` is the whole message, ready for a terminal: where (name of the document, line and column where they are known),
/// what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    at: Option<Place>,
    message: String,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The document's name, as its [`Source`](crate::Source) gave it.
    pub document: String,
    /// 1-based line and column, where known.
    pub position: Option<(usize, usize)>,
}

impl Place {
    /// A document as a whole.
    pub fn whole(document: impl Into<String>) -> Self {
        Self {
            document: document.into(),
            position: None,
        }
    }

    /// A line and a column of a document, both counted from 1.
    pub fn position(document: impl Into<String>, line: usize, column: usize) -> Self {
        Self {
            document: document.into(),
            position: Some((line, column)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document)?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// An error that belongs to no single place of a document.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            at: None,
            message: message.into(),
        }
    }

    /// An error at a place of a document.
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self {
            at: Some(place),
            message: message.into(),
        }
    }

    /// Where the error is, if it belongs to one place.
    pub fn place(&self) -> Option<&Place> {
        self.at.as_ref()
    }

    /// What is wrong and what to do, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.at {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
