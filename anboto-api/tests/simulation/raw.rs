//! The network by itself: what each fate looks like to a client that sends once, and says what it met.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anboto_api::testnet::Rules;
use anboto_api::types::*;
use anboto_api::{Client, Decimal, Error, Retries};
use tokio::time::sleep;

use super::network::{Answer, Canned, Clock, Copied, Fate, Way, Weather, World};
use super::{client, on_virtual_time, world};

fn order(id: &str) -> builder::CreateParentOrderRequest {
    CreateParentOrderRequest::builder()
        .client_order_id(id)
        .exchange(TradingExchange::Binance)
        .symbol("BTC/USDT")
        .asset_category(AssetCategory::Spot)
        .side(Side::Buy)
        .quantity(Decimal::new(1, 3))
        .strategy(ExecutionStrategy::Twap)
        .params(OrderParams::builder().duration_seconds(Duration::from_secs(600)))
}

async fn create(client: &Client, id: &str) -> Result<OrderSummary, Error> {
    let sent = client.create_order().body(order(id)).send().await;
    sent.map(|answer| answer.into_inner())
}

/// A world where all goes well but for what is scripted, and a client in it.
fn scripted(fate: Fate) -> (Arc<World>, Client) {
    let rules = Rules::default();
    let world = world(1, rules, Weather::good());
    world.script([fate]);
    let client = client(&world, 1, 0, Clock::default())
        .retries(Retries::none())
        .build()
        .unwrap();
    (world, client)
}

/// One order meets this fate. What the client sees of it, and how many orders there are: when it sees it, and in the end.
fn meets(fate: Fate) -> (Error, usize, usize) {
    on_virtual_time(async {
        let (world, client) = scripted(fate);
        let error = create(&client, "one").await.unwrap_err();
        let then = world.orders().len();
        sleep(Duration::from_secs(120)).await;
        assert!(world.is_still());
        let orders = world.orders();
        assert!(orders.is_empty() || error.may_have_been_executed() || is_429(&error));
        (error, then, orders.len())
    })
}

/// A gateway's word for a request that was executed, which the raw client has to take.
fn is_429(error: &Error) -> bool {
    error.status().map(|status| status.as_u16()) == Some(429)
}

fn way(way: Way, out_ms: u64) -> Fate {
    Fate {
        way,
        ..Fate::good(out_ms, 10)
    }
}

fn answer(answer: Answer) -> Fate {
    Fate {
        answer,
        ..Fate::good(10, 10)
    }
}

#[test]
fn what_never_left_is_known_not_to_exist() {
    let (error, then, later) = meets(way(Way::NotConnected, 10));
    assert!(error.is_connect() && !error.may_have_been_executed());
    assert_eq!((then, later), (0, 0));
}

#[test]
fn what_is_lost_on_its_way_out_can_not_be_told_from_what_is_lost_on_its_way_back() {
    for (fate, is_timeout, then, later) in [
        (way(Way::LostWithReset, 10), false, 0, 0),
        (way(Way::LostInSilence, 10), true, 0, 0),
        (way(Way::BrokenOff(5), 4_000), false, 0, 1),
        // Signed for 5 s, and of no use after that.
        (way(Way::BrokenOff(5), 5_500), false, 0, 0),
        (answer(Answer::Reset), false, 1, 1),
        (answer(Answer::Lost), true, 1, 1),
        (Fate::good(10, 16_000), true, 1, 1),
    ] {
        let what = format!("{fate:?}");
        let (error, at_once, at_last) = meets(fate);
        assert!(error.may_have_been_executed(), "{what}");
        assert!(error.status().is_none() && !error.is_connect(), "{what}");
        assert_eq!(error.is_timeout(), is_timeout, "{what}");
        assert_eq!((at_once, at_last), (then, later), "{what}");
    }
}

#[test]
fn a_request_past_its_window_is_refused_if_its_client_still_waits() {
    let (error, _, later) = meets(way(Way::Arrives, 5_500));
    assert_eq!(error.code(), Some("INVALID_TIMESTAMP"));
    assert_eq!(later, 0);
}

#[test]
fn an_answer_that_is_cut_off_or_replaced_leaves_the_order() {
    let (error, then, _) = meets(answer(Answer::CutOff));
    assert!(error.is_decode() && error.may_have_been_executed());
    assert_eq!(then, 1);
    for status in [429, 500, 502, 503, 504] {
        for is_html in [false, true] {
            let canned = Canned {
                is_html,
                ..Canned::new(status)
            };
            let (error, then, _) = meets(answer(Answer::Replaced(canned)));
            assert_eq!(error.may_have_been_executed(), status != 429);
            assert_eq!(error.status().unwrap(), status);
            assert_eq!(then, 1);
        }
    }
}

#[test]
fn an_answer_in_place_of_the_exchanges_leaves_none() {
    for status in [401, 429, 503] {
        let fate = Fate {
            instead: Some(Canned {
                retry_after: Some(3),
                ..Canned::new(status)
            }),
            ..Fate::good(10, 10)
        };
        let (error, then, later) = meets(fate);
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.may_have_been_executed(), status == 503);
        let wait = error.retry_after(SystemTime::UNIX_EPOCH);
        assert_eq!(wait, Some(Duration::from_secs(3)));
        assert_eq!((then, later), (0, 0));
    }
}

