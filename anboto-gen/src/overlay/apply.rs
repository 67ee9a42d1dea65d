//! One action on one document.

use std::iter;

use serde_json::Value;
use serde_json_path::PathElement;

use super::{Action, Change};
use crate::contract::document::{
    Children, MAX_DEPTH, Marks, Node, join, kind, measure, push, shown, shown_pointer,
};
use crate::error::Place;
use crate::{Error, Finding, FindingKind};

/// One step from a node to an entry of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Name(String),
    Index(usize),
}

impl Action {
    /// Applies the action; a finding if that changes nothing.
    pub(super) fn apply(&self, root: &mut Node) -> Result<Option<Finding>, Error> {
        let matches = self.matches(&root.value);
        if matches.is_empty() {
            let why = "matches nothing: the vendor has removed or renamed the place, or the path has a slip; \
                       correct or delete the action";
            return Ok(Some(self.finding(FindingKind::ActionMatchesNothing, why)));
        }
        let mut changed = false;
        match &self.change {
            Change::Update(update) => {
                for path in &matches {
                    changed |= self.update(root, path, update)?;
                }
            }
            // From the back, so that the places of what is still to be removed hold.
            Change::Remove => {
                for path in matches.iter().rev() {
                    changed |= self.remove(root, path)?;
                }
            }
        }
        let why = "changes nothing: the vendor has fixed it; delete the action";
        Ok((!changed).then(|| self.finding(FindingKind::ActionChangesNothing, why)))
    }

    /// What the target selects: each place once, in the order of the document.
    fn matches(&self, value: &Value) -> Vec<Vec<Step>> {
        let step = |element: &PathElement<'_>| match element {
            PathElement::Name(name) => Step::Name((*name).to_owned()),
            PathElement::Index(index) => Step::Index(*index),
        };
        let located = self.path.query_located(value);
        let paths = located
            .locations()
            .map(|path| path.iter().map(step).collect());
        let mut paths: Vec<_> = paths.collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Merges the update into the node at a path; whether that changed it.
    fn update(&self, root: &mut Node, path: &[Step], update: &Node) -> Result<bool, Error> {
        let Some((value, marks)) = find(&mut root.value, &mut root.marks, path) else {
            return Ok(false);
        };
        let element = value.is_array() && !update.value.is_array();
        if path.len() + usize::from(element) + measure(&update.value).1 > MAX_DEPTH {
            let message = format!(
                "the action on `{}` would make the contract nest deeper than {MAX_DEPTH} levels",
                shown(&self.target)
            );
            return Err(Error::at(self.place.clone(), message));
        }
        let merged = match (&mut *value, &mut marks.children) {
            (Value::Array(values), Children::Items(places)) if !update.value.is_array() => Ok(
                append(values, places, iter::once((&update.value, &update.marks))),
            ),
            (Value::Array(_) | Value::Object(_), _) => {
                merge(value, marks, &update.value, &update.marks)
            }
            _ => {
                let message = format!(
                    "the action on `{}` selects {} at `{}` ({}), but only a mapping or a list can be updated; \
                     select what holds it",
                    shown(&self.target),
                    kind(value),
                    shown_pointer(&pointer(path)),
                    marks.place()
                );
                return Err(Error::at(self.place.clone(), message));
            }
        };
        merged.map_err(|clash| {
            let pointer = pointer(path) + &clash.pointer;
            let message = format!(
                "the action on `{}` puts {} where `{}` ({}) is {}; only like can be merged with like",
                shown(&self.target),
                clash.update,
                shown_pointer(&pointer),
                root.place(&pointer),
                clash.target
            );
            Error::at(clash.place, message)
        })
    }

