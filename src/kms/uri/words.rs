//! The pieces of a URI (RFC 3986): its query, percent-encoding, and what may be a name.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands before the `?`, and the pairs after it, decoded. `None` when a pair is none, or is not UTF-8.
pub(super) fn split_query(text: &str) -> Option<(&str, Vec<(String, String)>)> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((decoded(name)?, decoded(value)?))
    });
    Some((path, pairs.collect::<Option<_>>()?))
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// Writes `?name=value&…`, or nothing when there are no pairs.
pub(super) fn write_query<'p>(
    f: &mut fmt::Formatter<'_>,
    pairs: impl IntoIterator<Item = (String, &'p str)>,
) -> fmt::Result {
    for (place, (name, value)) in pairs.into_iter().enumerate() {
        let before = if place == 0 { '?' } else { '&' };
        let encoded = |text| utf8_percent_encode(text, RESERVED);
        write!(f, "{before}{}={}", encoded(&name), encoded(value))?;
    }
    Ok(())
}

/// One segment of a path as the services' names are: it cannot lead out of its place in a URL.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(fits) && !text.starts_with('.')
}

/// A host, with or without a port.
pub(super) fn is_host(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "443"));
    is_name(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}
