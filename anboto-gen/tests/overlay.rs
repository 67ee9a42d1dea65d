//! The overlay: what each action does to a contract, and what is said of one that does nothing.

#![expect(
    clippy::expect_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

use anboto_gen::contract::Contract;
use anboto_gen::overlay::Overlay;
use anboto_gen::{Error, Finding, FindingKind, Source};
use insta::assert_snapshot;
use serde_json::{Value, json};

const ORDERS: &str = include_str!("fixtures/orders.yml");

fn contract() -> Contract {
    let source = Source {
        name: "contract.yml",
        bytes: ORDERS.as_bytes(),
    };
    Contract::parse(source).expect("a contract")
}

fn parse(overlay: &(impl AsRef<[u8]> + ?Sized)) -> Result<Overlay, Error> {
    Overlay::parse(Source {
        name: "overlay.yml",
        bytes: overlay.as_ref(),
    })
}

/// An overlay of these actions, of which each is `target: …` and what it does. They begin at line 3, and each takes a line.
fn overlay(actions: &[&str]) -> String {
    let mut overlay = String::from("overlay: 1.0.0\ninfo: { title: T, version: '1' }\nactions:");
    for action in actions {
        let action = format!("\n- {{ description: A reason, x-source: A source, {action} }}");
        overlay.push_str(&action);
    }
    overlay
}

fn apply(actions: &[&str]) -> Result<(Contract, Vec<Finding>), Error> {
    parse(&overlay(actions))?.apply(contract())
}

/// What a contract becomes by actions that all change something.
fn corrected(actions: &[&str]) -> Value {
    let (contract, findings) = apply(actions).expect("an overlay that fits");
    assert_eq!(findings, []);
    contract.into_value()
}

/// What is said of an overlay that is not read, or does not fit.
fn refused(overlay: &(impl AsRef<[u8]> + ?Sized)) -> String {
    let applied = parse(overlay).and_then(|overlay| overlay.apply(contract()));
    applied.map(drop).expect_err("accepted").to_string()
}

mod update {
    use super::*;

    #[test]
    fn mappings_are_merged_all_the_way_down() {
        let contract = corrected(&[
            "target: $.components.schemas, update: { Order: { properties: { quantity: { format: decimal } } }, New: {} }",
        ]);
        assert_eq!(
            contract["components"]["schemas"]["Order"]["properties"]["quantity"],
            json!({ "type": "string", "example": "0.015", "format": "decimal" })
        );
        assert_eq!(contract["components"]["schemas"]["New"], json!({}));
    }

    #[test]
    fn scalars_are_replaced_by_scalars_of_any_kind() {
        let contract = corrected(&[
            "target: $.info, update: { title: Other }",
            "target: '$.components.schemas.Order.properties.quantity', update: { example: null }",
        ]);
        assert_eq!(
            contract["info"],
            json!({ "title": "Other", "version": "1" })
        );
        assert_eq!(
            contract["components"]["schemas"]["Order"]["properties"]["quantity"]["example"],
            Value::Null
        );
    }

    #[test]
    fn lists_are_appended_to() {
        let contract =
            corrected(&["target: $.components.schemas.Side, update: { enum: [SHORT_SELL] }"]);
        assert_eq!(
            contract["components"]["schemas"]["Side"]["enum"],
            json!(["BUY", "SELL", "SHORT_SELL"])
        );
    }

    #[test]
    fn a_list_that_is_selected_takes_an_element_or_a_list_of_them() {
        let contract = corrected(&[
            "target: $.components.schemas.Side.enum, update: SHORT_SELL",
            "target: $.components.schemas.Side.enum, update: [A, B]",
            "target: '$.paths[\"/orders/open\"].get.parameters', update: { name: page, in: query, schema: { type: integer } }",
        ]);
        assert_eq!(
            contract["components"]["schemas"]["Side"]["enum"],
            json!(["BUY", "SELL", "SHORT_SELL", "A", "B"])
        );
        assert_eq!(
            contract["paths"]["/orders/open"]["get"]["parameters"][2]["name"],
            "page"
        );
    }

    #[test]
    fn an_element_that_a_list_has_is_not_appended_again() {
        let contract = corrected(&[
            "target: $.components.schemas.Side, update: { enum: [SELL, SHORT_SELL, SHORT_SELL] }",
        ]);
        assert_eq!(
            contract["components"]["schemas"]["Side"]["enum"],
            json!(["BUY", "SELL", "SHORT_SELL"])
        );
    }

