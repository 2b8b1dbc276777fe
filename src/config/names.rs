//! Names as in SQL: dots between the parts, quotes around odd ones, `*` for any characters.
//!
//! An unquoted name folds to lower case, a quoted one stays as it is ("Identifiers and Key Words",
//! PostgreSQL manual 4.1.1). Names never reach SQL from here: they are compared with the catalogue.

use std::fmt;

/// PostgreSQL cuts longer names silently (NAMEDATALEN - 1); we refuse them.
const NAME_BYTES_MAX: usize = 63;

/// A table, or with a `*` every table whose name matches; without a schema the search path decides.
#[derive(Clone, Debug)]
pub struct TableName {
    as_written: String,
    pub schema: Option<NamePattern>,
    pub table: NamePattern,
}

/// One part of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamePattern {
    /// Exactly this name.
    Exact(String),
    /// These pieces in order, any characters between them: `tenant_*` is `["tenant_", ""]`.
    Wildcard(Vec<String>),
}

impl NamePattern {
    /// The pattern for SQL's LIKE, with the backslash as its escape character; it fits an exact name
    /// too.
    pub fn like(&self) -> String {
        let escaped =
            |piece: &String| piece.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        match self {
            NamePattern::Exact(name) => escaped(name),
            NamePattern::Wildcard(pieces) => {
                pieces.iter().map(escaped).collect::<Vec<_>>().join("%")
            }
        }
    }

    /// Whether this name is one that is meant.
    pub fn matches(&self, name: &str) -> bool {
        let pieces = match self {
            NamePattern::Exact(exact) => return exact == name,
            NamePattern::Wildcard(pieces) => pieces,
        };
        let Some((first, rest)) = pieces.split_first() else { return false };
        let Some((last, middle)) = rest.split_last() else { return first == name };
        let Some(mut left) = name.strip_prefix(first.as_str()) else { return false };
        for piece in middle {
            let Some((_, behind)) = left.split_once(piece.as_str()) else { return false };
            left = behind;
        }
        left.ends_with(last.as_str())
    }

    pub fn is_wildcard(&self) -> bool {
        matches!(self, NamePattern::Wildcard(_))
    }
}

/// Exact names in quotes, wildcards without.
impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamePattern::Exact(name) => write!(f, "\"{}\"", name.replace('"', "\"\"")),
            NamePattern::Wildcard(pieces) => f.write_str(&pieces.join("*")),
        }
    }
}

/// Two spellings of one name are equal.
impl PartialEq for TableName {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema && self.table == other.table
    }
}

impl Eq for TableName {}

/// As it was written, for messages.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_written)
    }
}

impl TableName {
    /// `[SCHEMA.]TABLE`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<TableName, String> {
        TableName::from_parts(parts(text)?, text)
    }

    /// `[SCHEMA.]TABLE.COLUMN`; the column is one exact name.
    pub fn parse_with_column(text: &str) -> Result<(TableName, String), String> {
        let mut parts = parts(text)?;
        if parts.len() < 2 {
            return Err("a column is named with its table: TABLE.COLUMN".to_owned());
        }
        let (column, start) = parts.pop().expect("there are at least two parts");
        let NamePattern::Exact(column) = column else {
            return Err("a column is one name, without a *".to_owned());
        };
        let table = TableName::from_parts(parts, &text[..start.saturating_sub(1)])?;
        Ok((table, column))
    }

    /// The same text for every spelling of the name.
    pub fn canonical(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.table),
            None => self.table.to_string(),
        }
    }

    fn from_parts(parts: Vec<(NamePattern, usize)>, text: &str) -> Result<TableName, String> {
        let mut parts = parts.into_iter().map(|(part, _)| part);
        let (schema, table) = match (parts.next(), parts.next(), parts.next()) {
            (Some(table), None, None) => (None, table),
            (Some(schema), Some(table), None) => (Some(schema), table),
            _ => return Err("a name has a schema and a table, no more".to_owned()),
        };
        Ok(TableName { as_written: text.to_owned(), schema, table })
    }
}

/// An exact name, as the catalogue holds it.
pub fn exact(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a name is empty".to_owned()),
        _ if text.len() > NAME_BYTES_MAX => Err(too_long()),
        _ if text.contains('\0') => Err("a name holds a zero byte".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Where the first `:` outside quotes is.
pub fn first_unquoted_colon(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, character)| {
        quoted ^= character == '"';
        (character == ':' && !quoted).then_some(at)
    })
}

