//! The one table of rules: what can change in a contract, and what that means for those who trade on it.
//!
//! The comparison reports nothing that is not in [`RULES`], takes every verdict from it, and `drift-rules.md` is
//! [`documentation`] of it.

use std::fmt::{self, Write};

/// How much a change costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// Something is new or different, and what worked goes on working.
    Compatible,
    /// Something that worked does not any more.
    Breaking,
}

impl Level {
    /// The level as the reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which way a schema travels in the old contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Sent by the client.
    Request,
    /// Read by the client.
    Response,
    /// Part of an answer with an error status, whose body the client keeps as text and never decodes.
    Failure,
}

impl Use {
    /// The use as the reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Failure => "error response",
        }
    }
}

/// One kind of change.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, for good: fingerprints depend on it.
    pub id: &'static str,
    /// What has changed, as the headline of a finding.
    pub summary: &'static str,
    /// What a client already built makes of it, when it sends and when it reads the place.
    pub wire: Verdicts,
    /// What code compiled against the regenerated crate makes of it.
    pub source: Verdicts,
    /// Whether a person must read it, whatever the verdicts are.
    pub read_me: bool,
    /// The rule that reports the same change the other way round.
    pub mirror: &'static str,
    /// Why the verdicts are what they are.
    pub why: &'static str,
}

/// A level for each way of travelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdicts {
    /// Where the client sends.
    pub request: Level,
    /// Where the client reads.
    pub response: Level,
}

impl Verdicts {
    /// The level for one use. What stands only in error answers breaks nothing.
    pub fn of(self, used: Use) -> Level {
        match used {
            Use::Request => self.request,
            Use::Response => self.response,
            Use::Failure => self.response.min(Level::Compatible),
        }
    }

    /// The worse of the two.
    pub fn worst(self) -> Level {
        self.request.max(self.response)
    }
}

const fn both(level: Level) -> Verdicts {
    Verdicts {
        request: level,
        response: level,
    }
}

macro_rules! verdicts {
    ($request:ident / $response:ident) => {
        Verdicts {
            request: Level::$request,
            response: Level::$response,
        }
    };
    ($level:ident) => {
        both(Level::$level)
    };
}

