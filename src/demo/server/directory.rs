//! The server's temporary directory: private, owned by the server's account, removed when dropped.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::random_hex;
use crate::error::{Error, Result};

/// A Unix socket's address holds 104 bytes (BSD) or 108 (Linux), `/.s.PGSQL.65535` included.
const PATH_BYTES_MAX: usize = 85;

pub struct ServerDirectory {
    path: PathBuf,
    account: Account,
}

impl ServerDirectory {
    /// In `TMPDIR` when the server's account can reach it and a socket's address fits, else where
    /// every Unix has one.
    pub fn create(account: &Account) -> Result<Self> {
        let mut trouble = Error::outside("no temporary directory that the server can use")
            .hint("set TMPDIR to a directory that every user may enter");
        for parent in [env::temp_dir(), "/tmp".into(), "/var/tmp".into()] {
            match Self::create_in(&parent, *account) {
                Ok(directory) => return Ok(directory),
                Err(error) => trouble
                    .others
                    .push(Error::outside(error.to_string()).at(parent.display().to_string())),
            }
        }
        Err(trouble)
    }

    fn create_in(parent: &Path, account: Account) -> io::Result<Self> {
        let name = random_hex().map_err(io::Error::other)?;
        let path = parent.join(format!("reseal-{}", &name[..12]));
        if path.as_os_str().len() > PATH_BYTES_MAX {
            return Err(io::Error::other("the path is too long for a Unix socket"));
        }
        DirBuilder::new().mode(0o700).create(&path)?;
        let directory = Self { path, account };
        directory.give(&directory.path)?;
        directory.check_reach()?;
        Ok(directory)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new file for the server's eyes only.
    pub fn write(&self, name: &str, content: &str) -> Result<()> {
        let path = self.path.join(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .and_then(|()| self.give(&path))
            .map_err(|error| {
                Error::outside(format!("cannot write: {error}")).at(path.display().to_string())
            })
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match self.account.ids() {
            Some((user, group)) => chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    /// A parent that only root may enter would stop the server later, with a worse message.
    fn check_reach(&self) -> io::Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(&self.path);
        self.account.assume(&mut command);
        let status = command.current_dir("/").stderr(Stdio::null()).status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other("the server's user cannot enter it"))
        }
    }
}

impl Drop for ServerDirectory {
    fn drop(&mut self) {
        // The supervisor has most likely done it already; whatever is left is only temporary.
        drop(fs::remove_dir_all(&self.path));
    }
}