/// The dotted parts of a name, each with the byte it starts at.
fn parts(text: &str) -> Result<Vec<(NamePattern, usize)>, String> {
    let mut parts = Vec::new();
    let mut start = 0;
    loop {
        let rest = &text[start..];
        let (part, length) = match rest.strip_prefix('"') {
            Some(inside) => {
                let (name, length) = quoted(inside)?;
                (NamePattern::Exact(name), length + 1)
            }
            None => {
                let length = rest.find('.').unwrap_or(rest.len());
                (unquoted(&rest[..length])?, length)
            }
        };
        parts.push((part, start));
        start += length;
        match text[start..].chars().next() {
            None => return Ok(parts),
            Some('.') => start += 1,
            Some(_) => return Err("a quoted name is followed by a dot or nothing".to_owned()),
        }
    }
}

/// The name after its opening quote, and its length with the closing one.
fn quoted(inside: &str) -> Result<(String, usize), String> {
    let mut end = 0;
    loop {
        let quote = inside[end..].find('"').ok_or("a quoted name has no closing quote")?;
        end += quote + 1;
        if !inside[end..].starts_with('"') {
            let name = exact(&inside[..end - 1].replace("\"\"", "\""))?;
            return Ok((name, end));
        }
        end += 1;
    }
}

fn unquoted(text: &str) -> Result<NamePattern, String> {
    let name = text.to_ascii_lowercase();
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '*' || !c.is_ascii();
    match name.chars().next() {
        None => return Err("a name is empty".to_owned()),
        Some(first) if !letter(first) => return Err(needs_quotes()),
        Some(_) => {}
    }
    if !name.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '$') {
        return Err(needs_quotes());
    }
    if !name.contains('*') {
        return exact(&name).map(NamePattern::Exact);
    }
    let pieces: Vec<String> = name.split('*').map(str::to_owned).collect();
    match pieces.iter().map(String::len).sum::<usize>() {
        bytes if bytes > NAME_BYTES_MAX => Err(too_long()),
        _ => Ok(NamePattern::Wildcard(pieces)),
    }
}

fn too_long() -> String {
    format!("a name has at most {NAME_BYTES_MAX} bytes")
}

fn needs_quotes() -> String {
    "this is not a name of SQL: put double quotes around an odd one".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(schema: Option<&str>, table: &str) -> TableName {
        let exact = |name: &str| NamePattern::Exact(name.to_owned());
        TableName { as_written: String::new(), schema: schema.map(exact), table: exact(table) }
    }

    #[test]
    fn names_are_read_as_sql_reads_them() {
        for (text, expected) in [
            ("t", name(None, "t")),
            ("Public.T", name(Some("public"), "t")),
            (r#"public."Odd Name""#, name(Some("public"), "Odd Name")),
            (r#""a.b"."c""d""#, name(Some("a.b"), "c\"d")),
            (r#""st*r""#, name(None, "st*r")),
            ("größe$1", name(None, "größe$1")),
        ] {
            assert_eq!(TableName::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", ".", "a.", ".a", "a b", "1a", "a.b.c", "\"a", "\"a\"b", "\"\"", "a-b"] {
            assert!(TableName::parse(text).is_err(), "{text}");
        }
        assert!(TableName::parse(&"n".repeat(63)).is_ok());
        assert!(TableName::parse(&"n".repeat(64)).is_err());
    }

    #[test]
    fn a_star_matches_anything_and_all_else_itself() {
        let name = TableName::parse("tenant_*.secrets").unwrap();
        assert_eq!(name.schema.unwrap().like(), r"tenant\_%");
        assert_eq!(name.table.like(), "secrets");
    }

    #[test]
    fn a_pattern_matches_as_the_server_would() {
        let matches = |pattern: &str, name: &str| {
            TableName::parse(pattern).expect("a name").table.matches(name)
        };
        for (pattern, name) in [
            ("secrets", "secrets"),
            ("tenant_*", "tenant_7"),
            ("tenant_*", "tenant_"),
            ("*", "anything"),
            ("*_log", "a_log_log"),
            ("a*b*c", "a-b-b-c"),
            ("**", ""),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("secrets", "secret"), ("tenant_*", "tenant7"), ("a*a", "a"), ("a*b*c", "acb")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        assert!(!TableName::parse("\"st*r\"").expect("a name").table.matches("star"));
    }

    #[test]
    fn a_column_stands_last_and_keeps_its_quotes() {
        let (table, column) = TableName::parse_with_column(r#"S.T."Odd.Column""#).unwrap();
        assert_eq!((table.to_string().as_str(), column.as_str()), ("S.T", "Odd.Column"));
        assert!(TableName::parse_with_column("t").is_err());
        assert!(TableName::parse_with_column("t.c*").is_err());
    }

    #[test]
    fn colons_in_quotes_do_not_count() {
        assert_eq!(first_unquoted_colon(r#""a:b".c:go"#), Some(7));
        assert_eq!(first_unquoted_colon("t.c:enc:v1:{b64(ct)}"), Some(3));
        assert_eq!(first_unquoted_colon(r#"t."c:d""#), None);
    }
}
