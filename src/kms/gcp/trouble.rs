//! What Google's error codes mean. (google.rpc.Code, and the Cloud KMS reference: the errors of
//! encrypt, decrypt and get.)

use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;

use crate::kms::network;
use crate::kms::trouble::Trouble;
use crate::kms::uri::Service;

pub(super) const CREDENTIALS: &str =
    "GOOGLE_APPLICATION_CREDENTIALS names a file, or the pod has a service account of its own";

/// What decrypting needs.
pub(super) const TO_DECRYPT: &str = "cloudkms.cryptoKeyVersions.useToDecrypt";

/// `permission`: what the call needs.
pub(super) fn gcp_trouble(error: &Error, permission: &str) -> Trouble {
    if let Some(status) = error.status() {
        return of_code(status.code, permission);
    }
    if error.is_authentication() && error.is_transient_and_before_rpc() {
        return Trouble::unreachable(Service::Gcp, "no credentials in time");
    }
    if error.is_authentication() {
        return Trouble::credentials(Service::Gcp, "are not accepted", CREDENTIALS);
    }
    match error.http_status_code() {
        Some(429) => Trouble::Throttled { after: None },
        Some(status) => Trouble::unavailable(Service::Gcp, &format!("HTTP status {status}")),
        None => Trouble::unreachable(Service::Gcp, &network::reason(error)),
    }
}

fn of_code(code: Code, permission: &str) -> Trouble {
    match code {
        Code::PermissionDenied => {
            let hint = format!(
                "grant {permission} on the key (roles/cloudkms.cryptoKeyEncrypterDecrypter has it), \
                 and enable the Cloud KMS API in its project"
            );
            Trouble::denied(Service::Gcp, permission, &hint)
        }
        Code::ResourceExhausted => Trouble::Throttled { after: None },
        Code::NotFound => Trouble::key(
            "there is no such Cloud KMS key in this project and location",
            "check the project, the location, the key ring and the key; keys do not move between locations",
        ),
        Code::FailedPrecondition => {
            let what =
                "the version of the Cloud KMS key is disabled, destroyed or without a primary";
            let hint = "gcloud kms keys versions list shows the states; enable or restore the version, or make one primary";
            match permission {
                TO_DECRYPT => Trouble::version(what, hint),
                _ => Trouble::key(what, hint),
            }
        }
        Code::InvalidArgument => Trouble::not_wrapped_by(
            Service::Gcp,
            "it was wrapped by another key, or the key's purpose is not ENCRYPT_DECRYPT",
        ),
        Code::Unauthenticated => {
            Trouble::credentials(Service::Gcp, "have expired or are not accepted", CREDENTIALS)
        }
        code => Trouble::unavailable(Service::Gcp, code.name()),
    }
}
