//! The two kinds of orders, each with the calls that place one or many of them.

use serde::Serialize;

use crate::outgoing::Outgoing;
use crate::types::{
    CreateManyMultiLegsParentOrdersRequest, CreateManyParentOrdersRequest,
    CreateMultiLegsParentOrderRequest, CreateParentOrderRequest,
};
use crate::{Operation, operations};

/// What can be submitted: an order of one kind, with the calls that place it.
pub(super) trait Order: Clone + Serialize + Outgoing + Send + Sync + 'static {
    const ONE: &'static Operation;
    const MANY: &'static Operation;
    type Batch: Serialize + Outgoing;

    fn client_order_id(&mut self) -> &mut Option<String>;
    fn batch(orders: Vec<Self>) -> Self::Batch;
}

impl Order for CreateParentOrderRequest {
    const ONE: &'static Operation = &operations::CREATE_ORDER;
    const MANY: &'static Operation = &operations::CREATE_MANY_ORDERS;
    type Batch = CreateManyParentOrdersRequest;

    fn client_order_id(&mut self) -> &mut Option<String> {
        &mut self.client_order_id
    }

    fn batch(orders: Vec<Self>) -> Self::Batch {
        CreateManyParentOrdersRequest { orders }
    }
}

impl Order for CreateMultiLegsParentOrderRequest {
    const ONE: &'static Operation = &operations::CREATE_MULTI_LEGS_ORDER;
    const MANY: &'static Operation = &operations::CREATE_MANY_MULTI_LEGS_ORDERS;
    type Batch = CreateManyMultiLegsParentOrdersRequest;

    fn client_order_id(&mut self) -> &mut Option<String> {
        &mut self.client_order_id
    }

    fn batch(orders: Vec<Self>) -> Self::Batch {
        CreateManyMultiLegsParentOrdersRequest { orders }
    }
}
