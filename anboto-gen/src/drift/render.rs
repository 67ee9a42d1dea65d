//! The report for people: as text for a terminal or a pipe, as Markdown for an issue.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write};

use serde_json::Value;

use super::report::{Bump, Finding, Report, Revision};
use super::rules::{Level, Rule, Use};

/// Longer values are cut: a report says what changed, not the whole of it.
const LONGEST: usize = 160;
/// Prose that must be read is given more room.
const LONGEST_READ_ME: usize = 600;
/// Operations, overlay actions and items that are listed before the rest is a number.
const MOST: usize = 12;
/// GitHub takes 65,536 characters; what posts the report may want to add a line or two.
const MARKDOWN_LIMIT: usize = 64_000;

/// Rules whose old and new values are the names of the subject.
const RENAMES: [&str; 4] = [
    "schema-renamed",
    "schema-restyled",
    "schemas-merged",
    "schema-split",
];

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[1;33m";

/// A report as text.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// What to tell.
    pub report: &'a Report,
    /// Whether whoever reads it understands ANSI colours.
    pub colour: bool,
    /// Whether documentation and everything that a change reaches is listed.
    pub verbose: bool,
    /// Whether what is compatible is only counted too, for those who have asked for something else.
    pub short: bool,
}

/// A report as Markdown of at most 64,000 characters.
#[derive(Debug, Clone, Copy)]
pub struct Markdown<'a> {
    /// What to tell.
    pub report: &'a Report,
}

/// Findings that are told in one line: the same rule and the same verdicts.
struct Group<'a> {
    rule: &'static Rule,
    wire: Level,
    source: Level,
    findings: Vec<&'a Finding>,
}

/// The three parts of a report.
struct Parts<'a> {
    breaking: Vec<&'a Finding>,
    read_me: Vec<&'a Finding>,
    compatible: Vec<&'a Finding>,
    documentation: Vec<&'a Finding>,
}

impl<'a> Parts<'a> {
    fn of(report: &'a Report) -> Self {
        let select = |wanted: fn(&Finding) -> bool| {
            let findings = report.findings.iter();
            findings.filter(|finding| wanted(finding)).collect()
        };
        Self {
            breaking: select(|finding| finding.level() == Level::Breaking && !finding.rule.read_me),
            read_me: select(|finding| finding.rule.read_me),
            compatible: select(|finding| {
                finding.level() == Level::Compatible && !finding.rule.read_me
            }),
            documentation: select(Finding::is_documentation),
        }
    }
}

