//! What the documents leave open, asked of the server: by reads alone, at start-up or from a terminal.

use std::fmt;

use anboto_auth::{ListStyle, QueryForm, SignatureEncoding, Signer};

use crate::error::Kind;
use crate::{Client, ClientBuilder, ClockMeasurement, Error, operations};

/// A client order id that no order has, and whose `^` makes the signed query differ from the sent one (FACTS section 2).
const NOBODYS_ORDER: &str = "anboto-calibration^1";

/// What experiments have shown of a server and a key: by [`Client::calibrate`].
///
/// `Display` is the whole report for people: what was tried, what the server said, what follows, and what is to be done.
#[derive(Debug, Clone)]
pub struct Calibration {
    base_url: String,
    clock: ClockMeasurement,
    experiments: Vec<Experiment>,
    encoding: Finding<SignatureEncoding>,
    query_form: Finding<QueryForm>,
    list_style: Finding<ListStyle>,
    is_refused: bool,
    is_let_in: bool,
    refuses_escapes: bool,
    to_do: Vec<String>,
}

/// What an experiment with two choices has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding<T> {
    /// The server takes this one alone.
    Only(T),
    /// It takes either.
    Either,
    /// It could not be told.
    Unsettled,
}

/// One question to the server: what was tried, and what follows from it.
#[derive(Debug, Clone)]
pub struct Experiment {
    question: &'static str,
    trials: Vec<Trial>,
    conclusion: String,
}

/// One call of an experiment.
#[derive(Debug, Clone)]
pub struct Trial {
    what: String,
    answer: String,
    outcome: Outcome,
}

/// What an answer says of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It was taken, and the call served.
    Served,
    /// The call was refused, and not for who asked.
    LetIn,
    /// The signature was refused, or the key.
    Refused,
    /// Something else was in the way: the clock, the pace, the network, a failing server.
    Unclear,
}

/// What the client was set to when it was calibrated.
struct Settings {
    encoding: SignatureEncoding,
    query_form: QueryForm,
    lists: ListStyle,
    is_rsa: bool,
    signs_by_server_clock: bool,
}

impl Calibration {
    /// How the clock of this machine stands to the server's.
    pub fn clock(&self) -> &ClockMeasurement {
        &self.clock
    }

    /// In which encoding the server takes signatures of this key. Those of an RSA key are Base64 in every source, and not tried in
    /// another.
    pub fn signature_encoding(&self) -> Finding<SignatureEncoding> {
        self.encoding
    }

    /// Which text of the query the server wants signed.
    pub fn query_form(&self) -> Finding<QueryForm> {
        self.query_form
    }

    /// How the server wants lists written. It can be told only of an account with at least two orders within the last three days.
    pub fn list_style(&self) -> Finding<ListStyle> {
        self.list_style
    }

    /// Whether the server refused all that was signed with this key, in whatever way.
    pub fn is_key_refused(&self) -> bool {
        self.is_refused
    }

    /// Whether the client's settings fit, as far as it could be told.
    pub fn is_well(&self) -> bool {
        self.to_do.is_empty()
    }

    /// What is to be done, a sentence each; nothing if all is well.
    pub fn to_do(&self) -> &[String] {
        &self.to_do
    }

    /// What was asked, tried and concluded, in that order.
    pub fn experiments(&self) -> &[Experiment] {
        &self.experiments
    }

