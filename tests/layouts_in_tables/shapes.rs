//! Every preset and templates of any shape, in every type of column.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding, HEXLOWER};

use super::run;
use super::support::{Rows, StoredParts, TestDatabase, TestKey};

/// One way of storing a value, by hand: what each group of the layout holds, between fixed texts.
struct Shape {
    layout: &'static str,
    nonce_bytes: usize,
    /// Fixed text, how the following group is encoded (`None`: raw), and its parts.
    groups: Vec<(&'static str, Option<Encoding>, &'static [Part])>,
}

#[derive(Clone, Copy)]
enum Part {
    Nonce,
    Ciphertext,
    Tag,
    Fixed(&'static [u8]),
}

use Part::{Ciphertext as C, Fixed, Nonce as N, Tag as T};

fn shapes() -> Vec<Shape> {
    let shape = |layout,
                 nonce_bytes,
                 groups: &[(&'static str, Option<Encoding>, &'static [Part])]| {
        Shape { layout, nonce_bytes, groups: groups.to_vec() }
    };
    let (hex, b64, url) = (Some(HEXLOWER), Some(BASE64), Some(BASE64URL));
    let (b64raw, urlraw) = (Some(BASE64_NOPAD), Some(BASE64URL_NOPAD));
    vec![
        shape("go", 12, &[("", None, &[N, C, T])]),
        shape("go-hex", 12, &[("", hex.clone(), &[N, C, T])]),
        shape("go-b64", 12, &[("", b64.clone(), &[N, C, T])]),
        shape("go-b64url", 12, &[("", url.clone(), &[N, C, T])]),
        shape(
            "node-hex",
            12,
            &[("", hex.clone(), &[N]), (":", hex.clone(), &[T]), (":", hex.clone(), &[C])],
        ),
        shape(
            "node-hex-iv16",
            16,
            &[("", hex.clone(), &[N]), (":", hex.clone(), &[T]), (":", hex.clone(), &[C])],
        ),
        shape("enc-v1", 12, &[("enc:v1:", b64.clone(), &[N, C, T])]),
        shape("{raw(nonce12 tag16 ct)}", 12, &[("", None, &[N, T, C])]),
        shape("{raw(x01ff nonce16 ct tag16)}", 16, &[("", None, &[Fixed(&[1, 255]), N, C, T])]),
        shape("{b64raw(nonce12 ct tag16)}", 12, &[("", b64raw.clone(), &[N, C, T])]),
        shape("{b64urlraw(nonce16 tag16 ct)}", 16, &[("", urlraw.clone(), &[N, T, C])]),
        shape(
            "v2.{b64urlraw(nonce12)}.{b64urlraw(ct)}.{b64urlraw(tag16)}",
            12,
            &[("v2.", urlraw.clone(), &[N]), (".", urlraw.clone(), &[C]), (".", urlraw, &[T])],
        ),
        shape(
            "{{\"n\":\"{hex(nonce12)}\",\"c\":\"{b64(ct tag16)}\"}}",
            12,
            &[
                ("{\"n\":\"", hex.clone(), &[N]),
                ("\",\"c\":\"", b64.clone(), &[C, T]),
                ("\"}", Some(HEXLOWER), &[]),
            ],
        ),
        shape(
            "{b64(x00 nonce12)}${b64(ct)}${hex(tag16)}",
            12,
            &[("", b64.clone(), &[Fixed(&[0]), N]), ("$", b64, &[C]), ("$", hex, &[T])],
        ),
    ]
}

impl Shape {
    fn is_text(&self) -> bool {
        self.groups.iter().all(|(_, encoding, _)| encoding.is_some())
    }

    fn put(&self, parts: &StoredParts) -> Vec<u8> {
        let mut stored = Vec::new();
        for (text, encoding, group) in &self.groups {
            let of = |part: &Part| match part {
                Part::Nonce => parts.nonce.as_slice(),
                Part::Ciphertext => &parts.ciphertext,
                Part::Tag => &parts.tag,
                Part::Fixed(bytes) => bytes,
            };
            let bytes = group.iter().map(of).collect::<Vec<_>>().concat();
            stored.extend(text.as_bytes());
            stored
                .extend(encoding.as_ref().map_or(bytes.clone(), |e| e.encode(&bytes).into_bytes()));
        }
        stored
    }

