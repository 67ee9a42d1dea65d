//! The calls: a method of the client and a builder for each operation.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

use super::operations::effect;
use super::output::{CallTypes, Output, argument, last_segment};
use super::prose::{docs, sentence, words};
use super::structs::simplify;
use super::unexpected;
use crate::Error;
use crate::model::{Answer, Effect, Location, Model, Operation, Parameter, ParameterKind};

const PASS: &str = "calls";

pub(super) fn run(output: &Output, model: &Model) -> Result<TokenStream, Error> {
    let mut methods = Vec::new();
    let mut calls = Vec::new();
    for operation in &model.operations {
        let types = output
            .calls
            .get(&operation.type_name())
            .ok_or_else(|| unexpected(PASS, format!("no builder `{}`", operation.type_name())))?;
        methods.push(method(operation));
        calls.push(call(operation, types)?);
    }
    let known = model.operations.len();
    if let Some(name) = output.calls.keys().find(|name| {
        !model
            .operations
            .iter()
            .any(|operation| operation.type_name() == **name)
    }) {
        return Err(unexpected(
            PASS,
            format!("builder `{name}` belongs to none of the {known} operations"),
        ));
    }
    Ok(quote! {
        #![doc = " A builder for each operation, made by the method of [`Client`] of the same name."]
        #![doc = ""]
        #![doc = " Nothing is sent until `send` is awaited. What is wrong with a request shows there too, before anything is sent."]

        use chrono::{DateTime, Utc};

        use super::{operations, types};
        use crate::call::Call;
        use crate::{Client, Error, InvalidRequest, ResponseValue, codec, decode};

        impl Client {
            #(#methods)*
        }

        #(#calls)*
    })
}

fn method(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.method_name());
    let builder = format_ident!("{}", operation.type_name());
    let entry = format_ident!("{}", operation.static_name());
    let docs = docs(&documentation(operation));
    quote! {
        #docs
        pub fn #name(&self) -> #builder<'_> {
            #builder { client: self, call: Call::new(&operations::#entry) }
        }
    }
}

/// What an operation does, its effect and its errors, as the contract and the overlay have it.
fn documentation(operation: &Operation) -> String {
    let mut text = sentence(&words(
        &operation.summary,
        &format!("Calls `{}`.", operation.id),
    ));
    let mut paragraph = |words: &str| {
        if !words.trim().is_empty() {
            text.push_str("\n\n");
            text.push_str(words);
        }
    };
    paragraph(&words(&operation.description, ""));
    let signed = if operation.signed {
        "signed"
    } else {
        "not signed"
    };
    let meaning = match operation.effect {
        Some(Effect::Read) => "It changes nothing and may be repeated at any time.",
        Some(Effect::RepeatableWrite) => "It changes something, and a repeat adds nothing to that.",
        Some(Effect::Write) => {
            "It changes something each time it is executed: after an error that\n\
             [may have been executed](crate::Error::may_have_been_executed), find out before sending it again."
        }
        Some(Effect::NeverRepeatedWrite) => {
            "It changes whatever is there at that moment: after an error that\n\
             [may have been executed](crate::Error::may_have_been_executed), look at the result and never send it again blindly."
        }
        None => "Nobody has classified it yet, so it counts as a write that is never repeated.",
    };
    paragraph(&format!(
        "`{} {}`, {signed}. Effect: [`{}`](crate::Effect::{}).\n{meaning}",
        operation.method,
        operation.path,
        effect(operation.effect),
        effect(operation.effect),
    ));
    let success = sentence(&words(&operation.success_description, "the answer"));
    paragraph(&format!("Success is {}: {success}", operation.success));
    let mut errors =
        "# Errors\nWhatever goes wrong is an [`Error`]. The contract documents".to_owned();
    if operation.failures.is_empty() {
        errors.push_str(" no error status.");
    } else {
        errors.push(':');
        for (status, description) in &operation.failures {
            errors.push_str(&format!(
                "\n- {status}: {}",
                sentence(&words(description, "no words"))
            ));
        }
    }
    paragraph(&errors);
    text
}

