//! Servers that answer as key services do, far enough for their real clients.

mod aws;
mod azure;
mod gcp;
mod http;
mod server;
mod vault;
mod versions;

pub use aws::OTHER_URI as OTHER_AWS_URI;
pub use server::{Answer, Fake};
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
        let address = fake.address();
        match self {
            Self::Aws => program
                .env("AWS_ENDPOINT_URL_KMS", format!("http://{address}"))
                .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
                .env("AWS_SECRET_ACCESS_KEY", aws::SECRET),
            Self::Gcp => through_proxy(program, &address)
                .env("GOOGLE_APPLICATION_CREDENTIALS", fake.file("account.json", &gcp::account())),
            Self::Azure => through_proxy(program, &address)
                .env("AZURE_TENANT_ID", "00000000-0000-0000-0000-000000000001")
                .env("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000002")
                .env("AZURE_CLIENT_SECRET", azure::SECRET),
            Self::Vault => program
                .env("VAULT_ADDR", format!("http://{address}"))
                .env("VAULT_TOKEN", vault::TOKEN),
        }
    }
}

/// The services are called by their real names: the fake is the proxy on the way to them.
fn through_proxy(program: Reseal, address: &str) -> Reseal {
    program
        .env("HTTPS_PROXY", format!("http://{address}"))
        .env("SSL_CERT_FILE", server::certificate("key-services.crt"))
}

pub use aws::refusal as aws_refusal;
pub use azure::refusal as azure_refusal;
pub use gcp::refusal as gcp_refusal;
pub use vault::refusal as vault_refusal;

/// What must never be printed.
pub const SECRETS: [&str; 3] = [aws::SECRET, azure::SECRET, vault::TOKEN];
