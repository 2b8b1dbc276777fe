//! Who we are to Azure, by the variables that its SDKs share.
//!
//! | what is set | who we are |
//! |---|---|
//! | AZURE_FEDERATED_TOKEN_FILE | the pod's workload identity (AKS sets it, and AZURE_TENANT_ID and AZURE_CLIENT_ID) |
//! | AZURE_CLIENT_SECRET | a service principal, of AZURE_TENANT_ID and AZURE_CLIENT_ID |
//! | AZURE_TOKEN_CREDENTIALS=dev | whoever has signed in with `az login` |
//! | none of them | the machine's managed identity, the one of AZURE_CLIENT_ID if that is set |

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::{
    AzureCliCredential, ClientSecretCredential, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
};

use crate::error::{Error, Result};

pub(super) const CREDENTIALS: &str =
    "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or give the pod an identity";

pub(super) fn of_environment() -> Result<Arc<dyn TokenCredential>> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let client_id = variable("AZURE_CLIENT_ID");
    let found: azure_core::Result<Arc<dyn TokenCredential>> =
        if variable("AZURE_FEDERATED_TOKEN_FILE").is_some() {
            WorkloadIdentityCredential::new(None).map(|credential| credential as _)
        } else if let Some(secret) = variable("AZURE_CLIENT_SECRET") {
            let tenant = variable("AZURE_TENANT_ID").unwrap_or_default();
            let client_id = client_id.unwrap_or_default();
            ClientSecretCredential::new(&tenant, client_id, Secret::new(secret), None)
                .map(|credential| credential as _)
        } else if variable("AZURE_TOKEN_CREDENTIALS").as_deref() == Some("dev") {
            AzureCliCredential::new(None).map(|credential| credential as _)
        } else {
            let user_assigned_id = client_id.map(UserAssignedId::ClientId);
            let options =
                ManagedIdentityCredentialOptions { user_assigned_id, ..Default::default() };
            ManagedIdentityCredential::new(Some(options)).map(|credential| credential as _)
        };
    found.map_err(|_| {
        Error::usage("the credentials for Azure Key Vault are incomplete").hint(CREDENTIALS)
    })
}
