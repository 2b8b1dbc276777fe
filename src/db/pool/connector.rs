//! Making one connection: servers in order, ways of encryption in order, and the mark that proves
//! that no pooler stands in between.
//!
//! The mark is a startup option (`-c reseal.session=…`), different for each connection. Only a
//! server session started by this very connection can echo it; a pooler refuses it or drops it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use deadpool_postgres::Connect;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error as ClientError, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::session::SESSION_MARK;
use crate::db::tls::tls_trouble;
use crate::db::url::{Server, Target};
use crate::error::Error;

/// What servers and poolers answer to a startup option they do not take.
const OPTION_REFUSED: [&str; 5] = ["08P01", "0A000", "22023", "42601", "42704"];
/// No line of pg_hba.conf for this kind of connection.
const NOT_LET_IN: &str = "28000";

type Made = Result<(Client, JoinHandle<()>), ClientError>;

/// Makes connections for the pool. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connector(Arc<Shared>);

struct Shared {
    target: Target,
    tls: Option<MakeRustlsConnect>,
    mark_prefix: String,
    made: AtomicU64,
    /// A pooler refused the mark once; it is not tried again.
    mark_refused: AtomicBool,
}

impl Connector {
    pub(super) fn new(target: Target) -> Result<Self, Error> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random)
            .map_err(|_| Error::outside("the operating system gives no random numbers"))?;
        let mark_prefix = data_encoding::HEXLOWER.encode(&random);
        let any_remote = target.servers.iter().any(|server| !server.is_local);
        let tls = if any_remote { target.tls.connector()? } else { None };
        let (made, mark_refused) = (AtomicU64::new(0), AtomicBool::new(false));
        Ok(Self(Arc::new(Shared { target, tls, mark_prefix, made, mark_refused })))
    }

    pub(super) fn mark_prefix(&self) -> &str {
        &self.0.mark_prefix
    }
}

impl Connect for Connector {
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = Made> + Send + '_>> {
        Box::pin(async move {
            let mut last = None;
            for server in &self.0.target.servers {
                match self.0.try_server(server).await {
                    Ok(made) => return Ok(made),
                    Err(error) => last = Some(error),
                }
            }
            Err(last.expect("a target has at least one server"))
        })
    }
}

impl Shared {
    /// The next way is only tried when the encryption of the one before it was at fault.
    async fn try_server(&self, server: &Server) -> Made {
        let ways = self.target.tls.attempts(server.is_local);
        let (last, earlier) = ways.split_last().expect("there is always a way to try");
        for mode in earlier {
            match self.try_marked(server, *mode).await {
                Err(error) if is_about_encryption(&error) => {}
                settled => return settled,
            }
        }
        self.try_marked(server, *last).await
    }

    /// With the mark, and where that is refused without it.
    async fn try_marked(&self, server: &Server, mode: SslMode) -> Made {
        if !self.mark_refused.load(Ordering::Relaxed) {
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            let mark = format!("-c {SESSION_MARK}={}.{number}", self.mark_prefix);
            let options = self.target.options.iter().map(String::as_str).chain([mark.as_str()]);
            let options = options.collect::<Vec<_>>().join(" ");
            match self.open(server, mode, Some(&options)).await {
                Err(error) if has_code(&error, &OPTION_REFUSED) => {}
                settled => return settled,
            }
        }
        let made = self.open(server, mode, self.target.options.as_deref()).await?;
        self.mark_refused.store(true, Ordering::Relaxed);
        Ok(made)
    }

    async fn open(&self, server: &Server, mode: SslMode, options: Option<&str>) -> Made {
        let mut config = server.config.clone();
        config.ssl_mode(mode);
        if let Some(options) = options {
            config.options(options);
        }
        match &self.tls {
            Some(tls) if mode != SslMode::Disable => start(&config, tls.clone()).await,
            _ => start(&config, NoTls).await,
        }
    }
}

async fn start<T>(config: &Config, tls: T) -> Made
where
    T: MakeTlsConnect<Socket>,
    T::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Connection<Socket, T::Stream>: Future + Send,
{
    let (client, connection) = config.connect(tls).await?;
    // Its error reaches the client as a closed connection; its text may quote the server.
    let task = tokio::spawn(async move {
        let _told_to_the_client = connection.await;
    });
    Ok((client, task))
}

fn has_code(error: &ClientError, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code.code()))
}

fn is_about_encryption(error: &ClientError) -> bool {
    has_code(error, &[NOT_LET_IN]) || tls_trouble(error).is_some()
}
