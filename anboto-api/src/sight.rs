//! What can be seen of the client at work, by the features `tracing` and `metrics`. Without them all of this is nothing.
//!
//! Only names from fixed lists and numbers go out from here: whatever a server or a caller has written might hold a secret.

#[cfg(not(any(feature = "metrics", feature = "tracing")))]
pub(crate) use blind::Attempt;
#[cfg(any(feature = "metrics", feature = "tracing"))]
pub(crate) use seen::Attempt;

use crate::Operation;

/// Tells the offset of the server's clock from that of this machine: above zero when the server's is ahead.
pub(crate) fn clock_offset(ms: i64) {
    // As exact as anyone needs: 2^53 ms are 285,000 years.
    #[cfg(feature = "metrics")]
    metrics::gauge!("anboto_clock_offset_ms").set(ms as f64);
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "anboto_api", clock_offset_ms = ms, "measured the server's clock");
    #[cfg(not(any(feature = "metrics", feature = "tracing")))]
    let _ = ms;
}

/// Tells what became of an order.
pub(crate) fn outcome(operation: &'static Operation, outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("anboto_outcomes_total", "operation" => operation.id, "outcome" => outcome)
        .increment(1);
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "anboto_api", operation = operation.id, outcome, "an order's outcome");
    #[cfg(not(any(feature = "metrics", feature = "tracing")))]
    let _ = (operation, outcome);
}

#[cfg(not(any(feature = "metrics", feature = "tracing")))]
mod blind {
    use crate::{Error, Operation, ResponseValue};

    pub(crate) struct Attempt;

    impl Attempt {
        pub(crate) fn begin(_operation: &'static Operation, _number: u32) -> Self {
            Self
        }

        pub(crate) fn watch<F>(&self, attempt: F) -> F {
            attempt
        }

        pub(crate) fn end<T>(self, _result: &Result<ResponseValue<T>, Error>) {}
    }
}

#[cfg(any(feature = "metrics", feature = "tracing"))]
mod seen {
    use std::time::{Duration, Instant};

    use crate::types::ApiErrorCode;
    use crate::{Error, Operation, ResponseValue};

    /// One attempt of a call, from its begin to its end, or until its future is dropped.
    pub(crate) struct Attempt {
        operation: &'static Operation,
        number: u32,
        begun: Instant,
        #[cfg(feature = "tracing")]
        span: tracing::Span,
        is_over: bool,
    }

    /// What an attempt came to.
    struct Ending<'a> {
        result: &'static str,
        status: Option<u16>,
        code: Option<&'a str>,
        may_have_been_executed: Option<bool>,
        was_sent: bool,
    }

    impl Attempt {
        pub(crate) fn begin(operation: &'static Operation, number: u32) -> Self {
            Self {
                operation,
                number,
                begun: Instant::now(),
                #[cfg(feature = "tracing")]
                span: tracing::debug_span!(
                    target: "anboto_api",
                    "anboto_attempt",
                    operation = operation.id,
                    attempt = number
                ),
                is_over: false,
            }
        }

        #[cfg(feature = "tracing")]
        pub(crate) fn watch<F: Future>(
            &self,
            attempt: F,
        ) -> impl Future<Output = F::Output> + use<F> {
            tracing::Instrument::instrument(attempt, self.span.clone())
        }

        #[cfg(not(feature = "tracing"))]
        pub(crate) fn watch<F>(&self, attempt: F) -> F {
            attempt
        }

        pub(crate) fn end<T>(mut self, result: &Result<ResponseValue<T>, Error>) {
            self.is_over = true;
            let code: Option<ApiErrorCode>;
            let ending = match result {
                Ok(answer) => Ending {
                    result: "ok",
                    status: Some(answer.status().as_u16()),
                    code: None,
                    may_have_been_executed: None,
                    was_sent: true,
                },
                Err(error) => {
                    let (result, was_sent) = named(error);
                    // A code that is not listed is the server's own words.
                    code = error
                        .code()
                        .and_then(|code| code.parse::<ApiErrorCode>().ok())
                        .filter(|code| !code.is_unknown());
                    Ending {
                        result,
                        status: error.status().map(|status| status.as_u16()),
                        code: code.as_ref().map(ApiErrorCode::as_str),
                        may_have_been_executed: Some(error.may_have_been_executed()),
                        was_sent,
                    }
                }
            };
            self.show(&ending);
        }

        fn show(&self, ending: &Ending<'_>) {
            let latency = self.begun.elapsed();
            self.count(ending, latency);
            self.trace(ending, latency);
        }

        #[cfg(feature = "metrics")]
        fn count(&self, ending: &Ending<'_>, latency: Duration) {
            let operation = self.operation.id;
            metrics::counter!(
                "anboto_attempts_total",
                "operation" => operation,
                "result" => ending.result
            )
            .increment(1);
            if self.number > 1 {
                metrics::counter!("anboto_retries_total", "operation" => operation).increment(1);
            }
            if ending.was_sent {
                metrics::histogram!("anboto_attempt_seconds", "operation" => operation)
                    .record(latency.as_secs_f64());
            }
        }

        #[cfg(not(feature = "metrics"))]
        fn count(&self, ending: &Ending<'_>, _latency: Duration) {
            let _ = ending.was_sent;
        }

        #[cfg(feature = "tracing")]
        fn trace(&self, ending: &Ending<'_>, latency: Duration) {
            // The level of an event is part of its place in the source, so there have to be two of them.
            macro_rules! event {
                ($level:ident, $message:literal) => {
                    tracing::event!(
                        target: "anboto_api",
                        parent: &self.span,
                        tracing::Level::$level,
                        operation = self.operation.id,
                        attempt = self.number,
                        result = ending.result,
                        status = ending.status,
                        code = ending.code,
                        latency_ms = latency.as_secs_f64() * 1000.0,
                        may_have_been_executed = ending.may_have_been_executed,
                        $message
                    )
                };
            }
            if ending.result == "ok" {
                event!(DEBUG, "a call was answered");
            } else {
                event!(WARN, "an attempt failed");
            }
        }

        #[cfg(not(feature = "tracing"))]
        fn trace(&self, ending: &Ending<'_>, _latency: Duration) {
            let _ = (ending.status, ending.code, ending.may_have_been_executed);
        }
    }

    impl Drop for Attempt {
        fn drop(&mut self) {
            if !self.is_over {
                self.show(&Ending {
                    result: "abandoned",
                    status: None,
                    code: None,
                    may_have_been_executed: Some(self.operation.effect.is_write()),
                    was_sent: false,
                });
            }
        }
    }

    /// The name of what went wrong, and whether anything was sent.
    fn named(error: &Error) -> (&'static str, bool) {
        let of_the_request = [
            (error.is_invalid_request(), "invalid_request"),
            (error.is_guarded(), "guarded"),
            (error.is_missing_credentials(), "no_credentials"),
            (error.is_signing(), "not_signed"),
            (error.is_connect(), "not_connected"),
        ];
        if let Some((_, name)) = of_the_request.into_iter().find(|(is, _)| *is) {
            return (name, false);
        }
        let of_the_answer = [
            (error.is_timeout(), "timeout"),
            (error.is_rate_limited(), "rate_limited"),
            (error.is_server_error(), "server_error"),
            (error.is_status(), "refused"),
            (error.is_decode(), "unreadable"),
        ];
        let found = of_the_answer.into_iter().find(|(is, _)| *is);
        (found.map_or("no_answer", |(_, name)| name), true)
    }
}

