//! What becomes of each kind of thing in a contract, on contracts of a few lines; and what is said of those that become nothing.

#![expect(
    clippy::expect_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

use anboto_gen::{Error, FindingKind, Generation, Source, generate};
use serde_json::json;

const NO_ACTION: &str =
    "- { target: $.info, description: d, x-source: s, update: { title: Another } }";

/// A contract of these paths and schemas, each given as YAML in flow style, under an overlay of these actions.
fn run(paths: &str, schemas: &str, actions: &str) -> Result<Generation, Error> {
    let contract = format!(
        "openapi: 3.0.1\ninfo: {{ title: T, version: '1' }}\npaths: {{ {paths} }}\ncomponents: {{ schemas: {{ {schemas} }} }}\n"
    );
    let overlay =
        format!("overlay: 1.0.0\ninfo: {{ title: T, version: '1' }}\nactions:\n{actions}\n");
    generate(
        Source {
            name: "contract.yml",
            bytes: contract.as_bytes(),
        },
        Source {
            name: "overlay.yml",
            bytes: overlay.as_bytes(),
        },
    )
}

/// The generated types of these schemas.
fn types(schemas: &str) -> String {
    source(run("", schemas, NO_ACTION), "types.rs")
}

/// The generated calls of these paths.
fn calls(paths: &str, schemas: &str) -> String {
    source(run(paths, schemas, NO_ACTION), "calls.rs")
}

fn source(generation: Result<Generation, Error>, name: &str) -> String {
    let mut files = generation.expect("generates").files;
    files.remove(name).expect("one of the files")
}

fn refused(paths: &str, schemas: &str) -> String {
    run(paths, schemas, NO_ACTION)
        .map(drop)
        .expect_err("generates")
        .to_string()
}

/// Without any space, nor commas at the end of a list, so that how the lines are broken makes no difference.
fn squeezed(source: &str) -> String {
    let mut text: String = source.split_whitespace().collect();
    for closing in [")", "]", "}"] {
        text = text.replace(&format!(",{closing}"), closing);
    }
    text
}

#[track_caller]
fn holds(source: &str, parts: &[&str]) {
    for part in parts {
        assert!(
            squeezed(source).contains(squeezed(part).trim_end_matches(',')),
            "no {part}\nin {source}"
        );
    }
}

/// A GET with these parameters, and an answer of this schema.
fn get(parameters: &str, answer: &str) -> String {
    format!(
        "/a: {{ get: {{ operationId: askIt, parameters: [{parameters}], responses: {{ '200': {{ description: '', content: \
         {{ application/json: {{ schema: {answer} }} }} }} }} }} }}"
    )
}

mod lowering {
    use super::*;

    #[test]
    fn a_wrapper_round_a_reference_is_the_reference() {
        let types = types(
            "Side: { type: string, enum: [BUY] }, Order: { type: object, required: [side], properties: { side: { allOf: [ { $ref: \
             '#/components/schemas/Side' }, { type: string, description: d } ] }, other: { oneOf: [ { $ref: \
             '#/components/schemas/Side' } ] } } }",
        );
        holds(&types, &["pub side: Side,", "pub other: Option<Side>,"]);
        assert_eq!(types.matches("pub enum").count(), 1);
    }

    #[test]
    fn what_is_required_and_may_be_null_is_optional() {
        let types = types(
            "Id: { type: string, nullable: true }, A: { type: object, required: [x, y, z, nowhere], properties: { x: { type: string, \
             nullable: true }, y: { $ref: '#/components/schemas/Id' }, z: { type: string } } }",
        );
        holds(
            &types,
            &[
                "pub x: Option<String>,",
                "pub y: Option<String>,",
                "pub z: String,",
            ],
        );
        assert!(!types.contains("nowhere"));
    }

