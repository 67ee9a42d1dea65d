//! The contract as a document: parsed strictly, with the position of every node.
//!
//! Two steps, because the overlay comes between them and may mend what the second would refuse:
//!
//! 1. [`Contract::parse`]: bytes to values. Strict YAML, and an OpenAPI 3.0.x document at its head.
//! 2. [`Contract::openapi`]: values to types. Every reference resolves, no schema holds itself, every operation has a name.

pub(crate) mod arrived;
pub(crate) mod document;
mod scalar;
mod structure;
mod typed;
mod yaml;

use openapiv3::OpenAPI;
use serde_json::Value;

use self::arrived::Wanted;
use self::document::Node;
use crate::error::Place;
use crate::{Error, Source};

const WANTED: Wanted = Wanted {
    name: "an OpenAPI 3.0.x contract",
    field: "openapi",
    version: "3.0",
};

/// An OpenAPI 3.0.x document and the place of each of its nodes.
///
/// After [`Overlay::apply`](crate::overlay::Overlay::apply) it is the corrected contract: a node that the overlay has put there
/// has its place in the overlay.
#[derive(Debug, Clone)]
pub struct Contract {
    pub(crate) root: Node,
}

impl Contract {
    /// Reads a contract, YAML or JSON.
    ///
    /// # Errors
    /// When the bytes are not one strict YAML document (UTF-8, no duplicate keys, no tags, bounded size, depth and aliases), or
    /// the document is not OpenAPI 3.0.x. The message says what arrived instead, and where.
    pub fn parse(source: Source<'_>) -> Result<Self, Error> {
        WANTED.load(source).map(|root| Self { root })
    }

    /// The whole document. Mappings are sorted by key.
    pub fn value(&self) -> &Value {
        &self.root.value
    }

    /// The whole document, without the places.
    pub fn into_value(self) -> Value {
        self.root.value
    }

    /// The line and column, counted from 1, of the node at a JSON pointer (`/paths/~1ping/get`); `None` if there is no such
    /// node. An entry of a mapping is where its key is.
    ///
    /// The position belongs to the document that [`Contract::place`] names.
    pub fn position(&self, pointer: &str) -> Option<(usize, usize)> {
        self.root.position(pointer)
    }

    /// The place of the node at a JSON pointer, or of the nearest node above it that exists.
    pub fn place(&self, pointer: &str) -> Place {
        self.root.place(pointer)
    }

    /// The contract as types.
    ///
    /// # Errors
    /// When a `$ref` leads out of the document or to nothing, a schema contains itself other than through its properties or
    /// items, a path does not begin with `/`, an operation has no `operationId` or one that another has too (the same in
    /// snake_case counts), or a node is not what OpenAPI 3.0 has in its place.
    pub fn openapi(&self) -> Result<OpenAPI, Error> {
        structure::check(&self.root)?;
        typed::read(&self.root)
    }
}
