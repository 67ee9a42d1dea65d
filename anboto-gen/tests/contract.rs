//! The contract as a document: what is read, where it stands, and what is said of everything else.

#![expect(
    clippy::expect_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

use anboto_gen::Source;
use anboto_gen::contract::Contract;
use insta::assert_snapshot;
use serde_json::{Value, json};

const ORDERS: &str = include_str!("fixtures/orders.yml");

fn parse(document: &(impl AsRef<[u8]> + ?Sized)) -> Result<Contract, anboto_gen::Error> {
    Contract::parse(Source {
        name: "contract.yml",
        bytes: document.as_ref(),
    })
}

/// What is said of a document that is not read.
fn refused(document: &(impl AsRef<[u8]> + ?Sized)) -> String {
    let read = parse(document).and_then(|contract| contract.openapi());
    read.map(drop).expect_err("accepted").to_string()
}

/// What is said of a contract whose head is in order and occupies the first two lines.
fn refused_body(body: &str) -> String {
    refused(&format!(
        "openapi: 3.0.1\ninfo: {{ title: T, version: '1' }}\n{body}"
    ))
}

/// The values of a mapping, as the one extension of a contract.
fn values(yaml: &str) -> Value {
    let document = format!("openapi: 3.0.1\nx-values: {yaml}\n");
    parse(&document).expect("a contract").value()["x-values"].clone()
}

mod accepted {
    use super::*;

    #[test]
    fn a_contract_becomes_values_and_types() {
        let contract = parse(ORDERS).unwrap();
        assert_eq!(
            contract.value()["components"]["schemas"]["Side"]["enum"],
            json!(["BUY", "SELL"])
        );
        let openapi = contract.openapi().unwrap();
        let operations: Vec<_> = openapi
            .operations()
            .map(|(path, method, _)| format!("{method} {path}"))
            .collect();
        assert_eq!(operations, ["get /orders/open", "post /orders/place"]);
    }

    #[test]
    fn json_is_yaml() {
        let yaml = parse(ORDERS).unwrap().into_value();
        for json in [
            yaml.to_string(),
            serde_json::to_string_pretty(&yaml).unwrap(),
        ] {
            assert_eq!(parse(&json).unwrap().into_value(), yaml);
            assert_eq!(
                parse(&json.replace("  ", "\t")).unwrap().into_value(),
                yaml,
                "indented by tabs"
            );
        }
    }

