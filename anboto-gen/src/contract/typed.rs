//! From values to the types of `openapiv3`.

use openapiv3::OpenAPI;
use serde::Deserialize;

use super::document::Node;
use crate::Error;

pub(super) fn read(root: &Node) -> Result<OpenAPI, Error> {
    OpenAPI::deserialize(&root.value).map_err(|error| Error::at(root.place(""), error.to_string()))
}
