//! How many are let in at once, and for how long one may say nothing: whoever holds a connection open and is
//! silent takes its place from others, and a file descriptor from the run.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Connections at once; further ones wait at the socket.
pub const GUESTS_MAX: usize = 64;
/// Longer than Prometheus waits between two scrapes, usually; who comes later connects anew.
const SILENT_MAX: Duration = Duration::from_secs(75);

/// A socket with a bounded number of connections.
pub struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
    silent_max: Duration,
}

impl Door {
    pub fn new(listener: TcpListener) -> Self {
        Self::with(listener, GUESTS_MAX, SILENT_MAX)
    }

    fn with(listener: TcpListener, guests_max: usize, silent_max: Duration) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(guests_max)), silent_max }
    }
}

impl Listener for Door {
    type Io = Guest;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Guest, SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            // nobody closes it
            return std::future::pending().await;
        };
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let (silent_max, silence) = (self.silent_max, Box::pin(sleep(self.silent_max)));
        (Guest { stream, silent_max, silence, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, which gives its place back when it is closed.
pub struct Guest {
    stream: TcpStream,
    silent_max: Duration,
    silence: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            let until = Instant::now() + self.silent_max;
            self.silence.as_mut().reset(until);
            return Poll::Ready(read);
        }
        let silent = self.silence.as_mut().poll(context);
        silent.map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(3_600);

    async fn door(guests_max: usize, silent_max: Duration) -> (Door, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        (Door::with(listener, guests_max, silent_max), address)
    }

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_waits_for_one() {
        let (mut door, address) = door(2, LONG).await;
        let mut callers = Vec::new();
        for _ in 0..3 {
            callers.push(TcpStream::connect(address).await.expect("a connection"));
        }
        let (first, _) = door.accept().await;
        let (second, _) = door.accept().await;
        timeout(SHORT, door.accept()).await.map(drop).expect_err("no third place");
        drop(first);
        let (_third, from) = timeout(LONG, door.accept()).await.expect("the first one's place");
        assert_eq!(from, callers[2].local_addr().expect("an address"));
        drop(second);
    }

    #[tokio::test]
    async fn who_is_silent_is_sent_away_and_who_speaks_is_not() {
        let (mut door, address) = door(1, SHORT).await;
        let mut caller = TcpStream::connect(address).await.expect("a connection");
        let (mut guest, _) = door.accept().await;
        caller.write_all(b"word").await.expect("a word");
        let mut heard = [0; 4];
        guest.read_exact(&mut heard).await.expect("the word");
        let silent = guest.read_exact(&mut heard).await.expect_err("nothing more comes");
        assert_eq!(silent.kind(), io::ErrorKind::TimedOut);
    }
}
