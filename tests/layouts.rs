//! Layouts against any bytes, through every preset and through templates nobody thought of.

use proptest::collection::vec;
use proptest::prelude::*;
use reseal::layout::{
    AadTemplate, DecodeBuffer, Layout, Over, Parts, RowTexts, Sealed, Status, Stored,
};

const ENCODINGS: [&str; 7] = ["raw", "hex", "b64", "b64url", "b64raw", "b64urlraw", "b64mime76"];
const SEPARATORS: [&str; 9] = ["", ":", ".", "=", "A", "0f", "\n", "{{", "enc:v1:"];

/// The three parts in any order, perhaps with fixed bytes, in one to four groups of any encodings,
/// with any separators around them. Some of these are ambiguous.
fn any_template() -> impl Strategy<Value = String> {
    let parts = (
        prop::sample::select(vec!["nonce12", "nonce16"]),
        prop::sample::select(vec!["tag16", "tag12", "tag15"]),
        prop::sample::select(vec!["", "x01", "x0a3d3d", "time8", "kid4"]),
    )
        .prop_map(|(nonce, tag, fixed)| vec![nonce, "ct", tag, fixed])
        .prop_shuffle();
    let styles =
        vec((prop::sample::select(&ENCODINGS[..]), prop::sample::select(&SEPARATORS[..])), 5);
    (parts, styles, vec(any::<bool>(), 4)).prop_map(|(parts, styles, cuts)| {
        let mut template = styles[4].1.to_owned();
        let mut group = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            group.extend(Some(*part).filter(|part| !part.is_empty()));
            if !group.is_empty() && (cuts[place] || place == 3) {
                let (encoding, separator) = styles[place];
                template += &format!("{{{encoding}({})}}{separator}", group.join(" "));
                group.clear();
            }
        }
        if !group.is_empty() {
            template += &format!("{{hex({})}}", group.join(" "));
        }
        template
    })
}

/// The template's layout, unless it is refused, which only ambiguity may be the reason for.
fn unambiguous(template: &str) -> Option<Layout> {
    match Layout::parse(template) {
        Ok(layout) => Some(layout),
        Err(refused) => {
            assert!(refused.what.starts_with("two ways to split"), "{template:?}: {refused}");
            None
        }
    }
}

/// As much of these bytes as each part needs.
struct Bytes {
    nonce: [u8; 24],
    tag: [u8; 32],
    head: [u8; 8],
}

impl Bytes {
    fn of(nonce: [u8; 16], tag: [u8; 16]) -> Self {
        let mut bytes = Self { nonce: [1; 24], tag: [2; 32], head: *b"k1234567" };
        bytes.nonce[..16].copy_from_slice(&nonce);
        bytes.tag[..16].copy_from_slice(&tag);
        bytes
    }

    fn sealed<'a>(&'a self, layout: &Layout, ciphertext: &'a [u8]) -> Sealed<'a> {
        let whole = layout.writable().map_or(16, |()| layout.cipher().tag_bytes());
        Sealed {
            nonce: &self.nonce[..layout.nonce_length().bytes()],
            ciphertext,
            tag: &self.tag[..whole],
            salt: &[3; 64][..layout.salt_bytes()],
            label: if layout.template().contains("kid4") { &self.head[..4] } else { b"k1" },
            frame: if layout.template().contains("time8") { &self.head } else { b"" },
            ..Sealed::default()
        }
    }
}

fn encode(layout: &Layout, nonce: &[u8; 16], ciphertext: &[u8], tag: &[u8; 16]) -> Vec<u8> {
    let mut stored = Vec::new();
    layout.encode(&Bytes::of(*nonce, *tag).sealed(layout, ciphertext), &mut stored);
    stored
}

fn round_trip(layout: &Layout, nonce: &[u8; 16], ciphertext: &[u8], tag: &[u8; 16]) {
    let stored = encode(layout, nonce, ciphertext, tag);
    if layout.is_text() && layout.over() == Over::Cell {
        assert!(stored.is_ascii() && !stored.contains(&0));
    }
    let mut buffer = DecodeBuffer::default();
    let bytes = Bytes::of(*nonce, *tag);
    let sealed = bytes.sealed(layout, ciphertext);
    let read = layout.decode(&stored, &mut buffer).unwrap();
    assert_eq!(read.parts.nonce, sealed.nonce);
    assert_eq!(read.parts.ciphertext, ciphertext);
    assert_eq!(read.parts.tag, &sealed.tag[..read.parts.tag.len()]);
    assert_eq!(read.salt, sealed.salt);
    assert!(read.label.is_none_or(|label| label == sealed.label));
    assert_eq!(read.parts.tag.len() == sealed.tag.len(), layout.writable().is_ok());
}

