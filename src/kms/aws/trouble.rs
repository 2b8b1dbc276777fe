//! What AWS's error codes mean. (AWS KMS API reference: the errors of Decrypt, Encrypt, DescribeKey,
//! and those common to all of AWS.)

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use crate::kms::network;
use crate::kms::trouble::Trouble;
use crate::kms::uri::{AwsKey, Service};

const CREDENTIALS: &str =
    "renew them: AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN, AWS_PROFILE, or the pod's role";

/// `permission`: what the call needs.
pub(super) fn aws_trouble<E, R>(error: SdkError<E, R>, permission: &str, key: &AwsKey) -> Trouble
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let SdkError::ServiceError(refused) = &error {
        return match refused.err().code() {
            Some(code) => of_code(code, permission, key),
            None => Trouble::unavailable(Service::Aws, "it gave no reason"),
        };
    }
    if let Some(fault) = credentials_fault(&error) {
        return fault;
    }
    match error {
        SdkError::TimeoutError(_) => Trouble::unreachable(Service::Aws, "timed out"),
        SdkError::ResponseError(_) => Trouble::answer(Service::Aws, "is not understood"),
        other => Trouble::unreachable(Service::Aws, &network::reason(&other)),
    }
}

fn of_code(code: &str, permission: &str, key: &AwsKey) -> Trouble {
    match code {
        "AccessDeniedException" | "AccessDenied" => {
            let hint = format!(
                "allow {permission} on this key in its key policy or in the policy of the role; \
                 and check that the wrapped data key is one of this key"
            );
            Trouble::denied(Service::Aws, permission, &hint)
        }
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "LimitExceededException" => Trouble::Throttled { after: None },
        "DisabledException" => Trouble::key(
            "the AWS KMS key is disabled",
            "enable it (aws kms enable-key), or unwrap with the key that replaced it",
        ),
        "KMSInvalidStateException" => Trouble::key(
            "the AWS KMS key cannot be used in its state: it waits for its deletion or for its material",
            "aws kms describe-key shows the state; aws kms cancel-key-deletion keeps it",
        ),
        "NotFoundException" => Trouble::key(
            format!("there is no such AWS KMS key in {}", region(key)),
            "check the region, the account and the key's id or alias",
        ),
        "InvalidArnException" | "ValidationException" | "InvalidKeyUsageException" => Trouble::key(
            "AWS KMS does not take this key for wrapping",
            "a symmetric key with the usage ENCRYPT_DECRYPT wraps data keys",
        ),
        "InvalidCiphertextException" | "IncorrectKeyException" => Trouble::not_wrapped_by(
            Service::Aws,
            "it was wrapped by another key or under another encryption context (?context_NAME=VALUE)",
        ),
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
            Trouble::credentials(Service::Aws, "have expired", CREDENTIALS)
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => {
            Trouble::credentials(Service::Aws, "are not accepted", CREDENTIALS)
        }
        // KMSInternalException, DependencyTimeoutException, KeyUnavailableException, ServiceUnavailable …
        code => Trouble::unavailable(Service::Aws, code),
    }
}

fn region(key: &AwsKey) -> String {
    key.region.clone().unwrap_or_else(|| "the region of AWS_REGION or the profile".to_owned())
}

/// None were found, or the place where they are fetched refuses.
fn credentials_fault(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = error.downcast_ref::<CredentialsError>() {
            return Some(match fault {
                CredentialsError::ProviderTimedOut(_) => {
                    Trouble::unreachable(Service::Aws, "no credentials in time")
                }
                CredentialsError::CredentialsNotLoaded(_) => {
                    Trouble::credentials(Service::Aws, "were not found", CREDENTIALS)
                }
                _ => Trouble::credentials(Service::Aws, "cannot be fetched", CREDENTIALS),
            });
        }
        next = error.source();
    }
    None
}
