//! Structs: exact decimals and typed times in their fields, open to new fields, each with a builder.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Field, Fields, GenericArgument, ItemStruct, PathArguments, Type};

use super::output::{Output, argument, last_segment};
use super::prose::{docs, sentence, words};
use super::unexpected;
use crate::Error;
use crate::lower::FORMS;
use crate::model::Model;

const PASS: &str = "structs";

pub(super) struct Structs {
    pub(super) types: TokenStream,
    pub(super) builders: TokenStream,
}

/// A field of a generated struct.
struct Property {
    ident: Ident,
    wire_name: String,
    /// The type as the user sees it.
    rust_type: Type,
    /// The type with markers in it, when the value has a written form of its own.
    form: Option<Type>,
    optional: bool,
    docs: String,
}

pub(super) fn run(output: &Output, model: &Model) -> Result<Structs, Error> {
    let mut structs = BTreeMap::new();
    for item in &output.structs {
        if let Fields::Named(fields) = &item.fields {
            let properties = fields
                .named
                .iter()
                .map(|field| property(item, field, model))
                .collect::<Result<Vec<_>, _>>()?;
            structs.insert(item.ident.to_string(), properties);
        }
    }
    let complete_when_empty: BTreeSet<&str> = structs
        .iter()
        .filter(|(_, properties)| properties.iter().all(|property| property.optional))
        .map(|(name, _)| name.as_str())
        .collect();
    let enums: BTreeSet<String> = output
        .enums
        .iter()
        .map(|item| item.ident.to_string())
        .collect();
    let names: BTreeSet<String> = structs.keys().chain(&enums).cloned().collect();
    let mut types = TokenStream::new();
    let mut builders = TokenStream::new();
    for item in &output.structs {
        let name = &item.ident;
        let description = model
            .schema(&name.to_string())
            .map(|schema| schema.description.as_str())
            .unwrap_or_default();
        let docs = docs(&words(description, &format!("`{name}` of the contract.")));
        match structs.get(&name.to_string()) {
            Some(properties) => {
                let empty = complete_when_empty.contains(name.to_string().as_str());
                types.extend(struct_type(name, &docs, properties, empty));
                types.extend(outgoing(name, properties, &names));
                builders.extend(builder(name, properties, empty, &enums));
            }
            None => types.extend(newtype(item, &docs)?),
        }
    }
    Ok(Structs { types, builders })
}

