//! Keys from a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::source::SecretText;
use crate::error::{Error, Result, of_reading};

/// Room for about a thousand keys.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<SecretText> {
    let place = || format!("file:{}", path.display());
    // Read into a buffer that is large enough from the start: one that grows leaves copies behind.
    let mut text = Zeroizing::new(vec![0; FILE_BYTES_MAX + 1]);
    let length = File::open(path).and_then(|file| fill(file, &mut text)).map_err(|error| {
        Error::usage(format!("cannot read the key file: {}", of_reading(&error))).at(place())
    })?;
    if length > FILE_BYTES_MAX {
        return Err(Error::usage(format!("the key file is larger than {FILE_BYTES_MAX} bytes"))
            .at(place())
            .hint("a key file holds 64 hexadecimal characters a line and nothing else"));
    }
    text.truncate(length);
    Ok(text)
}

/// Reads until the end, or until the buffer is full. (A pipe gives its bytes in pieces.)
fn fill(mut file: File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(bytes) => length += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
