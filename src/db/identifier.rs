//! Names of schemas, tables and columns, on their way from configuration or catalogue to SQL.
//!
//! The only road: whoever formats SQL formats an [`Identifier`], and its `Display` is always the
//! quoted form. It knows no connection.

use std::fmt;

/// The longest name PostgreSQL keeps (`NAMEDATALEN` - 1); a longer one would be cut silently.
const IDENTIFIER_BYTES_MAX: usize = 63;

/// One SQL identifier, exactly as the catalogue spells it. `Display` writes it quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(String);

/// Why a name cannot be an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierError {
    Empty,
    TooLong,
    NulByte,
}

impl Identifier {
    /// Takes the exact name, without quotes.
    pub fn new(name: impl Into<String>) -> Result<Self, IdentifierError> {
        let name = name.into();
        if name.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if name.len() > IDENTIFIER_BYTES_MAX {
            return Err(IdentifierError::TooLong);
        }
        if name.contains('\0') {
            return Err(IdentifierError::NulByte);
        }
        Ok(Self(name))
    }

    /// The name as the catalogue spells it: for parameters, the ledger and messages, never for SQL.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// As a string constant, for a statement that looks it up in the catalogue.
    pub fn constant(&self) -> String {
        literal(&self.0)
    }
}

/// `"name"`, with embedded quotes doubled: legal in SQL whatever the name is.
impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a name is empty",
            Self::TooLong => "a name is longer than the 63 bytes PostgreSQL keeps",
            Self::NulByte => "a name holds a NUL byte",
        })
    }
}

impl std::error::Error for IdentifierError {}

/// A table (or index, or view) with its schema. `Display` writes `"schema"."name"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationName {
    pub schema: Identifier,
    pub name: Identifier,
}

impl RelationName {
    pub fn new(
        schema: impl Into<String>,
        name: impl Into<String>,
    ) -> Result<Self, IdentifierError> {
        Ok(Self { schema: Identifier::new(schema)?, name: Identifier::new(name)? })
    }

    /// `schema.name` for messages and the ledger, see [`plain_name`].
    pub fn plain(&self) -> String {
        plain_name(self.schema.name(), self.name.name())
    }
}

/// `schema.name`: for messages and the ledger, never for SQL. A part with a dot or a quote in it is
/// quoted, so that no two tables read alike.
pub fn plain_name(schema: &str, name: &str) -> String {
    let plain = |part: &str| {
        if part.contains(['.', '"']) {
            format!("\"{}\"", part.replace('"', "\"\""))
        } else {
            part.to_owned()
        }
    };
    format!("{}.{}", plain(schema), plain(name))
}

impl fmt::Display for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A string constant of SQL, whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_always_quoted() {
        for (name, quoted) in [
            ("secret", r#""secret""#),
            ("Odd Name", r#""Odd Name""#),
            (r#"a"b"#, r#""a""b""#),
            (r#"";drop table t;--"#, r#"""";drop table t;--""#),
            ("schlüssel", r#""schlüssel""#),
            (r"back\slash", r#""back\slash""#),
        ] {
            assert_eq!(Identifier::new(name).unwrap().to_string(), quoted);
        }
        let table = RelationName::new("public", r#"Odd "Name""#).unwrap();
        assert_eq!(table.to_string(), r#""public"."Odd ""Name""""#);
        assert_eq!(table.plain(), r#"public."Odd ""Name""""#);
    }

    #[test]
    fn plain_names_are_bare_unless_they_could_be_mistaken() {
        for (schema, name, plain) in [
            ("public", "Odd Name", "public.Odd Name"),
            ("a.b", "c", r#""a.b".c"#),
            ("a", "b.c", r#"a."b.c""#),
            ("\"a.b\"", "c", r#""""a.b""".c"#),
        ] {
            assert_eq!(plain_name(schema, name), plain);
        }
    }

    #[test]
    fn names_postgresql_would_not_keep_are_refused() {
        assert_eq!(Identifier::new(""), Err(IdentifierError::Empty));
        assert_eq!(Identifier::new("a\0b"), Err(IdentifierError::NulByte));
        assert_eq!(Identifier::new("é".repeat(32)), Err(IdentifierError::TooLong));
        assert!(Identifier::new("x".repeat(63)).is_ok());
    }

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(literal(r"it's \ fine"), r"E'it''s \\ fine'");
    }
}
