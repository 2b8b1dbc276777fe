//! The two spellings of connection words: a URL, and key=value pairs.
//!
//! Read as libpq reads them (PostgreSQL manual, section 34.1.1). No error repeats a piece of the
//! input: where words are split wrongly, the piece may be a part of the password.

use zeroize::Zeroizing;

/// A keyword and its value, as given; not yet known to mean anything.
pub(super) type Word = (String, Zeroizing<String>);

const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// What is wrong, without repeating it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub &'static str);

pub(super) fn read(words: &str) -> Result<Vec<Word>, Malformed> {
    let words = words.trim();
    if let Some(rest) = SCHEMES.iter().find_map(|scheme| words.strip_prefix(scheme)) {
        return read_url(rest);
    }
    if words.split('=').next().is_some_and(|head| head.contains("://")) {
        return Err(Malformed("its scheme is neither postgresql:// nor postgres://"));
    }
    if !words.contains('=') {
        return Err(Malformed("it is neither a URL (postgresql://…) nor key=value pairs"));
    }
    read_pairs(words)
}

/// libpq would take the rest of such a password for a host, a database or a parameter. Messages name
/// hosts, so a password that was not encoded would come to be shown.
const SECOND_AT: Malformed =
    Malformed("it has an @ or a / too many; write an @ within user or password as %40, a / as %2F");

/// `[user[:password]@][host[:port],…][/dbname][?keyword=value&…]`
fn read_url(url: &str) -> Result<Vec<Word>, Malformed> {
    let mut words = Vec::new();
    // A user stands before the hosts when an @ comes before any slash.
    let at = url.find(['@', '/']).filter(|index| url[*index..].starts_with('@'));
    if let Some(at) = at {
        read_credentials(&url[..at], &mut words)?;
    }
    let rest = at.map_or(url, |at| &url[at + 1..]);
    if at.is_some() && rest.contains('@') {
        return Err(SECOND_AT);
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    if path.contains('@') {
        return Err(SECOND_AT);
    }
    read_hosts(hosts, &mut words)?;
    push(&mut words, "dbname", decode(path)?);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (keyword, value) =
            pair.split_once('=').ok_or(Malformed("a parameter after the ? has no ="))?;
        words.push((decode(keyword)?.to_string(), decode(value)?));
    }
    Ok(words)
}

fn read_credentials(credentials: &str, words: &mut Vec<Word>) -> Result<(), Malformed> {
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (credentials, None),
    };
    push(words, "user", decode(user)?);
    if let Some(password) = password {
        push(words, "password", decode(password)?);
    }
    Ok(())
}

/// `host:port,host:port,…`, an IPv6 address in brackets, a socket directory percent-encoded.
fn read_hosts(hosts: &str, words: &mut Vec<Word>) -> Result<(), Malformed> {
    if hosts.is_empty() {
        return Ok(());
    }
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            Some(bracketed) => {
                let (address, rest) = bracketed
                    .split_once(']')
                    .ok_or(Malformed("an IPv6 address lacks its closing bracket"))?;
                (address, rest.strip_prefix(':').unwrap_or(rest))
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        names.push(decode(name)?.to_string());
        ports.push(decode(port)?.to_string());
    }
    push(words, "host", Zeroizing::new(names.join(",")));
    if ports.iter().any(|port| !port.is_empty()) {
        push(words, "port", Zeroizing::new(ports.join(",")));
    }
    Ok(())
}

/// Empty parts of a URL say nothing.
fn push(words: &mut Vec<Word>, keyword: &str, value: Zeroizing<String>) {
    if !value.is_empty() {
        words.push((keyword.to_owned(), value));
    }
}

/// Percent-decoding (RFC 3986, section 2.1); a plus sign stays one.
fn decode(text: &str) -> Result<Zeroizing<String>, Malformed> {
    const WRONG: Malformed = Malformed("a % is not followed by two hexadecimal digits (write %25)");
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit().ok_or(WRONG)?, digit().ok_or(WRONG)?);
        bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits fit a byte"));
    }
    if bytes.contains(&0) {
        return Err(Malformed("it holds a NUL byte (%00)"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Malformed("it is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// `keyword = value`, values with spaces in single quotes, backslash before `'` and `\`.
fn read_pairs(text: &str) -> Result<Vec<Word>, Malformed> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (keyword, value) =
            rest.split_once('=').ok_or(Malformed("a keyword is not followed by ="))?;
        let keyword = keyword.trim_end();
        if keyword.is_empty() || keyword.contains(char::is_whitespace) {
            return Err(Malformed("a keyword is not followed by = (quote values with spaces)"));
        }
        let (value, after) = read_value(value.trim_start())?;
        words.push((keyword.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(words)
}

/// One value, and what follows it.
fn read_value(text: &str) -> Result<(Zeroizing<String>, &str), Malformed> {
    let quoted = text.starts_with('\'');
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &text[index + 1..])),
            space if !quoted && space.is_whitespace() => return Ok((value, &text[index..])),
            other => value.push(other),
        }
    }
    if quoted { Err(Malformed("a quoted value is not closed")) } else { Ok((value, "")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &str, expected: &[(&str, &str)]) {
        let read = read(words).unwrap_or_else(|wrong| panic!("{words}: {}", wrong.0));
        let read: Vec<_> = read.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(read, expected, "{words}");
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        check("postgresql://", &[]);
        check("postgres://host", &[("host", "host")]);
        check("postgresql://user@host/db", &[("user", "user"), ("host", "host"), ("dbname", "db")]);
        check(
            "postgresql://u%40x:p%3a%2f%25@h:1,[::1]:2,k/d%20b?sslmode=require&connect_timeout=3",
            &[
                ("user", "u@x"),
                ("password", "p:/%"),
                ("host", "h,::1,k"),
                ("port", "1,2,"),
                ("dbname", "d b"),
                ("sslmode", "require"),
                ("connect_timeout", "3"),
            ],
        );
        check(
            "postgresql://%2Fvar%2Frun/db?host=/tmp",
            &[("host", "/var/run"), ("dbname", "db"), ("host", "/tmp")],
        );
        check("postgresql://u:a?b+c@h", &[("user", "u"), ("password", "a?b+c"), ("host", "h")]);
        check(
            "postgresql://u:a?b@h/d?options=-c%20x%3Dy",
            &[
                ("user", "u"),
                ("password", "a?b"),
                ("host", "h"),
                ("dbname", "d"),
                ("options", "-c x=y"),
            ],
        );
        check("postgresql:///d?user=a@b", &[("dbname", "d"), ("user", "a@b")]);
    }

    #[test]
    fn pairs_are_read_as_libpq_reads_them() {
        check("host=h port = 5433", &[("host", "h"), ("port", "5433")]);
        check(
            r"password='it\'s a \\' user=u\ v dbname=''",
            &[("password", r"it's a \"), ("user", "u v"), ("dbname", "")],
        );
    }

    #[test]
    fn what_is_malformed_is_not_repeated() {
        for words in [
            "secretword",
            "mysql://secretword",
            "jdbc:postgresql://h/d?password=secretword",
            "postgresql://u:secret@word@h",
            "postgresql://u:x@secret/word@h:1/d",
            "postgresql://u:x@secret?user=word@h",
            "postgresql://u:secret/word@h:1/d",
            "postgresql://u:secretword%zz@h",
            "postgresql://u:p@h/d?secretword",
            "postgresql://u:p@[::1/d",
            "postgresql://u:%00@h",
            "password=secretword with spaces",
            "password='secretword",
        ] {
            let wrong = read(words).expect_err(words);
            assert!(!wrong.0.contains("secret"), "{words}");
        }
    }
}