/// Groups findings by rule and verdicts and, where what they reach is told, by that.
fn groups<'a>(findings: &[&'a Finding], by_sites: bool) -> Vec<Group<'a>> {
    let mut groups: Vec<(String, Group<'a>)> = Vec::new();
    for finding in findings {
        let operations: BTreeSet<_> = finding
            .sites
            .iter()
            .map(|site| (&site.operation, site.used))
            .collect();
        let sites = if by_sites {
            format!("{operations:?} {:?}", finding.parts)
        } else {
            String::new()
        };
        let key = format!(
            "{} {} {} {sites}",
            finding.rule.id, finding.wire, finding.source
        );
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.findings.push(finding),
            None => groups.push((
                key,
                Group {
                    rule: finding.rule,
                    wire: finding.wire,
                    source: finding.source,
                    findings: vec![finding],
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

impl Group<'_> {
    /// `OrderDetails: status, symbol; Instrument: assetId`.
    fn subjects(&self) -> Vec<String> {
        let mut subjects: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for finding in &self.findings {
            let detail = detail(finding);
            if RENAMES.contains(&finding.rule.id) {
                // Both names say it all.
                subjects.entry(&finding.subject).or_default().push(detail);
                continue;
            }
            let items = subjects.entry(&finding.subject).or_default();
            let operations: BTreeSet<&str> = finding
                .sites
                .iter()
                .map(|site| site.operation.as_str())
                .collect();
            let detail = match (finding.also_at.len(), operations.len()) {
                (1.., several @ 2..) => format!("{detail} in {several} operations"),
                _ => detail,
            };
            match (finding.item.as_str(), detail.as_str()) {
                ("", "") => {}
                ("", detail) => items.push(detail.to_owned()),
                (item, "") => items.push(cut(item, LONGEST)),
                (item, detail) => items.push(format!("{} {detail}", cut(item, LONGEST))),
            }
        }
        let subjects = subjects.into_iter().map(|(subject, items)| {
            let subject = cut(subject, LONGEST);
            match items.as_slice() {
                [] => subject,
                [names] if RENAMES.contains(&self.rule.id) => {
                    names.trim_matches(['(', ')']).to_owned()
                }
                [only] if only.starts_with(['(', ' ']) => {
                    format!("{subject} {}", only.trim_start())
                }
                items => format!("{subject}: {}", items.join(", ")),
            }
        });
        subjects.collect()
    }

    fn parts(&self) -> String {
        let parts: BTreeSet<&str> = self
            .findings
            .iter()
            .flat_map(|finding| &finding.parts)
            .map(String::as_str)
            .collect();
        cut(
            &parts.into_iter().collect::<Vec<_>>().join("; "),
            LONGEST_READ_ME,
        )
    }

    /// The operations that are reached, by the way they use the place; nothing if each subject is the operation itself.
    fn reaches(&self, verbose: bool) -> String {
        let told = |finding: &&Finding| {
            let mut sites = finding.sites.iter();
            sites.all(|site| site.operation == finding.subject)
        };
        if self.findings.iter().all(told) {
            return String::new();
        }
        let mut by_use: BTreeMap<Use, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for site in self.findings.iter().flat_map(|finding| &finding.sites) {
            by_use
                .entry(site.used)
                .or_default()
                .entry(&site.operation)
                .or_default()
                .insert(&site.fields);
        }
        let told = by_use.into_iter().map(|(used, operations)| {
            let names: Vec<String> = operations
                .into_iter()
                .map(|(operation, fields)| {
                    let fields: Vec<&str> = fields
                        .into_iter()
                        .filter(|fields| !fields.is_empty())
                        .collect();
                    if verbose && !fields.is_empty() {
                        format!("{operation} ({})", fields.join(", "))
                    } else {
                        operation.to_owned()
                    }
                })
                .collect();
            let used = match used {
                Use::Request => "sent by",
                Use::Response => "read by",
                Use::Failure => "in errors of",
            };
            let most = if verbose { usize::MAX } else { MOST };
            format!("{used} {}", clean(&list(&names, most)))
        });
        told.collect::<Vec<_>>().join("; ")
    }

    fn kept_by_overlay(&self) -> bool {
        self.findings.iter().any(|finding| finding.kept_by_overlay)
    }
}

/// `(old → new)`, where the names do not say it already.
fn detail(finding: &Finding) -> String {
    let silent = [
        "enum-value-added",
        "enum-value-removed",
        "schema-added",
        "error-status-added",
        "error-status-removed",
        "response-header-added",
        "response-header-removed",
        "media-type-added",
        "media-type-removed",
    ];
    if silent.contains(&finding.rule.id) || finding.rule.read_me && finding.level() == Level::None {
        return String::new();
    }
    match (value(&finding.old), value(&finding.new)) {
        (None, None) => String::new(),
        (Some(old), Some(new)) => format!("({old} → {new})"),
        (None, Some(new)) if finding.old.is_null() => format!("({new})"),
        (None, Some(new)) => format!("(now {new})"),
        (Some(old), None) => format!("(was {old})"),
    }
}

fn value(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(true) => None,
        Value::String(text) => Some(cut(text, LONGEST / 2)),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let names: Vec<String> = items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            (!names.is_empty()).then(|| cut(&names.join(", "), LONGEST / 2))
        }
        other => Some(cut(&other.to_string(), LONGEST / 2)),
    }
}

/// The lines that must be read: what left, what came.
fn words(finding: &Finding) -> Vec<(char, String)> {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::Null => Vec::new(),
            Value::String(text) => vec![cut(text, LONGEST_READ_ME)],
            Value::Array(items) => items
                .iter()
                .map(|item| cut(item.as_str().unwrap_or(&item.to_string()), LONGEST_READ_ME))
                .collect(),
            other => vec![cut(&other.to_string(), LONGEST_READ_ME)],
        }
    };
    let gone = texts(&finding.old).into_iter().map(|text| ('-', text));
    let come = texts(&finding.new).into_iter().map(|text| ('+', text));
    gone.chain(come).collect()
}

/// One line without control characters: what is shown here may come from any server, and ends up on a terminal.
fn clean(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    words.chars().map(shown).collect()
}

