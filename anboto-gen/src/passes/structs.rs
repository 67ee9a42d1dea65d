//! Structs: exact decimals and typed times in their fields, open to new fields, each with a builder.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Field, Fields, ItemStruct};

use super::output::Output;
use super::prose::{docs, sentence, words};
use super::shape::{self, Shape};
use super::{schema_of, unexpected};
use crate::lower::SECONDS_TEXT;
use crate::model::{self, Model, Schema};
use crate::names::field_names;
use crate::{Error, caught};

const PASS: &str = "structs";

#[derive(Default)]
pub(super) struct Structs {
    pub(super) types: TokenStream,
    pub(super) builders: TokenStream,
}

/// A field of a generated struct.
struct Property {
    ident: Ident,
    wire_name: String,
    /// What it holds when it is there.
    shape: Shape,
    optional: bool,
    docs: String,
}

impl Property {
    /// The type as the user sees it.
    fn rust_type(&self) -> TokenStream {
        self.maybe(self.shape.rust_type(&TokenStream::new()))
    }

    /// The type with markers in it, where the value has a written form of its own.
    fn form(&self) -> Option<TokenStream> {
        self.shape.form().map(|form| self.maybe(form))
    }

    fn maybe(&self, ty: TokenStream) -> TokenStream {
        if self.optional {
            quote!(Option<#ty>)
        } else {
            ty
        }
    }

    /// The builder's method, out of the way of its others.
    fn setter(&self) -> Ident {
        if self.ident == "build" || self.ident == "default" {
            format_ident!("{}_", self.ident)
        } else {
            self.ident.clone()
        }
    }
}

pub(super) fn run(output: &Output, model: &Model) -> Result<Structs, Error> {
    let enums: BTreeSet<String> = output
        .enums
        .iter()
        .map(|item| item.ident.to_string())
        .collect();
    let mut structs = Structs::default();
    for item in &output.structs {
        let schema = schema_of(PASS, model, &item.ident)?;
        caught::item("pass `structs`", &schema.what, || {
            structs.add(item, schema, &enums)
        })?;
    }
    Ok(structs)
}

impl Structs {
    fn add(
        &mut self,
        item: &ItemStruct,
        schema: &Schema,
        enums: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let name = &item.ident;
        let docs = docs(&words(
            &schema.description,
            &format!("`{name}` of the contract."),
        ));
        match &item.fields {
            Fields::Named(fields) => {
                let (made, known) = (fields.named.len(), schema.properties.len());
                if made != known {
                    return Err(unexpected(
                        PASS,
                        format!("`{name}` has {made} fields for {known} properties"),
                    ));
                }
                let names = field_names(
                    schema
                        .properties
                        .iter()
                        .map(|property| property.name.as_str()),
                );
                let properties = fields
                    .named
                    .iter()
                    .zip(&schema.properties)
                    .zip(names)
                    .map(|((field, known), ident)| property(name, field, known, &ident))
                    .collect::<Result<Vec<_>, _>>()?;
                let complete_when_empty = properties.iter().all(|property| property.optional);
                self.types
                    .extend(struct_type(name, &docs, &properties, complete_when_empty));
                self.types.extend(outgoing(name, &properties));
                self.builders
                    .extend(builder(name, &properties, complete_when_empty, enums));
            }
            _ => self.types.extend(free_form(item, &docs)?),
        }
        Ok(())
    }
}

fn property(
    name: &Ident,
    field: &Field,
    known: &model::Property,
    ident: &str,
) -> Result<Property, Error> {
    let wire_name = known.name.clone();
    let (shape, optional) = match Shape::read(&field.ty, &format!("`{name}.{wire_name}`"))? {
        Shape::Optional(shape) => (*shape, true),
        // typify gives an optional list or map no Option; but what is absent (nobody asked) is not what is empty.
        shape => (shape, has_default(field)?),
    };
    let docs = sentence(&words(
        &known.description,
        &format!("`{wire_name}` of the contract."),
    ));
    Ok(Property {
        ident: format_ident!("{ident}"),
        wire_name,
        shape,
        optional,
        docs,
    })
}

/// Whether serde fills the field in when it is absent.
fn has_default(field: &Field) -> Result<bool, Error> {
    let mut default = false;
    let attributes = field.attrs.iter();
    for attribute in attributes.filter(|attribute| attribute.path().is_ident("serde")) {
        attribute
            .parse_nested_meta(|meta| {
                default |= meta.path.is_ident("default");
                if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<syn::Expr>()?;
                }
                Ok(())
            })
            .map_err(|error| unexpected(PASS, error))?;
    }
    Ok(default)
}

