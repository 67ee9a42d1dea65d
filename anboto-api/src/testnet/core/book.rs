//! All orders: those that live, and those of the last three days.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::order::Order;

/// How long an order can be looked up after its end.
const KEPT_MS: i64 = 3 * 86_400_000;

#[derive(Debug)]
pub(crate) struct Book {
    /// In the order of their ids, which is that of their creation.
    orders: BTreeMap<i64, Order>,
    by_client_order_id: HashMap<(usize, String), Vec<i64>>,
    /// What happens when: one entry for each order that lives.
    agenda: BTreeSet<(i64, i64)>,
    /// Orders that have ended, in the order of their ends.
    ended: VecDeque<(i64, i64)>,
    /// How many orders that have ended are kept.
    capacity: usize,
}

impl Book {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            orders: BTreeMap::new(),
            by_client_order_id: HashMap::new(),
            agenda: BTreeSet::new(),
            ended: VecDeque::new(),
            capacity,
        }
    }

    pub(crate) fn insert(&mut self, order: Order) {
        if let Some(id) = &order.client_order_id {
            let key = (order.account, id.clone());
            self.by_client_order_id
                .entry(key)
                .or_default()
                .push(order.id);
        }
        if let Some(due) = order.due_ms() {
            self.agenda.insert((due, order.id));
        }
        self.orders.insert(order.id, order);
    }

    pub(crate) fn open_count(&self) -> usize {
        self.agenda.len()
    }

    pub(crate) fn knows(&self, account: usize, client_order_id: &str) -> bool {
        !self.ids(account, client_order_id).is_empty()
    }

    /// The ids of the orders with a client order id, oldest first.
    pub(crate) fn ids(&self, account: usize, client_order_id: &str) -> &[i64] {
        self.by_client_order_id
            .get(&(account, client_order_id.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    /// An account's order.
    pub(crate) fn get(&self, account: usize, id: i64) -> Option<&Order> {
        self.orders
            .get(&id)
            .filter(|order| order.account == account)
    }

    /// An account's orders, the newest first.
    pub(crate) fn newest_first(&self, account: usize) -> impl Iterator<Item = &Order> {
        self.orders
            .values()
            .rev()
            .filter(move |order| order.account == account)
    }

    /// An account's open orders, oldest first.
    pub(crate) fn open(&self, account: usize) -> Vec<&Order> {
        let mut ids: Vec<i64> = self.agenda.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.into_iter()
            .filter_map(|id| self.get(account, id))
            .collect()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// When something happens next.
    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.agenda.first().map(|(due, _)| *due)
    }

    /// Changes one order, and puts it where it then belongs.
    pub(crate) fn change(&mut self, id: i64, change: impl FnOnce(&mut Order)) {
        let Some(order) = self.orders.get_mut(&id) else {
            return;
        };
        if let Some(due) = order.due_ms() {
            self.agenda.remove(&(due, id));
        }
        change(order);
        if let Some(due) = order.due_ms() {
            self.agenda.insert((due, id));
        } else if let Some(ended) = order.ended_ms {
            self.ended.push_back((ended, id));
        }
    }

    /// The order to which something happens at this time, if there is one.
    pub(crate) fn due_at(&self, at_ms: i64) -> Option<i64> {
        self.agenda
            .first()
            .filter(|(due, _)| *due <= at_ms)
            .map(|(_, id)| *id)
    }

    /// Drops what ended more than three days ago, and what there is no room for.
    pub(crate) fn forget(&mut self, now_ms: i64) {
        while let Some((ended, id)) = self.ended.front().copied() {
            if now_ms - ended <= KEPT_MS && self.ended.len() <= self.capacity {
                break;
            }
            self.ended.pop_front();
            let Some(order) = self.orders.remove(&id) else {
                continue;
            };
            let Some(client_order_id) = order.client_order_id else {
                continue;
            };
            let key = (order.account, client_order_id);
            if let Some(ids) = self.by_client_order_id.get_mut(&key) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_client_order_id.remove(&key);
                }
            }
        }
    }
}