    /// Takes apart what holds a plaintext of so many bytes: every length is then known.
    fn take(&self, stored: &[u8], plaintext_bytes: usize) -> StoredParts {
        let mut parts = StoredParts { nonce: vec![], ciphertext: vec![], tag: vec![] };
        let mut rest = stored;
        for (text, encoding, group) in &self.groups {
            let length = |part: &Part| match part {
                Part::Nonce => self.nonce_bytes,
                Part::Ciphertext => plaintext_bytes,
                Part::Tag => 16,
                Part::Fixed(bytes) => bytes.len(),
            };
            let bytes: usize = group.iter().map(length).sum();
            let written = encoding.as_ref().map_or(bytes, |encoding| encoding.encode_len(bytes));
            rest = rest.strip_prefix(text.as_bytes()).expect("the text before a group");
            let (written, after) = rest.split_at(written);
            rest = after;
            let decoded = encoding.as_ref().map_or(written.to_vec(), |encoding| {
                encoding.decode(written).expect("the group's encoding")
            });
            let mut decoded = decoded.as_slice();
            for part in *group {
                let (bytes, after) = decoded.split_at(length(part));
                decoded = after;
                match part {
                    Part::Nonce => parts.nonce = bytes.to_vec(),
                    Part::Ciphertext => parts.ciphertext = bytes.to_vec(),
                    Part::Tag => parts.tag = bytes.to_vec(),
                    Part::Fixed(fixed) => assert_eq!(bytes, *fixed),
                }
            }
        }
        assert!(rest.is_empty());
        parts
    }
}

/// A column for every shape and every type that can hold it.
#[tokio::test]
async fn every_shape_in_every_type_is_written_as_it_was_read() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    let shapes = shapes();
    let columns: Vec<(String, &str, &Shape)> = shapes
        .iter()
        .enumerate()
        .flat_map(|(n, shape)| {
            let types: &[&str] =
                if shape.is_text() { &["bytea", "text", "varchar"] } else { &["bytea"] };
            types.iter().map(move |type_of| (format!("{type_of}_{n}"), *type_of, shape))
        })
        .collect();
    let definitions: Vec<String> =
        columns.iter().map(|(name, type_of, _)| format!("{name} {type_of}")).collect();
    let create = format!("CREATE TABLE t (id int PRIMARY KEY, {})", definitions.join(", "));
    client.batch_execute(&create).await.expect("a table");
    let sizes = [0, 1, 2, 3, 31, 32, 100, 1_000];
    let plaintext = |size: usize| (0..size).map(|n| n as u8).collect::<Vec<u8>>();
    for (id, size) in (0..).zip(sizes) {
        client.execute("INSERT INTO t (id) VALUES ($1)", &[&id]).await.expect("a row");
        for (name, type_of, shape) in &columns {
            let parts = StoredParts::seal(&old, shape.nonce_bytes, b"", &plaintext(size));
            let value = if *type_of == "bytea" { "$2" } else { "convert_from($2, 'UTF8')" };
            let update = format!("UPDATE t SET {name} = {value} WHERE id = $1");
            client.execute(&update, &[&id, &shape.put(&parts)]).await.expect(name);
        }
    }
    let mut config = "[[table]]\nname = \"t\"\n[table.columns]\n".to_owned();
    for (name, _, shape) in &columns {
        config.push_str(&format!("{name} = '{}'\n", shape.layout));
    }
    let report = run(&database, &new, &old, &config).run().await.expect(0).json();
    assert_eq!(report["resealed_records"], columns.len() * sizes.len());
    let rows = Rows::read(&client, "t", "id").await;
    for (id, size) in sizes.iter().enumerate() {
        for (name, _, shape) in &columns {
            let stored = rows.row(&id.to_string()).bytes(name).expect("a value");
            let opened = shape.take(&stored, *size).open(&new, b"");
            assert_eq!(opened, Some(plaintext(*size)), "{name} ({}) of row {id}", shape.layout);
        }
    }
}

/// Padding left out, line feeds, either case: read as they are, written as the layout says.
#[tokio::test]
async fn values_are_read_leniently_and_written_exactly() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    let table = "CREATE TABLE t (id int PRIMARY KEY, b text, h text)";
    client.batch_execute(table).await.expect("a table");
    let seal = |plaintext: &[u8]| {
        let StoredParts { nonce, ciphertext, tag } = StoredParts::seal(&old, 12, b"", plaintext);
        [nonce, ciphertext, tag].concat()
    };
    let folded = |text: &str, fold: &str| {
        let lines: Vec<&str> =
            text.as_bytes().chunks(20).map(|l| std::str::from_utf8(l).expect("ASCII")).collect();
        lines.join(fold)
    };
    let words = ["", "x", "xy", "xyz"];
    for (n, word) in (0..).zip(words) {
        let bytes = seal(word.as_bytes());
        let (b64, hex) = (BASE64.encode(&bytes), HEXLOWER.encode(&bytes));
        let lenient = [
            (BASE64_NOPAD.encode(&bytes), hex.to_uppercase()),
            (folded(&b64, "\n"), folded(&hex, "\n")),
            (folded(&b64, "\r\n") + "\n", folded(&hex.to_uppercase(), "\r\n")),
        ];
        for (m, (b64, hex)) in (0..).zip(lenient) {
            let insert = "INSERT INTO t VALUES ($1, $2, $3)";
            client.execute(insert, &[&(10 * n + m), &b64, &hex]).await.expect("a row");
        }
    }
    let config = "[[table]]\nname = \"t\"\n[table.columns]\nb = \"go-b64\"\nh = \"go-hex\"\n";
    run(&database, &new, &old, config).run().await.expect(0);
    for row in client.query("SELECT id, b, h FROM t", &[]).await.expect("rows") {
        let (id, b64, hex): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
        for bytes in [BASE64.decode(b64.as_bytes()), HEXLOWER.decode(hex.as_bytes())] {
            let bytes = bytes.expect("exactly written");
            let (nonce, sealed) = bytes.split_at(12);
            let (ciphertext, tag) = sealed.split_at(sealed.len() - 16);
            let parts = [nonce, ciphertext, tag].map(<[u8]>::to_vec);
            let [nonce, ciphertext, tag] = parts;
            let opened = StoredParts { nonce, ciphertext, tag }.open(&new, b"");
            assert_eq!(opened.as_deref(), Some(words[id as usize / 10].as_bytes()), "row {id}");
        }
    }
}
