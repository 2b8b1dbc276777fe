//! What the versions of KMS keys look like. Bytes in, words out; no service is asked.

use std::cmp::Ordering;

/// How two versions stand to each other that are numbers, as those of Vault and Cloud KMS are.
pub fn compare_versions(one: &str, other: &str) -> Option<Ordering> {
    let number = |version: &str| version.parse::<u64>().ok();
    Some(number(one)?.cmp(&number(other)?))
}

/// `3` of `vault:v3:…`.
pub fn vault_version(ciphertext: &[u8]) -> Option<&str> {
    let rest = ciphertext.strip_prefix(b"vault:v")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let version = (rest.get(digits) == Some(&b':')).then(|| &rest[..digits])?;
    std::str::from_utf8(version).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_such() {
        assert_eq!(compare_versions("9", "10"), Some(Ordering::Less));
        assert_eq!(compare_versions("10", "10"), Some(Ordering::Equal));
        assert_eq!(compare_versions("7f", "10"), None);
    }

    #[test]
    fn what_vault_seals_says_its_version() {
        assert_eq!(vault_version(b"vault:v12:AAAA"), Some("12"));
        for other in ["vault:v12", "vault:v1x:AAAA", "v12:AAAA", ""] {
            assert_eq!(vault_version(other.as_bytes()), None, "{other}");
        }
    }
}
