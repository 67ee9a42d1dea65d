//! The drift report: a pair of contracts for every rule, properties of random pairs, and the reports of three revisions.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod contracts;
mod format;
mod properties;
mod reports;
mod rules;
