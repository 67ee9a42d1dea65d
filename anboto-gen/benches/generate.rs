//! How long the generator takes from the pinned contract to the files of the client.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion makes functions without documentation; a benchmark may stop"
)]

use std::fs;
use std::hint::black_box;

use anboto_gen::{Source, generate};
use criterion::{Criterion, criterion_group, criterion_main};

fn benchmark(criterion: &mut Criterion) {
    let read =
        |name: &str| fs::read(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).expect(name);
    let (contract, overlay) = (
        read("spec/anboto-trading-api-2.0.yml"),
        read("spec/overlay.yml"),
    );
    criterion.bench_function("generate from the pin", |bencher| {
        bencher.iter(|| {
            let contract = Source {
                name: "contract",
                bytes: black_box(&contract),
            };
            let overlay = Source {
                name: "overlay",
                bytes: black_box(&overlay),
            };
            generate(contract, overlay).expect("the pin generates")
        });
    });
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
