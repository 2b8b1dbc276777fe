//! Serves what the desk knows over HTTP, for as long as the command lasts and as long as it lingers.

mod answers;
mod callers;
mod door;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::callers::Callers;
use self::door::Door;
use super::serve::Desk;
use crate::config::ListenConfig;
use crate::error::{Error, Result};

/// The path of the status, as the runbook names it.
const STATUS_PATH: &str = "/v1/admin/crypto/re-encrypt";
/// How long answers in the making may take after the end.
const STOP_MAX: Duration = Duration::from_millis(500);

/// A server at work.
pub struct Listening {
    server: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Listening {
    /// # Errors
    /// Exit 5 when the address is taken or not ours.
    pub async fn start(config: &ListenConfig, desk: Arc<Desk>) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::outside(format!("cannot listen: {}", error.kind()))
                .at(config.address.to_string())
                .hint("free the address, or name another one with --listen")
        };
        let listener = TcpListener::bind(config.address).await.map_err(cannot)?;
        let address: SocketAddr = listener.local_addr().map_err(cannot)?;
        let callers = Arc::new(Callers::of(config));
        let (stop, stopped) = oneshot::channel();
        let serving = axum::serve(Door::new(listener), router(desk, callers));
        let serving = serving.with_graceful_shutdown(async {
            // asked to, or nobody is left who could
            let _asked = stopped.await;
        });
        let server = tokio::spawn(serving.into_future());
        tracing::info!(target: "reseal", %address, "listening");
        Ok(Self { server, stop })
    }

    /// Lets answers in the making be finished, for a moment.
    pub async fn stop(mut self) {
        drop(self.stop);
        if tokio::time::timeout(STOP_MAX, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

fn router(desk: Arc<Desk>, callers: Arc<Callers>) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(answers::metrics))
        .route("/health/crypto", get(answers::health))
        .route(STATUS_PATH, get(answers::status).post(answers::start))
        .route("/v1/live", get(answers::live))
        .route_layer(from_fn_with_state(Arc::clone(&callers), callers::with_token));
    Router::new()
        .route("/", get(answers::page))
        .route("/health/live", get(answers::alive))
        .merge(guarded)
        .fallback(answers::nothing_here)
        .layer(from_fn_with_state(callers, callers::by_its_own_name))
        .layer(map_response(answers::with_manners))
        .with_state(desk)
}
