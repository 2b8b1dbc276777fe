//! Where PostgreSQL's server programs are installed; looks at the file system, installs nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// Environment variables that name the directory outright.
const VARIABLES: [&str; 2] = ["RESEAL_PG_BIN", "PG_BIN_DIR"];

/// The programs without which a server cannot be made.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Parent directories with one entry a version, and what lies between the entry and its programs.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // the PostgreSQL project's RPMs
    ("/usr/libexec", "postgresql", ""),         // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
];

/// Directories without a version in their name.
const FIXED: [&str; 4] =
    ["/usr/local/pgsql/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];

/// The directory of `initdb`, `pg_ctl` and `postgres`: the environment's word, else `pg_config`'s,
/// else `PATH`, else the newest version in the usual places.
pub fn find_binaries() -> Result<PathBuf> {
    for variable in VARIABLES {
        if let Some(named) = env::var_os(variable).filter(|value| !value.is_empty()) {
            let directory = PathBuf::from(named);
            return if is_complete(&directory) {
                Ok(directory)
            } else {
                Err(Error::usage(format!("{} holds no PostgreSQL server", directory.display()))
                    .at(variable)
                    .hint(format!("it needs the programs {}", PROGRAMS.join(", "))))
            };
        }
    }
    let path = env::var_os("PATH").unwrap_or_default();
    from_pg_config()
        .into_iter()
        .chain(env::split_paths(&path))
        .chain(VERSIONED.iter().flat_map(|(parent, prefix, rest)| versions(parent, prefix, rest)))
        .chain(FIXED.iter().map(PathBuf::from))
        .find(|directory| is_complete(directory))
        .ok_or_else(|| {
            Error::outside("no PostgreSQL server is installed here (initdb, pg_ctl, postgres)")
                .hint(
                    "install one (scripts/postgresql does so, or apt-get install postgresql, dnf \
                 install postgresql-server, brew install postgresql), or set PG_BIN_DIR to the \
                 directory of its programs; it need not run",
                )
        })
}

fn is_complete(directory: &Path) -> bool {
    PROGRAMS.iter().all(|program| directory.join(program).is_file())
}

fn from_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let directory = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(directory.trim()))
}

/// `parent/prefixVERSION/rest` for every version there, the newest first.
fn versions(parent: &str, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.trim_start_matches('@');
            let major = version.split('.').next()?.parse().ok()?;
            Some((major, entry.path().join(rest)))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, directory)| directory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_version_first_and_by_number() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        for name in ["pgsql-9.6", "pgsql-14", "pgsql-8", "pgsql-x", "other"] {
            fs::create_dir(parent.path().join(name)).expect("a directory");
        }
        let found = versions(&parent.path().display().to_string(), "pgsql-", "bin");
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(parent.path()).expect("inside")).collect();
        let expected = ["pgsql-14/bin", "pgsql-9.6/bin", "pgsql-8/bin"].map(Path::new);
        assert_eq!(names, expected);
    }
}
