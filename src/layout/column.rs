//! The layouts of one column: one to write, and others to read.

use super::{
    AadTemplate, DataKeyForm, DecodeBuffer, Layout, LayoutError, Over, Sealed, ServiceForm,
};

/// How one column is stored. What is written carries a whole tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnLayout {
    write: Layout,
    read: Vec<Layout>,
    aad_columns: Vec<String>,
    unmatched: Unmatched,
    nothing: Nothing,
}

/// What becomes of a value that has the shape of no layout of its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// It is a failure.
    #[default]
    Fail,
    /// It is no value of ours: plain text beside ciphertext.
    Leave,
    /// It is a plaintext: the first encryption of a column.
    Encrypt,
}

impl Unmatched {
    pub const ALL: [Self; 3] = [Self::Fail, Self::Leave, Self::Encrypt];

    /// As it is written in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Leave => "leave",
            Self::Encrypt => "encrypt",
        }
    }
}

/// What becomes of a cell that holds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nothing {
    /// Of the empty string, in documents too where a path names it.
    pub empty: Empty,
    pub null: Null,
}

/// What becomes of the empty string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// It is no value.
    #[default]
    Leave,
    /// It is a failure.
    Fail,
    /// It is a plaintext like any other.
    Encrypt,
}

impl Empty {
    pub const ALL: [Self; 3] = [Self::Leave, Self::Fail, Self::Encrypt];

    /// As it is written in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Fail => "fail",
            Self::Encrypt => "encrypt",
        }
    }
}

/// What becomes of NULL. It is not encrypted: nothing that opens is NULL again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Null {
    /// It is no value.
    #[default]
    Leave,
    /// It is a failure.
    Fail,
}

impl Null {
    pub const ALL: [Self; 2] = [Self::Leave, Self::Fail];

    /// As it is written in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Fail => "fail",
        }
    }
}

impl ColumnLayout {
    /// # Errors
    /// The first layout is one that is only read; it cannot be told from one that nothing authenticates; or
    /// a value cannot come to it from another, because it holds a data key, or lies in other columns.
    pub fn new(mut write: Layout, read: Vec<Layout>) -> Result<Self, LayoutError> {
        write.writable()?;
        let read = read.into_iter().map(|layout| layout.beside_written(&write));
        let mut read: Vec<Layout> = read.collect::<Result<_, _>>()?;
        if read.iter().any(|layout| layout.data_key().is_some())
            || (write.data_key().is_some() && !read.is_empty())
        {
            return Err(LayoutError::new("values with a wrapped data key have one layout").hint(
                "leave the others out: `read` under `data_key` names other KMS keys, and \
                 other values are migrated first",
            ));
        }
        if write.has_data_key() && !read.is_empty() {
            return Err(LayoutError::new(
                "a layout with a data key only takes values that have one",
            )
            .hint("leave `read` out, or write a layout without a data key"));
        }
        let authenticated = || {
            std::iter::once(&write).chain(&read).filter(|layout| layout.cipher.is_authenticated())
        };
        for source in read.iter().filter(|layout| !layout.cipher.is_authenticated()) {
            if let Some(other) = authenticated().find(|other| is_shape_of(other, source)) {
                return Err(cannot_be_told_apart(other, source));
            }
        }
        let mut aad_columns: Vec<String> = Vec::new();
        for layout in std::iter::once(&mut write).chain(&mut read) {
            layout.templates().for_each(|template| template.share_columns(&mut aad_columns));
        }
        let (unmatched, nothing) = (Unmatched::Fail, Nothing::default());
        Ok(Self { write, read, aad_columns, unmatched, nothing })
    }

    /// … with another end of values that have the shape of no layout.
    ///
    /// # Errors
    /// To encrypt what is damaged, or what nothing authenticates and does not open, would bury it.
    pub fn with_unmatched(self, unmatched: Unmatched) -> Result<Self, LayoutError> {
        if unmatched != Unmatched::Fail && self.has_services() {
            let what = "unmatched beside values that a key service seals";
            return Err(LayoutError::new(what)
                .hint("leave `unmatched` out: what is no such value is a failure"));
        }
        if unmatched == Unmatched::Encrypt && self.write.data_key().is_some() {
            let what = "unmatched = \"encrypt\" and values with a wrapped data key";
            return Err(LayoutError::new(what).hint("encrypt what is left in the application"));
        }
        let is_loose = self.read.iter().any(|layout| !layout.cipher.is_authenticated());
        if unmatched == Unmatched::Encrypt && (is_loose || self.write.has_data_key()) {
            let what = "unmatched = \"encrypt\" beside a layout that nothing authenticates, or with a data key";
            return Err(LayoutError::new(what).hint("migrate first, then encrypt what is left"));
        }
        if unmatched == Unmatched::Encrypt && self.write.over() != Over::Cell {
            let what = "unmatched = \"encrypt\" and a value that is spread over columns or fields";
            return Err(LayoutError::new(what).hint(
                "a plaintext has one place: encrypt it into one column, or in the application",
            ));
        }
        Ok(Self { unmatched, ..self })
    }

