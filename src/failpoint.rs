//! Named points at which a test can kill or hold the process. Compiled in with the feature
//! `failpoints` only; a released binary has none of this.
//!
//! `RESEAL_FAILPOINT=NAME@N=kill` kills the process (SIGKILL) when point NAME is reached for the Nth
//! time; `NAME@N=hold:PATH` creates the file PATH there and waits until it is removed;
//! `NAME@N=panic:TEXT` panics with this text. Several are separated by semicolons.

/// Marks a point in the code by name.
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        $crate::failpoint::reached($name).await;
    };
}

/// Called by [`failpoint!`]; does nothing unless the environment names this point.
#[cfg(feature = "failpoints")]
pub async fn reached(name: &str) {
    let Ok(orders) = std::env::var("RESEAL_FAILPOINT") else { return };
    let orders = orders.split(';').filter_map(|order| order.split_once('='));
    let times = count(name);
    for (point, action) in orders {
        let (point, nth) = point.split_once('@').unwrap_or((point, "1"));
        if point != name || times != nth.parse().unwrap_or(1) {
            continue;
        }
        match action.split_once(':') {
            Some(("hold", path)) => hold(path).await,
            Some(("panic", text)) => panic(text),
            _ => kill(),
        }
    }
}

/// How often a point has been reached, this time included.
#[cfg(feature = "failpoints")]
fn count(name: &str) -> u32 {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};
    static TIMES: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    let times = times.entry(name.to_owned()).or_default();
    *times += 1;
    *times
}

/// As a bug would, with a text that nobody may see.
#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "it is what a test asks for")]
fn panic(text: &str) {
    panic!("{text}");
}

/// Lets a test look into the memory meanwhile, whoever runs it.
#[cfg(feature = "failpoints")]
async fn hold(path: &str) {
    crate::telemetry::allow_inspection(true);
    if std::fs::write(path, "").is_err() {
        return;
    }
    while std::path::Path::new(path).exists() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    crate::telemetry::allow_inspection(false);
}

/// As `kill -9` does it: no destructor, no message, no goodbye to the server.
#[cfg(feature = "failpoints")]
fn kill() {
    let own = std::process::id().to_string();
    let _gone = std::process::Command::new("kill").args(["-9", &own]).status();
    std::thread::sleep(std::time::Duration::from_secs(60));
}
