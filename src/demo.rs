//! `reseal demo`: a whole key rotation on a throwaway server, told step by step.
//!
//! The story plays before the program's own doors: it starts this very executable with words,
//! environment and configuration as an operator would, and believes nothing but exit codes, JSON
//! and what it reads back itself. It knows neither plan nor run from the inside.

mod application;
mod audience;
mod child;
mod expectations;
pub mod server;
mod story;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, ExitCode, Result};
use audience::Audience;
use server::{ServerOptions, ThrowawayServer};

/// Plays the demo to its end. An error says what was not as promised; whatever happens, child
/// processes, server and files are gone when it returns.
pub async fn run() -> Result<()> {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .map(|kind| signal(kind).ok());
    let audience = Audience::on_stdout();
    audience.say("starting a throwaway PostgreSQL ...");
    let server = ThrowawayServer::start(&ServerOptions::default())?;
    tokio::select! {
        told = story::tell(&server, &audience) => told,
        () = any(&mut signals) => Err(Error::new(ExitCode::Interrupted, "the demo was interrupted")
            .hint("nothing is left of it; start it again whenever you like")),
    }
}

async fn any(signals: &mut [Option<Signal>; 3]) {
    let [one, two, three] = signals;
    tokio::select! {
        () = arrival(one) => {}
        () = arrival(two) => {}
        () = arrival(three) => {}
    }
}

/// Never, when the system would not let us listen.
async fn arrival(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}
