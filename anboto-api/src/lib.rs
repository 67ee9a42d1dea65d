//! anboto-api