#[test]
fn a_copy_is_refused_by_an_exchange_that_refuses_copies() {
    for (replay_protection, duplicates) in [(true, true), (false, false)] {
        on_virtual_time(async {
            let mut rules = Rules::default();
            rules.replay_protection = replay_protection;
            rules.duplicate_client_order_ids = duplicates;
            let world = world(1, rules, Weather::good());
            let client = client(&world, 1, 0, Clock::default()).build().unwrap();
            let copied = |is_answered| Fate {
                copy: Some(Copied {
                    out_ms: 2_000,
                    is_answered,
                }),
                ..Fate::good(10, 10)
            };
            world.script([copied(false)]);
            let placed = create(&client, "one").await.unwrap();
            assert_eq!(placed.status, Some(OrderStatus::PendingNew));
            sleep(Duration::from_secs(10)).await;
            assert_eq!(world.orders().len(), 1);
            // The answer to the second copy says that there is no order, and there is one.
            world.script([copied(true)]);
            match create(&client, "two").await {
                Ok(placed) => assert_eq!(placed.status, Some(OrderStatus::Rejected)),
                Err(error) => assert_eq!(error.code(), Some("AUTHENTICATION_ERROR")),
            }
            assert_eq!(world.orders().len(), 2);
        });
    }
}

#[test]
fn answers_change_places_and_each_says_whose_it_is() {
    on_virtual_time(async {
        let (world, client) = scripted(answer(Answer::Swapped));
        world.script([answer(Answer::Swapped)]);
        let (one, two) = tokio::join!(create(&client, "one"), create(&client, "two"));
        assert_eq!(one.unwrap().client_order_id.as_deref(), Some("two"));
        assert_eq!(two.unwrap().client_order_id.as_deref(), Some("one"));
        // With nothing to change places with, it is that of the one before, or comes a little later.
        world.script([answer(Answer::Swapped)]);
        let three = create(&client, "three").await.unwrap();
        let named = three.client_order_id.unwrap();
        assert!(matches!(named.as_str(), "one" | "two" | "three"));
    });
}

#[test]
fn an_answer_about_several_orders_may_lack_one_or_come_in_another_order() {
    for (fate, ids) in [
        (Answer::Incomplete, vec!["two", "three"]),
        (Answer::Shuffled, vec!["three", "two", "one"]),
    ] {
        on_virtual_time(async {
            let (world, client) = scripted(answer(fate));
            let orders: [CreateParentOrderRequest; 3] =
                ["one", "two", "three"].map(|id| order(id).try_into().unwrap());
            let batch = CreateManyParentOrdersRequest::builder().orders(orders);
            let placed = client
                .create_many_orders()
                .body(batch)
                .send()
                .await
                .unwrap();
            let named = placed.orders.iter();
            let named: Vec<_> = named
                .map(|order| order.client_order_id.clone().unwrap())
                .collect();
            assert_eq!(named, ids);
            assert_eq!(world.orders().len(), 3);
        });
    }
}

#[test]
fn look_ups_lag_and_catch_up() {
    on_virtual_time(async {
        let mut weather = Weather::good();
        weather.lag = Duration::from_secs(2);
        let world = world(1, Rules::default(), weather);
        let client = client(&world, 1, 0, Clock::default()).build().unwrap();
        create(&client, "one").await.unwrap();
        let mut hidden = 0;
        for _ in 0..20 {
            let found = client.get_orders().client_order_ids(["one"]).send().await;
            hidden += u32::from(found.unwrap().orders.is_empty());
        }
        assert!(hidden > 0);
        sleep(Duration::from_secs(2)).await;
        for _ in 0..20 {
            let found = client.get_orders().client_order_ids(["one"]).send().await;
            assert_eq!(found.unwrap().orders.len(), 1);
        }
    });
}

#[test]
fn a_clock_that_is_off_drifts_jumps_and_is_put_right() {
    on_virtual_time(async {
        let world = world(1, Rules::default(), Weather::good());
        let clock = Clock {
            offset_ms: -4_000,
            drift_ppm: -100_000,
            step: Some((60_000, 12_000)),
            put_right: Some((120_000, 5)),
        };
        let client = client(&world, 1, 0, clock).build().unwrap();
        assert!(create(&client, "one").await.is_ok());
        sleep(Duration::from_secs(30)).await;
        let error = create(&client, "two").await.unwrap_err();
        assert_eq!(error.code(), Some("INVALID_TIMESTAMP"), "too far behind");
        sleep(Duration::from_secs(31)).await;
        let error = create(&client, "three").await.unwrap_err();
        assert_eq!(error.code(), Some("INVALID_TIMESTAMP"), "too far ahead");
        sleep(Duration::from_secs(60)).await;
        assert!(create(&client, "four").await.is_ok());
    });
}
