//! What a new contract means for those who trade on it.
//!
//! ```text
//! Contract, Contract -> normal form -> what became of what -> walk (rules, ledger) -> Report -> text, Markdown, JSON
//! ```
//!
//! Two questions are answered for every change. *Wire*: does a client already built go on working with the new server?
//! *Source*: does code that uses the client still compile when it is regenerated? The wire is judged by the contracts as
//! published; the source by the contracts corrected by the overlay, for from these the code is made.
//!
//! Rooms: `normal` levels out what means nothing; `matching` finds renamed and moved things; `rules` is the table of verdicts;
//! `ledger` knows every differing place before any rule has run; `walk` lets the rules claim them; `uses` says which
//! operations a change reaches; `items` holds the verdict against the generated code; `report` and `render` tell it.

mod items;
mod ledger;
mod matching;
mod normal;
mod prose;
mod render;
mod report;
mod rules;
mod uses;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::ledger::Side;
use self::matching::{Matches, home};
use self::normal::Document;
use self::uses::{Uses, below_schema};
use self::walk::{Fact, Walk};
use crate::contract::Contract;
use crate::contract::document::join;
use crate::overlay::Overlay;
use crate::{Error, FindingKind};

pub use self::items::Items;
pub use self::render::{Markdown, Text};
pub use self::report::{
    Bump, Consequences, Finding, ItemChanges, Report, Revision, SCHEMA_VERSION, Verdict,
};
pub use self::rules::{Level, RULES, Rule, Use, Verdicts, documentation};
pub use self::uses::Site;

/// Compares two contracts, with the overlay that both are corrected by before code is made of them.
///
/// # Errors
/// When one of them is not sound: see [`Contract::openapi`]. What the overlay mends is no error.
pub fn compare(old: &Contract, new: &Contract, overlay: Option<&Overlay>) -> Result<Report, Error> {
    let mut consequences = Consequences::default();
    let effective = effective(old, new, overlay, &mut consequences)?;
    let (effective_old, effective_new) = match &effective {
        Some((old, new)) => (old, new),
        None => (old, new),
    };
    for contract in [effective_old, effective_new] {
        contract.openapi()?;
    }
    let documents = (
        Document::read(old.value()),
        Document::read(new.value()),
        Document::read(effective_old.value()),
        Document::read(effective_new.value()),
    );
    let code = (&documents.2, &documents.3);
    if overlay.is_some() {
        consequences.classify = unclassified(&documents.3);
    }
    let facts = Facts::find((&documents.0, &documents.1), code);
    let generated = Facts::find(code, code);
    let mut findings = facts.judged();
    let in_code = generated.judged();
    let mut source_at: BTreeMap<&str, Level> = BTreeMap::new();
    for finding in &in_code {
        let level = source_at.entry(&finding.at).or_default();
        *level = finding.source.max(*level);
    }
    for finding in &mut findings {
        // A change that the overlay undoes, or has made before the vendor did, does not reach the code.
        let in_code = source_at.get(finding.at.as_str()).copied();
        let in_code = in_code.unwrap_or_default();
        if finding.source > in_code && finding.rule.id != rules::UNKNOWN.id {
            finding.source = in_code;
            finding.kept_by_overlay = true;
        }
        let (document, contract) = match finding.side {
            Side::Old => (&documents.0, old),
            Side::New => (&documents.1, new),
        };
        let pointer = document.origin(finding.at.trim_start_matches('#'));
        finding.place = Some(contract.place(&pointer));
    }
    let source = in_code.iter().map(|finding| finding.source).max();
    Ok(Report::new(
        old.place("").document,
        new.place("").document,
        findings,
        source.unwrap_or_default(),
        consequences,
    ))
}

/// Both contracts as the generator sees them; `None` where the overlay does not fit one of them, which is said.
fn effective(
    old: &Contract,
    new: &Contract,
    overlay: Option<&Overlay>,
    consequences: &mut Consequences,
) -> Result<Option<(Contract, Contract)>, Error> {
    let Some(overlay) = overlay else {
        return Ok(None);
    };
    let (effective_old, before) = match overlay.apply(old.clone()) {
        Ok(applied) => applied,
        Err(error) => {
            consequences.overlay.push(error.to_string());
            return Ok(None);
        }
    };
    let (effective_new, after) = match overlay.apply(new.clone()) {
        Ok(applied) => applied,
        Err(error) => {
            consequences.overlay.push(error.to_string());
            return Ok(None);
        }
    };
    let lost = after.iter().filter(|finding| {
        matches!(
            finding.kind,
            FindingKind::ActionMatchesNothing | FindingKind::ActionChangesNothing
        ) && !before.iter().any(|other| other.place == finding.place)
    });
    consequences
        .overlay
        .extend(lost.map(|finding| format!("{}: {}", finding.place, finding.message)));
    Ok(Some((effective_old, effective_new)))
}

/// What the overlay has to say of a corrected contract, and does not.
fn unclassified(effective: &Document) -> Vec<String> {
    let mut open = Vec::new();
    for operation in matching::operations(effective) {
        let get = |key: &str| effective.get(&join(&operation.pointer, key));
        let (name, method, path) = (&operation.id, &operation.method, &operation.path);
        if get("x-anboto-effect").is_none() {
            open.push(format!("{name} ({method} {path}): what it changes"));
        }
        match (
            get("security").is_some(),
            get("x-anboto-unsigned").is_some(),
        ) {
            (false, false) => open.push(format!("{name} ({method} {path}): that it is unsigned")),
            (true, true) => open.push(format!("{name} ({method} {path}): that it is signed")),
            (true, false) | (false, true) => {}
        }
        let parameters = get("parameters").and_then(Value::as_object);
        for (key, parameter) in parameters.into_iter().flatten() {
            let is_list =
                parameter.pointer("/schema/type").and_then(Value::as_str) == Some("array");
            if is_list && parameter.get("explode") != Some(&Value::Bool(false)) {
                let parameter = key.split_once(':').map_or(key.as_str(), |(_, name)| name);
                open.push(format!("{name} ({parameter}): how the list is written"));
            }
        }
    }
    open
}

