//! anboto-gen
