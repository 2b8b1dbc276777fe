//! Keys from an environment variable.

use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroizing;

use super::source::SecretText;

/// The bytes of a variable, or `None` when it is not set. The environment keeps its own copy.
pub(super) fn read(name: &str) -> Option<SecretText> {
    std::env::var_os(name).map(|text| Zeroizing::new(text.into_vec()))
}
