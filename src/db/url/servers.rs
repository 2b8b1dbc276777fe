//! The servers to try: host, port, and the password for each.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tokio_postgres::Config;

use super::password_file::{self, Account};
use super::{Environment, Given};
use crate::error::Error;

const PORT: u16 = 5432;

/// Where a default socket is looked for: Debian's place, then PostgreSQL's own.
const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// One server to try.
pub(crate) struct Server {
    /// Everything but the TLS mode and the startup options.
    pub config: Config,
    /// A Unix socket: never encrypted, as with libpq.
    pub is_local: bool,
    /// Host and port, for messages.
    pub name: String,
}

/// `host`, `hostaddr` and `port`, comma-separated in parallel.
pub(super) fn servers(
    given: &Given,
    environment: Environment<'_>,
    common: &Config,
) -> Result<Vec<Server>, Error> {
    let list = |keyword| given.get(keyword).map(|list| list.split(',').collect::<Vec<_>>());
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = hosts.as_ref().or(addresses.as_ref()).map_or(1, Vec::len);
    if addresses.as_ref().is_some_and(|addresses| addresses.len() != count) {
        return Err(given.wrong("hostaddr", "as many addresses as there are hosts"));
    }
    if ports.as_ref().is_some_and(|ports| ports.len() != 1 && ports.len() != count) {
        return Err(given.wrong("port", "one port, or as many as there are hosts"));
    }
    (0..count)
        .map(|index| {
            let port = ports.as_ref().map_or("", |ports| ports[index.min(ports.len() - 1)]);
            let port = match port {
                "" => PORT,
                port => port
                    .parse()
                    .ok()
                    .filter(|port| *port != 0)
                    .ok_or_else(|| given.wrong("port", "a number from 1 to 65535"))?,
            };
            let host = hosts.as_ref().map_or("", |hosts| hosts[index]);
            let address = addresses.as_ref().map_or("", |addresses| addresses[index]);
            server(given, environment, common, (host, address, port))
        })
        .collect()
}

fn server(
    given: &Given,
    environment: Environment<'_>,
    common: &Config,
    (host, address, port): (&str, &str, u16),
) -> Result<Server, Error> {
    let address: Option<IpAddr> = match address {
        "" => None,
        address => Some(address.parse().map_err(|_| given.wrong("hostaddr", "an IP address"))?),
    };
    let host = match (host, address) {
        ("", Some(address)) => address.to_string(),
        ("", None) => default_host(port),
        (host, _) => host.to_owned(),
    };
    if host.starts_with('@') {
        return Err(given.wrong("host", "a host name, an address or a directory"));
    }
    let is_local = host.starts_with('/') && address.is_none();
    let mut config = common.clone();
    config.host(host.as_str()).port(port);
    if let Some(address) = address {
        config.hostaddr(address);
    }
    if let Some(password) = given.get("password") {
        config.password(password);
    } else if let Some(path) = password_file_path(given, environment) {
        set_password_from(&path, &host, port, environment, &mut config);
    }
    Ok(Server { config, is_local, name: format!("{host}:{port}") })
}

/// The socket that is there, else this machine by network.
fn default_host(port: u16) -> String {
    let socket =
        |directory: &&&str| Path::new(**directory).join(format!(".s.PGSQL.{port}")).exists();
    SOCKET_DIRECTORIES.iter().find(socket).map_or("localhost", |directory| directory).to_owned()
}

fn password_file_path(given: &Given, environment: Environment<'_>) -> Option<PathBuf> {
    let given = given.get("passfile").map(PathBuf::from);
    given.or_else(|| environment("HOME").map(|home| Path::new(&home).join(".pgpass")))
}

fn set_password_from(
    path: &Path,
    host: &str,
    port: u16,
    environment: Environment<'_>,
    config: &mut Config,
) {
    let operating_system_user = || environment("USER").or_else(|| environment("LOGNAME"));
    let user = config.get_user().map(str::to_owned).or_else(operating_system_user);
    let user = user.unwrap_or_default();
    let database = config.get_dbname().unwrap_or(&user).to_owned();
    let host = if SOCKET_DIRECTORIES.contains(&host) { "localhost" } else { host };
    let account = Account { host, port, database: &database, user: &user };
    if let Some(password) = password_file::look_up(path, &account) {
        config.password(password.as_bytes());
    }
}