    /// Removes the node at a path; whether there was one.
    fn remove(&self, root: &mut Node, path: &[Step]) -> Result<bool, Error> {
        let Some((last, holder)) = path.split_last() else {
            let message = format!(
                "the action on `{}` would remove the whole contract",
                shown(&self.target)
            );
            return Err(Error::at(self.place.clone(), message));
        };
        let Some((value, marks)) = find(&mut root.value, &mut root.marks, holder) else {
            return Ok(false);
        };
        Ok(match (value, &mut marks.children, last) {
            (Value::Array(values), Children::Items(places), Step::Index(index)) => {
                values.remove(*index);
                places.remove(*index);
                true
            }
            (Value::Object(fields), Children::Fields(places), Step::Name(name)) => {
                places.remove(name);
                fields.remove(name).is_some()
            }
            _ => false,
        })
    }

    fn finding(&self, kind: FindingKind, why: &str) -> Finding {
        let message = format!(
            "the action on `{}` {why}. Its reason was: {}",
            shown(&self.target),
            shown(&self.reason)
        );
        Finding {
            kind,
            place: self.place.clone(),
            message,
        }
    }
}

/// Two values that cannot be merged.
struct Clash {
    /// What the update has, and where.
    update: &'static str,
    place: Place,
    /// What the target has instead, and where below the node that was selected.
    target: &'static str,
    pointer: String,
}

/// Merges an update into a value; whether that changed the value.
fn merge(
    value: &mut Value,
    marks: &mut Marks,
    update: &Value,
    update_marks: &Marks,
) -> Result<bool, Clash> {
    match (
        &mut *value,
        &mut marks.children,
        update,
        &update_marks.children,
    ) {
        (
            Value::Object(fields),
            Children::Fields(places),
            Value::Object(updates),
            Children::Fields(update_places),
        ) => {
            let mut changed = false;
            for (name, update) in updates {
                let Some(update_marks) = update_places.get(name) else {
                    continue;
                };
                if let (Some(value), Some(marks)) = (fields.get_mut(name), places.get_mut(name)) {
                    changed |=
                        merge(value, marks, update, update_marks).map_err(|clash| Clash {
                            pointer: join("", name) + &clash.pointer,
                            ..clash
                        })?;
                } else {
                    fields.insert(name.clone(), update.clone());
                    places.insert(name.clone(), update_marks.clone());
                    changed = true;
                }
            }
            Ok(changed)
        }
        (
            Value::Array(values),
            Children::Items(places),
            Value::Array(updates),
            Children::Items(update_places),
        ) => Ok(append(values, places, updates.iter().zip(update_places))),
        (old, _, new, _) if is_scalar(old) && is_scalar(new) => {
            let changed = *old != *new;
            if changed {
                *value = update.clone();
                *marks = update_marks.clone();
            }
            Ok(changed)
        }
        _ => Err(Clash {
            update: kind(update),
            place: update_marks.place(),
            target: kind(value),
            pointer: String::new(),
        }),
    }
}

/// Appends those entries to a list that it does not have yet; whether there were any.
fn append<'a>(
    values: &mut Vec<Value>,
    places: &mut Vec<Marks>,
    entries: impl Iterator<Item = (&'a Value, &'a Marks)>,
) -> bool {
    let before = values.len();
    for (value, marks) in entries {
        if !values.contains(value) {
            values.push(value.clone());
            places.push(marks.clone());
        }
    }
    values.len() > before
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// The node at a path, and its marks.
fn find<'a>(
    value: &'a mut Value,
    marks: &'a mut Marks,
    path: &[Step],
) -> Option<(&'a mut Value, &'a mut Marks)> {
    path.iter()
        .try_fold((value, marks), |(value, marks), step| {
            match (step, &mut marks.children) {
                (Step::Name(name), Children::Fields(places)) => {
                    Some((value.get_mut(name)?, places.get_mut(name)?))
                }
                (Step::Index(index), Children::Items(places)) => {
                    Some((value.get_mut(index)?, places.get_mut(*index)?))
                }
                _ => None,
            }
        })
}

/// A path as a JSON pointer.
fn pointer(path: &[Step]) -> String {
    let mut pointer = String::new();
    for step in path {
        match step {
            Step::Name(name) => push(&mut pointer, name),
            Step::Index(index) => push(&mut pointer, &index.to_string()),
        }
    }
    pointer
}
