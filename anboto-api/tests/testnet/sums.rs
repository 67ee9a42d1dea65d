//! What comes in goes out: balances, positions, fills and fees over random flows of orders, on the core alone.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use anboto_api::testnet::{Account, Core, Rules};
use anboto_api::types::*;
use anboto_api::{Credentials, Decimal, Environment};
use anboto_auth::{CanonicalQuery, RequestView, Signer};
use bytes::Bytes;
use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::decimal;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A core, and a client of it without a socket.
struct Offline {
    core: Core,
    signer: Signer,
    now: SystemTime,
}

impl Offline {
    fn new(seed: u64) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mut core = Core::new(seed, Rules::default(), now);
        core.add_hmac_key(Account::FIRST, "key", SECRET).unwrap();
        let credentials = Credentials::hmac("key", SECRET).unwrap();
        Self {
            core,
            signer: Signer::new(&Environment::testnet(), credentials),
            now,
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
        self.core.advance(self.now);
    }

    fn call<T: DeserializeOwned>(&mut self, method: &str, path: &str, body: &[u8]) -> T {
        let url = format!("{}{path}", Environment::testnet().base_url());
        let url = reqwest::Url::parse(&url).unwrap();
        let query = CanonicalQuery::parse(url.query().unwrap_or_default()).unwrap();
        let view = RequestView::new(&url).with_query(&query).with_body(body);
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::copy_from_slice(body))
            .unwrap();
        let signed = self.signer.sign(&view, self.now).unwrap();
        signed.add_to(request.headers_mut()).unwrap();
        let answer = self.core.handle(&request, self.now);
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(answer.body()).unwrap()
    }

    fn place(&mut self, flow: &Flow) {
        let (path, body) = if flow.is_pair {
            let body = serde_json::to_vec(&flow.pair());
            ("/api/v2/trading/order/create_multiLegs", body)
        } else {
            let body = serde_json::to_vec(&flow.request());
            ("/api/v2/trading/order/create", body)
        };
        let _: OrderSummary = self.call("POST", path, &body.unwrap());
    }

    fn balances(&mut self) -> BTreeMap<String, (Decimal, Decimal)> {
        let balances: Vec<AssetBalance> =
            self.call("GET", "/api/v2/trading/balance?exchange=BINANCE", b"");
        let amounts =
            |asset: AssetBalance| (asset.symbol, (asset.balance.unwrap(), asset.free.unwrap()));
        balances.into_iter().map(amounts).collect()
    }

    fn positions(&mut self) -> Vec<AccountPosition> {
        self.call("GET", "/api/v2/trading/position?exchange=BINANCE", b"")
    }
}

/// What a client does next.
#[derive(Debug, Clone)]
struct Flow {
    strategy: usize,
    is_buy: bool,
    is_future: bool,
    is_pair: bool,
    quantity: i64,
    limit: Option<i64>,
    wait_ms: u64,
    cancels_all: bool,
}

impl Flow {
    fn request(&self) -> CreateParentOrderRequest {
        let strategies = [
            ExecutionStrategy::Twap,
            ExecutionStrategy::Vwap,
            ExecutionStrategy::Pov,
            ExecutionStrategy::Is,
            ExecutionStrategy::Iceberg,
            ExecutionStrategy::Limit,
            ExecutionStrategy::Market,
        ];
        let mut order = CreateParentOrderRequest::builder()
            .exchange(TradingExchange::Binance)
            .symbol(if self.is_future {
                "BTC/USDT:USDT"
            } else {
                "BTC/USDT"
            })
            .asset_category(if self.is_future {
                AssetCategory::Future
            } else {
                AssetCategory::Spot
            })
            .side(if self.is_buy { Side::Buy } else { Side::Sell })
            .quantity(Decimal::new(self.quantity, 5))
            .strategy(strategies[self.strategy].clone())
            .params(
                OrderParams::builder()
                    .duration_seconds(Duration::from_secs(45))
                    .randomize_amount(self.quantity % 2 == 0),
            );
        if let Some(limit) = self.limit {
            order = order.limit_price(limit);
        }
        order.build().unwrap()
    }
}

impl Flow {
    /// The spot market on its side, the perpetual on the other.
    fn pair(&self) -> CreateMultiLegsParentOrderRequest {
        let sides = if self.is_buy {
            [Side::Buy, Side::Sell]
        } else {
            [Side::Sell, Side::Buy]
        };
        let markets = [
            ("BTC/USDT", AssetCategory::Spot),
            ("BTC/USDT:USDT", AssetCategory::Future),
        ];
        let legs = markets
            .into_iter()
            .zip(sides)
            .map(|((symbol, category), side)| {
                CreateOrderLegRequest::builder()
                    .exchange(TradingExchange::Binance)
                    .symbol(symbol)
                    .asset_category(category)
                    .side(side)
                    .target_value(self.quantity)
                    .ccy("USD")
                    .strategy(ExecutionStrategy::Twap)
                    .params(OrderLegParams::builder().duration_seconds(Duration::from_secs(45)))
                    .build()
                    .unwrap()
            });
        CreateMultiLegsParentOrderRequest::builder()
            .algo(MultiLegsAlgo::Pair)
            .legs(legs)
            .build()
            .unwrap()
    }
}

