//! Templates that have a name, as data.

use super::LayoutError;
use super::error::nearest;

/// A named template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    pub template: &'static str,
    /// Who stores values like this.
    pub source: &'static str,
}

/// The commonest first.
pub(super) static PRESETS: [Preset; 7] = [
    Preset {
        name: "go",
        template: "{raw(nonce12 ct tag16)}",
        source: "Go's gcm.Seal(nonce, nonce, plaintext, aad) in a bytea column; Python, Java and Rust likewise",
    },
    Preset {
        name: "go-hex",
        template: "{hex(nonce12 ct tag16)}",
        source: "the same through Go's encoding/hex",
    },
    Preset {
        name: "go-b64",
        template: "{b64(nonce12 ct tag16)}",
        source: "the same through Go's base64.StdEncoding, or Java's Base64.getEncoder()",
    },
    Preset {
        name: "go-b64url",
        template: "{b64url(nonce12 ct tag16)}",
        source: "the same through Go's base64.URLEncoding",
    },
    Preset {
        name: "node-hex",
        template: "{hex(nonce12)}:{hex(tag16)}:{hex(ct)}",
        source: "the common Node.js helper around createCipheriv and getAuthTag, iv of 12 bytes",
    },
    Preset {
        name: "node-hex-iv16",
        template: "{hex(nonce16)}:{hex(tag16)}:{hex(ct)}",
        source: "the same with an iv of 16 bytes",
    },
    Preset {
        name: "enc-v1",
        template: "enc:v1:{b64(nonce12 ct tag16)}",
        source: "the commonest prefix before base64",
    },
];

/// The preset of this name.
pub(super) fn find(name: &str) -> Result<&'static Preset, LayoutError> {
    if let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) {
        return Ok(preset);
    }
    let names = || PRESETS.iter().map(|preset| preset.name);
    let hint = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<&str> = names().collect();
            format!("presets: {}; or a template such as {}", names.join(", "), PRESETS[0].template)
        }
    };
    Err(LayoutError::new(format!("there is no layout named `{name}`")).hint(hint))
}
