//! Fields of a protocol buffer, as slices of it: nothing is copied, so nothing has to be wiped.
//! (<https://protobuf.dev/programming-guides/encoding/>)

use super::MalformedKeyset;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'m> {
    Number(u64),
    /// Bytes, text or a message.
    Bytes(&'m [u8]),
    /// A number of fixed length. No message that is read here has one.
    Fixed,
}

/// The fields of a message in their order, each with its number. After a fault there is nothing more.
pub(super) fn fields(
    message: &[u8],
) -> impl Iterator<Item = Result<(u64, Field<'_>), MalformedKeyset>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(&mut rest).ok_or(MalformedKeyset::NotOne);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

fn field<'m>(rest: &mut &'m [u8]) -> Option<(u64, Field<'m>)> {
    let tag = varint(rest)?;
    let field = match tag & 7 {
        0 => Field::Number(varint(rest)?),
        1 => taken(rest, 8).map(|_| Field::Fixed)?,
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            Field::Bytes(taken(rest, length)?)
        }
        5 => taken(rest, 4).map(|_| Field::Fixed)?,
        _ => return None,
    };
    Some((tag >> 3, field)).filter(|(number, _)| *number > 0)
}

/// Seven bits a byte, the lowest first; the last byte has its highest bit clear.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let [byte] = taken(rest, 1)?.try_into().ok()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn taken<'m>(rest: &mut &'m [u8], length: usize) -> Option<&'m [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_bytes_and_what_is_passed_over() {
        let message = [
            &[0x08, 0xa5, 0x99, 0xf4, 0xe0, 0x0a][..],
            &[0x12, 0x02, b'a', b'b'],
            &[0x1d, 0, 0, 0, 0],
            &[0x21, 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let read: Vec<_> = fields(&message).collect::<Result<_, _>>().unwrap();
        let wanted = [
            (1, Field::Number(0xac1d_0ca5)),
            (2, Field::Bytes(b"ab")),
            (3, Field::Fixed),
            (4, Field::Fixed),
        ];
        assert_eq!(read, wanted);
    }

    #[test]
    fn every_torn_message_is_refused() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'a', b'b'];
        assert!(fields(&message).all(|field| field.is_ok()));
        for length in [1, 2, 4, 5, 6] {
            assert!(fields(&message[..length]).any(|field| field.is_err()), "{length}");
        }
        for odd in [&[0x00, 0x01][..], &[0x0b], &[0xff; 11]] {
            assert!(fields(odd).any(|field| field.is_err()), "{odd:?}");
        }
    }
}
