//! The promise: no order lost, no order doubled.

use std::sync::OnceLock;
use std::time::Instant;

use anboto_api::submit::Sabotage;

use super::harness::{Summary, Violation, explain, explore, run};

/// As many as take some seconds without optimisation; CI asks for more.
const SCHEDULES: u64 = 2_000;

/// With so many a safeguard that is taken out has to be missed.
const UNTIL_MISSED: u64 = 2_000;

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.replace('_', "").parse().unwrap())
}

/// The schedules that were asked for: `ANBOTO_SIMULATION_SCHEDULES` says how many, `ANBOTO_SIMULATION_FROM` from which seed on.
fn summary() -> &'static Summary {
    static SUMMARY: OnceLock<Summary> = OnceLock::new();
    SUMMARY.get_or_init(|| {
        let count = variable("ANBOTO_SIMULATION_SCHEDULES").unwrap_or(SCHEDULES);
        let first = variable("ANBOTO_SIMULATION_FROM").unwrap_or(0);
        let began = Instant::now();
        let summary = explore(first, count, None, None);
        report(&summary, began);
        summary
    })
}

/// `ANBOTO_SIMULATION_SEED` runs one schedule and shows its course.
#[test]
fn no_order_is_lost_and_none_is_doubled() {
    if let Some(seed) = variable("ANBOTO_SIMULATION_SEED") {
        println!("{}", explain(seed, None));
        assert!(run(seed, None).violations.is_empty(), "seed {seed}");
        return;
    }
    let summary = summary();
    for (seed, violations) in &summary.broken {
        println!("seed {seed}: {violations:?}");
    }
    if let Some((seed, violations)) = summary.broken.first() {
        panic!(
            "{} of {} schedules broke a promise; the first was that of seed {seed}: {violations:#?}\n{}",
            summary.broken.len(),
            summary.schedules,
            explain(*seed, None)
        );
    }
}

fn report(summary: &Summary, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{} schedules, {} orders, {} requests in {seconds:.1} s: {:.0} schedules a second",
        summary.schedules,
        summary.orders,
        summary.requests,
        summary.schedules as f64 / seconds
    );
    for (what, count) in summary.counts() {
        println!("{count:>12}  {what}");
    }
}

#[test]
fn the_same_seed_takes_the_same_course() {
    let fingerprint = |seed| run(seed, None).trace.fingerprint();
    let once: Vec<u64> = (0..200).map(fingerprint).collect();
    let again: Vec<u64> = (0..200).map(fingerprint).collect();
    assert_eq!(once, again);
    let mut different = once.clone();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() > 190, "{}", different.len());
}

#[test]
fn every_kind_of_luck_and_every_outcome_occurs() {
    let least;
    let summary = if summary().schedules < SCHEDULES {
        least = explore(0, SCHEDULES, None, None);
        &least
    } else {
        summary()
    };
    let missing: Vec<_> = summary
        .counts()
        .into_iter()
        .filter(|(_, count)| *count == 0)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Without one of its safeguards the client breaks its promise, and the simulation notices.
fn is_found(sabotage: Sabotage, is_it: impl Fn(&Violation) -> bool + Sync) {
    let summary = explore(0, UNTIL_MISSED, Some(sabotage), Some(&is_it));
    let found = summary
        .broken
        .iter()
        .flat_map(|(_, violations)| violations)
        .any(is_it);
    println!("{sabotage:?} shows within {} schedules", summary.schedules);
    assert!(found, "{:?} after {}", summary.broken, summary.schedules);
}

#[test]
fn without_the_window_rule_orders_are_denied_or_doubled() {
    is_found(Sabotage::WindowRule, |violation| {
        matches!(
            violation,
            Violation::Denied { .. } | Violation::ExecutedTwice { .. }
        )
    });
}

#[test]
fn without_the_match_by_id_orders_are_mistaken_for_others() {
    is_found(Sabotage::IdMatch, |violation| {
        matches!(
            violation,
            Violation::Denied { .. } | Violation::Invented { .. } | Violation::ExecutedTwice { .. }
        )
    });
}

#[test]
fn without_fresh_signatures_nothing_is_ever_found_out() {
    is_found(Sabotage::FreshSignature, |violation| {
        matches!(violation, Violation::NoProgress { .. })
    });
}
