//! anboto-auth