fn flow() -> impl Strategy<Value = Flow> {
    (
        0..7_usize,
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.2),
        1..400_000_i64,
        prop::option::of(60_000..68_000_i64),
        0..40_000_u64,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(strategy, is_buy, is_future, is_pair, quantity, limit, wait_ms, cancels_all)| Flow {
                strategy,
                is_buy,
                is_future,
                is_pair,
                quantity,
                limit,
                wait_ms,
                cancels_all,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_made_and_nothing_lost(seed in any::<u64>(), flows in prop::collection::vec(flow(), 1..25)) {
        let mut testnet = Offline::new(seed);
        for flow in &flows {
            testnet.place(flow);
            testnet.advance(Duration::from_millis(flow.wait_ms));
            if flow.cancels_all {
                let _: OrderDetailsList = testnet.call("GET", "/api/v2/trading/order/cancelAll", b"");
            }
            for (asset, (balance, free)) in testnet.balances() {
                prop_assert!(balance >= Decimal::ZERO && free <= balance, "{asset}: {free} of {balance}");
            }
            check_sums(&mut testnet)?;
        }
        let _: OrderDetailsList = testnet.call("GET", "/api/v2/trading/order/cancelAll", b"");
        testnet.advance(Duration::from_secs(60));
        check_sums(&mut testnet)?;

        // Nothing stays reserved but the margin of what is held.
        let positions = testnet.positions();
        let margin: Decimal = positions.iter().filter_map(|position| position.collateral).sum();
        for (asset, (balance, free)) in testnet.balances() {
            let held = if asset == "USDT" { margin } else { Decimal::ZERO };
            prop_assert!(free == (balance - held).max(Decimal::ZERO), "{asset}: {free} of {balance}, {held} held");
        }
        for order in testnet.core.orders() {
            prop_assert!(matches!(
                order.status,
                Some(OrderStatus::Filled | OrderStatus::Cancelled | OrderStatus::Expired)
            ));
        }
    }

    #[test]
    fn the_course_of_things_does_not_depend_on_how_time_is_cut(seed in any::<u64>(), flows in prop::collection::vec(flow(), 1..8), cuts in 1..50_u32) {
        let run = |cuts: u32| {
            let mut testnet = Offline::new(seed);
            for flow in &flows {
                testnet.place(flow);
                for _ in 0..cuts {
                    testnet.advance(Duration::from_millis(flow.wait_ms - flow.wait_ms % 50) / cuts);
                }
                // To the same instant, whatever was lost in division.
                let rest = Duration::from_millis(flow.wait_ms - flow.wait_ms % 50)
                    - Duration::from_millis(flow.wait_ms - flow.wait_ms % 50) / cuts * cuts;
                testnet.advance(rest);
            }
            testnet.core.orders()
        };
        prop_assert_eq!(run(1), run(cuts));
    }
}

/// What each fill says, added up, is what balances, positions and orders say.
fn check_sums(testnet: &mut Offline) -> Result<(), TestCaseError> {
    let (mut bitcoin, mut cash, mut contracts) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for order in testnet.core.orders() {
        let trades = order.trades.unwrap();
        if order.symbol.is_some() {
            let filled: Decimal = trades.iter().map(|trade| trade.quantity).sum();
            prop_assert_eq!(filled, order.filled_quantity);
        }
        let fees: Decimal = trades.iter().filter_map(|trade| trade.fee).sum();
        let said = order.fees_infos.unwrap();
        prop_assert_eq!(fees, said.get("USDT").copied().unwrap_or_default());
        cash -= fees;
        for trade in trades {
            let is_buy = trade.direction.as_deref() == Some("BUY");
            let signed = if is_buy {
                trade.quantity
            } else {
                -trade.quantity
            };
            if trade.symbol.contains(':') {
                contracts += signed;
            } else {
                bitcoin += signed;
            }
            cash -= signed * trade.price;
        }
    }
    let balances = testnet.balances();
    let balance = |asset: &str| {
        balances
            .get(asset)
            .map_or(Decimal::ZERO, |(balance, _)| *balance)
    };
    prop_assert_eq!(balance("BTC"), decimal("10") + bitcoin);

    let positions = testnet.positions();
    let held: Decimal = positions
        .iter()
        .map(|position| {
            let size = position.contracts.unwrap();
            if position.side == Some(AccountPositionSide::Long) {
                size
            } else {
                -size
            }
        })
        .sum();
    prop_assert_eq!(held, contracts);
    // What open contracts cost has left the cash flow of the fills, and not the balance.
    let open_cost: Decimal = positions
        .iter()
        .map(|position| {
            let value = position.contracts.unwrap() * position.mark_price.unwrap();
            let value = if position.side == Some(AccountPositionSide::Long) {
                value
            } else {
                -value
            };
            value - position.unrealized_pnl.unwrap()
        })
        .sum();
    prop_assert_eq!(balance("USDT"), decimal("1000000") + cash + open_cost);
    Ok(())
}
