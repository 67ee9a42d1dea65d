//! Every place in which two documents differ, and the finding that speaks for it.
//!
//! The ledger is opened from the two documents alone, before and without the rules. What no rule has claimed at the end is
//! reported as unknown: nothing falls through.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::Value;

use crate::contract::document::push;

/// One of the two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Old,
    New,
}

/// The leaves that only one document has, or both with different values; each with the finding that has claimed it.
pub(super) struct Ledger {
    places: BTreeMap<(Side, String), Option<usize>>,
}

impl Ledger {
    pub(super) fn open(old: &Value, new: &Value) -> Self {
        let (old, new) = (leaves(old), leaves(new));
        let only = |side, these: &BTreeMap<String, &Value>, those: &BTreeMap<String, &Value>| {
            these
                .iter()
                .filter(|(pointer, value)| those.get(*pointer) != Some(*value))
                // What fills an empty mapping is in the other document, place by place.
                .filter(|(pointer, value)| !(is_empty(value) && holds_more(those, pointer)))
                .map(|(pointer, _)| ((side, pointer.clone()), None))
                .collect::<Vec<_>>()
        };
        let mut places: BTreeMap<_, _> = only(Side::Old, &old, &new).into_iter().collect();
        places.extend(only(Side::New, &new, &old));
        Self { places }
    }

    /// Claims for a finding whatever lies at or below a pointer and is not claimed yet; whether there was anything.
    pub(super) fn claim(&mut self, side: Side, pointer: &str, finding: usize) -> bool {
        let mut any = false;
        for owner in self.below(side, pointer) {
            if owner.is_none() {
                *owner = Some(finding);
                any = true;
            }
        }
        any
    }

    /// Whether anything at or below a pointer is not claimed yet.
    pub(super) fn is_open(&mut self, side: Side, pointer: &str) -> bool {
        self.below(side, pointer).any(|owner| owner.is_none())
    }

    /// What nobody has claimed.
    pub(super) fn unclaimed(&self) -> Vec<(Side, String)> {
        self.places
            .iter()
            .filter(|(_, owner)| owner.is_none())
            .map(|(place, _)| place.clone())
            .collect()
    }

    /// Every differing place, with its owner.
    pub(super) fn places(&self) -> impl Iterator<Item = (Side, &str, Option<usize>)> {
        self.places
            .iter()
            .map(|((side, pointer), owner)| (*side, pointer.as_str(), *owner))
    }

    fn below(&mut self, side: Side, pointer: &str) -> impl Iterator<Item = &mut Option<usize>> {
        let from = Bound::Included((side, pointer.to_owned()));
        // `0` comes right after `/`.
        let to = match pointer {
            "" => Bound::Unbounded,
            _ => Bound::Excluded((side, format!("{pointer}0"))),
        };
        let at = pointer.to_owned();
        self.places
            .range_mut((from, to))
            .filter(move |((other, place), _)| {
                *other == side
                    && place
                        .strip_prefix(&at)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .map(|(_, owner)| owner)
    }
}

/// Whether there are leaves below a pointer.
fn holds_more(leaves: &BTreeMap<String, &Value>, pointer: &str) -> bool {
    let below = format!("{pointer}/");
    leaves
        .range(below.clone()..)
        .next()
        .is_some_and(|(first, _)| first.starts_with(&below))
}

/// A mapping or list of nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Everything that holds nothing else, by its pointer.
pub(super) fn leaves(value: &Value) -> BTreeMap<String, &Value> {
    fn collect<'a>(
        value: &'a Value,
        pointer: &mut String,
        leaves: &mut BTreeMap<String, &'a Value>,
    ) {
        let mut below = |token: &str, value: &'a Value, leaves: &mut BTreeMap<_, _>| {
            let length = pointer.len();
            push(pointer, token);
            collect(value, pointer, leaves);
            pointer.truncate(length);
        };
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    below(name, value, leaves);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (index, value) in items.iter().enumerate() {
                    below(&index.to_string(), value, leaves);
                }
            }
            _ => {
                leaves.insert(pointer.clone(), value);
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(value, &mut String::new(), &mut found);
    found
}
