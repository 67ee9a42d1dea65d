//! Open enums: a value that nobody has seen yet decodes, and encodes to itself again.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Fields, ItemEnum};

use super::output::Output;
use super::prose::{code, docs, words};
use super::{schema_of, unexpected};
use crate::model::{Model, Schema};
use crate::names::variant_names;
use crate::{Error, caught};

const PASS: &str = "enums";

/// Replaces typify's closed enums by open ones.
pub(super) fn run(output: &Output, model: &Model) -> Result<TokenStream, Error> {
    let enums = output.enums.iter().map(|item| {
        let schema = schema_of(PASS, model, &item.ident)?;
        caught::item("pass `enums`", &schema.what, || open(item, schema))
    });
    enums.collect()
}

fn open(item: &ItemEnum, schema: &Schema) -> Result<TokenStream, Error> {
    let name = &item.ident;
    if let Some(variant) = item
        .variants
        .iter()
        .find(|variant| variant.fields != Fields::Unit)
    {
        return Err(unexpected(
            PASS,
            format!("variant `{}` of `{name}` is no plain value", variant.ident),
        ));
    }
    let (made, known) = (item.variants.len(), schema.values.len());
    if made != known {
        return Err(unexpected(
            PASS,
            format!("`{name}` has {made} variants for {known} values"),
        ));
    }
    let mut variants = Vec::new();
    let mut idents = Vec::new();
    let mut retired = Vec::new();
    let texts = &schema.values;
    let names = variant_names(texts.iter().map(String::as_str));
    for (text, ident) in texts.iter().zip(&names) {
        let ident = format_ident!("{ident}");
        let when = schema.retired.get(text);
        let (doc, deprecated) = match when {
            Some(when) => {
                retired.push(text.clone());
                (
                    format!(
                        "{}, which {when}; old orders may still carry it.",
                        code(text)
                    ),
                    Some(quote!(#[deprecated(note = #when)])),
                )
            }
            None => (code(text), None),
        };
        let doc = docs(&doc);
        variants.push(quote!(#doc #deprecated #ident));
        idents.push(ident);
    }
    let docs = docs(&words(
        &schema.description,
        &format!("The values of `{name}`."),
    ));
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
pub(super) fn conversions(model: &Model) -> Result<TokenStream, Error> {
    let conversions = model.conversions().map(|(from, to)| {
        let what = model.schema(from).map_or("", |schema| &schema.what);
        caught::item("pass `conversions`", what, || {
            let (from, to) = (format_ident!("{from}"), format_ident!("{to}"));
            Ok(quote! {
                convert_enum!(#from => #to);
                convert_enum!(#to => #from);
            })
        })
    });
    conversions.collect()
}
