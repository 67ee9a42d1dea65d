//! The body of the fuzz target, with bytes of a fixed seed: damaged copies of a good contract.
//!
//! It runs for a moment; `ANBOTO_FUZZ_SECONDS=60` makes it a minute, as the scheduled check does. Real fuzzing is
//! `cargo +nightly fuzz run loader` in this crate's folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "public for the fuzz target")]
mod bodies;

use std::time::{Duration, Instant};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

const GOOD: &str = "\
openapi: 3.0.1
info: {title: t, version: '1'}
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        '200':
          description: &words >-
            an order
          content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
        401: {description: *words}
components:
  schemas:
    Order:
      type: object
      required: [side]
      properties:
        side: {type: string, enum: [BUY, NO, 'on']}
        price: {type: number, nullable: true, example: 1.50}
        next: {allOf: [{$ref: '#/components/schemas/Order'}]}
";

#[test]
fn loader() {
    let seconds = std::env::var("ANBOTO_FUZZ_SECONDS").map_or(1, |text| text.parse().unwrap());
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[42; 32]);
    let mut below = |bound: usize| random.next_u32() as usize % bound.max(1);
    bodies::loader(GOOD.as_bytes());
    while Instant::now() < end {
        let mut bytes = GOOD.as_bytes().to_vec();
        for _ in 0..=below(4) {
            let start = below(bytes.len());
            let stop = (start + below(24)).min(bytes.len());
            let other = below(bytes.len());
            match below(5) {
                0 => bytes[start] ^= 1 << below(8),
                1 => bytes.truncate(start.max(1)),
                2 => drop(bytes.drain(start..stop)),
                3 => {
                    let piece = bytes[start..stop].to_vec();
                    bytes.splice(other..other, piece);
                }
                _ => bytes.insert(start, b":-{}[]&*#'\"|>!%@ \n\t"[below(19)]),
            }
            if bytes.is_empty() {
                break;
            }
        }
        bodies::loader(&bytes);
    }
}