    #[test]
    fn the_root_is_a_mapping_like_any_other() {
        let contract =
            corrected(&["target: $, update: { servers: [{ url: 'https://example.com' }] }"]);
        assert_eq!(
            contract["servers"],
            json!([{ "url": "https://example.com" }])
        );
    }

    #[test]
    fn an_action_sees_what_those_before_it_have_done() {
        let contract = corrected(&[
            "target: $.components.schemas, update: { New: { type: string } }",
            "target: $.components.schemas.New, update: { description: Newer }",
            "target: $.components.schemas.New.type, remove: true",
        ]);
        assert_eq!(
            contract["components"]["schemas"]["New"],
            json!({ "description": "Newer" })
        );
    }
}

mod remove {
    use super::*;

    #[test]
    fn an_entry_of_a_mapping() {
        let contract =
            corrected(&["target: $.components.schemas.Order.properties.legs, remove: true"]);
        assert_eq!(
            contract["components"]["schemas"]["Order"]["properties"]
                .as_object()
                .map(|fields| fields.len()),
            Some(2)
        );
    }

    #[test]
    fn a_single_value_of_a_list() {
        let contract =
            corrected(&["target: \"$.components.schemas.Side.enum[?@ == 'BUY']\", remove: true"]);
        assert_eq!(
            contract["components"]["schemas"]["Side"]["enum"],
            json!(["SELL"])
        );
    }

    #[test]
    fn several_elements_of_one_list() {
        let contract = corrected(&[
            "target: $.components.schemas.Side.enum, update: [C, D, E]",
            "target: '$.components.schemas.Side.enum[0, 2, 4, 2]', remove: true",
        ]);
        assert_eq!(
            contract["components"]["schemas"]["Side"]["enum"],
            json!(["SELL", "D"])
        );
    }

    #[test]
    fn a_node_and_what_it_holds() {
        let contract = corrected(&["target: $.components..*, remove: true"]);
        assert_eq!(contract["components"], json!({}));
    }
}

mod target {
    use super::*;

    #[test]
    fn the_wrapper_round_a_reference_goes_by_one_path() {
        let contract =
            corrected(&["target: '$.components.schemas.*.properties.*.allOf[1]', remove: true"]);
        assert_eq!(
            contract["components"]["schemas"]["Order"]["properties"]["side"],
            json!({ "allOf": [{ "$ref": "#/components/schemas/Side" }] })
        );
    }

    #[test]
    fn filters_select_by_what_a_node_holds() {
        let contract = corrected(&[
            "target: \"$.paths.*.*.parameters[?@.name == 'limit'].schema\", update: { maximum: 500 }",
            "target: \"$.paths.*[?@.operationId == 'placeOrder']\", update: { x-effect: write }",
            "target: \"$.components.schemas[?@.type == 'object' && length(@.required) > 1]\", update: { x-strict: true }",
        ]);
        assert_eq!(
            contract["paths"]["/orders/open"]["get"]["parameters"][1]["schema"]["maximum"],
            500
        );
        assert_eq!(
            contract["paths"]["/orders/place"]["post"]["x-effect"],
            "write"
        );
        assert_eq!(contract["components"]["schemas"]["Order"]["x-strict"], true);
    }

    #[test]
    fn one_action_reaches_everything_it_selects() {
        let contract = corrected(&[
            "target: '$.paths.*[?@.operationId]', update: { security: [{ Key: [] }] }",
        ]);
        assert_eq!(
            contract["paths"]["/orders/open"]["get"]["security"],
            json!([{ "Key": [] }])
        );
        assert_eq!(
            contract["paths"]["/orders/place"]["post"]["security"],
            json!([{ "Key": [] }])
        );
    }
}

mod findings {
    use super::*;

