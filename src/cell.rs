//! A value that is spread over several columns of its row, or several fields of an object: its pieces, one after
//! the other, as one string of bytes.
//!
//! So a value stays one field of a fetched row, one judgement, one failure with one digest, and one thing that is
//! compared. The server puts a cell together when it is read (`plan/cell.rs`), the layout takes it apart and
//! makes a new one (`layout/template/spread.rs`), the commit gives each column its piece (`rotate/commit`).
//!
//! Each piece is its length in four bytes, big endian, and its bytes as they are stored (of text its UTF-8);
//! a piece that is NULL, or not there, is the length -1. The piece of the ciphertext comes first. Knows neither
//! columns nor layouts.

/// Bytes before each piece.
const LENGTH_BYTES: usize = 4;

/// Appends a piece to a cell.
pub fn append(piece: Option<&[u8]>, cell: &mut Vec<u8>) {
    match piece {
        Some(bytes) => append_with(cell, |cell| cell.extend_from_slice(bytes)),
        None => cell.extend_from_slice(&(-1_i32).to_be_bytes()),
    }
}

/// Appends the piece that `write` appends.
pub fn append_with(cell: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = cell.len() + LENGTH_BYTES;
    cell.extend_from_slice(&[0; LENGTH_BYTES]);
    write(cell);
    // no field of a row is as long as i32::MAX
    let length = i32::try_from(cell.len() - start).unwrap_or(i32::MAX);
    cell[start - LENGTH_BYTES..start].copy_from_slice(&length.to_be_bytes());
}

/// The first piece of a cell, and the others; `None` when the bytes are no cell.
pub fn split(cell: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = cell.split_first_chunk::<LENGTH_BYTES>()?;
    match i32::from_be_bytes(*length) {
        -1 => Some((None, rest)),
        length => {
            let (piece, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            Some((Some(piece), rest))
        }
    }
}

/// A piece by its place; `None` when it is NULL or there is none.
pub fn piece(cell: &[u8], place: usize) -> Option<&[u8]> {
    let mut rest = cell;
    for _ in 0..place {
        rest = split(rest)?.1;
    }
    split(rest)?.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_again() {
        let mut cell = Vec::new();
        for part in [Some(&b"body"[..]), None, Some(b""), Some(b"tag")] {
            append(part, &mut cell);
        }
        assert_eq!(cell, b"\0\0\0\x04body\xff\xff\xff\xff\0\0\0\0\0\0\0\x03tag");
        let found: Vec<_> = (0..5).map(|place| piece(&cell, place)).collect();
        assert_eq!(found, [Some(&b"body"[..]), None, Some(b""), Some(b"tag"), None]);
    }

    #[test]
    fn what_is_cut_short_is_no_cell() {
        let mut cell = Vec::new();
        append(Some(b"body"), &mut cell);
        assert_eq!(split(&cell), Some((Some(&b"body"[..]), &b""[..])));
        for length in 0..cell.len() {
            assert_eq!(split(&cell[..length]), None);
        }
        assert_eq!(split(b"\xff\xff\xff\xfebody"), None);
    }
}
