use std::fmt;

/// Why a request was not sent: something in it is missing, or is not what the API takes.
///
/// Names the field (`orders[3].side`), what is wrong with it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRequest {
    /// From the outermost name to the innermost; empty when it is about the request as a whole.
    path: String,
    message: String,
}

impl InvalidRequest {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
        }
    }

    pub(crate) fn at(path: &str, message: impl Into<String>) -> Self {
        Self::new(message).inside(path)
    }

    fn inside(mut self, name: &str) -> Self {
        if self.path.is_empty() || self.path.starts_with('[') {
            self.path.insert_str(0, name);
        } else {
            self.path = format!("{name}.{}", self.path);
        }
        self
    }

    /// The field that is wrong, as a path such as `orders[3].side`; `None` when it is the request as a whole.
    pub fn field(&self) -> Option<&str> {
        (!self.path.is_empty()).then_some(self.path.as_str())
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for InvalidRequest {}

impl From<std::convert::Infallible> for InvalidRequest {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Why a `build()` of a generated type made nothing: required fields were not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFields {
    type_name: &'static str,
    fields: Vec<&'static str>,
}

impl MissingFields {
    /// The names of all required fields that were not given, in the order of their declaration.
    pub fn fields(&self) -> &[&'static str] {
        &self.fields
    }
}

impl fmt::Display for MissingFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lacks {}", self.type_name, self.fields.join(", "))
    }
}

impl std::error::Error for MissingFields {}

impl From<MissingFields> for InvalidRequest {
    fn from(missing: MissingFields) -> Self {
        Self::new(missing.to_string())
    }
}

/// Used by the generated `build` functions: the fields that are required, each with whether it was given.
pub(crate) fn require(type_name: &'static str, fields: &[(&'static str, bool)]) -> MissingFields {
    let fields = fields
        .iter()
        .filter(|(_, given)| !given)
        .map(|(name, _)| *name)
        .collect();
    MissingFields { type_name, fields }
}

/// What can be part of a request, checked before anything is signed or sent.
///
/// Implemented by the generator for every type that a request can hold.
pub(crate) trait Outgoing {
    fn check(&self) -> Result<(), InvalidRequest>;
}

/// Checks one field of a struct, so that an error says where.
pub(crate) fn check_field<T: Outgoing>(name: &str, value: &T) -> Result<(), InvalidRequest> {
    value.check().map_err(|error| error.inside(name))
}

/// Values that the contract cannot restrict.
macro_rules! always_fit {
    ($($type:ty)*) => {
        $(impl Outgoing for $type {
            fn check(&self) -> Result<(), InvalidRequest> {
                Ok(())
            }
        })*
    };
}
always_fit!(bool i32 i64 u32 u64 String rust_decimal::Decimal);

/// The contract writes durations in whole seconds; less is refused rather than cut off.
impl Outgoing for std::time::Duration {
    fn check(&self) -> Result<(), InvalidRequest> {
        if self.subsec_nanos() == 0 {
            return Ok(());
        }
        let message = format!("{self:?} is not a whole number of seconds");
        Err(InvalidRequest::new(message))
    }
}

impl<T: Outgoing> Outgoing for Option<T> {
    fn check(&self) -> Result<(), InvalidRequest> {
        self.as_ref().map_or(Ok(()), Outgoing::check)
    }
}

impl<T: Outgoing> Outgoing for Vec<T> {
    fn check(&self) -> Result<(), InvalidRequest> {
        self.iter().enumerate().try_for_each(|(index, item)| {
            item.check()
                .map_err(|error| error.inside(&format!("[{index}]")))
        })
    }
}
