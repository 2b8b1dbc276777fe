//! The protocol, explored to its end: every interleaving of workers, application and crashes within small
//! scopes (`model/scopes.rs`), by the model checker `stateright`. No server, no code of the program: what
//! is checked here is the idea, and that each of its guards is needed.
//!
//! `cargo test --test model -- --nocapture` prints how many states there are, how long they take, and the
//! way to every failure.

#[path = "model/application.rs"]
mod application;
#[path = "model/check.rs"]
mod check;
#[path = "model/close.rs"]
mod close;
#[path = "model/commit.rs"]
mod commit;
#[path = "model/guards.rs"]
mod guards;
#[path = "model/ledger.rs"]
mod ledger;
#[path = "model/properties.rs"]
mod properties;
#[path = "model/protocol.rs"]
mod protocol;
#[path = "model/removed.rs"]
mod removed;
#[path = "model/scope.rs"]
mod scope;
#[path = "model/scopes.rs"]
mod scopes;
#[path = "model/state.rs"]
mod state;
#[path = "model/table.rs"]
mod table;
#[path = "model/worker.rs"]
mod worker;
#[path = "model/world.rs"]
mod world;

/// With all guards, every property holds in every state of the scope.
macro_rules! holds {
    ($($name:ident: $scope:ident;)*) => {
        $(
            #[test]
            fn $name() {
                check::holds(scopes::$scope);
            }
        )*
    };
}

holds! {
    writers: WRITERS;
    honest_writers: HONEST;
    writing_back: WRITING_BACK;
    takeover: TAKEOVER;
    crash: CRASH;
    pooled: POOLED;
    proof: PROOF;
}

/// That a run ends is checked on ways that end; so there must be no others.
#[test]
fn no_run_goes_in_circles() {
    for scope in [scopes::HONEST, scopes::WRITING_BACK, scopes::CRASH] {
        check::has_no_cycle(scope);
    }
}