    /// The settings that fit, where it could be told which do: signature encoding, query form, list style, and the server's clock
    /// where that of this machine is off.
    ///
    /// ```no_run
    /// # async fn run(client: anboto_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let calibration = client.calibrate().await?;
    /// println!("{calibration}");
    /// let client = calibration.apply(client.to_builder()).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(&self, mut builder: ClientBuilder) -> ClientBuilder {
        if let Finding::Only(encoding) = self.encoding {
            builder = builder.map_signer(|signer| signer.with_encoding(encoding));
        }
        if let Finding::Only(form) = self.query_form {
            builder = builder.map_signer(|signer| signer.with_query_form(form));
        }
        if let Finding::Only(lists) = self.list_style {
            builder = builder.list_style(lists);
        }
        if self.clock.is_tolerated() {
            builder
        } else {
            builder.sign_by_server_clock(true)
        }
    }

    fn advise(&mut self, was: &Settings) {
        let mut to_do = Vec::new();
        if !self.clock.is_tolerated() && !was.signs_by_server_clock {
            to_do.push(
                "Set the clock of this machine right, best by NTP; or sign by the server's: ClientBuilder::sign_by_server_clock(true)."
                    .to_owned(),
            );
        }
        if self.is_refused {
            let pair = if was.is_rsa {
                "that the public half of this RSA key is the one registered for it"
            } else {
                "that the secret is the one that came with it"
            };
            to_do.push(format!(
                "Check that the API key belongs to {} (each environment has keys of its own), {pair}, and whether the key is bound to \
                 other IP addresses or has ended.",
                self.base_url
            ));
        } else if !self.is_let_in {
            to_do.push(
                "Try again: no signed call came through, and what was in the way is said above."
                    .to_owned(),
            );
        }
        if self.refuses_escapes {
            to_do.push(
                "Keep ids and sub-accounts to letters, digits and -._~/:@ : a query with any other character was refused, whichever way it \
                 was signed."
                    .to_owned(),
            );
        }
        if let Finding::Only(encoding) = self.encoding
            && encoding != was.encoding
        {
            to_do.push(format!(
                "Write signatures in {}: Signer::with_encoding(SignatureEncoding::{encoding:?}).",
                of_encoding(encoding)
            ));
        }
        if let Finding::Only(form) = self.query_form
            && form != was.query_form
        {
            to_do.push(format!(
                "Sign the query {}: Signer::with_query_form(QueryForm::{form:?}).",
                of_query_form(form)
            ));
        }
        if let Finding::Only(lists) = self.list_style
            && lists != was.lists
        {
            to_do.push(format!(
                "Write lists {}: ClientBuilder::list_style(ListStyle::{lists:?}).",
                of_list_style(lists)
            ));
        }
        self.to_do = to_do;
    }
}

impl Experiment {
    /// What was asked, such as `signature encoding`.
    pub fn question(&self) -> &'static str {
        self.question
    }

    /// The calls that were made; none if it came to nothing before.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// What follows, such as `hexadecimal alone` or `could not be told: …`.
    pub fn conclusion(&self) -> &str {
        &self.conclusion
    }
}

impl Trial {
    /// What was tried, such as `exchanges, signed in Base64`.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What the server said, on one line, without key and signature.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// Whether the call was served.
    pub fn is_served(&self) -> bool {
        self.outcome == Outcome::Served
    }
}

/// The whole report.
impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.base_url)?;
        for experiment in &self.experiments {
            writeln!(f, "\n{}", experiment.question)?;
            let wide = |trial: &Trial| trial.what.chars().count();
            let width = experiment.trials.iter().map(wide).max().unwrap_or(0);
            for Trial { what, answer, .. } in &experiment.trials {
                writeln!(f, "  {what:width$}  {answer}")?;
            }
            writeln!(f, "  => {}", experiment.conclusion)?;
        }
        f.write_str("\nto do")?;
        if self.is_well() {
            f.write_str("\n  nothing: the settings fit")?;
        }
        for what in &self.to_do {
            write!(f, "\n  - {what}")?;
        }
        Ok(())
    }
}

impl Client {
    /// Finds out by experiment what the documents leave open or contradict each other in: how the clocks stand, in which encoding
    /// the server takes this key's signatures, which text of a query it wants signed, and how it wants lists written.
    ///
    /// Reads alone, some twelve of them. Nothing is changed, on the server or in this client: the [`Calibration`] says what fits,
    /// and [`Calibration::apply`] makes settings of it. Signed is by the server's clock throughout, so that a clock that is off
    /// does not hide the rest.
    ///
    /// # Errors
    /// When the client has no credentials, and when the server could not be asked for its time. Whatever a signed call meets is
    /// part of the report.
    pub async fn calibrate(&self) -> Result<Calibration, Error> {
        let signer = self
            .signer()
            .ok_or_else(|| Error::new(&operations::EXCHANGES, Kind::NoCredentials))?;
        let was = Settings {
            encoding: signer.encoding(),
            query_form: signer.query_form(),
            lists: self.lists(),
            is_rsa: signer.is_rsa(),
            signs_by_server_clock: self.signs_by_server_clock(),
        };
        let clock = self.measure_clock().await?;
        let mut calibration = Calibration {
            base_url: self.environment().base_url().to_owned(),
            experiments: vec![of_clock(&clock)],
            clock,
            encoding: Finding::Unsettled,
            query_form: Finding::Unsettled,
            list_style: Finding::Unsettled,
            is_refused: false,
            is_let_in: false,
            refuses_escapes: false,
            to_do: Vec::new(),
        };
        let probe = |signer: Signer, lists| {
            let settings = self.to_builder().signer(signer).list_style(lists);
            self.variant(settings.sign_by_server_clock(true))
        };

        let (encodings, working) = try_encodings(&was, |encoding| {
            probe(signer.clone().with_encoding(encoding), was.lists)
        })
        .await;
        calibration.encoding = encodings.finding;
        calibration.is_refused = encodings.is_refused();
        calibration.is_let_in = working.is_some();
        calibration.experiments.push(encodings.experiment);
        if let Some(encoding) = working {
            let signer = signer.clone().with_encoding(encoding);
            let forms =
                try_query_forms(|form| probe(signer.clone().with_query_form(form), was.lists))
                    .await;
            calibration.query_form = forms.finding;
            calibration.refuses_escapes = forms.is_refused();
            calibration.experiments.push(forms.experiment);
            let lists = try_list_styles(|lists| probe(signer.clone(), lists)).await;
            calibration.list_style = lists.finding;
            calibration.experiments.push(lists.experiment);
        }
        calibration.advise(&was);
        Ok(calibration)
    }
}

