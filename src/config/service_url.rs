//! The address of another service.

use std::fmt;

use url::Url;

use crate::config::word::Word;
use crate::error::Result;

/// An address of a service: http or https, with neither user nor password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUrl(Url);

impl ServiceUrl {
    pub(super) fn parse(name: &str, word: &Word) -> Result<ServiceUrl> {
        let wrong = || word.wrong(format!("{name} is an address such as http://host:9091"));
        let url = Url::parse(word.text.trim()).map_err(|_| wrong())?;
        if !url.username().is_empty() || url.password().is_some() {
            let error = word.wrong("an address holds no user and no password");
            return Err(error.hint("a bearer token is named by its source instead"));
        }
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        is_http.then_some(ServiceUrl(url)).ok_or_else(wrong)
    }

    /// The same with `path` where none was given.
    #[must_use]
    pub(super) fn or_path(mut self, path: &str) -> ServiceUrl {
        if self.0.path() == "/" {
            self.0.set_path(path);
        }
        self
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address below this one; each segment is encoded.
    #[must_use]
    pub fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// Without its query, which might hold anything.
impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        shown.set_query(None);
        shown.set_fragment(None);
        f.write_str(shown.as_str())
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceUrl({self})")
    }
}
