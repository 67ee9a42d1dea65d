//! From a request to its answer: which operation it is, who asks, what becomes of it, and in which shape that is written.

use std::time::SystemTime;

use base64ct::{Base64UrlUnpadded, Encoding};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{Request, Response, StatusCode};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::gate::Refusal;
use super::ledger::WalletId;
use super::market::EXCHANGES;
use super::order::{Order, is_terminal};
use super::rules::Rejection;
use super::{Core, unix_ms};
use crate::testnet::json;
use crate::testnet::rules::{CancelManyShape, DecimalShape, Refusals, TextShape};
use crate::types::{
    ApiErrorCode, AssetCategory, CancelManyUpstreamOrdersRequest, CancelUpstreamOrderRequest,
    CreateManyMultiLegsParentOrdersRequest, CreateManyParentOrdersRequest,
    CreateMultiLegsParentOrderRequest, CreateParentOrderRequest, OrderDetails, OrderDetailsList,
    OrderStatus, OrderSummary, TradeDetailsList, TradingExchange,
};
use crate::{Operation, operations};

/// How far back `findOrders` reaches, and how many orders it gives unless told.
const FOUND_MS: i64 = 3 * 86_400_000;
const FOUND_LIMIT: usize = 1_000;

/// The fields that the contract has as JSON numbers with a decimal point.
const DECIMALS: [&str; 18] = [
    "filled_quantity",
    "leaves_quantity",
    "last_quantity",
    "last_price",
    "average_price",
    "quantity",
    "price",
    "fee",
    "maxQuantityLimit",
    "minQuantityLimit",
    "minCostLimit",
    "contractSize",
    "minPriceLimit",
    "maxPriceLimit",
    "rate",
    "nextRate",
    "markPrice",
    "USDT",
];

/// What a request of no operation is answered.
pub(crate) enum NoOperation {
    NotFound,
    MethodNotAllowed,
}

/// The operation that a request asks for.
pub(crate) fn operation(
    method: &http::Method,
    path: &str,
) -> Result<&'static Operation, NoOperation> {
    let mut here = operations::ALL
        .iter()
        .filter(|operation| operation.path == path)
        .peekable();
    if here.peek().is_none() {
        return Err(NoOperation::NotFound);
    }
    here.find(|operation| operation.method == *method)
        .copied()
        .ok_or(NoOperation::MethodNotAllowed)
}

/// An answer: a status, and a body whose kind follows from its first byte.
type Answer = (StatusCode, Vec<u8>);

/// Why a request that is signed well can't be served: 400.
struct BadRequest {
    message: String,
    code: ApiErrorCode,
}

fn bad<T>(code: ApiErrorCode, message: impl Into<String>) -> Result<T, BadRequest> {
    Err(BadRequest {
        message: message.into(),
        code,
    })
}

