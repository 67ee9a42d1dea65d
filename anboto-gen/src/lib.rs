//! The contract in, Rust source out.
//!
//! This crate is a pure function: no files, no network, no clock, no environment. Whoever calls it brings the bytes of the
//! contract and of the overlay, and does what it likes with the result; see `xtask` for the terminal, and this crate's tests
//! for the same call made by `cargo test`.
//!
//! ```text
//! Source (bytes) -> contract::Contract -> overlay::Overlay::apply -> progenitor -> passes -> Generation (files)
//! ```

mod caught;
pub mod contract;
pub mod drift;
mod error;
mod generate;
mod lower;
mod model;
mod names;
pub mod overlay;
mod passes;
mod progenitor;
mod skeleton;

pub use error::{Error, Place};
pub use generate::{Finding, FindingKind, Generation, generate};

/// A document and the name by which error messages call it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What the reader of an error needs in order to find the document: a path or a URL.
    pub name: &'a str,
    /// The document as it was read or received.
    pub bytes: &'a [u8],
}