fn cut(text: &str, most: usize) -> String {
    let text = clean(text);
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn list(names: &[String], most: usize) -> String {
    match names.len().checked_sub(most) {
        Some(more @ 1..) => format!("{} and {more} more", names[..most].join(", ")),
        _ => names.join(", "),
    }
}

fn headline(report: &Report) -> (String, String, String) {
    let wire = match report.wire {
        Level::None => "a client already built notices nothing",
        Level::Compatible => "a client already built goes on working",
        Level::Breaking => "a client already built breaks",
    };
    let source = match report.source {
        Level::None => "its source stays as it is",
        Level::Compatible => "its source still compiles after a regen",
        Level::Breaking => "its source does not compile after a regen",
    };
    let read = report
        .findings
        .iter()
        .filter(|finding| finding.rule.read_me)
        .count();
    let read = match read {
        0 => "nothing that must be read".to_owned(),
        1 => "1 thing must be read".to_owned(),
        more => format!("{more} things must be read"),
    };
    (wire.to_owned(), source.to_owned(), read)
}

fn revision(revision: &Revision) -> String {
    let name = cut(&revision.name, LONGEST);
    match &revision.sha256 {
        Some(sha256) => format!("{name} (sha256 {}…)", cut(sha256, 12).trim_end_matches('…')),
        None => name,
    }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, .. } = self;
        let parts = Parts::of(report);
        let (wire, source, read) = headline(report);
        let verdict = report.verdict().as_str();
        let colour = match report.wire.max(report.source) {
            Level::Breaking => RED,
            _ if report.read_me() => YELLOW,
            _ => GREEN,
        };
        writeln!(
            f,
            "{}: {wire}; {source}; {read}",
            self.paint(colour, verdict)
        )?;
        writeln!(f, "  old  {}", revision(&report.old))?;
        writeln!(f, "  new  {}", revision(&report.new))?;
        if report.findings.is_empty() && report.consequences.is_empty() {
            return Ok(());
        }
        self.must_read(f, &parts.read_me)?;
        self.section(f, "Breaking", RED, &parts.breaking, true)?;
        if self.short {
            self.counted(f, "Compatible", &parts.compatible)?;
        } else {
            self.section(f, "Compatible", GREEN, &parts.compatible, self.verbose)?;
        }
        if self.verbose {
            self.section(f, "Documentation", BOLD, &parts.documentation, false)?;
        } else {
            self.counted(f, "Documentation", &parts.documentation)?;
        }
        self.consequences(f)
    }
}

