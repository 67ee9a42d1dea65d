//! How values stand in JSON where serde's own form will not do: decimals, times and durations.
//!
//! Each type here names one written form; a generated field says which one it has by `#[serde(with = "As::<Form>")]`. Reading is
//! tolerant of every form the API has been seen to use (a number or a string), writing keeps to the form of the contract.

mod decimal;
mod time;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use decimal::{DecimalNumber, DecimalText};
pub(crate) use time::{DateTimeText, SecondsText, UnixMs, unix_ms};

/// A written form of `T`.
pub(crate) trait Form<T> {
    fn write<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>;
}

/// The adapter between [`Form`] and `#[serde(with = "…")]`.
pub(crate) struct As<F>(PhantomData<F>);

impl<F> As<F> {
    pub(crate) fn serialize<T, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        F: Form<T>,
    {
        F::write(value, serializer)
    }

    pub(crate) fn deserialize<'de, T, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
    where
        F: Form<T>,
    {
        F::read(deserializer)
    }
}

/// A value in the form `F`, for the containers below.
struct InForm<T, F>(T, PhantomData<F>);

impl<'de, T, F: Form<T>> Deserialize<'de> for InForm<T, F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        F::read(deserializer).map(|value| Self(value, PhantomData))
    }
}

struct RefInForm<'a, T, F>(&'a T, PhantomData<F>);

impl<T, F: Form<T>> Serialize for RefInForm<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        F::write(self.0, serializer)
    }
}

impl<T, F: Form<T>> Form<Option<T>> for Option<F> {
    fn write<S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value
            .as_ref()
            .map(|value| RefInForm::<T, F>(value, PhantomData))
            .serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<InForm<T, F>>::deserialize(deserializer)?.map(|read| read.0))
    }
}

impl<T, F: Form<T>> Form<Vec<T>> for Vec<F> {
    fn write<S: Serializer>(value: &Vec<T>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            value
                .iter()
                .map(|value| RefInForm::<T, F>(value, PhantomData)),
        )
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        let read = Vec::<InForm<T, F>>::deserialize(deserializer)?;
        Ok(read.into_iter().map(|read| read.0).collect())
    }
}

impl<T, F: Form<T>> Form<BTreeMap<String, T>> for BTreeMap<String, F> {
    fn write<S: Serializer>(value: &BTreeMap<String, T>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            value
                .iter()
                .map(|(key, value)| (key, RefInForm::<T, F>(value, PhantomData))),
        )
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error> {
        let read = BTreeMap::<String, InForm<T, F>>::deserialize(deserializer)?;
        Ok(read.into_iter().map(|(key, read)| (key, read.0)).collect())
    }
}

/// A string that shows at most its first 60 characters, for error messages.
struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(60) {
            Some((end, _)) => write!(f, "`{}…`", &self.0[..end]),
            None => write!(f, "`{}`", self.0),
        }
    }
}
