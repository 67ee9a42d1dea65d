//! What a service relies on without calling it: which values convert, which environments there are, what is `Send`.
#![allow(
    clippy::unwrap_used,
    deprecated,
    reason = "a test may stop at the first surprise, and tests what has left the contract"
)]

mod common;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::process::Command;

use anboto_api::types::{Exchange, TradingExchange};
use anboto_api::{
    BuildError, Client, ClientBuilder, Credentials, Effect, Environment, Error, InvalidRequest,
    ListenKey, MissingFields, NotListed, Operation, ResponseValue, calls, operations, types,
};

// Exchanges.

const BOTH: [&str; 14] = [
    "BINANCE",
    "HUOBI",
    "GATEIO",
    "KUCOIN",
    "OKX",
    "BYBIT",
    "BITGET",
    "WOO",
    "MEXC",
    "BULLISH",
    "B2C2",
    "COINBASE_PRIME",
    "COINBASE_INTL",
    "HYPERLIQUID",
];

#[test]
fn an_exchange_converts_where_orders_can_be_placed() {
    for name in BOTH {
        let market: Exchange = name.parse().unwrap();
        let trading: TradingExchange = name.parse().unwrap();
        assert!(!market.is_unknown() && !trading.is_unknown(), "{name}");
        assert_eq!(TradingExchange::try_from(&market).as_ref(), Ok(&trading));
        assert_eq!(Exchange::try_from(trading), Ok(market));
    }
}

#[test]
fn an_exchange_of_market_data_alone_does_not() {
    for market in [
        Exchange::CoinbaseAdv,
        Exchange::Extended,
        Exchange::Lighter,
        Exchange::Kraken,
    ] {
        let error = TradingExchange::try_from(&market).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{market} is not a TradingExchange")
        );
    }
    // KRAKEN left the exchanges of orders, and is one of market data still.
    assert_eq!(
        Exchange::try_from(TradingExchange::Kraken),
        Ok(Exchange::Kraken)
    );
}

/// What is unknown here is unknown there, whatever its text looks like.
#[test]
fn an_unknown_exchange_converts_into_none() {
    for unknown in [
        "NOWHERE".parse().unwrap(),
        Exchange::verbatim("kraken"),
        Exchange::verbatim("binance"),
        Exchange::verbatim(""),
    ] {
        assert!(unknown.is_unknown());
        assert!(TradingExchange::try_from(unknown).is_err());
    }
    assert!(Exchange::try_from(TradingExchange::verbatim("okx")).is_err());
}

// Environments.

/// The overlay's servers are read as text, so that the test depends on no YAML.
#[test]
fn the_servers_of_the_overlay_are_the_environments() {
    let overlay = include_str!("../../spec/overlay.yml");
    let listed: BTreeSet<_> = overlay
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- url:"))
        .map(|url| url.trim().trim_matches(['\'', '"']).to_owned())
        .collect();
    let known = [
        Environment::mainnet(),
        Environment::pro(),
        Environment::testnet(),
    ];
    let known: BTreeSet<_> = known
        .iter()
        .map(|known| known.base_url().to_owned())
        .collect();
    assert_eq!(listed, known);
}

// The table of operations.

#[test]
fn effects_do_not_follow_from_the_method() {
    let of = |effect: Effect| -> Vec<_> {
        let all = operations::ALL
            .iter()
            .filter(|operation| operation.effect == effect);
        all.map(|operation| operation.id).collect()
    };
    assert_eq!(of(Effect::NeverRepeatedWrite), ["cancelAllOpenOrders"]);
    assert_eq!(of(Effect::RepeatableWrite), ["cancelMany", "cancelOrder"]);
    assert_eq!(
        of(Effect::Write),
        [
            "createManyMultiLegsOrders",
            "createManyOrders",
            "createMultiLegsOrder",
            "createOrder"
        ]
    );
    let unsigned: Vec<_> = operations::ALL
        .iter()
        .filter(|operation| !operation.signed)
        .collect();
    assert_eq!(unsigned, [&&operations::STATUS]);
}

// Types.

fn value<T: Clone + Debug + Send + Sync>() {}
fn shared<T: Debug + Send + Sync + 'static>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}

/// That it compiles is the test.
#[test]
fn values_can_be_shared_and_kept() {
    value::<Client>();
    value::<ClientBuilder>();
    value::<Credentials>();
    value::<ListenKey>();
    value::<Operation>();
    value::<types::CreateParentOrderRequest>();
    value::<types::builder::CreateParentOrderRequest>();
    value::<types::OrderDetailsList>();
    shared::<ResponseValue<types::OrderDetailsList>>();
    error::<Error>();
    error::<BuildError>();
    error::<InvalidRequest>();
    error::<MissingFields>();
    error::<NotListed>();
    // A result is as large as its good half.
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

macro_rules! calls_are_values {
    ($($call:ident),* $(,)?) => {
        #[test]
        fn calls_can_be_kept_and_sent_from_any_task() {
            $(value::<calls::$call<'static>>();)*
            assert_eq!([$(stringify!($call)),*].len(), operations::ALL.len());
        }
    };
}

// That their futures are `Send` is shown by the wire tests, whose cases box them as such.
calls_are_values!(
    CancelAllOpenOrders,
    CancelMany,
    CancelOrder,
    CreateManyMultiLegsOrders,
    CreateManyOrders,
    CreateMultiLegsOrder,
    CreateOrder,
    Exchanges,
    FindOrders,
    FundingRateHistory,
    GetBalance,
    GetOpenOrders,
    GetOrders,
    GetPosition,
    GetUserTrades,
    Instruments,
    LastFundingRates,
    ListenKey,
    Status,
);

// Dependencies.

/// A service compiles no generator, and no parser of Rust but for the macros of others.
#[test]
fn no_generator_is_among_the_dependencies() {
    // The features of this build: what others would need may not have been downloaded.
    let features = [
        ("rustls", cfg!(feature = "rustls")),
        ("native-tls", cfg!(feature = "native-tls")),
    ];
    let features: Vec<_> = features
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| *name)
        .collect();
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--package", "anboto-api"])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none"])
        .args(["--no-default-features", "--features", &features.join(",")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let listed = String::from_utf8(tree.stdout).unwrap();
    let problem = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{problem}");
    let names: BTreeSet<_> = listed
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(names.contains("reqwest"), "{listed}");
    for generator in [
        "anboto-gen",
        "openapiv3",
        "prettyplease",
        "progenitor",
        "progenitor-impl",
        "schemars",
        "syn",
        "typify",
    ] {
        assert!(!names.contains(generator), "{generator}");
    }
}
