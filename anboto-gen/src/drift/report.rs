//! The report: findings, verdicts, what follows; and its JSON form.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::items::Items;
use super::ledger::Side;
use super::rules::{Level, Rule};
use super::uses::Site;
use super::walk::Fact;
use crate::error::Place;

/// The version of the JSON form. It grows with every change that a reader of it could notice, other than a new field.
pub const SCHEMA_VERSION: u32 = 1;

/// What two contracts differ in, judged.
#[derive(Debug, Clone)]
pub struct Report {
    /// The contract that services are built against.
    pub old: Revision,
    /// The contract that the server speaks from now on.
    pub new: Revision,
    /// Breaking first, then compatible, then documentation; within these by rule and place.
    pub findings: Vec<Finding>,
    /// What a client already built has to expect.
    pub wire: Level,
    /// What code has to expect that is compiled against the regenerated crate.
    pub source: Level,
    /// What follows for this workspace.
    pub consequences: Consequences,
}

/// A document that was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// What messages call it.
    pub name: String,
    /// Its hash, if the caller knows the bytes: the vendor gives no other way to tell two revisions apart.
    pub sha256: Option<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule that knows it.
    pub rule: &'static Rule,
    /// For a client already built.
    pub wire: Level,
    /// For code that is compiled against the regenerated crate.
    pub source: Level,
    /// JSON pointer to the place in the old contract, or in the new one if the old one has no such place. Lists whose order means
    /// nothing are mappings here: `#/components/schemas/Side/enum/BUY`.
    pub at: String,
    /// Further places at which the same change was made.
    pub also_at: Vec<String>,
    /// What was, as far as one line can say it.
    pub old: Value,
    /// What is.
    pub new: Value,
    /// What differs inside, where that decides.
    pub parts: Vec<String>,
    /// What it reaches.
    pub sites: Vec<Site>,
    /// What it is about: a schema or an operation.
    pub subject: String,
    /// Which part of the subject; empty for the whole.
    pub item: String,
    /// Line and column.
    pub place: Option<Place>,
    /// Whether the overlay keeps the change out of the generated code.
    pub kept_by_overlay: bool,
    pub(super) side: Side,
}

/// The headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No difference.
    None,
    /// Only readers of the documentation notice.
    Docs,
    /// Something is new.
    Compatible,
    /// Something stops working.
    Breaking,
}

impl Verdict {
    /// The verdict as the reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Docs => "docs",
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
        }
    }
}

/// How the version of the crate has to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// Not at all.
    None,
    /// Other bytes are sent, or the documentation says something else.
    Patch,
    /// Code can do more.
    Minor,
    /// Code may no longer compile.
    Major,
}

impl Bump {
    /// The bump as the reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// What a person has to do, and what the crate turns into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consequences {
    /// Overlay actions that applied to the old contract, and do not apply to the new one.
    pub overlay: Vec<String>,
    /// What nobody has said yet in the overlay: effects of operations, that one is unsigned, forms of lists.
    pub classify: Vec<String>,
    /// Why the client could not be generated, if it could not.
    pub not_generated: Option<String>,
    /// What the generated crate gains, loses and changes; `None` as long as nobody has generated it.
    pub items: Option<ItemChanges>,
}

/// Public items of the generated code. What stands inside an item that came or went as a whole is not listed again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemChanges {
    /// Those that appear.
    pub appear: Vec<String>,
    /// Those that vanish.
    pub vanish: Vec<String>,
    /// Those that change their type: item, old type, new type.
    pub change: Vec<(String, String, String)>,
}

impl Consequences {
    /// Whether nothing follows.
    pub fn is_empty(&self) -> bool {
        let Self {
            overlay,
            classify,
            not_generated,
            items,
        } = self;
        let no_items = items
            .as_ref()
            .is_none_or(|items| *items == ItemChanges::default());
        overlay.is_empty() && classify.is_empty() && not_generated.is_none() && no_items
    }
}

impl Report {
    pub(super) fn new(
        old: String,
        new: String,
        mut findings: Vec<Finding>,
        source: Level,
        consequences: Consequences,
    ) -> Self {
        findings.sort_by_cached_key(|finding| {
            (
                std::cmp::Reverse((
                    finding.level(),
                    finding.rule.read_me,
                    finding.wire,
                    finding.source,
                )),
                finding.rule.id,
                finding.at.clone(),
                finding.old.to_string(),
                finding.new.to_string(),
            )
        });
        let worst = |level: fn(&Finding) -> Level| findings.iter().map(level).max();
        let revision = |name| Revision { name, sha256: None };
        Self {
            old: revision(old),
            new: revision(new),
            wire: worst(|finding| finding.wire).unwrap_or_default(),
            source: worst(|finding| finding.source)
                .unwrap_or_default()
                .max(source),
            findings,
            consequences,
        }
    }