    #[test]
    fn numbers_and_times_get_their_forms() {
        let types = types(
            "A: { type: object, required: [n, d, s, t, u], properties: { n: { type: number, format: double }, d: { type: string, \
             format: decimal }, s: { type: string, format: seconds }, t: { type: string, format: date-time }, u: { type: integer, \
             format: unix-ms }, m: { type: object, additionalProperties: { type: array, items: { type: number } } } } }",
        );
        holds(
            &types,
            &[
                r#"#[serde(with = "As::<DecimalNumber>")] pub n: Decimal,"#,
                r#"#[serde(with = "As::<DecimalText>")] pub d: Decimal,"#,
                r#"#[serde(with = "As::<SecondsText>")] pub s: Duration,"#,
                r#"#[serde(with = "As::<DateTimeText>")] pub t: DateTime<Utc>,"#,
                r#"#[serde(with = "As::<UnixMs>")] pub u: DateTime<Utc>,"#,
                r#"with = "As::<Option<BTreeMap<String, Vec<DecimalNumber>>>>", default, skip_serializing_if"#,
                "pub m: Option<BTreeMap<String, Vec<Decimal>>>,",
            ],
        );
    }

    #[test]
    fn a_name_for_a_value_is_put_where_it_is_used() {
        let types = types(
            "Price: { type: string, format: decimal }, Prices: { type: array, items: { $ref: '#/components/schemas/Price' } }, A: { \
             type: object, required: [p, level, day], properties: { p: { $ref: '#/components/schemas/Prices' }, level: { type: \
             integer, enum: [1, 2] }, day: { type: string, format: date } } }",
        );
        holds(
            &types,
            &[
                "pub p: Vec<Decimal>,",
                "pub level: i64,",
                "pub day: String,",
            ],
        );
        assert!(!types.contains("pub struct Price"));
    }

    #[test]
    fn all_of_several_objects_is_one_object() {
        let types = types(
            "Base: { type: object, required: [id], properties: { id: { type: integer } } }, A: { allOf: [ { $ref: \
             '#/components/schemas/Base' }, { type: object, required: [x], properties: { x: { type: number } } } ] }",
        );
        holds(
            &types,
            &[
                "pub struct A { /// `id` of the contract. pub id: i64, /// `x` of the contract. #[serde(with = \"As::<DecimalNumber>\")] \
                 pub x: Decimal, }",
            ],
        );
    }

    #[test]
    fn what_has_no_one_type_is_refused_by_its_name() {
        let cases = [
            (
                "A: { oneOf: [ { type: string }, { type: number } ] }",
                "schema `A` is one of several schemas (`oneOf`), for which there is no one type; say in the overlay which",
            ),
            (
                "A: { type: object, properties: { x: { allOf: [ { type: string }, { type: number } ] } } }",
                "schema `A`, property `x` is all of several schemas (`allOf`), and not all of them are objects; mend it in the overlay",
            ),
            (
                "A: { type: array, items: { $ref: '#/components/schemas/A' } }, B: { type: object, properties: { a: { $ref: \
                 '#/components/schemas/A' } } }",
                "schema `A` contains itself, and no object comes between; mend it in the overlay",
            ),
            (
                "order_list: { type: object, properties: {} }, OrderList: { type: object, properties: {} }",
                "schemas `OrderList` and `order_list` would both be the type `OrderList`; remove one in the overlay",
            ),
            (
                "OrderSide: { type: string, enum: [A] }, Order: { type: object, properties: { side: { type: string, enum: [B] } } }",
                "schema `OrderSide` would be the type `OrderSide`, and so would another schema; give it a name of its own under \
                 components.schemas in the overlay",
            ),
        ];
        for (schemas, said) in cases {
            assert_eq!(refused("", schemas), said);
        }
    }
}

mod enums {
    use super::*;

    #[test]
    fn every_value_is_a_variant_beside_the_unknown() {
        let types =
            types("A: { type: string, enum: [ASK_ME, 1m, 1M, UNKNOWN, ERR, 'b`c', '+', null] }");
        holds(
            &types,
            &[
                "#[non_exhaustive] pub enum A {",
                "/// `ASK_ME` AskMe,",
                "/// `1m` _1m,",
                "/// `1M` _1M,",
                "ListedUnknown,",
                "ListedErr,",
                "/// `` b`c `` BC,",
                "Plus, /// A value that this version does not list. Unknown(UnknownValue), }",
                r#"("UNKNOWN", Self::ListedUnknown)"#,
                "open_enum!(A);",
            ],
        );
    }

