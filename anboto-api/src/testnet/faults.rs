//! Faults on demand: which request meets one, and which. What a fault does to a connection is in `http`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::core::noise::Random;
use super::json;
use super::{Shared, lock};
use crate::{Operation, operations};

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// It is answered by this instead.
    Answer(CannedAnswer),
    /// It is held back before it is executed, as by a slow network on its way there; its window may have ended by then.
    DelayRequest(Millis),
    /// Its answer is held back, as on the way back.
    DelayAnswer(Millis),
    /// The connection is reset.
    Reset(Moment),
    /// It is executed, and the connection closed in the middle of the answer.
    CutOff,
    /// It is executed, and the answer ends in mid-JSON, complete by its length.
    InvalidJson,
    /// It is executed, and each enum value of the answer is one that no contract lists.
    UnknownEnums,
    /// It is handled with the server's clock so many ms ahead, or behind when negative.
    ClockSkew(i64),
}

/// A duration in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// When a connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before the body is read; of the request, no more than its head.
    BeforeRead,
    /// After the request was read and before it is executed.
    BeforeExecution,
    /// After it was executed: the order exists, and the client is not told.
    AfterExecution,
}

/// An answer that is given in place of the real one.
///
/// ```
/// use std::time::Duration;
/// use anboto_api::testnet::CannedAnswer;
///
/// CannedAnswer::new(429).retry_after(Duration::from_secs(2));
/// CannedAnswer::new(502).html().after_execution();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CannedAnswer {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) body: CannedBody,
    /// In seconds.
    #[serde(default)]
    pub(crate) retry_after: Option<u64>,
    /// Whether the request is executed all the same.
    #[serde(default)]
    pub(crate) after_execution: bool,
}

/// What a canned answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CannedBody {
    #[default]
    Json,
    Text,
    Html,
    Empty,
}

impl CannedAnswer {
    /// An answer of this status, in Micronaut's JSON; the request is not executed.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            body: CannedBody::default(),
            retry_after: None,
            after_execution: false,
        }
    }

    /// As plain text.
    #[must_use]
    pub fn text(mut self) -> Self {
        self.body = CannedBody::Text;
        self
    }

    /// As an HTML page, as from a proxy in front of the server.
    #[must_use]
    pub fn html(mut self) -> Self {
        self.body = CannedBody::Html;
        self
    }

    /// Without a body.
    #[must_use]
    pub fn empty(mut self) -> Self {
        self.body = CannedBody::Empty;
        self
    }

    /// With a `Retry-After` header, in whole seconds.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait.as_secs());
        self
    }

    /// After the request was executed: its real answer is lost.
    #[must_use]
    pub fn after_execution(mut self) -> Self {
        self.after_execution = true;
        self
    }
}

impl From<u16> for CannedAnswer {
    fn from(status: u16) -> Self {
        Self::new(status)
    }
}

/// Which requests meet a fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    Next(u64),
    Chance(f64),
    Always,
}

/// One line of the script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) when: When,
    /// The operation's id; every operation when left out.
    #[serde(default)]
    pub(crate) operation: Option<String>,
    pub(crate) fault: Fault,
}

impl Rule {
    /// What is wrong with it, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        let known = |id: &String| operations::ALL.iter().any(|operation| operation.id == id);
        if let Some(id) = self.operation.as_ref().filter(|id| !known(id)) {
            return Some(format!("there is no operation {id}"));
        }
        match (&self.when, &self.fault) {
            (When::Chance(chance), _) if !(0.0..=1.0).contains(chance) => {
                Some(format!("{chance} is no probability"))
            }
            (_, Fault::Answer(answer)) if !(200..=599).contains(&answer.status) => {
                Some(format!("{} can't be answered", answer.status))
            }
            _ => None,
        }
    }
}

/// The script: its lines in the order they were written, of which the first that fits decides.
#[derive(Debug)]
pub(crate) struct Script {
    rules: Vec<Rule>,
    random: Random,
}

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rules: Vec::new(),
            random: Random::new(seed, "faults"),
        }
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The fault that the next request of an operation meets.
    pub(crate) fn draw(&mut self, operation: &Operation) -> Option<Fault> {
        let fits = |rule: &Rule| {
            rule.operation
                .as_deref()
                .is_none_or(|id| id == operation.id)
        };
        for index in 0..self.rules.len() {
            let rule = &mut self.rules[index];
            if !fits(rule) {
                continue;
            }
            match &mut rule.when {
                When::Always => return Some(rule.fault.clone()),
                When::Chance(chance) => {
                    if self.random.chance(*chance) {
                        return Some(rule.fault.clone());
                    }
                }
                When::Next(0) => {}
                When::Next(left) => {
                    *left -= 1;
                    let fault = rule.fault.clone();
                    self.rules.retain(|rule| rule.when != When::Next(0));
                    return Some(fault);
                }
            }
        }
        None
    }
}

