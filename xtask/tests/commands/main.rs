//! The commands on workspaces of their own, with a generator, a clock and a server of their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod binary;
mod check;
mod crash;
mod fetch;
mod regen;
mod server;
mod world;
