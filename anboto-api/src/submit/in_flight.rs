use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Outcome, Unknown};

/// What a submission has in the air, for whoever may drop its future in mid-flight.
///
/// ```no_run
/// # async fn run(client: anboto_api::Client, order: anboto_api::types::CreateParentOrderRequest) {
/// use std::time::Duration;
///
/// let submission = client.submit(order);
/// let in_flight = submission.in_flight();
/// match tokio::time::timeout(Duration::from_secs(1), submission).await {
///     Ok(outcome) => println!("{outcome}"),
///     // The future is gone; what it had sent is not.
///     Err(_) => for unknown in in_flight.unknowns() {
///         println!("{}", client.resolve(unknown).await);
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<Vec<Unknown>>>);

impl InFlight {
    /// The orders that may exist and whose outcome nobody has been given: what was sent, unless it is known by now that no order came
    /// of it. None when nothing was sent; at the end, those alone that are unknown.
    ///
    /// An order of a batch is among them even when its own answer has come: the outcomes of a batch are given all at once, and with
    /// the future all of them are lost.
    pub fn unknowns(&self) -> Vec<Unknown> {
        self.lock().clone()
    }

    pub(super) fn note(&self, unknown: &Unknown) {
        let mut unknowns = self.lock();
        unknowns.retain(|other| other.client_order_id != unknown.client_order_id);
        unknowns.push(unknown.clone());
    }

    pub(super) fn forget(&self, client_order_id: &str) {
        self.lock()
            .retain(|other| other.client_order_id != client_order_id);
    }

    /// What exists stays until its outcome has been given.
    pub(super) fn note_outcome(&self, outcome: &Outcome) {
        if outcome.exists() == Some(false) {
            self.forget(outcome.client_order_id());
        }
    }

    /// Each change is whole, so what a panic left is right.
    fn lock(&self) -> MutexGuard<'_, Vec<Unknown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
