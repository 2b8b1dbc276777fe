//! URIs as they are written, and what is none.

use super::*;

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const RESOURCE: &str = "projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k";

fn parsed(text: &str) -> KeyUri {
    text.parse().unwrap_or_else(|malformed| panic!("{text}: {malformed}"))
}

#[test]
fn as_the_go_cdk_writes_them_and_as_tink_does() {
    let (arn, resource) = (format!("awskms:///{ARN}"), format!("gcpkms://{RESOURCE}"));
    for (text, canonical) in [
        (arn.as_str(), arn.as_str()),
        (&format!("aws-kms://{ARN}"), &arn),
        (&format!("awskms:///{ARN}?region=eu-central-1"), &arn),
        ("awskms://alias/billing?region=us-east-1", "awskms://alias/billing?region=us-east-1"),
        ("awskms://alias/billing?context_app=a%20b", "awskms://alias/billing?context_app=a%20b"),
        (&resource, &resource),
        (&format!("gcp-kms://{RESOURCE}"), &resource),
        ("azurekeyvault://v.vault.azure.net/keys/k", "azurekeyvault://v.vault.azure.net/keys/k"),
        (
            "azurekeyvault://v.vault.azure.net/keys/k/7f?algorithm=RSA-OAEP",
            "azurekeyvault://v.vault.azure.net/keys/k/7f?algorithm=RSA-OAEP",
        ),
        ("hashivault://k", "hashivault://k"),
        ("hashivault://k?engine=team/transit", "hashivault://k?engine=team%2Ftransit"),
        ("hcvault://v:8200/transit/keys/k", "hcvault://v:8200/transit/keys/k"),
    ] {
        assert_eq!(parsed(text).to_string(), canonical);
        assert_eq!(parsed(&parsed(text).to_string()), parsed(text));
    }
}

#[test]
fn the_region_is_that_of_the_arn() {
    let KeyUri::Aws(key) = parsed(&format!("awskms:///{ARN}")) else { panic!("AWS") };
    assert_eq!(key.region.as_deref(), Some("eu-central-1"));
    let other = format!("awskms:///{ARN}?region=us-east-1").parse::<KeyUri>().unwrap_err();
    assert_eq!(other.what, "the region is another one than the ARN's");
}

#[test]
fn what_is_none_is_refused_and_not_repeated() {
    let version = format!("gcpkms://{RESOURCE}/cryptoKeyVersions/1");
    for text in [
        "",
        "awskms",
        "s3://bucket/key",
        "awskms://",
        "awskms:///arn:aws:s3:::bucket",
        "awskms://alias/k?color=red",
        "awskms://alias/../k",
        "gcpkms://projects/p/keyRings/r/cryptoKeys/k",
        &version,
        "azurekeyvault://v.vault.azure.net/secrets/k",
        "azurekeyvault://v.vault.azure.net/keys/k?algorithm=none",
        "hashivault://",
        "hashivault://k/../../sys/seal",
        "hashivault://k?engine=..",
        "hcvault://v:8200/keys/k",
        "hashivault://k?engine=%ff",
    ] {
        let malformed = text.parse::<KeyUri>().unwrap_err();
        assert!(!malformed.hint.is_empty(), "{text}");
        assert!(text.len() < 8 || !malformed.to_string().contains(text), "{text}");
    }
}
