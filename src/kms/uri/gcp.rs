//! Keys of Google Cloud KMS.

use std::fmt;

use super::MalformedKeyUri;
use super::words::is_name;

/// `projects/P/locations/L/keyRings/R/cryptoKeys/K`; its primary version wraps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GcpKey {
    /// The resource name, as the API takes it.
    pub name: String,
}

const SHAPE: &str = "gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K";

impl GcpKey {
    pub(super) fn parse(rest: &str) -> Result<Self, MalformedKeyUri> {
        let wrong = |what| MalformedKeyUri { what, hint: SHAPE };
        let name = rest.strip_prefix('/').unwrap_or(rest);
        let segments: Vec<&str> = name.split('/').collect();
        match segments[..] {
            ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key]
                if is_project(project)
                    && [location, ring, key].iter().all(|name| is_name(name)) =>
            {
                Ok(Self { name: name.to_owned() })
            }
            [_, _, _, _, _, _, _, _, "cryptoKeyVersions", _] => {
                Err(wrong("Cloud KMS chooses the version itself: name the key alone"))
            }
            _ => Err(wrong("this is not the resource name of a Cloud KMS key")),
        }
    }
}

/// Old projects have a domain before their name: `example.com:project`.
fn is_project(text: &str) -> bool {
    text.split(':').count() <= 2 && text.split(':').all(is_name)
}

impl fmt::Display for GcpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gcpkms://{}", self.name)
    }
}
