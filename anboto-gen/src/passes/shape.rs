//! The types of typify in the terms of the generated code.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Type;

use super::output::argument;
use super::unexpected;
use crate::Error;
use crate::lower::{FORMS, Form};

const PASS: &str = "shape";

/// What a field, a parameter or an answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Optional(Box<Shape>),
    List(Box<Shape>),
    /// Of texts to values.
    Map(Box<Shape>),
    /// What contains itself.
    Boxed(Box<Shape>),
    /// A value with a written form of its own.
    Form(&'static Form),
    /// A type of `types.rs`.
    Generated(Ident),
    Text,
    /// Numbers that are no decimals, flags, hand-written types, and JSON that may be anything.
    Other(Box<Type>),
}

impl Shape {
    /// Reads a type of typify's; `at` says where it stands.
    pub(super) fn read(ty: &Type, at: &str) -> Result<Self, Error> {
        let unknown = || {
            unexpected(
                PASS,
                format!("{at} is of the unknown type `{}`", quote!(#ty)),
            )
        };
        let Type::Path(path) = ty else {
            // `()` stands for no answer.
            return match ty {
                Type::Tuple(tuple) if tuple.elems.is_empty() => {
                    Ok(Self::Other(Box::new(ty.clone())))
                }
                _ => Err(unknown()),
            };
        };
        let inner = |name: &str, index| {
            let inner = argument(ty, name, index).ok_or_else(unknown)?;
            Self::read(inner, at).map(Box::new)
        };
        let segments: Vec<String> = path
            .path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["std", .., "Option"] => Ok(Self::Optional(inner("Option", 0)?)),
            ["std", .., "Vec"] => Ok(Self::List(inner("Vec", 0)?)),
            ["std", .., "Box"] => Ok(Self::Boxed(inner("Box", 0)?)),
            ["std", .., "BTreeMap"] => match *inner("BTreeMap", 0)? {
                Self::Text => Ok(Self::Map(inner("BTreeMap", 1)?)),
                _ => Err(unknown()),
            },
            ["std", "string", "String"] => Ok(Self::Text),
            ["crate", "codec", marker] => FORMS
                .iter()
                .find(|form| form.marker == *marker)
                .map(Self::Form)
                .ok_or_else(unknown),
            ["bool" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64"] => {
                Ok(Self::Other(Box::new(ty.clone())))
            }
            ["crate", _] => Ok(Self::Other(Box::new(ty.clone()))),
            ["serde_json", "Map"] => Ok(Self::Other(free_form())),
            ["serde_json", "Value"] => {
                Ok(Self::Other(Box::new(syn::parse_quote!(serde_json::Value))))
            }
            ["f32" | "f64"] => Err(unexpected(
                PASS,
                format!("{at} is a float, where every number has to be exact"),
            )),
            // As the builders of calls have it, with or without the module of the builders.
            [name] | ["types", name] | ["types", "builder", name] => {
                Ok(Self::Generated(format_ident!("{name}")))
            }
            _ => Err(unknown()),
        }
    }

    /// The type as the user sees it; `module` is where the generated types are.
    pub(super) fn rust_type(&self, module: &TokenStream) -> TokenStream {
        match self {
            Self::Form(form) => {
                // It is one of five, all of them types.
                form.rust_type.parse().unwrap_or_default()
            }
            Self::Generated(name) => quote!(#module #name),
            _ => self.around(&|inner| inner.rust_type(module)),
        }
    }

    /// The type with markers in it, where a value has a written form of its own.
    pub(super) fn form(&self) -> Option<TokenStream> {
        self.any(&|shape| matches!(shape, Self::Form(_)))
            .then(|| self.with_markers())
    }

    fn with_markers(&self) -> TokenStream {
        match self {
            Self::Form(form) => {
                let marker = format_ident!("{}", form.marker);
                quote!(#marker)
            }
            Self::Generated(name) => quote!(#name),
            _ => self.around(&Self::with_markers),
        }
    }

    fn around(&self, print: &dyn Fn(&Self) -> TokenStream) -> TokenStream {
        match self {
            Self::Optional(inner) => {
                let inner = print(inner);
                quote!(Option<#inner>)
            }
            Self::List(inner) => {
                let inner = print(inner);
                quote!(Vec<#inner>)
            }
            Self::Map(inner) => {
                let inner = print(inner);
                quote!(BTreeMap<String, #inner>)
            }
            Self::Boxed(inner) => {
                let inner = print(inner);
                quote!(Box<#inner>)
            }
            Self::Text => quote!(String),
            Self::Other(ty) => quote!(#ty),
            Self::Form(_) | Self::Generated(_) => print(self),
        }
    }

    /// Whether this or anything inside it is such a shape.
    pub(super) fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::Optional(inner)
                | Self::List(inner)
                | Self::Map(inner)
                | Self::Boxed(inner) => inner.any(is),
                _ => false,
            }
    }

    pub(super) fn is_decimal(&self) -> bool {
        matches!(self, Self::Form(form) if form.rust_type == "Decimal")
    }
}

/// The type of an object that may hold anything.
pub(super) fn free_form() -> Box<Type> {
    Box::new(syn::parse_quote!(serde_json::Map<String, serde_json::Value>))
}