fn struct_type(
    name: &Ident,
    docs: &TokenStream,
    properties: &[Property],
    complete_when_empty: bool,
) -> TokenStream {
    let fields = properties.iter().map(|property| {
        let Property {
            ident,
            wire_name,
            optional,
            ..
        } = property;
        let rust_type = property.rust_type();
        let mut serde = Vec::new();
        if ident != wire_name {
            serde.push(quote!(rename = #wire_name));
        }
        if let Some(form) = property.form() {
            let with = format!("As::<{form}>").replace(' ', "").replace(',', ", ");
            serde.push(quote!(with = #with));
            if *optional {
                serde.push(quote!(default));
            }
        }
        if *optional {
            serde.push(quote!(skip_serializing_if = "Option::is_none"));
        }
        let serde = (!serde.is_empty()).then(|| quote!(#[serde(#(#serde),*)]));
        let docs = super::prose::docs(&property.docs);
        quote!(#docs #serde pub #ident: #rust_type)
    });
    let default = complete_when_empty.then(|| quote!(Default,));
    let builder_docs = if complete_when_empty {
        " A builder; no field is required."
    } else {
        " A builder."
    };
    quote! {
        #docs
        #[derive(Clone, Debug, #default PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields,)*
        }

        impl #name {
            #[doc = #builder_docs]
            pub fn builder() -> builder::#name {
                builder::#name::default()
            }
        }
    }
}

/// The check of what goes out, through every field that can hold a value of an open enum.
fn outgoing(name: &Ident, properties: &[Property]) -> TokenStream {
    let checks = properties.iter().filter_map(|property| {
        let ident = &property.ident;
        let shape = if property.optional {
            &Shape::Optional(Box::new(property.shape.clone()))
        } else {
            &property.shape
        };
        check(
            shape,
            &property.wire_name,
            &quote!(self.#ident),
            &quote!(&self.#ident),
        )
    });
    quote! {
        impl Outgoing for #name {
            fn check(&self) -> Result<(), InvalidRequest> {
                #(#checks)*
                Ok(())
            }
        }
    }
}

/// The check of a value, given as a place and as a reference to it.
fn check(
    shape: &Shape,
    wire_name: &str,
    place: &TokenStream,
    reference: &TokenStream,
) -> Option<TokenStream> {
    let is_checked = |shape: &Shape| match shape {
        Shape::Generated(_) => true,
        // A duration can be finer than the contract's seconds.
        Shape::Form(form) => **form == SECONDS_TEXT,
        _ => false,
    };
    if !shape.any(&is_checked) {
        return None;
    }
    // Options and lists check what they hold, and so name the index too.
    if !shape.any(&|shape| matches!(shape, Shape::Map(_) | Shape::Boxed(_))) {
        return Some(quote!(check_field(#wire_name, #reference)?;));
    }
    let (inner, values) = match shape {
        Shape::Boxed(inner) => {
            return check(
                inner,
                wire_name,
                &quote!(#place.as_ref()),
                &quote!(#place.as_ref()),
            );
        }
        Shape::Optional(inner) | Shape::List(inner) => (inner, quote!(#place.iter())),
        Shape::Map(inner) => (inner, quote!(#place.values())),
        _ => return None,
    };
    let inner = check(inner, wire_name, &quote!(value), &quote!(value))?;
    Some(quote!(for value in #values { #inner }))
}

fn builder(
    name: &Ident,
    properties: &[Property],
    complete_when_empty: bool,
    enums: &BTreeSet<String>,
) -> TokenStream {
    let docs = docs(&format!("A builder of [`{name}`](super::{name})."));
    let idents: Vec<_> = properties.iter().map(|property| &property.ident).collect();
    let module = quote!(super::);
    let fields = properties.iter().map(|property| {
        let ident = &property.ident;
        let value = property.shape.rust_type(&module);
        quote!(#ident: Option<#value>)
    });
    let setters = properties.iter().map(|property| {
        let (ident, setter) = (&property.ident, property.setter());
        let docs = super::prose::docs(&property.docs);
        let (taken, given) = taken(&property.shape, enums);
        quote! {
            #docs
            pub fn #setter(mut self, value: #taken) -> Self {
                self.#ident = Some(#given);
                self
            }
        }
    });
    let build = if complete_when_empty {
        quote! {
            #[doc = " The value."]
            pub fn build(self) -> super::#name {
                super::#name { #(#idents: self.#idents),* }
            }
        }
    } else {
        let (required, optional): (Vec<_>, Vec<_>) =
            properties.iter().partition(|property| !property.optional);
        let required: Vec<_> = required.iter().map(|property| &property.ident).collect();
        let optional: Vec<_> = optional.iter().map(|property| &property.ident).collect();
        let (text, names) = (
            name.to_string(),
            required.iter().map(|ident| ident.to_string()),
        );
        quote! {
            #[doc = " The value."]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " When a required field was not given; the error names all of them."]
            pub fn build(self) -> Result<super::#name, MissingFields> {
                match self {
                    Self { #(#required: Some(#required),)* #(#optional,)* } => Ok(super::#name { #(#idents),* }),
                    incomplete => Err(require(#text, &[#((#names, incomplete.#required.is_some())),*])),
                }
            }
        }
    };
    let conversion = if complete_when_empty {
        quote! {
            impl From<#name> for super::#name {
                fn from(builder: #name) -> Self {
                    builder.build()
                }
            }
        }
    } else {
        quote! {
            impl TryFrom<#name> for super::#name {
                type Error = MissingFields;
                fn try_from(builder: #name) -> Result<Self, MissingFields> {
                    builder.build()
                }
            }
        }
    };
    quote! {
        #docs
        #[derive(Clone, Debug, Default)]
        #[must_use = "nothing is made until `build` is called"]
        pub struct #name {
            #(#fields,)*
        }

        impl #name {
            #(#setters)*
            #build
        }

        #conversion
    }
}

/// What a setter takes for a value of this shape, and the expression that makes the value of it.
///
/// Numbers that are no decimals, flags, times, enums and maps are taken as they are, so that a literal needs no type; texts,
/// decimals, structs and lists as what converts into them, so that `&str` will do for a `String`, an integer for a `Decimal`,
/// and a builder for a struct.
fn taken(shape: &Shape, enums: &BTreeSet<String>) -> (TokenStream, TokenStream) {
    let module = quote!(super::);
    match shape {
        Shape::List(item) => {
            let item = item.rust_type(&module);
            (
                quote!(impl IntoIterator<Item = impl Into<#item>>),
                quote!(value.into_iter().map(Into::into).collect()),
            )
        }
        Shape::Boxed(inner) => {
            let (taken, given) = taken(inner, enums);
            (taken, quote!(Box::new(#given)))
        }
        shape => {
            let value = shape.rust_type(&module);
            let converts = match shape {
                Shape::Generated(name) => !enums.contains(&name.to_string()),
                shape => shape.is_decimal() || *shape == Shape::Text,
            };
            if converts {
                (quote!(impl Into<#value>), quote!(value.into()))
            } else {
                (value, quote!(value))
            }
        }
    }
}

/// An object that may hold anything.
fn free_form(item: &ItemStruct, docs: &TokenStream) -> Result<TokenStream, Error> {
    let name = &item.ident;
    let is_map = match &item.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            let inner = Shape::read(&fields.unnamed[0].ty, &format!("`{name}`"))?;
            inner == Shape::Other(shape::free_form())
        }
        _ => false,
    };
    if !is_map {
        return Err(unexpected(
            PASS,
            format!("`{name}` is neither an object nor free-form"),
        ));
    }
    Ok(quote! {
        #docs
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct #name(pub serde_json::Map<String, serde_json::Value>);

        impl Outgoing for #name {
            fn check(&self) -> Result<(), InvalidRequest> {
                Ok(())
            }
        }
    })
}