#[cfg(all(test, feature = "metrics"))]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::sync::{Arc, Mutex};

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, SharedString, Unit,
    };

    use super::*;
    use crate::call::Call;
    use crate::operations;

    #[derive(Clone, Default)]
    struct Recorded(Arc<Mutex<Vec<String>>>);

    struct One(Recorded, Key);

    impl One {
        fn keep(&self, value: f64) {
            let labels = self.1.labels().map(|label| label.value());
            let labels = labels.collect::<Vec<_>>().join(" ");
            let line = format!("{} {labels} {value}", self.1.name());
            self.0.0.lock().unwrap().push(line);
        }
    }

    impl CounterFn for One {
        fn increment(&self, value: u64) {
            self.keep(value as f64);
        }
        fn absolute(&self, _: u64) {}
    }

    impl GaugeFn for One {
        fn increment(&self, _: f64) {}
        fn decrement(&self, _: f64) {}
        fn set(&self, value: f64) {
            self.keep(value);
        }
    }

    impl metrics::Recorder for Recorded {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(Arc::new(One(self.clone(), key.clone())))
        }
        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(Arc::new(One(self.clone(), key.clone())))
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    fn recorded(work: impl FnOnce()) -> Vec<String> {
        let recorded = Recorded::default();
        metrics::with_local_recorder(&recorded, work);
        recorded.0.lock().unwrap().clone()
    }

    #[test]
    fn every_attempt_after_the_first_is_a_retry() {
        let lines = recorded(|| {
            let call = Call::new(&operations::EXCHANGES);
            drop(Attempt::begin(call.operation, call.attempts.next()));
            drop(Attempt::begin(call.operation, call.attempts.next()));
            // Another call, though made from the same beginnings.
            let other = call.clone();
            drop(Attempt::begin(other.operation, other.attempts.next()));
        });
        let attempt = "anboto_attempts_total exchanges abandoned 1";
        let retry = "anboto_retries_total exchanges 1";
        assert_eq!(lines, [attempt, attempt, retry, attempt]);
    }

    #[test]
    fn clock_and_outcomes_have_their_metrics() {
        let lines = recorded(|| {
            clock_offset(-250);
            outcome(&operations::CREATE_ORDER, "unknown");
        });
        assert_eq!(
            lines,
            [
                "anboto_clock_offset_ms  -250",
                "anboto_outcomes_total createOrder unknown 1"
            ]
        );
    }
}
