//! Runs the model checker, and tells what it saw.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use super::guards::Guards;
use super::protocol::Protocol;
use super::scope::Scope;
use super::state::State;

/// Explores the whole scope: every property holds, and what should be met is met.
pub fn holds(scope: Scope) {
    let begun = Instant::now();
    let protocol = Protocol { scope, guards: Guards::ALL };
    let checker = protocol.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let (unique, depth) = (checker.unique_state_count(), checker.max_depth());
    let (name, seconds) = (scope.name, begun.elapsed().as_secs_f64());
    let steps = checker.state_count();
    println!("{name}: {unique} states, {steps} steps, {depth} deep, {seconds:.1} s");
    let found = checker.discoveries();
    for property in checker.model().properties() {
        let path = found.get(property.name);
        match property.expectation {
            Expectation::Always | Expectation::Eventually => {
                let actions = path.map(|path| path.clone().into_actions());
                assert!(actions.is_none(), "not so in {name}: {}\n{actions:#?}", property.name);
            }
            Expectation::Sometimes => {
                let is_expected = scope.meets.contains(&property.name);
                assert!(path.is_some() || !is_expected, "never in {name}: {}", property.name);
            }
        }
    }
    assert!(unique >= scope.states_min, "{name} has lost its meaning: {unique} states");
}

/// Each of these properties fails.
pub fn breaks(removal: &str, scope: Scope, guards: Guards, expected: &[&'static str]) {
    let all = HasDiscoveries::AllOf(expected.iter().copied().collect());
    let checker = Protocol { scope, guards }.checker().finish_when(all).spawn_bfs().join();
    let mut found = checker.discoveries();
    for property in expected {
        let path = found.remove(property);
        let Some(path) = path else { panic!("{removal}, it still holds that {property}") };
        let (name, actions) = (scope.name, path.into_actions());
        println!("{removal}, in {name}, it fails that {property}: {actions:?}");
    }
}

/// Where the search for cycles stands with a state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    OnTheWay,
    Done,
}

/// Follows every way to its end. `eventually` does not see ways that go in circles.
pub fn has_no_cycle(scope: Scope) {
    let protocol = Protocol { scope, guards: Guards::ALL };
    let hasher = RandomState::new();
    let mut visits = HashMap::new();
    let mut way: Vec<(u64, Vec<State>)> = vec![(0, protocol.init_states())];
    while let Some((state, next)) = way.last_mut() {
        let Some(following) = next.pop() else {
            visits.insert(*state, Visit::Done);
            way.pop();
            continue;
        };
        // as the model checker does, states are told apart by 64 bits of their hash
        let fingerprint = hasher.hash_one(&following);
        match visits.insert(fingerprint, Visit::OnTheWay) {
            None => way.push((fingerprint, protocol.next_states(&following))),
            Some(Visit::OnTheWay) => panic!("{} goes in circles", scope.name),
            Some(Visit::Done) => drop(visits.insert(fingerprint, Visit::Done)),
        }
    }
    println!("{}: {} states, none twice on one way", scope.name, visits.len() - 1);
}