impl Core {
    /// Answers one request. `now` is the time of the server's clock, by which signatures are judged and `status` answers; the
    /// market does not move.
    pub fn handle(&mut self, request: &Request<Bytes>, now: SystemTime) -> Response<Bytes> {
        let path = request.uri().path();
        let (status, body) = match operation(request.method(), path) {
            Ok(_) if request.body().len() > self.rules.largest_body => micronaut(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too large",
                path,
                None,
            ),
            Ok(operation) if operation.signed => self.handle_signed(operation, request, now),
            Ok(_) => {
                let text = format!("{{status=ok, timestamp={}}}", unix_ms(now));
                (StatusCode::OK, self.text(text))
            }
            Err(NoOperation::NotFound) => {
                micronaut(StatusCode::NOT_FOUND, "Page Not Found", path, None)
            }
            Err(NoOperation::MethodNotAllowed) => micronaut(
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed",
                path,
                None,
            ),
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        if !response.body().is_empty() {
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }

    fn handle_signed(
        &mut self,
        operation: &'static Operation,
        request: &Request<Bytes>,
        now: SystemTime,
    ) -> Answer {
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        let admitted = self
            .gate
            .admit(&self.rules, request.headers(), query, request.body(), now);
        let account = match admitted {
            Ok(account) => account,
            Err(refusal) => return self.unauthorized(refusal, uri.path()),
        };
        let served = self.serve(
            operation,
            account,
            &Query::parse(query),
            request.body(),
            now,
        );
        match served {
            Ok(body) => (operation.success, body),
            Err(BadRequest { message, code }) => {
                micronaut(StatusCode::BAD_REQUEST, &message, uri.path(), Some(&code))
            }
        }
    }

    fn unauthorized(&self, refusal: Refusal, path: &str) -> Answer {
        let code = match self.rules.refusals {
            Refusals::Coded => Some(&refusal.code),
            Refusals::Bare => None,
            Refusals::Empty => return (StatusCode::UNAUTHORIZED, Vec::new()),
        };
        micronaut(StatusCode::UNAUTHORIZED, &refusal.message, path, code)
    }

    fn serve(
        &mut self,
        operation: &'static Operation,
        account: usize,
        query: &Query,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Vec<u8>, BadRequest> {
        match operation.id {
            "exchanges" => {
                let names = EXCHANGES.map(|exchange| exchange.as_str().to_ascii_lowercase());
                Ok(self.json(&names))
            }
            "instruments" => {
                let time = self.now();
                let found: Vec<_> = self
                    .markets
                    .select(query.get("exchange"), query.get("symbol"))
                    .map(|market| market.instrument(time))
                    .collect();
                Ok(self.json(&found))
            }
            "lastFundingRates" => {
                let time = self.now();
                let found: Vec<_> = self
                    .markets
                    .select(query.get("exchange"), query.get("symbol"))
                    .filter_map(|market| market.funding(time))
                    .collect();
                Ok(self.json(&found))
            }
            "fundingRateHistory" => {
                let exchange = query.require("exchange")?;
                let symbol = query.require("symbol")?;
                let time = self.now();
                let found: Vec<_> = self
                    .markets
                    .select(Some(exchange), Some(symbol))
                    .flat_map(|market| market.funding_history(time))
                    .collect();
                Ok(self.json(&found))
            }
            "listenKey" => Ok(self.listen_key(account, now)),
            "getBalance" => {
                let wallet = query.wallet(account)?;
                let balances = self
                    .ledger
                    .wallet(&wallet)
                    .map(|wallet| wallet.balances(self.now()));
                Ok(self.json(&balances.unwrap_or_default()))
            }
            "getPosition" => {
                let wallet = query.wallet(account)?;
                let positions = self.ledger.wallet(&wallet).map(|holdings| {
                    holdings.positions(self.now(), |symbol| {
                        let future = AssetCategory::Future;
                        let id = self.markets.find(&wallet.exchange, symbol, &future)?;
                        Some(self.markets.get(id))
                    })
                });
                Ok(self.json(&positions.unwrap_or_default()))
            }
            "getOrders" => {
                let (trades, fees) = (query.flag("include_trades")?, query.flag("include_fees")?);
                let orders = self.named(account, query)?;
                let orders = orders
                    .into_iter()
                    .map(|order| order.details(&self.markets, trades, fees));
                Ok(self.order_list(orders.collect()))
            }
            "findOrders" => {
                let start = query.number("startMs")?.unwrap_or(i64::MIN);
                let end = query.number("endMs")?.unwrap_or(i64::MAX);
                let limit = match query.number("limit")? {
                    None => FOUND_LIMIT,
                    Some(limit @ 1..=0x7fff_ffff) => limit as usize,
                    Some(_) => return bad(ApiErrorCode::InvalidParam, "limit: must be above 0"),
                };
                let start = start.max(self.now_ms - FOUND_MS);
                let orders = self
                    .book
                    .newest_first(account)
                    .filter(|order| (start..=end).contains(&order.created_ms))
                    .take(limit)
                    .map(|order| order.details(&self.markets, false, false));
                Ok(self.order_list(orders.collect()))
            }
            "getOpenOrders" => {
                let orders = self.book.open(account).into_iter();
                let orders = orders.map(|order| order.details(&self.markets, false, false));
                Ok(self.order_list(orders.collect()))
            }
            "getUserTrades" => {
                let wallet = query.wallet(account)?;
                let trades = self
                    .named(account, query)?
                    .into_iter()
                    .flat_map(|order| order.trades_in(&wallet, &self.markets))
                    .collect();
                Ok(self.json(&TradeDetailsList { trades }))
            }
            "createOrder" => {
                let request: CreateParentOrderRequest = decode(body)?;
                let summary = self.create(account, &request);
                Ok(self.json(&summary))
            }
            "createManyOrders" => {
                let request: CreateManyParentOrdersRequest = decode(body)?;
                let ids = request.orders.iter().map(|order| &order.client_order_id);
                let oversize = self.oversize(ids);
                let orders = oversize.unwrap_or_else(|| {
                    request
                        .orders
                        .iter()
                        .map(|order| self.create(account, order))
                        .collect()
                });
                Ok(self.json(&Summaries { orders }))
            }
            "createMultiLegsOrder" => {
                let request: CreateMultiLegsParentOrderRequest = decode(body)?;
                let summary = self.create_multi_leg(account, &request);
                Ok(self.json(&summary))
            }
            "createManyMultiLegsOrders" => {
                let request: CreateManyMultiLegsParentOrdersRequest = decode(body)?;
                let ids = request.orders.iter().map(|order| &order.client_order_id);
                let oversize = self.oversize(ids);
                let orders = oversize.unwrap_or_else(|| {
                    let orders = request.orders.iter();
                    orders
                        .map(|order| self.create_multi_leg(account, order))
                        .collect()
                });
                Ok(self.json(&Summaries { orders }))
            }
            "cancelOrder" => {
                let request: CancelUpstreamOrderRequest = decode(body)?;
                let summary = self.cancel(account, &request);
                Ok(self.json(&summary))
            }
            "cancelMany" => {
                let request: CancelManyUpstreamOrdersRequest = decode(body)?;
                let ids = request.orders.iter().map(|order| &order.client_order_id);
                let oversize = self.oversize(ids);
                let orders = oversize.unwrap_or_else(|| {
                    request
                        .orders
                        .iter()
                        .map(|order| self.cancel(account, order))
                        .collect()
                });
                Ok(self.cancel_many(orders))
            }
            "cancelAllOpenOrders" => {
                let ids: Vec<i64> = self
                    .book
                    .open(account)
                    .iter()
                    .map(|order| order.id)
                    .collect();
                let now_ms = self.now_ms;
                for id in &ids {
                    self.book.change(*id, |order| order.cancel(now_ms));
                }
                let orders = ids.iter().filter_map(|id| self.book.get(account, *id));
                let orders = orders.map(|order| order.details(&self.markets, false, false));
                Ok(self.order_list(orders.collect()))
            }
            other => bad(
                ApiErrorCode::SystemError,
                format!("{other} is not served by this testnet yet"),
            ),
        }
    }

    fn create(&mut self, account: usize, request: &CreateParentOrderRequest) -> Summary {
        let placed = self.place(self.check_order(account, request));
        self.created(account, placed, &request.client_order_id)
    }

    fn create_multi_leg(
        &mut self,
        account: usize,
        request: &CreateMultiLegsParentOrderRequest,
    ) -> Summary {
        let placed = self.place(self.check_multi_leg_order(account, request));
        self.created(account, placed, &request.client_order_id)
    }

    fn created(
        &self,
        account: usize,
        placed: Result<i64, Rejection>,
        client_order_id: &Option<String>,
    ) -> Summary {
        match placed.map(|id| self.book.get(account, id)) {
            Ok(Some(order)) => order.summary().into(),
            Ok(None) => OrderSummary::default().into(),
            Err(rejection) => rejected(OrderStatus::Rejected, rejection, client_order_id),
        }
    }

    /// The answer to a batch that is too large: each of its orders is refused.
    fn oversize<'a>(
        &self,
        ids: impl ExactSizeIterator<Item = &'a Option<String>>,
    ) -> Option<Vec<Summary>> {
        let limit = self.rules.batch_limit;
        (ids.len() > limit).then(|| {
            ids.map(|id| {
                let rejection = Rejection {
                    code: ApiErrorCode::BatchOversize,
                    message: format!("a batch holds at most {limit} orders"),
                };
                rejected(OrderStatus::Rejected, rejection, id)
            })
            .collect()
        })
    }

    fn cancel(&mut self, account: usize, request: &CancelUpstreamOrderRequest) -> Summary {
        let refused = |code, message: &str, order: Option<&Order>| {
            let rejection = Rejection {
                code,
                message: message.to_owned(),
            };
            let mut summary = rejected(
                OrderStatus::CancelRejected,
                rejection,
                &request.client_order_id,
            );
            summary.order_id = order.map(|order| order.id).or(request.order_id);
            summary
        };
        let id = match (request.order_id, &request.client_order_id) {
            (Some(id), _) => Some(id),
            // Of several orders with one id, the newest that is open.
            (None, Some(client_order_id)) => {
                let ids = self.book.ids(account, client_order_id);
                let is_open = |id: &&i64| self.book.get(account, **id).is_some_and(Order::is_open);
                ids.iter().rev().find(is_open).or(ids.last()).copied()
            }
            (None, None) => {
                return refused(
                    ApiErrorCode::InvalidRequest,
                    "order_id or client_order_id is needed",
                    None,
                );
            }
        };
        let Some(order) = id.and_then(|id| self.book.get(account, id)) else {
            return refused(ApiErrorCode::InvalidOrder, "there is no such order", None);
        };
        match &order.status {
            // Asked for again: what was asked for has come to pass.
            OrderStatus::Cancelled => order.summary().into(),
            status if is_terminal(status) => refused(
                ApiErrorCode::ParentOrderWasTerminated,
                "the order has ended",
                Some(order),
            ),
            _ => {
                let (id, now_ms) = (order.id, self.now_ms);
                self.book.change(id, |order| order.cancel(now_ms));
                match self.book.get(account, id) {
                    Some(order) => order.summary().into(),
                    None => OrderSummary::default().into(),
                }
            }
        }
    }

    /// The orders that a query names by either of its lists, each once, in the order they are named.
    fn named(&self, account: usize, query: &Query) -> Result<Vec<&Order>, BadRequest> {
        let (ids, client_ids) = (query.list("orderIds"), query.list("clientOrderIds"));
        if ids.is_empty() && client_ids.is_empty() {
            return bad(
                ApiErrorCode::InvalidRequest,
                "orderIds or clientOrderIds is needed",
            );
        }
        let mut named = Vec::new();
        for id in ids {
            match id.parse::<i64>() {
                Ok(id) => named.push(id),
                Err(_) => return bad(ApiErrorCode::InvalidParam, "orderIds: not a number"),
            }
        }
        for client_id in client_ids {
            named.extend(self.book.ids(account, client_id));
        }
        let mut seen = std::collections::HashSet::new();
        named.retain(|id| seen.insert(*id));
        Ok(named
            .into_iter()
            .filter_map(|id| self.book.get(account, id))
            .collect())
    }

    fn cancel_many(&mut self, orders: Vec<Summary>) -> Vec<u8> {
        let drawn = self.shapes.next() % 3;
        match (self.rules.shapes.cancel_many, orders.as_slice()) {
            (CancelManyShape::Single, [one]) => self.json(one),
            (CancelManyShape::Varying, [one]) if drawn == 0 => self.json(one),
            (CancelManyShape::Array, _) => self.json(&orders),
            (CancelManyShape::Varying, _) if drawn == 1 => self.json(&orders),
            _ => self.json(&Summaries { orders }),
        }
    }

    fn order_list(&self, orders: Vec<OrderDetails>) -> Vec<u8> {
        self.json(&OrderDetailsList { orders })
    }

    /// A JWT as the vendor's are, valid for one hour. Nothing here checks its signature.
    fn listen_key(&mut self, account: usize, now: SystemTime) -> Vec<u8> {
        let issued = unix_ms(now) / 1_000;
        let claims =
            json!({ "sub": format!("account-{account}"), "iat": issued, "exp": issued + 3_600 });
        let signature = self.shapes.next().to_be_bytes();
        let [header, claims, signature] = [
            br#"{"alg":"HS256","typ":"JWT"}"#.as_slice(),
            claims.to_string().as_bytes(),
            &signature,
        ]
        .map(Base64UrlUnpadded::encode_string);
        self.text(format!("{header}.{claims}.{signature}"))
    }

    /// A text, as a JSON string or as it is.
    fn text(&mut self, text: String) -> Vec<u8> {
        let is_quoted = match self.rules.shapes.text {
            TextShape::Quoted => true,
            TextShape::Raw => false,
            TextShape::Varying => self.shapes.chance(0.5),
        };
        if is_quoted {
            json!(text).to_string().into_bytes()
        } else {
            text.into_bytes()
        }
    }

    fn json<T: Serialize + ?Sized>(&self, value: &T) -> Vec<u8> {
        let written = serde_json::to_vec(value).unwrap_or_default();
        let as_strings = match self.rules.shapes.decimals {
            DecimalShape::Numbers => false,
            DecimalShape::Strings => true,
            // By what is said, so that asking takes nothing from the state.
            DecimalShape::Varying => written.len().is_multiple_of(2),
        };
        if as_strings {
            json::rewrite(&written, |key, value| {
                let is_number =
                    value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
                (is_number && DECIMALS.contains(&key)).then(|| format!("\"{value}\""))
            })
        } else {
            written
        }
    }
}

/// An [`OrderSummary`] as the server writes it: what there is none of is null, and not left out.
#[derive(Serialize)]
struct Summary {
    order_id: Option<i64>,
    client_order_id: Option<String>,
    created_at: Option<String>,
    status: Option<OrderStatus>,
    message: Option<String>,
    error_code: Option<ApiErrorCode>,
}

#[derive(Serialize)]
struct Summaries {
    orders: Vec<Summary>,
}

impl From<OrderSummary> for Summary {
    fn from(summary: OrderSummary) -> Self {
        Self {
            order_id: summary.order_id,
            client_order_id: summary.client_order_id,
            created_at: summary
                .created_at
                .map(|time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            status: summary.status,
            message: summary.message,
            error_code: summary.error_code,
        }
    }
}

fn rejected(status: OrderStatus, rejection: Rejection, id: &Option<String>) -> Summary {
    Summary {
        order_id: None,
        client_order_id: id.clone(),
        created_at: None,
        status: Some(status),
        message: Some(rejection.message),
        error_code: Some(rejection.code),
    }
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadRequest> {
    crate::decode::json(body).or_else(|message| bad(ApiErrorCode::InvalidRequest, message))
}

/// An error as Micronaut writes it, with the error code that the vendor may or may not add.
pub(crate) fn micronaut(
    status: StatusCode,
    message: &str,
    path: &str,
    code: Option<&ApiErrorCode>,
) -> Answer {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut body = json!({
        "message": reason,
        "_links": { "self": { "href": path, "templated": false } },
        "_embedded": { "errors": [{ "message": message }] },
    });
    if let Some(code) = code {
        body["error_code"] = json!(code.as_str());
    }
    (status, body.to_string().into_bytes())
}

/// The parameters of a query, decoded.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(query: &str) -> Self {
        let pairs = Url::parse(&format!("http://testnet/?{query}")).map(|url| {
            url.query_pairs()
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect()
        });
        Self(pairs.unwrap_or_default())
    }

    /// A parameter; an empty one counts as left out.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(given, value)| given == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    fn require(&self, name: &str) -> Result<&str, BadRequest> {
        match self.get(name) {
            Some(value) => Ok(value),
            None => bad(
                ApiErrorCode::InvalidRequest,
                format!("Required QueryValue [{name}] not specified"),
            ),
        }
    }

    /// A list parameter, joined by commas or repeated.
    fn list(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(given, _)| given == name)
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .collect()
    }

    fn number(&self, name: &str) -> Result<Option<i64>, BadRequest> {
        match self.get(name).map(str::parse) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => bad(ApiErrorCode::InvalidParam, format!("{name}: not a number")),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, BadRequest> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => bad(
                ApiErrorCode::InvalidParam,
                format!("{name}: not true or false"),
            ),
        }
    }

    fn wallet(&self, account: usize) -> Result<WalletId, BadRequest> {
        let exchange = self.require("exchange")?;
        let exchange: TradingExchange = match exchange.parse() {
            Ok(exchange) => exchange,
            Err(never) => match never {},
        };
        if exchange.is_unknown() {
            return bad(
                ApiErrorCode::InvalidExchange,
                format!("exchange: {exchange} is not known"),
            );
        }
        Ok(WalletId {
            account,
            exchange,
            subaccount: self.get("subaccount").map(str::to_owned),
        })
    }
}
