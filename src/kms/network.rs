//! Why a request did not get through: the one word at the bottom of a pile of errors.

use std::error::Error as StdError;
use std::io;

/// How std names the kind of an error of the resolver; the kind itself is not stable.
const RESOLVER: &str = "uncategorized error";

/// The reason as this program tells it: an I/O error's kind or a certificate's fault, and never a
/// library's own words, which may quote what was sent.
pub(super) fn reason(error: &(dyn StdError + 'static)) -> String {
    let mut found = "the request failed".to_owned();
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = error.downcast_ref::<rustls::Error>() {
            return format!("TLS: {fault}");
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            let inner = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            if let Some(fault) = inner {
                return format!("TLS: {fault}");
            }
            match io.kind() {
                io::ErrorKind::Other => {} // it only carries another error
                kind => found = kind.to_string(),
            }
            if found == RESOLVER {
                found = "the host is not known".to_owned();
            }
        }
        next = error.source();
    }
    found
}