    /// The findings of actions, as a terminal shows them.
    fn found(actions: &[&str]) -> String {
        let (corrected, findings) = apply(actions).expect("an overlay that fits");
        assert_eq!(
            corrected.value(),
            contract().value(),
            "an action that is reported changes nothing"
        );
        let lines: Vec<_> = findings
            .iter()
            .map(|finding| format!("{}: {:?}: {}", finding.place, finding.kind, finding.message))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn an_action_that_matches_nothing() {
        assert_snapshot!(
            found(&["target: $.components.schemas.Nobody, update: { type: string }"]),
            @"overlay.yml:4:3: ActionMatchesNothing: the action on `$.components.schemas.Nobody` matches nothing: the vendor has removed or renamed the place, or the path has a slip; correct or delete the action. Its reason was: A reason"
        );
        assert_snapshot!(
            found(&["target: '$.components.schemas.Side.enum[9]', remove: true"]),
            @"overlay.yml:4:3: ActionMatchesNothing: the action on `$.components.schemas.Side.enum[9]` matches nothing: the vendor has removed or renamed the place, or the path has a slip; correct or delete the action. Its reason was: A reason"
        );
    }

    #[test]
    fn an_action_that_changes_nothing() {
        assert_snapshot!(
            found(&["target: $.components.schemas.Side, update: { enum: [SELL], type: string }"]),
            @"overlay.yml:4:3: ActionChangesNothing: the action on `$.components.schemas.Side` changes nothing: the vendor has fixed it; delete the action. Its reason was: A reason"
        );
        assert_snapshot!(
            found(&["target: $.components.schemas.Side.enum, update: BUY"]),
            @"overlay.yml:4:3: ActionChangesNothing: the action on `$.components.schemas.Side.enum` changes nothing: the vendor has fixed it; delete the action. Its reason was: A reason"
        );
        assert_snapshot!(
            found(&["target: $.info, update: {}"]),
            @"overlay.yml:4:3: ActionChangesNothing: the action on `$.info` changes nothing: the vendor has fixed it; delete the action. Its reason was: A reason"
        );
    }

    #[test]
    fn an_action_that_changes_some_of_what_it_matches_is_needed() {
        let actions = ["target: '$.components.schemas.*', update: { type: object }"];
        let (_, findings) = apply(&actions).expect("an overlay that fits");
        assert_eq!(findings, []);
    }

    #[test]
    fn one_finding_for_each_action_in_their_order() {
        let (_, findings) = apply(&[
            "target: $.info, update: { title: Orders }",
            "target: $.info, update: { title: Other }",
            "target: $.nobody, remove: true",
        ])
        .expect("an overlay that fits");
        let kinds: Vec<_> = findings
            .iter()
            .map(|finding| (finding.place.to_string(), finding.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                (
                    "overlay.yml:4:3".to_owned(),
                    FindingKind::ActionChangesNothing
                ),
                (
                    "overlay.yml:6:3".to_owned(),
                    FindingKind::ActionMatchesNothing
                ),
            ]
        );
    }
}

mod places {
    use super::*;

    #[test]
    fn what_the_overlay_has_put_there_stands_in_the_overlay() {
        let (contract, _) = apply(&[
            "target: $.components.schemas, update: { New: { type: string } }",
            "target: '$.components.schemas.Side.enum[0]', remove: true",
            "target: $.components.schemas.Side.enum, update: NEW",
        ])
        .expect("an overlay that fits");
        let place = |pointer: &str| contract.place(pointer).to_string();
        assert_eq!(place("/components/schemas/New"), "overlay.yml:4:88");
        assert_eq!(place("/components/schemas/Side"), "contract.yml:44:5");
        assert_eq!(
            place("/components/schemas/Side/enum/0"),
            "contract.yml:46:19"
        );
        assert_eq!(place("/components/schemas/Side/enum/1"), "overlay.yml:6:88");
    }

    #[test]
    fn a_mistake_of_the_overlay_is_reported_in_the_overlay() {
        let (contract, _) = apply(&["target: $.components.schemas, update: { New: { $ref: '#/components/schemas/Nobody' } }"])
            .expect("an overlay that fits");
        assert_snapshot!(
            contract.openapi().map(drop).expect_err("dangling"),
            @"overlay.yml:4:95: the reference `#/components/schemas/Nobody` leads to nothing; correct the name, or define what it names"
        );
    }

    #[test]
    fn what_the_overlay_mends_is_sound() {
        let source = ORDERS.replace("      operationId: placeOrder\n", "");
        let contract = Contract::parse(Source {
            name: "contract.yml",
            bytes: source.as_bytes(),
        })
        .expect("a contract");
        assert_snapshot!(
            contract.openapi().map(drop).expect_err("no name"),
            @"contract.yml:28:5: POST /orders/place has no `operationId` to name its method after; give it one"
        );
        let overlay = parse(&overlay(&[
            "target: \"$.paths['/orders/place'].post\", update: { operationId: placeOrder }",
        ]));
        let (contract, _) = overlay
            .expect("an overlay")
            .apply(contract)
            .expect("an overlay that fits");
        contract.openapi().expect("a sound contract");
    }
}

mod an_update_that_does_not_fit {
    use super::*;

