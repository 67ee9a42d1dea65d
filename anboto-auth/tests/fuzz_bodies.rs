//! The bodies of the fuzz targets, with bytes of a fixed seed: damaged copies of good inputs.
//!
//! Each test runs for a moment; `ANBOTO_FUZZ_SECONDS=60` makes it a minute, as the scheduled check does. Real fuzzing is
//! `cargo +nightly fuzz run pem` in this crate's folder.
#![cfg(all(feature = "aws-lc-rs", feature = "rustcrypto", feature = "verify"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "public for the fuzz targets")]
mod bodies;
mod common;

use std::time::{Duration, Instant};

/// SplitMix64 (Steele, Lea, Flood 2014): a few lines, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// A copy with one to four damages: a bit, a byte, a cut, a piece twice.
    fn damaged(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(4) {
            let position = self.below(bytes.len());
            let end = (position + self.below(8)).min(bytes.len());
            match self.below(5) {
                0 if !bytes.is_empty() => bytes[position] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[position] = self.next() as u8,
                2 => drop(bytes.drain(position..end)),
                3 => {
                    let piece = bytes[position..end].to_vec();
                    bytes.splice(position..position, piece);
                }
                _ => bytes.insert(position, b"%&=+:,\n -"[self.below(9)]),
            }
        }
        bytes
    }
}

fn run(seeds: &[Vec<u8>], body: fn(&[u8])) {
    let seconds = std::env::var("ANBOTO_FUZZ_SECONDS").map_or(1, |text| text.parse().unwrap());
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(42);
    for seed in seeds {
        body(seed);
    }
    while Instant::now() < end {
        let seed = &seeds[random.below(seeds.len())];
        body(&random.damaged(seed));
    }
}

#[test]
fn query() {
    let seeds = [
        "",
        "endMs=1700000000000&limit=10&startMs=1690000000000",
        "symbol=BTC%2FUSDT%3AUSDT&exchange=binance&a=+&b=%2B&c=%C5%BC",
        "orderIds=1,2&orderIds=3&&=&x",
    ];
    run(&seeds.map(|seed| seed.as_bytes().to_vec()), bodies::query);
}

#[test]
fn headers() {
    let good = "x-api-key:test-api-key\nx-timestamp:1700000000000\nx-recv-window:5000\n\
        x-sign:R5bvzp+lauI6Yz/1qidbTK2V8zoiMLqeA5+3iy0Py+o=\n\n";
    let seeds = [
        good.to_owned(),
        format!("{good}limit=10\n"),
        format!("{good}\n{{\"order_id\":42}}"),
    ];
    run(&seeds.map(String::into_bytes), bodies::headers);
}

#[test]
fn pem() {
    let seeds = [
        "rsa2048.pkcs8.pem",
        "rsa2048.pkcs1.pem",
        "rsa2048.pkcs8.der",
        "rsa2048.pkcs1.der",
        "rsa2048.encrypted.der",
        "rsa2048.encrypted.pem",
        "rsa2048.spki.der",
        "rsa2048.spki.pem",
        "rsa1024.pkcs8.pem",
        "ec.pkcs8.der",
        "ec.sec1.pem",
    ];
    run(&seeds.map(common::key_file), bodies::pem);
}