/// A constant and a row for each rule, so that the code can name only rules that the table has.
macro_rules! rules {
    ($(
        $name:ident = $id:literal <> $mirror:literal
            wire $wire:ident $(/ $wire_response:ident)?, source $source:ident $(/ $source_response:ident)? $(, $read_me:ident)?;
            $summary:literal, $why:literal;
    )*) => {
        $(
            pub(super) static $name: Rule = Rule {
                id: $id,
                summary: $summary,
                wire: verdicts!($wire $(/ $wire_response)?),
                source: verdicts!($source $(/ $source_response)?),
                read_me: rules!(@read_me $($read_me)?),
                mirror: $mirror,
                why: $why,
            };
        )*
        /// Every rule, in the order in which the documentation lists them.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
    (@read_me read_me) => { true };
    (@read_me) => { false };
}

rules! {
    // What no rule knows.
    UNKNOWN = "unknown" <> "unknown"
        wire Breaking, source Breaking;
        "no rule knows this change", "What nobody has judged counts as breaking until somebody has.";

    // Access.
    HOSTS_CHANGED = "hosts-changed" <> "hosts-changed"
        wire None, source None, read_me;
        "hosts named in the prose changed", "The contract names its hosts in prose only; services have them in their configuration.";
    HEADERS_CHANGED = "headers-changed" <> "headers-changed"
        wire None, source None, read_me;
        "header names in the prose changed", "The headers of a signed request stand in prose only; anboto-auth has them in its code.";
    SIGNING_CHANGED = "signing-changed" <> "signing-changed"
        wire None, source None, read_me;
        "the words of the signing steps changed", "How to sign stands in prose only; anboto-auth has it in its code.";
    SERVER_ADDED = "server-added" <> "server-removed"
        wire Compatible, source None, read_me;
        "a server appeared", "Nobody calls it yet.";
    SERVER_REMOVED = "server-removed" <> "server-added"
        wire Breaking, source None, read_me;
        "a server is gone", "Whoever calls it will have to move.";
    SECURITY_ADDED = "security-added" <> "security-removed"
        wire Breaking, source None, read_me;
        "must be signed now", "A client already built does not sign it.";
    SECURITY_REMOVED = "security-removed" <> "security-added"
        wire Compatible, source None, read_me;
        "need not be signed any more", "A signature that nobody asks for does no harm, but whoever drops it should know why.";
    SECURITY_CHANGED = "security-changed" <> "security-changed"
        wire Breaking, source None, read_me;
        "is secured in another way", "A client already built has the old way in its code.";
    SECURITY_SCHEME_ADDED = "security-scheme-added" <> "security-scheme-removed"
        wire Compatible, source None, read_me;
        "a security scheme is defined", "Only operations that name it change, and they are reported.";
    SECURITY_SCHEME_REMOVED = "security-scheme-removed" <> "security-scheme-added"
        wire Compatible, source None, read_me;
        "a security scheme is no longer defined", "Only operations that name it change, and they are reported.";
    SECURITY_SCHEME_CHANGED = "security-scheme-changed" <> "security-scheme-changed"
        wire Breaking, source None, read_me;
        "a security scheme is defined in another way", "A client already built has the old way in its code.";

    // Operations.
    OPERATION_ADDED = "operation-added" <> "operation-removed"
        wire Compatible, source Compatible;
        "an operation appeared", "Nobody calls it yet; it becomes a method of the client.";
    WRITING_GET_ADDED = "writing-get-added" <> "writing-get-removed"
        wire Compatible, source Compatible, read_me;
        "a GET appeared that changes something, by its own words", "Proxies, caches and retries repeat a GET without a thought: say its effect in the overlay.";
    OPERATION_REMOVED = "operation-removed" <> "operation-added"
        wire Breaking, source Breaking;
        "an operation is gone", "Calls of it fail, and its method vanishes.";
    WRITING_GET_REMOVED = "writing-get-removed" <> "writing-get-added"
        wire Breaking, source Breaking;
        "a GET that changes something, by its own words, is gone", "Calls of it fail, and its method vanishes.";
    GET_NOW_WRITES = "get-now-writes" <> "get-no-longer-writes"
        wire None, source None, read_me;
        "a GET changes something now, by its own words", "What was safe to repeat may not be any more: look at its effect in the overlay.";
    GET_NO_LONGER_WRITES = "get-no-longer-writes" <> "get-now-writes"
        wire None, source None;
        "a GET no longer says that it changes something", "Its effect in the overlay stays on the safe side.";
    OPERATION_MOVED = "operation-moved" <> "operation-moved"
        wire Breaking, source None;
        "an operation moved to another path or method", "Calls go to the old place; the method of the client is named after the operation, not its path.";
    OPERATION_RENAMED = "operation-renamed" <> "operation-renamed"
        wire None, source Breaking;
        "an operation has another name", "The server does not know the name; the method of the client is named after it.";
    OPERATION_RESTYLED = "operation-restyled" <> "operation-restyled"
        wire None, source None;
        "the name of an operation is spelt in another style", "The method of the client is the same in snake_case.";

    // Parameters.
    OPTIONAL_PARAMETER_ADDED = "optional-parameter-added" <> "optional-parameter-removed"
        wire Compatible, source Compatible;
        "an optional parameter appeared", "The builder of the call gains a setter.";
    OPTIONAL_PARAMETER_REMOVED = "optional-parameter-removed" <> "optional-parameter-added"
        wire Breaking, source Breaking;
        "an optional parameter is gone", "What it narrowed is no longer narrowed, or the call is refused; its setter vanishes.";
    REQUIRED_PARAMETER_ADDED = "required-parameter-added" <> "required-parameter-removed"
        wire Breaking, source Compatible;
        "a required parameter appeared", "Calls without it are refused; the builder gains a setter, and `send` refuses without it.";
    REQUIRED_PARAMETER_REMOVED = "required-parameter-removed" <> "required-parameter-added"
        wire Breaking, source Breaking;
        "a required parameter is gone", "What it selected is no longer selected, or the call is refused; its setter vanishes.";
    PARAMETER_BECAME_REQUIRED = "parameter-became-required" <> "parameter-became-optional"
        wire Breaking, source None;
        "a parameter must be given now", "Calls without it are refused; the setter is the same.";
    PARAMETER_BECAME_OPTIONAL = "parameter-became-optional" <> "parameter-became-required"
        wire Compatible, source None;
        "a parameter may be left out now", "Calls with it go on working; the setter is the same.";
    PARAMETER_RENAMED = "parameter-renamed" <> "parameter-renamed"
        wire Breaking, source None;
        "the name of a parameter is spelt in another style", "The server looks for the new name; the setter is the same in snake_case.";
    PARAMETER_STYLE_CHANGED = "parameter-style-changed" <> "parameter-style-changed"
        wire Breaking, source None;
        "a parameter is written in another way", "How a list is joined or a text escaped is part of what is sent.";

    // Request bodies and answers.
    BODY_ADDED = "body-added" <> "body-removed"
        wire Breaking / Compatible, source Compatible / Breaking;
        "a body appeared where there was none", "A request without it may be refused; an answer that was ignored becomes a type.";
    BODY_REMOVED = "body-removed" <> "body-added"
        wire Breaking, source Breaking;
        "there is no body any more", "What was sent is ignored or refused, what was read is missing.";
    BODY_BECAME_REQUIRED = "body-became-required" <> "body-became-optional"
        wire Breaking / None, source None;
        "the request must have a body now", "A call without one is refused.";
    BODY_BECAME_OPTIONAL = "body-became-optional" <> "body-became-required"
        wire Compatible / None, source None;
        "the request may go without a body now", "A call with one goes on working.";
    MEDIA_TYPE_ADDED = "media-type-added" <> "media-type-removed"
        wire Compatible, source None;
        "a body may come in another media type too", "The client goes on sending and asking for what it did.";
    MEDIA_TYPE_REMOVED = "media-type-removed" <> "media-type-added"
        wire Breaking, source Breaking;
        "a media type is no longer served", "What the client sends, or reads, may be of that type.";
    SUCCESS_STATUS_CHANGED = "success-status-changed" <> "success-status-changed"
        wire Compatible, source None;
        "success has another status", "The client takes every 2xx for success.";
    SUCCESS_STATUS_ADDED = "success-status-added" <> "success-status-removed"
        wire Breaking, source None;
        "another success status appeared", "Its answer may have another shape than the one that is decoded.";
    SUCCESS_STATUS_REMOVED = "success-status-removed" <> "success-status-added"
        wire Compatible, source Compatible;
        "a success status is gone", "It is no longer sent.";
    ERROR_STATUS_ADDED = "error-status-added" <> "error-status-removed"
        wire Compatible, source None;
        "an error status is documented", "One error type holds every status.";
    ERROR_STATUS_REMOVED = "error-status-removed" <> "error-status-added"
        wire Compatible, source None;
        "an error status is no longer documented", "One error type holds every status.";
    RESPONSE_HEADER_ADDED = "response-header-added" <> "response-header-removed"
        wire Compatible, source None;
        "a header of the answer is documented", "Every header of an answer is kept, documented or not.";
    RESPONSE_HEADER_REMOVED = "response-header-removed" <> "response-header-added"
        wire Breaking, source None;
        "a header of the answer is no longer documented", "Somebody may rely on it.";

    // Schemas as wholes.
    SCHEMA_ADDED = "schema-added" <> "schema-removed"
        wire None, source Compatible;
        "a schema appeared", "It becomes a type; where it is used is reported there.";
    SCHEMA_REMOVED = "schema-removed" <> "schema-added"
        wire None, source Breaking;
        "a schema is gone", "Its type vanishes; where it was used is reported there.";
    SCHEMA_RENAMED = "schema-renamed" <> "schema-renamed"
        wire None, source Breaking;
        "a schema has another name", "Names of schemas are not sent; the type has another name.";
    SCHEMA_RESTYLED = "schema-restyled" <> "schema-restyled"
        wire None, source None;
        "the name of a schema is spelt in another style", "The type is the same in PascalCase.";
    SCHEMAS_MERGED = "schemas-merged" <> "schema-split"
        wire None, source Breaking;
        "schemas of equal shape became one", "Names of schemas are not sent; types vanish.";
    SCHEMA_SPLIT = "schema-split" <> "schemas-merged"
        wire None, source Breaking;
        "one schema became several of equal shape", "Names of schemas are not sent; the types have other names.";

    // Properties.
    OPTIONAL_PROPERTY_ADDED = "optional-property-added" <> "optional-property-removed"
        wire Compatible, source Compatible;
        "an optional property appeared", "What is not known is skipped; structs may gain fields, builders setters.";
    OPTIONAL_PROPERTY_REMOVED = "optional-property-removed" <> "optional-property-added"
        wire Breaking / Compatible, source Breaking;
        "an optional property is gone", "What is sent is ignored or refused, what is read becomes `None`; the field vanishes.";
    REQUIRED_PROPERTY_ADDED = "required-property-added" <> "required-property-removed"
        wire Breaking / Compatible, source Compatible;
        "a required property appeared", "Requests without it are refused; the builder gains a setter, and `build` refuses without it.";
    REQUIRED_PROPERTY_REMOVED = "required-property-removed" <> "required-property-added"
        wire Breaking, source Breaking;
        "a required property is gone", "What is sent is ignored or refused, an answer without it does not decode; the field vanishes.";
    FIRST_REQUIRED_PROPERTY_ADDED = "first-required-property-added" <> "last-required-property-removed"
        wire Breaking / Compatible, source Breaking;
        "a required property appeared, the first of its schema", "Requests without it are refused; `build` returns a `Result` from now on.";
    LAST_REQUIRED_PROPERTY_REMOVED = "last-required-property-removed" <> "first-required-property-added"
        wire Breaking, source Breaking;
        "a required property is gone, the last of its schema", "An answer without it does not decode; the field vanishes, and `build` no longer returns a `Result`.";
    PROPERTY_RENAMED = "property-renamed" <> "property-renamed"
        wire Breaking, source None;
        "the name of a property is spelt in another style", "Both sides look for another name; the field is the same in snake_case.";
    PROPERTY_BECAME_REQUIRED = "property-became-required" <> "property-became-optional"
        wire Breaking / Compatible, source Breaking;
        "a property is always there now", "Requests without it are refused; the field is no `Option` any more.";
    PROPERTY_BECAME_OPTIONAL = "property-became-optional" <> "property-became-required"
        wire Compatible / Breaking, source Breaking;
        "a property may be missing or null now", "An answer without it does not decode in a client already built; the field becomes an `Option`.";
    NULLABLE_PROPERTY_BECAME_REQUIRED = "nullable-property-became-required" <> "nullable-property-became-optional"
        wire Breaking / Compatible, source None;
        "a property that may be null must be there now", "The client leaves out what is `None`, which is refused; the field is an `Option` before and after.";
    NULLABLE_PROPERTY_BECAME_OPTIONAL = "nullable-property-became-optional" <> "nullable-property-became-required"
        wire Compatible, source None;
        "a property that may be null may be missing too", "The client reads both as `None`; the field is an `Option` before and after.";
    NULL_ALLOWED = "null-allowed" <> "null-refused"
        wire Compatible, source None;
        "an optional property may be null too", "The client reads both as `None`.";
    NULL_REFUSED = "null-refused" <> "null-allowed"
        wire Compatible, source None;
        "an optional property is missing rather than null", "The client never sends null, and reads both as `None`.";
    VALUE_NULL_ALLOWED = "value-null-allowed" <> "value-null-refused"
        wire Compatible / Breaking, source None;
        "a value may be null", "It has no `Option` round it: the whole answer does not decode.";
    VALUE_NULL_REFUSED = "value-null-refused" <> "value-null-allowed"
        wire Compatible, source None;
        "a value is never null any more", "The client never sends null, and never expected it.";

    // Types.
    TYPE_CHANGED = "type-changed" <> "type-changed"
        wire Breaking, source Breaking;
        "a value has another type", "The one is not read as the other.";
    REFERENCE_CHANGED = "reference-changed" <> "reference-changed"
        wire Compatible, source Breaking;
        "a value has a type of another name", "Names are not sent, so the wire is as what differs inside, and compatible at best; the type in the code is another.";
    DECIMAL_FORM_CHANGED = "decimal-form-changed" <> "decimal-form-changed"
        wire Breaking / Compatible, source None;
        "a decimal stands as text rather than as a number, or the reverse", "Decimals are read from both, and sent as the contract says.";
    DECIMAL_BECAME_TEXT = "decimal-became-text" <> "text-became-decimal"
        wire Breaking / Compatible, source Breaking;
        "a number became text", "Decimals are read from both; the field becomes a `String` unless the overlay says that it is a decimal.";
    TEXT_BECAME_DECIMAL = "text-became-decimal" <> "decimal-became-text"
        wire Breaking, source Breaking;
        "text became a number", "A `String` reads no number; the field becomes a `Decimal`.";
    NUMBER_NARROWED = "number-narrowed" <> "number-widened"
        wire Breaking / Compatible, source Breaking;
        "a number is whole now", "Fractions are refused; the field becomes an integer.";
    NUMBER_WIDENED = "number-widened" <> "number-narrowed"
        wire Compatible / Breaking, source Breaking;
        "a whole number may have a fraction now", "An integer reads no fraction; the field becomes a `Decimal`.";
    INTEGER_NARROWED = "integer-narrowed" <> "integer-widened"
        wire Breaking / Compatible, source Breaking;
        "an integer has fewer bits", "Large values are refused; the field has another type.";
    INTEGER_WIDENED = "integer-widened" <> "integer-narrowed"
        wire Compatible / Breaking, source Breaking;
        "an integer has more bits", "Large values do not decode in a client already built; the field has another type.";
    FORMAT_ADDED = "format-added" <> "format-removed"
        wire Breaking / Compatible, source Breaking;
        "text has a format now", "Text of another form is refused; the field may have another type.";
    FORMAT_REMOVED = "format-removed" <> "format-added"
        wire Compatible / Breaking, source Breaking;
        "text has no format any more", "What is read may be of any form; the field may have another type.";
    FORMAT_CHANGED = "format-changed" <> "format-changed"
        wire Breaking, source Breaking;
        "a value has another format", "The one is not read as the other.";
    FORMAT_RESTATED = "format-restated" <> "format-restated"
        wire None, source None;
        "a format says the same in other words", "The generated type and what is sent stay.";
    ENUM_VALUE_ADDED = "enum-value-added" <> "enum-value-removed"
        wire Compatible, source Compatible;
        "a value appeared", "Enums are open: a client already built reads and keeps it.";
    ENUM_VALUE_REMOVED = "enum-value-removed" <> "enum-value-added"
        wire Breaking / Compatible, source Breaking;
        "a value is gone", "Requests with it are refused; its variant vanishes, unless the overlay keeps it as a retired one.";
    ENUM_VALUE_RESPELT = "enum-value-respelt" <> "enum-value-respelt"
        wire Breaking / Compatible, source Breaking;
        "a value is spelt differently", "Requests with the old spelling are refused, answers with the new one decode as unknown; the variant has another name.";
    ENUM_VALUE_RESTYLED = "enum-value-restyled" <> "enum-value-restyled"
        wire Breaking / Compatible, source None;
        "a value is spelt in another style", "Requests with the old spelling are refused, answers with the new one decode as unknown; the variant keeps its name.";
    ENUM_ADDED = "enum-added" <> "enum-removed"
        wire Breaking / Compatible, source Breaking;
        "only listed values are allowed now", "Other text is refused; the `String` becomes an enum.";
    ENUM_REMOVED = "enum-removed" <> "enum-added"
        wire Compatible, source Breaking;
        "any value is allowed now", "Enums are open, so any text decodes; the enum becomes a `String`.";
    COMPOSITION_CHANGED = "composition-changed" <> "composition-changed"
        wire Breaking, source Breaking;
        "a schema is composed of other schemas", "Which values fit can't be told by looking at one place.";
    ADDITIONAL_PROPERTIES_CHANGED = "additional-properties-changed" <> "additional-properties-changed"
        wire Breaking, source Breaking;
        "an object is open to other properties than before", "What is sent may be refused; a map may become a struct.";
    CONSTRAINT_TIGHTENED = "constraint-tightened" <> "constraint-loosened"
        wire Breaking / Compatible, source None;
        "a limit is tighter", "Requests beyond it are refused; the generated types know no limits.";
    CONSTRAINT_LOOSENED = "constraint-loosened" <> "constraint-tightened"
        wire Compatible, source None;
        "a limit is looser", "The generated types know no limits.";
    PATTERN_CHANGED = "pattern-changed" <> "pattern-changed"
        wire Breaking / Compatible, source None;
        "text must match another pattern", "Text that matched may be refused; the generated types know no patterns.";
    DEFAULT_CHANGED = "default-changed" <> "default-changed"
        wire Breaking / Compatible, source None;
        "what is assumed for a missing value changed", "A request that leaves it out means something else now; the client fills in no defaults.";
    READ_ONLY_ADDED = "read-only-added" <> "read-only-removed"
        wire Breaking / Compatible, source None;
        "a property is for reading only", "A request that has it may be refused.";
    READ_ONLY_REMOVED = "read-only-removed" <> "read-only-added"
        wire Compatible, source None;
        "a property may be written too", "What worked goes on working.";
    WRITE_ONLY_ADDED = "write-only-added" <> "write-only-removed"
        wire Compatible / Breaking, source None;
        "a property is for writing only", "An answer that lacks it may not decode.";
    WRITE_ONLY_REMOVED = "write-only-removed" <> "write-only-added"
        wire Compatible, source None;
        "a property may be read too", "What worked goes on working.";

    // Documentation.
    DEPRECATED = "deprecated" <> "no-longer-deprecated"
        wire Compatible, source None;
        "is deprecated", "It works still, and the vendor says that it will not for ever.";
    NO_LONGER_DEPRECATED = "no-longer-deprecated" <> "deprecated"
        wire Compatible, source None;
        "is no longer deprecated", "It works as it did.";
    PROSE_CHANGED = "prose-changed" <> "prose-changed"
        wire None, source None;
        "titles, summaries or descriptions changed", "Only the documentation of the crate changes.";
    EXAMPLE_CHANGED = "example-changed" <> "example-changed"
        wire None, source None;
        "an example changed", "Nothing is generated from examples.";
    TAGS_CHANGED = "tags-changed" <> "tags-changed"
        wire None, source None;
        "tags changed", "Nothing is generated from tags.";
    INFO_CHANGED = "info-changed" <> "info-changed"
        wire None, source None;
        "the head of the document changed", "Title, version, contact and licence are not generated from.";
    EXTENSION_CHANGED = "extension-changed" <> "extension-changed"
        wire None, source None;
        "an extension (`x-…`) changed", "The generator reads no extensions but its own, and those stand in the overlay.";
    UNUSED_COMPONENT_CHANGED = "unused-component-changed" <> "unused-component-changed"
        wire None, source None;
        "a component that nothing refers to changed", "Nothing is generated from it.";
}

impl Rule {
    /// The rule of this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.id == id)
    }

    /// Whether only readers of the documentation will notice.
    pub fn is_documentation(&self) -> bool {
        self.wire.worst() == Level::None && self.source.worst() == Level::None && !self.read_me
    }
}

