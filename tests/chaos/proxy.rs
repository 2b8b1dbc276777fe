//! A proxy of the test's own between its clients and the server: it cuts connections in the middle of a
//! message, and lets them stand still.
//!
//! What it has not passed on when it cuts, it never does: who has lost a connection has not to fear that
//! something said long ago is still on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::hide_mark;

/// A connection in which nothing is said is cut after this time, between two messages.
const SILENCE_MAX: Duration = Duration::from_millis(200);

/// What is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weather {
    stalled: bool,
    /// How often connections were cut …
    cuts: u64,
    /// … and which of them the last time: every n-th.
    share: usize,
}

/// Two ports to one server: one that changes nothing, and one behind which the program cannot know that
/// it reaches the server itself.
pub struct Proxy {
    weather: watch::Sender<Weather>,
    pub port: u16,
    pub masking_port: u16,
    cut: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn start(server_port: u16) -> Self {
        let (weather, _) = watch::channel(Weather::default());
        let cut = Arc::new(AtomicUsize::new(0));
        let mut ports = [0; 2];
        for (port, masks) in ports.iter_mut().zip([false, true]) {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            *port = listener.local_addr().expect("an address").port();
            let (weather, cut) = (weather.clone(), Arc::clone(&cut));
            tokio::spawn(listen(listener, server_port, masks, weather, cut));
        }
        Self { weather, port: ports[0], masking_port: ports[1], cut }
    }

    /// Cuts every `share`-th connection.
    pub fn cut(&self, share: usize) {
        self.weather.send_modify(|weather| {
            weather.cuts += 1;
            weather.share = share;
        });
    }

    pub fn stall(&self) {
        self.weather.send_modify(|weather| weather.stalled = true);
    }

    pub fn go_on(&self) {
        self.weather.send_modify(|weather| weather.stalled = false);
    }

    /// How many connections it has cut.
    pub fn connections_cut(&self) -> usize {
        self.cut.load(Ordering::SeqCst)
    }
}

async fn listen(
    listener: TcpListener,
    server_port: u16,
    masks: bool,
    weather: watch::Sender<Weather>,
    cut: Arc<AtomicUsize>,
) {
    let mut number = 0;
    while let Ok((client, _)) = listener.accept().await {
        number += 1;
        let weather = weather.subscribe();
        let cut = Arc::clone(&cut);
        tokio::spawn(async move {
            // a server that is away: the client finds its connection closed
            let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)).await else { return };
            if pass_on(client, server, masks, weather, number).await == Some(End::Cut) {
                cut.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Cut,
}

/// Passes on until one side closes, or the connection is cut; then drops both.
async fn pass_on(
    client: TcpStream,
    server: TcpStream,
    masks: bool,
    weather: watch::Receiver<Weather>,
    number: usize,
) -> Option<End> {
    client.set_nodelay(true).ok()?;
    server.set_nodelay(true).ok()?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let asking = Direction { weather: weather.clone(), number, masks };
    let answering = Direction { weather, number, masks: false };
    tokio::select! {
        end = asking.run(from_client, to_server) => Some(end),
        end = answering.run(from_server, to_client) => Some(end),
    }
}

struct Direction {
    weather: watch::Receiver<Weather>,
    number: usize,
    masks: bool,
}

impl Direction {
    async fn run(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> End {
        let cuts_before = self.weather.borrow().cuts;
        let mut chunk = vec![0; 1 << 16];
        loop {
            let read = tokio::select! {
                read = from.read(&mut chunk) => read,
                () = self.doomed(cuts_before) => match tokio::time::timeout(SILENCE_MAX, from.read(&mut chunk)).await {
                    Ok(read) => read,
                    Err(_) => return End::Cut,
                },
            };
            let Ok(bytes @ 1..) = read else { return End::Closed };
            let chunk = &mut chunk[..bytes];
            if self.masks {
                hide_mark(chunk);
            }
            if self.weather.wait_for(|weather| !weather.stalled).await.is_err() {
                return End::Closed;
            }
            if self.is_doomed(cuts_before) {
                // half of what was said; whether it arrives is no matter
                to.write_all(&chunk[..bytes / 2]).await.ok();
                return End::Cut;
            }
            if to.write_all(chunk).await.is_err() {
                return End::Closed;
            }
        }
    }

    fn is_doomed(&self, cuts_before: u64) -> bool {
        let weather = *self.weather.borrow();
        weather.cuts > cuts_before && self.number.is_multiple_of(weather.share.max(1))
    }

    /// Returns once this connection is to be cut.
    async fn doomed(&mut self, cuts_before: u64) {
        while !self.is_doomed(cuts_before) {
            if self.weather.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