/// Writes the script of a [`Testnet`](super::Testnet)'s faults; from [`Testnet::faults`](super::Testnet::faults).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use anboto_api::operations;
/// use anboto_api::testnet::{Moment, Testnet};
///
/// let testnet = Testnet::start()?;
/// testnet.faults().next(3).of(&operations::CREATE_ORDER).answer(503);
/// testnet.faults().chance(0.01).reset(Moment::AfterExecution);
/// testnet.faults().clear();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a fault is only written down when it is said what goes wrong"]
pub struct Faults<'a> {
    shared: &'a Shared,
    when: When,
    operation: Option<&'static Operation>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            when: When::Always,
            operation: None,
        }
    }

    /// Of the next so many requests.
    pub fn next(mut self, requests: u64) -> Self {
        self.when = When::Next(requests);
        self
    }

    /// Of each request with this probability, drawn from the testnet's seed.
    pub fn chance(mut self, probability: f64) -> Self {
        self.when = When::Chance(probability.clamp(0.0, 1.0));
        self
    }

    /// Of this operation alone.
    pub fn of(mut self, operation: &'static Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Lets this go wrong.
    pub fn fail(self, fault: Fault) {
        lock(&self.shared.state).faults.add(Rule {
            when: self.when,
            operation: self.operation.map(|operation| operation.id.to_owned()),
            fault,
        });
    }

    /// Answers in place of the server: by a status, or by a [`CannedAnswer`].
    pub fn answer(self, answer: impl Into<CannedAnswer>) {
        self.fail(Fault::Answer(answer.into()));
    }

    /// Resets the connection.
    pub fn reset(self, moment: Moment) {
        self.fail(Fault::Reset(moment));
    }

    /// Holds the request back before it is executed. It is executed even when the client has gone by then.
    pub fn delay_request(self, delay: Duration) {
        self.fail(Fault::DelayRequest(millis(delay)));
    }

    /// Holds the answer back after the request was executed.
    pub fn delay_answer(self, delay: Duration) {
        self.fail(Fault::DelayAnswer(millis(delay)));
    }

    /// Executes the request and closes the connection in the middle of the answer.
    pub fn cut_off(self) {
        self.fail(Fault::CutOff);
    }

    /// Executes the request and answers with half of the JSON.
    pub fn invalid_json(self) {
        self.fail(Fault::InvalidJson);
    }

    /// Executes the request and answers with enum values that no contract lists.
    pub fn unknown_enums(self) {
        self.fail(Fault::UnknownEnums);
    }

    /// Handles the request with the server's clock so many ms ahead, or behind when negative.
    pub fn clock_skew(self, ms: i64) {
        self.fail(Fault::ClockSkew(ms));
    }

    /// Forgets the whole script.
    pub fn clear(self) {
        lock(&self.shared.state).faults.clear();
    }
}

fn millis(duration: Duration) -> Millis {
    Millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// An answer with every enum value replaced.
pub(crate) fn with_unknown_enums(body: &[u8]) -> Vec<u8> {
    const ENUMS: [&str; 10] = [
        "status",
        "error_code",
        "side",
        "asset_class",
        "exchange",
        "strategy",
        "assetClass",
        "marginMode",
        "direction",
        "makerOrTaker",
    ];
    json::rewrite(body, |key, value| {
        (ENUMS.contains(&key) && value.starts_with('"')).then(|| "\"OF_TOMORROW\"".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_followed_line_by_line_and_used_up() {
        let mut script = Script::new(1);
        let rule = |when, operation: Option<&str>, fault| Rule {
            when,
            operation: operation.map(str::to_owned),
            fault,
        };
        script.add(rule(When::Next(2), Some("createOrder"), Fault::CutOff));
        script.add(rule(When::Next(1), None, Fault::InvalidJson));
        assert_eq!(script.draw(&operations::CREATE_ORDER), Some(Fault::CutOff));
        assert_eq!(script.draw(&operations::STATUS), Some(Fault::InvalidJson));
        assert_eq!(script.draw(&operations::STATUS), None);
        assert_eq!(script.draw(&operations::CREATE_ORDER), Some(Fault::CutOff));
        assert_eq!(script.draw(&operations::CREATE_ORDER), None);
        assert!(script.rules().is_empty());
    }

    #[test]
    fn chances_follow_the_seed() {
        let draws = |seed| {
            let mut script = Script::new(seed);
            script.add(Rule {
                when: When::Chance(0.5),
                operation: None,
                fault: Fault::CutOff,
            });
            (0..64)
                .map(|_| script.draw(&operations::STATUS).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }
}
