//! Where a promise was once found broken: interleavings that end in a false proof, a lost value, or
//! never.

mod support;

#[path = "soundness/keys.rs"]
mod keys;
#[path = "soundness/processes.rs"]
mod processes;
#[path = "soundness/proof.rs"]
mod proof;
#[path = "soundness/raised.rs"]
mod raised;

use reseal::demo::server::{ServerOptions, ThrowawayServer};

/// A server of one's own: a transaction that is open elsewhere would lower the barrier.
fn server() -> ThrowawayServer {
    support::private_server(ServerOptions::default().setting("autovacuum", "off"))
}
