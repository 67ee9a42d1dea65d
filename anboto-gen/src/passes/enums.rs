//! Open enums: a value that nobody has seen yet decodes, and encodes to itself again.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Fields, ItemEnum, Variant};

use super::output::Output;
use super::prose::{docs, words};
use super::unexpected;
use crate::Error;
use crate::model::Model;

const PASS: &str = "enums";

/// Replaces typify's closed enum by an open one.
pub(super) fn run(item: &ItemEnum, model: &Model) -> Result<TokenStream, Error> {
    let name = &item.ident;
    let schema = model.schema(&name.to_string());
    let mut variants = Vec::new();
    let mut texts = Vec::new();
    let mut idents = Vec::new();
    let mut retired = Vec::new();
    for variant in &item.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(unexpected(
                PASS,
                format!("variant `{}` of `{name}` is no plain value", variant.ident),
            ));
        }
        let text = wire_text(variant)?;
        let ident = variant_ident(variant);
        let when = schema.and_then(|schema| schema.retired.get(&text));
        let (doc, deprecated) = match when {
            Some(when) => {
                retired.push(text.clone());
                (
                    format!("`{text}`, which {when}; old orders may still carry it."),
                    Some(quote!(#[deprecated(note = #when)])),
                )
            }
            None => (format!("`{text}`"), None),
        };
        let doc = docs(&doc);
        variants.push(quote!(#doc #deprecated #ident));
        texts.push(text);
        idents.push(ident);
    }
    let description = schema
        .map(|schema| schema.description.as_str())
        .unwrap_or_default();
    let docs = docs(&words(description, &format!("The values of `{name}`.")));
    let text_name = name.to_string();
    Ok(quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            #[doc = " A value that this version does not list."]
            Unknown(UnknownValue),
        }

        impl #name {
            #[doc = " The value as the API writes it."]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#idents => #texts,)*
                    Self::Unknown(value) => value.as_str(),
                }
            }
        }

        impl OpenEnum for #name {
            const NAME: &'static str = #text_name;
            const LISTED: &'static [(&'static str, Self)] = &[#((#texts, Self::#idents)),*];
            const RETIRED: &'static [&'static str] = &[#(#retired),*];

            fn unknown(value: UnknownValue) -> Self {
                Self::Unknown(value)
            }
            fn as_unknown(&self) -> Option<&UnknownValue> {
                match self {
                    Self::Unknown(value) => Some(value),
                    _ => None,
                }
            }
        }
        open_enum!(#name);
    })
}

/// Conversions between enums that share values, both ways.
pub(super) fn conversions(output: &Output, model: &Model) -> Result<TokenStream, Error> {
    let names: BTreeSet<String> = output
        .enums
        .iter()
        .map(|item| item.ident.to_string())
        .collect();
    let mut calls = TokenStream::new();
    for (from, schema) in &model.schemas {
        let Some(to) = &schema.converts_to else {
            continue;
        };
        for name in [from, to] {
            if !names.contains(name) {
                return Err(Error::new(format!(
                    "x-anboto-converts-to of `{from}` names `{to}`, but `{name}` is no enum of the contract; mend the overlay"
                )));
            }
        }
        let (from, to) = (format_ident!("{from}"), format_ident!("{to}"));
        calls.extend(quote! {
            convert_enum!(#from => #to);
            convert_enum!(#to => #from);
        });
    }
    Ok(calls)
}

/// The text of a variant: its `#[serde(rename = "…")]`, or its name.
fn wire_text(variant: &Variant) -> Result<String, Error> {
    let mut text = variant.ident.to_string();
    for attribute in variant
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        attribute
            .parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    text = meta.value()?.parse::<syn::LitStr>()?.value();
                }
                Ok(())
            })
            .map_err(|error| unexpected(PASS, error))?;
    }
    Ok(text)
}

/// typify's name for a variant, out of the way of the one that holds what is not listed.
fn variant_ident(variant: &Variant) -> Ident {
    if variant.ident == "Unknown" {
        format_ident!("ListedUnknown")
    } else {
        variant.ident.clone()
    }
}
