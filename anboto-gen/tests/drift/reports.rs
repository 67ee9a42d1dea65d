//! The reports of three revisions of a small contract, which show the changes that the vendor made from March 2024 to April 2025
//! and on to July 2026, one of each kind.

use anboto_gen::drift::{self, Items, Markdown, Report, Text, Verdict};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::contracts::{compare, overlay, parse, things, with};

const FIRST: &str = include_str!("../fixtures/drift/first.yml");
const SECOND: &str = include_str!("../fixtures/drift/second.yml");
const THIRD: &str = include_str!("../fixtures/drift/third.yml");
const OVERLAY: &str = include_str!("../fixtures/drift/overlay.yml");

fn report(old: (&str, &str), new: (&str, &str)) -> Report {
    let contracts = (
        parse(old.0, old.1).expect("a contract"),
        parse(new.0, new.1).expect("a contract"),
    );
    let mut report =
        drift::compare(&contracts.0, &contracts.1, Some(&overlay(OVERLAY))).expect("a report");
    let items = |contract| Items::of(contract, &overlay(OVERLAY)).expect("a client");
    report.hold_against(&items(&contracts.0), &items(&contracts.1));
    report
}

fn first_to_second() -> Report {
    report(("first.yml", FIRST), ("second.yml", SECOND))
}

fn second_to_third() -> Report {
    report(("second.yml", SECOND), ("third.yml", THIRD))
}

fn text(report: &Report, verbose: bool) -> String {
    let text = Text {
        report,
        colour: false,
        verbose,
        short: false,
    };
    text.to_string()
}

#[test]
fn as_text() {
    assert_snapshot!("first-to-second", text(&first_to_second(), false));
    assert_snapshot!("second-to-third", text(&second_to_third(), false));
    assert_snapshot!("second-to-third-verbose", text(&second_to_third(), true));
}

#[test]
fn as_text_in_short() {
    let report = second_to_third();
    let text = Text {
        report: &report,
        colour: false,
        verbose: false,
        short: true,
    };
    assert_snapshot!("second-to-third-short", text);
}

#[test]
fn as_markdown() {
    assert_snapshot!(
        "markdown",
        Markdown {
            report: &second_to_third()
        }
    );
}

#[test]
fn as_json() {
    let report = first_to_second().to_json();
    assert_snapshot!("json", format!("{report:#}"));
}

#[test]
fn nothing_to_report() {
    let report = report(("first.yml", FIRST), ("first.yml", FIRST));
    assert_eq!((report.verdict(), report.read_me()), (Verdict::None, false));
    assert_snapshot!(text(&report, false), @r"
    none: a client already built notices nothing; its source stays as it is; nothing that must be read
      old  first.yml
      new  first.yml
    ");
}

/// The table's verdicts against what the compiler would say: the public items of both clients.
#[test]
fn source_verdicts_agree_with_the_generated_items() {
    for report in [first_to_second(), second_to_third()] {
        let of_findings = report.findings.iter().map(|finding| finding.source).max();
        let items = report.consequences.items.as_ref().expect("items");
        let of_items = if !items.vanish.is_empty() || !items.change.is_empty() {
            drift::Level::Breaking
        } else {
            drift::Level::Compatible
        };
        assert_eq!(of_findings, Some(of_items));
    }
}

/// Of the operations of `things` none names a security, and nobody has said what they change.
#[test]
fn what_a_person_has_to_settle_is_listed() {
    let marked = with(
        things(),
        &[
            ("/paths/~1thing/get/x-anboto-effect", json!("read")),
            ("/paths/~1thing/get/x-anboto-unsigned", json!(true)),
        ],
    );
    let both = with(
        marked.clone(),
        &[("/paths/~1thing/get/security", json!([{ "ApiKeyAuth": [] }]))],
    );
    for (new, expected) in [
        (
            marked,
            &[
                "putThing (POST /thing): what it changes",
                "putThing (POST /thing): that it is unsigned",
            ][..],
        ),
        (
            both,
            &[
                "getThing (GET /thing): that it is signed",
                "putThing (POST /thing): what it changes",
                "putThing (POST /thing): that it is unsigned",
            ],
        ),
    ] {
        let [old, new] = [&things(), &new]
            .map(|contract| parse("c", &contract.to_string()).expect("a contract"));
        let nothing = overlay("{ overlay: 1.0.0, info: { title: T, version: '1' }, actions: [] }");
        let report = drift::compare(&old, &new, Some(&nothing)).expect("a report");
        assert_eq!(report.consequences.classify, expected);
    }
}

#[test]
fn colours_are_for_terminals() {
    let report = first_to_second();
    let coloured = Text {
        report: &report,
        colour: true,
        verbose: false,
        short: false,
    };
    assert!(coloured.to_string().contains("\x1b[1;31mbreaking\x1b[0m"));
    assert!(!text(&report, true).contains('\x1b'));
}

/// Whatever a vendor writes steers neither the terminal nor the issue.
#[test]
fn words_of_others_are_only_words() {
    let loud = json!("Sign \u{1b}[2J with <b>@everyone</b> | `X-SIGN` https://api.example.");
    let new = with(things(), &[("/info/description", loud)]);
    let report = compare(&things(), &new).expect("two contracts");
    assert!(!text(&report, true).contains('\x1b'));
    let page = Markdown { report: &report }.to_string();
    assert!(
        !page.contains("@everyone") && !page.contains('\x1b'),
        "{page}"
    );
}

#[test]
fn markdown_fits_an_issue() {
    let wide = |range: std::ops::Range<usize>| -> Value {
        let properties = range.map(|number| {
            let name = format!("a_rather_long_name_of_a_property_{number}");
            let schema =
                json!({ "type": "string", "description": "Words ".repeat(40 + number % 7) });
            (name, schema)
        });
        let properties: Value = properties.collect();
        with(
            things(),
            &[("/components/schemas/Thing/properties", properties)],
        )
    };
    for (old, new) in [
        (wide(0..10), wide(5..1200)),
        (wide(0..1200), wide(1000..1100)),
    ] {
        let report = compare(&old, &new).expect("two contracts");
        let page = Markdown { report: &report }.to_string();
        assert!(page.chars().count() <= 64_000, "{}", page.chars().count());
        assert!(page.starts_with("**breaking**") && page.contains("## Breaking"));
    }
}

#[test]
fn bad_contracts_are_errors_with_a_place() {
    let dangling = SECOND.replace("schemas/Summary'", "schemas/Nowhere'");
    let circle = SECOND.replace(
        "    Side: ",
        "    Round: { allOf: [{ $ref: '#/components/schemas/Round' }, { type: object, properties: { a: { type: string } } }] }\n    Side: ",
    );
    for (text, says) in [
        (dangling.as_str(), "leads to nothing"),
        (circle.as_str(), "contains itself"),
    ] {
        assert_ne!(text, SECOND);
        let old = parse("first.yml", FIRST).expect("a contract");
        let new = parse("bad.yml", text).expect("a document");
        for (old, new) in [(&old, &new), (&new, &old)] {
            let error = drift::compare(old, new, None).expect_err("accepted");
            assert!(error.message().contains(says), "{error}");
            assert!(error.to_string().starts_with("bad.yml:"), "{error}");
        }
    }
}
