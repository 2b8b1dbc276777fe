//! libpq's password file: `hostname:port:database:username:password`, one a line.
//!
//! PostgreSQL manual, section 34.16. `*` matches anything, a backslash keeps a colon, the first
//! line that matches counts, and a file that others can read is not used.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// Whom a password is looked for.
pub(super) struct Account<'a> {
    /// The host as given; `localhost` for a socket in its default directory.
    pub host: &'a str,
    pub port: u16,
    pub database: &'a str,
    pub user: &'a str,
}

/// Any of the group's or others' permission bits.
const OTHERS: u32 = 0o077;

/// The password for this account, if the file has one. A file that cannot be read has none.
pub(super) fn look_up(path: &Path, account: &Account<'_>) -> Option<Zeroizing<String>> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() {
        return None;
    }
    if metadata.permissions().mode() & OTHERS != 0 {
        tracing::warn!(file = %path.display(), "password file not used: others can read it (chmod 600)");
        return None;
    }
    let text = Zeroizing::new(fs::read_to_string(path).ok()?);
    find(&text, account)
}

fn find(text: &str, account: &Account<'_>) -> Option<Zeroizing<String>> {
    let port = account.port.to_string();
    let wanted = [account.host, &port, account.database, account.user];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(fields)
        .find(|fields| {
            fields.len() == 5
                && fields.iter().zip(wanted).all(|(field, wanted)| {
                    field.as_str() == "*" || unescape(field).as_str() == wanted
                })
        })
        .map(|fields| unescape(&fields[4]))
}

/// The first four fields end at a colon without a backslash before it; the fifth is the rest.
fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let mut fields = vec![Zeroizing::new(String::with_capacity(line.len()))];
    let mut escaped = false;
    for character in line.chars() {
        if character == ':' && !escaped && fields.len() < 5 {
            fields.push(Zeroizing::new(String::with_capacity(line.len())));
            continue;
        }
        escaped = character == '\\' && !escaped;
        fields.last_mut().expect("there is always a field").push(character);
    }
    fields
}

fn unescape(field: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(field.len()));
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# host:5432:db:me:comment\n\
        other:5432:db:me:one\n\
        host:5432:*:me:t:wo\\\\\n\
        a\\:b:*:*:*:three\n\
        host:*:*:you:four";

    fn check(host: &str, port: u16, user: &str, expected: Option<&str>) {
        let found = find(FILE, &Account { host, port, database: "db", user });
        assert_eq!(found.as_ref().map(|password| password.as_str()), expected);
    }

    #[test]
    fn the_first_line_that_matches_counts() {
        check("host", 5432, "me", Some("t:wo\\"));
        check("a:b", 1, "anybody", Some("three"));
        check("host", 9, "you", Some("four"));
        check("host", 9, "me", None);
        check("# host", 5432, "me", None);
    }
}
