//! The table of operations.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::prose::{docs, sentence, words};
use crate::model::{Effect, Model, Operation};
use crate::{Error, caught};

pub(super) fn run(model: &Model) -> Result<TokenStream, Error> {
    let mut statics = Vec::new();
    let mut names = Vec::new();
    for operation in &model.operations {
        let what = format!("operation `{}`", operation.id);
        statics.push(caught::item("pass `operations`", what, || {
            entry(operation)
        })?);
        names.push(format_ident!("{}", operation.static_name()));
    }
    let count = names.len();
    Ok(quote! {
        #![doc = " The table of operations: all that decides how a call is sent and whether it may be repeated."]
        use reqwest::Method;
        use crate::operation::{Effect, Operation};

        #[doc = " Every operation of the contract, by its id."]
        pub static ALL: [&Operation; #count] = [#(&#names),*];

        #(#statics)*
    })
}

fn entry(operation: &Operation) -> Result<TokenStream, Error> {
    let name = format_ident!("{}", operation.static_name());
    let method = match operation.method.as_str() {
        method @ ("GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS" | "TRACE") => {
            format_ident!("{method}")
        }
        other => {
            return Err(Error::new(format!(
                "operation `{}`: unknown method {other}",
                operation.id
            )));
        }
    };
    let (id, path, signed, success) = (
        &operation.id,
        &operation.path,
        operation.signed,
        operation.success,
    );
    let effect = effect(operation.effect);
    let docs = docs(&sentence(&words(&operation.summary, &format!("`{id}`."))));
    Ok(quote! {
        #docs
        pub static #name: Operation = Operation::new(#id, Method::#method, #path, #signed, Effect::#effect, #success);
    })
}

/// The variant of `anboto_api::Effect`; what nobody has classified is treated as the most dangerous.
pub(super) fn effect(effect: Option<Effect>) -> proc_macro2::Ident {
    match effect.unwrap_or(Effect::NeverRepeatedWrite) {
        Effect::Read => format_ident!("Read"),
        Effect::RepeatableWrite => format_ident!("RepeatableWrite"),
        Effect::Write => format_ident!("Write"),
        Effect::NeverRepeatedWrite => format_ident!("NeverRepeatedWrite"),
    }
}