/// The table as a Markdown page.
pub fn documentation() -> String {
    let mut page = String::from(
        "# Rules of the drift report\n\n\
         Made from the table in `anboto-gen/src/drift/rules.rs`, which drives the comparison; a test holds the two together.\n\n\
         *wire*: a client already built, talking to the new server. *source*: code compiled against the regenerated crate. Two \
         levels are for where the old contract sends the place, and for where it answers with it. A mirror reports the same \
         change the other way round. Rules marked **read me** fail `--fail-on breaking` whatever else they say.\n\n\
         | rule | wire | source | mirror | what, and why |\n|---|---|---|---|---|\n",
    );
    let level = |verdicts: Verdicts| {
        if verdicts.request == verdicts.response {
            verdicts.request.to_string()
        } else {
            format!("sent: {}, read: {}", verdicts.request, verdicts.response)
        }
    };
    for rule in RULES {
        let mirror = if rule.mirror == rule.id {
            "itself".to_owned()
        } else {
            format!("`{}`", rule.mirror)
        };
        let read_me = if rule.read_me { " **read me**" } else { "" };
        let _ = writeln!(
            page,
            "| `{}`{read_me} | {} | {} | {mirror} | {}. {} |",
            rule.id,
            level(rule.wire),
            level(rule.source),
            capitalised(rule.summary),
            rule.why
        );
    }
    page
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
