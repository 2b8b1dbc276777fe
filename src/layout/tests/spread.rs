//! Values that are spread over several columns: each piece in its place of a cell.

use std::collections::BTreeMap;

use crate::cell;
use crate::layout::{
    ColumnLayout, DecodeBuffer, Layout, LayoutError, Malformed, Over, Piece, PieceSettings, Sealed,
    Settings, Stored,
};

fn words(layout: &str, beside: &[(&str, &str)]) -> Settings {
    let beside: BTreeMap<String, PieceSettings> = beside
        .iter()
        .map(|(name, template)| ((*name).to_owned(), (*template).to_owned().into()))
        .collect();
    let beside = Some(beside).filter(|beside| !beside.is_empty());
    Settings { layout: Some(layout.to_owned()), beside, ..Settings::default() }
}

fn layout(template: &str, beside: &[(&str, &str)]) -> Layout {
    Layout::of(words(template, beside)).expect("a layout")
}

fn cell(pieces: &[Option<&[u8]>]) -> Vec<u8> {
    let mut cell = Vec::new();
    pieces.iter().for_each(|piece| cell::append(*piece, &mut cell));
    cell
}

fn decode<T>(
    layout: &Layout,
    stored: &[u8],
    see: impl Fn(Stored<'_>) -> T,
) -> Result<T, Malformed> {
    layout.decode(stored, &mut DecodeBuffer::default()).map(see)
}

const NONCE: &[u8] = b"nonce of 12.";
const TAG: &[u8] = b"a tag of sixteen";

#[test]
fn each_piece_has_its_own_template() {
    let spread = layout("{hex(ct)}", &[("tag", "t:{b64(tag16)}"), ("iv", "{raw(nonce12)}")]);
    let names: Vec<&str> = spread.beside().iter().map(Piece::name).collect();
    assert_eq!((spread.over(), &names[..]), (Over::Columns, &["iv", "tag"][..]));
    assert_eq!(spread.template(), "{hex(ct)}; iv: {raw(nonce12)}; tag: t:{b64(tag16)}");
    let sealed = Sealed { nonce: NONCE, ciphertext: b"ct", tag: TAG, ..Sealed::default() };
    let mut stored = Vec::new();
    spread.encode(&sealed, &mut stored);
    let expected = [Some(&b"6374"[..]), Some(NONCE), Some(b"t:YSB0YWcgb2Ygc2l4dGVlbg==")];
    assert_eq!(stored, cell(&expected));
    let parts = |stored: Stored<'_>| {
        let parts = stored.parts;
        (parts.nonce.to_vec(), parts.ciphertext.to_vec(), parts.tag.to_vec())
    };
    let whole = (NONCE.to_vec(), b"ct".to_vec(), TAG.to_vec());
    assert_eq!(decode(&spread, &stored, parts), Ok(whole));
}

#[test]
fn what_lacks_a_piece_or_has_one_more_is_malformed() {
    let spread = layout("{raw(ct)}", &[("iv", "{raw(nonce12)}"), ("tag", "{raw(tag16)}")]);
    let is_malformed = |pieces: &[Option<&[u8]>]| decode(&spread, &cell(pieces), |_| ()).is_err();
    assert!(!is_malformed(&[Some(b"ct"), Some(NONCE), Some(TAG)]));
    assert!(!is_malformed(&[Some(b""), Some(NONCE), Some(TAG)]), "of an empty plaintext");
    for pieces in [
        &[Some(&b"ct"[..]), Some(NONCE), None][..],
        &[Some(b"ct"), None, Some(TAG)],
        &[None, Some(NONCE), Some(TAG)],
        &[Some(b"ct"), Some(NONCE)],
        &[Some(b"ct"), Some(NONCE), Some(TAG), None],
        &[Some(b"ct"), Some(TAG), Some(NONCE)],
    ] {
        assert!(is_malformed(pieces), "{pieces:?}");
    }
    assert!(decode(&spread, b"ct", |_| ()).is_err());
}

#[test]
fn a_label_may_be_missing_and_is_written() {
    let mut words = words("{raw(nonce12 ct tag16)}", &[("version", "v{kid}")]);
    words.beside.iter_mut().flatten().for_each(|(_, piece)| piece.may_be_null = true);
    let spread = Layout::of(words).expect("a layout");
    let value = [NONCE, b"ct", TAG].concat();
    let label = |version: Option<&[u8]>| {
        let see = |stored: Stored<'_>| stored.label.map(<[u8]>::to_vec);
        decode(&spread, &cell(&[Some(&value), version]), see)
    };
    assert_eq!(label(Some(b"v7")), Ok(Some(b"7".to_vec())));
    assert_eq!((label(None), label(Some(b""))), (Ok(None), Ok(None)));
    assert!(label(Some(b"7")).is_err() && label(Some(b"v")).is_err());
    let sealed =
        Sealed { nonce: NONCE, ciphertext: b"ct", tag: TAG, label: b"8", ..Sealed::default() };
    let mut stored = Vec::new();
    spread.encode(&sealed, &mut stored);
    assert_eq!(stored, cell(&[Some(&value), Some(b"v8")]));
}

#[test]
fn a_layout_with_fewer_pieces_leaves_the_others_null() {
    let write = layout("{raw(ct)}", &[("iv", "{raw(nonce12)}"), ("tag", "{raw(tag16)}")]);
    let read = vec![layout("go", &[]), layout("{raw(ct tag16)}", &[("iv", "{raw(nonce12)}")])];
    let column = ColumnLayout::new(write, read).expect("layouts of one column");
    let packed = [NONCE, b"ct", TAG].concat();
    let fits = |pieces: &[Option<&[u8]>]| {
        let stored = cell(pieces);
        column.all().map(|layout| decode(layout, &stored, |_| ()).is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(fits(&[Some(&packed), None, None]), [false, true, false]);
    assert_eq!(fits(&[Some(&packed), Some(NONCE), None]), [false, false, true]);
    assert_eq!(fits(&[Some(&packed), Some(NONCE), Some(TAG)]), [true, false, false]);
    let [write, packed, half] = column.all().collect::<Vec<_>>().try_into().expect("three");
    assert!(packed.alone().is_same_as(&layout("go", &[])) && !packed.is_same_as(&packed.alone()));
    assert!(write.alone().is_same_as(write) && half.alone().is_same_as(half));
}

#[test]
fn what_would_stay_behind_is_refused() {
    let refused = |write: Layout, read: Layout| -> LayoutError {
        ColumnLayout::new(write, vec![read]).expect_err("another shape")
    };
    let spread = || layout("{raw(ct tag16)}", &[("iv", "{raw(nonce12)}")]);
    let message = refused(layout("go", &[]), spread()).to_string();
    assert_eq!(message, "values that are read lie in `iv` too");
    let coded = layout("laravel-gcm", &[]);
    let message = refused(spread(), coded).to_string();
    assert_eq!(message, "values of laravel-gcm are not spread over columns");
}
