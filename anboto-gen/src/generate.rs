use std::collections::BTreeMap;

use crate::contract::Contract;
use crate::error::Place;
use crate::model::{self, Model, Operation};
use crate::overlay::Overlay;
use crate::passes::Files;
use crate::{Error, Source, caught, lower, passes, progenitor};

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
    /// An operation has no `security`, and no person has confirmed by `x-anboto-unsigned` that it is unsigned; it was generated
    /// as the contract has it, without a signature.
    UnsignedOperation,
    /// An operation is marked `x-anboto-unsigned`, and the contract has it signed; it was generated as the contract has it.
    SignedAfterAll,
    /// A list parameter's form is not settled; it was generated as comma-joined.
    UnsettledList,
    /// An enum converts to one that the contract does not have; the conversion was left out.
    ConversionToNothing,
}

/// Turns a contract, corrected by an overlay, into the files of `anboto-api/src/generated/`.
///
/// The same bytes in give the same bytes out, on any machine.
///
/// # Errors
/// When either document does not parse strictly, is not OpenAPI 3.0.x (Overlay 1.0.x), or cannot be generated from. A panic
/// inside a library on the way is caught and reported with the operation or schema that caused it.
pub fn generate(contract: Source<'_>, overlay: Source<'_>) -> Result<Generation, Error> {
    all(|| {
        let (contract, overlay) = (Contract::parse(contract)?, Overlay::parse(overlay)?);
        let (files, findings) = files(contract, &overlay)?;
        let files = passes::printed(files)?;
        Ok(Generation { files, findings })
    })
}

/// Does all of a generation. Work on one operation or schema is caught with its name; this is for what belongs to none.
pub(crate) fn all<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    caught::quietly(work).unwrap_or_else(|message| Err(Error::new(message)))
}

/// The files before they are printed, and what a person should look at.
pub(crate) fn files(contract: Contract, overlay: &Overlay) -> Result<(Files, Vec<Finding>), Error> {
    let (effective, mut findings) = overlay.apply(contract)?;
    // Checked after the overlay, which may mend what is wrong with the structure.
    effective.openapi()?;
    let operations = model::operations(effective.value())?;
    let lowered = lower::lower(effective.value(), &operations)?;
    let model = Model {
        operations,
        schemas: lowered.schemas,
    };
    findings.extend(unsettled(&model, &effective)?);
    let output = progenitor::run(&lowered.document)?;
    Ok((passes::run(output, &model)?, findings))
}

/// What the contract leaves open and no person has settled in the overlay.
fn unsettled(model: &Model, contract: &Contract) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for operation in &model.operations {
        let name = format!("operation `{}`", operation.id);
        findings.extend(caught::item("findings", name, || {
            Ok(unsettled_in(operation, contract))
        })?);
    }
    for (name, target) in model.lost_conversions() {
        findings.push(Finding {
            kind: FindingKind::ConversionToNothing,
            place: contract.place(&format!(
                "/components/schemas/{name}/x-anboto-converts-to"
            )),
            message: format!(
                "enum `{name}` converts to `{target}` (x-anboto-converts-to), but the contract has no such enum, so there is no \
                 conversion; correct or delete the action"
            ),
        });
    }
    Ok(findings)
}

fn unsettled_in(operation: &Operation, contract: &Contract) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = contract.place(&operation.pointer);
    let (id, path, method) = (
        &operation.id,
        &operation.path,
        operation.method.to_lowercase(),
    );
    if operation.effect.is_none() {
        findings.push(Finding {
                kind: FindingKind::UnclassifiedOperation,
                place: place.clone(),
                message: format!(
                    "nobody has said what operation `{id}` changes, so it counts as a write that is never repeated; add an \
                     action with target `$.paths['{path}'].{method}` and update `x-anboto-effect: read` (or \
                     repeatable-write, write, never-repeated-write) to the overlay"
                ),
            });
    }
    match (operation.signed, operation.confirmed_unsigned) {
        (false, false) => findings.push(Finding {
            kind: FindingKind::UnsignedOperation,
            place: place.clone(),
            message: format!(
                "operation `{id}` names no `security`, so it goes out without a signature; if that is right, add an action with \
                 target `$.paths['{path}'].{method}` and update `x-anboto-unsigned: true` to the overlay, or else one with \
                 update `security: [{{ ApiKeyAuth: [] }}]`"
            ),
        }),
        (true, true) => findings.push(Finding {
            kind: FindingKind::SignedAfterAll,
            place: place.clone(),
            message: format!(
                "operation `{id}` is signed, though the overlay says that it is not (x-anboto-unsigned); correct or delete the \
                 action"
            ),
        }),
        (true, false) | (false, true) => {}
    }
    for parameter in &operation.parameters {
        if parameter.unsettled_list {
            findings.push(Finding {
                    kind: FindingKind::UnsettledList,
                    place: place.clone(),
                    message: format!(
                        "nobody has said how the list parameter `{}` of operation `{id}` is written, so its values are joined \
                         by commas; add an action with update `explode: false` to the overlay",
                        parameter.name
                    ),
                });
        }
    }
    findings
}
