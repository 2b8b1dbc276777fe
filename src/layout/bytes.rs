//! Bytes as text with names in it: the salt and the info of a key derivation.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::LayoutError;
use super::scan::{Piece, pieces};

/// Text with `{table}`, `{column}`, `{salt}` for the salt that the value itself holds, `{xHEX}` for bytes
/// in hexadecimal and `{xHEX*N}` for N times the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteTemplate {
    template: String,
    pieces: Vec<BytePiece>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BytePiece {
    Literal(Vec<u8>),
    Table,
    Column,
    Salt,
}

impl ByteTemplate {
    pub fn parse(template: &str) -> Result<Self, LayoutError> {
        let mut parsed = Vec::new();
        for piece in pieces(template)? {
            parsed.push(match piece {
                Piece::Literal(text) => BytePiece::Literal(text.into_bytes()),
                Piece::Braces("table", _) => BytePiece::Table,
                Piece::Braces("column", _) => BytePiece::Column,
                Piece::Braces("salt", _) => BytePiece::Salt,
                Piece::Braces(word, offset) => {
                    let bytes = bytes(word).ok_or_else(|| {
                        LayoutError::at(template, offset, format!("`{{{word}}}` is not known here"))
                            .hint("{table}, {column}, {salt}, {xHEX} or {xHEX*N}")
                    })?;
                    BytePiece::Literal(bytes)
                }
            });
        }
        Ok(Self { template: template.to_owned(), pieces: parsed })
    }

    /// As it was written.
    pub fn template(&self) -> &str {
        &self.template
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether it depends on the salt of each value.
    pub fn has_salt(&self) -> bool {
        self.pieces.contains(&BytePiece::Salt)
    }

    pub fn render(&self, table: &str, column: &str, salt: &[u8]) -> Vec<u8> {
        let bytes = |piece: &BytePiece| match piece {
            BytePiece::Literal(bytes) => bytes.clone(),
            BytePiece::Table => table.as_bytes().to_vec(),
            BytePiece::Column => column.as_bytes().to_vec(),
            BytePiece::Salt => salt.to_vec(),
        };
        self.pieces.iter().flat_map(bytes).collect()
    }
}

/// `xHEX` or `xHEX*N`.
fn bytes(word: &str) -> Option<Vec<u8>> {
    let (digits, times) = match word.strip_prefix('x')?.split_once('*') {
        Some((digits, times)) => (digits, times.parse().ok().filter(|times| *times <= 1024)?),
        None => (word.strip_prefix('x')?, 1),
    };
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    (!bytes.is_empty()).then(|| bytes.repeat(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_bytes_and_text() {
        let info = ByteTemplate::parse("{xb4*3}{column}/{{{table}}}{x00ff}{salt}").unwrap();
        assert_eq!(info.render("t", "c", b"s"), b"\xb4\xb4\xb4c/{t}\x00\xffs");
        assert!(info.has_salt() && !info.is_empty());
        assert!(ByteTemplate::parse("").unwrap().is_empty());
        for wrong in ["{x}", "{xb}", "{xb4*}", "{xb4*99999}", "{row}", "{"] {
            assert!(ByteTemplate::parse(wrong).is_err(), "{wrong}");
        }
    }
}