    #[test]
    fn json_escapes_mean_what_json_says() {
        assert_eq!(
            values(r#"{ "a": "\ud83d\ude00 \/ \u00e9" }"#),
            json!({ "a": "😀 / é" })
        );
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(
            parse(&format!("\u{feff}{ORDERS}")).unwrap().into_value(),
            parse(ORDERS).unwrap().into_value()
        );
    }

    #[test]
    fn line_ends_of_windows_are_line_ends() {
        let windows = ORDERS.replace('\n', "\r\n");
        assert_eq!(
            parse(&windows).unwrap().into_value(),
            parse(ORDERS).unwrap().into_value()
        );
        assert_eq!(parse(&windows).unwrap().position("/paths"), Some((6, 1)));
    }

    #[test]
    fn only_what_the_core_schema_says_is_no_text() {
        assert_eq!(
            values(
                "[NO, no, on, off, yes, y, N, 'true', nUll, 2024-03-01, 12:30:45, 1_000, 0b1, 1.2.3, 08:00, ., +, -., e5]"
            ),
            json!([
                "NO",
                "no",
                "on",
                "off",
                "yes",
                "y",
                "N",
                "true",
                "nUll",
                "2024-03-01",
                "12:30:45",
                "1_000",
                "0b1",
                "1.2.3",
                "08:00",
                ".",
                "+",
                "-.",
                "e5"
            ])
        );
        assert_eq!(
            values(
                "[true, False, null, ~, '', 7, -7, +7, 007, 0x1F, 0o17, 1.5, -.5, 5., 1e3, 18446744073709551615]"
            ),
            json!([
                true,
                false,
                null,
                null,
                "",
                7,
                -7,
                7,
                7,
                31,
                15,
                1.5,
                -0.5,
                5.0,
                1000.0,
                18446744073709551615u64
            ])
        );
    }

    #[test]
    fn keys_are_text_as_written() {
        assert_eq!(
            values("{ 200: a, NO: b, 1.50: c, true: d, null: e, 0x1F: f }"),
            json!({ "200": "a", "NO": "b", "1.50": "c", "true": "d", "null": "e", "0x1F": "f" })
        );
    }

    #[test]
    fn aliases_repeat_their_node() {
        assert_eq!(
            values("{ a: &x [1, &y two], b: *x, c: *y }"),
            json!({ "a": [1, "two"], "b": [1, "two"], "c": "two" })
        );
    }

    #[test]
    fn long_keys_and_texts_are_read_in_json_too() {
        let long = "x".repeat(5000);
        assert_eq!(
            values(&format!("{{\"a\": \"{long}\", \"b\": [\"{long}\"]}}")),
            json!({ "a": long, "b": [long] })
        );
    }

    #[test]
    fn names_that_look_like_keywords_are_names() {
        let schemas = "paths: {}\ncomponents:\n  schemas:\n    Odd:\n      properties:\n        $ref: { type: string }\n        \
                       properties: { type: string }\n        x-ray: { type: string }\n      example: { $ref: nowhere }\n      \
                       x-note: { $ref: nowhere }\n";
        let document = format!("openapi: 3.0.1\ninfo: {{ title: T, version: '1' }}\n{schemas}");
        parse(&document).unwrap().openapi().unwrap();
    }

    #[test]
    fn extensions_may_be_anything() {
        let extended = ORDERS
            .replace("paths:\n", "paths:\n  x-note: [1]\n")
            .replace(
                "      responses:\n",
                "      responses:\n        x-note: 2\n",
            )
            .replace("    Side:\n", "    Side:\n      x-note: { type: [3] }\n");
        parse(&extended).unwrap().openapi().unwrap();
    }

    #[test]
    fn a_schema_may_come_back_to_itself_through_properties_and_items() {
        let schemas = "paths: {}\ncomponents:\n  schemas:\n    A: { properties: { next: { $ref: '#/components/schemas/A' } } }\n    \
                       B: { type: array, items: { $ref: '#/components/schemas/B' } }\n    \
                       C: { allOf: [{ $ref: '#/components/schemas/A' }, { $ref: '#/components/schemas/A' }] }\n";
        let document = format!("openapi: 3.0.1\ninfo: {{ title: T, version: '1' }}\n{schemas}");
        parse(&document).unwrap().openapi().unwrap();
    }

    #[test]
    fn schemas_may_nest_as_deep_as_documents_may() {
        let depth = 35;
        let schema = "{ items: ".repeat(depth) + "{ type: string }" + &" }".repeat(depth);
        let document = format!(
            "openapi: 3.0.1\ninfo: {{ title: T, version: '1' }}\npaths: {{}}\ncomponents: {{ schemas: {{ A: {schema} }} }}\n"
        );
        parse(&document).unwrap().openapi().unwrap();
    }

    #[test]
    fn references_may_be_escaped() {
        let body = "paths: { '/a b/{c}': { parameters: [{ name: c, in: path, required: true, schema: { type: string } }] } }\n\
                    components:\n  parameters:\n    P: { $ref: '#/paths/~1a%20b~1%7Bc%7D/parameters/0' }\n";
        let document = format!("openapi: 3.0.1\ninfo: {{ title: T, version: '1' }}\n{body}");
        parse(&document).unwrap().openapi().unwrap();
    }
}

mod places {
    use super::*;

