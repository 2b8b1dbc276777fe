//! The language of paths: text in, segments out. Which part of RFC 9535 it is stands at
//! [`Selection`](super::Selection).

use std::fmt;

/// One path, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub segments: Vec<Segment>,
    /// It ends in `.**`.
    pub goes_below: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// `..` before it.
    pub is_at_any_depth: bool,
    pub selector: Selector,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    Name(String),
    Index(usize),
    Any,
}

/// A path that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError {
    pub what: &'static str,
    /// The character it begins at, counted from 1; `None` when it is all of it.
    pub at: Option<usize>,
    pub hint: Option<&'static str>,
}

impl PathError {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, at: None, hint: None }
    }

    #[must_use]
    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }
}

/// What and where; the hint stands apart.
impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(character) => write!(f, "{} (at character {character})", self.what),
            None => f.write_str(self.what),
        }
    }
}

impl std::error::Error for PathError {}

/// Reads one path.
pub fn parse(path: &str) -> Result<Pattern, PathError> {
    let mut reader = Reader { path, at: 0 };
    let pattern = reader.pattern();
    pattern.map_err(|error| {
        let character = path.char_indices().take_while(|(at, _)| *at < reader.at).count() + 1;
        PathError { at: Some(character), ..error }
    })
}

struct Reader<'p> {
    path: &'p str,
    at: usize,
}

impl Reader<'_> {
    fn pattern(&mut self) -> Result<Pattern, PathError> {
        if !self.take("$") {
            return Err(PathError::new("a path begins with `$`")
                .hint("write $.name for a member of the document"));
        }
        let mut segments = Vec::new();
        while !self.rest().is_empty() {
            if self.rest() == ".**" {
                return Ok(Pattern { segments, goes_below: true });
            }
            segments.push(self.segment()?);
        }
        Ok(Pattern { segments, goes_below: false })
    }

    fn segment(&mut self) -> Result<Segment, PathError> {
        let is_at_any_depth = self.take("..");
        let selector = if self.take("[") {
            self.bracketed()?
        } else if is_at_any_depth || self.take(".") {
            self.dotted()?
        } else {
            return Err(PathError::new("a segment begins with `.` or `[`"));
        };
        Ok(Segment { is_at_any_depth, selector })
    }

    /// A name of letters, digits and `_`, or a `*`.
    fn dotted(&mut self) -> Result<Selector, PathError> {
        if self.rest().starts_with("**") {
            return Err(PathError::new("`**` stands at the end of a path, after one dot"));
        }
        if self.take("*") {
            return Ok(Selector::Any);
        }
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
        let length = self.rest().find(|c| !letter(c)).unwrap_or(self.rest().len());
        let name = &self.rest()[..length];
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(
                PathError::new("a name is missing").hint("write ['odd name'] for an odd one")
            );
        }
        let name = name.to_owned();
        self.at += length;
        if !matches!(self.rest().bytes().next(), None | Some(b'.' | b'[')) {
            return Err(PathError::new("this character needs quotes")
                .hint("write ['odd name'] for an odd one"));
        }
        Ok(Selector::Name(name))
    }

    /// What stands in brackets, up to the closing one.
    fn bracketed(&mut self) -> Result<Selector, PathError> {
        let selector = match self.rest().bytes().next() {
            Some(b'*') => {
                self.at += 1;
                Selector::Any
            }
            Some(quote @ (b'\'' | b'"')) => Selector::Name(self.quoted(char::from(quote))?),
            Some(b'0'..=b'9') => Selector::Index(self.index()?),
            _ => {
                return Err(PathError::new("in brackets stands a name in quotes, a number or `*`")
                    .hint("slices, filters and numbers from the end are not supported"));
            }
        };
        if self.take("]") {
            return Ok(selector);
        }
        Err(PathError::new("a `[` has no `]`").hint("one name, number or `*` a pair of brackets"))
    }

    fn index(&mut self) -> Result<usize, PathError> {
        let digits = self.rest();
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let digits = &digits[..length];
        // RFC 9535, section 2.3.3: no leading zeros, and no more than I-JSON counts
        let number = digits.parse().ok().filter(|_| digits == "0" || !digits.starts_with('0'));
        let number = number.filter(|number| *number < 1_usize << 53);
        let number = number.ok_or_else(|| PathError::new("this is no place in an array"))?;
        self.at += length;
        Ok(number)
    }

    /// A name in quotes of either kind: the escapes of JSON, and of the quote itself.
    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        let unclosed = || PathError::new("a quoted name has no closing quote");
        let inside = &self.rest()[1..];
        let mut json = "\"".to_owned();
        let mut characters = inside.char_indices();
        loop {
            let (place, character) = characters.next().ok_or_else(unclosed)?;
            match character {
                _ if character == quote => {
                    json.push('"');
                    let name = serde_json::from_str(&json);
                    let name = name.map_err(|_| PathError::new("this is no name in quotes"))?;
                    self.at += 1 + place + 1;
                    return Ok(name);
                }
                '\\' => match characters.next().ok_or_else(unclosed)?.1 {
                    '\'' if quote == '\'' => json.push('\''),
                    // of the other quote the RFC knows no escape
                    '"' if quote == '\'' => json.push_str("\\x"),
                    escaped => json.extend(['\\', escaped]),
                },
                '"' => json.push_str("\\\""),
                _ => json.push(character),
            }
        }
    }

    fn rest(&self) -> &str {
        &self.path[self.at..]
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }
}