impl Text<'_> {
    fn paint(&self, style: &str, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }

    fn level(&self, level: Level) -> String {
        let padded = format!("{level:<10}");
        match level {
            Level::Breaking => self.paint(RED, &padded),
            Level::Compatible => self.paint(GREEN, &padded),
            Level::None => padded,
        }
    }

    fn title(&self, f: &mut fmt::Formatter<'_>, style: &str, title: &str) -> fmt::Result {
        writeln!(f, "\n{}", self.paint(style, title))
    }

    fn counted(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        findings: &[&Finding],
    ) -> fmt::Result {
        if findings.is_empty() {
            return Ok(());
        }
        let hint = if self.short {
            "cargo xtask drift OLD NEW"
        } else {
            "-v"
        };
        let title = format!("{title} ({})", findings.len());
        self.title(f, BOLD, &format!("{title}, listed by {hint}"))
    }

    fn must_read(&self, f: &mut fmt::Formatter<'_>, findings: &[&Finding]) -> fmt::Result {
        if findings.is_empty() {
            return Ok(());
        }
        self.title(f, YELLOW, &format!("Read this ({})", findings.len()))?;
        for group in groups(findings, true) {
            self.line(f, &group)?;
            if group.wire.max(group.source) == Level::None {
                for (sign, words) in group.findings.iter().flat_map(|finding| words(finding)) {
                    writeln!(f, "      {sign} {words}")?;
                }
            }
            self.reached(f, &group, true)?;
        }
        Ok(())
    }

    fn section(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        style: &str,
        findings: &[&Finding],
        sites: bool,
    ) -> fmt::Result {
        if findings.is_empty() {
            return Ok(());
        }
        self.title(f, style, &format!("{title} ({})", findings.len()))?;
        for group in groups(findings, sites) {
            self.line(f, &group)?;
            self.reached(f, &group, sites)?;
        }
        Ok(())
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, group: &Group<'_>) -> fmt::Result {
        let (wire, source) = (self.level(group.wire), self.level(group.source));
        writeln!(
            f,
            "  wire {wire} source {source} {}  [{}]",
            self.paint(BOLD, group.rule.summary),
            group.rule.id
        )?;
        for subject in group.subjects() {
            writeln!(f, "      {subject}")?;
        }
        Ok(())
    }

    fn reached(&self, f: &mut fmt::Formatter<'_>, group: &Group<'_>, sites: bool) -> fmt::Result {
        let parts = group.parts();
        if !parts.is_empty() {
            writeln!(f, "      {parts}")?;
        }
        if group.kept_by_overlay() {
            writeln!(f, "      the overlay keeps it out of the code")?;
        }
        let reaches = group.reaches(self.verbose);
        if sites && !reaches.is_empty() {
            writeln!(f, "      {reaches}")?;
        }
        if self.verbose {
            for finding in &group.findings {
                if let Some(place) = &finding.place {
                    writeln!(f, "      {place}  {}", clean(&finding.at))?;
                }
            }
        }
        Ok(())
    }

    fn consequences(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consequences = &self.report.consequences;
        self.title(f, BOLD, "What it means here")?;
        writeln!(f, "  version of anboto-api: {}", bump(self.report.bump()))?;
        let most = if self.verbose { usize::MAX } else { MOST };
        for (title, lines) in [
            (
                "overlay actions that no longer apply",
                &consequences.overlay,
            ),
            ("to settle in the overlay", &consequences.classify),
        ] {
            if lines.is_empty() {
                continue;
            }
            writeln!(f, "  {title}: {}", lines.len())?;
            for line in lines.iter().take(most) {
                writeln!(
                    f,
                    "      {}",
                    cut(line, if self.verbose { 600 } else { LONGEST })
                )?;
            }
            if lines.len() > most {
                writeln!(f, "      and {} more, listed by -v", lines.len() - most)?;
            }
        }
        if let Some(error) = &consequences.not_generated {
            writeln!(f, "  the client cannot be generated: {}", clean(error))?;
        }
        if let Some(items) = &consequences.items {
            let change: Vec<String> = items
                .change
                .iter()
                .map(|(item, old, new)| format!("{item} ({old} → {new})"))
                .collect();
            for (one, title, names) in [
                ("vanishes", "vanish", &items.vanish),
                ("changes its type", "change their types", &change),
                ("appears", "appear", &items.appear),
            ] {
                if names.is_empty() {
                    continue;
                }
                let total = match names.len() {
                    1 => format!("1 generated item {one}"),
                    number => format!("{number} generated items {title}"),
                };
                writeln!(f, "  {total}")?;
                if self.short {
                    continue;
                }
                for name in names.iter().take(most) {
                    writeln!(f, "      {}", clean(name))?;
                }
                if names.len() > most {
                    writeln!(f, "      and {} more, listed by -v", names.len() - most)?;
                }
            }
        }
        Ok(())
    }
}

fn bump(bump: Bump) -> &'static str {
    match bump {
        Bump::None => "stays",
        Bump::Patch => "patch",
        Bump::Minor => "minor",
        Bump::Major => "major",
    }
}

impl Display for Markdown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As much as fits; what is worst is never left out, only cut.
        let mut page = String::new();
        for fullness in [3, 2, 1, 0] {
            page = self.page(fullness)?;
            if page.chars().count() <= MARKDOWN_LIMIT {
                return f.write_str(&page);
            }
        }
        let cut: String = page.chars().take(MARKDOWN_LIMIT - 200).collect();
        let whole_lines = cut.rfind('\n').map_or("", |end| &cut[..end]);
        writeln!(
            f,
            "{whole_lines}\n\n…cut: `cargo xtask drift` tells the whole of it."
        )
    }
}

