//! Servers that answer as key services do, far enough for their real clients.

mod aws;
mod azure;
mod gcp;
mod http;
mod login;
mod server;
mod vault;
mod versions;

pub use aws::OTHER_URI as OTHER_AWS_URI;
#[allow(unused_imports, reason = "a page logs in with it")]
pub use azure::SECRET as AZURE_SECRET;
pub use server::{Answer, Fake, certificate};
pub use versions::Versions;

use crate::support::Reseal;

/// A key of one of the four, with a first version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Aws,
    Gcp,
    Azure,
    Vault,
}

pub const KINDS: [Kind; 4] = [Kind::Aws, Kind::Gcp, Kind::Azure, Kind::Vault];

impl Kind {
    pub fn start(self) -> Fake {
        match self {
            Self::Aws => Fake::start(aws::Aws::default()),
            Self::Gcp => Fake::start(gcp::Gcp::default()),
            Self::Azure => Fake::start(azure::Azure::default()),
            Self::Vault => Fake::start(vault::Vault::default()),
        }
    }

    pub fn uri(self) -> &'static str {
        match self {
            Self::Aws => aws::URI,
            Self::Gcp => gcp::URI,
            Self::Azure => azure::URI,
            Self::Vault => vault::URI,
        }
    }

    /// What the service answers when it is asked too often.
    pub fn throttled(self) -> Answer {
        match self {
            Self::Aws => aws::refusal("ThrottlingException"),
            Self::Gcp => gcp::refusal(429, "RESOURCE_EXHAUSTED"),
            Self::Azure => azure::refusal(429, "Throttled", None).header("retry-after", "1"),
            Self::Vault => vault::refusal(429, "request path quota exceeded"),
        }
    }

    /// The program, sent to this fake with credentials that are good there.
    pub fn program(self, words: &str, fake: &Fake) -> Reseal {
        self.reach(Reseal::new(words).env("RESEAL_RETRY_FOR", "0s"), fake)
    }

    /// A command, sent to this fake.
    pub fn reach(self, program: Reseal, fake: &Fake) -> Reseal {
        let variables = self.environment(fake).into_iter();
        variables.fold(program, |program, (name, value)| program.env(name, value))
    }

    /// The variables that send a program to this fake.
    pub fn environment(self, fake: &Fake) -> Vec<(&'static str, String)> {
        let (address, of) = (fake.address(), |value: &str| value.to_owned());
        match self {
            Self::Aws => vec![
                ("AWS_ENDPOINT_URL_KMS", format!("http://{address}")),
                ("AWS_ACCESS_KEY_ID", of("AKIDEXAMPLE")),
                ("AWS_SECRET_ACCESS_KEY", of(aws::SECRET)),
            ],
            Self::Gcp => {
                let account = fake.file("account.json", &gcp::account()).display().to_string();
                let [proxy, authority] = through_proxy(&address);
                vec![proxy, authority, ("GOOGLE_APPLICATION_CREDENTIALS", account)]
            }
            Self::Azure => {
                let [proxy, authority] = through_proxy(&address);
                vec![
                    proxy,
                    authority,
                    ("AZURE_TENANT_ID", of("00000000-0000-0000-0000-000000000001")),
                    ("AZURE_CLIENT_ID", of("00000000-0000-0000-0000-000000000002")),
                    ("AZURE_CLIENT_SECRET", of(azure::SECRET)),
                ]
            }
            Self::Vault => {
                vec![("VAULT_ADDR", format!("http://{address}")), ("VAULT_TOKEN", of(vault::TOKEN))]
            }
        }
    }
}

/// The services are called by their real names: the fake is the proxy on the way to them.
fn through_proxy(address: &str) -> [(&'static str, String); 2] {
    let authority = certificate("key-services.crt").display().to_string();
    [("HTTPS_PROXY", format!("http://{address}")), ("SSL_CERT_FILE", authority)]
}

pub use aws::refusal as aws_refusal;
pub use azure::refusal as azure_refusal;
pub use gcp::refusal as gcp_refusal;
pub use vault::refusal as vault_refusal;

/// What must never be printed.
pub const SECRETS: [&str; 3] = [aws::SECRET, azure::SECRET, vault::TOKEN];