    #[test]
    fn every_node_has_a_position() {
        fn visit(contract: &Contract, pointer: &str, value: &Value) {
            assert!(contract.position(pointer).is_some(), "{pointer}");
            match value {
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        visit(contract, &format!("{pointer}/{index}"), item);
                    }
                }
                Value::Object(fields) => {
                    for (name, value) in fields {
                        let name = name.replace('~', "~0").replace('/', "~1");
                        visit(contract, &format!("{pointer}/{name}"), value);
                    }
                }
                _ => {}
            }
        }
        let contract = parse(ORDERS).unwrap();
        visit(&contract, "", contract.value());
    }

    #[test]
    fn an_entry_stands_where_its_key_does_and_an_item_where_it_begins() {
        let contract = parse(ORDERS).unwrap();
        assert_eq!(contract.position(""), Some((2, 1)));
        assert_eq!(contract.position("/paths/~1orders~1open/get"), Some((8, 5)));
        assert_eq!(
            contract.position("/paths/~1orders~1open/get/parameters/1"),
            Some((15, 9))
        );
        assert_eq!(
            contract.position("/components/schemas/Side/enum/1"),
            Some((46, 19))
        );
        assert_eq!(contract.position("/components/schemas/Nobody"), None);
        assert_eq!(contract.position("/components/schemas/Side/enum/-"), None);
    }

    #[test]
    fn the_place_of_what_is_missing_is_the_nearest_that_is_there() {
        let contract = parse(ORDERS).unwrap();
        assert_eq!(
            contract
                .place("/components/schemas/Side/nobody/home")
                .to_string(),
            "contract.yml:44:5"
        );
    }

    #[test]
    fn columns_count_characters() {
        let contract = parse("{ \"openapi\": \"3.0.1\", \"x-ü\": \"é😀\", \"x-b\": 1 }").unwrap();
        assert_eq!(contract.position("/x-b"), Some((1, 36)));
    }
}

mod something_else_arrived {
    use super::*;

    #[test]
    fn an_html_page() {
        assert_snapshot!(
            refused("<!DOCTYPE html>\n<html><head><title>404\n Not Found</title></head></html>"),
            @r#"contract.yml: expected an OpenAPI 3.0.x contract, got an HTML page ("404 Not Found"); check the path or URL"#
        );
        assert_snapshot!(
            refused("\n  <html><body>502</body></html>"),
            @"contract.yml: expected an OpenAPI 3.0.x contract, got an HTML page; check the path or URL"
        );
    }

    #[test]
    fn another_format() {
        assert_snapshot!(
            refused("<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"),
            @"contract.yml: expected an OpenAPI 3.0.x contract, got an XML document; check the path or URL"
        );
        assert_snapshot!(
            refused(b"\x1f\x8b\x08\x00\x00"),
            @"contract.yml: expected an OpenAPI 3.0.x contract, got a gzip archive; check the path or URL"
        );
        assert_snapshot!(
            refused(b"PK\x03\x04\x14\x00"),
            @"contract.yml: expected an OpenAPI 3.0.x contract, got a zip archive; check the path or URL"
        );
        assert_snapshot!(
            refused(b"%PDF-1.7"),
            @"contract.yml: expected an OpenAPI 3.0.x contract, got a PDF; check the path or URL"
        );
        assert_snapshot!(
            refused(b"\xff\xfeo\x00p\x00"),
            @"contract.yml: expected an OpenAPI 3.0.x contract, got text in UTF-16, where UTF-8 is read; check the path or URL"
        );
    }

