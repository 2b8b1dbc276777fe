//! TOML as people write it: strings, keys, and the words of a layout on one line.

use std::fmt::Write as _;

use crate::keys::{Holds, KeySource, LabelledSource};
use crate::layout::{KeySettings, Settings};

/// A basic string (TOML 1.0).
pub fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let code = u32::from(control);
                write!(quoted, "\\u{code:04X}").expect("writing to a String cannot fail");
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A key: bare where it can be.
pub fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match !name.is_empty() && name.bytes().all(is_bare) {
        true => name.to_owned(),
        false => string(name),
    }
}

/// A comment on lines of its own, whatever is in it.
pub fn comment(text: &str) -> String {
    let clean = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    let text: String = text.chars().map(clean).collect();
    text.lines().map(|line| format!("# {line}\n")).collect()
}

/// One part of a name of SQL, quoted where it must be, so that it means itself and no pattern.
pub fn sql_name(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match starts && name.bytes().all(is_plain) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A key source, with the KMS key that wrapped it and with the label of its key.
pub fn source(source: &LabelledSource) -> String {
    let (kms, place) = match &source.from {
        KeySource::Wrapped(wrapped) => (Some(wrapped.kms.to_string()), wrapped.wrapped.to_string()),
        plain => (None, plain.to_string()),
    };
    let name = match (&source.holds, &kms) {
        (Holds::Keyset, _) => "keyset",
        (_, Some(_)) => "wrapped",
        (_, None) => "from",
    };
    let mut fields: Vec<_> = kms.iter().map(|kms| ("kms", string(kms))).collect();
    fields.push((name, string(&place)));
    if let Holds::Labelled(label) = &source.holds {
        fields.push(("kid", string(label)));
    }
    match fields.as_slice() {
        [("from", from)] => from.clone(),
        _ => inline(&fields),
    }
}

/// A layout: its name alone, or an inline table.
pub fn layout(settings: &Settings) -> String {
    let fields = fields(settings);
    match fields.as_slice() {
        [(_, name)] => name.clone(),
        _ => inline(&fields),
    }
}

/// The words of a layout, as `NAME = VALUE`; a search finds none whose values a key service seals.
pub fn fields(settings: &Settings) -> Vec<(&'static str, String)> {
    // a search looks at one cell at a time: it finds nothing that is spread over several, and nothing that a key
    // service seals
    let Settings { layout, code: _, cipher, key, aad, label, nonce, plaintext, .. } = settings;
    let mut fields = Vec::new();
    let mut add = |name, text: &Option<String>| {
        fields.extend(text.as_deref().map(|text| (name, string(text))));
    };
    add("layout", layout);
    add("cipher", cipher);
    add("aad", aad);
    add("label", label);
    add("nonce", nonce);
    add("plaintext", plaintext);
    fields.extend(key.as_ref().map(|key| ("key", key_settings(key))));
    fields
}

/// `{ NAME = VALUE, … }`
pub fn inline(fields: &[(&'static str, String)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!("{{ {} }}", fields.join(", "))
}

fn key_settings(key: &KeySettings) -> String {
    let KeySettings { encoding, prefix, derive, hash, salt, salt_from, info, mac_key, kid, .. } =
        key;
    let mut fields = Vec::new();
    let mut add = |name, text: &Option<String>| {
        fields.extend(text.as_deref().map(|text| (name, string(text))));
    };
    add("encoding", encoding);
    add("prefix", prefix);
    add("derive", derive);
    add("hash", hash);
    let KeySettings { iterations, log_n, r, p, memory_kib, passes, lanes, .. } = key;
    let costs = [
        ("iterations", iterations),
        ("log_n", log_n),
        ("r", r),
        ("p", p),
        ("memory_kib", memory_kib),
        ("passes", passes),
        ("lanes", lanes),
    ];
    let costs = costs.into_iter().filter_map(|(name, cost)| Some((name, (*cost)?.to_string())));
    let costs: Vec<(&'static str, String)> = costs.collect();
    let mut rest = Vec::new();
    let mut add = |name, text: &Option<String>| {
        rest.extend(text.as_deref().map(|text| (name, string(text))));
    };
    add("salt", salt);
    add("salt_from", salt_from);
    add("info", info);
    add("mac_key", mac_key);
    add("kid", kid);
    fields.extend(costs);
    fields.extend(rest);
    inline(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_keys_are_read_back() {
        for text in
            ["", "plain", "a \"b\" \\ c", "line\nfeed\ttab", "bell\u{7}", "größe", "a.b", "[x]"]
        {
            let document = format!("{} = {}", key(text), string(text));
            let table: toml::Table = toml::from_str(&document).expect("TOML");
            assert_eq!(table.get(text).and_then(|value| value.as_str()), Some(text), "{document}");
        }
        assert_eq!((key("a-b_1"), key("a.b")), ("a-b_1".to_owned(), "\"a.b\"".to_owned()));
    }

    #[test]
    fn names_of_sql_mean_themselves() {
        for (name, written) in [
            ("secrets", "secrets"),
            ("Odd \"Name\"", "\"Odd \"\"Name\"\"\""),
            ("st*r", "\"st*r\""),
            ("1st", "\"1st\""),
            ("größe", "\"größe\""),
        ] {
            assert_eq!(sql_name(name), written);
        }
    }

    #[test]
    fn a_layout_is_its_name_or_a_table() {
        let named = Settings { layout: Some("go".to_owned()), ..Settings::default() };
        assert_eq!(layout(&named), "\"go\"");
        let key = KeySettings {
            derive: Some("scrypt".to_owned()),
            log_n: Some(14),
            salt: Some("{salt}".to_owned()),
            ..KeySettings::default()
        };
        let settings = Settings { aad: Some("{id}".to_owned()), key: Some(key), ..named };
        let text = layout(&settings);
        assert_eq!(
            text,
            "{ layout = \"go\", aad = \"{id}\", key = { derive = \"scrypt\", log_n = 14, salt = \"{salt}\" } }"
        );
        toml::from_str::<toml::Table>(&format!("a = {text}")).expect("TOML");
    }

    #[test]
    fn a_comment_stays_one() {
        assert_eq!(comment("one\ntwo\rthree"), "# one\n# two three\n");
    }
}
