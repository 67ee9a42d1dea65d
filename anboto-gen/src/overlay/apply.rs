//! One action on one document.

use serde_json::Value;
use serde_json_path::PathElement;

use super::{Action, Change};
use crate::contract::document::{Children, Marks, Node, join, kind, push, shown};
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
            let why = "matches nothing: the vendor has removed or renamed the place";
            return Ok(Some(self.finding(FindingKind::ActionMatchesNothing, why)));
        }
        let mut changed = false;
        match &self.change {
            Change::Update(update) => {
                for path in &matches {
                    changed |= self.update(root, path, update)?;
                }
            }
            // From the back: the indexes of what is still to be removed must hold.
            Change::Remove => {
                for path in matches.iter().rev() {
                    self.remove(root, path)?;
                    changed = true;
                }
            }
        }
        let why = "changes nothing: the vendor has fixed it";
        Ok((!changed).then(|| self.finding(FindingKind::ActionChangesNothing, why)))
    }

    /// What the target selects: each place once, in the document's order.
    fn matches(&self, value: &Value) -> Vec<Vec<Step>> {
        let located = self.path.query_located(value);
        let steps = located.locations().map(|location| {
            let step = |element: &PathElement<'_>| match element {
                PathElement::Name(name) => Step::Name((*name).to_owned()),
                PathElement::Index(index) => Step::Index(*index),
            };
            location.iter().map(step).collect::<Vec<_>>()
        });
        let mut steps: Vec<_> = steps.collect();
        steps.sort();
        steps.dedup();
        steps
    }

    fn update(&self, root: &mut Node, path: &[Step], update: &Node) -> Result<bool, Error> {
        let Some((value, marks)) = find(&mut root.value, &mut root.marks, path) else {
            return Ok(false);
        };
        let merged = match value {
            Value::Array(_) if !update.value.is_array() => {
                append(value, marks, &[(&update.value, &update.marks)])
            }
            Value::Array(_) | Value::Object(_) => merge(value, marks, &update.value, &update.marks),
            _ => {
                let message = format!(
                    "the action on `{}` selects {} at {} ({}); an update needs a mapping or a list, so select what holds it",
                    self.target,
                    kind(value),
                    pointer(path),
                    marks.place()
                );
                return Err(Error::at(self.place.clone(), message));
            }
        };
        merged.map_err(|clash| {
            let message = format!(
                "the action on `{}` puts {} where {}{} ({}) has {}",
                self.target,
                clash.update,
                pointer(path),
                clash.pointer,
                clash.target_place,
                clash.target
            );
            Error::at(clash.place, message)
        })
    }

    fn remove(&self, root: &mut Node, path: &[Step]) -> Result<(), Error> {
        let Some((last, parents)) = path.split_last() else {
            let message = format!(
                "the action on `{}` would remove the whole contract",
                self.target
            );
            return Err(Error::at(self.place.clone(), message));
        };
        match (find(&mut root.value, &mut root.marks, parents), last) {
            (
                Some((
                    Value::Array(values),
                    Marks {
                        children: Children::Items(marks),
                        ..
                    },
                )),
                Step::Index(index),
            ) => {
                values.remove(*index);
                marks.remove(*index);
            }
            (
                Some((
                    Value::Object(values),
                    Marks {
                        children: Children::Fields(marks),
                        ..
                    },
                )),
                Step::Name(name),
            ) => {
                values.remove(name);
                marks.remove(name);
            }
            _ => {}
        }
        Ok(())
    }

    fn finding(&self, kind: FindingKind, why: &str) -> Finding {
        let message = format!(
            "the action on `{}` {why}; delete the action. Its reason was: {}",
            self.target,
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
    /// Of the update.
    place: crate::error::Place,
    update: &'static str,
    /// Below the node that was selected.
    pointer: String,
    target: &'static str,
    target_place: crate::error::Place,
}

/// Merges `update` into `value`; whether that changed anything.
fn merge(
    value: &mut Value,
    marks: &mut Marks,
    update: &Value,
    update_marks: &Marks,
) -> Result<bool, Box<Clash>> {
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
            for ((name, update), update_marks) in updates.iter().zip(update_places.values()) {
                match (fields.get_mut(name), places.get_mut(name)) {
                    (Some(value), Some(marks)) => {
                        changed |=
                            merge(value, marks, update, update_marks).map_err(|mut clash| {
                                clash.pointer = join("", name) + &clash.pointer;
                                clash
                            })?;
                    }
                    _ => {
                        fields.insert(name.clone(), update.clone());
                        places.insert(name.clone(), update_marks.clone());
                        changed = true;
                    }
                }
            }
            Ok(changed)
        }
        (Value::Array(_), _, Value::Array(updates), Children::Items(update_places)) => {
            let entries: Vec<_> = updates.iter().zip(update_places).collect();
            append(value, marks, &entries)
        }
        (old, _, new, _) if is_scalar(old) && is_scalar(new) => {
            let changed = old != new;
            if changed {
                *value = update.clone();
                *marks = update_marks.clone();
            }
            Ok(changed)
        }
        _ => Err(Box::new(Clash {
            place: update_marks.place(),
            update: kind(update),
            pointer: String::new(),
            target: kind(value),
            target_place: marks.place(),
        })),
    }
}

/// Appends those of `entries` to a list that it does not have yet; whether there were any.
fn append(
    list: &mut Value,
    marks: &mut Marks,
    entries: &[(&Value, &Marks)],
) -> Result<bool, Box<Clash>> {
    let (Value::Array(values), Children::Items(places)) = (list, &mut marks.children) else {
        return Ok(false);
    };
    let before = values.len();
    for (value, marks) in entries {
        if !values.contains(value) {
            values.push((*value).clone());
            places.push((*marks).clone());
        }
    }
    Ok(values.len() > before)
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
                (Step::Name(name), Children::Fields(marks)) => {
                    Some((value.get_mut(name)?, marks.get_mut(name)?))
                }
                (Step::Index(index), Children::Items(marks)) => {
                    Some((value.get_mut(index)?, marks.get_mut(*index)?))
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