    #[test]
    fn nothing() {
        assert_snapshot!(
            refused(""),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got nothing: the document is empty; check the path or URL"
        );
        assert_snapshot!(
            refused(" \n\n"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got nothing: the document is empty; check the path or URL"
        );
        assert_snapshot!(
            refused("# only a comment\n"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got nothing: the document is empty; check the path or URL"
        );
        assert_snapshot!(
            refused("---\n"),
            @"contract.yml:1:4: expected an OpenAPI 3.0.x contract, got nothing: the document is empty; check the path or URL"
        );
        assert_snapshot!(
            refused("\u{feff}"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got nothing: the document is empty; check the path or URL"
        );
    }

    #[test]
    fn text() {
        assert_snapshot!(
            refused("Not found"),
            @r#"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got plain text ("Not found"); check the path or URL"#
        );
        assert_snapshot!(
            refused("upstream\u{1b}[31m connect   error\nor disconnect before headers were received, and a lot more text that nobody reads"),
            @r"contract.yml:1:1: this is not YAML: unexpected character: `\u{1b}'"
        );
        assert_snapshot!(
            refused("42"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got a single value (42); check the path or URL"
        );
        assert_snapshot!(
            refused("- a\n- b\n"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got a list; check the path or URL"
        );
    }

    #[test]
    fn the_answer_of_a_server_to_a_mistake() {
        assert_snapshot!(
            refused(r#"{"message":"Page Not Found","_links":{"self":{"href":"/x"}}}"#),
            @r#"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got an error message ("Page Not Found"); check the path or URL"#
        );
        assert_snapshot!(
            refused(r#"{"error":{"code":404}}"#),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got a mapping with the keys `error`; check the path or URL"
        );
        assert_snapshot!(
            refused("{}"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got an empty mapping; check the path or URL"
        );
    }

    #[test]
    fn another_version() {
        assert_snapshot!(
            refused("openapi: 3.1.0\ninfo: {}\n"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got an OpenAPI 3.1.0 document; this generator reads 3.0.x"
        );
        assert_snapshot!(
            refused("info: {}\nopenapi: 3.0.1-rc2\n"),
            @"contract.yml:2:1: expected an OpenAPI 3.0.x contract, got an OpenAPI 3.0.1-rc2 document; this generator reads 3.0.x"
        );
        assert_snapshot!(
            refused("openapi: 3.0\n"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got an OpenAPI 3.0 document; write the version as text: `openapi: 3.0.0`"
        );
        assert_snapshot!(
            refused("swagger: '2.0'\n"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got a Swagger 2.0 document; check the path or URL"
        );
        assert_snapshot!(
            refused("overlay: 1.0.0\n"),
            @"contract.yml:1:1: expected an OpenAPI 3.0.x contract, got an OpenAPI Overlay 1.0.0 document; check the path or URL"
        );
    }

    #[test]
    fn too_much() {
        assert_snapshot!(
            refused(&vec![b' '; 4 * 1024 * 1024 + 1]),
            @"contract.yml: expected an OpenAPI 3.0.x contract, got 4194305 bytes, more than the 4194304 that are read; check the path or URL"
        );
    }
}

mod not_strict_yaml {
    use super::*;

    #[test]
    fn cut_off_in_the_middle_of_a_structure() {
        let cut = |upto: &str| refused(&ORDERS[..ORDERS.find(upto).unwrap() + upto.len()]);
        assert_snapshot!(
            cut("schema: { $ref"),
            @"contract.yml:14:17: this is not YAML: unclosed bracket '{'; the document may have been cut off"
        );
        assert_snapshot!(
            cut("'#/components/sch"),
            @"contract.yml:14:25: this is not YAML: unclosed quote; the document may have been cut off"
        );
        assert_snapshot!(
            cut("tags: ["),
            @"contract.yml:10:13: this is not YAML: unclosed bracket '['; the document may have been cut off"
        );
        assert_snapshot!(
            cut("operationId"),
            @"contract.yml:8:5: GET /orders/open has no `operationId` to name its method after; give it one"
        );
        assert_snapshot!(
            refused(r#"{"openapi": "3.0.1", "paths": {"#),
            @"contract.yml:1:31: this is not YAML: unclosed bracket '{'; the document may have been cut off"
        );
    }

    #[test]
    fn cut_off_between_two_structures() {
        // Whole as YAML, but what the operations refer to is gone.
        assert_snapshot!(
            refused(&ORDERS[..ORDERS.find("components:").unwrap()]),
            @"contract.yml:14:19: the reference `#/components/schemas/Side` leads to nothing; correct the name, or define what it names"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\n"),
            @"contract.yml:1:1: this is not an OpenAPI 3.0 document: missing field `info` (`#`)"
        );
    }

    #[test]
    fn a_key_that_stands_twice() {
        assert_snapshot!(
            refused("openapi: 3.0.1\npaths: {}\ninfo: {}\npaths: {}\n"),
            @"contract.yml:4:1: the key `paths` stands twice, first at 2:1; keep one of the two"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\nx: { 200: a, '200': b }\n"),
            @"contract.yml:2:14: the key `200` stands twice, first at 2:6; keep one of the two"
        );
        assert_snapshot!(
            refused(r#"{"openapi": "3.0.1", "a": {"b": 1, "\u0062": 2}}"#),
            @"contract.yml:1:36: the key `b` stands twice, first at 1:28; keep one of the two"
        );
    }

    #[test]
    fn what_it_says_cannot_steer_the_terminal() {
        assert_snapshot!(
            refused("openapi: 3.0.1\n\"\\e[31m\": 1\n\"\\e[31m\": 2\n"),
            @"contract.yml:3:1: the key `�[31m` stands twice, first at 2:1; keep one of the two"
        );
        assert_snapshot!(
            refused_body("paths: { \"/\\e]0;\\a\": { get: { operationId: a, responses: { '200': {} } } } }\n"),
            @"contract.yml:3:60: this is not an OpenAPI 3.0 response: missing field `description` (`#/paths/~1�]0;�/get/responses/200`)"
        );
    }

    #[test]
    fn a_second_document() {
        assert_snapshot!(
            refused("openapi: 3.0.1\n---\nopenapi: 3.0.1\n"),
            @"contract.yml:2:1: a second document begins here; keep one, and remove this line"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\n...\n---\n"),
            @"contract.yml:3:1: a second document begins here; keep one, and remove this line"
        );
        assert_snapshot!(
            refused("{\"openapi\": \"3.0.1\"}\n{}"),
            @"contract.yml:2:1: this is not YAML: did not find expected <document start>"
        );
    }

    #[test]
    fn a_tab_for_indentation() {
        assert_snapshot!(
            refused("openapi: 3.0.1\ninfo:\n\ttitle: T\n"),
            @"contract.yml:3:2: this is not YAML: tabs disallowed within this context (block indentation)"
        );
    }

    #[test]
    fn indentation_that_does_not_fit() {
        assert_snapshot!(
            refused("openapi: 3.0.1\ninfo:\n    title: T\n  version: '1'\n"),
            @"contract.yml:4:3: this is not YAML: while parsing a block mapping, did not find expected key"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\ninfo: [a,\nb]\n"),
            @"contract.yml:3:1: this is not YAML: invalid indentation"
        );
    }

    #[test]
    fn bytes_that_are_no_text() {
        assert_snapshot!(
            refused(b"openapi: 3.0.1\ninfo:\n  title: caf\xe9\n"),
            @"contract.yml:3:13: the byte 0xe9 is not UTF-8; save the document as UTF-8"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\ninfo: a\u{0}b\n"),
            @r"contract.yml:2:8: this is not YAML: unexpected character: `\u{0}'"
        );
    }

    #[test]
    fn nesting_without_end() {
        assert_snapshot!(
            refused(&"[".repeat(50_000)),
            @"contract.yml:1:42: mappings and lists nest deeper than 40 levels here; no contract needs that"
        );
        assert_snapshot!(
            refused(&"{a: ".repeat(50_000)),
            @"contract.yml:1:165: mappings and lists nest deeper than 40 levels here; no contract needs that"
        );
        let deep: String = (0..200)
            .map(|level| format!("{}a:\n", " ".repeat(level)))
            .collect();
        assert_snapshot!(
            refused(&deep),
            @"contract.yml:41:41: mappings and lists nest deeper than 40 levels here; no contract needs that"
        );
        assert_snapshot!(
            refused(&"- ".repeat(50_000)),
            @"contract.yml:1:81: mappings and lists nest deeper than 40 levels here; no contract needs that"
        );
    }

    #[test]
    fn a_bomb() {
        let mut bomb = String::from(
            "openapi: 3.0.1\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n",
        );
        for level in 1..20 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert_snapshot!(
            refused(&bomb),
            @"contract.yml:6:40: anchors and aliases copy more than 100000 nodes up to here, as in a document that is made to fill the memory; write the nodes out"
        );
    }

    #[test]
    fn aliases_that_nest_too_deep() {
        let mut nest = String::from("openapi: 3.0.1\na0: &a0 [x]\n");
        for level in 1..200 {
            nest.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert_snapshot!(
            refused(&nest),
            @"contract.yml:40:12: mappings and lists nest deeper than 40 levels here; no contract needs that"
        );
    }

    #[test]
    fn an_alias_to_itself_or_to_nothing() {
        assert_snapshot!(
            refused("openapi: 3.0.1\na: &a [*a]\n"),
            @"contract.yml:2:8: this alias stands inside the node that it repeats; write the node out"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\na: *nobody\n"),
            @"contract.yml:2:4: this is not YAML: while parsing node, found unknown anchor"
        );
    }

    #[test]
    fn tags_directives_and_merge_keys() {
        assert_snapshot!(
            refused("openapi: 3.0.1\na: !custom 1\n"),
            @"contract.yml:2:4: the tag `!custom` is not read; remove it, and quote a value that must be text"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\na: !!str 1\n"),
            @"contract.yml:2:4: the tag `!!str` is not read; remove it, and quote a value that must be text"
        );
        assert_snapshot!(
            refused("%YAML 1.1\n---\nopenapi: 3.0.1\n"),
            @"contract.yml:1:1: this is not YAML: YAML directives are disallowed"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\na: &a {}\nb:\n  <<: *a\n"),
            @"contract.yml:4:3: a merge key (`<<`) is not part of YAML 1.2; write the entries out"
        );
    }

    #[test]
    fn keys_that_are_no_text() {
        assert_snapshot!(
            refused("openapi: 3.0.1\n? [a, b]\n: c\n"),
            @"contract.yml:2:3: a key must be written out as text; this one is a list, a mapping or an alias"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\na: &a b\n*a : c\n"),
            @"contract.yml:3:1: a key must be written out as text; this one is a list, a mapping or an alias"
        );
    }

    #[test]
    fn numbers_that_do_not_fit() {
        assert_snapshot!(
            refused("openapi: 3.0.1\na: 18446744073709551616\n"),
            @"contract.yml:2:4: the number 18446744073709551616 is too large or not finite; if it is meant as text, quote it"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\na: 1e999\n"),
            @"contract.yml:2:4: the number 1e999 is too large or not finite; if it is meant as text, quote it"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\na: .inf\n"),
            @"contract.yml:2:4: the number .inf is too large or not finite; if it is meant as text, quote it"
        );
        assert_snapshot!(
            refused("openapi: 3.0.1\na: .NaN\n"),
            @"contract.yml:2:4: the number .NaN is too large or not finite; if it is meant as text, quote it"
        );
    }
}

mod not_a_sound_contract {
    use super::*;

    #[test]
    fn a_reference_to_nothing() {
        assert_snapshot!(
            refused(&ORDERS.replace("    Side:\n", "    Seite:\n")),
            @"contract.yml:53:13: the reference `#/components/schemas/Side` leads to nothing; correct the name, or define what it names"
        );
    }

    #[test]
    fn a_reference_out_of_the_document() {
        let outside = |to: &str| {
            refused_body(&format!(
                "paths: {{}}\ncomponents:\n  schemas:\n    A:\n      $ref: '{to}'\n"
            ))
        };
        assert_snapshot!(
            outside("other.yml#/components/schemas/A"),
            @"contract.yml:7:7: the reference `other.yml#/components/schemas/A` leads out of the document; this generator reads one document, so bring it in"
        );
        assert_snapshot!(
            outside("https://example.com/a.json"),
            @"contract.yml:7:7: the reference `https://example.com/a.json` leads out of the document; this generator reads one document, so bring it in"
        );
        assert_snapshot!(
            outside("#A"),
            @"contract.yml:7:7: the reference `#A` leads out of the document; this generator reads one document, so bring it in"
        );
        assert_snapshot!(
            refused_body("paths: {}\ncomponents: { schemas: { A: { $ref: [B] } } }\n"),
            @"contract.yml:4:31: `$ref` must be text"
        );
    }

    #[test]
    fn a_schema_that_contains_itself() {
        let schemas = |schemas: &str| {
            refused_body(&format!("paths: {{}}\ncomponents:\n  schemas:\n{schemas}"))
        };
        assert_snapshot!(
            schemas("    A: { $ref: '#/components/schemas/A' }\n"),
            @"contract.yml:6:5: this schema contains itself: #/components/schemas/A -> #/components/schemas/A; only through properties or items may it come back to itself"
        );
        assert_snapshot!(
            schemas("    A: { allOf: [{ type: object }, { $ref: '#/components/schemas/B' }] }\n    B: { oneOf: [{ allOf: [{ $ref: '#/components/schemas/A' }] }] }\n"),
            @"contract.yml:7:5: this schema contains itself: #/components/schemas/B -> #/components/schemas/A -> #/components/schemas/B; only through properties or items may it come back to itself"
        );
        assert_snapshot!(
            schemas("    A: { allOf: [{ $ref: '#/components/schemas/A/allOf/0' }] }\n"),
            @"contract.yml:6:18: this schema contains itself: #/components/schemas/A/allOf/0 -> #/components/schemas/A/allOf/0; only through properties or items may it come back to itself"
        );
    }

    #[test]
    fn a_long_circle_is_named_in_part() {
        let number = 5_000;
        let schema = |n: usize| {
            format!(
                "    S{n}: {{ $ref: '#/components/schemas/S{}' }}\n",
                (n + 1) % number
            )
        };
        let schemas: String = (0..number).map(schema).collect();
        assert_snapshot!(
            refused_body(&format!("paths: {{}}\ncomponents:\n  schemas:\n{schemas}")),
            @"contract.yml:7:5: this schema contains itself: #/components/schemas/S1 -> #/components/schemas/S2 -> #/components/schemas/S3 -> #/components/schemas/S4 -> #/components/schemas/S5 -> #/components/schemas/S6 -> #/components/schemas/S7 -> #/components/schemas/S8 -> … -> #/components/schemas/S1; only through properties or items may it come back to itself"
        );
    }

    #[test]
    fn an_operation_without_a_name_of_its_own() {
        assert_snapshot!(
            refused(&ORDERS.replace("      operationId: placeOrder\n", "")),
            @"contract.yml:28:5: POST /orders/place has no `operationId` to name its method after; give it one"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("placeOrder", "'--'")),
            @"contract.yml:29:7: POST /orders/place has no `operationId` to name its method after; give it one"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("placeOrder", "openOrders")),
            @"contract.yml:29:7: the operationId `openOrders` is taken by `openOrders` (contract.yml:9:7); each needs its own, in snake_case too"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("placeOrder", "open_orders")),
            @"contract.yml:29:7: the operationId `open_orders` is taken by `openOrders` (contract.yml:9:7); each needs its own, in snake_case too"
        );
    }

    #[test]
    fn a_path_without_a_slash() {
        assert_snapshot!(
            refused(&ORDERS.replace("/orders/place", "orders/place")),
            @"contract.yml:27:3: the path `orders/place` must begin with `/`"
        );
    }

    #[test]
    fn nodes_that_are_something_else() {
        assert_snapshot!(
            refused(&ORDERS.replace("type: integer", "type: [integer, 'null']")),
            @"contract.yml:17:19: `type` does not fit in an OpenAPI 3.0 schema: invalid type: sequence, expected a string (`#/paths/~1orders~1open/get/parameters/1/schema/type`)"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("in: query", "at: query")),
            @"contract.yml:12:9: this is not an OpenAPI 3.0 parameter: missing field `in` (`#/paths/~1orders~1open/get/parameters/0`)"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("in: query", "in: body")),
            @"contract.yml:12:9: this is not an OpenAPI 3.0 parameter: unknown variant `body`, expected one of `query`, `header`, `path`, `cookie` (`#/paths/~1orders~1open/get/parameters/0`)"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("          description: The order.\n", "")),
            @"contract.yml:37:9: this is not an OpenAPI 3.0 response: missing field `description` (`#/paths/~1orders~1place/post/responses/201`)"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("required: [side, quantity]", "required: true")),
            @"contract.yml:49:7: `required` does not fit in an OpenAPI 3.0 schema: invalid type: boolean `true`, expected a sequence (`#/components/schemas/Order/required`)"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("title: Orders", "title: 2")),
            @"contract.yml:3:1: this is not an OpenAPI 3.0 info: invalid type: integer `2`, expected a string (`#/info`)"
        );
        assert_snapshot!(
            refused(&ORDERS.replace("'401'", "fourhundred")),
            @"contract.yml:26:9: `fourhundred` is no status; write one such as 200, 2XX or default"
        );
        assert_snapshot!(
            refused_body("paths: []\n"),
            @"contract.yml:1:1: this is not an OpenAPI 3.0 document: invalid type: sequence, expected struct Paths (`#`)"
        );
    }

    #[test]
    fn a_mistake_at_the_bottom_of_deep_schemas_is_found_at_once() {
        let depth = 30;
        let schema = "{ items: ".repeat(depth) + "{ type: [a] }" + &" }".repeat(depth);
        assert_snapshot!(
            refused_body(&format!("paths: {{}}\ncomponents: {{ schemas: {{ A: {schema} }} }}\n")),
            @"contract.yml:4:301: `type` does not fit in an OpenAPI 3.0 schema: invalid type: sequence, expected a string (`#…items/items/items/items/items/items/items/items/items/items/items/items/items/items/items/items/type`)"
        );
    }
}

mod whatever_arrives {
    use super::*;

    /// Reads a document; what comes of it does not matter, as long as something does.
    fn survives(document: &[u8]) {
        if let Ok(contract) = parse(document) {
            let _ = contract.openapi();
        }
    }

    #[test]
    fn every_truncation_is_survived() {
        for end in 0..ORDERS.len() {
            survives(&ORDERS.as_bytes()[..end]);
        }
    }

    #[test]
    fn a_wrong_byte_anywhere_is_survived() {
        for at in 0..ORDERS.len() {
            let bytes = b"\0\t\n:{[*&!<'\"#-%?\xff";
            let mut document = ORDERS.as_bytes().to_vec();
            document[at] = bytes[at % bytes.len()];
            survives(&document);
        }
    }

    #[test]
    fn arbitrary_pieces_are_survived() {
        const PIECES: [&str; 32] = [
            "openapi: 3.0.1",
            "\n",
            "\n  ",
            "\n    ",
            "- ",
            ": ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "'",
            "\"",
            "&a ",
            "*a",
            "!t ",
            "|",
            ">-",
            "#",
            "---\n",
            "...\n",
            "? ",
            "$ref",
            "paths",
            "components",
            "schemas",
            "allOf",
            "get",
            "é",
            "\t",
            "\u{feff}",
            "0x",
        ];
        // SplitMix64 with a fixed seed: the same documents in every run.
        let mut state = 2026_u64;
        let mut random = move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        for _ in 0..20_000 {
            let length = random() % 40;
            let document: String = (0..length)
                .map(|_| PIECES[(random() % 32) as usize])
                .collect();
            survives(document.as_bytes());
            let bytes: Vec<u8> = (0..length).map(|_| random() as u8).collect();
            survives(&bytes);
        }
    }
}
