use std::collections::BTreeMap;

use crate::error::Place;
use crate::{Error, Source};

/// What one run of the generator made.
#[derive(Debug, Clone)]
pub struct Generation {
    /// File name below the target folder (`types.rs`), to its whole text.
    pub files: BTreeMap<String, String>,
    /// What a person should look at: `regen` prints these as warnings, `check` fails on any of them.
    pub findings: Vec<Finding>,
}

/// Something that does not stop the generation, but that a person has to settle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub kind: FindingKind,
    /// Where to mend it.
    pub place: Place,
    /// What was found and what to do, in one or two sentences.
    pub message: String,
}

/// The kinds of [`Finding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// The target of an overlay action selects nothing: the vendor has removed or renamed the place.
    ActionMatchesNothing,
    /// An overlay action leaves the contract as it was: the vendor has fixed it.
    ActionChangesNothing,
    /// An operation has no `x-anboto-effect`; it was generated as a write that is never repeated.
    UnclassifiedOperation,
}

/// Turns a contract, corrected by an overlay, into the files of `anboto-api/src/generated/`.
///
/// The same bytes in give the same bytes out, on any machine.
///
/// # Errors
/// When either document does not parse strictly, is not OpenAPI 3.0.x (Overlay 1.0.x), or cannot be generated from. A panic
/// inside a library on the way is caught and reported with the operation or schema that caused it.
pub fn generate(contract: Source<'_>, overlay: Source<'_>) -> Result<Generation, Error> {
    let _ = (contract, overlay);
    Err(Error::new("not built yet"))
}
