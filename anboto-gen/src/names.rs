//! Rust names for what the contract names, so that nothing in it, however it is called, is in the way of something else.

use heck::{ToPascalCase, ToShoutySnakeCase, ToSnakeCase};

/// What the generated files use without saying where it comes from: the prelude, and what they import.
const TYPES_IN_SCOPE: [&str; 53] = [
    // The prelude.
    "AsMut",
    "AsRef",
    "AsyncFn",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "Extend",
    "Fn",
    "From",
    "FromIterator",
    "Hash",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
    // Imported by them.
    "As",
    "BTreeMap",
    "Call",
    "Client",
    "DateTime",
    "DateTimeText",
    "Decimal",
    "Deserialize",
    "Duration",
    "Error",
    "InvalidRequest",
    "MissingFields",
    "OpenEnum",
    "Outgoing",
    "ResponseValue",
    "Serialize",
    "Utc",
];
/// The rest of what they import.
const FORMS_IN_SCOPE: [&str; 5] = [
    "DecimalNumber",
    "DecimalText",
    "SecondsText",
    "UnixMs",
    "UnknownValue",
];
/// What `anboto_api::Client` can do by itself.
const CLIENT_METHODS: [&str; 9] = [
    "builder",
    "clone",
    "environment",
    "execute",
    "from_env",
    "new",
    "prepare",
    "receive",
    "with_credentials",
];

/// The type of a schema or an operation: `OrderSummary`; one whose name is taken is `ApiOption`.
pub(crate) fn type_name(name: &str) -> String {
    // typify converts it once more, and has to find nothing to change: `a_b_c` is `ABC`, and that is `Abc`.
    let pascal = ascii(name).to_pascal_case().to_pascal_case();
    if TYPES_IN_SCOPE.contains(&pascal.as_str()) || FORMS_IN_SCOPE.contains(&pascal.as_str()) {
        format!("Api{pascal}")
    } else if pascal.is_empty() || pascal.starts_with(|first: char| first.is_ascii_digit()) {
        // As typify does, which would not keep an underscore.
        format!("X{pascal}")
    } else {
        identifier(pascal)
    }
}

/// The type of something that stands inside something else and has no name of its own.
pub(crate) fn inner_type_name(outer: &str, inner: &str) -> String {
    type_name(&format!("{outer}{}", ascii(inner).to_pascal_case()))
}

/// The client's method for an operation.
pub(crate) fn method_name(operation_id: &str) -> String {
    setter_name(operation_id, &CLIENT_METHODS)
}

/// The entry of an operation in the table.
pub(crate) fn static_name(operation_id: &str) -> String {
    match ascii(operation_id).to_shouty_snake_case() {
        all if all == "ALL" => "ALL_".to_owned(),
        name => identifier(name),
    }
}

/// A method that sets something, out of the way of the methods that are there already.
pub(crate) fn setter_name(name: &str, taken: &[&str]) -> String {
    let snake = ascii(name).to_snake_case();
    if taken.contains(&snake.as_str()) {
        format!("{snake}_")
    } else {
        identifier(snake)
    }
}

/// A field for each property; of two with the same name the second is numbered (`order_id`, `order_id_2`).
pub(crate) fn field_names<'a>(properties: impl Iterator<Item = &'a str>) -> Vec<String> {
    distinct(properties, |property| {
        let name = setter_name(property, &[]);
        (name.clone(), format!("{}_", name.trim_end_matches('_')))
    })
}

/// A variant for each value of an enum, out of the way of the one that holds what is not listed, and of `FromStr::Err`.
///
/// Of two with the same name the second keeps its letters as they are (`1m` and `1M`), and is numbered if that does not help.
pub(crate) fn variant_names<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    distinct(values, |value| match value {
        "" => ("Empty".to_owned(), "Empty".to_owned()),
        "+" => ("Plus".to_owned(), "Plus".to_owned()),
        "-" => ("Minus".to_owned(), "Minus".to_owned()),
        value => {
            let mut exact = ascii(value).replace(' ', "");
            if let Some(initial) = exact.get_mut(..1) {
                initial.make_ascii_uppercase();
            }
            let name = match ascii(value).to_pascal_case() {
                taken if taken == "Unknown" || taken == "Err" => format!("Listed{taken}"),
                name => identifier(name),
            };
            (name, identifier(exact))
        }
    })
}

/// A name for each text: its first choice, or else its second, or else that with a number.
fn distinct<'a>(
    texts: impl Iterator<Item = &'a str>,
    choices: impl Fn(&str) -> (String, String),
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        let (first, second) = choices(text);
        let numbered = (2..).map(|number| format!("{second}{number}"));
        let second = (!second.ends_with('_')).then(|| second.clone());
        let mut all = [first].into_iter().chain(second).chain(numbered);
        names.extend(all.find(|name| !names.contains(name)));
    }
    names
}

/// A name that Rust takes for one.
fn identifier(name: String) -> String {
    if name.is_empty() {
        return "_X".to_owned();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("_{name}");
    }
    // `gen` is a keyword since the edition 2024.
    if name == "gen" || syn::parse_str::<syn::Ident>(&name).is_err() {
        return format!("{name}_");
    }
    name
}

fn ascii(name: &str) -> String {
    name.replace('\'', "")
        .replace(|c: char| !c.is_ascii_alphanumeric(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_in_the_way() {
        let types = [
            "orderSummary",
            "Exchange_2",
            "Option",
            "date-time",
            "1inch",
            "self",
            "größe",
            "¿?",
        ]
        .map(type_name);
        assert_eq!(
            types,
            [
                "OrderSummary",
                "Exchange2",
                "ApiOption",
                "ApiDateTime",
                "X1inch",
                "Self_",
                "GrE",
                "X"
            ]
        );
        let methods = ["createOrder", "new", "match", "gen", "2legs"].map(method_name);
        assert_eq!(
            methods,
            ["create_order", "new_", "match_", "gen_", "_2legs"]
        );
        assert_eq!(
            ["all", "2legs", "getAll"].map(static_name),
            ["ALL_", "_2LEGS", "GET_ALL"]
        );
        assert_eq!(setter_name("Send", &["send"]), "send_");
    }

    #[test]
    fn no_two_are_of_one_name() {
        let fields = field_names(["orderId", "order_id", "@type", "type"].into_iter());
        assert_eq!(fields, ["order_id", "order_id_2", "type_", "type_2"]);
        let values = [
            "1m", "1M", "a b", "a-b", "A_B", "UNKNOWN", "err", "self", "", "+", "ü", "é",
        ];
        assert_eq!(
            variant_names(values.into_iter()),
            [
                "_1m",
                "_1M",
                "AB",
                "Ab",
                "AB2",
                "ListedUnknown",
                "ListedErr",
                "Self_",
                "Empty",
                "Plus",
                "_X",
                "_X2"
            ]
        );
    }

    #[test]
    fn a_type_name_stays_as_it_is() {
        for name in [
            "Exchange2",
            "ApiOption",
            "_1inch",
            "OrderV2Item",
            "ABTest",
            "aB_c9D",
        ]
        .map(type_name)
        {
            assert_eq!(type_name(&name), name);
        }
    }
}
