//! Templates that have a name, as data.

use super::LayoutError;
use crate::error::did_you_mean;

/// A named template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    pub template: &'static str,
}

/// The commonest first, each with who stores values like this.
pub(super) static PRESETS: [Preset; 7] = [
    // Go's gcm.Seal(nonce, nonce, plaintext, aad) in a bytea column; Python, Java and Rust likewise
    Preset { name: "go", template: "{raw(nonce12 ct tag16)}" },
    // the same through Go's encoding/hex
    Preset { name: "go-hex", template: "{hex(nonce12 ct tag16)}" },
    // the same through Go's base64.StdEncoding, or Java's Base64.getEncoder()
    Preset { name: "go-b64", template: "{b64(nonce12 ct tag16)}" },
    // the same through Go's base64.URLEncoding
    Preset { name: "go-b64url", template: "{b64url(nonce12 ct tag16)}" },
    // the common Node.js helper around createCipheriv and getAuthTag, iv of 12 bytes
    Preset { name: "node-hex", template: "{hex(nonce12)}:{hex(tag16)}:{hex(ct)}" },
    // the same with an iv of 16 bytes
    Preset { name: "node-hex-iv16", template: "{hex(nonce16)}:{hex(tag16)}:{hex(ct)}" },
    // the commonest prefix before base64
    Preset { name: "enc-v1", template: "enc:v1:{b64(nonce12 ct tag16)}" },
];

/// The preset of this name.
pub(super) fn find(name: &str) -> Result<&'static Preset, LayoutError> {
    if let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) {
        return Ok(preset);
    }
    let names = PRESETS.map(|preset| preset.name);
    let all =
        || format!("presets: {}; or a template such as {}", names.join(", "), PRESETS[0].template);
    let hint = did_you_mean(name, names).unwrap_or_else(all);
    Err(LayoutError::new(format!("there is no layout named `{name}`")).hint(hint))
}
