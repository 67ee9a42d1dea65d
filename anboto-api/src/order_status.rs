use crate::types::OrderStatus;

impl OrderStatus {
    /// Whether an order in this state has come to its end, and changes no more: `FILLED`, `CANCELLED`, `REJECTED` and `EXPIRED`.
    ///
    /// The vendor does not say which states are terminal; these are by their meaning. A value that
    /// this version does not list is not taken for one, so who waits for the end of an order goes on looking.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open_enum::OpenEnum;

    #[test]
    fn four_states_are_final_and_no_unknown_one() {
        let is_final: Vec<_> = OrderStatus::LISTED
            .iter()
            .filter(|(_, status)| status.is_final())
            .map(|(text, _)| *text)
            .collect();
        assert_eq!(is_final, ["REJECTED", "FILLED", "CANCELLED", "EXPIRED"]);
        assert!(!OrderStatus::verbatim("DONE").is_final());
    }
}