impl Markdown<'_> {
    fn page(&self, fullness: u8) -> Result<String, fmt::Error> {
        let report = self.report;
        let parts = Parts::of(report);
        let (wire, source, read) = headline(report);
        let mut page = String::new();
        writeln!(
            page,
            "**{}**: {wire}; {source}; {read}.\n",
            report.verdict().as_str()
        )?;
        writeln!(page, "| | |\n|---|---|")?;
        writeln!(page, "| old | {} |", escaped(&revision(&report.old)))?;
        writeln!(page, "| new | {} |", escaped(&revision(&report.new)))?;
        writeln!(page, "| wire | {} |", report.wire)?;
        writeln!(page, "| source | {} |", report.source)?;
        writeln!(
            page,
            "| version of `anboto-api` | {} |",
            bump(report.bump())
        )?;
        if !parts.read_me.is_empty() {
            writeln!(page, "\n## Read this ({})\n", parts.read_me.len())?;
            for group in groups(&parts.read_me, true) {
                self.bullet(&mut page, &group, true)?;
            }
        }
        if !parts.breaking.is_empty() {
            writeln!(page, "\n## Breaking ({})\n", parts.breaking.len())?;
            for group in groups(&parts.breaking, true) {
                self.bullet(&mut page, &group, true)?;
            }
        }
        self.details(&mut page, "Compatible", &parts.compatible, fullness >= 2)?;
        self.details(
            &mut page,
            "Documentation",
            &parts.documentation,
            fullness >= 3,
        )?;
        self.consequences(&mut page, fullness >= 1)?;
        Ok(page)
    }

    fn bullet(&self, page: &mut String, group: &Group<'_>, sites: bool) -> fmt::Result {
        writeln!(
            page,
            "- **{}** (`{}`): wire {}, source {}",
            group.rule.summary, group.rule.id, group.wire, group.source
        )?;
        for subject in group.subjects() {
            writeln!(page, "  - {}", escaped(&subject))?;
        }
        if group.rule.read_me && group.wire.max(group.source) == Level::None {
            for (sign, words) in group.findings.iter().flat_map(|finding| words(finding)) {
                writeln!(
                    page,
                    "    - {} {}",
                    if sign == '-' { "was:" } else { "now:" },
                    escaped(&words)
                )?;
            }
        }
        let parts = group.parts();
        if !parts.is_empty() {
            writeln!(page, "  - {}", escaped(&parts))?;
        }
        if group.kept_by_overlay() {
            writeln!(page, "  - the overlay keeps it out of the code")?;
        }
        let reaches = group.reaches(false);
        if sites && !reaches.is_empty() {
            writeln!(page, "  - {}", escaped(&reaches))?;
        }
        Ok(())
    }

    fn details(
        &self,
        page: &mut String,
        title: &str,
        findings: &[&Finding],
        listed: bool,
    ) -> fmt::Result {
        if findings.is_empty() {
            return Ok(());
        }
        if !listed {
            return writeln!(
                page,
                "\n{title}: {}, too many to list here.",
                findings.len()
            );
        }
        writeln!(
            page,
            "\n<details><summary>{title} ({})</summary>\n",
            findings.len()
        )?;
        for group in groups(findings, false) {
            self.bullet(page, &group, false)?;
        }
        writeln!(page, "\n</details>")
    }

    fn consequences(&self, page: &mut String, listed: bool) -> fmt::Result {
        let consequences = &self.report.consequences;
        if consequences.is_empty() {
            return Ok(());
        }
        writeln!(page, "\n## What it means here\n")?;
        for (title, lines) in [
            (
                "Overlay actions that no longer apply",
                &consequences.overlay,
            ),
            ("To settle in the overlay", &consequences.classify),
        ] {
            if !lines.is_empty() {
                writeln!(page, "- {title} ({})", lines.len())?;
                for line in lines.iter().take(if listed { usize::MAX } else { MOST }) {
                    writeln!(page, "  - {}", escaped(line))?;
                }
            }
        }
        if let Some(error) = &consequences.not_generated {
            writeln!(page, "- The client cannot be generated: {}", escaped(error))?;
        }
        if let Some(items) = &consequences.items {
            let change: Vec<String> = items
                .change
                .iter()
                .map(|(item, old, new)| format!("{item} ({old} → {new})"))
                .collect();
            for (title, names) in [
                ("Generated items that vanish", &items.vanish),
                ("Generated items that change their type", &change),
                ("Generated items that appear", &items.appear),
            ] {
                if !names.is_empty() {
                    let most = if listed { usize::MAX } else { MOST };
                    let names = escaped(&list(names, most));
                    writeln!(page, "- {title}: {names}")?;
                }
            }
        }
        Ok(())
    }
}

/// Text of somebody else's in Markdown: nothing in it shapes the page, or calls anybody.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in clean(text).chars() {
        match c {
            '<' | '>' | '&' | '@' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '\\' | '$' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}
