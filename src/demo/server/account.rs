//! Whose rights the server runs with: our own, or another user's when we are root (PostgreSQL
//! refuses to run as root).

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::error::{Error, Result};

/// Users that a machine is likely to have, the more fitting first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The user and group of the server's processes and files; `None` is whoever we are.
#[derive(Clone, Copy, Debug)]
pub struct Account(Option<(u32, u32)>);

impl Account {
    pub fn for_server() -> Result<Self> {
        if id("-u", None) != Some(0) {
            return Ok(Self(None));
        }
        UNPRIVILEGED
            .into_iter()
            .find_map(|name| Some((id("-u", Some(name))?, id("-g", Some(name))?)))
            .map(|ids| Self(Some(ids)))
            .ok_or_else(|| {
                Error::outside("PostgreSQL does not run as root, and no other user is known")
                    .hint("create a user named postgres, or run this as an ordinary user")
            })
    }

    /// User and group id, when they are not our own.
    pub fn ids(self) -> Option<(u32, u32)> {
        self.0
    }

    /// Makes `command` run with this account's rights.
    pub fn assume(self, command: &mut Command) {
        if let Some((user, group)) = self.0 {
            // The standard library drops our supplementary groups along with the user id.
            command.uid(user).gid(group);
        }
    }
}

/// What `id -u [name]` or `id -g [name]` says.
fn id(what: &str, name: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(what).args(name).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
