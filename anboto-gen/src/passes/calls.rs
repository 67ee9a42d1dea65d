//! The calls: a method of the client and a builder for each operation.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::operations::effect;
use super::output::{CallTypes, Output};
use super::prose::{docs, sentence, words};
use super::shape::Shape;
use super::unexpected;
use crate::lower::{DATE_TIME_TEXT, SECONDS_TEXT, UNIX_MS, member_name, operation_name};
use crate::model::{Answer, Effect, Location, Model, Operation, Parameter};
use crate::names::setter_name;
use crate::{Error, caught};

const PASS: &str = "calls";

pub(super) fn run(output: &Output, model: &Model) -> Result<TokenStream, Error> {
    let mut methods = Vec::new();
    let mut calls = Vec::new();
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    let enums: BTreeSet<String> = output
        .enums
        .iter()
        .map(|item| item.ident.to_string())
        .collect();
    for (index, operation) in model.operations.iter().enumerate() {
        // The method's name follows from the type's, so two of one type are two of one method too.
        if let Some(other) = names.insert(operation.type_name(), &operation.id) {
            return Err(Error::new(format!(
                "operations `{other}` and `{}` would both be the call `{}`; rename one in the overlay",
                operation.id,
                operation.type_name()
            )));
        }
        let name = operation_name(index);
        let types = output
            .calls
            .get(&name)
            .ok_or_else(|| unexpected(PASS, format!("no builder `{name}`")))?;
        let what = format!("operation `{}`", operation.id);
        calls.push(caught::item("pass `calls`", what, || {
            methods.push(method(operation));
            call(operation, types, &enums)
        })?);
    }
    let (known, made) = (model.operations.len(), output.calls.len());
    if made != known {
        return Err(unexpected(
            PASS,
            format!("{made} builders for {known} operations"),
        ));
    }
    Ok(quote! {
        #![doc = " A builder for each operation, made by the method of [`Client`] of the same name."]
        #![doc = ""]
        #![doc = " Nothing is sent until `send` is awaited. What is wrong with a request shows there too, before anything is sent."]

        // Which of these are needed depends on the parameters.
        #![allow(unused_imports)]

        use std::collections::BTreeMap;
        use std::time::Duration;

        use chrono::{DateTime, Utc};
        use rust_decimal::Decimal;

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

fn call(
    operation: &Operation,
    types: &CallTypes,
    enums: &BTreeSet<String>,
) -> Result<TokenStream, Error> {
    let id = &operation.id;
    let builder = format_ident!("{}", operation.type_name());
    let method = operation.method_name();
    let builder_docs = docs(&format!("The call that [`Client::{method}`] makes."));
    let mut setters = Vec::new();
    let mut requirements = Vec::new();
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let field = member_name(index);
        let name = parameter.name.as_str();
        let ty = types.fields.get(&field).ok_or_else(|| {
            unexpected(
                PASS,
                format!("the builder of `{id}` has no `{field}` for parameter `{name}`"),
            )
        })?;
        let at = format!("parameter `{name}` of operation `{id}`");
        let shape = Shape::read(ty, &at)?;
        let setter_name = setter_name(name, &["body", "clone", "send"]);
        setters.push(setter(parameter, &at, &setter_name, &shape, enums)?);
        if let Some(other) = names.insert(setter_name, name) {
            return Err(Error::new(format!(
                "parameters `{other}` and `{name}` of operation `{id}` would have one setter; remove one in the overlay"
            )));
        }
        if parameter.required {
            requirements.push(quote!(self.call.require(#name);));
        }
    }
    let module = quote!(types::);
    if let Some(body) = &operation.body {
        let ty = types
            .fields
            .get("body")
            .ok_or_else(|| unexpected(PASS, format!("the builder of `{id}` has no `body`")))?;
        let at = format!("the body of operation `{id}`");
        let shape = Shape::read(ty, &at)?;
        let checked = match &shape {
            Shape::List(item) => item,
            shape => shape,
        };
        if !matches!(checked, Shape::Generated(_)) {
            return Err(Error::new(format!(
                "{at} is neither an object nor a list of objects; the client can send no other"
            )));
        }
        let ty = shape.rust_type(&module);
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
    }
    let expected = operation.parameters.len() + usize::from(operation.body.is_some());
    if types.fields.len() != expected {
        return Err(unexpected(
            PASS,
            format!(
                "the builder of `{id}` has {} fields for {expected} inputs",
                types.fields.len()
            ),
        ));
    }
    let at = format!("the answer of operation `{id}`");
    let answer = Shape::read(&types.answer, &at)?;
    if answer.form().is_some() {
        return Err(Error::new(format!(
            "{at} holds numbers or times outside of an object, which the client cannot read exactly; correct it in the overlay"
        )));
    }
    let answer = answer.rust_type(&module);
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
    parameter: &Parameter,
    at: &str,
    setter_name: &str,
    shape: &Shape,
    enums: &BTreeSet<String>,
) -> Result<TokenStream, Error> {
    let ident = format_ident!("{setter_name}");
    let name = &parameter.name;
    let described = sentence(&words(
        &parameter.description,
        &format!("`{name}` of the contract."),
    ));
    let docs = docs(&if parameter.required {
        format!("{described} Required.")
    } else {
        described
    });
    let is_enum = |name: &proc_macro2::Ident| enums.contains(&name.to_string());
    let add = match (parameter.location, shape) {
        (Location::Path, _) => format_ident!("path"),
        (Location::Query, Shape::Generated(name)) if is_enum(name) => format_ident!("query_listed"),
        (Location::Query, _) => format_ident!("query"),
    };
    let ty = shape.rust_type(&quote!(types::));
    let (taken, statement) = match shape {
        Shape::List(item) => {
            let written = written(item, quote!(value), &is_enum).ok_or_else(|| no_text(at))?;
            let item_type = item.rust_type(&quote!(types::));
            let mapped = match &**item {
                Shape::Form(form) if **form == UNIX_MS => quote!(.map(codec::unix_ms)),
                Shape::Form(_) if !item.is_decimal() => quote!(.map(|value| #written)),
                _ => TokenStream::new(),
            };
            let values = quote!(value.into_iter().map(Into::<#item_type>::into) #mapped);
            (
                quote!(impl IntoIterator<Item = impl Into<#item_type>>),
                quote!(self.call.query_list(#name, #values)),
            )
        }
        Shape::Text => (
            quote!(impl Into<String>),
            quote!(self.call.#add(#name, value.into())),
        ),
        shape => {
            let written = written(shape, quote!(value), &is_enum).ok_or_else(|| no_text(at))?;
            (ty, quote!(self.call.#add(#name, #written)))
        }
    };
    Ok(quote! {
        #docs
        pub fn #ident(mut self, value: #taken) -> Self {
            #statement;
            self
        }
    })
}

fn no_text(at: &str) -> Error {
    Error::new(format!(
        "{at} is no single value, nor a list of such; correct it in the overlay"
    ))
}

/// A value in a URL: an expression that displays as its text. `None` for what is no single value.
fn written(
    shape: &Shape,
    value: TokenStream,
    is_enum: &dyn Fn(&proc_macro2::Ident) -> bool,
) -> Option<TokenStream> {
    match shape {
        Shape::Form(form) if **form == UNIX_MS => Some(quote!(codec::unix_ms(#value))),
        Shape::Form(form) if **form == DATE_TIME_TEXT => {
            Some(quote!(#value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)))
        }
        Shape::Form(form) if **form == SECONDS_TEXT => Some(quote!(#value.as_secs())),
        Shape::Form(_) | Shape::Text => Some(value),
        Shape::Generated(name) if is_enum(name) => Some(value),
        Shape::Other(ty) => {
            matches!(&**ty, syn::Type::Path(path) if path.path.get_ident().is_some())
                .then_some(value)
        }
        _ => None,
    }
}