fn call(operation: &Operation, types: &CallTypes) -> Result<TokenStream, Error> {
    let builder = format_ident!("{}", operation.type_name());
    let method = operation.method_name();
    let builder_docs = docs(&format!("The call that [`Client::{method}`] makes."));
    let mut setters = Vec::new();
    let mut requirements = Vec::new();
    let mut known = Vec::new();
    for parameter in &operation.parameters {
        let field = rust_name(&parameter.name);
        let ty = types.fields.get(&field).ok_or_else(|| {
            unexpected(
                PASS,
                format!(
                    "builder `{builder}` has no `{field}` for parameter `{}`",
                    parameter.name
                ),
            )
        })?;
        setters.push(setter(operation, parameter, &field, ty)?);
        if parameter.required {
            let name = &parameter.name;
            requirements.push(quote!(self.call.require(#name);));
        }
        known.push(field);
    }
    if let Some(body) = &operation.body {
        let ty = types
            .fields
            .get("body")
            .ok_or_else(|| unexpected(PASS, format!("builder `{builder}` has no `body`")))?;
        let ty = simplify(ty, &format!("the body of {}", operation.id), &|_| None)?;
        let docs = docs(&sentence(&words(
            &body.description,
            "The body of the request.",
        )));
        setters.push(quote! {
            #docs
            #[doc = ""]
            #[doc = " Takes the value, or its builder."]
            pub fn body<B>(mut self, body: B) -> Self
            where
                B: TryInto<#ty>,
                B::Error: Into<InvalidRequest>,
            {
                self.call.json(body.try_into().map_err(Into::into));
                self
            }
        });
        if body.required {
            requirements.push(quote!(self.call.require_body();));
        }
        known.push("body".to_owned());
    }
    if let Some(field) = types.fields.keys().find(|field| !known.contains(field)) {
        return Err(unexpected(
            PASS,
            format!("builder `{builder}` has a `{field}` that the contract does not know"),
        ));
    }
    let answer = simplify(
        &types.answer,
        &format!("the answer of {}", operation.id),
        &|_| None,
    )?;
    let answer = if operation.answer == Answer::Nothing {
        syn::parse_quote!(())
    } else {
        answer
    };
    let decode = format_ident!(
        "{}",
        match operation.answer {
            Answer::Json => "json",
            Answer::Text => "text",
            Answer::JavaMap => "java_map",
            Answer::OneOrManyOrders => "one_or_many_orders",
            Answer::Nothing => "nothing",
        }
    );
    let send_docs = docs(&format!(
        "Sends the call and waits for its answer.\n\n# Errors\nAs [`Client::{method}`] says; also when the request itself is \
         incomplete or wrong, in which case nothing is sent."
    ));
    let mutable = (!requirements.is_empty()).then(|| quote!(mut));
    Ok(quote! {
        #builder_docs
        #[derive(Clone, Debug)]
        #[must_use = "nothing is sent until `send` is awaited"]
        pub struct #builder<'a> {
            client: &'a Client,
            call: Call,
        }

        impl #builder<'_> {
            #(#setters)*

            #send_docs
            pub async fn send(#mutable self) -> Result<ResponseValue<#answer>, Error> {
                #(#requirements)*
                self.client.execute(self.call, decode::#decode).await
            }
        }
    })
}

fn setter(
    operation: &Operation,
    parameter: &Parameter,
    field: &str,
    ty: &Type,
) -> Result<TokenStream, Error> {
    let ident = format_ident!("{field}");
    let name = &parameter.name;
    let at = format!("parameter `{name}` of {}", operation.id);
    let described = sentence(&words(
        &parameter.description,
        &format!("`{name}` of the contract."),
    ));
    let docs = docs(&if parameter.required {
        format!("{described} Required.")
    } else {
        described
    });
    let ty = simplify(ty, &at, &|marker| match marker {
        "UnixMs" | "DateTimeText" => Some(syn::parse_quote!(DateTime<Utc>)),
        "DecimalText" | "DecimalNumber" => Some(syn::parse_quote!(rust_decimal::Decimal)),
        _ => None,
    })?;
    let add = format_ident!(
        "{}",
        if parameter.location == Location::Path {
            "path"
        } else {
            "query"
        }
    );
    let (taken, statement) = match parameter.kind {
        ParameterKind::List { .. } => {
            let item =
                argument(&ty, "Vec").ok_or_else(|| unexpected(PASS, format!("{at} is no list")))?;
            (
                quote!(impl IntoIterator<Item = impl Into<#item>>),
                quote!(self.call.query_list(#name, value.into_iter().map(Into::<#item>::into))),
            )
        }
        ParameterKind::UnixMs => (
            quote!(#ty),
            quote!(self.call.#add(#name, codec::unix_ms(value))),
        ),
        ParameterKind::Listed => (quote!(#ty), quote!(self.call.query_listed(#name, value))),
        ParameterKind::Plain if last_segment(&ty).as_deref() == Some("String") => (
            quote!(impl Into<String>),
            quote!(self.call.#add(#name, value.into())),
        ),
        ParameterKind::Plain => (quote!(#ty), quote!(self.call.#add(#name, value))),
    };
    Ok(quote! {
        #docs
        pub fn #ident(mut self, value: #taken) -> Self {
            #statement;
            self
        }
    })
}

/// The name of a parameter as progenitor writes it, without the mark of a raw identifier.
fn rust_name(wire_name: &str) -> String {
    let name = wire_name.to_snake_case();
    // The reserved words that a parameter might really have; progenitor appends an underscore.
    if syn::parse_str::<syn::Ident>(&name).is_ok() {
        name
    } else {
        format!("{name}_")
    }
}