fn property(item: &ItemStruct, field: &Field, model: &Model) -> Result<Property, Error> {
    let ident = field
        .ident
        .clone()
        .ok_or_else(|| unexpected(PASS, format!("`{}` has a field without a name", item.ident)))?;
    let serde = SerdeAttributes::read(field)?;
    let wire_name = serde
        .rename
        .unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned());
    let at = format!("{}.{wire_name}", item.ident);
    let mut rust_type = simplify(&field.ty, &at, &|marker| rust_type(marker))?;
    let mut with_markers = simplify(&field.ty, &at, &|marker| syn::parse_str(marker).ok())?;
    let optional = serde.default || argument(&rust_type, "Option").is_some();
    if optional && argument(&rust_type, "Option").is_none() {
        // typify gives an optional list or map no Option; but what is absent (nobody asked) is not what is empty.
        rust_type = syn::parse_quote!(Option<#rust_type>);
        with_markers = syn::parse_quote!(Option<#with_markers>);
    }
    let schema = model.schema(&item.ident.to_string());
    let description = schema
        .and_then(|schema| schema.properties.get(&wire_name))
        .map(String::as_str)
        .unwrap_or_default();
    Ok(Property {
        form: (with_markers != rust_type).then_some(with_markers),
        docs: sentence(&words(
            description,
            &format!("`{wire_name}` of the contract."),
        )),
        ident,
        wire_name,
        rust_type,
        optional,
    })
}

/// The Rust type that a marker of [`FORMS`] stands for.
fn rust_type(marker: &str) -> Option<Type> {
    let form = FORMS.iter().find(|form| form.marker == marker)?;
    syn::parse_str(form.rust_type).ok()
}

/// A type of typify's in short: std's containers without their paths, markers (`crate::codec::…`) as `marker` says.
pub(super) fn simplify(
    ty: &Type,
    at: &str,
    marker: &dyn Fn(&str) -> Option<Type>,
) -> Result<Type, Error> {
    let Type::Path(path) = ty else {
        // `()` stands for a schema that allows nothing.
        return Ok(ty.clone());
    };
    let mut segments: Vec<String> = path
        .path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    if segments.first().is_some_and(|first| first == "crate")
        && segments.get(1).is_some_and(|second| second == "codec")
    {
        let name = segments.pop().unwrap_or_default();
        return marker(&name)
            .ok_or_else(|| unexpected(PASS, format!("`{at}` is in the unknown form `{name}`")));
    }
    let name = segments.last().cloned().unwrap_or_default();
    if name == "f64" || name == "f32" {
        return Err(unexpected(
            PASS,
            format!("`{at}` is a float, where every number has to be exact"),
        ));
    }
    let mut short = path.clone();
    if segments.first().is_some_and(|first| first == "std")
        && matches!(
            name.as_str(),
            "Option" | "Vec" | "BTreeMap" | "String" | "Box"
        )
    {
        let last = short.path.segments.last().cloned();
        short.path = syn::Path {
            leading_colon: None,
            segments: last.into_iter().collect(),
        };
    }
    // `types::builder::Order`, as the builders of calls have it, is `types::Order` to the user.
    if segments.iter().any(|segment| segment == "builder") {
        short.path.segments = short
            .path
            .segments
            .into_iter()
            .filter(|segment| segment.ident != "builder")
            .collect();
    }
    for segment in &mut short.path.segments {
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
            for argument in &mut arguments.args {
                if let GenericArgument::Type(inner) = argument {
                    *inner = simplify(inner, at, marker)?;
                }
            }
        }
    }
    Ok(Type::Path(short))
}

/// What typify says of a field to serde.
#[derive(Default)]
struct SerdeAttributes {
    rename: Option<String>,
    default: bool,
}