    #[test]
    fn a_mapping_for_a_scalar_and_so_on() {
        assert_snapshot!(
            refused(&overlay(&["target: $.info, update: { title: { text: T } }"])),
            @"overlay.yml:4:74: the action on `$.info` puts a mapping where `#/info/title` (contract.yml:4:3) is a text; only like can be merged with like"
        );
        assert_snapshot!(
            refused(&overlay(&["target: $, update: { paths: { /orders/open: { get: { tags: orders } } } }"])),
            @"overlay.yml:4:101: the action on `$` puts a text where `#/paths/~1orders~1open/get/tags` (contract.yml:10:7) is a list; only like can be merged with like"
        );
        assert_snapshot!(
            refused(&overlay(&["target: $.info, update: [a]"])),
            @"overlay.yml:4:64: the action on `$.info` puts a list where `#/info` (contract.yml:3:1) is a mapping; only like can be merged with like"
        );
        assert_snapshot!(
            refused(&overlay(&["target: $.info, update: null"])),
            @"overlay.yml:4:64: the action on `$.info` puts null where `#/info` (contract.yml:3:1) is a mapping; only like can be merged with like"
        );
    }

    #[test]
    fn a_scalar_that_is_selected() {
        assert_snapshot!(
            refused(&overlay(&["target: $.info.title, update: Other"])),
            @"overlay.yml:4:3: the action on `$.info.title` selects a text at `#/info/title` (contract.yml:4:3), but only a mapping or a list can be updated; select what holds it"
        );
    }

    #[test]
    fn nothing_left() {
        assert_snapshot!(
            refused(&overlay(&["target: $, remove: true"])),
            @"overlay.yml:4:3: the action on `$` would remove the whole contract"
        );
    }

    #[test]
    fn more_levels_than_a_contract_may_have() {
        let list = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let first = format!("target: $, update: {{ x-deep: {} }}", list(30));
        let second = format!(
            "target: \"$['x-deep']{}\", update: {}",
            "[0]".repeat(29),
            list(20)
        );
        assert_snapshot!(
            refused(&overlay(&[&first, &second])),
            @"overlay.yml:5:3: the action on `$['x-deep'][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]` would make the contract nest deeper than 40 levels"
        );
    }
}

mod not_an_overlay {
    use super::*;

    const HEAD: &str = "overlay: 1.0.0\ninfo: { title: T, version: '1' }\n";

    #[test]
    fn something_else_arrived() {
        assert_snapshot!(
            refused("<html></html>"),
            @"overlay.yml: expected an OpenAPI Overlay 1.0.x, got an HTML page; check the path or URL"
        );
        assert_snapshot!(
            refused(""),
            @"overlay.yml:1:1: expected an OpenAPI Overlay 1.0.x, got nothing: the document is empty; check the path or URL"
        );
        assert_snapshot!(
            refused(ORDERS),
            @"overlay.yml:2:1: expected an OpenAPI Overlay 1.0.x, got an OpenAPI 3.0.1 document; check the path or URL"
        );
        assert_snapshot!(
            refused("overlay: 1.1.0\n"),
            @"overlay.yml:1:1: expected an OpenAPI Overlay 1.0.x, got an OpenAPI Overlay 1.1.0 document; this generator reads 1.0.x"
        );
        assert_snapshot!(
            refused("overlay: 1.0\n"),
            @"overlay.yml:1:1: expected an OpenAPI Overlay 1.0.x, got an OpenAPI Overlay 1.0 document; write the version as text: `overlay: 1.0.0`"
        );
    }

    #[test]
    fn not_strict_yaml() {
        assert_snapshot!(
            refused("overlay: 1.0.0\noverlay: 1.0.0\n"),
            @"overlay.yml:2:1: the key `overlay` stands twice, first at 1:1; keep one of the two"
        );
        assert_snapshot!(
            refused("overlay: 1.0.0\nactions: [\n"),
            @"overlay.yml:2:10: this is not YAML: unclosed bracket '['; the document may have been cut off"
        );
    }