    /// … with another end of cells that hold nothing.
    ///
    /// # Errors
    /// The empty string cannot be encrypted where each value brings its data key; a value that is spread has no one
    /// cell to be empty; and what key services seal is asked for in pages of values.
    pub fn with_nothing(self, nothing: Nothing) -> Result<Self, LayoutError> {
        if nothing.empty == Empty::Encrypt && self.write.has_data_key() {
            return Err(LayoutError::new("empty = \"encrypt\" beside a layout with a data key")
                .hint("such a value is made by the application, with a data key of its own"));
        }
        let is_ours = self.write.over() == Over::Cell
            && !self.has_services()
            && self.write.data_key().is_none();
        if nothing != Nothing::default() && !is_ours {
            let what = "`empty` or `null`, and a value that is spread or that a key service seals";
            return Err(LayoutError::new(what)
                .hint("leave them out: there what is NULL or empty is no value"));
        }
        Ok(Self { nothing, ..self })
    }

    /// What becomes of a cell that holds nothing.
    pub fn nothing(&self) -> Nothing {
        self.nothing
    }

    /// What becomes of a value that has the shape of no layout.
    pub fn unmatched(&self) -> Unmatched {
        self.unmatched
    }

    /// The layout in which values are written.
    pub fn write(&self) -> &Layout {
        &self.write
    }

    /// Other layouts that old values may have.
    pub fn read(&self) -> &[Layout] {
        &self.read
    }

    /// The layout that is written, then the others.
    pub fn all(&self) -> impl Iterator<Item = &Layout> {
        std::iter::once(&self.write).chain(&self.read)
    }

    /// The columns of the row that additional data is made of, each once.
    pub fn aad_columns(&self) -> &[String] {
        &self.aad_columns
    }

    /// Whether values cost a thousand times what others do: each has a key that is slow to derive.
    pub fn is_slow(&self) -> bool {
        self.all().any(|layout| layout.key_form().is_slow())
    }

    /// Whether the row has a part in some value: in what it or its data key is bound to.
    pub fn has_aad(&self) -> bool {
        let binds = |layout: &Layout| {
            layout.service().is_some_and(ServiceForm::has_context)
                || layout.data_key().is_some_and(DataKeyForm::is_bound)
        };
        self.all().any(|layout| layout.aad().is_some() || binds(layout))
    }

    /// Whether a key service seals some of its values.
    pub fn has_services(&self) -> bool {
        self.all().any(|layout| layout.service().is_some())
    }

    /// Whether a key service seals some of its values to what cannot be told from other text.
    pub fn has_shapeless(&self) -> bool {
        self.all().filter_map(Layout::service).any(|form| !form.tells_its_version())
    }

    /// Whether keys of the ring seal some of its values.
    pub fn needs_ring(&self) -> bool {
        self.all().any(|layout| layout.service().is_none() && layout.data_key().is_none())
    }

    /// With what was left to the type of the column.
    #[must_use]
    pub fn stored_in(self, is_bytea: bool) -> Self {
        let read = self.read.into_iter().map(|layout| layout.stored_in(is_bytea)).collect();
        Self { write: self.write.stored_in(is_bytea), read, ..self }
    }
}

impl TryFrom<Layout> for ColumnLayout {
    type Error = LayoutError;

    /// One layout, to be read and written.
    fn try_from(write: Layout) -> Result<Self, LayoutError> {
        Self::new(write, Vec::new())
    }
}

/// Bytes of ciphertext that are tried: what can be confused, is confused within some blocks.
const CIPHERTEXT_BYTES: std::ops::RangeInclusive<usize> = 1..=160;

/// Whether values of `source`, which nothing authenticates, can have the shape of `other`.
fn is_shape_of(other: &Layout, source: &Layout) -> bool {
    let mut buffer = DecodeBuffer::default();
    let (nonce, salt) = ([0x5a; 24], [0x5a; 64]);
    CIPHERTEXT_BYTES.into_iter().any(|bytes| {
        let ciphertext = vec![0x5a; bytes];
        let nonce = &nonce[..source.nonce_length().bytes()];
        let salt = &salt[..source.salt_bytes()];
        let sealed =
            Sealed { nonce, ciphertext: &ciphertext, salt, label: b"1", ..Sealed::default() };
        let mut stored = Vec::new();
        source.encode(&sealed, &mut stored);
        other.decode(&stored, &mut buffer).is_ok()
    })
}

fn cannot_be_told_apart(other: &Layout, source: &Layout) -> LayoutError {
    LayoutError::new(format!(
        "nothing authenticates {}, and its values can look like those of {}",
        source.name(),
        other.name()
    ))
    .hint("write a layout that can be told apart, such as enc:v1:{b64(nonce12 ct tag16)}")
}

impl AadTemplate {
    /// Lets the template find its columns among those that several templates share.
    pub(super) fn share_columns(&mut self, shared: &mut Vec<String>) {
        let places = self.columns().iter().map(|name| {
            shared.iter().position(|known| known == name).unwrap_or_else(|| {
                shared.push(name.clone());
                shared.len() - 1
            })
        });
        let places: Vec<usize> = places.collect();
        self.move_to(&places, shared);
    }
}
