//! Something between the program and its server, as a pooler is: connections through it work, but
//! do not prove that they reach the server itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::TestDatabase;
use super::polling::INTERVAL;

/// The startup option that marks a connection, and one of the same length that marks nothing.
const MARK: &[u8] = b"reseal.session=";
const NO_MARK: &[u8] = b"reseal.nothing=";

/// The database's URL through a relay; it lasts as long as the test's runtime.
pub async fn relayed(database: &TestDatabase) -> String {
    silenced(database).await.0
}

/// As [`relayed`], by way of one that passes no answer on while the switch is on, and hangs up on nobody.
pub async fn silenced(database: &TestDatabase) -> (String, Arc<AtomicBool>) {
    let silent = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&silent);
    let (words, rest) = database.url().split_once('@').expect("a URL with a password");
    let (server, rest) = rest.split_once('/').expect("a URL with a database");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = server.to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.expect("the server's port");
            tokio::spawn(relay(client, server, Arc::clone(&silent)));
        }
    });
    (format!("{words}@{address}/{rest}"), switch)
}

async fn relay(client: TcpStream, server: TcpStream, silent: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = async move {
        let mut chunk = vec![0; 1 << 16];
        while let Ok(bytes @ 1..) = from_client.read(&mut chunk).await {
            let chunk = &mut chunk[..bytes];
            hide_mark(chunk);
            if to_server.write_all(chunk).await.is_err() {
                break;
            }
        }
        // an error here means that the server has gone first
        to_server.shutdown().await.ok();
    };
    let answering = async move {
        let mut chunk = vec![0; 1 << 16];
        while let Ok(bytes @ 1..) = from_server.read(&mut chunk).await {
            while silent.load(Ordering::Relaxed) {
                tokio::time::sleep(INTERVAL).await;
            }
            if to_client.write_all(&chunk[..bytes]).await.is_err() {
                break;
            }
        }
        // an error here means that the client has gone first
        to_client.shutdown().await.ok();
    };
    tokio::join!(asking, answering);
}

/// Takes the mark out of what a client says first.
pub fn hide_mark(chunk: &mut [u8]) {
    if let Some(at) = chunk.windows(MARK.len()).position(|window| window == MARK) {
        chunk[at..at + MARK.len()].copy_from_slice(NO_MARK);
    }
}