impl SerdeAttributes {
    fn read(field: &Field) -> Result<Self, Error> {
        let mut read = Self::default();
        for attribute in field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("serde"))
        {
            attribute
                .parse_nested_meta(|meta| {
                    if meta.path.is_ident("rename") {
                        read.rename = Some(meta.value()?.parse::<syn::LitStr>()?.value());
                        return Ok(());
                    }
                    read.default |= meta.path.is_ident("default");
                    if meta.input.peek(syn::Token![=]) {
                        meta.value()?.parse::<syn::Expr>()?;
                    }
                    Ok(())
                })
                .map_err(|error| unexpected(PASS, error))?;
        }
        Ok(read)
    }
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
            rust_type,
            form,
            optional,
            ..
        } = property;
        let mut serde = Vec::new();
        if ident.to_string().trim_start_matches("r#") != wire_name {
            serde.push(quote!(rename = #wire_name));
        }
        if let Some(form) = form {
            let with = format!("As::<{}>", quote!(#form))
                .replace(' ', "")
                .replace(',', ", ");
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
fn outgoing(name: &Ident, properties: &[Property], generated: &BTreeSet<String>) -> TokenStream {
    let checks: Vec<_> = properties
        .iter()
        .filter(|property| {
            innermost(&property.rust_type).is_some_and(|inner| generated.contains(&inner))
        })
        .map(
            |Property {
                 ident, wire_name, ..
             }| quote!(check_field(#wire_name, &self.#ident)?;),
        )
        .collect();
    quote! {
        impl Outgoing for #name {
            fn check(&self) -> Result<(), InvalidRequest> {
                #(#checks)*
                Ok(())
            }
        }
    }
}

/// The name of the type inside `Option` and `Vec`.
fn innermost(ty: &Type) -> Option<String> {
    match argument(ty, "Option").or_else(|| argument(ty, "Vec")) {
        Some(inner) => innermost(inner),
        None => last_segment(ty),
    }
}

fn builder(
    name: &Ident,
    properties: &[Property],
    complete_when_empty: bool,
    enums: &BTreeSet<String>,
) -> TokenStream {
    let docs = docs(&format!("A builder of [`{name}`](super::{name})."));
    let idents: Vec<_> = properties.iter().map(|property| &property.ident).collect();
    let fields = properties.iter().map(
        |Property {
             ident, rust_type, ..
         }| {
            let value = argument(rust_type, "Option").unwrap_or(rust_type);
            // Inside the module of builders a bare name is a builder.
            let value = match argument(value, "Vec") {
                Some(item) => {
                    let item = qualified(item);
                    quote!(Vec<#item>)
                }
                None => qualified(value),
            };
            quote!(#ident: Option<#value>)
        },
    );
    let values: Vec<_> = properties
        .iter()
        .map(|property| argument(&property.rust_type, "Option").unwrap_or(&property.rust_type))
        .collect();
    let setters = properties.iter().zip(&values).map(|(property, value)| {
        let ident = &property.ident;
        let docs = super::prose::docs(&property.docs);
        let (taken, given) = taken(value, enums);
        quote! {
            #docs
            pub fn #ident(mut self, value: #taken) -> Self {
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

/// What a setter takes for a value of this type, and the expression that makes the value of it.
///
/// Numbers that are no decimals, flags, times and enums are taken as they are, so that a literal needs no type; all else as what
/// converts into it, so that `&str` will do for a `String`, an integer for a `Decimal`, and a builder for a struct.
fn taken(value: &Type, enums: &BTreeSet<String>) -> (TokenStream, TokenStream) {
    if let Some(item) = argument(value, "Vec") {
        let item = qualified(item);
        return (
            quote!(impl IntoIterator<Item = impl Into<#item>>),
            quote!(value.into_iter().map(Into::into).collect()),
        );
    }
    match last_segment(value) {
        Some(name) if matches!(name.as_str(), "String" | "Decimal") => {
            (quote!(impl Into<#value>), quote!(value.into()))
        }
        Some(name) if is_plain(&name) => (quote!(#value), quote!(value)),
        Some(name) if enums.contains(&name) => (quote!(super::#value), quote!(value)),
        _ => {
            let value = qualified(value);
            (quote!(impl Into<#value>), quote!(value.into()))
        }
    }
}

/// A type that is in scope under its bare name, where a generated one is hidden by its builder and has to be `super::Order`.
fn qualified(ty: &Type) -> TokenStream {
    match last_segment(ty) {
        Some(name) if is_plain(&name) || matches!(name.as_str(), "String" | "Decimal") => {
            quote!(#ty)
        }
        _ => quote!(super::#ty),
    }
}

fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "i8" | "i16"
            | "i32"
            | "i64"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "bool"
            | "DateTime"
            | "Duration"
            | "BTreeMap"
    )
}

/// A free-form object.
fn newtype(item: &ItemStruct, docs: &TokenStream) -> Result<TokenStream, Error> {
    let name = &item.ident;
    let Fields::Unnamed(fields) = &item.fields else {
        return Err(unexpected(PASS, format!("`{name}` has no fields")));
    };
    let [field] = fields.unnamed.iter().collect::<Vec<_>>()[..] else {
        return Err(unexpected(PASS, format!("`{name}` is a tuple")));
    };
    let inner = simplify(&field.ty, &name.to_string(), &|marker| rust_type(marker))?;
    if innermost(&inner).as_deref() == Some("Map") {
        return Ok(quote! {
            #docs
            #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct #name(pub serde_json::Map<String, serde_json::Value>);

            impl Outgoing for #name {
                fn check(&self) -> Result<(), InvalidRequest> {
                    Ok(())
                }
            }
        });
    }
    let pass = format!(
        "schema `{name}` is a name for a single value, which this generator makes no type for; mend it in the overlay"
    );
    Err(Error::new(pass))
}
