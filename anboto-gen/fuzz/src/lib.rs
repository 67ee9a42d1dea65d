//! What the fuzz target does with its bytes. `tests/fuzz_bodies.rs` of anboto-gen does the same with bytes of a fixed seed,
//! without libFuzzer.

use anboto_gen::contract::Contract;
use anboto_gen::{Source, drift};

/// Whatever arrives is refused or becomes a contract; and a contract does not drift from itself.
pub fn loader(data: &[u8]) {
    let source = Source {
        name: "contract.yml",
        bytes: data,
    };
    let Ok(contract) = Contract::parse(source) else {
        return;
    };
    assert!(contract.position("").is_some());
    if contract.openapi().is_ok() {
        let report = drift::compare(&contract, &contract, None).expect("a sound contract");
        assert!(report.findings.is_empty());
    }
}
