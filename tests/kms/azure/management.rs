//! What `az` asks for around a key: where to log in, the subscription, the vault, who somebody is, and roles.
//! (Azure Resource Manager and Microsoft Graph REST references.)

use serde_json::{Value, json};

use super::super::server::{Answer, Request};

const TENANT: &str = "00000000-0000-0000-0000-000000000001";
const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a";
/// The role of the page, by the id that Azure gives it.
const ROLE: &str = "e147488a-f6f5-4113-8e2d-b22465e65bf6";

/// Where the tenant's tokens are to be had.
pub fn openid(request: &Request) -> Option<Answer> {
    let login = format!("https://login.microsoftonline.com/{TENANT}");
    request.path.contains("/.well-known/openid-configuration").then(|| {
        let of = |path: &str| format!("{login}/{path}");
        let configuration = json!({
            "issuer": of("v2.0"),
            "token_endpoint": of("oauth2/v2.0/token"),
            "authorization_endpoint": of("oauth2/v2.0/authorize"),
            "device_authorization_endpoint": of("oauth2/v2.0/devicecode"),
        });
        Answer::json(200, &configuration)
    })
}

/// `None` for what belongs to Key Vault itself.
pub fn answer(request: &Request) -> Option<Answer> {
    let path = request.path.split('?').next().unwrap_or_default();
    match request.header("host")?.split(':').next()? {
        "graph.microsoft.com" => {
            let principal = json!({"id": "00000000-0000-0000-0000-00000000000b", "servicePrincipalType": "Application"});
            Some(list(&[principal]))
        }
        "management.azure.com" => Some(managed(request, path)),
        _ => None,
    }
}

fn managed(request: &Request, path: &str) -> Answer {
    let vault = format!("{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/team");
    let named = json!({"id": vault, "name": "team", "type": "Microsoft.KeyVault/vaults", "location": "westeurope"});
    let roles = format!("{vault}/keys/k/providers/Microsoft.Authorization");
    match (request.method.as_str(), path) {
        ("GET", "/subscriptions") => {
            let id = SUBSCRIPTION.trim_start_matches("/subscriptions/");
            let subscription = json!({"id": SUBSCRIPTION, "subscriptionId": id, "displayName": "team",
                "state": "Enabled", "tenantId": TENANT});
            list(&[subscription])
        }
        ("GET", resources) if resources == format!("{SUBSCRIPTION}/resources") => list(&[named]),
        ("GET", path) if path == vault => {
            let mut vault = named;
            vault["properties"] = json!({"tenantId": TENANT, "sku": {"family": "A", "name": "standard"},
                "vaultUri": "https://team.vault.azure.net/", "enableRbacAuthorization": true});
            Answer::json(200, &vault)
        }
        ("GET", definitions) if definitions == format!("{roles}/roleDefinitions") => {
            let asked = request.path.replace("%20", " ");
            assert!(asked.contains("Key Vault Crypto Service Encryption User"), "{asked}");
            let id =
                format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}");
            list(&[json!({"id": id, "name": ROLE})])
        }
        ("PUT", assignment) if assignment.starts_with(&format!("{roles}/roleAssignments/")) => {
            let mut properties = request.json()["properties"].clone();
            properties["scope"] = format!("{vault}/keys/k").into();
            Answer::json(201, &json!({"id": assignment, "properties": properties}))
        }
        other => panic!("{other:?} is not known"),
    }
}

fn list(values: &[Value]) -> Answer {
    Answer::json(200, &json!({"value": values}))
}