    /// Holds the report against what the generator makes of both contracts.
    pub fn hold_against(&mut self, before: &Items, after: &Items) {
        let changes = before.changes(after);
        if !changes.vanish.is_empty() || !changes.change.is_empty() {
            self.source = Level::Breaking;
        } else if !changes.appear.is_empty() {
            self.source = self.source.max(Level::Compatible);
        }
        self.consequences.items = Some(changes);
    }

    /// The headline: the worse of wire and source.
    pub fn verdict(&self) -> Verdict {
        match self.wire.max(self.source) {
            Level::Breaking => Verdict::Breaking,
            Level::Compatible => Verdict::Compatible,
            Level::None if self.findings.is_empty() => Verdict::None,
            Level::None => Verdict::Docs,
        }
    }

    /// Whether a person must read something, whatever the verdict is.
    pub fn read_me(&self) -> bool {
        self.findings.iter().any(|finding| finding.rule.read_me)
    }

    /// How the version of the client crate has to change. With the major version 0, "major" is its middle number.
    pub fn bump(&self) -> Bump {
        match (self.source, self.verdict()) {
            (Level::Breaking, _) => Bump::Major,
            (Level::Compatible, _) => Bump::Minor,
            (Level::None, Verdict::None) => Bump::None,
            (Level::None, _) => Bump::Patch,
        }
    }

    /// The report as JSON; `anboto-gen/drift-report.schema.json` describes it.
    pub fn to_json(&self) -> Value {
        let revision =
            |revision: &Revision| json!({ "name": revision.name, "sha256": revision.sha256 });
        let consequences = &self.consequences;
        let items = consequences.items.as_ref().map(|items| {
            let change = items.change.iter();
            json!({
                "appear": items.appear,
                "vanish": items.vanish,
                "change": change
                    .map(|(item, old, new)| json!({ "item": item, "old": old, "new": new }))
                    .collect::<Vec<_>>(),
            })
        });
        json!({
            "schema_version": SCHEMA_VERSION,
            "old": revision(&self.old),
            "new": revision(&self.new),
            "verdict": self.verdict().as_str(),
            "wire": self.wire.as_str(),
            "source": self.source.as_str(),
            "read_me": self.read_me(),
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
            "consequences": {
                "bump": self.bump().as_str(),
                "overlay": consequences.overlay,
                "classify": consequences.classify,
                "not_generated": consequences.not_generated,
                "items": items,
            },
        })
    }
}

impl Finding {
    pub(super) fn new(
        fact: &Fact,
        side: Side,
        at: &str,
        wire: Level,
        source: Level,
        sites: Vec<Site>,
        (subject, item): (String, String),
    ) -> Self {
        let others = fact.at.iter().skip(1);
        Self {
            rule: fact.rule,
            wire,
            source,
            at: format!("#{at}"),
            also_at: others.map(|(_, at)| format!("#{at}")).collect(),
            old: fact.old.clone(),
            new: fact.new.clone(),
            parts: fact.parts.clone(),
            sites,
            subject,
            item,
            place: None,
            kept_by_overlay: false,
            side,
        }
    }

    /// The worse of wire and source.
    pub fn level(&self) -> Level {
        self.wire.max(self.source)
    }

    /// Whether only readers of the documentation notice.
    pub fn is_documentation(&self) -> bool {
        self.level() == Level::None && !self.rule.read_me
    }

    /// Tells this change from every other, in this comparison and in later ones: by rule, places and values.
    pub fn fingerprint(&self) -> String {
        let identity = json!([self.rule.id, self.at, self.also_at, self.old, self.new]);
        let hash = Sha256::digest(identity.to_string());
        hash.iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn to_json(&self) -> Value {
        let position = self.place.as_ref().and_then(|place| place.position);
        json!({
            "rule": self.rule.id,
            "wire": self.wire.as_str(),
            "source": self.source.as_str(),
            "read_me": self.rule.read_me,
            "at": self.at,
            "also_at": self.also_at,
            "old": self.old,
            "new": self.new,
            "sites": self.sites.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "fingerprint": self.fingerprint(),
            "summary": self.rule.summary,
            "subject": self.subject,
            "item": self.item,
            "parts": self.parts,
            "document": match self.side { Side::Old => "old", Side::New => "new" },
            "line": position.map(|(line, _)| line),
            "column": position.map(|(_, column)| column),
            "kept_by_overlay": self.kept_by_overlay,
        })
    }
}
