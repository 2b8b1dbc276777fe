//! `reseal.toml` as sections and words: their types, their places, and no key unknown.
//!
//! Knows TOML and nothing of what the words mean.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::Troubles;
use crate::config::word::Word;
use crate::error::{Error, Result, did_you_mean};

/// The text of a file and its name, to say where things stand.
pub struct Document {
    name: String,
    text: String,
    /// Where every line ends but the last.
    line_ends: Vec<usize>,
}

impl Document {
    pub fn new(name: String, text: String) -> Document {
        let line_ends = text.match_indices('\n').map(|(offset, _)| offset).collect();
        Document { name, text, line_ends }
    }

    /// The top of the document; a syntax error is said without quoting the file.
    pub fn root(&self) -> Result<Section<'_>> {
        let table = DeTable::parse(&self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| self.line(span.start));
            Error::usage(format!("this is not TOML: {}", error.message().trim()))
                .at(format!("{}:{line}", self.name))
        })?;
        Ok(Section {
            document: self,
            title: String::new(),
            line: 1,
            left: table.into_inner(),
            known: vec![],
        })
    }

    fn line(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset) + 1
    }
}

/// One table of the document, from which known keys are taken until none is left.
pub struct Section<'d> {
    document: &'d Document,
    /// `[run]`, or empty at the top.
    title: String,
    line: usize,
    left: DeTable<'d>,
    known: Vec<&'static str>,
}

/// One value of the document with its place.
pub struct Entry<'d> {
    document: &'d Document,
    title: String,
    line: usize,
    value: DeValue<'d>,
}

impl<'d> Section<'d> {
    pub fn take(&mut self, key: &'static str) -> Option<Entry<'d>> {
        self.known.push(key);
        let value = self.left.remove(key)?;
        Some(self.entry(key, value))
    }

    /// Every key with its value, whatever it is called: rings and columns have names of their own.
    pub fn all(mut self) -> Vec<(Word, Entry<'d>)> {
        let left = std::mem::take(&mut self.left);
        left.into_iter()
            .map(|(key, value)| {
                let entry = self.entry(key.get_ref(), value);
                (Word::new(key.into_inner(), entry.place()), entry)
            })
            .collect()
    }

    /// Says of every key that nobody took that it is unknown.
    pub fn finish(self, troubles: &mut Troubles) {
        for key in self.left.keys() {
            let line = self.document.line(key.span().start);
            let place = place(self.document, line, &self.title);
            let error = Error::usage(format!("unknown key `{}`", shown(key.get_ref()))).at(place);
            let near = did_you_mean(key.get_ref(), self.known.iter().copied());
            let all = || format!("known here: {}", self.known.join(", "));
            troubles.add(error.hint(near.unwrap_or_else(all)));
        }
    }

    pub fn place(&self) -> String {
        place(self.document, self.line, &self.title)
    }

    fn entry(&self, key: &str, value: Spanned<DeValue<'d>>) -> Entry<'d> {
        let line = self.document.line(value.span().start);
        let key = shown(key);
        let title = match self.title.as_str() {
            "" => key.to_owned(),
            title => format!("{title} {key}"),
        };
        Entry { document: self.document, title, line, value: value.into_inner() }
    }
}

impl<'d> Entry<'d> {
    pub fn place(&self) -> String {
        place(self.document, self.line, &self.title)
    }

    pub fn is_section(&self) -> bool {
        self.value.is_table()
    }

    pub fn text(self) -> Result<Word> {
        let place = self.place();
        match self.value {
            DeValue::String(text) => Ok(Word::new(text, place)),
            other => Err(mismatch(place, "text in quotes", &other)),
        }
    }

    /// A whole number, as its decimal text.
    pub fn number(self) -> Result<Word> {
        let place = self.place();
        match &self.value {
            DeValue::Integer(number) if number.radix() == 10 => {
                Ok(Word::new(number.as_str(), place))
            }
            other => Err(mismatch(place, "a decimal number without quotes", other)),
        }
    }

    /// A number or a text: `8388608` or `"8MiB"`.
    pub fn number_or_text(self) -> Result<Word> {
        if self.value.is_str() { self.text() } else { self.number() }
    }

    pub fn switch(self) -> Result<Word> {
        let place = self.place();
        match self.value {
            DeValue::Boolean(on) => Ok(Word::new(on.to_string(), place)),
            other => Err(mismatch(place, "true or false", &other)),
        }
    }

    pub fn list(self) -> Result<Vec<Entry<'d>>> {
        let Entry { document, title, line, value } = self;
        match value {
            DeValue::Array(values) => Ok(values
                .into_iter()
                .map(|value| {
                    let line = document.line(value.span().start);
                    Entry { document, title: title.clone(), line, value: value.into_inner() }
                })
                .collect()),
            other => Err(mismatch(place(document, line, &title), "a list in brackets", &other)),
        }
    }

    /// The table under this key, to be called `title` in messages.
    pub fn section(self, title: &str) -> Result<Section<'d>> {
        let Entry { document, title: key, line, value } = self;
        match value {
            DeValue::Table(left) => {
                Ok(Section { document, title: title.to_owned(), line, left, known: vec![] })
            }
            other => Err(mismatch(place(document, line, &key), "a table", &other)),
        }
    }
}

fn place(document: &Document, line: usize, title: &str) -> String {
    match title {
        "" => format!("{}:{line}", document.name),
        title => format!("{}:{line}, {title}", document.name),
    }
}

fn mismatch(place: String, wanted: &str, found: &DeValue<'_>) -> Error {
    let found = match found {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Error::usage(format!("this should be {wanted}, not {found}")).at(place)
}

/// A key as messages show it; what is too long for a name is not repeated.
pub fn shown(key: &str) -> &str {
    if key.len() <= 63 { key } else { "(a long name)" }
}