    #[test]
    fn a_head_that_lacks_something() {
        assert_snapshot!(
            refused("overlay: 1.0.0\nactions: []\n"),
            @"overlay.yml:1:1: the overlay needs `info`"
        );
        assert_snapshot!(
            refused("overlay: 1.0.0\ninfo: { title: T }\nactions: []\n"),
            @"overlay.yml:2:1: `info` needs `version`"
        );
        assert_snapshot!(
            refused("overlay: 1.0.0\ninfo: { title: T, version: 1.0 }\nactions: []\n"),
            @"overlay.yml:2:19: `version` must be text, and is a number; quote it"
        );
        assert_snapshot!(refused(HEAD), @"overlay.yml:1:1: the overlay needs `actions`");
        assert_snapshot!(
            refused(&format!("{HEAD}actions: {{}}\n")),
            @"overlay.yml:3:1: `actions` must be a list, and is a mapping"
        );
        assert_snapshot!(
            refused(&format!("{HEAD}action: []\n")),
            @"overlay.yml:3:1: the overlay has no field `action`, only `overlay`, `info`, `extends`, `actions`"
        );
        assert_snapshot!(
            refused(&format!("{HEAD}extends: [a.yml]\nactions: []\n")),
            @"overlay.yml:3:1: `extends` must be text, and is a list; quote it"
        );
    }

    #[test]
    fn an_action_without_its_reason_or_its_source() {
        let action = |fields: &str| {
            refused(&format!(
                "{HEAD}actions:\n- target: $.info\n  update: {{}}\n{fields}"
            ))
        };
        assert_snapshot!(
            action("  x-source: S\n"),
            @"overlay.yml:4:3: an action needs `description`: the reason for the correction"
        );
        assert_snapshot!(
            action("  description: ' '\n  x-source: S\n"),
            @"overlay.yml:6:3: `description` is empty: the reason for the correction"
        );
        assert_snapshot!(
            action("  description: D\n"),
            @"overlay.yml:4:3: an action needs `x-source`: where we know it from"
        );
        assert_snapshot!(
            action("  description: D\n  x-source: 4\n"),
            @"overlay.yml:7:3: `x-source` must be text, and is a number; quote it"
        );
    }

    #[test]
    fn an_action_that_does_not_say_one_thing() {
        let action = |fields: &str| refused(&overlay(&[fields]));
        assert_snapshot!(
            action("target: $.info"),
            @"overlay.yml:4:3: an action needs `update` or `remove: true`"
        );
        assert_snapshot!(
            action("target: $.info, remove: false"),
            @"overlay.yml:4:3: an action needs `update` or `remove: true`"
        );
        assert_snapshot!(
            action("target: $.info, remove: true, update: {}"),
            @"overlay.yml:4:3: an action updates or removes, not both; make two actions of it"
        );
        assert_snapshot!(
            action("target: $.info, remove: yes"),
            @"overlay.yml:4:64: `remove` must be true or false, and is a text"
        );
        assert_snapshot!(
            action("target: $.info, updaet: {}"),
            @"overlay.yml:4:64: an action has no field `updaet`, only `target`, `description`, `update`, `remove`"
        );
        assert_snapshot!(action("update: {}"), @"overlay.yml:4:3: an action needs `target`");
        assert_snapshot!(
            refused(&format!("{HEAD}actions: [remove]\n")),
            @"overlay.yml:3:11: an action must be a mapping, and is a text"
        );
    }

    #[test]
    fn a_target_that_is_no_path() {
        let target =
            |target: &str| refused(&overlay(&[&format!("target: {target}, update: {{}}")]));
        assert_snapshot!(
            target("info"),
            @"overlay.yml:4:48: `info` is not a JSONPath (RFC 9535): at position 0, parser error"
        );
        assert_snapshot!(
            target("'$.info['"),
            @"overlay.yml:4:48: `$.info[` is not a JSONPath (RFC 9535): at position 6, parser error"
        );
        assert_snapshot!(
            target("'$[?nobody(@)]'"),
            @"overlay.yml:4:48: `$[?nobody(@)]` is not a JSONPath (RFC 9535): at position 3, in long-hand segment, function name 'nobody' is not defined"
        );
        assert_snapshot!(
            target(&format!("'$[?{}'", "(".repeat(50_000))),
            @"overlay.yml:4:48: the target nests brackets deeper than 8 levels; say it in a simpler way"
        );
    }

    #[test]
    fn extensions_and_an_extended_document_are_accepted() {
        let overlay =
            format!("{HEAD}extends: https://example.com/a.yml\nx-owner: us\nactions: []\n");
        parse(&overlay).expect("an overlay");
    }

    #[test]
    fn every_truncation_is_survived() {
        let overlay = overlay(&[
            "target: \"$.a[?@.b == 'c']\", update: { d: [1] }",
            "target: $.e, remove: true",
        ]);
        for end in 0..overlay.len() {
            if let Ok(overlay) = parse(&overlay[..end]) {
                let _ = overlay.apply(contract());
            }
        }
    }
}
