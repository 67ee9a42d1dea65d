//! The public items of the generated code: what the compiler will say of a regen.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use quote::ToTokens;
use syn::{Fields, FnArg, ImplItem, Item, ReturnType, Signature, Type, Visibility};

use super::report::ItemChanges;
use crate::contract::Contract;
use crate::overlay::Overlay;
use crate::skeleton::skeleton;
use crate::{Error, generate, passes};

/// Public items by name, each with the item that it belongs to and its type or signature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Items(BTreeMap<String, (Option<String>, String)>);

impl Items {
    /// The public items of the client that is made of a contract, corrected by an overlay.
    ///
    /// # Errors
    /// As [`generate`](crate::generate()): when nothing can be generated from the contract.
    pub fn of(contract: &Contract, overlay: &Overlay) -> Result<Self, Error> {
        generate::all(|| {
            let (files, _) = generate::files(contract.clone(), overlay)?;
            let mut items = Self::default();
            for (name, tokens) in files {
                let file = passes::parsed(name, skeleton(tokens))?;
                items.module(name.trim_end_matches(".rs"), &file.items);
            }
            Ok(items)
        })
    }

    /// What those have that come after these, and the reverse.
    pub fn changes(&self, after: &Self) -> ItemChanges {
        let only = |these: &Self, those: &Self| {
            let gone = these.0.iter().filter(|(name, (owner, _))| {
                let whole = owner
                    .as_ref()
                    .is_some_and(|owner| !those.0.contains_key(owner));
                !those.0.contains_key(*name) && !whole
            });
            gone.map(|(name, _)| name.clone()).collect()
        };
        let both = self.0.iter().filter_map(|(name, (_, old))| {
            let (_, new) = after.0.get(name)?;
            (old != new).then(|| (name.clone(), old.clone(), new.clone()))
        });
        ItemChanges {
            appear: only(after, self),
            vanish: only(self, after),
            change: both.collect(),
        }
    }

    fn add(&mut self, owner: Option<&str>, name: String, what: String) {
        self.0.insert(name, (owner.map(str::to_owned), what));
    }

    fn module(&mut self, module: &str, items: &[Item]) {
        for item in items {
            match item {
                Item::Enum(item) if is_public(&item.vis) => {
                    let name = format!("{module}::{}", item.ident);
                    for variant in &item.variants {
                        let what = text(&variant.fields);
                        self.add(Some(&name), format!("{name}::{}", variant.ident), what);
                    }
                    self.add(None, name, "enum".to_owned());
                }
                Item::Struct(item) if is_public(&item.vis) => {
                    let name = format!("{module}::{}", item.ident);
                    let call = item.ident.to_string().to_snake_case();
                    let owner = (module == "calls").then(|| format!("Client::{call}"));
                    if let Fields::Named(fields) = &item.fields {
                        for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                            let ident = field.ident.as_ref().map(ToString::to_string);
                            let field_name = format!("{name}.{}", ident.unwrap_or_default());
                            self.add(Some(&name), field_name, text(&field.ty));
                        }
                    }
                    let what = match &item.fields {
                        Fields::Unnamed(fields) => format!("struct{}", text(fields)),
                        _ => "struct".to_owned(),
                    };
                    self.add(owner.as_deref(), name, what);
                }
                Item::Static(item) if is_public(&item.vis) && item.ident != "ALL" => {
                    let call = item.ident.to_string().to_lowercase();
                    let name = format!("{module}::{}", item.ident);
                    self.add(Some(&format!("Client::{call}")), name, text(&item.ty));
                }
                Item::Impl(item) if item.trait_.is_none() => {
                    self.methods(module, &item.self_ty, &item.items);
                }
                // A builder's setters are the fields of its type; what it builds is not.
                Item::Mod(item) if item.ident == "builder" => {
                    if let Some((_, items)) = &item.content {
                        self.builders(module, items);
                    }
                }
                _ => {}
            }
        }
    }

    fn builders(&mut self, module: &str, items: &[Item]) {
        for item in items {
            let Item::Impl(item) = item else { continue };
            let Some(name) = name_of(&item.self_ty).filter(|_| item.trait_.is_none()) else {
                continue;
            };
            for item in &item.items {
                if let ImplItem::Fn(method) = item
                    && method.sig.ident == "build"
                {
                    let owner = format!("{module}::{name}");
                    let item = format!("{owner}::builder().build()");
                    self.add(Some(&owner), item, signature(&method.sig));
                }
            }
        }
    }

    fn methods(&mut self, module: &str, ty: &Type, items: &[ImplItem]) {
        let Some(name) = name_of(ty) else { return };
        let owner = if name == "Client" {
            name
        } else {
            format!("{module}::{name}")
        };
        for item in items {
            if let ImplItem::Fn(method) = item
                && is_public(&method.vis)
            {
                let name = format!("{owner}::{}", method.sig.ident);
                self.add(Some(&owner), name, signature(&method.sig));
            }
        }
        if owner == "Client" {
            self.add(None, owner, "struct".to_owned());
        }
    }
}

fn name_of(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    Some(path.path.segments.last()?.ident.to_string())
}

/// What a function takes beside itself, and what it gives unless that is itself.
fn signature(signature: &Signature) -> String {
    let inputs = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(text(&input.ty)),
        FnArg::Receiver(_) => None,
    });
    let inputs = inputs.collect::<Vec<_>>().join(", ");
    let output = match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, ty) => text(ty),
    };
    // Bounds are part of what is taken.
    let bounds = match &signature.generics.where_clause {
        Some(bounds) => format!(" {}", text(bounds).trim_end_matches([',', ' '])),
        None => String::new(),
    };
    match (inputs.as_str(), output.as_str()) {
        (inputs, "Self") => format!("{inputs}{bounds}"),
        ("", output) => output.to_owned(),
        (inputs, output) => format!("({inputs}) -> {output}{bounds}"),
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Tokens as a person would write them.
fn text(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    [
        (" < ", "<"),
        ("< ", "<"),
        (" <", "<"),
        (" >", ">"),
        (" :: ", "::"),
        (":: ", "::"),
        (" ,", ","),
        (" :", ":"),
        ("& ", "&"),
        ("( ", "("),
        (" )", ")"),
    ]
    .into_iter()
    .fold(text, |text, (from, to)| text.replace(from, to))
}
