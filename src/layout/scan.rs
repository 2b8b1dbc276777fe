//! The braces that layout and AAD templates share: text, and `{words}` in it.

use super::LayoutError;

/// A stretch of a template.
pub(super) enum Piece<'t> {
    /// Text, with `{{` and `}}` already turned into braces.
    Literal(String),
    /// What stands between `{` and `}`, and the byte offset at which it begins.
    Braces(&'t str, usize),
}

/// Cuts a template into text and braces.
pub(super) fn pieces(template: &str) -> Result<Vec<Piece<'_>>, LayoutError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut offset = 0;
    while let Some(found) = template[offset..].find(['{', '}']) {
        let brace = offset + found;
        literal.push_str(&template[offset..brace]);
        let rest = &template[brace..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push_str(&rest[..1]);
            offset = brace + 2;
            continue;
        }
        let Some(inside) = rest.strip_prefix('{') else {
            return Err(LayoutError::at(template, brace, "a `}` without its `{`")
                .hint("write `}}` for a brace in the text"));
        };
        let inside = match inside.find(['{', '}']) {
            Some(end) if inside[end..].starts_with('}') => &inside[..end],
            _ => {
                return Err(LayoutError::at(template, brace, "a `{` without its `}`")
                    .hint("write `{{` for a brace in the text"));
            }
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Braces(inside, brace + 1));
        offset = brace + 1 + inside.len() + 1;
    }
    literal.push_str(&template[offset..]);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}