/// What a lenient reader took apart, written exactly, is read the same.
fn reads_what_it_read(layout: &Layout, read: &Stored<'_>) {
    let mut tag = read.parts.tag.to_vec();
    tag.resize(tag.len().max(16), 0);
    let Parts { nonce, ciphertext, .. } = read.parts;
    let label = read.label.unwrap_or_default();
    let (salt, frame) = (read.salt, read.frame);
    let sealed = Sealed { nonce, ciphertext, tag: &tag, salt, label, frame, ..Sealed::default() };
    let (mut stored, mut buffer) = (Vec::new(), DecodeBuffer::default());
    layout.encode(&sealed, &mut stored);
    assert_eq!(layout.decode(&stored, &mut buffer).as_ref(), Ok(read));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_through_every_preset(
        nonce in any::<[u8; 16]>(), ciphertext in vec(any::<u8>(), 0..200), tag in any::<[u8; 16]>(),
    ) {
        for preset in Layout::presets().filter(|preset| preset.status() == Status::ReadAndWritten) {
            // an envelope holds two values, and JSON more than parts
            let is_plain = preset.settings.code.is_none();
            if let Ok(layout) = preset.layout() && is_plain && !layout.has_data_key() {
                round_trip(&layout, &nonce, &ciphertext, &tag);
            }
        }
    }

    #[test]
    fn any_bytes_through_any_template(
        template in any_template(),
        nonce in any::<[u8; 16]>(), ciphertext in vec(any::<u8>(), 0..70), tag in any::<[u8; 16]>(),
    ) {
        if let Some(layout) = unambiguous(&template) {
            round_trip(&layout, &nonce, &ciphertext, &tag);
        }
    }

    /// Bytes that look like padding, line feeds and separators, where they hurt most.
    #[test]
    fn awkward_bytes_through_any_template(
        template in any_template(),
        nonce in prop::array::uniform16(prop::sample::select(&b"=\n\r:A0"[..])),
        ciphertext in vec(prop::sample::select(&b"=\n\r:A0"[..]), 0..20),
        tag in prop::array::uniform16(prop::sample::select(&b"=\n\r:A0"[..])),
    ) {
        if let Some(layout) = unambiguous(&template) {
            round_trip(&layout, &nonce, &ciphertext, &tag);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(template in any_template(), stored in vec(any::<u8>(), 0..120)) {
        if let Some(layout) = unambiguous(&template) {
            let mut buffer = DecodeBuffer::default();
            if let Ok(parts) = layout.decode(&stored, &mut buffer) {
                reads_what_it_read(&layout, &parts);
            }
        }
    }

    #[test]
    fn damaged_values_are_read_without_panic(
        template in any_template(), ciphertext in vec(any::<u8>(), 0..40),
        damage in vec((any::<prop::sample::Index>(), prop::sample::select(&b"=\n:A0\xff"[..]), 0..3), 1..4),
    ) {
        if let Some(layout) = unambiguous(&template) {
            let mut stored = encode(&layout, &[7; 16], &ciphertext, &[9; 16]);
            for (place, byte, kind) in damage {
                let place = place.index(stored.len());
                match kind {
                    0 => stored[place] = byte,
                    1 => stored.insert(place, byte),
                    _ => stored.truncate(place.max(1)),
                }
            }
            let mut buffer = DecodeBuffer::default();
            if let Ok(parts) = layout.decode(&stored, &mut buffer) {
                reads_what_it_read(&layout, &parts);
            }
        }
    }

    /// Line feeds anywhere, padding or not, either case of hexadecimal.
    #[test]
    fn text_is_read_leniently(
        encoding in prop::sample::select(&ENCODINGS[1..]), ciphertext in vec(any::<u8>(), 0..40),
        breaks in vec((any::<prop::sample::Index>(), prop::sample::select(&["\n", "\r\n"][..])), 0..6),
        unpadded in any::<bool>(), upper in any::<bool>(), last in any::<bool>(),
    ) {
        let group = |parts: &str| format!("{{{encoding}({parts})}}");
        let groups = if last {
            [group("ct"), group("tag16"), group("nonce12")]
        } else {
            [group("nonce12"), group("tag16"), group("ct")]
        };
        let layout = Layout::parse(&groups.join(".")).unwrap();
        let mut text = String::from_utf8(encode(&layout, &[7; 16], &ciphertext, &[9; 16])).unwrap();
        if unpadded {
            text = text.replace('=', "");
        }
        if upper && encoding == "hex" {
            text = text.to_uppercase();
        }
        for (place, line_break) in breaks {
            text.insert_str(place.index(text.len()) + 1, line_break);
        }
        // A break between a separator and its group is not what any encoder writes.
        while let Some(place) = text.find(".\n").or(text.find(".\r")) {
            text.remove(place + 1);
        }
        let text = text.trim_start_matches(['\r', '\n']);
        let mut buffer = DecodeBuffer::default();
        let parts = layout.decode(text.as_bytes(), &mut buffer).map(|read| read.parts);
        let whole = Parts { nonce: &[7; 12], ciphertext: &ciphertext, tag: &[9; 16] };
        prop_assert_eq!(parts, Ok(whole), "{:?}", text);
    }

    #[test]
    fn any_text_is_a_template_or_a_refusal(template in "[{}()a-z0-9 :=ü]{0,40}") {
        let _ = Layout::parse(&template);
        let _ = Layout::named(&template);
        if let Ok(aad) = AadTemplate::parse(&template) {
            let values = vec![Some(&b"v"[..]); aad.columns().len()];
            let places: Vec<usize> = (0..values.len()).collect();
            let row = RowTexts { table: "t", column: "c", texts: &values, places: &places };
            prop_assert!(aad.render(&row, Some("k"), &mut Vec::new()).is_ok());
        }
    }
}

/// Ambiguous templates are rare, so that the tests above test something.
#[test]
fn most_templates_are_accepted() {
    let lengths = [12, 16];
    let orders = ["nonce ct tag", "nonce tag ct", "ct nonce tag", "tag nonce ct"];
    for (length, order) in lengths.iter().flat_map(|length| orders.map(|order| (length, order))) {
        let parts = order.replace("nonce", &format!("nonce{length}")).replace("tag", "tag16");
        for encoding in ENCODINGS {
            let joined = parts.split(' ').map(|part| format!("{{{encoding}({part})}}"));
            let joined: Vec<String> = joined.collect();
            assert!(Layout::parse(&joined.join(":")).is_ok());
            assert!(Layout::parse(&format!("{{{encoding}({parts})}}")).is_ok());
        }
    }
}
