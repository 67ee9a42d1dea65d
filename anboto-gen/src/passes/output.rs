//! What progenitor has made, taken apart.

use std::collections::BTreeMap;

use syn::{
    Fields, File, GenericArgument, ImplItem, Item, ItemEnum, ItemMod, ItemStruct, PathArguments,
    ReturnType, Type,
};

use super::unexpected;
use crate::Error;

const PASS: &str = "output";

/// The parts of progenitor's output that the other passes build on.
pub(super) struct Output {
    pub(super) enums: Vec<ItemEnum>,
    pub(super) structs: Vec<ItemStruct>,
    /// Builder name (`CreateOrder`) to what it takes and gives.
    pub(super) calls: BTreeMap<String, CallTypes>,
}

/// The types of one operation.
pub(super) struct CallTypes {
    /// Field name of the builder to the type of its value.
    pub(super) fields: BTreeMap<String, Type>,
    /// What the operation answers with.
    pub(super) answer: Type,
}

impl Output {
    pub(super) fn read(file: File) -> Result<Self, Error> {
        let mut modules: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        for item in file.items {
            if let Item::Mod(ItemMod {
                ident,
                content: Some((_, items)),
                ..
            }) = item
            {
                modules.insert(ident.to_string(), items);
            }
        }
        let mut module = |name: &str| {
            modules
                .remove(name)
                .ok_or_else(|| unexpected(PASS, format!("no module `{name}`")))
        };
        let mut output = Self {
            enums: Vec::new(),
            structs: Vec::new(),
            calls: BTreeMap::new(),
        };
        for item in module("types")? {
            match item {
                Item::Enum(item) => output.enums.push(item),
                Item::Struct(item) => output.structs.push(item),
                // Implementations and the modules of builders, defaults and errors are made anew by the passes.
                Item::Impl(_) | Item::Mod(_) | Item::Use(_) => {}
                other => {
                    return Err(unexpected(
                        PASS,
                        format!("module `types` holds {}", kind(&other)),
                    ));
                }
            }
        }
        for item in module("builder")? {
            match item {
                Item::Struct(item) => {
                    let name = item.ident.to_string();
                    let fields = builder_fields(&item)?;
                    // `()` until the implementation, which follows, says what it is.
                    output.calls.insert(
                        name,
                        CallTypes {
                            fields,
                            answer: syn::parse_quote!(()),
                        },
                    );
                }
                Item::Impl(item) => {
                    let name = last_segment(&item.self_ty).unwrap_or_default();
                    let send = item.items.iter().find_map(|item| match item {
                        ImplItem::Fn(function) if function.sig.ident == "send" => {
                            Some(&function.sig.output)
                        }
                        _ => None,
                    });
                    let answer = send.and_then(success).ok_or_else(|| {
                        unexpected(
                            PASS,
                            format!("builder `{name}` has no `send` that gives a ResponseValue"),
                        )
                    })?;
                    let call = output.calls.get_mut(&name);
                    call.ok_or_else(|| {
                        unexpected(
                            PASS,
                            format!("an implementation for an unknown builder `{name}`"),
                        )
                    })?
                    .answer = answer.clone();
                }
                Item::Use(_) => {}
                other => {
                    return Err(unexpected(
                        PASS,
                        format!("module `builder` holds {}", kind(&other)),
                    ));
                }
            }
        }
        Ok(output)
    }
}

/// The fields `name: Result<Option<T>, String>` or `name: Result<T, String>` of a builder, each with its `T`.
fn builder_fields(item: &ItemStruct) -> Result<BTreeMap<String, Type>, Error> {
    let Fields::Named(fields) = &item.fields else {
        return Err(unexpected(
            PASS,
            format!("builder `{}` has no named fields", item.ident),
        ));
    };
    let mut types = BTreeMap::new();
    for field in &fields.named {
        let name = field
            .ident
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if name == "client" {
            continue;
        }
        let value = argument(&field.ty, "Result", 0).ok_or_else(|| {
            unexpected(
                PASS,
                format!("field `{name}` of builder `{}` is not a Result", item.ident),
            )
        })?;
        types.insert(name, argument(value, "Option", 0).unwrap_or(value).clone());
    }
    Ok(types)
}

/// The `T` of `Result<ResponseValue<T>, _>`.
fn success(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Type(_, output) => argument(argument(output, "Result", 0)?, "ResponseValue", 0),
        ReturnType::Default => None,
    }
}

/// A type argument of a path whose last segment has this name: the first for `…::Option<T>` and `Option` is `T`.
pub(super) fn argument<'a>(ty: &'a Type, name: &str, index: usize) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments
        .args
        .iter()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
        .nth(index)
}

/// The name of a path type without its arguments.
fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

fn kind(item: &Item) -> &'static str {
    match item {
        Item::Const(_) => "a const",
        Item::Fn(_) => "a function",
        Item::Macro(_) => "a macro call",
        Item::Static(_) => "a static",
        Item::Trait(_) => "a trait",
        Item::Type(_) => "a type alias",
        _ => "an item of an unknown kind",
    }
}