    #[test]
    fn a_retired_value_is_deprecated() {
        let action = "- { target: $.components.schemas.A, description: d, x-source: s, update: { enum: [OLD], x-anboto-retired: { \
                      OLD: left in May } } }";
        let generation = run("", "A: { type: string, enum: [NEW] }", action).expect("generates");
        let types = &generation.files["types.rs"];
        holds(
            types,
            &[
                r#"which left in May; old orders may still carry it. #[deprecated(note = "left in May")] Old,"#,
                r#"RETIRED: &'static [&'static str] = &["OLD"]"#,
            ],
        );
    }

    #[test]
    fn a_conversion_to_no_enum_is_a_finding() {
        let action = "- { target: $.components.schemas.A, description: d, x-source: s, update: { x-anboto-converts-to: B } }";
        let convert = |schemas| run("", schemas, action).expect("generates");
        let lost = convert("A: { type: string, enum: [X] }");
        let [finding] = lost.findings.as_slice() else {
            panic!("{:?}", lost.findings)
        };
        assert_eq!(finding.kind, FindingKind::ConversionToNothing);
        assert_eq!(finding.place.to_string(), "overlay.yml:4:76");
        let both = convert("A: { type: string, enum: [X] }, B: { type: string, enum: [X] }");
        assert_eq!(both.findings, []);
        holds(
            &both.files["types.rs"],
            &["convert_enum!(A => B);", "convert_enum!(B => A);"],
        );
    }
}

mod structs {
    use super::*;

    #[test]
    fn a_builder_takes_what_converts_and_asks_for_what_is_required() {
        let types = types(
            "In: { type: object, properties: { n: { type: integer } } }, A: { type: object, required: [in, s], properties: { in: { \
             $ref: '#/components/schemas/In' }, s: { type: string }, list: { type: array, items: { $ref: '#/components/schemas/In' } \
             }, map: { type: object, additionalProperties: { type: string } }, grid: { type: array, items: { type: array, items: { \
             type: integer } } } } }",
        );
        holds(
            &types,
            &[
                "pub list: Option<Vec<In>>,",
                "pub fn in_(mut self, value: impl Into<super::In>) -> Self {",
                "pub fn s(mut self, value: impl Into<String>) -> Self {",
                "value: impl IntoIterator<Item = impl Into<super::In>>",
                "pub fn map(mut self, value: BTreeMap<String, String>) -> Self {",
                "pub grid: Option<Vec<Vec<i64>>>,",
                "pub fn build(self) -> Result<super::A, MissingFields> {",
                r#"require("A", &[("in_", incomplete.in_.is_some()), ("s", incomplete.s.is_some())])"#,
                "pub fn build(self) -> super::In {",
                "impl From<In> for super::In {",
            ],
        );
    }

