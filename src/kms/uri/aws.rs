//! Keys of AWS KMS.

use std::collections::BTreeMap;
use std::fmt;

use super::MalformedKeyUri;
use super::words::{is_name, split_query, write_query};

/// By ARN, alias or id; with the encryption context under which it wraps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AwsKey {
    /// What the API takes as `KeyId`.
    pub id: String,
    /// Of the ARN, or as given; else what AWS's own settings say.
    pub region: Option<String>,
    /// Additional data: the same is needed to unwrap.
    pub context: BTreeMap<String, String>,
}

const SHAPE: &str =
    "awskms:///arn:aws:kms:REGION:ACCOUNT:key/ID or awskms://alias/NAME?region=REGION";

fn wrong(what: &'static str) -> MalformedKeyUri {
    MalformedKeyUri { what, hint: SHAPE }
}

impl AwsKey {
    pub(super) fn parse(rest: &str) -> Result<Self, MalformedKeyUri> {
        let (id, pairs) =
            split_query(rest).ok_or(wrong("what stands after the ? is not NAME=VALUE"))?;
        let id = id.strip_prefix('/').unwrap_or(id);
        let mut region = match id.strip_prefix("arn:") {
            Some(arn) => Some(region_of(arn)?),
            None if is_name(id.strip_prefix("alias/").unwrap_or(id)) => None,
            None => return Err(wrong("an AWS KMS key is an ARN, a key id or alias/NAME")),
        };
        let mut context = BTreeMap::new();
        for (name, value) in pairs {
            if name == "region" && is_name(&value) {
                if region.as_ref().is_some_and(|of_arn| *of_arn != value) {
                    return Err(wrong("the region is another one than the ARN's"));
                }
                region = Some(value);
            } else if let Some(name) = name.strip_prefix("context_")
                && !name.is_empty()
            {
                context.insert(name.to_owned(), value);
            } else {
                return Err(wrong("an AWS KMS key takes region and context_NAME after the ?"));
            }
        }
        Ok(Self { id: id.to_owned(), region, context })
    }
}

/// The region of `PARTITION:kms:REGION:ACCOUNT:key/ID` or `…:alias/NAME`.
fn region_of(arn: &str) -> Result<String, MalformedKeyUri> {
    let parts: Vec<&str> = arn.split(':').collect();
    let [partition, "kms", region, account, resource] = parts[..] else {
        return Err(wrong("this is not the ARN of a KMS key"));
    };
    let name = resource.strip_prefix("key/").or_else(|| resource.strip_prefix("alias/"));
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if !(is_name(partition) && is_name(region) && is_account && name.is_some_and(is_name)) {
        return Err(wrong("this is not the ARN of a KMS key"));
    }
    Ok(region.to_owned())
}

impl fmt::Display for AwsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_arn = self.id.starts_with("arn:");
        write!(f, "awskms://{}{}", if is_arn { "/" } else { "" }, self.id)?;
        let region = self.region.as_deref().filter(|_| !is_arn);
        let region = region.map(|region| ("region".to_owned(), region));
        let context =
            self.context.iter().map(|(name, value)| (format!("context_{name}"), value.as_str()));
        write_query(f, region.into_iter().chain(context))
    }
}
