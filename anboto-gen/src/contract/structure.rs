//! What must hold throughout a contract, and no type can say.

use super::document::Node;
use crate::Error;

pub(super) fn check(_root: &Node) -> Result<(), Error> {
    Ok(())
}
