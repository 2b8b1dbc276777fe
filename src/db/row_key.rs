//! Row keys of any type, in the binary form in which PostgreSQL sends them.
//!
//! A key is never converted: what the server sent is what it gets back, so no type, collation or
//! padding rule can be got wrong here. This file knows the wire format of one value and of an array
//! of values, and nothing of tables.

use bytes::{BufMut, BytesMut};
use postgres_types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use std::error::Error;
use tokio_postgres::types as postgres_types;

use super::identifier::Identifier;

type BoxedError = Box<dyn Error + Sync + Send>;

/// The bytes of one value of any type, borrowed from the row that brought it.
#[derive(Clone, Copy)]
pub struct Binary<'a>(pub &'a [u8]);

impl<'a> FromSql<'a> for Binary<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Never prints the bytes: they may be a ciphertext or a person's name.
impl std::fmt::Debug for Binary<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Binary({} bytes)", self.0.len())
    }
}

impl ToSql for Binary<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        out.put_slice(self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A one-dimensional array whose elements already have their binary form
/// (`array_recv` in PostgreSQL's `arrayfuncs.c`).
pub struct BinaryArray<'a> {
    pub element_oid: u32,
    pub items: Vec<Option<&'a [u8]>>,
}

impl std::fmt::Debug for BinaryArray<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BinaryArray({} items)", self.items.len())
    }
}

impl ToSql for BinaryArray<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        let bytes = self.items.iter().map(|item| 4 + item.map_or(0, <[u8]>::len));
        out.reserve(20 + bytes.sum::<usize>());
        let dimensions = i32::from(!self.items.is_empty());
        let has_null = i32::from(self.items.iter().any(Option::is_none));
        out.put_i32(dimensions);
        out.put_i32(has_null);
        out.put_u32(self.element_oid);
        if dimensions == 1 {
            out.put_i32(i32::try_from(self.items.len())?);
            out.put_i32(1);
        }
        for item in &self.items {
            match item {
                Some(bytes) => {
                    out.put_i32(i32::try_from(bytes.len())?);
                    out.put_slice(bytes);
                }
                None => out.put_i32(-1),
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A type as the catalogue knows it, enough to name it in SQL and to send values of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlType {
    pub oid: u32,
    pub array_oid: u32,
    pub schema: Identifier,
    pub name: Identifier,
}

impl SqlType {
    /// For a parameter of this type. Only the object identifier goes over the wire.
    pub fn parameter(&self) -> Type {
        parameter_type(self.oid)
    }

    /// For a parameter that is an array of this type.
    pub fn array_parameter(&self) -> Type {
        parameter_type(self.array_oid)
    }
}

/// `schema.type`, without a length: `"pg_catalog"."bpchar"` is any `char(n)`.
impl std::fmt::Display for SqlType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

fn parameter_type(oid: u32) -> Type {
    Type::from_oid(oid).unwrap_or_else(|| {
        Type::new(String::new(), oid, postgres_types::Kind::Simple, String::new())
    })
}

/// The place of a row version in its table: block and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tid {
    pub block: u32,
    pub offset: u16,
}

impl ToSql for Tid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        out.put_slice(&self.to_binary());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TID
    }

    to_sql_checked!();
}

impl Tid {
    pub const BYTES: usize = 6;

    /// Before the first row of a block (offsets begin at 1).
    pub fn start_of(block: u32) -> Self {
        Self { block, offset: 0 }
    }

    /// As `tidsend` writes it.
    pub fn to_binary(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.block.to_be_bytes());
        bytes[4..].copy_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    pub fn from_binary(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; Self::BYTES] = bytes.try_into().ok()?;
        let [a, b, c, d, e, f] = bytes;
        Some(Self { block: u32::from_be_bytes([a, b, c, d]), offset: u16::from_be_bytes([e, f]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tid_keeps_its_binary_form() {
        let tid = Tid { block: 70_000, offset: 12 };
        assert_eq!(Tid::from_binary(&tid.to_binary()), Some(tid));
        assert_eq!(Tid::from_binary(&[1, 2, 3]), None);
    }

    #[test]
    fn tids_order_as_the_server_orders_them() {
        assert!(Tid { block: 1, offset: 290 } < Tid::start_of(2));
        assert!(Tid::start_of(2) < Tid { block: 2, offset: 1 });
    }

    #[test]
    fn array_has_the_layout_of_array_recv() {
        let mut out = BytesMut::new();
        let array = BinaryArray { element_oid: 17, items: vec![Some(b"ab"), None] };
        array.to_sql(&Type::BYTEA_ARRAY, &mut out).expect("a short array fits");
        let mut expected = Vec::new();
        for word in [1i32, 1, 17, 2, 1, 2] {
            expected.extend(word.to_be_bytes());
        }
        expected.extend(b"ab");
        expected.extend((-1i32).to_be_bytes());
        assert_eq!(&out[..], expected);
    }

    #[test]
    fn bytes_are_never_printed() {
        assert_eq!(format!("{:?}", Binary(b"secret")), "Binary(6 bytes)");
    }
}
