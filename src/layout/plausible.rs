//! What a plaintext must look like where nothing authenticates it.

use regex_lite::Regex;

use super::LayoutError;

/// A rule that a wrong key breaks, as good as always.
#[derive(Clone, Debug)]
pub struct PlaintextRule {
    as_written: String,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    /// UTF-8 without control characters other than tabs and line ends.
    Text,
    Json,
    Pattern(Regex),
}

impl PlaintextRule {
    /// `utf8`, `json`, or a pattern from `^` to `$`.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let rule = match text {
            "utf8" => Rule::Text,
            "json" => Rule::Json,
            _ if text.starts_with('^') && text.ends_with('$') => {
                let pattern = Regex::new(text).map_err(|error| {
                    LayoutError::new(format!("not a regular expression: {error}"))
                })?;
                Rule::Pattern(pattern)
            }
            _ => {
                return Err(LayoutError::new(
                    "`plaintext` is utf8, json, or a pattern from ^ to $",
                ));
            }
        };
        Ok(Self { as_written: text.to_owned(), rule })
    }

    /// As it was written.
    pub fn as_written(&self) -> &str {
        &self.as_written
    }

    pub fn accepts(&self, plaintext: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(plaintext) else { return false };
        match &self.rule {
            Rule::Text => !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')),
            Rule::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
            Rule::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

impl PartialEq for PlaintextRule {
    fn eq(&self, other: &Self) -> bool {
        self.as_written == other.as_written
    }
}

impl Eq for PlaintextRule {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_rule_accepts() {
        let accepts = |rule: &str, text: &[u8]| PlaintextRule::parse(rule).unwrap().accepts(text);
        assert!(accepts("utf8", "Grüße\r\n".as_bytes()) && accepts("utf8", b""));
        assert!(!accepts("utf8", b"\xff") && !accepts("utf8", b"a\x00b"));
        assert!(accepts("json", br#"{"a":1}"#) && !accepts("json", b"{") && !accepts("json", b""));
        assert!(accepts("^[0-9]{3}$", b"123") && !accepts("^[0-9]{3}$", b"1234"));
        for wrong in ["", "utf-8", "[0-9]", "^($"] {
            assert!(PlaintextRule::parse(wrong).is_err(), "{wrong}");
        }
    }
}