/// An experiment with one or two choices that has been made.
struct Made<T> {
    finding: Finding<T>,
    experiment: Experiment,
}

impl<T: Copy> Made<T> {
    /// From the outcomes of the choices, in the order of the trials.
    fn new(
        question: &'static str,
        trials: Vec<Trial>,
        choices: &[T],
        describe: fn(T) -> &'static str,
    ) -> Self {
        let finding = conclude(choices, &trials);
        let conclusion = match finding {
            Finding::Only(choice) => format!("{} alone", describe(choice)),
            Finding::Either => "either; the setting stays as it is".to_owned(),
            Finding::Unsettled if trials.iter().all(Trial::is_refused) => {
                "nothing that was signed with this key was accepted".to_owned()
            }
            Finding::Unsettled => "could not be told; the setting stays as it is".to_owned(),
        };
        Self {
            finding,
            experiment: Experiment {
                question,
                trials,
                conclusion,
            },
        }
    }

    fn is_refused(&self) -> bool {
        self.experiment.trials.iter().all(Trial::is_refused)
    }
}

/// What follows from one trial for each choice.
fn conclude<T: Copy>(choices: &[T], trials: &[Trial]) -> Finding<T> {
    use Outcome::{LetIn, Refused, Served};
    let outcomes: Vec<Outcome> = trials.iter().map(|trial| trial.outcome).collect();
    match (outcomes.as_slice(), choices) {
        ([Served | LetIn], [only]) => Finding::Only(*only),
        ([Served | LetIn, Refused], [first, _]) => Finding::Only(*first),
        ([Refused, Served | LetIn], [_, second]) => Finding::Only(*second),
        // Two refusals for another reason may come from something before the server, which has judged no signature.
        ([Served, Served], _) => Finding::Either,
        _ => Finding::Unsettled,
    }
}

impl Trial {
    fn new<T>(what: String, answer: &Result<T, Error>) -> Self {
        match answer {
            Ok(_) => Self {
                what,
                answer: "served".to_owned(),
                outcome: Outcome::Served,
            },
            Err(error) => Self {
                what,
                answer: said(error),
                outcome: Outcome::of(error),
            },
        }
    }

    fn is_refused(&self) -> bool {
        self.outcome == Outcome::Refused
    }

    /// Whether the signature was taken.
    fn is_let_in(&self) -> bool {
        matches!(self.outcome, Outcome::Served | Outcome::LetIn)
    }
}

impl Outcome {
    fn of(error: &Error) -> Self {
        if error.is_about_the_clock() || error.is_rate_limited() {
            return Self::Unclear;
        }
        if let Some("INVALID_SIGNATURE" | "INVALID_API_KEY" | "AUTHENTICATION_ERROR") = error.code()
        {
            return Self::Refused;
        }
        match error.status().map(|status| status.as_u16()) {
            // Undecodable or not, it was served.
            Some(200..300) => Self::Served,
            Some(401 | 403) => Self::Refused,
            Some(400..500) => Self::LetIn,
            _ => Self::Unclear,
        }
    }
}

/// What an error says, without the operation, which stands beside it.
fn said(error: &Error) -> String {
    let text = error.to_string();
    let said = text.strip_prefix(error.operation().id);
    let said = said.and_then(|said| said.strip_prefix(": "));
    said.unwrap_or(&text).to_owned()
}

fn of_clock(clock: &ClockMeasurement) -> Experiment {
    let conclusion = if clock.is_tolerated() {
        "good enough to sign by"
    } else {
        "too far off: what is signed by it is refused"
    };
    Experiment {
        question: "clock",
        trials: vec![Trial {
            what: "status".to_owned(),
            answer: clock.to_string(),
            outcome: Outcome::Served,
        }],
        conclusion: conclusion.to_owned(),
    }
}