/// Everything that differs between two documents, with what is needed to judge it.
struct Facts {
    facts: Vec<Fact>,
    matches: Matches,
    old_uses: Uses,
    new_uses: Uses,
}

impl Facts {
    fn find((old, new): (&Document, &Document), code: (&Document, &Document)) -> Self {
        let matches = Matches::find(old, new);
        let (old_uses, new_uses) = (Uses::of(old), Uses::of(new));
        let mut walk = Walk::new(old, new, code, &matches, &old_uses);
        walk.run();
        debug_assert!(
            walk.ledger
                .places()
                .all(|(_, _, owner)| owner.is_some_and(|owner| owner < walk.facts.len())),
            "a differing place that no finding speaks for"
        );
        let facts = walk.facts;
        Self {
            facts,
            matches,
            old_uses,
            new_uses,
        }
    }

    fn judged(&self) -> Vec<Finding> {
        let findings = self.facts.iter().map(|fact| self.judge(fact));
        findings.collect()
    }

    fn judge(&self, fact: &Fact) -> Finding {
        let sites: BTreeSet<Site> = if fact.everywhere {
            self.old_uses.everywhere()
        } else {
            let sites = fact.at.iter().flat_map(|(side, at)| self.sites(*side, at));
            sites.collect()
        };
        let uses: BTreeSet<Use> = sites.iter().map(|site| site.used).collect();
        let in_schema = |(_, at): &(Side, String)| below_schema(at).is_some();
        let in_schemas = fact.at.iter().any(in_schema);
        let judge = |verdicts: Verdicts, of_type: bool| {
            let by_use = uses.iter().map(|used| verdicts.of(*used)).max();
            let only_failures = uses.iter().all(|used| *used == Use::Failure);
            if fact.rule.id == rules::UNKNOWN.id {
                return verdicts.worst();
            }
            match by_use {
                // A type is made of every schema, whether it is used or not.
                _ if in_schemas && of_type && only_failures => verdicts.worst(),
                None if in_schemas => Level::None,
                None => verdicts.worst(),
                // Of what is in an error answer itself, nothing is made.
                Some(_) if of_type && only_failures => Level::None,
                Some(level) => level,
            }
        };
        let (side, at) = fact
            .at
            .first()
            .map_or((Side::Old, ""), |(side, at)| (*side, at.as_str()));
        let (subject, item) = self.subject(fact, side, at);
        Finding::new(
            fact,
            side,
            at,
            judge(fact.rule.wire, false).max(fact.inside),
            judge(fact.rule.source, true),
            sites.into_iter().collect(),
            (subject, item),
        )
    }

    /// Where a place is used in the old contract; what only the new one has, in that.
    fn sites(&self, side: Side, at: &str) -> BTreeSet<Site> {
        let uses = match side {
            Side::Old => &self.old_uses,
            Side::New => &self.new_uses,
        };
        let Some((name, rest)) = below_schema(at) else {
            return uses.sites(at);
        };
        // Schemas that became one are told by one of them, and are used wherever any of them was.
        let olds: BTreeSet<String> = match side {
            Side::Old => {
                let news = self.matches.new_names(&name);
                news.iter()
                    .flat_map(|new| self.matches.old_names(new))
                    .collect()
            }
            Side::New => self.matches.old_names(&name).into_iter().collect(),
        };
        if olds.is_empty() {
            return uses.sites(at);
        }
        let sites = olds
            .iter()
            .flat_map(|old| self.old_uses.sites(&format!("{}{rest}", home(old))));
        sites.collect()
    }

    /// What a finding is about, and which part of it.
    fn subject(&self, fact: &Fact, side: Side, at: &str) -> (String, String) {
        let uses = match side {
            Side::Old => &self.old_uses,
            Side::New => &self.new_uses,
        };
        let last = at
            .rsplit('/')
            .next()
            .map(uses::unescaped)
            .unwrap_or_default();
        if let Some((name, rest)) = below_schema(at) {
            let mut item = uses::path(&rest);
            if rest.contains("/enum/") {
                item = if item.is_empty() {
                    last
                } else {
                    format!("{item} = {last}")
                };
            }
            return (name, item);
        }
        if let Some((operation, rest)) = uses.operation(at) {
            let several = fact.at.len() > 1;
            let item = uses::item(rest);
            return if several {
                (item, String::new())
            } else {
                (operation.to_owned(), item)
            };
        }
        let mut tokens = at.split('/').skip(1).map(uses::unescaped);
        match (tokens.next().as_deref(), tokens.next()) {
            (Some("info"), Some(key)) => (format!("info.{key}"), String::new()),
            (Some(first), Some(second)) => (first.to_owned(), second),
            (Some(first), None) => (first.to_owned(), String::new()),
            _ => ("the document".to_owned(), String::new()),
        }
    }
}

/// The differing places of two contracts that no finding speaks for, and those that more than one does. For tests: both are
/// always none.
#[doc(hidden)]
pub fn unclaimed(old: &Value, new: &Value) -> Vec<String> {
    let (old, new) = (Document::read(old), Document::read(new));
    let matches = Matches::find(&old, &new);
    let uses = Uses::of(&old);
    let mut walk = Walk::new(&old, &new, (&old, &new), &matches, &uses);
    walk.run();
    let open = walk.ledger.unclaimed();
    open.into_iter()
        .map(|(side, at)| join(&format!("{side:?}"), &at))
        .collect()
}
