//! Environment variables, read only when a caller asks for them by calling a `from_env`.

use std::ffi::OsString;

use crate::error::{ConfigError, ConfigErrorKind};

/// A variable's value as text. An empty one counts as not set.
pub(crate) fn optional<T: Into<OsString>>(
    mut lookup: impl FnMut(&str) -> Option<T>,
    name: &'static str,
) -> Result<Option<String>, ConfigError> {
    let Some(value) = lookup(name)
        .map(Into::into)
        .filter(|value| !value.is_empty())
    else {
        return Ok(None);
    };
    // The value may be secret: the error names the variable alone.
    value
        .into_string()
        .map(Some)
        .map_err(|_| ConfigError::new(ConfigErrorKind::VariableNotUnicode).about(name))
}

/// A variable that can't be done without.
pub(crate) fn required<T: Into<OsString>>(
    lookup: impl FnMut(&str) -> Option<T>,
    name: &'static str,
) -> Result<String, ConfigError> {
    optional(lookup, name)?
        .ok_or_else(|| ConfigError::new(ConfigErrorKind::MissingVariable).about(name))
}
