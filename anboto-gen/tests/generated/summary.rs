//! Generated source, summed up so that a person can read what matters in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quote::ToTokens;
use syn::{Expr, Field, Fields, File, FnArg, ImplItem, Item, ReturnType, Visibility};

pub(crate) fn parse(source: &str) -> File {
    syn::parse_file(source).expect("the generated code is Rust")
}

/// Tokens as a person would write them in one line.
fn plain(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, tight) in [
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" :: ", "::"),
        (" ,", ","),
        ("& ", "&"),
        ("' ", "'"),
        (" (", "("),
        (" :", ":"),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}

/// Id, method, path, whether signed, effect, success.
pub(crate) fn operations(source: &str) -> String {
    let mut table = String::new();
    for item in parse(source).items {
        let Item::Static(item) = item else { continue };
        let Expr::Call(call) = *item.expr else {
            continue;
        };
        let cells: Vec<_> = call
            .args
            .iter()
            .map(|argument| match argument {
                Expr::Path(path) => path.path.segments.last().map(plain).unwrap_or_default(),
                other => plain(other)
                    .trim_matches('"')
                    .trim_end_matches("u16")
                    .to_owned(),
            })
            .collect();
        let [id, method, path, signed, effect, success] = cells.try_into().expect("six cells");
        let signed = if signed == "true" { "signed" } else { "-" };
        let _ = writeln!(
            table,
            "{id:27} {method:5} {path:44} {signed:7} {effect:19} {success}"
        );
    }
    table
}

/// The values of each enum, with the variants where they are not the same in PascalCase.
pub(crate) fn enums(source: &str) -> String {
    let mut list = String::new();
    for item in parse(source).items {
        let Item::Impl(item) = item else { continue };
        let is_open = item
            .trait_
            .as_ref()
            .is_some_and(|(path, ..)| plain(path).contains("OpenEnum"));
        if !is_open {
            continue;
        }
        let constants: BTreeMap<String, Vec<Expr>> = item
            .items
            .iter()
            .filter_map(|item| match item {
                ImplItem::Const(constant) => {
                    Some((constant.ident.to_string(), elements(&constant.expr)))
                }
                _ => None,
            })
            .collect();
        let retired: Vec<String> = constants["RETIRED"].iter().map(plain).collect();
        let _ = writeln!(list, "{}", plain(&item.self_ty));
        for listed in &constants["LISTED"] {
            let Expr::Tuple(pair) = listed else { continue };
            let (text, variant) = (plain(&pair.elems[0]), plain(&pair.elems[1]));
            let mark = if retired.contains(&text) {
                ", retired"
            } else {
                ""
            };
            let _ = writeln!(
                list,
                "  {} = {}{mark}",
                text.trim_matches('"'),
                variant.trim_start_matches("Self::")
            );
        }
    }
    list
}

fn elements(list: &Expr) -> Vec<Expr> {
    match list {
        Expr::Reference(reference) => elements(&reference.expr),
        Expr::Array(array) => array.elems.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The fields of each struct: wire name, type, and what serde is told beside the name.
pub(crate) fn structs(source: &str) -> String {
    let mut list = String::new();
    for item in parse(source).items {
        let Item::Struct(item) = item else { continue };
        let _ = writeln!(list, "{}", item.ident);
        match &item.fields {
            Fields::Named(fields) => {
                for field in &fields.named {
                    list.push_str(&property(field));
                }
            }
            Fields::Unnamed(fields) => {
                let _ = writeln!(list, "  ({})", plain(&fields.unnamed[0].ty));
            }
            Fields::Unit => {}
        }
    }
    list
}

fn property(field: &Field) -> String {
    let ident = field
        .ident
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut line = format!("  {ident}: {}", plain(&field.ty));
    for attribute in field
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        attribute
            .parse_nested_meta(|meta| {
                let name = plain(&meta.path);
                let value = if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<syn::LitStr>()?.value()
                } else {
                    String::new()
                };
                match name.as_str() {
                    "rename" => write!(line, ", {value:?}"),
                    "with" => {
                        let form = value
                            .strip_prefix("As::<")
                            .and_then(|form| form.strip_suffix('>'));
                        write!(line, ", {}", form.unwrap_or(&value))
                    }
                    _ => Ok(()),
                }
                .map_err(|error| meta.error(error))
            })
            .expect("serde attributes");
    }
    line + "\n"
}

/// Everything public: items, and the methods of each type.
pub(crate) fn public_items(source: &str) -> String {
    let mut list = String::new();
    items(&parse(source).items, "  ", &mut list);
    list
}

fn items(all: &[Item], indent: &str, list: &mut String) {
    for item in all {
        let line = match item {
            Item::Enum(item) if public(&item.vis) => format!("enum {}", item.ident),
            Item::Static(item) if public(&item.vis) => format!("static {}", item.ident),
            Item::Struct(item) if public(&item.vis) => format!("struct {}", item.ident),
            Item::Mod(item) if public(&item.vis) => {
                let _ = writeln!(list, "{indent}mod {}", item.ident);
                if let Some((_, inner)) = &item.content {
                    items(inner, &format!("{indent}  "), list);
                }
                continue;
            }
            Item::Impl(item) => {
                match &item.trait_ {
                    Some((path, ..))
                        if plain(path).starts_with("Try") || plain(path).starts_with("From") =>
                    {
                        let _ = writeln!(
                            list,
                            "{indent}impl {} for {}",
                            plain(path),
                            plain(&item.self_ty)
                        );
                    }
                    Some(_) => {}
                    None => methods(item, indent, list),
                }
                continue;
            }
            Item::Macro(item) => format!("{}!({})", plain(&item.mac.path), plain(&item.mac.tokens)),
            _ => continue,
        };
        let _ = writeln!(list, "{indent}{line}");
    }
}

fn methods(item: &syn::ItemImpl, indent: &str, list: &mut String) {
    let _ = writeln!(list, "{indent}impl {}", plain(&item.self_ty));
    for item in &item.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        if !public(&function.vis) {
            continue;
        }
        let signature = &function.sig;
        let inputs: Vec<_> = signature
            .inputs
            .iter()
            .map(|input| match input {
                FnArg::Receiver(receiver) => plain(receiver).replace("mut ", ""),
                FnArg::Typed(typed) => plain(&typed.ty),
            })
            .collect();
        let output = match &signature.output {
            ReturnType::Type(_, output) => format!(" -> {}", plain(output)),
            ReturnType::Default => String::new(),
        };
        let _ = writeln!(
            list,
            "{indent}  {}({}){output}",
            signature.ident,
            inputs.join(", ")
        );
    }
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}
