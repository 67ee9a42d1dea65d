//! The types of requests and answers.

use proc_macro2::TokenStream;
use quote::quote;

use super::output::Output;
use super::{enums, structs};
use crate::Error;
use crate::model::Model;

pub(super) fn run(output: &Output, model: &Model) -> Result<TokenStream, Error> {
    let enums = enums::run(output, model)?;
    let conversions = enums::conversions(model)?;
    let structs = structs::run(output, model)?;
    let (types, builders) = (structs.types, structs.builders);
    Ok(quote! {
        #![doc = " The types of requests and answers."]
        #![doc = ""]
        #![doc = " Enums are open and structs may gain fields, so neither can be matched exhaustively. Structs are made by their"]
        #![doc = " builders; their fields can be read and changed."]
        // The implementations below have to name the values that left the contract.
        #![allow(deprecated, unused_imports)]

        use std::collections::BTreeMap;
        use std::time::Duration;

        use chrono::{DateTime, Utc};
        use rust_decimal::Decimal;
        use serde::{Deserialize, Serialize};

        use crate::codec::{As, DateTimeText, DecimalNumber, DecimalText, SecondsText, UnixMs};
        use crate::open_enum::{OpenEnum, UnknownValue, convert_enum, open_enum};
        use crate::outgoing::{InvalidRequest, MissingFields, Outgoing, check_field, require};

        #enums
        #conversions
        #types

        #[doc = " Builders of the types, each made by the `builder` function of its type."]
        pub mod builder {
            use super::*;
            #builders
        }
    })
}