/// Also gives an encoding that works, the present one if it does.
async fn try_encodings(
    was: &Settings,
    probe: impl Fn(SignatureEncoding) -> Client,
) -> (Made<SignatureEncoding>, Option<SignatureEncoding>) {
    let choices: &[SignatureEncoding] = if was.is_rsa {
        &[SignatureEncoding::Base64]
    } else {
        &[SignatureEncoding::Base64, SignatureEncoding::Hex]
    };
    let mut trials = Vec::new();
    for encoding in choices {
        let answer = probe(*encoding).exchanges().send().await;
        let what = format!("exchanges, signed in {}", of_encoding(*encoding));
        trials.push(Trial::new(what, &answer));
    }
    let mut working: Vec<_> = choices
        .iter()
        .zip(&trials)
        .filter(|(_, trial)| trial.is_let_in())
        .map(|(encoding, _)| *encoding)
        .collect();
    working.sort_by_key(|encoding| *encoding != was.encoding);
    let made = Made::new("signature encoding", trials, choices, of_encoding);
    (made, working.first().copied())
}

async fn try_query_forms(probe: impl Fn(QueryForm) -> Client) -> Made<QueryForm> {
    const CHOICES: &[QueryForm] = &[QueryForm::Decoded, QueryForm::AsSent];
    let mut trials = Vec::new();
    for form in CHOICES {
        let client = probe(*form);
        let call = client.get_orders().client_order_ids([NOBODYS_ORDER]);
        let answer = call.send().await;
        let what = format!(
            "getOrders of {NOBODYS_ORDER}, signed {}",
            of_query_form(*form)
        );
        trials.push(Trial::new(what, &answer));
    }
    Made::new("query form", trials, CHOICES, of_query_form)
}

/// By two orders that exist: the style by which both are found is one that the server reads.
async fn try_list_styles(probe: impl Fn(ListStyle) -> Client) -> Made<ListStyle> {
    const QUESTION: &str = "list style";
    const CHOICES: &[ListStyle] = &[ListStyle::CommaJoined, ListStyle::Repeated];
    let found = probe(ListStyle::CommaJoined)
        .find_orders()
        .limit(2)
        .send()
        .await;
    let mut ids: Vec<i64> = found.as_ref().map_or_else(
        |_| Vec::new(),
        |found| found.orders.iter().filter_map(|o| o.order_id).collect(),
    );
    ids.sort_unstable();
    ids.dedup();
    let [first, second, ..] = ids[..] else {
        let mut trial = Trial::new("findOrders, two of them".to_owned(), &found);
        if found.is_ok() {
            trial.answer = "fewer than two orders within the last three days".to_owned();
        }
        return Made {
            finding: Finding::Unsettled,
            experiment: Experiment {
                question: QUESTION,
                trials: vec![trial],
                conclusion: "could not be told; the setting stays as it is".to_owned(),
            },
        };
    };
    let mut trials = Vec::new();
    for lists in CHOICES {
        let client = probe(*lists);
        let answer = client.get_orders().order_ids([first, second]).send().await;
        let what = format!("getOrders of two orders, {}", of_list_style(*lists));
        let mut trial = Trial::new(what, &answer);
        if let Ok(answer) = answer {
            let has = |id| answer.orders.iter().any(|o| o.order_id == Some(id));
            if !(has(first) && has(second)) {
                trial.answer = format!("{} of them found", u8::from(has(first) || has(second)));
                trial.outcome = Outcome::Refused;
            }
        } else if trial.outcome == Outcome::LetIn {
            // Here a refusal of the request is one of the way it was written.
            trial.outcome = Outcome::Refused;
        }
        trials.push(trial);
    }
    let mut made = Made::new(QUESTION, trials, CHOICES, of_list_style);
    if made.is_refused() {
        made.experiment.conclusion = "could not be told: neither found both orders".to_owned();
    }
    made
}

fn of_encoding(encoding: SignatureEncoding) -> &'static str {
    match encoding {
        SignatureEncoding::Hex => "hexadecimal",
        _ => "Base64",
    }
}

fn of_query_form(form: QueryForm) -> &'static str {
    match form {
        QueryForm::AsSent => "as sent",
        _ => "decoded",
    }
}

fn of_list_style(lists: ListStyle) -> &'static str {
    match lists {
        ListStyle::Repeated => "one parameter each",
        _ => "joined by commas",
    }
}