    #[test]
    fn every_enum_in_a_request_is_checked_however_deep_it_stands() {
        let types = types(
            "S: { type: string, enum: [X] }, A: { type: object, required: [s], properties: { s: { $ref: '#/components/schemas/S' }, \
             list: { type: array, items: { $ref: '#/components/schemas/S' } }, map: { type: object, additionalProperties: { type: \
             array, items: { $ref: '#/components/schemas/S' } } }, up: { $ref: '#/components/schemas/A' }, text: { type: string } } }",
        );
        holds(
            &types,
            &[
                r#"check_field("s", &self.s)?;"#,
                r#"check_field("list", &self.list)?;"#,
                r#"for value in self.map.iter() { for value in value.values() { check_field("map", value)?; } }"#,
                r#"for value in self.up.iter() { check_field("up", value.as_ref())?; }"#,
                "pub up: Option<Box<A>>,",
                "pub fn up(mut self, value: impl Into<super::A>) -> Self { self.up = Some(Box::new(value.into())); self }",
            ],
        );
        assert!(!types.contains(r#"check_field("text""#));
    }

    #[test]
    fn no_name_is_in_the_way_of_another() {
        let types = types(
            "Option: { type: object, properties: { type: { type: string }, '@type': { type: string }, build: { type: string }, \
             default: { type: string }, 24h: { type: string } } }, Result: { type: object, properties: { o: { $ref: \
             '#/components/schemas/Option' } } }",
        );
        holds(
            &types,
            &[
                "pub struct ApiOption {",
                r#"#[serde(rename = "@type", skip_serializing_if = "Option::is_none")] pub type_: Option<String>,"#,
                "pub type_2: Option<String>,",
                "pub _24h: Option<String>,",
                "pub fn build_(mut self",
                "pub fn default_(mut self",
                "pub o: Option<ApiOption>,",
            ],
        );
    }
}

mod calls {
    use super::*;

    #[test]
    fn each_kind_of_parameter_is_taken_as_what_it_is() {
        let parameters = "{ name: side, in: query, required: true, schema: { allOf: [ { $ref: '#/components/schemas/S' } ] } }, \
             { name: ids, in: query, explode: false, schema: { type: array, items: { type: integer } } }, { name: at, in: query, \
             schema: { type: string, format: date-time } }, { name: ms, in: query, schema: { type: integer, format: unix-ms } }, { \
             name: price, in: query, schema: { type: number } }, { name: times, in: query, explode: false, schema: { type: array, \
             items: { type: integer, format: unix-ms } } }, { name: send, in: query, schema: { type: string } }";
        let calls = calls(
            &get(parameters, "{ type: string }"),
            "S: { type: string, enum: [X] }",
        );
        holds(
            &calls,
            &[
                "pub fn ask_it(&self) -> AskIt<'_> {",
                r#"pub fn side(mut self, value: types::S) -> Self { self.call.query_listed("side", value);"#,
                r#"self.call.require("side");"#,
                r#"self.call.query_list("ids", value.into_iter().map(Into::<i64>::into));"#,
                r#"self.call.query("at", value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));"#,
                r#"self.call.query("ms", codec::unix_ms(value));"#,
                r#"self.call.query_list("times", value.into_iter().map(Into::<DateTime<Utc>>::into).map(codec::unix_ms));"#,
                r#"pub fn price(mut self, value: Decimal) -> Self { self.call.query("price", value);"#,
                r#"pub fn send_(mut self, value: impl Into<String>) -> Self { self.call.query("send", value.into());"#,
                "Result<ResponseValue<String>, Error>",
            ],
        );
    }

    #[test]
    fn a_part_of_the_path_is_required() {
        let calls = calls(
            "'/a/{order-id}': { parameters: [ { name: order-id, in: path, required: true, schema: { type: string } } ], delete: { \
             operationId: drop, responses: { '204': { description: gone }, '404': { description: '' } } } }",
            "",
        );
        holds(
            &calls,
            &[
                r#"pub fn order_id(mut self, value: impl Into<String>) -> Self { self.call.path("order-id", value.into());"#,
                r#"self.call.require("order-id");"#,
                "pub async fn send(mut self) -> Result<ResponseValue<()>, Error> {",
                "decode::nothing",
                "/// - 404: no words.",
            ],
        );
    }

    #[test]
    fn a_body_is_taken_as_value_or_builder() {
        let put = |body: &str| {
            format!(
                "/a: {{ put: {{ operationId: put, requestBody: {{ required: true, content: {{ application/json: {{ schema: {body} }} \
                 }} }}, responses: {{ 2XX: {{ description: '', content: {{ text/plain: {{}} }} }} }} }} }}"
            )
        };
        let object = "{ type: object, properties: { x: { type: string } } }";
        holds(
            &calls(&put(object), ""),
            &[
                "B: TryInto<types::PutBody>,",
                "self.call.require_body();",
                "ResponseValue<String>",
                "decode::text",
            ],
        );
        let list = format!("{{ type: array, items: {object} }}");
        holds(
            &calls(&put(&list), ""),
            &["B: TryInto<Vec<types::PutBodyItem>>,"],
        );
        holds(
            &calls(&put("{ type: object }"), ""),
            &["B: TryInto<types::PutBody>,"],
        );
        assert_eq!(
            refused(&put("{ type: string }"), ""),
            "the body of operation `put` is neither an object nor a list of objects; the client can send no other"
        );
    }

    #[test]
    fn the_overlay_says_how_an_answer_is_read() {
        let answer = |how: &str| {
            let action = format!(
                "- {{ target: \"$.paths['/a'].get\", description: d, x-source: s, update: {{ x-anboto-answer: {how} }} }}"
            );
            let paths = get("", "{ type: object, properties: { x: { type: string } } }");
            run(&paths, "", &action).map(|generation| generation.files["calls.rs"].clone())
        };
        for (how, decode) in [
            ("text", "text"),
            ("java-map", "java_map"),
            ("one-or-many-orders", "one_or_many_orders"),
        ] {
            holds(
                &answer(how).expect("generates"),
                &[&format!("decode::{decode})"), "types::AskItResponse"],
            );
        }
        assert_eq!(
            answer("magic").expect_err("generates").to_string(),
            "operation `askIt`: x-anboto-answer is `magic`, which is none of text, java-map, one-or-many-orders"
        );
    }

    #[test]
    fn what_cannot_be_called_is_refused_by_its_name() {
        let cases = [
            (
                get("{ name: x, in: query, schema: { type: object } }", "{}"),
                "parameter `x` of operation `askIt` is no single value, nor a list of such; correct it in the overlay",
            ),
            (
                get("{ name: x, in: header, schema: { type: string } }", "{}"),
                "operation `askIt`: parameter `x` is in `header`; the client knows query and path",
            ),
            (
                get(
                    "{ name: x, in: query, style: pipeDelimited, schema: { type: array, items: { type: string } } }",
                    "{}",
                ),
                "operation `askIt`: parameter `x` is written in the style `pipeDelimited`; the client knows `form` alone",
            ),
            (
                get(
                    "{ name: a-b, in: query, schema: { type: string } }, { name: a_b, in: query, schema: { type: string } }",
                    "{}",
                ),
                "parameters `a-b` and `a_b` of operation `askIt` would have one setter; remove one in the overlay",
            ),
            (
                get("", "{ type: array, items: { type: number } }"),
                "the answer of operation `askIt` holds numbers or times outside of an object, which the client cannot read exactly; \
                 correct it in the overlay",
            ),
        ];
        for (paths, said) in cases {
            assert_eq!(refused(&paths, ""), said);
        }
    }
}

mod operations {
    use super::*;

    #[test]
    fn what_nobody_has_settled_is_a_finding_and_the_most_careful_choice() {
        let parameter =
            "{ name: ids, in: query, schema: { type: array, items: { type: string } } }";
        let generation =
            run(&get(parameter, "{ type: string }"), "", NO_ACTION).expect("generates");
        let kinds: Vec<_> = generation
            .findings
            .iter()
            .map(|finding| finding.kind)
            .collect();
        assert_eq!(
            kinds,
            [
                FindingKind::UnclassifiedOperation,
                FindingKind::UnsignedOperation,
                FindingKind::UnsettledList
            ]
        );
        assert_eq!(
            generation.findings[0].place.to_string(),
            "contract.yml:3:16"
        );
        holds(
            &generation.files["operations.rs"],
            &[r#""askIt", Method::GET, "/a", false, Effect::NeverRepeatedWrite, 200u16"#],
        );
    }

    /// The findings of an operation with this in it, once its effect is settled.
    fn found(fields: &str) -> Vec<(FindingKind, String)> {
        let paths = format!(
            "/a: {{ get: {{ operationId: a, x-anboto-effect: read, {fields} responses: {{ '200': {{ description: '' }} }} }} }}"
        );
        let findings = run(&paths, "", NO_ACTION).expect("generates").findings;
        findings
            .into_iter()
            .map(|finding| (finding.kind, finding.message))
            .collect()
    }

    #[test]
    fn an_operation_without_security_is_a_finding_until_a_person_confirms_it() {
        let unsigned = |fields: &str| match found(fields).as_slice() {
            [(FindingKind::UnsignedOperation, message)] => {
                assert!(
                    message.contains("operation `a` names no `security`")
                        && message.contains("$.paths['/a'].get")
                        && message.contains("x-anboto-unsigned: true"),
                    "{message}"
                );
                true
            }
            [] => false,
            other => panic!("{other:?}"),
        };
        assert!(unsigned(""));
        assert!(unsigned("security: [],"));
        assert!(unsigned("security: [{}],"));
        assert!(!unsigned("security: [{ ApiKeyAuth: [] }],"));
        assert!(!unsigned("x-anboto-unsigned: true,"));
    }

    #[test]
    fn a_confirmation_that_the_contract_contradicts_is_a_finding() {
        let found = found("x-anboto-unsigned: true, security: [{ ApiKeyAuth: [] }],");
        let [(FindingKind::SignedAfterAll, message)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert!(
            message.starts_with("operation `a` is signed, though"),
            "{message}"
        );
        let paths = "/a: { get: { operationId: a, x-anboto-unsigned: false, responses: { '200': { description: '' } } } }";
        assert_eq!(
            refused(paths, ""),
            "operation `a`: x-anboto-unsigned is `false`; it is `true`, or left out"
        );
    }

    #[test]
    fn an_effect_is_one_of_four() {
        let with = |effect: &str| {
            let update = format!(
                "update: {{ x-anboto-effect: {effect}, security: [ {{ ApiKeyAuth: [] }} ] }}"
            );
            let action = format!(
                "- {{ target: \"$.paths['/a'].get\", description: d, x-source: s, {update} }}"
            );
            run(&get("", "{ type: string }"), "", &action)
        };
        for (effect, variant) in [
            ("read", "Read"),
            ("repeatable-write", "RepeatableWrite"),
            ("write", "Write"),
            ("never-repeated-write", "NeverRepeatedWrite"),
        ] {
            let generation = with(effect).expect("generates");
            assert_eq!(generation.findings, []);
            holds(
                &generation.files["operations.rs"],
                &[&format!("true, Effect::{variant}, 200u16")],
            );
        }
        assert_eq!(
            with("none").expect_err("generates").to_string(),
            "operation `askIt`: x-anboto-effect is `none`, which is none of read, repeatable-write, write, never-repeated-write"
        );
    }
}

#[test]
fn odd_things_generate_the_same_twice() {
    let name = "odd.yml";
    let bytes = include_bytes!("fixtures/odd.yml").as_slice();
    let overlay =
        format!("overlay: 1.0.0\ninfo: {{ title: T, version: '1' }}\nactions:\n{NO_ACTION}\n");
    let overlay = Source {
        name: "overlay.yml",
        bytes: overlay.as_bytes(),
    };
    let [first, second] = [0; 2].map(|_| {
        generate(Source { name, bytes }, overlay)
            .expect("generates")
            .files
    });
    assert!(first == second);
    holds(
        &first["calls.rs"],
        &[
            "pub fn new_(&self) -> New<'_>",
            "pub fn error(&self) -> ApiError<'_>",
            "ALL_",
        ],
    );
}

/// Taken for unsigned, it would go out without a signature.
#[test]
fn an_operation_under_another_scheme_is_refused() {
    let paths = "/a: { get: { operationId: a, security: [{ BearerAuth: [] }], responses: { '200': { description: '' } } } }";
    let error = refused(paths, "");
    assert!(
        error.contains("operation `a`: its security names another scheme"),
        "{error}"
    );
}

#[test]
fn words_of_the_vendor_are_harmless_in_the_documentation() {
    let description =
        json!("An <b>order</b> [sic], see https://example.org.\n\n    indented\n```\nlet x = 1;\n");
    let schemas = format!("A: {{ type: object, description: {description}, properties: {{}} }}");
    let generation = run("", &schemas, NO_ACTION).expect("generates");
    let expected = "/// An &lt;b>order&lt;/b> \\[sic\\], see <https://example.org>.\n///\n///   indented\n/// ```text\n/// let x = \
                    1;\n/// ```\n#[derive";
    assert!(
        generation.files["types.rs"].contains(expected),
        "{}",
        generation.files["types.rs"]
    );
}
